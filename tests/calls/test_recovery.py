"""Calls of a dead owner that were being handed over."""

from collections.abc import AsyncIterator

import pytest

from opendeep.call_processor_service.ami_protocol import AmiMessage
from opendeep.call_processor_service.call_ports import Attempt
from opendeep.call_processor_service.recovery import recover_calls
from opendeep.common.clock import LoopClock
from opendeep.common.data_models import CallCause, CallStatus, TaskStatus
from opendeep.database.repositories import CallEvents
from tests.calls.ami_peer import ScriptedCall
from tests.calls.call_world import CallWorld

LEG = "0f687429-00e7-4592-b31e-79fc831eb495"


@pytest.fixture
async def world(story_clock: LoopClock) -> AsyncIterator[CallWorld]:
    """Return a world whose Asterisk is connected."""
    async with CallWorld(story_clock).open() as opened:
        yield opened


def channel(world: CallWorld, unique_id: str, number: int) -> ScriptedCall:
    """Let a channel live in Asterisk."""
    call = ScriptedCall(world.peer, AmiMessage.of(("ChannelId", unique_id)))
    call.channel = f"PJSIP/trunk-{number:08x}"
    world.peer.calls[unique_id] = call
    return call


async def left_behind(world: CallWorld) -> Attempt:
    """Leave a call that was being handed over when its owner died."""
    attempt = await world.reserve()
    await world.set_call(attempt.call, CallStatus.IN_PROGRESS)
    async with world.database.transaction() as tx:
        events = CallEvents(tx, attempt.user.id)
        await events.append(attempt.call.id, "transfer_started", {"mode": "attended", "leg": LEG})
    return attempt


async def recover(world: CallWorld) -> int:
    """Recover what is left."""
    return await recover_calls(world.database, world.ami, node="main", handled=())


@pytest.mark.parametrize("where", ["bridge", "dialplan"])
async def test_people_who_were_connected_are_left_alone(world: CallWorld, where: str) -> None:
    """A channel that is with somebody else is not hung up, and its call is completed."""
    attempt = await left_behind(world)
    ours = channel(world, f"od-{attempt.call.id}", 1)
    if where == "bridge":
        ours.bridge = "b-1"
    else:
        ours.context = "opendeep-transfer"
    assert await recover(world) == 0
    assert world.peer.asked("Hangup") == []
    call = await world.call(attempt)
    assert (call.status, call.cause) == (CallStatus.ENDED, CallCause.COMPLETED)
    task = await world.task(attempt.task)
    assert task.status is TaskStatus.AWAITING_ANALYSIS
    assert (task.status_reason or "").startswith("The callee was handed over")


async def test_both_lines_of_an_unfinished_transfer_are_hung_up(world: CallWorld) -> None:
    """Nobody holds their sound any more: the callee's and the other's channel end."""
    attempt = await left_behind(world)
    channel(world, f"od-{attempt.call.id}", 1)
    channel(world, f"odt-{LEG}", 2)
    stranger = channel(world, "odt-of-somebody-else", 3)
    assert await recover(world) == 0
    assert list(world.peer.calls.values()) == [stranger]
    assert (await world.call(attempt)).cause is CallCause.LOST
