"""Puts calls in order that a dead owner left behind; never dials.

A row at ``initiating`` was never sent and is released. From ``originating`` on, the attempt is
used: Asterisk is asked for its channel. Still there: it is hung up, since nobody holds its sound
any more. Gone: so is its story. Either way the call is ``lost``, and its task is analysed as such
instead of being dialled again. While Asterisk is away, nothing is known and nothing is decided.
"""

from collections.abc import Container

import structlog

from opendeep.call_processor_service.ami_actions import AmiAction
from opendeep.call_processor_service.ami_link import AmiUnavailableError
from opendeep.call_processor_service.asterisk_ami_client import AsteriskAmiClient
from opendeep.call_processor_service.attempt_end import AttemptEnd
from opendeep.call_processor_service.attempt_report import end_call, release_unsent
from opendeep.call_processor_service.attempt_states import EndFacts
from opendeep.common.data_models import CallCause, CallStatus
from opendeep.common.errors import ConflictError, NotFoundError
from opendeep.common.ids import CallId, channel_id
from opendeep.database.engine import Database
from opendeep.database.models import Call
from opendeep.database.repositories import SystemCalls

log = structlog.get_logger(__name__)

_RETRY_SECONDS = 5.0


async def recover_calls(
    database: Database, ami: AsteriskAmiClient, *, node: str, handled: Container[CallId]
) -> int:
    """Settle this node's live rows that no handler holds; idempotent.

    Args:
        database: where the rows are.
        ami: who is asked for their channels.
        node: rows of other nodes are left alone; a row without a node was never sent.
        handled: the calls that live handlers hold.

    Returns:
        How many rows stay unsettled because Asterisk does not answer.

    Raises:
        UnavailableError: the database does not answer.
    """
    async with database.transaction() as tx:
        live = await SystemCalls(tx).live()
    left = [call for call in live if call.id not in handled and call.node in {None, node}]
    sent = [call for call in left if call.status is not CallStatus.INITIATING]
    for call in left:
        if call.status is CallStatus.INITIATING:
            await _release(database, call)
    if not sent:
        return 0
    try:
        channels = await _channels(ami)
        for call in sent:
            await _settle(database, ami, call, channels.get(channel_id(call.id)))
    except AmiUnavailableError as error:
        log.warning("recovery_waits_for_exchange", reason=error.message)
        return len(sent)
    return 0


async def _channels(ami: AsteriskAmiClient) -> dict[str, str]:
    """Return Asterisk's channels: their names by unique id."""
    listed = await ami.list_action(AmiAction.core_show_channels())
    return {item.get("Uniqueid"): item.get("Channel") for item in listed}


async def _release(database: Database, call: Call) -> None:
    reason = "Not dialled: OpenDeep was restarted."
    try:
        async with database.transaction() as tx:
            await release_unsent(tx, call, reason=reason, retry_seconds=_RETRY_SECONDS)
    except (ConflictError, NotFoundError) as error:
        log.info("call_settled_elsewhere", call_id=call.id, reason=error.message)
    else:
        log.info("unsent_attempt_released", call_id=call.id)


async def _settle(
    database: Database, ami: AsteriskAmiClient, call: Call, channel: str | None
) -> None:
    if channel:
        await ami.send_action(AmiAction.hangup(channel))
    end = AttemptEnd(
        cause=CallCause.LOST,
        facts=EndFacts(answered=call.status is CallStatus.IN_PROGRESS),
        lost=True,
        reason="OpenDeep was restarted during the call.",
    )
    try:
        async with database.transaction() as tx:
            await end_call(tx, call, end)
    except ConflictError as error:
        log.info("call_settled_elsewhere", call_id=call.id, reason=error.message)
    else:
        log.warning("call_lost", call_id=call.id, hung_up=channel is not None)
