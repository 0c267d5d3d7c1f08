"""One connection to Asterisk's manager: moves bytes, and ties answers to their actions."""

import asyncio
import ipaddress
import itertools
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self, cast

import structlog

from opendeep.call_processor_service.ami_actions import AmiAction
from opendeep.call_processor_service.ami_protocol import AmiMessage, AmiParser
from opendeep.call_processor_service.ami_wire_log import log_bytes
from opendeep.common.errors import (
    ExchangeUnavailableError,
    InvalidInputError,
    WireProtocolError,
)
from opendeep.common.lifecycle import wait_event

log = structlog.get_logger(__name__)

_MOST_UNSENT_BYTES = 1024 * 1024
_LIST_LIMIT = 50_000
_EVENT = b"Event: "


@dataclass(frozen=True, slots=True, kw_only=True)
class AmiConfig:
    """Where Asterisk's manager is, and how patient we are with it.

    Attributes:
        tls: speak TLS, with the certificate verified.
        ca_file: the certificates that vouch for Asterisk's, or empty for the system's.
        events: Asterisk's event mask: the classes that calls need, or ``off``.
        boot_seconds: how long a login waits for an exchange that still boots.
        wire_log: log every byte at debug level, secrets masked.
    """

    host: str
    port: int = 5038
    username: str
    secret: str = field(repr=False)
    tls: bool = False
    ca_file: str = ""
    events: str = "call,system"
    connect_seconds: float = 5.0
    boot_seconds: float = 5.0
    action_seconds: float = 5.0
    ping_seconds: float = 10.0
    stop_seconds: float = 4.0
    wire_log: bool = False


class AmiUnavailableError(ExchangeUnavailableError):
    """An action got no answer.

    Attributes:
        outcome_unknown: whether Asterisk may have acted on it all the same.
    """

    def __init__(self, message: str, *, outcome_unknown: bool = False) -> None:
        super().__init__(message)
        self.outcome_unknown = outcome_unknown


class LoginRefusedError(ExchangeUnavailableError):
    """Asterisk knows no such manager user, or not with this secret from this address."""

    code = "exchange_login_refused"


@dataclass(slots=True)
class _Pending:
    """An action that waits: its answer is the messages, or why there are none."""

    name: str
    answer: asyncio.Future[list[AmiMessage] | AmiUnavailableError]
    deadline: float
    is_list: bool
    messages: list[AmiMessage] = field(default_factory=list)


class AmiLink(asyncio.Protocol):
    """A connection that is open until :meth:`abort`, a fault of the peer, or its end.

    Theory: actions wait in the order in which they were sent, and each has the same time for its
    answer. So the oldest is always the first to expire, and one timer does for all.

    Args:
        on_events: is handed events that answer no list action, each as its raw lines.
    """

    def __init__(self, config: AmiConfig, *, on_events: Callable[[list[bytes]], None]) -> None:
        self._config = config
        self._on_events = on_events
        self._loop = asyncio.get_running_loop()
        self._parser = AmiParser(expect_banner=True)
        self._pending: dict[str, _Pending] = {}
        self._lists = 0
        self._numbers = itertools.count(1)
        self._transport: asyncio.Transport | None = None
        self._sweeper: asyncio.TimerHandle | None = None
        self._lost_because: str | None = None
        self._ended = asyncio.Event()
        self._greeted = asyncio.Event()
        self._boot_news = asyncio.Event()
        self._booted = False

    @classmethod
    async def open(cls, config: AmiConfig, *, on_events: Callable[[list[bytes]], None]) -> Self:
        """Connect; what comes is read from then on.

        Raises:
            AmiUnavailableError: refused, unreachable, too slow, or not trusted.
        """
        where = f"{config.host}:{config.port}"
        try:
            # Reading the system's certificates takes too long for a loop that carries sound.
            context = await asyncio.to_thread(_tls_context, config) if config.tls else None
            async with asyncio.timeout(config.connect_seconds):
                _, link = await asyncio.get_running_loop().create_connection(
                    lambda: cls(config, on_events=on_events), config.host, config.port, ssl=context
                )
        except ssl.SSLCertVerificationError as error:
            raise AmiUnavailableError(
                f"The certificate of the telephone exchange at {where} is not trusted "
                f"({error.verify_message}): set ASTERISK_AMI_CA_FILE to the CA that signed it, and "
                "ASTERISK_AMI_HOST to a name that stands in it."
            ) from error
        except ssl.SSLError as error:
            raise AmiUnavailableError(
                f"The telephone exchange at {where} does not speak TLS: check ASTERISK_AMI_PORT "
                "and manager.conf's tlsenable."
            ) from error
        except (OSError, TimeoutError) as error:
            raise AmiUnavailableError(
                f"The telephone exchange cannot be reached at {where}."
            ) from error
        return link

    @property
    def is_lost(self) -> bool:
        """Whether the connection is over."""
        return self._lost_because is not None

    @property
    def is_private(self) -> bool:
        """Whether nobody else can read along: TLS, or both ends on this machine."""
        if self._config.tls:
            return True
        if self._transport is None:
            return False
        try:
            return ipaddress.ip_address(self._transport.get_extra_info("peername")[0]).is_loopback
        except (TypeError, ValueError):
            return False

    async def greeting(self) -> None:
        """Wait for the banner, so that no secret is told to some other service.

        Raises:
            AmiUnavailableError: the connection ended instead.
        """
        await self._greeted.wait()
        if self.is_lost:
            raise AmiUnavailableError("The telephone exchange broke off the login.")

    async def fully_booted(self, seconds: float) -> bool:
        """Wait for the event that ends Asterisk's start; return whether it came in time."""
        await wait_event(self._boot_news, seconds)
        self._boot_news.set()
        return self._booted

    async def closed(self) -> str:
        """Wait until the connection is over; return why it ended."""
        await self._ended.wait()
        return self._lost_because or ""

    async def request(self, action: AmiAction, *, is_list: bool = False) -> list[AmiMessage]:
        """Send an action once and wait for its answer.

        One that expires goes to the system in this very step or is not sent at all: it never
        waits behind other bytes in this process, which may stand still for any time.

        Returns:
            The response; for a list action that was accepted, its events follow.

        Raises:
            AmiUnavailableError: no answer; ``outcome_unknown`` tells whether it may have acted.
            InvalidInputError: the action holds what must not be sent, or has the id of one that
                still waits.
        """
        action_id = action.action_id or f"opendeep-{next(self._numbers)}"
        if action_id in self._pending:
            raise InvalidInputError("AMI: an action with this id is still under way.")
        data = action.encode(action_id)
        transport = self._writable(0 if action.why_late is not None else _MOST_UNSENT_BYTES)
        loop = self._loop
        deadline = loop.time() + self._config.action_seconds
        waiting = _Pending(action.name, loop.create_future(), deadline, is_list)
        self._pending[action_id] = waiting
        self._lists += is_list
        if self._sweeper is None:
            self._sweeper = loop.call_at(deadline, self._sweep)
        if self._config.wire_log:
            log_bytes(">", data, secret=self._config.secret)
        try:
            if action.why_late is not None and (reason := action.why_late()):
                raise AmiUnavailableError(reason)
            transport.write(data)
            if action.why_late is not None and transport.get_write_buffer_size():
                self.abort("The telephone exchange does not read what it is sent.")
            answer = await waiting.answer
        finally:
            self._pending.pop(action_id, None)
            self._lists -= is_list
        if isinstance(answer, AmiUnavailableError):
            raise answer
        return answer

    def abort(self, reason: str) -> None:
        """End the connection at once; actions in flight have an unknown outcome. Idempotent."""
        if self._lost_because is not None:
            return
        self._lost_because = reason
        if self._transport is not None:
            self._transport.abort()
        if self._sweeper is not None:
            self._sweeper.cancel()
        for event in (self._ended, self._greeted, self._boot_news):
            event.set()
        for waiting in self._pending.values():
            _give_up(
                waiting, "The connection to the telephone exchange was lost before it answered."
            )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        # uvloop's transports have the methods and not the class, so no isinstance here.
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell everyone who waits."""
        self.abort(str(exc) if exc is not None else "Asterisk closed the connection.")

    def data_received(self, data: bytes) -> None:
        """Hand out what the bytes complete."""
        if self.is_lost:
            return
        if self._config.wire_log:
            log_bytes("<", data, secret=self._config.secret)
        try:
            events = self._parser.receive_raw(data)
        except WireProtocolError as error:
            self.abort(error.message)
            return
        nobody_waits_for_events = not self._lists and self._boot_news.is_set()
        unclaimed: list[bytes] = []
        for event in events:
            if not isinstance(event, bytes):
                log.debug("ami_banner", text=event.text)
                self._greeted.set()
            elif nobody_waits_for_events and event.startswith(_EVENT):
                unclaimed.append(event)
            else:
                self._on_events(unclaimed)
                unclaimed = []
                self._take(AmiMessage(None, event))
        self._on_events(unclaimed)
        if self._parser.fault is not None:
            self.abort(self._parser.fault.message)

    def _take(self, message: AmiMessage) -> None:
        waiting = self._pending.get(message.action_id)
        if message.response:
            if waiting is not None:
                self._take_response(waiting, message)
        elif waiting is not None and waiting.is_list:
            self._take_item(waiting, message)
        else:
            if message.event == "FullyBooted":
                self._booted = True
                self._boot_news.set()
            self._on_events([message.raw])

    def _take_response(self, waiting: _Pending, message: AmiMessage) -> None:
        waiting.messages.append(message)
        begins_list = waiting.is_list and message.is_success
        if not begins_list and not waiting.answer.done():
            waiting.answer.set_result(waiting.messages)

    def _take_item(self, waiting: _Pending, message: AmiMessage) -> None:
        if message.get("EventList").lower() == "complete":
            if not waiting.answer.done():
                waiting.answer.set_result(waiting.messages)
        elif len(waiting.messages) < _LIST_LIMIT:
            waiting.messages.append(message)

    def _writable(self, most_unsent_bytes: int) -> asyncio.Transport:
        """Return where to write, while the other side reads."""
        transport = self._transport
        if transport is None or self._lost_because is not None:
            raise AmiUnavailableError("The telephone exchange is not connected.")
        if transport.get_write_buffer_size() > most_unsent_bytes:
            raise AmiUnavailableError("The telephone exchange does not read what it is sent.")
        return transport

    def _sweep(self) -> None:
        """Give up the actions whose time is over; come again when the oldest's of the rest is."""
        self._sweeper = None
        now = self._loop.time()
        for waiting in self._pending.values():
            if waiting.deadline > now:
                self._sweeper = self._loop.call_at(waiting.deadline, self._sweep)
                return
            _give_up(waiting, f"The telephone exchange did not answer {waiting.name} in time.")


def _give_up(waiting: _Pending, reason: str) -> None:
    if not waiting.answer.done():
        waiting.answer.set_result(AmiUnavailableError(reason, outcome_unknown=True))


def _tls_context(config: AmiConfig) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=config.ca_file or None)
    except OSError as error:
        raise AmiUnavailableError(
            f"ASTERISK_AMI_CA_FILE cannot be read as certificates: {error.strerror or error}."
        ) from error
