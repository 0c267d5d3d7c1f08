"""Realtime messages: the SDK's own types are the judge of both directions."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.realtime import RealtimeClientEvent
from pydantic import TypeAdapter

from opendeep.audio_processing_service import realtime_events as events
from opendeep.audio_processing_service import realtime_protocol as wire
from opendeep.common.errors import WireProtocolError
from tests.calls.realtime_peer import server_event

CLIENT_EVENT: TypeAdapter[Any] = TypeAdapter(RealtimeClientEvent)
IDS = {"response_id": "r", "item_id": "i", "output_index": 0, "content_index": 1}
CONFIG = wire.SessionConfig(
    instructions="Be kind.",
    voice="marin",
    language="de-AT",
    tools=(wire.Tool(name="end_call", description="Hang up.", parameters={"type": "object"}),),
)


def checked(message: bytes) -> dict[str, Any]:
    """Return a client event after the SDK accepted it under its own type."""
    event: dict[str, Any] = json.loads(message)
    parsed = CLIENT_EVENT.validate_json(message)
    assert parsed.type == event["type"]
    assert json.loads(parsed.model_dump_json(exclude_unset=True)) == event
    return event


def test_session_update() -> None:
    """The first update holds the whole session, in the names of the GA protocol."""
    session = checked(wire.session_update(CONFIG))["session"]
    assert session["type"] == "realtime"
    assert session["audio"]["input"]["format"] == {"type": "audio/pcmu"}
    assert session["audio"]["input"]["transcription"] == {
        "model": "gpt-transcribe",
        "language": "de",
    }
    assert session["audio"]["input"]["turn_detection"]["create_response"] is False
    assert session["audio"]["output"] == {"format": {"type": "audio/pcmu"}, "voice": "marin"}
    assert session["tools"][0]["name"] == "end_call"
    assert "reasoning" not in session


def test_session_update_without_a_language() -> None:
    """No language, no hint; PCM carries its rate."""
    config = wire.SessionConfig(instructions="", voice="marin", output_format="audio/pcm")
    audio = checked(wire.session_update(config))["session"]["audio"]
    assert audio["input"]["transcription"] == {"model": "gpt-transcribe"}
    assert audio["output"]["format"] == {"type": "audio/pcm", "rate": 24_000}


def test_turn_taking_update_repeats_both_formats() -> None:
    """An update that touches audio names both formats again."""
    message = wire.turn_taking_update(create_response=True, output_format="audio/pcm")
    audio = checked(message)["session"]["audio"]
    assert audio["input"]["format"] == {"type": "audio/pcmu"}
    assert audio["output"]["format"] == {"type": "audio/pcm", "rate": 24_000}
    assert audio["input"]["turn_detection"]["create_response"] is True


@given(st.binary(max_size=700))
def test_append(audio: bytes) -> None:
    """Caller audio is the base64 of its bytes."""
    assert base64.b64decode(checked(wire.append_audio(audio))["audio"]) == audio


@given(st.text(max_size=50))
def test_texts_are_encoded_whatever_they_hold(text: str) -> None:
    """Words of people and models cannot break out of their field."""
    item = checked(wire.create_message("system", text))["item"]
    assert item["content"] == [{"type": "input_text", "text": text}]
    assert checked(wire.create_function_output("c", text))["item"]["output"] == text
    response = checked(wire.create_response(instructions=text, tag="t"))["response"]
    assert response == {"instructions": text, "tool_choice": "none", "metadata": {"tag": "t"}}


def test_small_events() -> None:
    """The remaining client events hold what the server needs."""
    assert checked(wire.create_response()) == {"type": "response.create"}
    assert checked(wire.cancel_response("r"))["response_id"] == "r"
    assert checked(wire.truncate_item("i", 1, 40)) == {
        "type": "conversation.item.truncate",
        "item_id": "i",
        "content_index": 1,
        "audio_end_ms": 40,
    }
    assert checked(wire.delete_item("i"))["item_id"] == "i"


_TEXT = {"type": "tokens", "input_tokens": 1, "output_tokens": 1, "total_tokens": 2}


@pytest.mark.parametrize(
    ("message", "event"),
    [
        (
            server_event("input_audio_buffer.speech_started", item_id="i", audio_start_ms=3),
            events.SpeechStarted(item_id="i", audio_start_ms=3),
        ),
        (
            server_event("input_audio_buffer.speech_stopped", item_id="i", audio_end_ms=4),
            events.SpeechStopped(item_id="i", audio_end_ms=4),
        ),
        (
            server_event(
                "conversation.item.input_audio_transcription.completed",
                item_id="i",
                content_index=0,
                transcript="Hi",
                usage=_TEXT,
            ),
            events.TranscriptionCompleted(item_id="i", transcript="Hi"),
        ),
        (
            server_event(
                "conversation.item.input_audio_transcription.failed",
                item_id="i",
                content_index=0,
                error={"code": "audio_unintelligible"},
            ),
            events.TranscriptionFailed(item_id="i"),
        ),
        (
            server_event("response.output_audio.delta", **IDS, delta="gIA="),
            events.AudioDelta(response_id="r", item_id="i", delta=b"\x80\x80", content_index=1),
        ),
        (
            server_event("response.output_audio.done", **IDS),
            events.AudioDone(response_id="r", item_id="i", content_index=1),
        ),
        (
            server_event("response.output_audio_transcript.delta", **IDS, delta="He"),
            events.AudioTranscriptDelta(response_id="r", item_id="i", delta="He", content_index=1),
        ),
        (
            server_event("response.output_audio_transcript.done", **IDS, transcript="Hey"),
            events.AudioTranscriptDone(
                response_id="r", item_id="i", transcript="Hey", content_index=1
            ),
        ),
        (
            server_event("error", error={"type": "t", "code": "c", "message": "m"}),
            events.ErrorEvent(error=events.ErrorDetail(type="t", code="c", message="m")),
        ),
    ],
)
def test_server_events(message: bytes, event: events.ServerEvent) -> None:
    """An event that the SDK's types accept is read with the same facts."""
    assert wire.parse_server_event(message) == event


def test_response_and_session_events() -> None:
    """Ids, tags, usage and the format that is really sent are found where the server puts them."""
    output = {"format": {"type": "audio/pcm", "rate": 24_000}}
    session = {"type": "realtime", "audio": {"output": output}}
    updated = wire.parse_server_event(server_event("session.updated", session=session))
    assert isinstance(updated, events.SessionUpdated)
    assert updated.session.output_format == "audio/pcm"
    created = wire.parse_server_event(server_event("session.created", session={"type": "realtime"}))
    assert isinstance(created, events.SessionCreated)
    assert created.session.output_format is None
    response = {"id": "r", "status": "completed", "metadata": {"tag": "t"}, "usage": None}
    begun = wire.parse_server_event(
        server_event("response.created", response={**response, "audio": {"output": output}})
    )
    assert isinstance(begun, events.ResponseCreated)
    assert begun.response.output_format == "audio/pcm"
    done = wire.parse_server_event(server_event("response.done", response=response))
    assert isinstance(done, events.ResponseDone)
    assert (done.response.id, done.response.metadata) == ("r", {"tag": "t"})


def test_beta_names_and_formats() -> None:
    """Compatible servers with the old names are understood."""
    message = json.dumps({"type": "response.audio.delta", **IDS, "delta": "gA=="}).encode()
    assert wire.parse_server_event(message) == events.AudioDelta(
        response_id="r", item_id="i", delta=b"\x80", content_index=1
    )
    old = b'{"type":"session.updated","session":{"audio":{"output":{"format":"pcm16"}}}}'
    updated = wire.parse_server_event(old)
    assert isinstance(updated, events.SessionUpdated)
    assert updated.session.output_format == "pcm16"


def test_function_call_item() -> None:
    """A finished function call is read with its id, name and arguments."""
    item = {"type": "function_call", "call_id": "c", "name": "n", "arguments": "{}", "id": "i"}
    message = server_event("response.output_item.done", response_id="r", output_index=0, item=item)
    event = wire.parse_server_event(message)
    assert isinstance(event, events.OutputItemDone)
    assert (event.item.call_id, event.item.name, event.item.arguments) == ("c", "n", "{}")


@pytest.mark.parametrize(
    "kind", ["rate_limits.updated", "conversation.item.done", "something.entirely.new"]
)
def test_other_events_are_ignored(kind: str) -> None:
    """Types that a call does not need, known or not, are no error."""
    assert wire.parse_server_event(json.dumps({"type": kind, "x": [1]}).encode()) is None


@pytest.mark.parametrize(
    "junk",
    [
        b"",
        b"null",
        b"[]",
        b'{"type":7}',
        b'{"type":"error"}',
        b'{"type":"error","error":"no"}',
        b'{"type":"response.output_audio.delta","response_id":"r","item_id":"i","delta":"%%"}',
        b'{"type":"\xff\xfe"}',
        b"[" * 100_000,
        b" " * (wire.MAX_MESSAGE_BYTES + 1),
    ],
)
def test_junk_is_a_protocol_error(junk: bytes) -> None:
    """What cannot be read is an error of the protocol and no other one."""
    with pytest.raises(WireProtocolError):
        wire.parse_server_event(junk)


@given(st.binary(max_size=200))
def test_random_bytes_never_raise_anything_else(junk: bytes) -> None:
    """Random bytes are ignored or a protocol error."""
    try:
        wire.parse_server_event(junk)
    except WireProtocolError:
        return


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(
    st.sampled_from(sorted({*wire.SERVER_EVENT_TYPES, *wire.BETA_NAMES})),
    st.dictionaries(
        st.sampled_from(["item_id", "response_id", "delta", "item", "response", "error"]), _JSON
    ),
)
def test_wrong_shapes_never_raise_anything_else(kind: str, fields: dict[str, Any]) -> None:
    """Known types with any wrong content are read or a protocol error."""
    try:
        wire.parse_server_event(json.dumps({**fields, "type": kind}).encode())
    except WireProtocolError:
        return


@given(st.lists(st.binary(max_size=50), min_size=1, max_size=6))
def test_fragments_are_joined(fragments: list[bytes]) -> None:
    """A message in fragments is told once, whole, with its last frame."""
    assembler = wire.MessageAssembler()
    for _ in range(2):
        told = [assembler.receive(fragment, final=False) for fragment in fragments[:-1]]
        assert told == [None] * (len(fragments) - 1)
        assert assembler.receive(fragments[-1], final=True) == b"".join(fragments)


def test_endless_fragments_are_an_error() -> None:
    """A message that never ends is given up at the bound."""
    assembler = wire.MessageAssembler()
    assembler.receive(bytes(wire.MAX_MESSAGE_BYTES), final=False)
    with pytest.raises(WireProtocolError):
        assembler.receive(b"x", final=False)
