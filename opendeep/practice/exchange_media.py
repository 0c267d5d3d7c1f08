"""The AudioSocket end of a practice channel: connects as Asterisk does and carries the sound.

Theory: :class:`AudioSocketLink` moves bytes; :class:`MediaBridge` is the clock. Each 20 ms one
frame of the callee goes out and one frame of the AI is heard, on deadlines, so that neither side
drifts. The bridge ends for the reasons that Asterisk's ``AudioSocket()`` ends for.

Sources: ``app_audiosocket.c``, ``res_audiosocket.c`` (connect within 2 s; 2 s without a frame of
either side; any kind but audio and hang-up ends the call).
"""

import asyncio
from collections.abc import Callable
from enum import Enum, auto
from typing import Final, cast

from opendeep.audio_processing_service import audiosocket_protocol as protocol
from opendeep.audio_processing_service import pcm
from opendeep.common.errors import WireProtocolError
from opendeep.practice.exchange_callee import FRAME_SECONDS, FarEnd, JitterBuffer

CONNECT_SECONDS: Final = 2.0
SILENT_LINE_SECONDS: Final = 2.0
_MOST_FRAMES_BEHIND: Final = 10
_EARLY_SECONDS: Final = 0.001


class MediaEnd(Enum):
    """Why ``AudioSocket()`` returned."""

    SERVER_CLOSED = auto()
    """The server sent a hang-up or closed the socket: the dialplan goes on."""
    BROKEN = auto()
    """A foreign frame, or no frames at all: AudioSocket fails, which TryExec hides."""
    STOPPED = auto()
    """The channel ended first."""


class AudioSocketLink(asyncio.Protocol):
    """One TCP connection to the media server.

    Args:
        on_audio: takes the AI's audio as µ-law.
        on_end: told once why the connection is of no more use.
    """

    def __init__(
        self, *, on_audio: Callable[[bytes], None], on_end: Callable[[MediaEnd], None]
    ) -> None:
        self._on_audio = on_audio
        self._on_end = on_end
        self._parser = protocol.AudioSocketParser(protocol.Side.ASTERISK)
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        # uvloop's transports have the methods and not the class, so no isinstance here.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Take frames; audio goes on, anything else ends the media."""
        try:
            for event in self._parser.receive(data):
                if isinstance(event, protocol.AudioReceived):
                    self._on_audio(pcm.pcm_to_mulaw(event.payload))
                else:
                    self._on_end(MediaEnd.SERVER_CLOSED)
        except WireProtocolError:
            self._on_end(MediaEnd.BROKEN)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell that the server is gone."""
        del exc
        self._transport = None
        self._on_end(MediaEnd.SERVER_CLOSED)

    def write(self, frame: bytes) -> None:
        """Send one whole frame; nothing happens after the end."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(frame)

    def close(self) -> None:
        """Close the socket; idempotent."""
        if self._transport is not None:
            self._transport.close()


async def connect(link: AudioSocketLink, address: str, call_uuid: str) -> bool:
    """Connect to ``host:port`` and name the call; return False when that fails, as in Asterisk."""
    host, _, port = address.rpartition(":")
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            await asyncio.get_running_loop().create_connection(lambda: link, host, int(port))
        link.write(protocol.identify(call_uuid))
    except (OSError, TimeoutError, ValueError):
        link.close()
        return False
    return True


class MediaBridge:
    """Carries sound between a far end and a link until either ends; one timer a call."""

    def __init__(self, far_end: FarEnd) -> None:
        self._far_end = far_end
        self._link = AudioSocketLink(on_audio=self._take_audio, on_end=self._end)
        self._from_ai = JitterBuffer()
        self._ended = asyncio.Event()
        self._end_reason: MediaEnd | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._next_tick = 0.0
        self._last_frame_at = 0.0

    async def run(self, address: str, call_uuid: str) -> MediaEnd:
        """Connect and carry sound; a failed connection counts as closed by the server."""
        if not await connect(self._link, address, call_uuid):
            return MediaEnd.SERVER_CLOSED
        self._next_tick = self._last_frame_at = asyncio.get_running_loop().time()
        self._tick()
        try:
            await self._ended.wait()
        finally:
            self._end(MediaEnd.STOPPED)
            self._link.close()
        return self._end_reason or MediaEnd.STOPPED

    def stop(self) -> None:
        """End the media since the channel ends; idempotent."""
        self._end(MediaEnd.STOPPED)

    def send_digit(self, digit: str) -> None:
        """Tell the server a key of the callee's telephone."""
        self._link.write(protocol.dtmf(digit))

    def _take_audio(self, mulaw: bytes) -> None:
        self._last_frame_at = asyncio.get_running_loop().time()
        self._from_ai.put(mulaw)

    def _end(self, reason: MediaEnd) -> None:
        if self._end_reason is None:
            self._end_reason = reason
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._ended.set()

    def _tick(self) -> None:
        """Carry the frames that are due; more than one after a stall of this machine."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        if now - self._next_tick > _MOST_FRAMES_BEHIND * FRAME_SECONDS:
            self._next_tick = now
        while self._next_tick <= now + _EARLY_SECONDS and self._end_reason is None:
            self._carry_frame(now)
            self._next_tick += FRAME_SECONDS
        if self._end_reason is None:
            self._timer = loop.call_at(self._next_tick, self._tick)

    def _carry_frame(self, now: float) -> None:
        frame = self._far_end.next_frame()
        if frame is not None:
            self._last_frame_at = now
            self._link.write(protocol.audio(pcm.mulaw_to_pcm(frame)))
        self._far_end.hear(self._from_ai.next_frame())
        if now - self._last_frame_at >= SILENT_LINE_SECONDS:
            self._end(MediaEnd.BROKEN)
