"""The server events of OpenAI Realtime (GA) that a call needs, as immutable types.

Unknown keys are ignored, as the protocol asks. ``delta`` of audio is base64 on the wire and bytes
here. Source: OpenAI Realtime API reference, "Server events".
"""

import msgspec


class _Part(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all that comes from the server: immutable, keyword only, unknown keys ignored."""


class AudioFormat(_Part, frozen=True, kw_only=True):
    """``audio/pcmu``, ``audio/pcma`` (8 kHz) or ``audio/pcm`` (24 kHz signed 16-bit LE)."""

    type: str | None = None
    rate: int | None = None


class _AudioSide(_Part, frozen=True, kw_only=True):
    format: AudioFormat | str | None = None


class _SessionAudio(_Part, frozen=True, kw_only=True):
    input: _AudioSide | None = None
    output: _AudioSide | None = None


def _format_of(side: _AudioSide | None) -> str | None:
    if side is None:
        return None
    return side.format.type if isinstance(side.format, AudioFormat) else side.format


class Session(_Part, frozen=True, kw_only=True):
    """The effective session; ``output_format`` says what audio deltas really hold."""

    id: str | None = None
    model: str | None = None
    expires_at: int | None = None
    audio: _SessionAudio | None = None

    @property
    def output_format(self) -> str | None:
        """The type of the output format, or None where the server does not say."""
        return _format_of(None if self.audio is None else self.audio.output)

    @property
    def input_format(self) -> str | None:
        """The type of the input format, or None where the server does not say."""
        return _format_of(None if self.audio is None else self.audio.input)


class SessionCreated(_Part, frozen=True, kw_only=True):
    """The server accepted the connection."""

    session: Session = Session()


class SessionUpdated(_Part, frozen=True, kw_only=True):
    """A ``session.update`` took effect, wholly."""

    session: Session


class SpeechStarted(_Part, frozen=True, kw_only=True):
    """The caller began to speak; ms of all audio appended in this session."""

    item_id: str
    audio_start_ms: int


class SpeechStopped(_Part, frozen=True, kw_only=True):
    """The caller stopped speaking; ms of all audio appended in this session."""

    item_id: str
    audio_end_ms: int


class TranscriptionCompleted(_Part, frozen=True, kw_only=True):
    """The text of a caller's item; may come long after the answer to it."""

    item_id: str
    transcript: str


class TranscriptionFailed(_Part, frozen=True, kw_only=True):
    """A caller's item has no text."""

    item_id: str


class Item(_Part, frozen=True, kw_only=True):
    """A conversation item; the last three fields belong to function calls."""

    id: str | None = None
    type: str | None = None
    status: str | None = None
    call_id: str | None = None
    name: str | None = None
    arguments: str | None = None


class OutputItemDone(_Part, frozen=True, kw_only=True):
    """An output item is complete: the one place from which function calls are taken."""

    response_id: str
    item: Item


class CachedTokens(_Part, frozen=True, kw_only=True):
    """How many of the input tokens came from the cache, by kind."""

    text_tokens: int | None = None
    audio_tokens: int | None = None


class InputTokens(_Part, frozen=True, kw_only=True):
    """Input tokens by kind; cached ones are included."""

    text_tokens: int | None = None
    audio_tokens: int | None = None
    cached_tokens: int | None = None
    cached_tokens_details: CachedTokens | None = None


class OutputTokens(_Part, frozen=True, kw_only=True):
    """Output tokens by kind."""

    text_tokens: int | None = None
    audio_tokens: int | None = None


class Usage(_Part, frozen=True, kw_only=True):
    """What a response used; any part may be missing."""

    total_tokens: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    input_token_details: InputTokens | None = None
    output_token_details: OutputTokens | None = None


class ErrorDetail(_Part, frozen=True, kw_only=True):
    """What went wrong; programs look at ``code``, then ``type``, never at the message."""

    type: str | None = None
    code: str | None = None
    message: str | None = None
    event_id: str | None = None


class _StatusDetails(_Part, frozen=True, kw_only=True):
    reason: str | None = None
    error: ErrorDetail | None = None


class Response(_Part, frozen=True, kw_only=True):
    """A response at its beginning or end; without a conversation where its id is null."""

    id: str | None = None
    status: str | None = None
    status_details: _StatusDetails | None = None
    usage: Usage | None = None
    metadata: dict[str, str] | None = None
    audio: _SessionAudio | None = None
    conversation_id: str | msgspec.UnsetType | None = msgspec.UNSET

    @property
    def output_format(self) -> str | None:
        """The type of this response's audio format, or None where the server does not say."""
        return Session(audio=self.audio).output_format


class ResponseCreated(_Part, frozen=True, kw_only=True):
    """The model began to answer."""

    response: Response


class ResponseDone(_Part, frozen=True, kw_only=True):
    """A response ended: completed, cancelled, failed or incomplete."""

    response: Response


class AudioDelta(
    _Part, frozen=True, kw_only=True, gc=False, tag_field="type", tag="response.output_audio.delta"
):
    """A piece of the model's speech, already decoded from base64.

    It alone knows its own type: so it is decoded in one step, fifty times a second for each call.
    """

    response_id: str
    item_id: str
    delta: bytes
    content_index: int = 0


class BetaAudioDelta(_Part, frozen=True, kw_only=True):
    """The same under its name in the beta protocol."""

    response_id: str
    item_id: str
    delta: bytes
    content_index: int = 0


class AudioDone(_Part, frozen=True, kw_only=True):
    """The speech of one content part is complete; carries no audio."""

    response_id: str
    item_id: str
    content_index: int = 0


class AudioTranscriptDelta(_Part, frozen=True, kw_only=True):
    """A piece of the text of what the model says."""

    response_id: str
    item_id: str
    delta: str
    content_index: int = 0


class AudioTranscriptDone(_Part, frozen=True, kw_only=True):
    """The whole text of one content part that the model says."""

    response_id: str
    item_id: str
    transcript: str
    content_index: int = 0


class ErrorEvent(_Part, frozen=True, kw_only=True):
    """Something was refused; most errors leave the session usable."""

    error: ErrorDetail


ServerEvent = (
    SessionCreated
    | SessionUpdated
    | SpeechStarted
    | SpeechStopped
    | TranscriptionCompleted
    | TranscriptionFailed
    | OutputItemDone
    | ResponseCreated
    | ResponseDone
    | AudioDelta
    | AudioDone
    | AudioTranscriptDelta
    | AudioTranscriptDone
    | ErrorEvent
)
