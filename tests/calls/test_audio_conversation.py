"""Whole conversations in virtual time: opening, barge-in, silence, the last words."""

import asyncio
import itertools

import pytest

from opendeep.common.clock import LoopClock
from opendeep.common.data_models import CallCause
from tests.calls.audio_world import CALL, DISCLOSURE, DISCLOSURE_MS, LOUD, AudioWorld, call_config
from tests.calls.realtime_peer import Call, Speech
from tests.unit.audio_processing_service.test_pcm import tone


@pytest.fixture
def world(story_clock: LoopClock) -> AudioWorld:
    """Return a world that is not open yet."""
    return AudioWorld(story_clock)


async def test_a_call_from_hello_to_goodbye(world: AudioWorld) -> None:
    """The callee answers, hears the disclosure, agrees; the AI says goodbye and the call ends."""
    async with world.call():
        await world.hear_disclosure()
        world.peer.answers.append(
            [
                Speech("Thank you, goodbye.", ms=1500),
                Call("end_call", {"reason": "goal_reached", "summary": "Booked."}),
            ]
        )
        await world.callee_says("Tuesday at three is fine.", item_id="c2")
        before = world.clock.monotonic()
        await world.ended.wait()
        assert world.clock.monotonic() - before == pytest.approx(1.8, abs=0.15)
        report = await world.server.finish(CALL)
    command = world.end_command
    assert command is not None
    assert command.cause is CallCause.COMPLETED
    assert command.reason == "goal_reached: Booked."
    assert world.desk.said == [
        ("callee", "Bright Smile Dental, hello."),
        ("ai", DISCLOSURE),
        ("callee", "Tuesday at three is fine."),
        ("ai", "Thank you, goodbye."),
    ]
    assert report.connected
    assert report.voice_ready
    assert report.cost_usd > 0
    assert report.frames_in > 200
    assert world.end.hung_up
    assert world.peer.closed
    starts = [line.start_ms for line in world.desk.lines]
    assert starts == sorted(starts)
    assert world.desk.lines[1].end_ms - world.desk.lines[1].start_ms == pytest.approx(
        DISCLOSURE_MS, abs=40
    )
    assert [name for name, _ in world.desk.events][:2] == ["voice_ready", "audio_connected"]


async def test_frames_go_out_every_20_ms_from_the_first_moment(world: AudioWorld) -> None:
    """Asterisk gets a frame every 20 ms, silence included, although it sends none itself."""
    async with world.open():
        from_the_first = world.clock.monotonic()
        await world.server.prepare(call_config())
        await world.connect(world.end, talk=False)
        await asyncio.sleep(1)
        times = [time for time, _ in world.end.frames]
        assert times[0] - from_the_first < 0.02
        gaps = [later - sooner for sooner, later in itertools.pairwise(times)]
        assert all(gap == pytest.approx(0.02, abs=0.001) for gap in gaps)
        assert len(times) == pytest.approx(50, abs=1)
        await world.server.finish(CALL)


async def test_silent_callee_hears_the_disclosure_after_a_while(world: AudioWorld) -> None:
    """Where nobody says hello, the AI speaks first after 2.5 s; its clock runs without frames."""
    async with world.open():
        await world.server.prepare(call_config())
        await world.server.open_voice(CALL)
        await world.connect(world.end, talk=False)
        await asyncio.sleep(2.4)
        assert world.peer.said == []
        assert world.peer.appended_bytes == pytest.approx(2.3 * 8000, abs=1600)
        await asyncio.sleep(0.3)
        assert len(world.peer.said) == 1
        await world.server.finish(CALL)


async def test_barge_in_stops_within_a_frame(world: AudioWorld) -> None:
    """When the callee speaks, the AI is silent at once and knows what was heard."""
    async with world.call():
        await world.hear_disclosure()
        answer = "one two three four five six seven eight nine ten"
        world.peer.answers.append([Speech(answer, ms=5000), Speech("never begun", ms=800)])
        await world.callee_says("Go on.", item_id="c2")
        await asyncio.sleep(2.5)
        heard_frames = len(world.end.speech()) // 160 - DISCLOSURE_MS // 20
        world.peer.caller_starts("c3")
        await asyncio.sleep(1)
        assert len(world.end.speech()) // 160 - DISCLOSURE_MS // 20 <= heard_frames + 1
        (truncated,) = world.peer.of("conversation.item.truncate")
        assert truncated["audio_end_ms"] == pytest.approx(heard_frames * 20, abs=20)
        (deleted,) = world.peer.of("conversation.item.delete")
        assert deleted["item_id"] != truncated["item_id"]
        assert world.peer.of("response.cancel") == []
        assert world.desk.said[-1] == ("ai", "one two three four five—")
        await world.server.finish(CALL)


async def test_speech_that_comes_late_is_not_played(world: AudioWorld) -> None:
    """What an interrupted answer still sends is dropped; the next answer is heard."""
    async with world.call():
        await world.hear_disclosure()
        world.peer.hold_responses = True
        world.peer.answers.append([Speech("and so on and so on", ms=400)])
        await world.callee_says("Hm?", item_id="c2")
        await asyncio.sleep(0.2)
        response = world.peer.active
        assert response is not None
        world.peer.caller_starts("c3")
        world.peer._speak(response.id, "late", Speech("late", ms=1000))
        await asyncio.sleep(0.5)
        before = len(world.end.speech())
        world.peer.hold_responses = False
        world.peer.answers.append([Speech("I see.", ms=400)])
        world.peer.caller_stops("Stop.", "c3")
        await asyncio.sleep(1)
        assert len(world.end.speech()) - before == 400 * 8
        await world.server.finish(CALL)


async def test_a_cut_disclosure_is_said_again(world: AudioWorld) -> None:
    """A disclosure that was interrupted early is said again, three times at most."""
    async with world.call():
        await world.callee_says("Hello?", item_id="c0")
        for item_id in ("c1", "c2", "c3"):
            await asyncio.sleep(0.4 * DISCLOSURE_MS / 1000)
            await world.callee_says("What?", seconds=0.5, item_id=item_id)
        await asyncio.sleep(1)
        assert len(world.peer.said) == 3
        assert world.peer.automatic
        assert all(text.endswith("—") for who, text in world.desk.said if who == "ai")
        await world.server.finish(CALL)


async def test_a_disclosure_that_was_mostly_heard_is_enough(world: AudioWorld) -> None:
    """Cut off after 60 %, the disclosure is not repeated and the callee is answered."""
    async with world.call():
        await world.callee_says("Hello?", item_id="c0")
        await asyncio.sleep(0.8 * DISCLOSURE_MS / 1000)
        world.peer.answers.append([Speech("Yes, about a cleaning.", ms=600)])
        await world.callee_says("A cleaning?", item_id="c1")
        await asyncio.sleep(1)
        assert len(world.peer.said) == 1
        assert world.desk.said[-1] == ("ai", "Yes, about a cleaning.")
        await world.server.finish(CALL)


async def test_without_an_answer_to_the_disclosure_the_ai_goes_on(world: AudioWorld) -> None:
    """When the callee says nothing to the disclosure, the AI says why it calls."""
    async with world.call():
        world.peer.answers.append([Speech("I would like to book a cleaning.", ms=900)])
        await world.hear_disclosure()
        await asyncio.sleep(3.2)
        assert world.desk.said[-1] == ("ai", "I would like to book a cleaning.")
        await world.server.finish(CALL)


async def test_a_voicemail_greeting_gets_no_disclosure(world: AudioWorld) -> None:
    """A plain greeting of a machine ends the call before anything is said to it."""
    async with world.call():
        await world.callee_says("We are closed. Please leave a message after the tone.")
        await world.ended.wait()
        await world.server.finish(CALL)
    assert world.end_command is not None
    assert world.end_command.cause is CallCause.VOICEMAIL
    assert world.peer.said == []


async def test_a_disclosure_that_never_comes_ends_the_call(world: AudioWorld) -> None:
    """Without a disclosure there is no call: after three empty answers it is given up."""
    async with world.call():
        world.peer.mute = True
        await world.ended.wait()
        await world.server.finish(CALL)
    assert world.end_command is not None
    assert world.end_command.cause is CallCause.AI_FAILED
    assert len(world.peer.said) == 3


async def test_silence_is_asked_about_once_and_then_ends_the_call(world: AudioWorld) -> None:
    """Six seconds of nothing: a question; six more: goodbye, and the cause is silence."""
    async with world.call():
        await world.hear_disclosure()
        await asyncio.sleep(2.5)  # the AI was asked to go on, and has nothing to say
        began = world.clock.monotonic()
        await world.ended.wait()
        assert 10 < world.clock.monotonic() - began < 22
        await world.server.finish(CALL)
    assert world.end_command is not None
    assert world.end_command.cause is CallCause.SILENCE
    assert ["still there" in said for said in world.peer.said] == [False, True, False]
    assert world.desk.said[-1][1].endswith("Goodbye.")


async def test_music_on_hold_is_waited_through(world: AudioWorld) -> None:
    """A line with music is not silent, however long nobody speaks."""
    async with world.call():
        await world.hear_disclosure()
        world.end.sound = LOUD
        await asyncio.sleep(60)
        assert world.end_command is None
        assert len(world.peer.said) == 1
        await world.server.finish(CALL)


async def test_the_callee_begins_the_silence_anew(world: AudioWorld) -> None:
    """Who answers the question whether they are there is asked again another time."""
    async with world.call():
        await world.hear_disclosure()
        for number in range(2):
            await asyncio.sleep(8.5)
            await world.callee_says("Yes, sorry.", item_id=f"back-{number}")
        await asyncio.sleep(0.5)
        assert sum("still there" in said for said in world.peer.said) == 2
        assert world.end_command is None
        await world.server.finish(CALL)


async def test_the_time_limit_ends_with_goodbye(world: AudioWorld) -> None:
    """At the limit the AI stops what it says, takes leave, and the call ends."""
    async with world.call(max_seconds=10.0):
        await world.hear_disclosure()
        world.peer.answers.append([Speech("a very long story " * 30, ms=60_000)])
        await world.callee_says("Tell me all.", item_id="c2")
        await world.ended.wait()
        assert 10 < world.end.frames[-1][0] - world.end.frames[0][0] < 16
        await world.server.finish(CALL)
    assert world.end_command is not None
    assert world.end_command.cause is CallCause.TIME_LIMIT
    assert world.desk.said[-2][1].endswith("—")
    assert world.desk.said[-1][1].startswith("I have to end this call now.")


async def test_last_words_take_ten_seconds_at_most(world: AudioWorld) -> None:
    """An endless goodbye does not keep the call."""
    async with world.call():
        await world.hear_disclosure()
        world.peer.answers.append(
            [
                Speech("bye " * 100, ms=60_000),
                Call("end_call", {"reason": "callee_said_goodbye", "summary": ""}),
            ]
        )
        await world.callee_says("Bye.", item_id="c2")
        began = world.clock.monotonic()
        await world.ended.wait()
        assert world.clock.monotonic() - began == pytest.approx(10, abs=0.2)
        assert world.end_command is not None
        assert world.end_command.cause is CallCause.AI_HUNG_UP
        await world.server.finish(CALL)


async def test_nothing_new_is_said_once_the_end_is_decided(world: AudioWorld) -> None:
    """An answer that begins during the last words is cancelled; a wish not to be called counts."""
    async with world.call():
        await world.hear_disclosure()
        world.peer.answers.append(
            [
                Speech("Goodbye.", ms=2000),
                Call("end_call", {"reason": "other", "summary": ""}),
                Call("send_dtmf", {"digits": "1"}, call_id="call-2"),
                Call("mark_do_not_call", {"words": "Never again."}, call_id="call-3"),
            ]
        )
        await world.callee_says("Bye.", item_id="c2")
        world.peer.hold_responses = True
        world.peer._respond(None)
        await asyncio.sleep(0.5)
        assert len(world.peer.of("response.cancel")) == 1
        world.peer.caller_starts("c3")
        await world.ended.wait()
        assert world.desk.do_not_call == ["Never again."]
        assert len(world.end.speech()) // 8 == pytest.approx(DISCLOSURE_MS + 2000, abs=40)
        await world.server.finish(CALL)


async def test_a_fax_tone_ends_the_call(world: AudioWorld) -> None:
    """The tone of a fax machine is recognised by its sound alone."""
    async with world.call():
        sound = tone(2100, seconds=0.02, rate=8000)
        world.end.sound = sound
        await world.ended.wait()
        await world.server.finish(CALL)
    assert world.end_command is not None
    assert world.end_command.cause is CallCause.FAX
    assert world.clock.monotonic() < 2
