"""Listening in to a live call."""

import asyncio

import pytest

from opendeep.common.data_models import CallStatus
from opendeep.common.ids import CallId
from opendeep.common.messages import AudioChunk, CallEvent, call_audio
from opendeep.database.repositories import Calls
from opendeep.web_interface.ui import listen_socket
from tests.unit.web_interface.fakes import World
from tests.unit.web_interface.socket_client import connected


async def live_call(world: World) -> CallId:
    """Make a call that is under way."""
    _, task_id = await world.campaign()
    return (await world.begin_call(task_id)).id


async def end(world: World, call_id: CallId) -> None:
    """End the call."""
    user_id = await world.user()
    async with world.database.transaction() as tx:
        await Calls(tx, user_id).change(
            call_id, expected={CallStatus.INITIATING}, status=CallStatus.ENDED
        )


async def test_both_sides_are_heard(world: World) -> None:
    """Each frame comes with the tag of its side; other messages are not sound."""
    call_id = await live_call(world)
    async with connected(world.app, f"/ws/calls/{call_id}/audio") as socket:
        channel = call_audio(call_id)
        assert await world.bus.listeners(channel) == 1
        await world.bus.publish(channel, AudioChunk(side="callee", mulaw=b"abc"))
        await world.bus.publish(channel, CallEvent(name="ringing"))
        await world.bus.publish(channel, AudioChunk(side="ai", mulaw=b"xyz"))
        assert [await socket.binary(), await socket.binary()] == [b"\x00abc", b"\x01xyz"]
        socket.send("what the page says is ignored")
    assert await world.bus.listeners(call_audio(call_id)) == 0


async def test_the_end_of_the_call_ends_the_listening(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When it is quiet, the call is looked up; one that is over closes the socket normally."""
    monkeypatch.setattr(listen_socket, "_QUIET_SECONDS", 0.01)
    call_id = await live_call(world)
    async with connected(world.app, f"/ws/calls/{call_id}/audio") as socket:
        await asyncio.sleep(0.03)  # quiet, and still live
        await end(world, call_id)
        assert await socket.closed() == (1000, "")


async def test_only_the_users_own_live_calls_can_be_heard(world: World) -> None:
    """A call of somebody else is not found; one that is over is a conflict."""
    call_id = await live_call(world)
    async with connected(world.app, f"/ws/calls/{call_id}/audio?user=alice") as socket:
        assert socket.status == 404
        assert socket.refusal["error"]["code"] == "not_found"
    await end(world, call_id)
    async with connected(world.app, f"/ws/calls/{call_id}/audio") as socket:
        assert socket.status == 409
