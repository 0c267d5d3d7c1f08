"""The port to the voice AI: one suite over every implementation, each against a peer of its own."""

import asyncio
import gc
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest

from opendeep.audio_processing_service import pcm, voice_agent
from opendeep.audio_processing_service.call_tools import TOOLS
from opendeep.audio_processing_service.playout import Heard
from opendeep.audio_processing_service.voice_keeper import KeptVoice
from opendeep.common.errors import VoiceUnavailableError
from tests.contract.voice_ends import CascadeEnd, FarEnd, GeminiEnd, OpenAIEnd

HISTORY = (
    voice_agent.PastTurn(speaker=voice_agent.PastSpeaker.AGENT, text="Hello, this is an AI."),
    voice_agent.PastTurn(speaker=voice_agent.PastSpeaker.CALLEE, text="What do you want?"),
    voice_agent.PastTurn(speaker=voice_agent.PastSpeaker.NOTE, text="The callee pressed 2."),
)


@dataclass
class Bench:
    """A voice, the provider behind it, and what it told."""

    end: FarEnd
    voice: voice_agent.VoiceAgent
    told: list[voice_agent.VoiceEvent] = field(default_factory=list)
    hook: Callable[[voice_agent.VoiceEvent], None] = lambda _event: None

    def listen(self, event: voice_agent.VoiceEvent) -> None:
        """Keep an event."""
        self.told.append(event)
        self.hook(event)

    async def start(self, **fields: object) -> "Bench":
        """Start a session."""
        config = voice_agent.VoiceConfig(instructions="Be kind.", tools=TOOLS, **fields)  # type: ignore[arg-type]
        await self.voice.start(config, self.listen)
        return self

    async def settle(self) -> None:
        """Let what was sent arrive."""
        for _ in range(80):
            await asyncio.sleep(0)

    def of(self, kind: type) -> list[voice_agent.VoiceEvent]:
        """Return the events of one type."""
        return [event for event in self.told if isinstance(event, kind)]

    def spoken(self) -> str:
        """Return the final texts of what the AI said."""
        finals = [e for e in self.told if isinstance(e, voice_agent.AgentTranscript) and e.final]
        return " ".join(event.text for event in finals)


def _openai() -> Bench:
    end = OpenAIEnd()
    return Bench(end, end.make())


def _gemini() -> Bench:
    end = GeminiEnd()
    return Bench(end, end.make())


def _cascade() -> Bench:
    end = CascadeEnd()
    return Bench(end, end.make())


def _kept_openai() -> Bench:
    end = OpenAIEnd()
    return Bench(end, KeptVoice(end.make, tuple, bool))


def _kept_gemini() -> Bench:
    end = GeminiEnd()
    return Bench(end, KeptVoice(end.make, tuple, bool))


IMPLEMENTATIONS: dict[str, Callable[[], Bench]] = {
    "openai": _openai,
    "gemini": _gemini,
    "cascade": _cascade,
    "kept-openai": _kept_openai,
    "kept-gemini": _kept_gemini,
}


@pytest.fixture(params=IMPLEMENTATIONS)
async def bench(request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    """Return a voice that was not started; nothing is open at the end."""
    bench = IMPLEMENTATIONS[request.param]()
    yield bench
    await bench.voice.close()
    assert bench.end.open == 0


async def test_nothing_is_said_before_it_is_wanted(bench: Bench) -> None:
    """A session is silent at first, also when the callee speaks; their words are told."""
    await bench.start()
    bench.end.caller_said("Hello?")
    await bench.settle()
    assert [e.text for e in bench.told if isinstance(e, voice_agent.CallerTranscript)] == ["Hello?"]
    assert not bench.of(voice_agent.AgentAudio)
    assert not bench.of(voice_agent.ResponseStarted)


async def test_fixed_words(bench: Bench) -> None:
    """Fixed words are told as one answer with their tag: begin, speech, text, end, in order."""
    await bench.start()
    bench.voice.say("Hello, this is an AI.", tag="disclosure-1")
    await bench.settle()
    kinds = [type(event) for event in bench.told]
    assert bench.spoken() == "Hello, this is an AI."
    assert kinds.index(voice_agent.ResponseStarted) < kinds.index(voice_agent.AgentAudio)
    assert kinds.index(voice_agent.AgentAudio) < kinds.index(voice_agent.AgentAudioDone)
    (began,), (ended,) = bench.of(voice_agent.ResponseStarted), bench.of(voice_agent.ResponseEnded)
    assert isinstance(began, voice_agent.ResponseStarted)
    assert isinstance(ended, voice_agent.ResponseEnded)
    assert (began.tag, ended.tag, ended.status) == ("disclosure-1", "disclosure-1", "completed")
    audio = [e for e in bench.told if isinstance(e, voice_agent.AgentAudio)]
    assert {piece.response_id for piece in audio} == {began.response_id}
    assert sum(piece.received_ms for piece in audio) == pytest.approx(60 * 21)
    assert sum(len(piece.mulaw) for piece in audio) == pytest.approx(8 * 60 * 21, abs=80)


async def test_two_wishes(bench: Bench) -> None:
    """One answer at a time, in the order of the wishes."""
    await bench.start()
    bench.voice.say("One.", tag="one")
    bench.voice.say("Two.", tag="two")
    await bench.settle()
    await bench.settle()
    tags = [e.tag for e in bench.told if isinstance(e, voice_agent.ResponseEnded)]
    assert tags == ["one", "two"]
    assert bench.spoken() == "One. Two."


async def test_turns_are_answered(bench: Bench) -> None:
    """Once that is switched on, the callee's turns are answered without being asked to."""
    await bench.start()
    bench.voice.answer_turns(automatic=True)
    bench.end.says("Gladly.")
    bench.end.caller_said("Can you repeat that?")
    await bench.settle()
    assert bench.spoken() == "Gladly."
    assert bench.of(voice_agent.CallerSpeechStarted)
    assert bench.of(voice_agent.CallerSpeechStopped)


async def test_a_wish_for_an_answer(bench: Bench) -> None:
    """Notes reach the AI; only a wish makes it speak."""
    await bench.start()
    bench.voice.note("The callee pressed 5.", respond=False)
    await bench.settle()
    assert not bench.of(voice_agent.ResponseStarted)
    bench.end.says("I see.")
    bench.voice.respond()
    await bench.settle()
    assert bench.spoken() == "I see."
    bench.voice.hint("Ask for Tuesday.")
    await bench.settle()
    assert "The callee pressed 5." in bench.end.texts
    assert "Ask for Tuesday." in bench.end.texts
    assert len(bench.of(voice_agent.ResponseEnded)) == 2


async def test_a_function_is_called_once(bench: Bench) -> None:
    """A call is told once, its result goes back, and the AI goes on where that is wanted."""
    await bench.start()
    bench.voice.answer_turns(automatic=True)
    bench.end.calls("note_fact", {"name": "day", "value": "Tuesday"})
    bench.end.caller_said("Tuesday is fine.")
    await bench.settle()
    (call,) = bench.of(voice_agent.ToolRequested)
    assert isinstance(call, voice_agent.ToolRequested)
    assert (call.name, json.loads(call.arguments)["value"]) == ("note_fact", "Tuesday")
    bench.end.says("Noted.")
    bench.voice.tool_result(call.tool_call_id, {"status": "noted-7"}, respond=True)
    await bench.settle()
    assert "noted-7" in bench.end.texts
    assert bench.spoken() == "Noted."


async def test_an_interrupted_answer(bench: Bench) -> None:
    """After an interruption nothing more of that answer is told; the next one is."""

    def interrupt(event: voice_agent.VoiceEvent) -> None:
        if isinstance(event, voice_agent.AgentAudio) and len(bench.of(type(event))) == 2:
            part = Heard(item_id=event.item_id, content_index=0, heard_ms=100, received_ms=400)
            bench.voice.interrupt([part], cancel=False)

    bench.hook = interrupt
    await bench.start()
    bench.voice.say("A long sentence that is cut off.", tag="long")
    await bench.settle()
    assert len(bench.of(voice_agent.AgentAudio)) == 2
    bench.voice.say("Next.", tag="next")
    await bench.settle()
    await bench.settle()
    assert bench.spoken() == "Next."


async def test_caller_audio_is_gapless(bench: Bench) -> None:
    """All of the caller's audio arrives, in the provider's own format."""
    await bench.start()
    for _ in range(50):
        bench.voice.send_caller_audio(pcm.MULAW_SILENCE_FRAME)
    assert bench.end.heard_ms == pytest.approx(1000, abs=30)


async def test_a_conversation_is_taken_over(bench: Bench) -> None:
    """A session that is told what was said before does not speak of its own accord."""
    await bench.start(history=HISTORY)
    await bench.settle()
    for turn in HISTORY:
        assert turn.text in bench.end.texts
    assert not bench.of(voice_agent.ResponseStarted)


async def test_the_provider_goes_away(bench: Bench) -> None:
    """A lost connection is told once, and what follows does nothing."""
    await bench.start()
    bench.end.drop()
    bench.voice.say("Hello?", tag="late")
    bench.voice.send_caller_audio(pcm.MULAW_SILENCE_FRAME)
    bench.voice.interrupt([], cancel=True)
    await bench.settle()
    lost = bench.of(voice_agent.VoiceFailed) + bench.of(voice_agent.VoiceLost)
    assert len(lost) == 1


async def test_a_provider_that_is_never_ready() -> None:
    """A session that is not confirmed in time is unavailable, and nothing stays open."""
    for end in (OpenAIEnd(ready_seconds=0.1), GeminiEnd(ready_seconds=0.1)):
        bench = Bench(end, end.make())
        end.mute()
        with pytest.raises(VoiceUnavailableError):
            await bench.start()
        assert bench.end.open == 0


@pytest.mark.parametrize("steps", range(8))
async def test_cancelled_at_each_step(bench: Bench, steps: int) -> None:
    """Wherever a start is cut off, nothing stays open."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(bench.start())
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()


async def test_usage_is_counted(bench: Bench) -> None:
    """Tokens are counted by kind, over all answers."""
    await bench.start()
    bench.voice.say("One.", tag="one")
    await bench.settle()
    once = bench.voice.usage().tokens
    bench.voice.say("Two.", tag="two")
    await bench.settle()
    assert bench.voice.usage().tokens == {kind: 2 * count for kind, count in once.items()}
    assert bool(once) is not isinstance(bench.end, CascadeEnd)


async def test_a_closed_voice_keeps_nothing(bench: Bench) -> None:
    """After its end a voice may be closed again, and does nothing."""
    await bench.start()
    await bench.voice.close()
    await bench.voice.close()
    bench.voice.respond()
    bench.voice.answer_turns(automatic=True)
    gc.collect()
    assert bench.end.open == 0
