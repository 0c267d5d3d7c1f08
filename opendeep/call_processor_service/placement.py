"""What comes before Originate: the briefing, the media, the action itself, and the turn to send it.

Whoever has the turn writes Originate within :data:`SEND_LEASE_SECONDS` or never: some time after
that, others settle the attempt as one whose fate is unknown. The lease is looked at in the instant
before the write (:class:`SendLease`), and the dialplan is told when it is too late to dial.
"""

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from opendeep.call_processor_service.ami_actions import AmiAction
from opendeep.call_processor_service.ami_link import AmiUnavailableError
from opendeep.call_processor_service.attempt_report import AttemptReport
from opendeep.call_processor_service.call_pace import Token
from opendeep.call_processor_service.call_ports import Attempt, AttemptConfig, CallPorts
from opendeep.call_processor_service.dialing import DialTarget, dial_target
from opendeep.common.clock import Clock
from opendeep.common.errors import ConflictError, UnavailableError
from opendeep.common.ids import channel_id
from opendeep.common.ports import Briefing, CallMediaConfig

SEND_LEASE_SECONDS = 10.0
DIAL_WITHIN_SECONDS = 20
"""Before others settle the attempt, and with room for an exchange whose clock is ahead."""


async def prepare_originate(
    attempt: Attempt, config: AttemptConfig, ports: CallPorts
) -> tuple[DialTarget, AmiAction]:
    """Make everything ready that must be so before the callee's phone rings.

    The caller owes ``media.finish`` from now on, also after an error.

    Raises:
        InvalidInputError: the number, the dial template or the task cannot be dialled.
        UnavailableError: the media or the database are not there.
    """
    target = dial_target(attempt.task.phone_number, config.dialing)
    briefing = await ports.briefing.brief(attempt.task, attempt.user)
    call_id = attempt.call.id
    media = media_config(attempt, config, briefing)
    audiosocket = await ports.media.prepare(media)
    action = AmiAction.originate(
        channel=target.channel,
        channel_id=channel_id(call_id),
        context=config.context,
        exten=config.exten,
        timeout_ms=round(config.ring_seconds * 1000),
        variables={"OPENDEEP_CALL_ID": call_id, "OPENDEEP_AUDIOSOCKET": audiosocket},
        caller_id=config.caller_id,
    )
    return target, action


def media_config(attempt: Attempt, config: AttemptConfig, briefing: Briefing) -> CallMediaConfig:
    """Return what the media of an attempt is prepared with."""
    call_id = attempt.call.id
    return CallMediaConfig(
        call_id=call_id,
        task_id=attempt.task.id,
        user_id=attempt.task.user_id,
        instructions=briefing.instructions,
        disclosure=briefing.disclosure,
        voicemail=briefing.voicemail,
        voicemail_message=briefing.voicemail_message,
        known_menus=briefing.known_menus,
        language=attempt.task.language or "en",
        voice=attempt.task.voice,
        recording_path=config.recordings and config.recordings / f"{call_id}.wav",
        max_seconds=config.max_call_seconds,
    )


@dataclass(frozen=True, slots=True)
class SendLease:
    """Until when Originate may be written at all, by two clocks.

    The monotonic clock stands still while the machine sleeps, and the wall clock may be set back:
    it is over as soon as one of them says so.
    """

    clock: Clock
    precise_until: float
    until: datetime

    @classmethod
    def begin(cls, clock: Clock) -> Self:
        """Begin one now: before what it is taken for is committed."""
        wall = clock.now() + timedelta(seconds=SEND_LEASE_SECONDS)
        return cls(clock, clock.precise() + SEND_LEASE_SECONDS, wall)

    def why_over(self) -> str:
        """Say why nothing may be written any more; empty while it may."""
        if self.clock.precise() <= self.precise_until and self.clock.now() <= self.until:
            return ""
        return "OpenDeep was held up."

    def limit(self, action: AmiAction) -> AmiAction:
        """Return the action as one that is written under this lease or never."""
        dial_by = self.until + timedelta(seconds=DIAL_WITHIN_SECONDS - SEND_LEASE_SECONDS)
        return action.expiring(
            self.why_over, {"OPENDEEP_DIAL_BY": str(math.ceil(dial_by.timestamp()))}
        )


@dataclass(frozen=True, slots=True)
class Turn:
    """The right to write Originate: the pace's token, and until when at all."""

    token: Token
    lease: SendLease


async def take_turn(
    report: AttemptReport,
    target: DialTarget,
    config: AttemptConfig,
    ports: CallPorts,
    is_wanted: Callable[[], bool],
) -> Turn | None:
    """Commit the attempt as sent as soon as the pace allows.

    Args:
        report: the durable side of the attempt.
        target: what will be dialled.
        config: how fast calls may begin.
        ports: the exchange must be connected.
        is_wanted: asked before each try.

    Returns:
        None when it is not wanted any more and nothing was committed.

    Raises:
        UnavailableError: the exchange or the database is away.
        OpenDeepError: see :meth:`AttemptReport.sent`.
    """
    while is_wanted():
        if not ports.ami.is_connected:
            raise AmiUnavailableError("The telephone exchange is not connected.")
        lease = SendLease.begin(ports.clock)
        token = await report.sent(target, config.pace, ports.clock)
        if token is not None:
            return Turn(token, lease)
        await asyncio.sleep(config.pace.pause_seconds)
    return None


async def why_too_late(
    report: AttemptReport, config: AttemptConfig, clock: Clock, turn: Turn
) -> str:
    """See that Originate can be written at this instant; return why not, empty where it can."""
    token: Token | None = turn.token
    pace = config.pace
    try:
        while not turn.lease.why_over():
            if token is None:
                await asyncio.sleep(pace.pause_seconds)
            elif clock.precise() <= token.until:
                pace.was_in_time()
                return ""
            else:
                pace.was_late()
            token = await report.sent_later(pace, clock)
    except (UnavailableError, ConflictError) as error:
        return f"It was not dialled: {error.message}"
    return f"It was not dialled: {turn.lease.why_over()}"
