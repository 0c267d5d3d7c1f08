"""A callee who waits for another line, and the keys that they press, in exact virtual time."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from opendeep.audio_processing_service.phrases import phrases_for
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
