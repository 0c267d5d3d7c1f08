"""The web interface as a service: uvicorn on the loop of the process."""

import asyncio
import contextlib
import errno
import logging
import socket
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

from opendeep.common.errors import UnavailableError
from opendeep.common.lifecycle import Nursery

_WS_MESSAGE_MOST_BYTES = 64 * 1024
_STOP_SECONDS = 2
_BACKLOG = 128


def _is_trouble(record: logging.LogRecord) -> bool:
    """Whether a line of uvicorn's log is one.

    It takes the HTTP reply that refuses a WebSocket (ASGI's "WebSocket Denial Response") for a
    handshake that was forgotten; the web interface logs refusals itself.
    """
    return "without completing handshake" not in record.getMessage()


class _QuietServer(uvicorn.Server):
    """A server that leaves signals to the process's owner."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Install nothing."""
        yield


class WebServer:
    """Serves an ASGI application until stopped; :meth:`listen` comes before :meth:`run`.

    Args:
        app: what is served.
        listener: the port, from :func:`take_port`; closed when :meth:`run` returns.
    """

    name = "web"

    def __init__(self, app: ASGIApp, *, listener: socket.socket) -> None:
        self._app = app
        self._listener = listener
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Serve until :meth:`stop`."""
        logging.getLogger("uvicorn.error").addFilter(_is_trouble)
        config = uvicorn.Config(
            self._app,
            log_config=None,
            access_log=False,
            server_header=False,
            ws="websockets-sansio",
            ws_max_size=_WS_MESSAGE_MOST_BYTES,
            timeout_graceful_shutdown=_STOP_SECONDS,
        )
        server = _QuietServer(config)
        async with Nursery("web") as nursery:
            serving = nursery.start(server.serve(sockets=[self._listener]), name="serve")
            stop = nursery.start(self._until_stopped(), name="stop")
            await asyncio.wait({serving, stop}, return_when=asyncio.FIRST_COMPLETED)
            server.should_exit = True
            await asyncio.wait({serving}, timeout=_STOP_SECONDS + 1)

    def stop(self) -> None:
        """Ask :meth:`run` to return."""
        self._stopping.set()

    async def _until_stopped(self) -> None:
        await self._stopping.wait()

    def listen(self) -> None:
        """Let clients wait, where they would be refused before the first accept."""
        self._listener.listen(_BACKLOG)


def take_port(host: str, port: int) -> socket.socket:
    """Take the port, so that a taken one is told before anything starts; nobody can connect yet.

    Raises:
        UnavailableError: the port is taken, or may not be used.
    """
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise UnavailableError(
            f"Port {port} of {host} is taken: stop what uses it, or set WEB_PORT."
            if error.errno == errno.EADDRINUSE
            else f"Port {port} of {host} cannot be used ({error.strerror}): set WEB_PORT.",
            retryable=False,
        ) from error
    return listener
