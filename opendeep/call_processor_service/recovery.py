"""Puts calls in order that a dead owner left behind; never dials.

A row at ``initiating`` was never sent and is released. From ``originating`` on, the attempt is
used: Asterisk is asked for its channel. Still there: it is hung up, since nobody holds its sound
any more, and so is the second line of a transfer. Gone: so is its story. Either way the call is
``lost``, and its task is analysed as such instead of being dialled again. A callee who was handed
over and talks to somebody else is left alone, and the call is ``completed``. While Asterisk is
away, nothing is known and nothing is decided.
"""

from collections.abc import Container, Iterable, Mapping
from dataclasses import replace

import structlog

from opendeep.call_processor_service.ami_actions import AmiAction
from opendeep.call_processor_service.ami_link import AmiUnavailableError
from opendeep.call_processor_service.ami_protocol import AmiMessage
from opendeep.call_processor_service.asterisk_ami_client import AsteriskAmiClient
from opendeep.call_processor_service.attempt_end import AttemptEnd
from opendeep.call_processor_service.attempt_report import end_call, release_unsent
from opendeep.call_processor_service.attempt_states import EndFacts
from opendeep.call_processor_service.transfer_actions import TRANSFER_CONTEXT
from opendeep.common.data_models import CallCause, CallStatus
from opendeep.common.errors import ConflictError, NotFoundError
from opendeep.common.ids import CallId, channel_id, leg_channel_id
from opendeep.database.engine import Database
from opendeep.database.models import Call
from opendeep.database.repositories import CallEvents, SystemCalls

log = structlog.get_logger(__name__)

_RETRY_SECONDS = 5.0
_LOST = AttemptEnd(
    cause=CallCause.LOST,
    facts=EndFacts(),
    lost=True,
    reason="OpenDeep was restarted during the call.",
)
_HANDED_OVER = AttemptEnd(
    cause=CallCause.COMPLETED,
    facts=EndFacts(),
    handed_over=True,
    reason="The callee was handed over; OpenDeep was restarted meanwhile.",
)


async def recover_calls(
    database: Database,
    ami: AsteriskAmiClient,
    *,
    node: str,
    handled: Container[CallId],
    fence: int = 0,
) -> int:
    """Settle this node's live rows that no handler holds; idempotent.

    Args:
        database: where the rows are.
        ami: who is asked for their channels.
        node: rows of other nodes are left alone; a row without a node was never sent.
        handled: the calls that live handlers hold.
        fence: the node's present life; what earlier ones left is not settled here.

    Returns:
        How many rows stay unsettled because Asterisk does not answer.

    Raises:
        UnavailableError: the database does not answer.
    """
    async with database.transaction() as tx:
        live = await SystemCalls(tx).live()
    owners = {(None, 0), (node, fence)}
    left = [call for call in live if call.id not in handled and (call.node, call.fence) in owners]
    return await settle_calls(database, ami, left)


async def settle_calls(database: Database, ami: AsteriskAmiClient, left: Iterable[Call]) -> int:
    """Settle calls that nobody holds any more; idempotent, also against another process.

    Returns:
        How many rows stay unsettled because Asterisk does not answer.

    Raises:
        UnavailableError: the database does not answer.
    """
    sent = []
    for call in left:
        if call.status is CallStatus.INITIATING:
            await _release(database, call)
        else:
            sent.append(call)
    if not sent:
        return 0
    try:
        channels = await _channels(ami)
        for call in sent:
            await _settle(database, ami, call, channels)
    except AmiUnavailableError as error:
        log.warning("recovery_waits_for_exchange", reason=error.message)
        return len(sent)
    return 0


async def _channels(ami: AsteriskAmiClient) -> dict[str, AmiMessage]:
    """Return Asterisk's channels, by unique id."""
    listed = await ami.list_action(AmiAction.core_show_channels())
    return {item.get("Uniqueid"): item for item in listed}


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
    database: Database, ami: AsteriskAmiClient, call: Call, channels: Mapping[str, AmiMessage]
) -> None:
    found = channels.get(channel_id(call.id))
    end = _HANDED_OVER if found is not None and _talks_without_us(found) else _LOST
    if end is _LOST:
        legs = await _legs(database, call)
        for channel in (found, *(channels.get(leg_channel_id(leg)) for leg in legs)):
            if channel is not None:
                await ami.send_action(AmiAction.hangup(channel.get("Channel")))
    end = replace(end, facts=EndFacts(answered=call.status is CallStatus.IN_PROGRESS))
    try:
        async with database.transaction() as tx:
            await end_call(tx, call, end)
    except (ConflictError, NotFoundError) as error:
        log.info("call_settled_elsewhere", call_id=call.id, reason=error.message)
    else:
        log.warning("call_recovered", call_id=call.id, cause=end.cause, found=found is not None)


def _talks_without_us(channel: AmiMessage) -> bool:
    """Whether a channel of ours is with somebody else: our own calls are in no bridge."""
    return bool(channel.get("BridgeId")) or channel.get("Context") == TRANSFER_CONTEXT


async def _legs(database: Database, call: Call) -> list[CallId]:
    """Return the ids of the lines that transfers of this call dialled."""
    async with database.transaction() as tx:
        events = await CallEvents(tx, call.user_id).list(call.id)
    return [CallId(event.detail["leg"]) for event in events if "leg" in event.detail]
