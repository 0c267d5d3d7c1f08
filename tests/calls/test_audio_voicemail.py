"""Answering machines, in whole calls in virtual time."""

import asyncio

import pytest

from opendeep.audio_processing_service import pcm
from opendeep.common.clock import LoopClock
from opendeep.common.data_models import CallCause, VoicemailPolicy
from opendeep.practice.exchange_sounds import load_clips, sound
from tests.calls.audio_world import CALL, DISCLOSURE, AudioWorld

MESSAGE = DISCLOSURE + " Please call back. Goodbye."
LEAVES = {"voicemail": VoicemailPolicy.LEAVE_MESSAGE, "voicemail_message": MESSAGE}
GREETING = load_clips()["adam/voicemail"]


@pytest.fixture
def world(story_clock: LoopClock) -> AudioWorld:
    """Return a world that is not open yet."""
    return AudioWorld(story_clock)


async def play(world: AudioWorld, mulaw: bytes) -> None:
    """Let the callee's line sound like this, to its end."""
    samples = pcm.mulaw_to_pcm(mulaw)
    for start in range(0, len(samples) - 319, 320):
        world.end.sound = samples[start : start + 320]
        await asyncio.sleep(0.02)
    world.end.sound = pcm.PCM_SILENCE_FRAME


async def greet(world: AudioWorld, *, beep: bool = True) -> None:
    """Let the machine greet, and beep, and its words be known after that."""
    world.peer.caller_starts("m")
    await play(world, GREETING.mulaw)
    if beep:
        await play(world, sound("beep", 0.5))
    await asyncio.sleep(0.7)
    world.peer.caller_stops(GREETING.text, "m")
    await asyncio.sleep(0.1)


async def finish(world: AudioWorld) -> CallCause:
    """Wait for the end that the media asks for; return its cause."""
    await asyncio.wait_for(world.ended.wait(), 60)  # noqa: TID251 - virtual time
    await world.server.finish(CALL)
    assert world.end_command is not None
    return world.end_command.cause


async def test_a_message_is_left_after_the_beep(world: AudioWorld) -> None:
    """The message is said once, after the beep, word for word; the call ends with its cause."""
    async with world.call(**LEAVES):
        await greet(world)
        before = len(world.end.speech())
        assert before < 8000 * 0.3
        assert await finish(world) is CallCause.VOICEMAIL
        assert len(world.end.speech()) // 8 >= 60 * len(MESSAGE) - 20
    assert len(world.peer.said) == 1
    assert world.desk.said[-1] == ("ai", MESSAGE)
    [proof] = [detail for name, detail in world.desk.events if name == "voicemail_message"]
    assert proof["fraction"] == 1.0
    started_ms = proof["started_ms"]
    assert isinstance(started_ms, int)
    assert started_ms > len(GREETING.mulaw) // 8 + 500


async def test_a_message_without_a_beep(world: AudioWorld) -> None:
    """A machine whose beep nobody hears is told the message after four quiet seconds."""
    async with world.call(**LEAVES):
        await greet(world, beep=False)
        assert world.peer.said == []
        assert await finish(world) is CallCause.VOICEMAIL
    assert world.desk.said[-1] == ("ai", MESSAGE)


async def test_no_message_by_default(world: AudioWorld) -> None:
    """Without a wish for it, the machine is hung up on and hears nothing."""
    async with world.call():
        await greet(world, beep=False)
        assert await finish(world) is CallCause.VOICEMAIL
        assert world.end.speech() == b""


async def test_somebody_picks_up_meanwhile(world: AudioWorld) -> None:
    """A person who picks up while the message is recorded hears the disclosure and is talked to."""
    async with world.call(**LEAVES):
        await greet(world)
        await asyncio.sleep(1.0)
        await world.callee_says("Hello, hello? I am here, who is it?", seconds=1.5, item_id="p")
        await asyncio.sleep(60 * len(DISCLOSURE) / 1000 + 1)
        assert world.peer.automatic
        assert world.end_command is None
        await world.server.finish(CALL)
    assert len(world.peer.said) == 2


async def test_going_on_with_a_machine(world: AudioWorld) -> None:
    """A machine that is to be talked to hears the disclosure, and the AI answers it."""
    async with world.call(voicemail=VoicemailPolicy.GO_ON):
        await greet(world, beep=False)
        await asyncio.sleep(60 * len(DISCLOSURE) / 1000 + 1)
        assert world.peer.automatic
        assert world.end_command is None
        await world.server.finish(CALL)
