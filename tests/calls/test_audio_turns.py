"""Who has the floor, in whole calls in virtual time: murmurs, echo, noise, real interruptions."""

import asyncio

import numpy as np
import pytest

from opendeep.audio_processing_service import pcm
from opendeep.common.clock import LoopClock
from tests.calls.audio_world import CALL, DISCLOSURE_MS, AudioWorld
from tests.calls.realtime_peer import Speech

STORY = "one two three four five six seven eight nine ten"
STORY_MS = 5000
_TIMES = np.arange(pcm.FRAME_SAMPLES) / pcm.SAMPLE_RATE
VOICE = sum(np.sin(2 * np.pi * 150 * n * _TIMES) * 2000 for n in (1, 2, 3)).astype("<i2").tobytes()
NOISE = np.random.default_rng(1).normal(0, 60, pcm.FRAME_SAMPLES).astype("<i2").tobytes()


@pytest.fixture
def world(story_clock: LoopClock) -> AudioWorld:
    """Return a world that is not open yet."""
    return AudioWorld(story_clock)


async def begin_a_story(world: AudioWorld) -> int:
    """Let the AI tell something for a second; return how many frames of speech were heard."""
    await world.hear_disclosure()
    world.peer.answers.append([Speech(STORY, ms=STORY_MS)])
    await world.callee_says("Go on.", item_id="c2")
    await asyncio.sleep(1)
    return spoken_frames(world)


def spoken_frames(world: AudioWorld) -> int:
    """Return how many frames of speech the callee has heard."""
    return len(world.end.speech()) // pcm.FRAME_SAMPLES


async def murmur(world: AudioWorld, text: str | None, *, seconds: float = 0.24) -> None:
    """Let the callee make a short sound, and the provider hear a whole turn in it."""
    world.end.sound = VOICE
    await asyncio.sleep(0.1)
    world.peer.caller_starts("m")
    await asyncio.sleep(seconds)
    world.end.sound = pcm.PCM_SILENCE_FRAME
    await asyncio.sleep(0.7)
    world.peer.caller_stops(text, "m")


async def test_a_murmur_does_not_stop_the_ai(world: AudioWorld) -> None:
    """The AI pauses within a frame, goes on when the murmur ends, and loses no word."""
    async with world.call():
        before = await begin_a_story(world)
        answers = len(world.peer.of("response.create"))
        world.end.sound = VOICE
        await asyncio.sleep(0.1)
        before = spoken_frames(world)
        world.peer.caller_starts("m")
        await asyncio.sleep(0.2)
        assert spoken_frames(world) - before <= 2
        world.end.sound = pcm.PCM_SILENCE_FRAME
        await asyncio.sleep(0.7)
        world.peer.caller_stops("Mm-hm.", "m")
        await asyncio.sleep(STORY_MS / 1000)
        assert spoken_frames(world) == (DISCLOSURE_MS + STORY_MS) // 20
        assert world.peer.of("conversation.item.truncate") == []
        assert len(world.peer.of("response.create")) == answers
        assert [line for line in world.desk.said if line[0] == "ai"][-1] == ("ai", STORY)
        assert ("callee", "Mm-hm.") in world.desk.said
        await world.server.finish(CALL)


async def test_the_answer_to_a_murmur_is_not_played(world: AudioWorld) -> None:
    """A provider that answers the murmur by itself is cancelled before a sound of it is heard."""
    async with world.call():
        await begin_a_story(world)
        world.peer.answers.append([Speech("You said mm-hm?", ms=1000)])
        world.peer.hold_responses = True
        await murmur(world, "Mm-hm.")
        await asyncio.sleep(0.1)
        assert len(world.peer.of("response.cancel")) == 1
        world.peer.hold_responses = False
        await asyncio.sleep(STORY_MS / 1000)
        assert spoken_frames(world) == (DISCLOSURE_MS + STORY_MS) // 20
        await world.server.finish(CALL)


async def test_a_short_word_with_content_stops_the_ai(world: AudioWorld) -> None:
    """A "wait" is as short as a murmur; its words stop the AI, which answers them."""
    async with world.call():
        await begin_a_story(world)
        await murmur(world, None)
        world.peer.answers.append([Speech("Yes?", ms=300)])
        world.peer.transcribe("Wait!", "m")
        await asyncio.sleep(1)
        (truncated,) = world.peer.of("conversation.item.truncate")
        assert 1500 < truncated["audio_end_ms"] < 2200
        assert world.desk.said[-1] == ("ai", "Yes?")
        assert any(text.endswith("—") for who, text in world.desk.said if who == "ai")
        await world.server.finish(CALL)


async def test_speech_that_lasts_stops_the_ai_for_good(world: AudioWorld) -> None:
    """Whoever speaks on takes the floor; what was heard is known to 20 ms."""
    async with world.call():
        before = await begin_a_story(world)
        world.end.sound = VOICE
        world.peer.caller_starts("c3")
        await asyncio.sleep(1.5)
        heard = spoken_frames(world) - DISCLOSURE_MS // 20
        assert heard * 20 - (before * 20 - DISCLOSURE_MS) <= 40
        (truncated,) = world.peer.of("conversation.item.truncate")
        assert truncated["audio_end_ms"] == pytest.approx(heard * 20, abs=20)
        world.end.sound = pcm.PCM_SILENCE_FRAME
        world.peer.answers.append([Speech("Of course.", ms=400)])
        world.peer.caller_stops("Can we do it on Friday instead?", "c3")
        await asyncio.sleep(1)
        assert world.desk.said[-1] == ("ai", "Of course.")
        await world.server.finish(CALL)


async def test_line_noise_does_not_stop_the_ai(world: AudioWorld) -> None:
    """A detector that fires on the line's usual hiss costs a moment and no words."""
    async with world.call():
        before = await begin_a_story(world)
        world.end.sound = NOISE
        await asyncio.sleep(0.5)
        world.peer.caller_starts("n")
        await asyncio.sleep(2)
        world.peer.caller_stops("", "n")
        await asyncio.sleep(STORY_MS / 1000)
        assert world.peer.of("conversation.item.truncate") == []
        assert spoken_frames(world) - before > (STORY_MS - 1200) // 20
        await world.server.finish(CALL)


async def test_a_murmur_beside_the_last_word_is_an_answer(world: AudioWorld) -> None:
    """When the AI has nothing more to say, the callee's "yes" is answered as any turn."""
    async with world.call():
        await begin_a_story(world)
        await asyncio.sleep((STORY_MS - 1000 - 200) / 1000)
        world.peer.answers.append([Speech("Good.", ms=300)])
        await murmur(world, "Yes.")
        await asyncio.sleep(1)
        assert world.desk.said[-1] == ("ai", "Good.")
        await world.server.finish(CALL)


async def test_last_words_are_not_interrupted(world: AudioWorld) -> None:
    """Once the end is decided, a pause of the AI is over and no voice stops it."""
    async with world.call(max_seconds=10.0):
        await begin_a_story(world)
        world.end.sound = VOICE
        world.peer.caller_starts("c9")
        await world.ended.wait()
        await world.server.finish(CALL)
    assert "I have to end this call now." in world.desk.said[-1][1]
