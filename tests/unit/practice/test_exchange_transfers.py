"""Calls that the practice exchange hands over: Redirect, Bridge, and the variables for them."""

import asyncio

import pytest

from opendeep.audio_processing_service import pcm
from opendeep.call_processor_service.ami_protocol import AmiMessage
from opendeep.practice.exchange_transfer import carry
from tests.unit.practice.exchange_world import World, open_world, run_virtual

BLIND = (("Context", "opendeep-transfer"), ("Exten", "blind"), ("Priority", "1"))


async def answered(world: World, dd: str) -> str:
    """Dial a callee and wait for the answer; return the channel's id."""
    channel = await world.dial(f"+120155501{dd}")
    await world.manager.event("Newstate", Uniqueid=channel, ChannelStateDesc="Up")
    await asyncio.sleep(0.1)
    return channel


async def setvar(world: World, channel: str, variable: str, value: str) -> AmiMessage:
    """Set a channel variable."""
    headers = (("Channel", channel), ("Variable", variable), ("Value", value))
    return await world.manager.ask("Setvar", *headers)


async def hand_over(world: World, channel: str, dd: str, ring: str = "") -> AmiMessage:
    """Send a callee to another number without asking."""
    await setvar(world, channel, "OPENDEEP_TRANSFER_TO", f"PJSIP/+120155501{dd}@trunk")
    await setvar(world, channel, "OPENDEEP_TRANSFER_RING", ring)
    return await world.manager.ask("Redirect", ("Channel", channel), *BLIND)


async def status(world: World, channel: str) -> AmiMessage:
    """Return a channel as Status shows it now."""
    world.manager.messages.clear()
    await world.manager.ask("Status", ("Channel", channel))
    return await world.manager.event("Status")


async def dial_end(world: World, channel: str) -> str:
    """Wait for Dial's word about whom the dialplan dialled for a channel."""
    return (await world.manager.event("DialEnd", Uniqueid=channel)).get("DialStatus")


def test_a_callee_talks_to_whom_the_dialplan_dialled() -> None:
    """Both are in a bridge until the manager hangs the callee up."""

    async def story() -> None:
        async with open_world() as world:
            channel = await answered(world, "37")
            await hand_over(world, channel, "39")
            assert await dial_end(world, channel) == "ANSWER"
            await world.media.closed.wait()
            await asyncio.sleep(0.5)
            shown = await status(world, channel)
            assert shown.get("BridgeID")
            assert shown.get("Application") == "Dial"
            await world.manager.ask("Hangup", ("Channel", channel), ("Cause", "16"))
            ends = [await world.manager.event("Hangup", Linkedid=channel) for _ in range(2)]
            assert {end.get("Cause") for end in ends} == {"16"}

    run_virtual(story())


@pytest.mark.parametrize(
    ("dd", "ring", "word", "cause"),
    [
        ("01", "", "BUSY", "41"),
        ("11", "", "CONGESTION", "41"),
        ("29", "", "BUSY", "41"),
        ("25", "", "BUSY", "41"),
        ("02", "2", "NOANSWER", "41"),
        ("33", "", "ANSWER", "16"),
        ("31", "", "ANSWER", "16"),
        ("41", "", "ANSWER", "16"),
    ],
)
def test_how_a_transfer_ends(dd: str, ring: str, word: str, cause: str) -> None:
    """A failed transfer owes the callee the safe message; an answered one ends with 16."""

    async def story() -> None:
        async with open_world() as world:
            channel = await answered(world, "37")
            await hand_over(world, channel, dd, ring)
            assert await dial_end(world, channel) == word
            if dd == "41":
                await world.manager.event("Unhold")
                await world.manager.ask("Hangup", ("Channel", channel), ("Cause", "16"))
            end = await world.manager.event("Hangup", Uniqueid=channel)
            assert end.get("Cause") == cause

    run_virtual(story())


def test_a_callee_who_leaves_while_another_number_rings() -> None:
    """The dialling is cancelled."""

    async def story() -> None:
        async with open_world() as world:
            channel = await answered(world, "37")
            await hand_over(world, channel, "02")
            await asyncio.sleep(1)
            await world.manager.ask("Hangup", ("Channel", channel), ("Cause", "16"))
            assert await dial_end(world, channel) == "CANCEL"

    run_virtual(story())


@pytest.mark.parametrize(
    ("exten", "word"), [("+12015550101", "BUSY"), ("911", "NOANSWER")], ids=["busy", "refused"]
)
def test_a_redirect_through_the_guard(exten: str, word: str) -> None:
    """``opendeep-out`` dials the extension, or refuses it."""

    async def story() -> None:
        async with open_world() as world:
            channel = await answered(world, "37")
            place = (("Context", "opendeep-out"), ("Exten", exten), ("Priority", "1"))
            await world.manager.ask("Redirect", ("Channel", channel), *place)
            assert await dial_end(world, channel) == word

    run_virtual(story())


@pytest.mark.parametrize("dd", ["02", "37"], ids=["ringing", "answered"])
def test_a_redirect_to_nowhere(dd: str) -> None:
    """A context that is not there, or a call without sound, ends with cause 0."""

    async def story() -> None:
        async with open_world() as world:
            channel = await world.dial(f"+120155501{dd}")
            await asyncio.sleep(1)
            place = BLIND if dd == "02" else (("Context", "no"), ("Exten", "x"), ("Priority", "1"))
            answer = await world.manager.ask("Redirect", ("Channel", channel), *place)
            assert answer.get("Message") == "Redirect successful"
            assert (await world.hung_up()).get("Cause") == "0"

    run_virtual(story())


@pytest.mark.parametrize(("mark", "cause"), [("1", "16"), ("", "41")])
def test_two_calls_are_bridged(mark: str, cause: str) -> None:
    """Who is left behind is let go when marked as handed over, else told the safe message."""

    async def story() -> None:
        async with open_world() as world:
            first = await answered(world, "30")
            second = await answered(world, "38")
            await setvar(world, second, "OPENDEEP_HANDED_OVER", mark)
            names = (("Channel1", first), ("Channel2", second))
            answer = await world.manager.ask("Bridge", *names)
            assert answer.get("Message") == "Channels have been bridged"
            again = await world.manager.ask("Bridge", *names)
            assert again.get("Message") == "Bridge failed"
            await asyncio.sleep(1)
            shown = [(await status(world, one)).get("BridgeID") for one in (first, second)]
            assert shown[0] == shown[1] != ""
            await world.manager.ask("Hangup", ("Channel", first), ("Cause", "16"))
            end = await world.manager.event("Hangup", Uniqueid=second)
            assert end.get("Cause") == cause

    run_virtual(story())


@pytest.mark.parametrize(
    ("action", "headers", "message"),
    [
        ("Setvar", (), "No variable specified"),
        ("Setvar", (("Channel", "x"), ("Variable", "A")), "No such channel"),
        ("AbsoluteTimeout", (), "No channel specified"),
        ("AbsoluteTimeout", (("Channel", "x"),), "No timeout specified"),
        ("AbsoluteTimeout", (("Channel", "x"), ("Timeout", "1")), "No such channel"),
        ("Redirect", (), "Channel not specified"),
        ("Redirect", (("Channel", "x"),), "Channel does not exist: x"),
        ("Bridge", (("Channel1", "x"),), "Missing channel parameter in request"),
        ("Bridge", (("Channel1", "x"), ("Channel2", "y")), "Channel1 does not exist: x"),
    ],
)
def test_moves_that_are_refused(
    action: str, headers: tuple[tuple[str, str], ...], message: str
) -> None:
    """Each refusal has Asterisk's words."""

    async def story() -> None:
        async with open_world() as world:
            answer = await world.manager.ask(action, *headers)
            assert (answer.response, answer.get("Message")) == ("Error", message)
            kept = await world.manager.ask("Setvar", ("Variable", "A"), ("Value", "1"))
            assert kept.get("Message") == "Variable Set"

    run_virtual(story())


def test_sound_is_carried_in_real_time() -> None:
    """A frame goes over every 20 ms; silence is made where nothing is said."""

    class Speaker:
        def __init__(self, frame: bytes | None) -> None:
            self.frame = frame
            self.heard: list[bytes] = []

        async def converse(self) -> None: ...

        def next_frame(self) -> bytes | None:
            return self.frame

        def hear(self, mulaw: bytes) -> None:
            self.heard.append(mulaw)

        def press(self, digit: str) -> None: ...

    async def story() -> None:
        loud, quiet = Speaker(b"\x00" * 160), Speaker(None)
        ended = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(carry(loud, quiet, ended))
            group.create_task(carry(quiet, loud, ended))
            await asyncio.sleep(1.01)
            ended.set()
        assert len(quiet.heard) == len(loud.heard) == 51
        assert set(quiet.heard) == {b"\x00" * 160}
        assert set(loud.heard) == {pcm.MULAW_SILENCE_FRAME}

    run_virtual(story())
