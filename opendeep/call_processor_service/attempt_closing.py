"""Writes the end of an attempt, and keeps on trying while the database is away."""

import asyncio

import structlog

from opendeep.call_processor_service.attempt_end import AttemptEnd
from opendeep.call_processor_service.attempt_report import AttemptReport
from opendeep.common.errors import ConflictError, NotFoundError, UnavailableError

log = structlog.get_logger(__name__)

_DATABASE_PAUSE_SECONDS = 0.25


async def save_end(report: AttemptReport, end: AttemptEnd, *, unsent: "Unsent | None") -> None:
    """Commit the end of an attempt, or release one that was not sent.

    Runs until the database took it; whoever cannot wait so long cancels it, and recovery settles
    the row after a restart.

    Args:
        report: the durable side of the attempt.
        end: how it ended.
        unsent: what becomes of the task if Originate was never sent; None where it was.
    """
    while True:
        try:
            await _save(report, end, unsent)
        except UnavailableError as error:
            log.warning("call_end_not_saved", reason=error.message)
            await asyncio.sleep(_DATABASE_PAUSE_SECONDS)
        else:
            return


class Unsent:
    """What becomes of the task of an attempt that was not sent.

    Attributes:
        reason: what the user reads.
        retry_seconds: when the task is due again; None holds it.
    """

    def __init__(self) -> None:
        self.reason = "The call was stopped before it was dialled."
        self.retry_seconds: float | None = 0.0


async def _save(report: AttemptReport, end: AttemptEnd, unsent: Unsent | None) -> None:
    if unsent is not None and await _released(report, unsent):
        return
    try:
        await report.ended(end)
    except (ConflictError, NotFoundError) as error:
        log.warning("call_end_known_already", reason=error.message)
        return
    log.info(
        "attempt_ended",
        cause=end.cause.value,
        answered=end.facts.answered,
        lost=end.lost,
        handed_over=end.handed_over,
        hangup_cause=end.facts.hangup_cause,
        sip_status=end.facts.sip_status,
        frames_in=end.media.frames_in,
        frames_out=end.media.frames_out,
    )


async def _released(report: AttemptReport, unsent: Unsent) -> bool:
    """Undo the reservation; False when the attempt turns out to be used."""
    try:
        await report.release(reason=unsent.reason, retry_seconds=unsent.retry_seconds)
    except NotFoundError as error:
        return error.what == "call"  # Somebody released it before; anything else was not undone.
    except ConflictError:
        return False
    return True
