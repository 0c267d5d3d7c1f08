"""OpenAI Realtime (GA) without a socket: text frames to typed events, and client events to bytes.

Only the events that a call needs are typed; unknown types and unknown keys are ignored, as the
protocol asks. Names of the beta protocol, which compatible servers still use, are read as their
successors; what we send is always GA. Events are decoded in two steps (the type, then the shape
for it), but audio deltas in one, since there are more of them than of all others; ``delta`` of
audio is decoded from base64 on the way. Client events on the media path are plain concatenations.

Source: OpenAI Realtime API reference, "Server events" and "Client events".
"""

import binascii
import re
from typing import Final, Literal

import msgspec

from opendeep.audio_processing_service import pcm
from opendeep.audio_processing_service import realtime_events as events
from opendeep.common.errors import WireProtocolError

MAX_MESSAGE_BYTES: Final = 4 * 1024 * 1024
"""The longest message that is accepted; an audio delta has some kilobytes."""

SERVER_EVENT_TYPES: Final[dict[str, type[events.ServerEvent]]] = {
    "session.created": events.SessionCreated,
    "session.updated": events.SessionUpdated,
    "input_audio_buffer.speech_started": events.SpeechStarted,
    "input_audio_buffer.speech_stopped": events.SpeechStopped,
    "conversation.item.input_audio_transcription.completed": events.TranscriptionCompleted,
    "conversation.item.input_audio_transcription.failed": events.TranscriptionFailed,
    "response.output_item.done": events.OutputItemDone,
    "response.created": events.ResponseCreated,
    "response.done": events.ResponseDone,
    "response.output_audio.delta": events.AudioDelta,
    "response.output_audio.done": events.AudioDone,
    "response.output_audio_transcript.delta": events.AudioTranscriptDelta,
    "response.output_audio_transcript.done": events.AudioTranscriptDone,
    "error": events.ErrorEvent,
}
BETA_NAMES: Final = {
    "response.audio.delta": "response.output_audio.delta",
    "response.audio.done": "response.output_audio.done",
    "response.audio_transcript.delta": "response.output_audio_transcript.delta",
    "response.audio_transcript.done": "response.output_audio_transcript.done",
}


class _Typed(msgspec.Struct):
    type: str


_TYPE_DECODER: Final = msgspec.json.Decoder(_Typed)
_DECODERS: Final = {
    name: msgspec.json.Decoder(shape) for name, shape in SERVER_EVENT_TYPES.items()
} | {beta: msgspec.json.Decoder(SERVER_EVENT_TYPES[name]) for beta, name in BETA_NAMES.items()}
_AUDIO_TYPE: Final = b"response.output_audio.delta"
_AUDIO_DECODER: Final = msgspec.json.Decoder(events.AudioDelta)
_BETA_AUDIO_TYPE: Final = "response.audio.delta"
_BETA_AUDIO_DECODER: Final = msgspec.json.Decoder(events.BetaAudioDelta)


def parse_server_event(message: bytes) -> events.ServerEvent | None:
    """Decode one text message; None for an event that a call does not need.

    Raises:
        WireProtocolError: not JSON, no type, a known type with a wrong shape, or too long.
    """
    if len(message) > MAX_MESSAGE_BYTES:
        raise WireProtocolError(f"A Realtime message has {len(message)} bytes.")
    try:
        if _AUDIO_TYPE in message[:80]:
            try:
                return _AUDIO_DECODER.decode(message)
            except msgspec.ValidationError:
                pass  # the words stood elsewhere; or the shape is wrong, which shows again
        return _by_type(message)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise WireProtocolError("A Realtime message cannot be read.") from error


def _by_type(message: bytes) -> events.ServerEvent | None:
    name = _TYPE_DECODER.decode(message).type
    if name == _BETA_AUDIO_TYPE:
        beta = _BETA_AUDIO_DECODER.decode(message)
        return events.AudioDelta(
            response_id=beta.response_id,
            item_id=beta.item_id,
            delta=beta.delta,
            content_index=beta.content_index,
        )
    decoder = _DECODERS.get(name)
    return None if decoder is None else decoder.decode(message)


class MessageAssembler:
    """Joins the fragments of WebSocket messages, within :data:`MAX_MESSAGE_BYTES`."""

    def __init__(self) -> None:
        self._parts = bytearray()

    @property
    def waiting(self) -> bool:
        """Whether a message has begun and not ended."""
        return bool(self._parts)

    def receive(self, payload: bytes, *, final: bool) -> bytes | None:
        """Take a frame's payload; return the whole message once its last frame is in.

        Raises:
            WireProtocolError: the message grew too long.
        """
        if final and not self._parts:
            return payload
        self._parts += payload
        if len(self._parts) > MAX_MESSAGE_BYTES:
            self._parts.clear()
            raise WireProtocolError("A Realtime message is too long.")
        if not final:
            return None
        whole = bytes(self._parts)
        self._parts.clear()
        return whole


class Tool(msgspec.Struct, frozen=True, kw_only=True):
    """A function that the model may call; ``parameters`` is a JSON schema."""

    type: Literal["function"] = "function"
    name: str
    description: str
    parameters: dict[str, object]


class SessionConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What :func:`session_update` needs at the start of a session.

    Attributes:
        output_format: ``audio/pcmu`` or ``audio/pcm``; the answer may differ from it.
        language: ISO 639-1 hint for the transcription, or None.
        reasoning_effort: how much a model that reasons does so; None for one that does not.
    """

    instructions: str
    voice: str
    tools: tuple[Tool, ...] = ()
    language: str | None = None
    transcription_model: str = "gpt-transcribe"
    output_format: str = "audio/pcmu"
    create_response: bool = False
    reasoning_effort: str | None = None


def _encode(event: dict[str, object]) -> bytes:
    return msgspec.json.encode(event)


def _format(name: str) -> dict[str, object]:
    # The live service refuses audio/pcm without its rate, and G.711 with one.
    return {"type": name, "rate": 24_000} if name == "audio/pcm" else {"type": name}


def _turn_detection(*, create_response: bool) -> dict[str, object]:
    return {
        "type": "server_vad",
        "threshold": 0.5,
        "prefix_padding_ms": 300,
        # Longer than the service's 500 ms: callers pause between two sentences of one turn.
        "silence_duration_ms": 700,
        "create_response": create_response,
        # A murmur or noise would stop the answer, too: see barge_in.
        "interrupt_response": False,
    }


def session_update(config: SessionConfig) -> bytes:
    """Encode the first ``session.update``: everything that the session needs, in one event."""
    transcription: dict[str, object] = {"model": config.transcription_model}
    if config.language:
        transcription["language"] = config.language.partition("-")[0].lower()
    session: dict[str, object] = {
        "type": "realtime",
        "output_modalities": ["audio"],
        "instructions": config.instructions,
        "audio": {
            "input": {
                "format": _format("audio/pcmu"),
                "noise_reduction": {"type": "far_field"},
                "transcription": transcription,
                "turn_detection": _turn_detection(create_response=config.create_response),
            },
            "output": {"format": _format(config.output_format), "voice": config.voice},
        },
        "tools": config.tools,
        "tool_choice": "auto",
    }
    if config.reasoning_effort is not None:
        session |= {"reasoning": {"effort": config.reasoning_effort}, "parallel_tool_calls": True}
    return _encode({"type": "session.update", "session": session})


def turn_taking_update(
    *, create_response: bool, output_format: str, input_format: str = "audio/pcmu"
) -> bytes:
    """Encode a ``session.update`` that lets the server answer by itself, or stops it.

    Both formats go along: an update that touches ``audio`` without them has been seen to reset
    the output to PCM.
    """
    session = {
        "type": "realtime",
        "audio": {
            "input": {
                "format": _format(input_format),
                "turn_detection": _turn_detection(create_response=create_response),
            },
            "output": {"format": _format(output_format)},
        },
    }
    return _encode({"type": "session.update", "session": session})


def reasons(model: str) -> bool:
    """Whether a model takes ``reasoning`` and ``parallel_tool_calls``; others refuse them."""
    return re.match(r"gpt-realtime-2(\.|-|$)", model) is not None


_APPEND_HEAD: Final = b'{"type":"input_audio_buffer.append","audio":"'
_APPEND_TAIL: Final = b'"}'


_SILENT_APPEND: Final = (
    _APPEND_HEAD + binascii.b2a_base64(pcm.MULAW_SILENCE_FRAME, newline=False) + _APPEND_TAIL
)


def append_audio(audio: bytes) -> bytes:
    """Encode a piece of the caller's audio in the session's input format."""
    if audio == pcm.MULAW_SILENCE_FRAME:
        return _SILENT_APPEND
    return _APPEND_HEAD + binascii.b2a_base64(audio, newline=False) + _APPEND_TAIL


def create_message(role: Literal["system", "user", "assistant"], text: str) -> bytes:
    """Encode a text message to be added to the conversation."""
    kind = "output_text" if role == "assistant" else "input_text"
    item = {"type": "message", "role": role, "content": [{"type": kind, "text": text}]}
    return _encode({"type": "conversation.item.create", "item": item})


def create_function_output(call_id: str, output: str) -> bytes:
    """Encode the result of a function call; ``output`` is JSON in a string."""
    item = {"type": "function_call_output", "call_id": call_id, "output": output}
    return _encode({"type": "conversation.item.create", "item": item})


def create_response(
    *, instructions: str | None = None, tag: str | None = None, event_id: str | None = None
) -> bytes:
    """Encode a wish for an answer.

    Args:
        event_id: comes back in the error if the wish is refused.
        instructions: replace the session's for this answer, which then calls no tools.
        tag: comes back in the response's metadata, so that it can be told from others.
    """
    response: dict[str, object] = {}
    if instructions is not None:
        response |= {"instructions": instructions, "tool_choice": "none"}
    if tag is not None:
        response["metadata"] = {"tag": tag}
    event: dict[str, object] = {"type": "response.create"}
    if event_id is not None:
        event["event_id"] = event_id
    if response:
        event["response"] = response
    return _encode(event)


def cancel_response(response_id: str) -> bytes:
    """Encode the end of an answer that is still being made."""
    return _encode({"type": "response.cancel", "response_id": response_id})


def truncate_item(item_id: str, content_index: int, audio_end_ms: int) -> bytes:
    """Encode how much of an answer was heard; more than what exists is an error."""
    return _encode(
        {
            "type": "conversation.item.truncate",
            "item_id": item_id,
            "content_index": content_index,
            "audio_end_ms": audio_end_ms,
        }
    )


def delete_item(item_id: str) -> bytes:
    """Encode that an answer was not heard at all."""
    return _encode({"type": "conversation.item.delete", "item_id": item_id})
