"""On hold, in whole calls in virtual time: no audio to the AI, and awake for a person."""

import asyncio

import pytest

from opendeep.audio_processing_service import hold, pcm
from opendeep.common.clock import LoopClock
from opendeep.common.data_models import CallCause
from opendeep.practice.exchange_sounds import load_clips, sound
from tests.calls.audio_world import CALL, AudioWorld
from tests.calls.realtime_peer import Speech


@pytest.fixture
def world(story_clock: LoopClock) -> AudioWorld:
    """Return a world that is not open yet."""
    return AudioWorld(story_clock)


async def play(world: AudioWorld, mulaw: bytes) -> None:
    """Let the callee's line sound like this, to its end."""
    samples = pcm.mulaw_to_pcm(mulaw)
    frames = [samples[start : start + 320] for start in range(0, len(samples) - 319, 320)]
    world.end.recording.extend(frames)
    await asyncio.sleep(0.02 * len(frames))


async def announce(world: AudioWorld, clip: str, item_id: str) -> None:
    """Let a recorded sentence be heard, and its words be known after it."""
    spoken = load_clips()[clip]
    world.peer.caller_starts(item_id)
    await play(world, spoken.mulaw)
    await asyncio.sleep(0.7)
    world.peer.caller_stops(spoken.text, item_id)
    await asyncio.sleep(0.1)


def sent_ms(world: AudioWorld) -> int:
    """Return how much of the callee's audio was sent to the AI."""
    return world.peer.appended_bytes // pcm.MULAW_BYTES_PER_MS


async def test_a_queue_with_music_costs_no_audio_tokens(world: AudioWorld) -> None:
    """From "please hold" to the person's first word nothing is sent; then the disclosure comes."""
    async with world.call():
        await announce(world, "sarah/hold", "c1")
        before = sent_ms(world)
        await play(world, sound("music", 10.0))
        assert sent_ms(world) == before
        assert world.peer.said == []
        greeting = load_clips()["michael/greeting"]
        async with asyncio.TaskGroup() as both:
            both.create_task(play(world, greeting.mulaw))
            await asyncio.sleep(1.5)
            assert sent_ms(world) > before
            world.peer.caller_starts("c2")
        missed = 10_000 + len(greeting.mulaw) // 8 - (sent_ms(world) - before)
        assert missed > 8000
        await asyncio.sleep(0.7)
        world.peer.caller_stops(greeting.text, "c2")
        await asyncio.sleep(1)
        assert len(world.peer.said) == 1
        await world.server.finish(CALL)
    names = [name for name, _ in world.desk.events]
    assert names.index("hold_began") < names.index("hold_ended")
    person = world.desk.lines[-1]
    assert person.start_ms > 10_000


async def test_music_in_mid_call_begins_a_hold(world: AudioWorld) -> None:
    """Music that lasts is not sent; whoever comes back is answered, and queues are not."""
    async with world.call():
        await world.hear_disclosure()
        await play(world, sound("music", 6.0))
        held = sent_ms(world)
        await play(world, sound("music", 30.0))
        assert sent_ms(world) == held
        await announce(world, "sarah/hold", "q")
        again = sent_ms(world)
        await play(world, sound("music", 10.0))
        assert sent_ms(world) == again
        answers = len(world.peer.of("response.create"))
        world.peer.answers.append([Speech("Hello, this is an AI.", ms=900)])
        await announce(world, "michael/greeting", "p")
        await asyncio.sleep(1.5)
        assert len(world.peer.of("response.create")) == answers + 1
        assert world.desk.said[-1] == ("ai", "Hello, this is an AI.")
        assert world.peer.automatic
        await world.server.finish(CALL)


async def test_an_announcement_wakes_nobody_twice(world: AudioWorld) -> None:
    """A recording that was a queue's once is not sent again; a person behind it is."""
    async with world.call(max_seconds=3600.0):
        await announce(world, "sarah/hold", "q1")
        woken: list[int] = []
        for times in range(3):
            await play(world, sound("music", 6.0))
            before = sent_ms(world)
            await announce(world, "george/screen_thanks", f"a{times}")
            woken.append(sent_ms(world) - before)
        assert woken[0] > 2000
        assert woken[1:] == [0, 0]
        await play(world, sound("music", 6.0))
        before, said = sent_ms(world), len(world.peer.said)
        await announce(world, "michael/greeting", "person")
        assert sent_ms(world) > before
        await asyncio.sleep(1)
        assert len(world.peer.said) == said + 1
        await world.server.finish(CALL)


async def test_nothing_is_understood_after_a_hold(world: AudioWorld) -> None:
    """An empty text after a hold leaves nobody without an answer: the AI answers again."""
    async with world.call():
        await world.hear_disclosure()
        await play(world, sound("music", 6.0))
        assert not world.peer.automatic
        greeting = load_clips()["michael/greeting"]
        world.peer.caller_starts("p")
        await play(world, greeting.mulaw)
        world.peer.caller_stops("", "p")
        await asyncio.sleep(0.5)
        assert world.peer.automatic
        await world.server.finish(CALL)


async def test_a_silent_line_is_no_hold_for_ever(world: AudioWorld) -> None:
    """Who asked to hold and then says nothing hears the disclosure after a while."""
    async with world.call():
        await announce(world, "sarah/hold", "c1")
        await asyncio.sleep(9)
        assert world.peer.said == []
        await asyncio.sleep(5)
        assert len(world.peer.said) == 1
        await world.server.finish(CALL)


async def test_a_hold_that_never_ends(world: AudioWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the limit, here a minute instead of fifteen, nobody waits any more."""
    monkeypatch.setattr(hold, "LONGEST_MS", 60_000)
    async with world.call(max_seconds=3600.0):
        await announce(world, "sarah/hold", "c1")
        music = sound("music", 20.0)
        while world.end_command is None and world.clock.monotonic() < 90:
            await play(world, music)
        await world.server.finish(CALL)
    assert world.end_command is not None
    assert world.end_command.cause is CallCause.SILENCE
