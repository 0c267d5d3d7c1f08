"""A callee who waits for another line, and the keys that they press, in exact virtual time."""

import asyncio
import gc
import itertools
from collections.abc import AsyncIterator

import pytest

from opendeep.audio_processing_service import pcm
from opendeep.audio_processing_service.audiosocket_handler import AudioSocketHandler
from opendeep.audio_processing_service.call_sound import CallSound
from opendeep.audio_processing_service.dialogue import Dialogue
from opendeep.audio_processing_service.phrases import phrases_for
from opendeep.audio_processing_service.realtime_session import RealtimeSession
from opendeep.common.clock import LoopClock
from opendeep.common.ids import CallId
from opendeep.common.messages import (
    CallEvent,
    HoldCallee,
    ResumeCallee,
    call_events,
    voice_commands,
)
from tests.calls.audio_world import CALL, AudioWorld
from tests.calls.realtime_peer import RealtimePeer

PHRASES = phrases_for("en")


@pytest.fixture
async def world(story_clock: LoopClock) -> AsyncIterator[AudioWorld]:
    """Return a call whose disclosure was heard."""
    async with AudioWorld(story_clock).call() as opened:
        await opened.hear_disclosure()
        yield opened


async def test_hold_is_answered_once_its_words_were_played(world: AudioWorld) -> None:
    """The AI asks the callee to wait and is quiet, without asking whether anybody is there."""
    before = world.clock.monotonic()
    await world.bus.command(voice_commands(CALL), HoldCallee())
    assert PHRASES.connecting in str(world.peer.said[-1])
    assert world.clock.monotonic() - before > 1
    assert not world.peer.automatic
    await asyncio.sleep(30)
    assert PHRASES.connecting in str(world.peer.said[-1])
    assert world.end_command is None


async def test_a_callee_who_waits_hears_a_soft_tone(world: AudioWorld) -> None:
    """From the words that ask to wait until those that end it, never 4 s pass without a sound."""
    await world.bus.command(voice_commands(CALL), HoldCallee())
    await asyncio.sleep(1)
    begun = len(world.end.frames)
    await asyncio.sleep(60)
    heard = [at for at, frame in world.end.frames[begun:] if pcm.energy_dbfs(frame) > -45]
    assert len(heard) > 400
    assert max(later - earlier for earlier, later in itertools.pairwise(heard)) < 4
    await world.bus.command(voice_commands(CALL), ResumeCallee(text="They were busy."))
    await asyncio.sleep(10)
    silent = {len(set(frame)) == 1 for _, frame in world.end.frames[-200:]}
    assert silent == {True}  # the AI's voice is of one level here, too


async def test_resume_tells_callee_and_ai(world: AudioWorld) -> None:
    """The AI says that it was in vain, and answers turns again; a second word of it is ignored."""
    await world.bus.command(voice_commands(CALL), HoldCallee())
    await world.bus.command(voice_commands(CALL), ResumeCallee(text="They were busy."))
    await asyncio.sleep(1)
    assert PHRASES.not_connected in str(world.peer.said[-1])
    assert world.peer.automatic
    spoken = len(world.peer.said)
    await world.bus.command(voice_commands(CALL), ResumeCallee(text="They were busy."))
    await asyncio.sleep(0.1)
    assert len(world.peer.said) == spoken


async def test_a_call_that_is_over_leaves_nothing_to_the_garbage_collector(
    story_clock: LoopClock,
) -> None:
    """The last references to a call's media go with its end: no cycle keeps their memory."""
    kept = AudioSocketHandler, Dialogue, CallSound, RealtimeSession
    gc.collect()
    before = {id(one) for one in gc.get_objects() if type(one) in kept}
    gc.disable()
    try:
        async with AudioWorld(story_clock).call() as opened:
            await opened.hear_disclosure()
            opened.end.close()
            await opened.server.finish(CALL)
            opened.peer = RealtimePeer()
            await asyncio.sleep(3)
            left = [one for one in gc.get_objects() if type(one) in kept]
            assert [one for one in left if id(one) not in before] == []
    finally:
        gc.enable()


async def test_keys_are_told_to_everybody(world: AudioWorld) -> None:
    """A key of the callee is an event at once, and a note to the AI after a pause."""
    async with world.bus.subscribe(call_events(CALL)) as events:
        for digit in b"12":
            world.end.write(b"\x03\x00\x01" + bytes([digit]))
            await asyncio.sleep(0.2)
        assert [await events.get(), await events.get()] == [
            CallEvent(name="key_pressed", detail="1"),
            CallEvent(name="key_pressed", detail="2"),
        ]
    await asyncio.sleep(2)
    assert [detail["digit"] for name, detail in world.desk.events if name == "key_pressed"] == [
        "1",
        "2",
    ]
    notes = [event["item"] for event in world.peer.of("conversation.item.create")]
    assert "The callee pressed 12 on their telephone." in str(notes[-1])


async def test_a_second_line_has_no_tools_and_no_transcript(story_clock: LoopClock) -> None:
    """A transfer's leg talks, but what is said there is no part of the call."""
    async with AudioWorld(story_clock).call(part_of=CallId("call")) as world:
        await world.hear_disclosure()
        assert world.peer.session.get("tools", []) == []
        assert world.desk.lines == []
        assert "leg_disclosure_heard" in [name for name, _ in world.desk.events]
