"""One TCP connection of Asterisk: moves bytes between it and a call's handler."""

import asyncio
from collections.abc import Callable
from typing import Any, Final, Protocol, cast

import structlog

from opendeep.audio_processing_service import audiosocket_protocol as wire
from opendeep.audio_processing_service import pcm
from opendeep.audio_processing_service.audiosocket_handler import AudioSocketHandler
from opendeep.common.errors import WireProtocolError

log = structlog.get_logger(__name__)

_IDENTIFY_SECONDS: Final = 5.0
_WRITE_LIMIT_BYTES: Final = 50 * (wire.HEADER_BYTES + wire.FRAME_PCM_BYTES)
_SILENT_MULAW: Final = pcm.MULAW_SILENCE_FRAME
_SILENCE: Final = wire.audio(pcm.PCM_SILENCE_FRAME)


class ConnectionOwner(Protocol):
    """What a connection asks of the server."""

    def admit(self, connection: "AudioSocketConnection", peer: Any) -> bool:
        """Decide whether a new connection may stay until it has said who it is."""
        ...

    def claim(
        self, connection: "AudioSocketConnection", call_uuid: str
    ) -> AudioSocketHandler | None:
        """Give a connection the call that it named, if that may be."""
        ...

    def align(self, handler: AudioSocketHandler) -> None:
        """Pace a call right after its own frames come in."""
        ...

    def forget(
        self, connection: "AudioSocketConnection", handler: AudioSocketHandler | None
    ) -> None:
        """Let go of a connection that ended."""
        ...

    def refuse_silent(self) -> None:
        """Count a connection that did not say in time who it is."""
        ...


class AudioSocketConnection(asyncio.Protocol):
    """One TCP connection of Asterisk; an ``AudioLink`` once it is identified."""

    __slots__ = (
        "_broken",
        "_full",
        "_handler",
        "_parser",
        "_server",
        "_sink",
        "_timer",
        "_transport",
    )

    def __init__(self, server: ConnectionOwner) -> None:
        self._server = server
        self._parser = wire.AudioSocketParser()
        self._transport: asyncio.Transport | None = None
        self._handler: AudioSocketHandler | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._sink: Callable[[bytes], None] | None = None
        self._full = False
        self._broken = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask the server whether this peer may stay; it has 5 s to say who it is."""
        # uvloop's transports have the methods and not the class, so no isinstance here.
        transport = cast("asyncio.Transport", transport)
        self._transport = transport
        if not self._server.admit(self, transport.get_extra_info("peername")):
            transport.abort()
            return
        transport.set_write_buffer_limits(high=_WRITE_LIMIT_BYTES)
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(_IDENTIFY_SECONDS, self._too_silent)

    def data_received(self, data: bytes) -> None:
        """Take bytes; what breaks the protocol ends the connection."""
        sound = self._parser.sound_of(data)
        if sound:
            (self._sink or self._hear)(sound)
            return
        try:
            events = self._parser.receive(data)
        except WireProtocolError as error:
            log.warning("audiosocket_protocol_error", reason=error.message)
            self._broken = True
            self.close()
            return
        for event in events:
            self._take(event)

    def connection_lost(self, _exc: Exception | None) -> None:
        """Tell the handler, once, that the connection is gone."""
        if self._timer is not None:
            self._timer.cancel()
        handler, self._handler = self._handler, None
        self._transport = self._sink = None
        self._server.forget(self, handler)
        if handler is not None:
            handler.disconnected(broken=self._broken)

    def pause_writing(self) -> None:
        """Note that Asterisk does not read."""
        self._full = True

    def resume_writing(self) -> None:
        """Note that Asterisk reads again."""
        self._full = False

    def send(self, mulaw: bytes) -> None:
        """Send 20 ms; left out while Asterisk does not read, since a backlog is never made up."""
        transport = self._transport
        if transport is None or self._full:
            return
        if mulaw == _SILENT_MULAW:
            transport.write(_SILENCE)
            return
        frame = bytearray(_SILENCE)
        pcm.mulaw_into_pcm(mulaw, frame, wire.HEADER_BYTES)
        transport.write(frame)

    def close(self) -> None:
        """Hang up and close; the handler is told when the connection is gone."""
        transport = self._transport
        if transport is not None and not transport.is_closing():
            transport.write(wire.MediaServerWriter.hangup())
            transport.close()

    def _take(self, event: wire.AudioSocketEvent) -> None:
        match event:
            case wire.AudioReceived(payload=payload):
                self._hear(payload)
            case wire.CallIdentified(uuid=call_uuid):
                self._identify(call_uuid)
            case wire.DtmfReceived(digit=digit):
                if self._handler is not None:
                    self._handler.callee_pressed(digit)
            case wire.HangupReceived():
                self.close()
            case wire.ErrorReceived(code=code):
                log.warning("audiosocket_error", code=code)
                self.close()

    def _identify(self, call_uuid: str) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._handler = self._server.claim(self, call_uuid)
        if self._handler is None:
            self.close()
        else:
            self._handler.connected(self)

    def _hear(self, payload: bytes) -> None:
        handler = self._handler
        if handler is None:
            return
        if self._sink is None:
            self._sink = handler.hear
            self._server.align(handler)
        handler.hear(payload)

    def _too_silent(self) -> None:
        self._server.refuse_silent()
        if self._transport is not None:
            self._transport.abort()
