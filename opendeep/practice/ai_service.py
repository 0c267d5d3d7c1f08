"""The practice AI: one HTTP server on loopback that speaks OpenAI's and Google's protocols.

It serves the rule-based practice brain with real ears and a real mouth, so that the product runs
the same code as with the paid services; whoever connects is told that it is a practice assistant.
"""

import contextlib
import socket
from collections.abc import AsyncIterator, Generator
from dataclasses import dataclass, field
from typing import Final

import structlog
import uvicorn
from fastapi import FastAPI

from opendeep.common.clock import Clock, SystemClock
from opendeep.common.errors import UnavailableError
from opendeep.common.lifecycle import Nursery
from opendeep.practice.ai_service_routes import TextApi
from opendeep.practice.directory import directory_router
from opendeep.practice.realtime import RealtimeEndpoint
from opendeep.practice.realtime_session import RealtimeSettings
from opendeep.practice.speech import SpeechEngines

log = structlog.get_logger(__name__)

_MOST_MESSAGE_BYTES: Final = 20 * 1024 * 1024
_BACKLOG: Final = 128
_STOP_SECONDS: Final = 2
_GIVE_UP_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AiServiceConfig:
    """How the practice AI service listens.

    Attributes:
        port: 0 takes any free one.
        api_key: the Bearer that OpenAI clients must send; None accepts everybody.
    """

    host: str = "127.0.0.1"
    port: int = 0
    api_key: str | None = None
    realtime: RealtimeSettings = field(default_factory=RealtimeSettings)


class _Server(uvicorn.Server):
    """A server inside a loop that belongs to somebody else: it leaves the signals alone."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Capture nothing."""
        yield


class PracticeAiService:
    """Serves the practice AI.

    Args:
        config: where to listen.
        engines: ears and mouth; the caller closes them.
        clock: time stamps.

    Attributes:
        port: the real port while :meth:`serve` is open.
    """

    def __init__(
        self,
        config: AiServiceConfig,
        engines: SpeechEngines,
        *,
        clock: Clock | None = None,
    ) -> None:
        self._config = config
        self._engines = engines
        self._clock = clock or SystemClock()
        self.port = config.port

    @property
    def base_url(self) -> str:
        """What a client takes for ``OPENAI_BASE_URL``."""
        return f"http://{self._config.host}:{self.port}/v1"

    def app(self) -> FastAPI:
        """Return the ASGI application."""
        app = FastAPI(title="OpenDeep practice AI", docs_url=None, redoc_url=None)
        text = TextApi(clock=self._clock, api_key=self._config.api_key)
        realtime = RealtimeEndpoint(
            engines=self._engines,
            settings=self._config.realtime,
            clock=self._clock,
            api_key=self._config.api_key,
        )
        for router in (text.router(), realtime.router(), directory_router()):
            app.include_router(router)
        return app

    @contextlib.asynccontextmanager
    async def serve(self) -> AsyncIterator[None]:
        """Listen while the block is open; ``port`` is the real one inside it.

        Raises:
            UnavailableError: the port is taken.
        """
        with self._listening() as listener:
            self.port = listener.getsockname()[1]
            server = _Server(
                uvicorn.Config(
                    self.app(),
                    log_config=None,
                    log_level="warning",
                    access_log=False,
                    lifespan="off",
                    ws="websockets-sansio",
                    ws_max_size=_MOST_MESSAGE_BYTES,
                    ws_per_message_deflate=False,
                    timeout_graceful_shutdown=_STOP_SECONDS,
                )
            )
            nursery = Nursery("practice_ai", grace_seconds=_STOP_SECONDS + _GIVE_UP_SECONDS)
            async with nursery:
                nursery.start(server.serve(sockets=[listener]), name="http")
                log.info("practice_ai_listening", port=self.port)
                try:
                    yield
                finally:
                    server.should_exit = True

    @contextlib.contextmanager
    def _listening(self) -> Generator[socket.socket, None, None]:
        with contextlib.closing(socket.socket()) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind((self._config.host, self._config.port))
                listener.listen(_BACKLOG)
            except OSError as error:
                message = f"The practice AI cannot listen on port {self._config.port}: {error}."
                raise UnavailableError(message, retryable=False) from error
            listener.setblocking(False)
            yield listener
