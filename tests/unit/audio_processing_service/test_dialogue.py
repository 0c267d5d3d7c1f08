"""The dialogue's corners; its main roads are in ``tests/calls/test_audio_*.py``."""

from collections.abc import Sequence
from typing import Any

import pytest

from opendeep.audio_processing_service import voice_agent
from opendeep.audio_processing_service.call_sound import CallSound
from opendeep.audio_processing_service.dialogue import Dialogue
from opendeep.audio_processing_service.playout import Heard
from opendeep.common.data_models import CallCause
from opendeep.common.ports import MenuStep, SpokenLine
from tests.calls.audio_world import DISCLOSURE, call_config


class Host:
    """Does nothing and remembers it."""

    def __init__(self) -> None:
        self.ms = 0
        self.lines: list[str] = []
        self.events: list[str] = []
        self.tools: list[tuple[str, bool]] = []
        self.ends: list[CallCause] = []

    def now_ms(self) -> int:
        """Return the time that was set."""
        return self.ms

    def store(self, line: SpokenLine) -> None:
        """Keep a line's text."""
        self.lines.append(line.text)

    def log_event(self, name: str, **_detail: object) -> None:
        """Keep an event's name."""
        self.events.append(name)

    def run_tool(self, request: voice_agent.ToolRequested, *, spoke: bool) -> None:
        """Keep a tool's name."""
        self.tools.append((request.name, spoke))

    def press_keys(self, keys: str) -> None:
        """Keep them."""
        self.events.append(f"pressed {keys}")

    def learn_menu(self, steps: Sequence[MenuStep]) -> None:
        """Keep the keys."""
        self.events.append(f"learned {[step.keys for step in steps]}")

    def opted_out(self, words: str) -> None:
        """Keep the callee's words."""
        self.events.append(f"opted out: {words}")

    def asking_user(self) -> bool:
        """No question is open."""
        return False

    def request_end(self, cause: CallCause, reason: str) -> None:
        """Keep the cause."""
        assert reason
        self.ends.append(cause)


class Voice:
    """A voice session that only remembers what it was told."""

    def __init__(self) -> None:
        self.did: list[str] = []
        self.owed = False
        self.lost = False
        self.progress = 0
        self.sounds = 0
        self.resume_handle: str | None = None

    @property
    def capabilities(self) -> voice_agent.VoiceCapabilities:
        """It can do what the port knows."""
        return voice_agent.VoiceCapabilities()

    async def start(
        self, config: voice_agent.VoiceConfig, listener: voice_agent.VoiceListener
    ) -> None:
        """It is always ready."""

    def send_caller_audio(self, mulaw: bytes) -> None:
        """It hears nothing."""

    def answer_turns(self, *, automatic: bool) -> None:
        """Note it."""
        self.did.append(f"automatic {automatic}")

    def say(self, text: str, *, tag: str) -> None:
        """Note it."""
        self.did.append(f"say {tag}: {text}")

    def respond(self) -> None:
        """Note it."""
        self.did.append("respond")

    def hint(self, text: str) -> None:
        """Note it."""
        self.did.append(f"hint {text}")

    def note(self, text: str, *, respond: bool) -> None:
        """Note it."""
        self.did.append(f"note {text} {respond}")

    def tool_result(self, tool_call_id: str, output: dict[str, Any], *, respond: bool) -> None:
        """Note it."""
        self.did.append(f"result {tool_call_id} {output} {respond}")

    def interrupt(self, heard: Sequence[Heard], *, cancel: bool) -> None:
        """Note it."""
        self.did.append(f"interrupt {[part.heard_ms for part in heard]} {cancel}")

    def ask_again(self) -> None:
        """Note it."""
        self.did.append("ask again")

    def probe(self) -> None:
        """Note it."""
        self.did.append("probe")

    def renew(self, reason: str) -> None:
        """Note it."""
        assert reason
        self.did.append("renew")

    def usage(self) -> voice_agent.VoiceUsage:
        """It costs nothing."""
        return voice_agent.VoiceUsage()

    async def close(self) -> None:
        """Nothing is held."""


class Bench:
    """A dialogue between a host and a voice that remember."""

    def __init__(self) -> None:
        self.host = Host()
        self.voice = Voice()
        self.sound = CallSound(None)
        self.talk = Dialogue(call_config(max_seconds=60.0), self.sound, self.host)

    def with_voice(self) -> "Bench":
        """Make the voice ready."""
        self.talk.voice_ready(self.voice, 0)
        return self

    def begin(self, response_id: str, tag: str | None = None) -> None:
        """Let an answer begin."""
        self.talk.on_voice_event(voice_agent.ResponseStarted(response_id=response_id, tag=tag))

    def speak(self, response_id: str, ms: int, item_id: str = "i") -> None:
        """Let the AI send speech."""
        self.talk.on_voice_event(
            voice_agent.AgentAudio(
                response_id=response_id,
                item_id=item_id,
                content_index=0,
                mulaw=b"\x80" * 8 * ms,
                received_ms=ms,
            )
        )

    def finish(self, response_id: str, status: str = "completed", tag: str | None = None) -> None:
        """Let an answer end."""
        self.talk.on_voice_event(
            voice_agent.ResponseEnded(response_id=response_id, status=status, tag=tag)
        )

    def play(self, ms: int) -> None:
        """Play for so long, with a look at the time every 100 ms."""
        for _ in range(ms // 20):
            self.host.ms += 20
            self.sound.tick(0)
            self.talk.frame_played()
            if self.host.ms % 100 == 0:
                self.talk.tick()


def test_without_a_voice_nothing_can_be_said() -> None:
    """Hints are noted, results and holding are dropped, a goodbye ends the call at once."""
    bench = Bench()
    bench.talk.hint("Be quick.")
    bench.talk.tool_result("c", {}, respond=True)
    bench.talk.ask_to_hold()
    bench.talk.end_when_played(CallCause.COMPLETED, "x")
    assert bench.host.lines == ["The user said to the AI: Be quick."]
    other = Bench()
    other.talk.say_goodbye(CallCause.SILENCE, "Bye.")
    assert other.host.ends == [CallCause.SILENCE]


def test_the_end_is_told_once_with_the_first_cause() -> None:
    """What comes after the first cause changes nothing."""
    bench = Bench().with_voice()
    bench.talk.end_when_played(CallCause.COMPLETED, "done")
    bench.talk.end_when_played(CallCause.FAX, "fax")
    bench.talk.say_goodbye(CallCause.SILENCE, "Bye.")
    bench.talk.hint("Wait!")
    bench.talk.tool_result("c", {}, respond=True)
    bench.talk.end(CallCause.AI_FAILED, "failed")
    bench.talk.end(CallCause.AI_FAILED, "failed")
    assert bench.host.ends == [CallCause.COMPLETED]
    assert bench.voice.did == ["automatic False", "result c {} False"]


def test_tools_after_the_end_was_decided() -> None:
    """Only what must never be lost is still carried out."""
    bench = Bench().with_voice()
    bench.talk.end_when_played(CallCause.COMPLETED, "done")
    for name in ("send_dtmf", "mark_do_not_call", "note_fact", "end_call"):
        bench.talk.on_voice_event(
            voice_agent.ToolRequested(response_id="r", tool_call_id=name, name=name, arguments="{}")
        )
    assert bench.host.tools == [("mark_do_not_call", False), ("note_fact", False)]


def test_a_tool_knows_whether_the_same_answer_spoke() -> None:
    """Speech of the same answer counts, that of another does not."""
    bench = Bench().with_voice()
    bench.begin("r1")
    bench.speak("r1", 20)
    for response_id in ("r1", "r0"):
        bench.talk.on_voice_event(
            voice_agent.ToolRequested(
                response_id=response_id, tool_call_id="c", name="note_fact", arguments="{}"
            )
        )
    assert bench.host.tools == [("note_fact", True), ("note_fact", False)]


def test_a_queue_that_is_full_drops_speech() -> None:
    """More than five minutes of waiting speech are not kept."""
    bench = Bench().with_voice()
    bench.begin("r1")
    bench.speak("r1", 300_000)
    bench.speak("r1", 20)
    assert bench.sound.playout.queued_bytes == 300_000 * 8


def test_ends_of_other_answers_change_nothing() -> None:
    """An end of an answer that nobody saw begin leaves the present one in the making."""
    bench = Bench().with_voice()
    bench.begin("r1")
    bench.finish("unseen")
    bench.talk.line_closed()
    assert bench.voice.did[0] == "interrupt [] True"


def test_a_failed_fixed_sentence_is_not_repeated_as_an_answer() -> None:
    """When a sentence of ours fails, the AI is not asked to answer instead."""
    bench = Bench().with_voice()
    bench.begin("r1", "still-there")
    bench.finish("r1", "failed", "still-there")
    bench.play(1500)
    assert "respond" not in bench.voice.did


def test_an_old_disclosure_does_not_count_for_a_new_one() -> None:
    """What ends late of an earlier try leaves the present try alone."""
    bench = Bench().with_voice()
    bench.play(2500)
    assert bench.voice.did == [f"say disclosure-1: {DISCLOSURE}"]
    bench.begin("r1", "disclosure-1")
    bench.finish("r1", "cancelled", "disclosure-1")
    bench.play(1300)
    assert bench.voice.did[1] == f"say disclosure-2: {DISCLOSURE}"
    bench.finish("r1", "cancelled", "disclosure-1")
    bench.begin("r2", "disclosure-2")
    bench.speak("r2", 2000)
    bench.talk.on_voice_event(
        voice_agent.AgentAudioDone(response_id="r2", item_id="i", content_index=0)
    )
    bench.finish("r2", "completed", "disclosure-2")
    bench.play(2100)
    assert bench.voice.did[2:] == ["automatic True"]
    assert bench.host.events == ["disclosure_said", "disclosure_heard"]


def test_a_disclosure_that_ends_while_the_call_ends() -> None:
    """Once the end is decided, the AI is not let loose any more."""
    bench = Bench().with_voice()
    bench.play(2500)
    bench.begin("r1", "disclosure-1")
    bench.speak("r1", 1000)
    bench.talk.on_voice_event(
        voice_agent.AgentAudioDone(response_id="r1", item_id="i", content_index=0)
    )
    bench.finish("r1", "completed", "disclosure-1")
    bench.talk.end_when_played(CallCause.USER_HUNG_UP, "stop")
    bench.play(1000)
    assert "automatic True" not in bench.voice.did


def test_an_unheard_disclosure_does_not_count_twice() -> None:
    """A disclosure that was cut before its first sound is one try, not two."""
    bench = Bench().with_voice()
    bench.play(2500)
    bench.begin("r1", "disclosure-1")
    bench.talk.on_voice_event(voice_agent.CallerSpeechStarted(item_id="c", at_ms=2500))
    bench.finish("r1", "cancelled", "disclosure-1")
    bench.talk.on_voice_event(voice_agent.CallerSpeechStopped(item_id="c", at_ms=2500))
    bench.play(1300)
    assert [did for did in bench.voice.did if did.startswith("say")] == [
        f"say disclosure-1: {DISCLOSURE}",
        f"say disclosure-2: {DISCLOSURE}",
    ]


@pytest.mark.parametrize("speaks", [True, False])
def test_what_is_still_awaited(*, speaks: bool) -> None:
    """A turn that is open, or whose text is missing, is worth waiting for."""
    bench = Bench()
    assert not bench.talk.awaits_callee
    bench.with_voice()
    bench.talk.on_voice_event(voice_agent.CallerSpeechStarted(item_id="c", at_ms=0))
    if not speaks:
        bench.talk.on_voice_event(voice_agent.CallerSpeechStopped(item_id="c", at_ms=0))
    assert bench.talk.awaits_callee


def test_the_last_lines_come_at_the_close() -> None:
    """A line whose text was never finished is kept at the end of the call."""
    bench = Bench().with_voice()
    bench.begin("r1")
    bench.speak("r1", 100)
    bench.talk.on_voice_event(
        voice_agent.AgentTranscript(item_id="i", content_index=0, text="Hello", final=False)
    )
    bench.talk.on_voice_event(
        voice_agent.AgentAudioDone(response_id="r1", item_id="i", content_index=0)
    )
    bench.play(120)
    assert bench.host.lines == []
    bench.talk.close()
    assert bench.host.lines == ["Hello"]


def test_nothing_is_taken_after_the_close() -> None:
    """What a voice session still tells after the close reaches nobody, whoever is gone by then."""
    bench = Bench().with_voice()
    bench.talk.close()
    events = list(bench.host.events)
    bench.begin("r1")
    bench.speak("r1", 100)
    bench.talk.on_voice_event(voice_agent.CallerTranscript(item_id="i", text="Hello?"))
    assert bench.sound.playout.queued_bytes == 0
    assert (bench.host.lines, bench.host.events) == ([], events)
