"""Where Asterisk's AudioSocket connects: the media side of all calls of this process.

A call's id is its one-time token (Asterisk has no other): it is accepted once, within its time,
from allowed addresses. Everything else is closed, counted and logged. One ticker paces the
playout of all calls. See reference: docs.asterisk.org, AudioSocket; ``res_audiosocket.c``.
"""

import asyncio
import ipaddress
from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

import structlog

from opendeep.audio_processing_service.audiosocket_connection import AudioSocketConnection
from opendeep.audio_processing_service.audiosocket_handler import AudioSocketHandler, MediaPorts
from opendeep.audio_processing_service.pacing import PacingTicker
from opendeep.common.errors import ConflictError, UnavailableError
from opendeep.common.ids import CallId
from opendeep.common.lifecycle import Nursery
from opendeep.common.ports import CallMediaConfig, MediaReport

log = structlog.get_logger(__name__)

_FINISH_SECONDS: Final = 2.0
_MAX_STRANGERS: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioSocketConfig:
    """Where to listen, and for whom.

    Attributes:
        port: 0 takes any free one.
        advertise: ``host:port`` as Asterisk reaches us; None says what we listen on.
        allowed_networks: CIDR networks that Asterisk may connect from.
        connect_seconds: how long a prepared call's id is valid; ring time included.
        max_calls: how many calls may be prepared at a time.
    """

    host: str = "127.0.0.1"
    port: int = 9092
    advertise: str | None = None
    allowed_networks: tuple[str, ...] = ("127.0.0.0/8", "::1/128")
    connect_seconds: float = 60.0
    max_calls: int = 1000


@dataclass(slots=True, kw_only=True)
class _Expected:
    """A prepared call; its id may be used until ``expires_at``, once."""

    handler: AudioSocketHandler
    task: "asyncio.Task[None]"
    expires_at: float
    used: bool = False


class AudioSocketServer:
    """The media of all calls: a ``Service``, and the port ``CallMedia`` for attempt handlers.

    Args:
        config: where to listen.
        ports: what each call's media needs.

    Attributes:
        refusals: how many connections were closed, by reason.
    """

    name = "audiosocket"

    def __init__(self, config: AudioSocketConfig, ports: MediaPorts) -> None:
        self._config = config
        self._ports = ports
        self._networks = [ipaddress.ip_network(text) for text in config.allowed_networks]
        self._calls: dict[CallId, _Expected] = {}
        self._ticker = PacingTicker(ports.clock)
        self._nursery: Nursery | None = None
        self._address: str | None = None
        self._stopping = asyncio.Event()
        self._strangers: dict[AudioSocketConnection, None] = {}  # oldest first
        self._ticker_failure: BaseException | None = None
        self.refusals: Counter[str] = Counter()

    @property
    def calls(self) -> int:
        """How many calls' media are prepared or run."""
        return len(self._calls)

    @property
    def missed_frames(self) -> int:
        """How many frames of all calls were not sent, because this process was late."""
        return self._ticker.missed

    async def run(self) -> None:
        """Listen until :meth:`stop`, then release every call's media.

        Raises:
            UnavailableError: the address cannot be listened on.
        """
        loop = asyncio.get_running_loop()
        try:
            server = await loop.create_server(
                lambda: AudioSocketConnection(self), self._config.host, self._config.port
            )
        except OSError as error:
            raise UnavailableError(
                f"AudioSocket cannot listen on {self._config.host}:{self._config.port}."
            ) from error
        port = server.sockets[0].getsockname()[1]
        self._address = self._config.advertise or f"{self._config.host}:{port}"
        log.info("audiosocket_listens", address=self._address)
        try:
            async with Nursery("audiosocket", on_failure=self._child_failed) as nursery:
                self._nursery = nursery
                nursery.start(self._ticker.run(), name="ticker")
                await self._stopping.wait()
                await self._finish_all()
        finally:
            self._nursery = None
            self._address = None
            server.close()
            for stranger in list(self._strangers):
                stranger.close()
        if self._ticker_failure is not None:
            raise UnavailableError("The pacing of calls failed.") from self._ticker_failure

    def stop(self) -> None:
        """Ask :meth:`run` to return; idempotent."""
        self._stopping.set()

    # The port for attempt handlers.

    async def prepare(self, config: CallMediaConfig) -> str:
        """Expect Asterisk for this call; return ``host:port`` for its AudioSocket.

        Raises:
            ConflictError: the call was prepared already.
            UnavailableError: not listening, or too many calls.
        """
        if self._nursery is None or self._address is None or self._stopping.is_set():
            raise UnavailableError("The media server is not listening.")
        if config.call_id in self._calls:
            raise ConflictError("The call's media was prepared already.")
        if len(self._calls) >= self._config.max_calls:
            raise UnavailableError("The media server carries as many calls as it may.")
        seconds = self._config.connect_seconds
        handler = AudioSocketHandler(config, self._ports, connect_seconds=seconds)
        task = self._nursery.start(handler.run(), name=config.call_id)
        expires_at = self._ports.clock.monotonic() + seconds
        self._calls[config.call_id] = _Expected(handler=handler, task=task, expires_at=expires_at)
        return self._address

    async def open_voice(self, call_id: CallId) -> None:
        """Start opening the voice session; returns at once, also for a call that is over."""
        expected = self._calls.get(call_id)
        if expected is not None:
            expected.handler.open_voice()

    async def finish(self, call_id: CallId) -> MediaReport:
        """Release everything of the call within 2 s; idempotent, also for unknown calls."""
        expected = self._calls.pop(call_id, None)
        if expected is None:
            return MediaReport(connected=False, voice_ready=False)
        await expected.handler.finish(_FINISH_SECONDS)
        self._ticker.remove(expected.handler)
        if not expected.task.done() and not expected.handler.released:
            log.warning("media_release_late", call_id=call_id)
            expected.task.cancel()
        return expected.handler.report()

    async def _finish_all(self) -> None:
        async with asyncio.TaskGroup() as group:
            for call_id in list(self._calls):
                group.create_task(self.finish(call_id), name=f"finish:{call_id}")

    def _child_failed(self, name: str, error: BaseException) -> None:
        # A call whose media failed is asked for its end by its own handler; without the ticker
        # nothing works, so the service ends and is restarted.
        if name.endswith(":ticker"):
            self._ticker_failure = error
            self._stopping.set()

    # For connections.

    def admit(self, connection: AudioSocketConnection, peer: Any) -> bool:
        """Decide whether a new connection may stay until it has said who it is."""
        if not self._allowed(peer):
            return self._refuse("address")
        if self._nursery is None:
            return self._refuse("stopped")
        if len(self._strangers) >= _MAX_STRANGERS:
            # Asterisk names its call at once: who waits longest is least likely to be it.
            self._refuse("too_many")
            oldest = next(iter(self._strangers))
            del self._strangers[oldest]
            oldest.close()
        self._strangers[connection] = None
        return True

    def claim(self, connection: AudioSocketConnection, call_uuid: str) -> AudioSocketHandler | None:
        """Give a connection the call that it named, if that may be; once for each call."""
        self._strangers.pop(connection, None)
        expected = self._calls.get(CallId(call_uuid))
        if expected is None:
            self._refuse("unknown")
        elif expected.used:
            self._refuse("used")
        elif self._ports.clock.monotonic() > expected.expires_at:
            self._refuse("late")
        else:
            expected.used = True
            self._ticker.place(expected.handler)
            return expected.handler
        return None

    def align(self, handler: AudioSocketHandler) -> None:
        """Pace a call right after its own frames come in."""
        self._ticker.place(handler)

    def forget(self, connection: AudioSocketConnection, handler: AudioSocketHandler | None) -> None:
        """Let go of a connection that ended."""
        self._strangers.pop(connection, None)
        if handler is not None:
            self._ticker.remove(handler)

    def refuse_silent(self) -> None:
        """Count a connection that did not say in time who it is."""
        self._refuse("silent")

    def _allowed(self, peer: Any) -> bool:
        if not isinstance(peer, tuple) or not peer:
            return False
        try:
            address = ipaddress.ip_address(str(peer[0]).partition("%")[0])
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None)
        return any((mapped or address) in network for network in self._networks)

    def _refuse(self, reason: str) -> bool:
        self.refusals[reason] += 1
        log.warning("audiosocket_refused", reason=reason)
        return False
