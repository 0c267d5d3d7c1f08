"""The voice AI dropped, stalled or refusing at every point of a call: never silence for long.

Heard at the far end of the AudioSocket: whatever happens, the conversation goes on within three
seconds, or an apology is played and the call ends; no session is left open.
"""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from opendeep.audio_processing_service import pcm
from opendeep.audio_processing_service.fixed_words import apology, introduction, moment
from opendeep.common.clock import LoopClock
from opendeep.common.data_models import CallCause
from opendeep.common.messages import GiveAnswer, voice_commands
from opendeep.practice.exchange_sounds import sound
from tests.calls.audio_world import CALL, AudioWorld
from tests.calls.conftest import STORY_BEGINS
from tests.calls.realtime_peer import Call, Failure, Speech

LONGEST_SILENCE_SECONDS = 2.3
"""Three seconds as the callee hears it: a provider tells the end of a turn 0.7 s late."""
GOES_ON_SECONDS = 3.0
VOICE = 0x80
"""The peer's speech; clips have other codes, too."""
GOES_ON = "I am still with you, and would like to book a cleaning."
Reach = Callable[[AudioWorld], Awaitable[None]]


@pytest.fixture
def world(story_clock: LoopClock) -> AudioWorld:
    """Return a world whose model always has something to say."""
    world = AudioWorld(story_clock)
    world.peer.or_else = [Speech(GOES_ON, ms=2500)]
    return world


def longest_silence(world: AudioWorld, since: float, until: float | None = None) -> float:
    """Return the longest stretch in which neither side was heard on the callee's line."""
    heard = [at for at, frame in world.end.frames if set(frame) != {pcm.MULAW_SILENCE_BYTE}]
    heard += world.end.spoke
    end = until or world.end.frames[-1][0]
    times = sorted({since, end, *(at for at in heard if since <= at <= end)})
    return max(later - earlier for earlier, later in itertools.pairwise(times))


def voice_is_back(world: AudioWorld, since: float) -> float:
    """Return when the voice AI is heard first, once what was under way has arrived."""
    frames = world.end.frames
    return next(at for at, frame in frames if at > since + 0.05 and set(frame) == {VOICE})


# Ten points of a call: each returns when the call is there.


async def answered(_world: AudioWorld) -> None:
    """The callee picked up and says nothing yet."""
    await asyncio.sleep(0.2)


async def callee_greets(world: AudioWorld) -> None:
    """The callee is in the middle of the greeting."""
    await asyncio.sleep(0.5)
    world.peer.caller_starts("opening")
    await world.speak(0.5)


async def disclosure_asked(world: AudioWorld) -> None:
    """The disclosure was asked for, and the provider has not begun."""
    await at_event(world, "response.create", lambda: world.callee_says("Hello?", item_id="c0"))


async def disclosure_plays(world: AudioWorld) -> None:
    """The disclosure is being made and heard."""
    world.peer.hold_responses = True
    await asyncio.sleep(0.5)
    await world.callee_says("Bright Smile Dental, hello.", item_id="opening")
    await asyncio.sleep(1)
    world.peer.hold_responses = False


async def disclosure_made(world: AudioWorld) -> None:
    """The disclosure was made and still waits to be played."""
    await asyncio.sleep(0.5)
    await world.callee_says("Bright Smile Dental, hello.", item_id="opening")
    await asyncio.sleep(1)


async def callee_talks(world: AudioWorld) -> None:
    """The callee is in the middle of a sentence."""
    await world.hear_disclosure()
    world.peer.caller_starts("c2")
    await world.speak(0.8)


async def callee_waits(world: AudioWorld) -> None:
    """The callee's turn ended; the answer was not begun."""
    await world.hear_disclosure()
    await at_event(
        world,
        "input_audio_buffer.committed",
        lambda: world.callee_says("Can I have your name?", item_id="c2"),
    )


async def answer_begins(world: AudioWorld) -> None:
    """An answer was begun, and nothing of it came yet."""
    await world.hear_disclosure()
    world.peer.silent_responses = 1
    await world.callee_says("Can I have your name?", item_id="c2")


async def answer_in_the_making(world: AudioWorld) -> None:
    """Half of an answer came and is being heard."""
    await world.hear_disclosure()
    world.peer.hold_responses = True
    world.peer.answers.append([Speech("one two three four five six", ms=3000)])
    await world.callee_says("Can I have your name?", item_id="c2")
    await asyncio.sleep(1)
    world.peer.hold_responses = False


async def answer_made(world: AudioWorld) -> None:
    """An answer was made and is being heard."""
    await world.hear_disclosure()
    world.peer.answers.append([Speech("one two three four five six", ms=3000)])
    await world.callee_says("Can I have your name?", item_id="c2")
    await asyncio.sleep(1)


async def user_is_asked(world: AudioWorld) -> None:
    """The user was asked something, and the callee was told to wait."""
    await world.hear_disclosure()
    world.peer.answers.append(
        [Call("request_user_feedback", {"question": "Is 7 pm fine?", "options": ["yes", "no"]})]
    )
    await world.callee_says("Only 7 pm is free.", item_id="c2")
    await asyncio.sleep(2)


async def on_hold(world: AudioWorld) -> None:
    """Music plays; nothing is sent to the provider."""
    await world.hear_disclosure()
    tune = pcm.mulaw_to_pcm(sound("music", 6.0))
    for start in range(0, len(tune), 320):
        world.end.sound = tune[start : start + 320]
        await asyncio.sleep(0.02)


async def says_goodbye(world: AudioWorld) -> None:
    """The AI ended the call, and its last words are being heard."""
    await world.hear_disclosure()
    world.peer.answers.append(
        [
            Speech("Thank you, goodbye.", ms=2000),
            Call("end_call", {"reason": "other", "summary": "Booked."}),
        ]
    )
    await world.callee_says("You are booked.", item_id="c2")
    await asyncio.sleep(0.5)


POINTS: dict[str, Reach] = {
    reach.__name__: reach
    for reach in (
        answered,
        callee_greets,
        disclosure_asked,
        disclosure_plays,
        disclosure_made,
        callee_talks,
        callee_waits,
        answer_begins,
        answer_in_the_making,
        answer_made,
    )
}
OWED = POINTS.keys() - {"disclosure_made", "answer_made"}
"""Where somebody waits for the voice AI; elsewhere all of what it had to say is played."""


async def at_event(world: AudioWorld, kind: str, act: Callable[[], Awaitable[None]]) -> None:
    """Begin something; return in the moment in which the provider gets or sends this event."""
    reached = asyncio.Event()

    def watch(seen: str) -> None:
        if kind in seen:
            reached.set()
            world.peer.deaf = True  # nothing more of this session arrives

    world.peer.on_sent = world.peer.on_emitted = watch
    world.nursery.start(_do(act), name="act")
    await reached.wait()
    world.peer.on_sent = world.peer.on_emitted = lambda _kind: None


async def _do(act: Callable[[], Awaitable[None]]) -> None:
    await act()


@pytest.mark.parametrize("point", POINTS)
async def test_a_dropped_voice_goes_on(world: AudioWorld, point: str) -> None:
    """Dropped at any point, the conversation goes on within 3 s in another session."""
    async with world.call():
        await POINTS[point](world)
        dropped_at = world.clock.monotonic()
        world.peer.drop()
        world.hush()
        await asyncio.sleep(6)
        assert world.end_command is None
        assert len(world.peer.connections) == 2
        if point in OWED:
            back_at = voice_is_back(world, dropped_at)
            assert back_at - dropped_at <= GOES_ON_SECONDS
            limit = 3.0 if point == "answered" else LONGEST_SILENCE_SECONDS
            assert longest_silence(world, dropped_at, back_at) <= limit
        await world.server.finish(CALL)
    assert world.peer.closed


@pytest.mark.parametrize("point", POINTS)
async def test_a_voice_that_stays_away_is_apologised_for(world: AudioWorld, point: str) -> None:
    """Dropped at any point and not to be had again: an apology, and the call ends."""
    async with world.call():
        await POINTS[point](world)
        dropped_at = world.clock.monotonic()
        world.peer.away = True
        world.peer.drop()
        world.hush()
        await world.ended.wait()
        assert world.end_command is not None
        assert world.end_command.cause is CallCause.AI_FAILED
        assert longest_silence(world, dropped_at) <= LONGEST_SILENCE_SECONDS
        assert world.clock.monotonic() - dropped_at < 4 + apology().ms / 1000
        await world.server.finish(CALL)
    assert world.desk.said[-1] == ("ai", apology().text)
    assert world.peer.closed


async def test_dropped_while_it_rings(world: AudioWorld) -> None:
    """A voice that is lost before the answer is opened again; the callee never knows."""
    async with world.open():
        await world.prepare()
        world.peer.drop()
        await asyncio.sleep(1)
        await world.connect(world.end)
        await world.hear_disclosure()
        assert moment().text not in [text for _, text in world.desk.said]
        await world.server.finish(CALL)
    assert world.peer.closed


async def test_dropped_while_the_user_is_asked(world: AudioWorld) -> None:
    """The user's answer reaches the session that took over, in words."""
    async with world.call():
        await user_is_asked(world)
        world.peer.drop()
        await asyncio.sleep(1)
        question = world.desk.questions[0][0]
        await world.bus.command(
            voice_commands(CALL), GiveAnswer(tool_call_id=question, answer="yes")
        )
        await asyncio.sleep(3)
        notes = [event["item"]["content"][0]["text"] for event in messages(world, "system")]
        assert any("request_user_feedback" in text and "yes" in text for text in notes)
        assert GOES_ON in [text for _, text in world.desk.said]
        await world.server.finish(CALL)


async def test_dropped_on_hold(world: AudioWorld) -> None:
    """On hold nobody is told that the voice was lost, and the person at its end is heard."""
    async with world.call():
        await on_hold(world)
        said = len(world.desk.said)
        world.peer.drop()
        await asyncio.sleep(1)
        assert len(world.desk.said) == said
        assert world.peer.appended_bytes == 0
        world.end.sound = pcm.PCM_SILENCE_FRAME
        await asyncio.sleep(12)
        assert world.peer.appended_bytes > 0
        assert "hold_ended" in world.desk.event_names
        await world.server.finish(CALL)


async def test_dropped_while_it_takes_leave(world: AudioWorld) -> None:
    """Last words that were made are heard; the call ends as the AI wanted it."""
    async with world.call():
        await says_goodbye(world)
        world.peer.drop()
        await world.ended.wait()
        assert world.end_command is not None
        assert world.end_command.cause is CallCause.AI_HUNG_UP
        await world.server.finish(CALL)
    assert ("ai", "Thank you, goodbye.") in world.desk.said


async def test_what_was_said_is_given_to_the_next_session(world: AudioWorld) -> None:
    """The callee's words, and of the AI's what was heard; a new session must not greet again."""
    async with world.call():
        await answer_in_the_making(world)
        before = len(world.peer.sent)
        world.peer.drop()
        await asyncio.sleep(1)
        sent = world.peer.sent[before:]
        items = [event["item"] for event in sent if event["type"] == "conversation.item.create"]
        texts = [(item["role"], item["content"][0]["text"]) for item in items]
        assert texts[0] == ("user", "Bright Smile Dental, hello.")
        assert texts[2] == ("user", "Can I have your name?")
        assert texts[3][0] == "assistant"
        assert texts[3][1].startswith("one two")
        assert "six" not in texts[3][1]
        assert "do not greet" in texts[-1][1]
        assert world.peer.automatic
        await world.server.finish(CALL)


async def test_old_caller_audio_is_not_flushed(world: AudioWorld) -> None:
    """Of what the callee said while there was no session, the last half second is given on."""
    async with world.call():
        await world.hear_disclosure()
        world.peer.away = True
        world.peer.drop()
        await asyncio.sleep(1.2)
        world.peer.away = False
        for _ in range(100):
            await asyncio.sleep(0.01)
            if not world.peer.closed:
                break
        await asyncio.sleep(0.02)
        assert 3800 <= world.peer.appended_bytes <= 4000 + 4 * 160
        await world.server.finish(CALL)


@pytest.mark.parametrize(
    "stall", ["no_audio", "no_audio_twice", "deaf", "refused", "mid_answer", "no_events"]
)
async def test_a_stalled_voice_is_recovered(world: AudioWorld, stall: str) -> None:
    """A voice that accepts and then stalls is asked again, then replaced; it is never quiet."""
    async with world.call():
        await world.hear_disclosure()
        stalled_at = world.clock.monotonic()
        match stall:
            case "no_audio":
                world.peer.silent_responses = 1
            case "no_audio_twice":
                world.peer.silent_responses = 2
            case "mid_answer":
                world.peer.hold_responses = True
            case _:
                pass
        if stall in {"deaf", "no_events"}:
            world.peer.deaf = True
        if stall == "refused":
            world.peer.answers.append([Call("note_fact", {"name": "day", "value": "Tuesday"})])
            world.nursery.start(_refuse(world), name="refuse")
        if stall == "no_events":
            await world.speak(1.0)
            world.hush()
        else:
            await world.callee_says("Can I have your name?", item_id="c2")
        await asyncio.sleep(5)
        world.peer.hold_responses = False
        await asyncio.sleep(9)
        assert world.end_command is None
        assert GOES_ON in [text for _, text in world.desk.said]
        back_at = voice_is_back(world, stalled_at)
        assert longest_silence(world, stalled_at, back_at) <= LONGEST_SILENCE_SECONDS
        await world.server.finish(CALL)
    assert world.peer.closed


async def _refuse(world: AudioWorld) -> None:
    await asyncio.sleep(0.5)
    world.peer.refuse_with = "invalid_value"
    await asyncio.sleep(2.2)
    world.peer.refuse_with = None


async def test_a_rate_limit_is_bridged(world: AudioWorld) -> None:
    """An answer refused for its rate is asked for again, and the callee is told to wait."""
    async with world.call():
        await world.hear_disclosure()
        world.peer.answers.append([Failure("rate_limit_exceeded")])
        await world.callee_says("Can I have your name?", item_id="c2")
        await asyncio.sleep(6)
        said = [text for _, text in world.desk.said]
        assert said.index(moment().text) < said.index(GOES_ON)
        assert world.end_command is None
        await world.server.finish(CALL)


async def test_a_disclosure_that_does_not_come_is_bridged_by_naming_an_ai(
    world: AudioWorld,
) -> None:
    """Who waits for the disclosure hears first of all that an AI calls."""
    async with world.call():
        world.peer.silent_responses = 1
        await world.callee_says("Hello?", item_id="c0")
        await asyncio.sleep(10)
        said = [text for who, text in world.desk.said if who == "ai"]
        assert said[0] == introduction().text
        assert len(said) > 1
        assert moment().text not in said
        assert world.end_command is None
        await world.server.finish(CALL)


async def test_a_voice_that_is_lost_again_and_again(world: AudioWorld) -> None:
    """The fourth loss in a row ends the call with an apology."""
    async with world.call():
        await world.hear_disclosure()
        for _ in range(4):
            world.peer.drop()
            await asyncio.sleep(1)
        await world.ended.wait()
        assert world.end_command is not None
        assert world.end_command.cause is CallCause.AI_FAILED
        await world.server.finish(CALL)
    assert world.peer.closed


async def test_a_session_is_recycled_before_it_ends(world: AudioWorld) -> None:
    """A session that is about to expire is replaced in a pause; nobody notices."""
    world.peer.expires_at = int((STORY_BEGINS + timedelta(seconds=100)).timestamp())
    async with world.call():
        await world.hear_disclosure()
        world.peer.expires_at = int((STORY_BEGINS + timedelta(hours=2)).timestamp())
        for turn in range(12):
            await world.callee_says(f"Sentence {turn}.", item_id=f"t{turn}")
            await asyncio.sleep(4)
        assert len(world.peer.connections) == 2
        assert world.end_command is None
        said = [text for _, text in world.desk.said]
        assert moment().text not in said
        assert said.count(GOES_ON) == 12
        await world.server.finish(CALL)
    assert world.peer.closed


@pytest.mark.parametrize("steps", range(0, 40, 4))
async def test_finishing_while_a_session_is_opened_again(world: AudioWorld, steps: int) -> None:
    """Wherever a reconnect is cut off, no session is left open."""
    async with world.call():
        await world.hear_disclosure()
        world.peer.drop()
        for _ in range(steps):
            await asyncio.sleep(0)
        await world.server.finish(CALL)
    assert world.peer.closed


def messages(world: AudioWorld, role: str) -> list[dict[str, dict[str, list[dict[str, str]]]]]:
    """Return the texts that the client added to the conversation, by role."""
    created = world.peer.of("conversation.item.create")
    return [event for event in created if event["item"].get("role") == role]
