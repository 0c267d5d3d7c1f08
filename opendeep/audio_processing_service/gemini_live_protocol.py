"""Gemini Live (BidiGenerateContent) without a socket: messages to typed shapes, and back.

Only what a call needs is typed; unknown keys are ignored. What is sent has the spelling of Google's
own SDK: the union's key in snake case, what is inside in camel case. Frames may be text or binary,
both hold JSON. Source: Gemini Live API reference; google-genai's types check both sides in tests.
"""

import base64
import binascii
from collections.abc import Sequence
from typing import Final

import msgspec

from opendeep.audio_processing_service import voice_agent
from opendeep.common.errors import WireProtocolError

CALLER_RATE: Final = 16_000
_DURATION_ENDS: Final = "s"


class _Shape(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Base of all that comes from the server."""


class Blob(_Shape, frozen=True, kw_only=True):
    """Audio, decoded from base64; the rate is in the type: ``audio/pcm;rate=24000``."""

    data: bytes = b""
    mime_type: str = ""

    @property
    def rate(self) -> int:
        """Samples in a second; 24,000 where the type does not say."""
        _, found, rate = self.mime_type.partition("rate=")
        return int(rate) if found and rate.isdigit() else 24_000


class Part(_Shape, frozen=True, kw_only=True):
    """A piece of what the model makes."""

    inline_data: Blob | None = None
    text: str | None = None
    thought: bool = False


class Content(_Shape, frozen=True, kw_only=True):
    """Parts of one turn."""

    parts: tuple[Part, ...] = ()


class Transcription(_Shape, frozen=True, kw_only=True):
    """A piece of a text."""

    text: str = ""


class ServerContent(_Shape, frozen=True, kw_only=True):
    """What the model says, and how its turn goes."""

    model_turn: Content | None = None
    input_transcription: Transcription | None = None
    output_transcription: Transcription | None = None
    generation_complete: bool = False
    turn_complete: bool = False
    interrupted: bool = False


class FunctionCall(_Shape, frozen=True, kw_only=True):
    """The model calls a function."""

    id: str = ""
    name: str = ""
    args: dict[str, object] = {}


class ToolCall(_Shape, frozen=True, kw_only=True):
    """Function calls, all of one message."""

    function_calls: tuple[FunctionCall, ...] = ()


class GoAway(_Shape, frozen=True, kw_only=True):
    """The connection ends soon; a duration like ``9.5s``."""

    time_left: str | None = None

    @property
    def seconds(self) -> float:
        """How long it lives, 0 where that cannot be read."""
        text = (self.time_left or "").removesuffix(_DURATION_ENDS)
        return float(text) if text.replace(".", "", 1).isdigit() else 0.0


class ResumptionUpdate(_Shape, frozen=True, kw_only=True):
    """The handle with which another connection may take over."""

    new_handle: str | None = None
    resumable: bool = False


class ModalityTokens(_Shape, frozen=True, kw_only=True):
    """Tokens of one kind."""

    modality: str | None = None
    token_count: int = 0


class UsageMetadata(_Shape, frozen=True, kw_only=True):
    """What was used since the last report."""

    prompt_tokens_details: tuple[ModalityTokens, ...] = ()
    cache_tokens_details: tuple[ModalityTokens, ...] = ()
    response_tokens_details: tuple[ModalityTokens, ...] = ()


class ServerMessage(_Shape, frozen=True, kw_only=True):
    """One message; usually one of its fields is set."""

    setup_complete: dict[str, object] | None = None
    server_content: ServerContent | None = None
    tool_call: ToolCall | None = None
    tool_call_cancellation: dict[str, object] | None = None
    go_away: GoAway | None = None
    session_resumption_update: ResumptionUpdate | None = None
    usage_metadata: UsageMetadata | None = None


_DECODER: Final = msgspec.json.Decoder(ServerMessage)


def parse_server_message(message: bytes) -> ServerMessage:
    """Decode one message.

    Raises:
        WireProtocolError: not JSON, or a known key with a wrong shape.
    """
    try:
        return _DECODER.decode(message)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise WireProtocolError("A Gemini Live message cannot be read.") from error


def setup(model: str, config: voice_agent.VoiceConfig, voice: str) -> bytes:
    """Encode the first message: everything that the session needs."""
    declarations = [
        {
            "name": tool.name,
            "description": tool.description,
            "parametersJsonSchema": tool.parameters,
        }
        for tool in config.tools
    ]
    resumption = {} if config.resume_handle is None else {"handle": config.resume_handle}
    speech = {
        "voiceConfig": {"prebuiltVoiceConfig": {"voiceName": voice}},
        "languageCode": config.language,
    }
    fields: dict[str, object] = {
        "model": model if model.startswith("models/") else f"models/{model}",
        "generationConfig": {"responseModalities": ["AUDIO"], "speechConfig": speech},
        "systemInstruction": {"parts": [{"text": config.instructions}]},
        "realtimeInputConfig": {
            # What takes the floor is decided here: see barge_in.
            "activityHandling": "NO_INTERRUPTION",
            "automaticActivityDetection": {"silenceDurationMs": 700, "prefixPaddingMs": 300},
        },
        "inputAudioTranscription": {},
        "outputAudioTranscription": {},
        "sessionResumption": resumption,
        "contextWindowCompression": {"slidingWindow": {}},
    }
    if declarations:
        fields["tools"] = [{"functionDeclarations": declarations}]
    return msgspec.json.encode({"setup": fields})


_AUDIO_HEAD: Final = b'{"realtime_input":{"audio":{"mimeType":"audio/pcm;rate=16000","data":"'
_AUDIO_TAIL: Final = b'"}}}'


def caller_audio(pcm16k: bytes) -> bytes:
    """Encode a piece of the caller's audio."""
    return _AUDIO_HEAD + binascii.b2a_base64(pcm16k, newline=False) + _AUDIO_TAIL


def client_content(turns: Sequence[tuple[str, str]], *, turn_complete: bool) -> bytes:
    """Encode texts by role (``user`` or ``model``), and whether the model is to answer."""
    content = [{"role": role, "parts": [{"text": text}]} for role, text in turns]
    fields: dict[str, object] = {"turnComplete": turn_complete}
    if content:
        fields["turns"] = content
    return msgspec.json.encode({"client_content": fields})


def tool_response(call_id: str, name: str, output: dict[str, object], *, respond: bool) -> bytes:
    """Encode a function's result, which the model takes up silently unless ``respond``."""
    response: dict[str, object] = {"id": call_id, "name": name, "response": output}
    if not respond:
        response["scheduling"] = "SILENT"
    return msgspec.json.encode({"tool_response": {"functionResponses": [response]}})


def encode_audio(pcm: bytes, rate: int) -> dict[str, str]:
    """Return a blob as it stands on the wire."""
    return {"data": base64.b64encode(pcm).decode(), "mimeType": f"audio/pcm;rate={rate}"}
