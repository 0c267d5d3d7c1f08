"""The web interface as a service: uvicorn on the loop of the process."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

from opendeep.common.errors import UnavailableError
from opendeep.common.lifecycle import Nursery

_WS_MESSAGE_MOST_BYTES = 64 * 1024
_STOP_SECONDS = 2
_BACKLOG = 128


class _QuietServer(uvicorn.Server):
    """A server that leaves signals to the process's owner."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Install nothing."""
        yield


class WebServer:
    """Serves an ASGI application until stopped; :meth:`bind` comes before :meth:`run`."""

    name = "web"

    def __init__(self, app: ASGIApp, *, host: str, port: int) -> None:
        self._app = app
        self._host = host
        self._port = port
        self._stopping = asyncio.Event()
        self._listener: socket.socket | None = None
        self.port = port

    async def run(self) -> None:
        """Serve until :meth:`stop`."""
        listener = self._listener or self.bind()
        config = uvicorn.Config(
            self._app,
            host=self._host,
            port=self._port,
            log_config=None,
            access_log=False,
            server_header=False,
            ws="websockets-sansio",
            ws_max_size=_WS_MESSAGE_MOST_BYTES,
            timeout_graceful_shutdown=_STOP_SECONDS,
        )
        server = _QuietServer(config)
        async with Nursery("web") as nursery:
            serving = nursery.start(server.serve(sockets=[listener]), name="serve")
            stop = nursery.start(self._until_stopped(), name="stop")
            await asyncio.wait({serving, stop}, return_when=asyncio.FIRST_COMPLETED)
            server.should_exit = True
            await asyncio.wait({serving}, timeout=_STOP_SECONDS + 1)

    def stop(self) -> None:
        """Ask :meth:`run` to return."""
        self._stopping.set()

    async def _until_stopped(self) -> None:
        await self._stopping.wait()

    def bind(self) -> socket.socket:
        """Take the port, so that a taken one is told before anything starts.

        Raises:
            UnavailableError: the port is taken.
        """
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((self._host, self._port))
            # From here on a client waits, where it would be refused before the first accept.
            listener.listen(_BACKLOG)
        except OSError as error:
            listener.close()
            raise UnavailableError(
                f"Port {self._port} of {self._host} is taken: stop what uses it, or set WEB_PORT.",
                retryable=False,
            ) from error
        self.port = listener.getsockname()[1]
        self._listener = listener
        return listener
