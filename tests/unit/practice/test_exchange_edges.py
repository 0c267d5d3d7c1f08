"""The rare edges of practice calls: callee's keys, stalls, slow managers, races of hang-ups."""

import asyncio
from types import MappingProxyType

import pytest

from opendeep.audio_processing_service import audiosocket_protocol as protocol
from opendeep.call_processor_service.ami_protocol import AmiMessage
from opendeep.practice.callees.catalogue import PROFILES, Profile
from opendeep.practice.callees.steps import Listen, Pause, PressKey, Quiet, Script
from opendeep.practice.exchange_channel import ExchangeChannel
from opendeep.practice.exchange_media import AudioSocketLink, MediaBridge, MediaEnd
from opendeep.practice.exchange_originate import DialOrder
from opendeep.practice.exchange_person import ScriptedCallee
from opendeep.practice.records import CalleeRecord
from tests.unit.practice.exchange_world import (
    ToneHearing,
    World,
    open_manager,
    open_world,
    run_virtual,
)


class FakeHandset:
    """A telephone that notes its keys."""

    def __init__(self, pressed: list[str]) -> None:
        self._pressed = pressed

    def press_from_callee(self, digit: str) -> None:
        """Note a key."""
        self._pressed.append(digit)

    def put_on_hold(self, hold: bool) -> None:
        """Note a hold as H, its end as h."""
        self._pressed.append("H" if hold else "h")


def channel_of(world: World, unique_id: str) -> ExchangeChannel:
    """Return the exchange's own channel object."""
    switch = world.exchange._switch
    assert switch is not None
    channel = switch.find(unique_id)
    assert channel is not None
    return channel


def test_a_key_of_the_callee_reaches_the_media_server() -> None:
    """The callee's own key goes as frame 0x03, with the events of a received key."""

    async def story() -> None:
        async with open_world() as world:
            unique_id = await world.dial("+12015550114")
            channel = channel_of(world, unique_id)
            channel.press_from_callee("1")
            await world.connected()
            channel.press_from_callee("7")
            end = await world.manager.event("DTMFEnd")
            assert (end.get("Digit"), end.get("Direction")) == ("7", "Received")
            await asyncio.sleep(0.1)
            assert world.media.digits == "7"

    run_virtual(story())


def test_a_script_presses_keys() -> None:
    """A PressKey step presses a key; words during a pause are forgotten."""
    pressed: list[str] = []
    outcomes: list[object] = []

    def script() -> Script:
        outcomes.append((yield PressKey(digit="4")))
        outcomes.append((yield Pause(seconds=1.0)))
        outcomes.append((yield Listen(seconds=2.0)))

    async def story() -> None:
        callee = ScriptedCallee(
            profile=Profile(dd="00"),
            script=script(),
            record=CalleeRecord(number="7000", dd="00"),
            clips=MappingProxyType({}),
            hearing=ToneHearing(),
            handset=FakeHandset(pressed),
            wait_factor=3.0,
        )
        await callee.converse()
        assert asyncio.get_running_loop().time() == pytest.approx(5.0, abs=0.01)

    run_virtual(story())
    assert pressed == ["4"]
    assert outcomes == [Quiet(), Quiet(), Quiet()]


def test_a_key_while_the_callee_listens() -> None:
    """A person who hears a key instead of words asks whether somebody is there."""

    async def story() -> None:
        async with open_world() as world:
            channel = await world.dial("+12015550100")
            await world.said("How can I help you")
            await world.manager.ask("PlayDTMF", ("Channel", channel), ("Digit", "5"))
            await world.said("Are you still there")

    run_virtual(story())


def test_the_bridge_catches_up_after_a_stall() -> None:
    """A short stall is made up for frame by frame; a long one is skipped."""

    async def story() -> None:
        async with open_world() as world:
            unique_id = await world.dial("+12015550100")
            await world.connected()
            bridge = channel_of(world, unique_id)._bridge
            assert bridge is not None
            for late_seconds, frames in ((0.1, {6, 7}), (3.0, {1, 2})):
                before = len(world.media.audio) // 320
                timer = bridge._timer
                assert timer is not None
                timer.cancel()
                bridge._next_tick = asyncio.get_running_loop().time() - late_seconds
                bridge._tick()
                await asyncio.sleep(0.01)
                assert len(world.media.audio) // 320 - before in frames

    run_virtual(story())


def test_a_manager_that_does_not_read_is_dropped() -> None:
    """Megabytes of unread events end the manager's connection, and nobody else's."""

    async def story() -> None:
        async with open_world() as world:
            sleeper = await open_manager(world.exchange)
            await sleeper.ask("Login", ("Username", "opendeep"), ("Secret", "practice"))
            switch = world.exchange._switch
            assert switch is not None
            await world.manager.ask("Events", ("EventMask", "off"))
            big = AmiMessage.of(("Event", "Big"), ("Data", "x" * 60_000))
            for _ in range(90):
                switch.publish(big)
            await asyncio.sleep(0.1)
            assert len(switch.listeners) == 0
            sleeper.close()
            assert (await world.manager.ask("Ping")).response == "Success"

    run_virtual(story())


def test_hangup_during_the_safe_message() -> None:
    """A hang-up during the dialplan's message ends it at once."""

    async def story() -> None:
        async with open_world() as world:
            unique_id = await world.dial("+12015550100")
            await world.connected()
            world.media.hang_up()
            await asyncio.sleep(1)
            channel_of(world, unique_id).hang_up(16)
            channel_of(world, unique_id).hang_up(17)
            assert (await world.hung_up()).get("Cause") == "16"

    run_virtual(story())


def test_hangup_together_with_the_servers_goodbye() -> None:
    """When the channel ended already, a closing media server starts no message."""

    async def story() -> None:
        async with open_world() as world:
            unique_id = await world.dial("+12015550100")
            await world.connected()
            bridge = channel_of(world, unique_id)._bridge
            assert bridge is not None
            bridge._end(MediaEnd.SERVER_CLOSED)
            channel_of(world, unique_id).hang_up(16)
            await world.hung_up()
            assert not world.record.safe_message

    run_virtual(story())


def test_a_link_without_a_connection_is_harmless() -> None:
    """Writing and closing before a connection, and a transport that is none, do nothing."""
    ends: list[MediaEnd] = []
    link = AudioSocketLink(on_audio=lambda _audio: None, on_end=ends.append)
    link.write(b"x")
    link.close()
    link.connection_made(asyncio.BaseTransport())
    link.data_received(protocol.hangup())
    assert ends == [MediaEnd.SERVER_CLOSED]


def test_a_media_server_that_does_not_accept_in_time() -> None:
    """A connection that takes longer than two seconds counts as failed."""

    async def story() -> None:
        async with open_world() as world:
            unique_id = await world.dial("+12015550102")
            channel = channel_of(world, unique_id)
            far_end = await world.exchange._telephones().ring(PROFILES["14"], channel)
            assert not isinstance(far_end, DialOrder)
            bridge = MediaBridge(far_end)  # type: ignore[arg-type]
            loop = asyncio.get_running_loop()

            async def never(*_args: object, **_options: object) -> None:
                await asyncio.sleep(60)

            loop.create_connection = never  # type: ignore[assignment, method-assign]
            began = loop.time()
            assert await bridge.run("127.0.0.1:9", "0aa0b0c0-1111-4222-8333-444455556666") is (
                MediaEnd.SERVER_CLOSED
            )
            assert loop.time() - began == pytest.approx(2.0, abs=0.01)

    run_virtual(story())
