"""What server events mean for a call."""

import base64
import json
from typing import Any

import pytest

from opendeep.audio_processing_service import realtime_cost, voice_agent
from opendeep.audio_processing_service.playout import Heard
from opendeep.audio_processing_service.realtime_events import ErrorDetail
from opendeep.audio_processing_service.realtime_session import (
    ErrorClass,
    RealtimeSession,
    error_class,
)
from opendeep.common.errors import WireProtocolError
from tests.calls.realtime_peer import server_event


class Bench:
    """A session between a list of what it sent and a list of what it told."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.told: list[voice_agent.VoiceEvent] = []
        self.meter = realtime_cost.CostMeter(realtime_cost.FREE)
        self.session = RealtimeSession(
            lambda message: self.sent.append(json.loads(message)),
            self.told.append,
            self.meter,
            lambda: 1000.0,
        )

    def get(self, kind: str, **fields: Any) -> None:
        """Let the session receive an event."""
        self.session.receive(server_event(kind, **fields))

    def ready(self, output_format: str = "audio/pcmu") -> "Bench":
        """Confirm the session with this format."""
        output = {"format": {"type": output_format}}
        self.get("session.updated", session={"type": "realtime", "audio": {"output": output}})
        return self

    def begin(self, response_id: str = "r1", **fields: Any) -> None:
        """Begin an answer."""
        self.get("response.created", response={"id": response_id, **fields})

    def done(self, response_id: str = "r1", status: str = "completed", **fields: Any) -> None:
        """End an answer."""
        self.get("response.done", response={"id": response_id, "status": status, **fields})

    def audio(self, audio: bytes, response_id: str = "r1", item_id: str = "i1") -> None:
        """Send speech."""
        delta = base64.b64encode(audio).decode()
        self.get("response.output_audio.delta", **ids(response_id, item_id), delta=delta)

    def types(self) -> list[str]:
        """Names of the events that were told."""
        return [type(event).__name__ for event in self.told]


def ids(response_id: str = "r1", item_id: str = "i1") -> dict[str, Any]:
    """Return the ids that content events carry."""
    return {
        "response_id": response_id,
        "item_id": item_id,
        "output_index": 0,
        "content_index": 0,
    }


def test_mulaw_passes_through() -> None:
    """µ-law of the present answer is told as it came, with its length by the provider's bytes."""
    bench = Bench().ready()
    bench.begin()
    bench.audio(b"\x80" * 80)
    assert bench.told[-1] == voice_agent.AgentAudio(
        response_id="r1", item_id="i1", content_index=0, mulaw=b"\x80" * 80, received_ms=10
    )
    bench.get("response.output_audio.done", **ids())
    bench.get("response.output_audio.done", **ids())
    assert bench.types().count("AgentAudioDone") == 1


def test_the_decoder_follows_the_server() -> None:
    """24 kHz is resampled when the server says that it sends it; lengths stay the provider's."""
    bench = Bench().ready("audio/pcm")
    bench.begin()
    bench.audio(bytes(48 * 200))
    bench.done()
    pieces = [event for event in bench.told if isinstance(event, voice_agent.AgentAudio)]
    assert sum(len(piece.mulaw) for piece in pieces) == 8 * 200
    assert sum(piece.received_ms for piece in pieces) == 200
    assert bench.types()[-2:] == ["AgentAudioDone", "ResponseEnded"]


def test_a_response_may_change_the_format() -> None:
    """The format that a response names counts for its audio; a new part begins a new stream."""
    bench = Bench().ready()
    bench.begin(audio={"output": {"format": {"type": "audio/pcm", "rate": 24_000}}})
    bench.audio(bytes(480), item_id="i1")
    bench.audio(bytes(480), item_id="i2")
    bench.get("response.output_audio.done", **ids(item_id="i1"))
    bench.done()
    assert [event.received_ms for event in bench.told if isinstance(event, voice_agent.AgentAudio)][
        :2
    ] == [10, 10]
    assert bench.types().count("AgentAudioDone") == 2


def test_a_format_that_cannot_be_played() -> None:
    """An unknown format ends the session instead of giving noise."""
    with pytest.raises(WireProtocolError, match="audio/opus"):
        Bench().session.receive(
            b'{"type":"session.updated","session":'
            b'{"audio":{"output":{"format":{"type":"audio/opus"}}}}}'
        )


def test_a_session_that_does_not_tell_its_format() -> None:
    """Silence about the format means what was asked for."""
    bench = Bench()
    bench.get("session.updated", session={"type": "realtime"})
    assert bench.session.ready
    assert bench.session.encoder.format == "audio/pcmu"


def test_audio_of_unknown_answers_is_never_told() -> None:
    """Speech of an answer that nobody saw begin is not for the phone."""
    bench = Bench().ready()
    bench.audio(b"\x80" * 8, response_id="stranger")
    bench.get("response.output_audio_transcript.done", **ids("stranger"), transcript="x")
    bench.begin()
    bench.audio(b"\x80" * 8, response_id="stranger")
    assert bench.types() == ["ResponseStarted"]


def test_an_interrupted_answer_stays_silent() -> None:
    """After an interruption late speech, texts and ends of that answer are dropped."""
    bench = Bench().ready()
    bench.begin()
    bench.audio(b"\x80" * 800)
    heard = [
        Heard(item_id="i1", content_index=0, heard_ms=60, received_ms=100, complete=False),
        Heard(item_id="i2", content_index=0, heard_ms=0, received_ms=50),
    ]
    bench.session.interrupt(heard, cancel=False)
    bench.session.interrupt([], cancel=False)
    assert [event["type"] for event in bench.sent] == [
        "response.cancel",
        "conversation.item.truncate",
        "conversation.item.delete",
    ]
    assert bench.sent[1]["audio_end_ms"] == 60
    told = len(bench.told)
    bench.audio(b"\x80" * 8)
    bench.get("response.output_audio_transcript.delta", **ids(), delta="x")
    bench.get("response.output_audio.done", **ids())
    assert len(bench.told) == told
    bench.done(status="cancelled")
    assert bench.types()[told:] == ["ResponseEnded"]


def test_our_own_interruption_cancels_and_forgets() -> None:
    """A wish that waits is dropped and the answer is cancelled when we decide to stop it."""
    bench = Bench().ready()
    bench.begin()
    bench.session.respond()
    bench.session.interrupt([], cancel=True)
    bench.done(status="cancelled")
    assert [event["type"] for event in bench.sent] == ["response.cancel"]


def test_after_the_answer_was_made_truncation_is_still_due() -> None:
    """The usual case: everything arrived, some was heard, nothing can be cancelled."""
    bench = Bench().ready()
    bench.begin()
    bench.audio(b"\x80" * 800)
    bench.done()
    heard = Heard(item_id="i1", content_index=0, heard_ms=60, received_ms=100)
    bench.session.interrupt([heard], cancel=True)
    assert [event["type"] for event in bench.sent] == ["conversation.item.truncate"]


def test_texts() -> None:
    """Pieces of text come first, the whole text ends them."""
    bench = Bench().ready()
    bench.begin()
    bench.get("response.output_audio_transcript.delta", **ids(), delta="He")
    bench.get("response.output_audio_transcript.done", **ids(), transcript="Hello")
    texts = [
        (event.text, event.final)
        for event in bench.told
        if isinstance(event, voice_agent.AgentTranscript)
    ]
    assert texts == [("He", False), ("Hello", True)]


def test_turns_of_the_callee() -> None:
    """Speech, its end, its text and its lack of text are told."""
    bench = Bench().ready()
    bench.get("input_audio_buffer.speech_started", item_id="c", audio_start_ms=10)
    bench.get("input_audio_buffer.speech_stopped", item_id="c", audio_end_ms=90)
    usage = {"type": "duration", "seconds": 1}
    kind = "conversation.item.input_audio_transcription"
    bench.get(f"{kind}.completed", item_id="c", content_index=0, transcript=" Hi. ", usage=usage)
    bench.get(f"{kind}.failed", item_id="d", content_index=0, error={})
    assert bench.told == [
        voice_agent.CallerSpeechStarted(item_id="c", at_ms=10),
        voice_agent.CallerSpeechStopped(item_id="c", at_ms=90),
        voice_agent.CallerTranscript(item_id="c", text="Hi."),
        voice_agent.CallerTranscript(item_id="d", text=""),
    ]


@pytest.mark.parametrize(
    ("item", "told"),
    [
        ({"call_id": "c", "name": "n", "arguments": "{}", "status": "completed"}, 1),
        ({"call_id": "c", "name": "n", "arguments": "{}"}, 1),
        ({"call_id": "c", "name": "n", "arguments": "{}", "status": "incomplete"}, 0),
        ({"name": "n", "arguments": "{}", "status": "completed"}, 0),
    ],
)
def test_function_calls_are_told_once(item: dict[str, Any], told: int) -> None:
    """A finished function call with an id is told once, however often it comes."""
    bench = Bench().ready()
    bench.begin()
    for _ in range(2):
        whole = {"type": "function_call", **item}
        bench.get("response.output_item.done", response_id="r1", output_index=0, item=whole)
    assert bench.types().count("ToolRequested") == told


def test_messages_are_no_function_calls() -> None:
    """Finished speech is not a function call."""
    bench = Bench().ready()
    item = {"type": "message", "role": "assistant", "content": []}
    bench.get("response.output_item.done", response_id="r1", output_index=0, item=item)
    assert bench.told == []


def test_fixed_words_are_asked_for_word_for_word() -> None:
    """The text stands between double quotes, so its own are left out."""
    bench = Bench().ready()
    bench.session.say('I am an "AI".', "t")
    assert bench.sent[0]["response"]["instructions"] == (
        'Say exactly the following words and nothing else: "I am an AI."'
    )


def test_results_and_hints() -> None:
    """A result is a string of JSON; a hint is a system message; both are followed by an answer."""
    bench = Bench().ready()
    bench.session.tool_result("c", {"status": "sent"}, respond=False)
    bench.session.tool_result("d", {"status": "noted"}, respond=True)
    bench.session.hint("Ask for Tuesday.")
    assert [event["type"] for event in bench.sent] == [
        "conversation.item.create",
        "conversation.item.create",
        "response.create",
        "conversation.item.create",
    ]
    assert bench.sent[0]["item"]["output"] == '{"status":"sent"}'
    assert "Ask for Tuesday." in bench.sent[3]["item"]["content"][0]["text"]


def test_a_wish_that_came_too_late_is_repeated() -> None:
    """After a refusal because of an answer of the server's own, the wish is sent again."""
    bench = Bench().ready()
    bench.session.respond()
    bench.get(
        "error",
        error={"type": "e", "code": "conversation_already_has_active_response", "message": ""},
    )
    bench.done("auto")
    assert [event["type"] for event in bench.sent] == ["response.create", "response.create"]


@pytest.mark.parametrize(
    ("code", "kind", "wanted"),
    [
        ("response_cancel_not_active", "invalid_request_error", ErrorClass.BENIGN),
        ("invalid_value", "invalid_request_error", ErrorClass.BUG),
        (None, "server_error", ErrorClass.RETRY),
        ("session_expired", None, ErrorClass.FATAL),
        (None, None, ErrorClass.BUG),
    ],
)
def test_errors_by_class(code: str | None, kind: str | None, wanted: ErrorClass) -> None:
    """An error is classed by its code, then its type."""
    assert error_class(ErrorDetail(code=code, type=kind)) is wanted


def test_a_fatal_error_ends_the_session_once() -> None:
    """After a fatal error the listener hears of the end, once, and nothing more."""
    bench = Bench().ready()
    for _ in range(2):
        bench.get("error", error={"type": "e", "code": "session_expired", "message": ""})
    bench.begin()
    assert bench.types() == ["VoiceFailed"]


def test_an_error_before_the_session_is_ready_is_its_refusal() -> None:
    """The first error at the start is kept; the listener hears nothing."""
    bench = Bench()
    for code in ("invalid_api_key", "other"):
        bench.get("error", error={"type": "e", "code": code, "message": ""})
    assert bench.session.refusal is not None
    assert bench.session.refusal.code == "invalid_api_key"
    assert bench.told == []


def test_a_failed_answer_may_be_fatal() -> None:
    """A quota that is used up shows in a response, and ends the session."""
    bench = Bench().ready()
    bench.begin()
    error = {"type": "e", "code": "insufficient_quota"}
    bench.done(status="failed", status_details={"type": "failed", "error": error})
    assert bench.types() == ["ResponseStarted", "ResponseEnded", "VoiceFailed"]


def test_an_incomplete_answer_is_an_end() -> None:
    """An answer that was cut by a limit ends like others."""
    bench = Bench().ready()
    bench.begin()
    bench.done(status="incomplete", status_details={"type": "incomplete"})
    bench.done(status="incomplete")
    assert bench.types()[-1] == "ResponseEnded"
