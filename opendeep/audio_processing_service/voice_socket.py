"""WebSockets to voice providers, with picows: moves messages and knows nothing of them.

Compression is off, frames are bounded, and a peer that stops answering pings is dropped, since a
dead one would go unnoticed while nobody speaks.
"""

import asyncio
import functools
import ssl
from collections.abc import Mapping
from typing import Any

import picows
import structlog

from opendeep.audio_processing_service.realtime_protocol import MAX_MESSAGE_BYTES
from opendeep.audio_processing_service.realtime_transport import (
    MessageConnection,
    MessageReceiver,
)
from opendeep.common.errors import VoiceUnavailableError

log = structlog.get_logger(__name__)

_WRITE_LIMIT_BYTES = 32 * 1024
_CLOSE_SECONDS = 1.0
_PING_SECONDS = 5.0
_TEXT = picows.WSMsgType.TEXT
_NO_PERMISSION = frozenset({400, 401, 403, 404})


class _PicowsConnection(picows.WSListener):
    """Moves messages between picows and the client."""

    def __init__(self, receiver: MessageReceiver) -> None:
        super().__init__()
        self._receiver = receiver
        self._transport: picows.WSTransport | None = None
        self._lost = False
        self._abandoned = False
        self.writable = False

    def abandon(self) -> None:
        """Close at once, also a connection that is not open yet."""
        self._abandoned = True
        if self._transport is not None:
            self._transport.disconnect(graceful=False)

    def pause_writing(self) -> None:
        self.writable = False

    def resume_writing(self) -> None:
        self.writable = True

    def send(self, message: bytes) -> None:
        if self._transport is not None and not self._lost:
            self._transport.send(_TEXT, message)

    async def close(self) -> None:
        transport = self._transport
        if transport is None or self._lost:
            return
        transport.send_close(picows.WSCloseCode.OK)
        transport.disconnect()
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await transport.wait_disconnected()
        except (TimeoutError, OSError, picows.WSError):
            transport.disconnect(graceful=False)
        except asyncio.CancelledError:
            transport.disconnect(graceful=False)
            raise

    def on_ws_connected(self, transport: picows.WSTransport) -> None:
        self._transport = transport
        transport.underlying_transport.set_write_buffer_limits(high=_WRITE_LIMIT_BYTES)
        self.writable = True
        if self._abandoned:
            transport.disconnect(graceful=False)

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        kind = frame.msg_type
        if kind is _TEXT:
            self._receiver.message_received(frame.get_payload_as_bytes(), final=frame.fin)
            return
        match kind:
            case picows.WSMsgType.CONTINUATION | picows.WSMsgType.BINARY:
                self._receiver.message_received(frame.get_payload_as_bytes(), final=frame.fin)
            case picows.WSMsgType.CLOSE:
                transport.send_close(picows.WSCloseCode.OK)
                transport.disconnect()
            case _:
                pass

    def on_ws_disconnected(self, transport: picows.WSTransport) -> None:
        self._lost = True
        received = transport.close_handshake.recv if transport.close_handshake else None
        if received is None:
            self._receiver.connection_lost(picows.WSCloseCode.ABNORMAL_CLOSURE.value, "")
            return
        # A code that picows has no name for (4000 and more) comes as a plain number.
        code: Any = received.code
        self._receiver.connection_lost(int(code), received.reason or "")


@functools.cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


async def connect_picows(
    url: str, headers: Mapping[str, str], receiver: MessageReceiver
) -> MessageConnection:
    """Open a WebSocket with picows (a ``MessageConnector``); redirects are not followed.

    Raises:
        VoiceUnavailableError: unreachable or refused.
    """
    connection = _PicowsConnection(receiver)
    try:
        await picows.ws_connect(
            lambda: connection,
            url,
            ssl_context=_tls() if url.startswith("wss:") else None,
            extra_headers=headers,
            enable_auto_ping=True,
            auto_ping_idle_timeout=_PING_SECONDS,
            auto_ping_reply_timeout=_PING_SECONDS,
            max_frame_size=MAX_MESSAGE_BYTES,
            max_redirects=0,
        )
    except asyncio.CancelledError:
        connection.abandon()  # picows leaves a handshake that is cancelled to itself
        raise
    except picows.WSHandshakeError as error:
        status = error.response.status if error.response is not None else 0
        log.warning("voice_upgrade_refused", status=int(status))
        raise VoiceUnavailableError(
            f"The voice service refused the connection (HTTP {int(status)}).",
            retryable=int(status) not in _NO_PERMISSION,
        ) from error
    except (OSError, TimeoutError, picows.WSError) as error:
        raise VoiceUnavailableError("The voice service cannot be reached.") from error
    return connection
