"""The murmurs of practice callee 15, its very sound, beside the AI's speech, in virtual time.

The turns begin and end when the practice AI's detector tells so: 0.16 s into the sound, and 0.7 s
after its voice.
"""

import asyncio

import pytest

from opendeep.audio_processing_service import pcm
from opendeep.common.clock import LoopClock
from opendeep.practice.exchange_sounds import load_clips
from tests.calls.audio_world import CALL, DISCLOSURE_MS, AudioWorld
from tests.calls.realtime_peer import Speech

STORY = "one two three four five six seven eight nine ten"
STORY_MS = 5000
BEGINNING_MS = 2000
DETECTED_MS = 160
LAST_ANSWER = "Good."
MURMURS = ("fenrir/mm_hm", "fenrir/right", "fenrir/go_on")
CLIPS = load_clips()


@pytest.fixture
def world(story_clock: LoopClock) -> AudioWorld:
    """Return a world that is not open yet."""
    return AudioWorld(story_clock)


async def begin_a_story(world: AudioWorld, ms: int = STORY_MS, *, hold: bool = False) -> None:
    """Let the AI begin to tell something; there is more to come where ``hold``."""
    await world.hear_disclosure()
    world.peer.hold_responses = hold
    world.peer.answers.append([Speech(STORY, ms=ms)])
    await world.callee_says("Go on.", item_id="c2")


async def say(world: AudioWorld, clip: str, words: str | None = None, *, late_ms: int) -> None:
    """Let the callee say a clip; ``late_ms`` after the turn's end its words are known."""
    sound = pcm.mulaw_to_pcm(CLIPS[clip].mulaw)
    frame = len(pcm.PCM_SILENCE_FRAME)
    world.end.recording.extend(sound[at : at + frame] for at in range(0, len(sound), frame))
    await asyncio.sleep(DETECTED_MS / 1000)
    world.peer.caller_starts("m")
    await asyncio.sleep((len(sound) / 16 - DETECTED_MS + 700) / 1000)
    world.peer.caller_stops(None, "m")
    await asyncio.sleep(late_ms / 1000)
    world.peer.transcribe(words or CLIPS[clip].text, "m")


def story_frames(world: AudioWorld) -> int:
    """Return how many frames of the story (and what follows it) were heard."""
    return (len(world.end.speech()) - DISCLOSURE_MS * 8) // pcm.FRAME_SAMPLES


@pytest.mark.parametrize(
    ("clip", "left_ms", "late_ms"),
    [
        ("fenrir/mm_hm", 2000, 200),
        ("fenrir/right", 3000, 2500),
        ("fenrir/right", 500, 200),
        ("fenrir/right", 280, 200),
        ("fenrir/right", 40, 2500),
        ("fenrir/go_on", 140, 200),
    ],
)
async def test_a_murmur_takes_no_word_from_the_ai(
    world: AudioWorld, clip: str, left_ms: int, late_ms: int
) -> None:
    """Wherever it falls and however late its words are known, all of a sentence is heard."""
    async with world.call():
        await begin_a_story(world)
        world.peer.or_else = [Speech(LAST_ANSWER, ms=300)]
        await asyncio.sleep((STORY_MS - left_ms - DETECTED_MS) / 1000)
        await say(world, clip, late_ms=late_ms)
        await asyncio.sleep(5 - late_ms / 1000)
        assert world.peer.of("conversation.item.truncate") == []
        assert ("ai", STORY) in world.desk.said
        assert world.desk.said[-1] == ("ai", LAST_ANSWER)
        assert story_frames(world) == (STORY_MS + 300) // 20
        await world.server.finish(CALL)


async def test_a_murmur_between_two_sentences(world: AudioWorld) -> None:
    """A provider that is slower than its speech is played loses none of it to a murmur."""
    whole = f"{STORY} and that was all"
    async with world.call():
        await begin_a_story(world, BEGINNING_MS, hold=True)
        world.peer.hold_responses = False
        await asyncio.sleep((BEGINNING_MS - DETECTED_MS + 60) / 1000)
        async with asyncio.TaskGroup() as callee:
            callee.create_task(say(world, "fenrir/right", late_ms=100))
            await asyncio.sleep(0.5)
            assert story_frames(world) == BEGINNING_MS // 20
            world.peer.speak_on(Speech(whole, ms=1000))
            world.peer.finish_held()
        await asyncio.sleep(1.5)
        assert world.peer.of("conversation.item.truncate") == []
        assert ("ai", whole) in world.desk.said
        assert story_frames(world) == (BEGINNING_MS + 1000) // 20
        await world.server.finish(CALL)


@pytest.mark.parametrize(("left_ms", "late_ms"), [(3000, 200), (4500, 2500), (200, 200)])
async def test_the_same_sound_with_words_stops_the_ai(
    world: AudioWorld, left_ms: int, late_ms: int
) -> None:
    """The AI is silent within two frames of the turn's beginning, and answers what was said."""
    async with world.call():
        await begin_a_story(world)
        world.peer.or_else = [Speech("Yes?", ms=300)]
        await asyncio.sleep((STORY_MS - left_ms - DETECTED_MS) / 1000)
        async with asyncio.TaskGroup() as callee:
            callee.create_task(say(world, "fenrir/right", "Right, but wait.", late_ms=late_ms))
            await asyncio.sleep(DETECTED_MS / 1000)
            begun = story_frames(world)
            await asyncio.sleep(0.3)
            assert story_frames(world) - begun <= 2
        await asyncio.sleep(1)
        assert world.desk.said[-1] == ("ai", "Yes?")
        assert len(world.peer.of("conversation.item.truncate")) == (left_ms > 1000)
        await world.server.finish(CALL)
