"""What the AI, the user and the callee's keys do in a call, in virtual time."""

import asyncio
from pathlib import Path

import pytest

from opendeep.audio_processing_service import audiosocket_protocol as wire
from opendeep.common.clock import LoopClock
from opendeep.common.errors import InvalidInputError, NotFoundError, UnavailableError
from opendeep.common.messages import (
    AudioChunk,
    GiveAnswer,
    GiveHint,
    SendDtmf,
    call_audio,
    voice_commands,
)
from tests.calls.audio_world import CALL, LOUD, AudioWorld
from tests.calls.realtime_peer import Call, Failure, Part, Speech


@pytest.fixture
def world(story_clock: LoopClock) -> AudioWorld:
    """Return a world that is not open yet."""
    return AudioWorld(story_clock)


async def use(world: AudioWorld, *parts: Part) -> None:
    """Get through the opening and let the AI answer the callee's next words like this."""
    await world.hear_disclosure()
    world.peer.answers.append(list(parts))
    await world.callee_says("Well.", item_id="well")
    await asyncio.sleep(0.2)


async def test_keys_are_sent_and_noted(world: AudioWorld) -> None:
    """The AI's keys go to the attempt handler; then it listens and says nothing."""
    async with world.call():
        await use(world, Call("send_dtmf", {"digits": "1w2345678#9"}))
        assert world.keys == "1w2345678#9"
        assert world.peer.outputs == [{"status": "sent"}]
        assert len(world.peer.of("response.create")) == 1
        assert world.desk.said[-1] == ("system", "The AI pressed 1w2345678#9.")
        await world.server.finish(CALL)


@pytest.mark.parametrize("spoke", [True, False])
async def test_facts_are_noted(world: AudioWorld, *, spoke: bool) -> None:
    """A fact is stored; the AI goes on by itself only if it said nothing with it."""
    async with world.call():
        call = Call("note_fact", {"name": "price", "value": "90 dollars"})
        await use(world, *([Speech("I see.", ms=300)] if spoke else []), call)
        assert world.desk.facts == {"price": "90 dollars"}
        assert world.peer.outputs == [{"status": "noted"}]
        assert len(world.peer.of("response.create")) == (1 if spoke else 2)
        await world.server.finish(CALL)


async def test_do_not_call(world: AudioWorld) -> None:
    """The callee's wish is stored with their words, and the AI apologises."""
    async with world.call():
        await use(world, Call("mark_do_not_call", {"words": "Never call me again!"}))
        assert world.desk.do_not_call == ["Never call me again!"]
        assert world.peer.outputs == [{"status": "done"}]
        await world.server.finish(CALL)


@pytest.mark.parametrize(
    ("answer", "output"),
    [
        ("Take it.", {"status": "answered", "answer": "Take it."}),
        (None, {"status": "no_answer"}),
    ],
)
async def test_the_user_is_asked(
    world: AudioWorld, answer: str | None, output: dict[str, str]
) -> None:
    """The callee is told to hold, silence is allowed, and the answer goes back into the talk."""
    async with world.call():
        call = Call("request_user_feedback", {"question": "Monday?", "options": ["yes"]}, "q1")
        await use(world, call)
        assert world.desk.questions == [("q1", "Monday?", ["yes"])]
        assert "One moment" in world.peer.said[-1]
        await asyncio.sleep(40)
        assert world.end_command is None
        assert [said for said in world.peer.said if "still checking" in said][1:]
        command = GiveAnswer(tool_call_id="q1", answer=answer)
        await world.bus.command(voice_commands(CALL), command)
        await world.bus.command(voice_commands(CALL), command)
        await asyncio.sleep(0.1)
        assert world.peer.outputs == [output]
        await world.server.finish(CALL)


async def test_a_question_that_cannot_be_asked(world: AudioWorld) -> None:
    """Where the desk refuses a question, the AI hears at once that there is no answer."""
    async with world.call():
        world.desk.busy_with_a_question = True
        speech = Speech("One moment.", ms=300)
        await use(world, speech, Call("request_user_feedback", {"question": "Monday?"}))
        assert world.peer.outputs[0]["status"] == "no_answer"
        assert len(world.peer.said) == 1
        await world.server.finish(CALL)


async def test_wrong_function_calls_are_answered(world: AudioWorld) -> None:
    """What the AI gets wrong it is told; nothing happens."""
    async with world.call():
        await use(
            world,
            Call("send_dtmf", {"digits": "one"}, "a"),
            Call("fly", "{}", "b"),
            Call("note_fact", "{", "c"),
        )
        assert [output["status"] for output in world.peer.outputs] == ["invalid"] * 3
        assert world.keys == ""
        await world.server.finish(CALL)


async def test_a_tool_that_fails_is_answered(world: AudioWorld) -> None:
    """When rows cannot be written the AI learns that the tool failed."""
    async with world.call():
        await world.hear_disclosure()
        await asyncio.sleep(0.1)
        world.desk.mark_do_not_call = _unavailable  # type: ignore[method-assign]
        world.peer.answers.append([Call("mark_do_not_call", {"words": "Stop."})])
        await world.callee_says("Stop.", item_id="stop")
        await asyncio.sleep(0.1)
        assert world.peer.outputs[0]["status"] == "failed"
        await world.server.finish(CALL)


async def _unavailable(*_: object, **_named: object) -> None:
    raise UnavailableError("The database is away.")


async def test_hints_reach_the_ai(world: AudioWorld) -> None:
    """What the user types becomes part of the talk and of the transcript."""
    async with world.call():
        await world.hear_disclosure()
        await world.bus.command(voice_commands(CALL), GiveHint(text="Ask for Friday."))
        await asyncio.sleep(0.1)
        item = world.peer.of("conversation.item.create")[-1]["item"]
        assert item["role"] == "system"
        assert "Ask for Friday." in item["content"][0]["text"]
        assert world.desk.said[-1] == ("system", "The user said to the AI: Ask for Friday.")
        with pytest.raises(InvalidInputError):
            await world.bus.command(voice_commands(CALL), SendDtmf(digits="1"))
        await world.server.finish(CALL)


async def test_keys_of_the_callee(world: AudioWorld) -> None:
    """A key that the callee presses is in the transcript."""
    async with world.call():
        await asyncio.sleep(0.5)
        world.end.write(wire.dtmf("5"))
        await asyncio.sleep(0.1)
        assert world.desk.said == [("system", "The callee pressed 5.")]
        await world.server.finish(CALL)


async def test_listening_in(world: AudioWorld) -> None:
    """Both sides are published while somebody listens, and only then."""
    async with world.call():
        await world.hear_disclosure()
        world.end.sound = LOUD
        async with world.bus.subscribe(call_audio(CALL)) as chunks:
            await asyncio.sleep(3)
            sides: dict[str, bytes] = {"callee": b"", "ai": b""}
            count = len(chunks._messages)  # type: ignore[attr-defined]
            for _ in range(count):
                chunk = await chunks.get()
                assert isinstance(chunk, AudioChunk)
                sides[chunk.side] += chunk.mulaw
        assert len(sides["callee"]) == len(sides["ai"]) >= 1.8 * 8000
        assert set(sides["callee"]) == {0xA0}
        await world.server.finish(CALL)


async def test_recording(world: AudioWorld) -> None:
    """The recording holds both sides as they were played, from the answer on."""
    async with world.call(recording_path=Path("a.wav")):
        await world.hear_disclosure()
        report = await world.server.finish(CALL)
    (tape,) = world.recorders
    assert tape.started
    assert report.recording_path == Path("a.wav")
    spoken = bytes(code for code in tape.ai if code != 0xFF)
    assert spoken == world.end.speech()
    assert len(tape.ai) == report.frames_out * 160


async def test_a_failed_answer_is_asked_for_again(world: AudioWorld) -> None:
    """After a failure of the provider the AI is asked again, a second later."""
    async with world.call():
        await world.hear_disclosure()
        world.peer.answers.extend([[Failure("rate_limit_exceeded")], [Speech("Sorry?", ms=300)]])
        await world.callee_says("Well.", item_id="well")
        await asyncio.sleep(0.5)
        assert len(world.peer.of("response.create")) == 1
        await asyncio.sleep(2)
        assert world.desk.said[-1] == ("ai", "Sorry?")
        await world.server.finish(CALL)


async def test_an_ai_that_keeps_failing_ends_the_call(world: AudioWorld) -> None:
    """Three failed answers in a row end the call as failed by the AI."""
    async with world.call():
        await world.hear_disclosure()
        world.peer.answers.extend([[Failure()]] * 3)
        await world.callee_says("Well.", item_id="well")
        await world.ended.wait()
        assert world.end_command is not None
        assert world.end_command.cause.value == "ai_failed"
        await world.server.finish(CALL)


async def test_lines_survive_a_database_that_is_away(world: AudioWorld) -> None:
    """A line that cannot be stored is tried until it is, in order; one refused is dropped."""
    async with world.call():
        await asyncio.sleep(0.2)
        world.desk.errors = [UnavailableError("away"), UnavailableError("away")]
        await world.callee_says("Hello?", item_id="c0")
        await asyncio.sleep(1)
        assert world.desk.said == [("callee", "Hello?")]
        world.desk.errors = [NotFoundError("call", CALL)]
        world.end.write(wire.dtmf("5") + wire.dtmf("6"))
        await asyncio.sleep(0.2)
        assert world.desk.said[-1] == ("system", "The callee pressed 6.")
        world.desk.errors = [UnavailableError("away")] * 5
        world.end.write(wire.dtmf("7") + wire.dtmf("8"))
        await asyncio.sleep(5)
        assert ("system", "The callee pressed 7.") not in world.desk.said
        await asyncio.sleep(5)
        seven, eight = [
            world.desk.said.index(("system", f"The callee pressed {key}.")) for key in "78"
        ]
        assert seven < eight
        await world.server.finish(CALL)
