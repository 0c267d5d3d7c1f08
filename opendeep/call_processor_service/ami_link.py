"""One connection to Asterisk's manager: moves bytes, and ties answers to their actions."""

import asyncio
import itertools
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

import structlog

from opendeep.call_processor_service.ami_actions import AmiAction
from opendeep.call_processor_service.ami_protocol import AmiBanner, AmiMessage, AmiParser
from opendeep.common.errors import ExchangeUnavailableError, WireProtocolError

log = structlog.get_logger(__name__)

_READ_BYTES = 64 * 1024
_LIST_LIMIT = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class AmiConfig:
    """Where Asterisk's manager is, and how patient we are with it.

    Attributes:
        tls: speak TLS, with the certificate verified.
        events: Asterisk's event mask: the classes that calls need, or ``off``.
        wire_log: log every message at debug level, secrets masked.
    """

    host: str
    port: int = 5038
    username: str
    secret: str = field(repr=False)
    tls: bool = False
    events: str = "call,system"
    connect_seconds: float = 5.0
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
    answer: asyncio.Future[list[AmiMessage]]
    is_list: bool
    messages: list[AmiMessage] = field(default_factory=list)


class AmiLink:
    """A connection that is open until :meth:`abort`, a fault of the peer, or its end.

    Somebody must read for anything to be answered: :meth:`login` reads for itself, afterwards
    :meth:`pump` does.

    Args:
        on_event: is handed every event that answers no list action.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        config: AmiConfig,
        on_event: Callable[[AmiMessage], None],
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._config = config
        self._on_event = on_event
        self._parser = AmiParser(expect_banner=True)
        self._pending: dict[str, _Pending] = {}
        self._numbers = itertools.count(1)
        self._lost_because: str | None = None

    @classmethod
    async def open(cls, config: AmiConfig, *, on_event: Callable[[AmiMessage], None]) -> Self:
        """Connect.

        Raises:
            AmiUnavailableError: refused, unreachable or too slow.
        """
        context = ssl.create_default_context() if config.tls else None
        try:
            async with asyncio.timeout(config.connect_seconds):
                reader, writer = await asyncio.open_connection(
                    config.host, config.port, ssl=context
                )
        except (OSError, TimeoutError) as error:
            raise AmiUnavailableError(
                f"The telephone exchange cannot be reached at {config.host}:{config.port}."
            ) from error
        return cls(reader, writer, config=config, on_event=on_event)

    async def login(self) -> None:
        """Log in, reading for itself.

        Raises:
            LoginRefusedError: the user name, the secret or our address was refused.
            AmiUnavailableError: the connection ended or gave no answer in time.
        """
        config = self._config
        action = AmiAction.login(config.username, config.secret, events=config.events)
        future = self._write(action, is_list=False)
        try:
            async with asyncio.timeout(config.connect_seconds):
                while not future.done():
                    await self._read_once()
        except TimeoutError as error:
            raise AmiUnavailableError("The telephone exchange did not answer the login.") from error
        except (OSError, EOFError, WireProtocolError) as error:
            raise AmiUnavailableError("The telephone exchange broke off the login.") from error
        finally:
            _forget(future)
        response = future.result()[0]
        if not response.is_success:
            raise LoginRefusedError(
                "The telephone exchange refused the login; check ASTERISK_AMI_USERNAME, "
                "ASTERISK_AMI_SECRET and manager.conf's permit lines."
            )

    async def pump(self) -> str:
        """Read until the connection is over; return why it ended."""
        reason = "Asterisk closed the connection."
        try:
            while True:
                await self._read_once()
        except (OSError, WireProtocolError) as error:
            reason = str(error)
        except EOFError:
            pass
        self.abort(reason)
        return self._lost_because or reason

    async def request(self, action: AmiAction, *, is_list: bool = False) -> list[AmiMessage]:
        """Send an action once and wait for its answer.

        Returns:
            The response; for a list action that was accepted, its events follow.

        Raises:
            AmiUnavailableError: no answer; ``outcome_unknown`` tells whether it may have acted.
            InvalidInputError: the action holds what must not be sent.
        """
        if self._lost_because is not None:
            raise AmiUnavailableError("The telephone exchange is not connected.")
        future = self._write(action, is_list=is_list)
        try:
            async with asyncio.timeout(self._config.action_seconds):
                await self._writer.drain()
                return await future
        except (TimeoutError, OSError) as error:
            raise AmiUnavailableError(
                f"The telephone exchange did not answer {action.name} in time.",
                outcome_unknown=True,
            ) from error
        finally:
            _forget(future)

    def abort(self, reason: str) -> None:
        """End the connection at once; actions in flight have an unknown outcome. Idempotent."""
        if self._lost_because is None:
            self._lost_because = reason
        self._writer.transport.abort()
        pending, self._pending = self._pending, {}
        for waiting in pending.values():
            if not waiting.answer.done():
                waiting.answer.set_exception(
                    AmiUnavailableError(
                        "The connection to the telephone exchange was lost before it answered.",
                        outcome_unknown=True,
                    )
                )

    def _write(self, action: AmiAction, *, is_list: bool) -> asyncio.Future[list[AmiMessage]]:
        action_id = action.action_id or f"opendeep-{next(self._numbers)}"
        data = action.encode(action_id)
        future: asyncio.Future[list[AmiMessage]] = asyncio.get_running_loop().create_future()
        self._pending[action_id] = _Pending(future, is_list)
        future.add_done_callback(lambda _: self._pending.pop(action_id, None))
        if self._config.wire_log:
            facts = {"pii.headers": action.masked()}
            log.debug("ami_sent", wire=">", action=action.name, action_id=action_id, **facts)
        self._writer.write(data)
        return future

    async def _read_once(self) -> None:
        data = await self._reader.read(_READ_BYTES)
        if not data:
            raise EOFError
        for event in self._parser.receive(data):
            match event:
                case AmiBanner():
                    log.debug("ami_banner", wire="<", text=event.text)
                case AmiMessage():
                    self._take(event)
        if self._parser.fault is not None:
            raise self._parser.fault

    def _take(self, message: AmiMessage) -> None:
        if self._config.wire_log:
            kind = message.event or message.response
            facts = {"pii.headers": message.headers}
            log.debug("ami_received", wire="<", kind=kind, **facts)
        waiting = self._pending.get(message.action_id)
        if message.response:
            if waiting is not None:
                self._take_response(waiting, message)
        elif waiting is not None and waiting.is_list:
            self._take_item(waiting, message)
        else:
            self._on_event(message)

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


def _forget(future: asyncio.Future[list[AmiMessage]]) -> None:
    """Take an answer off the books, and its error, so that the loop does not report it unseen."""
    if not future.cancel() and not future.cancelled():
        future.exception()
