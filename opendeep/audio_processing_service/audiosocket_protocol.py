"""AudioSocket without a socket: bytes in, events out, and the frames of both sides.

A frame is one byte of kind, two bytes of length (big endian) and the payload. Asterisk is the TCP
client; its first frame names the call (16 bytes, big endian UUID) and is the only identification
there is. Afterwards it sends audio (signed 16-bit little endian, 8 kHz, mono; 20 ms are 320 bytes),
the callee's keys, an error or a hang-up. From the media server it takes audio and hang-up **only**:
anything else, also an empty audio frame, makes it tear the call down.

Sources: Asterisk ``res_audiosocket.c`` and ``app_audiosocket.c``; docs.asterisk.org, AudioSocket.
"""

import uuid
from dataclasses import dataclass
from enum import Enum, IntEnum

from opendeep.common.errors import WireProtocolError

HEADER_BYTES = 3
IDENTITY_BYTES = 16
FRAME_MS = 20
FRAME_PCM_BYTES = 320
MAX_AUDIO_BYTES = 3200
"""The longest audio payload that is accepted: 200 ms; Asterisk sends 20 ms."""
_AUDIO_FRAME_BYTES = HEADER_BYTES + FRAME_PCM_BYTES
_MAX_ERROR_BYTES = 16
_DTMF_KEYS = frozenset(b"0123456789*#ABCD")
_FRAME_HEADER = b"\x10" + FRAME_PCM_BYTES.to_bytes(2, "big")


class FrameKind(IntEnum):
    """The kinds of frames in use; the wider audio kinds (0x11-0x18) are never negotiated."""

    HANGUP = 0x00
    IDENTITY = 0x01
    DTMF = 0x03
    AUDIO = 0x10
    ERROR = 0xFF


class Side(Enum):
    """Who reads: it decides which frames are allowed."""

    MEDIA_SERVER = "media_server"
    ASTERISK = "asterisk"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallIdentified:
    """Asterisk named the call; ``uuid`` is in lower case with hyphens. Always the first event."""

    uuid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioReceived:
    """Audio came: signed 16-bit little endian, 8 kHz, mono, at least one sample."""

    payload: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class DtmfReceived:
    """The callee pressed a key: one of ``0-9*#A-D``."""

    digit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HangupReceived:
    """The peer ends the call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorReceived:
    """Asterisk reports an error: 1 hang-up, 2 forwarding a frame, 4 memory."""

    code: int


AudioSocketEvent = CallIdentified | AudioReceived | DtmfReceived | HangupReceived | ErrorReceived


class AudioSocketParser:
    """Turns the bytes of one connection into events, however they are split.

    Memory is bounded: at most one unfinished frame is kept.

    Args:
        side: who reads. ``MEDIA_SERVER`` (us) demands the identity first; ``ASTERISK`` (the
            practice exchange) takes audio and hang-up only, as the real one does.
    """

    __slots__ = (
        "_broken",
        "_buffer",
        "_identified",
        "_side",
    )

    def __init__(self, side: Side = Side.MEDIA_SERVER) -> None:
        self._side = side
        self._buffer = b""
        self._identified = side is Side.ASTERISK
        self._broken = False

    def sound_of(self, data: bytes) -> bytes:
        """Return the sound of ``data``, in one piece, if it is just 20 ms frames.

        It nearly always is, and this costs a quarter of :meth:`receive`. Several frames are those
        that came while the process was busy. Empty: nothing was taken; :meth:`receive` it.
        """
        if self._buffer or not self._identified or self._broken:
            return b""
        if len(data) == _AUDIO_FRAME_BYTES:
            return data[HEADER_BYTES:] if data.startswith(_FRAME_HEADER) else b""
        starts = range(0, len(data), _AUDIO_FRAME_BYTES)
        if len(data) % _AUDIO_FRAME_BYTES or not all(
            data.startswith(_FRAME_HEADER, start) for start in starts
        ):
            return b""
        return b"".join(data[start + HEADER_BYTES : start + _AUDIO_FRAME_BYTES] for start in starts)

    def receive(self, data: bytes | bytearray | memoryview) -> list[AudioSocketEvent]:
        """Take the next bytes; return the events that they complete, in order.

        Raises:
            WireProtocolError: the peer broke the protocol; the connection cannot go on, and every
                later call raises again.
        """
        if self._broken:
            raise WireProtocolError("The AudioSocket connection has failed already.")
        buffer = self._buffer + data if self._buffer else bytes(data)
        events: list[AudioSocketEvent] = []
        position = 0
        try:
            while len(buffer) - position >= HEADER_BYTES:
                length = self._payload_length(buffer, position)
                end = position + HEADER_BYTES + length
                if len(buffer) < end:
                    break
                events.append(self._event(buffer[position], buffer[position + HEADER_BYTES : end]))
                position = end
        except WireProtocolError:
            self._broken = True
            self._buffer = b""
            raise
        self._buffer = buffer[position:]
        return events

    @property
    def buffered_bytes(self) -> int:
        """How many bytes of an unfinished frame are kept."""
        return len(self._buffer)

    def _payload_length(self, buffer: bytes, position: int) -> int:
        """Check a header as soon as it is there; return its payload's length."""
        kind = buffer[position]
        length = (buffer[position + 1] << 8) | buffer[position + 2]
        if not self._identified and kind != FrameKind.IDENTITY:
            raise WireProtocolError(f"The first AudioSocket frame has kind {kind:#04x}.")
        if not self._allowed(kind, length):
            raise WireProtocolError(
                f"An AudioSocket frame of kind {kind:#04x} with {length} bytes is not allowed here."
            )
        return length

    def _allowed(self, kind: int, length: int) -> bool:
        if kind == FrameKind.AUDIO:
            return 0 < length <= MAX_AUDIO_BYTES and length % 2 == 0
        if kind == FrameKind.HANGUP:
            return length == 0
        if self._side is Side.ASTERISK:
            return False
        if kind == FrameKind.IDENTITY:
            return length == IDENTITY_BYTES and not self._identified
        if kind == FrameKind.DTMF:
            return length == 1
        return kind == FrameKind.ERROR and length <= _MAX_ERROR_BYTES

    def _event(self, kind: int, payload: bytes) -> AudioSocketEvent:
        if kind == FrameKind.AUDIO:
            return AudioReceived(payload=payload)
        if kind == FrameKind.DTMF:
            if payload[0] not in _DTMF_KEYS:
                raise WireProtocolError(f"There is no key with the code {payload[0]:#04x}.")
            return DtmfReceived(digit=payload.decode("ascii"))
        if kind == FrameKind.IDENTITY:
            self._identified = True
            return CallIdentified(uuid=str(uuid.UUID(bytes=payload)))
        if kind == FrameKind.ERROR:
            return ErrorReceived(code=payload[0] if payload else 0)
        return HangupReceived()


def audio(payload: bytes) -> bytes:
    """Return a whole audio frame, header and payload in one piece.

    Either side may send it. A header sent apart from its payload would block Asterisk's thread.

    Args:
        payload: signed 16-bit little endian, 8 kHz, mono; 1 to 1,600 samples.

    Raises:
        WireProtocolError: the payload is empty, odd or too long; Asterisk would end the call.
    """
    length = len(payload)
    if length == FRAME_PCM_BYTES:
        return _FRAME_HEADER + payload
    if not 0 < length <= MAX_AUDIO_BYTES or length % 2:
        raise WireProtocolError(f"An audio frame cannot have {length} bytes.")
    return bytes((FrameKind.AUDIO,)) + length.to_bytes(2, "big") + payload


def hangup() -> bytes:
    """Return a hang-up frame. Either side may send it."""
    return bytes((FrameKind.HANGUP, 0, 0))


def identify(call_uuid: str) -> bytes:
    """Return the first frame of a connection. Only Asterisk (or the practice exchange) sends it.

    Raises:
        ValueError: ``call_uuid`` is not a UUID.
    """
    return bytes((FrameKind.IDENTITY, 0, IDENTITY_BYTES)) + uuid.UUID(call_uuid).bytes


def dtmf(digit: str) -> bytes:
    """Return the frame of one key of the callee. Only Asterisk sends it: it refuses ours.

    Raises:
        WireProtocolError: ``digit`` is not one of ``0-9*#A-D``.
    """
    code = digit.encode("utf-8")
    if len(code) != 1 or code[0] not in _DTMF_KEYS:
        raise WireProtocolError("A DTMF frame holds exactly one key.")
    return bytes((FrameKind.DTMF, 0, 1)) + code


def error(code: int) -> bytes:
    """Return an error frame. Only Asterisk sends it."""
    return bytes((FrameKind.ERROR, 0, 1, code))


class MediaServerWriter:
    """What our side may write, and nothing else (``res_audiosocket.c`` ends the call otherwise)."""

    audio = staticmethod(audio)
    hangup = staticmethod(hangup)
