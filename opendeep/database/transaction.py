"""One unit of work: statements, and what is told to the world once they are committed."""

import sqlite3
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

import structlog
from sqlalchemy import CursorResult, Executable, insert, text
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    OperationalError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from opendeep.common import messages
from opendeep.common.clock import Clock
from opendeep.common.errors import ConflictError, InvalidInputError, NotFoundError, UnavailableError
from opendeep.common.event_bus import EventBus
from opendeep.common.ids import UserId
from opendeep.common.messages import Message, UserEventStored, Wakeup
from opendeep.database import tables
from opendeep.database.written import Written

log = structlog.get_logger(__name__)

Parameters = Mapping[str, Any] | list[dict[str, Any]]
NOTIFY_CHANNEL = "opendeep_wakeups"
_NOTIFY = text("SELECT pg_notify(:channel, :payload)")
_NOT_UTF8 = "Could not decode to UTF-8"
Run = Callable[[Executable | Written, Parameters | None], Awaitable[Any]]
"""Runs a statement; gives SQLAlchemy's result, of a written one the driver's rows."""


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turn the driver's errors into ours; programming errors pass as they are.

    Raises:
        ConflictError: a constraint refused the row.
        NotFoundError: the row's parent does not exist, or belongs to somebody else.
        InvalidInputError: the database cannot hold the value (a NUL in a text, a huge number,
            a number in JSON that is none).
        UnicodeError: a text in a SQLite file is not UTF-8.
        UnavailableError: no connection, a lock or dead-lock that did not clear in time.
    """
    try:
        yield
    except IntegrityError as error:
        if "FOREIGN KEY" in str(error.orig).upper():
            raise NotFoundError("row", "that this one would belong to") from error
        if "CHECK constraint failed" in str(error.orig) and str(error.orig).endswith("_json"):
            raise InvalidInputError("The database cannot hold this value.") from error
        raise ConflictError("The row does not fit the rows that exist.") from error
    except DataError as error:
        raise InvalidInputError("The database cannot hold this value.") from error
    except (OperationalError, InterfaceError, PoolTimeoutError) as error:
        if _NOT_UTF8 in str(error):
            raise UnicodeError("A text in the database is not UTF-8.") from error
        raise UnavailableError(_why_away(error)) from error
    except DBAPIError as error:
        if type(error.orig) is sqlite3.DatabaseError:  # the base class: the file itself is wrong
            raise UnavailableError(
                f"The database file cannot be used ({error.orig}): restore a copy, or move it away "
                "to begin anew.",
                retryable=False,
            ) from error
        if error.connection_invalidated:
            raise UnavailableError("The connection to the database was lost.") from error
        raise


def _why_away(error: DBAPIError | PoolTimeoutError) -> str:
    """Say what is wrong; a server's own words stay out, since they name hosts and accounts."""
    reason = error.orig if isinstance(error, DBAPIError) else None
    if isinstance(reason, sqlite3.Error):
        return f"The database does not answer ({reason}): see DATABASE_URL and OPENDEEP_DATA_DIR."
    return "The database does not answer: see DATABASE_URL."


@dataclass(frozen=True, slots=True, kw_only=True)
class UserEventDraft:
    """An event for a user's pages, to be stored with the transaction that caused it."""

    user_id: UserId
    type: str
    subject_id: str
    data: dict[str, Any] | None


def _whose(draft: UserEventDraft) -> UserId:
    return draft.user_id


class Transaction:
    """One unit of work, opened by a :class:`~opendeep.database.engine.Database`.

    Services and repositories never commit: leaving the database's block does, an exception rolls
    back. Keep it short and never wait for anything but the database inside: SQLite has one writer.
    """

    def __init__(self, run: Run, *, dialect: str, clock: Clock, origin: str = "") -> None:
        self._run = run
        self._dialect = dialect
        self._clock = clock
        self._origin = origin
        self._events: list[UserEventDraft] = []
        self._messages: list[tuple[str, Message]] = []
        self.survives_power_loss = False

    @property
    def dialect(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return self._dialect

    def now(self) -> datetime:
        """Return the database object's present instant, aware, in UTC."""
        return self._clock.now()

    async def common_now(self) -> datetime:
        """Return the present instant of a clock that all processes share.

        PostgreSQL's own, since hosts differ; a SQLite file has one host.
        """
        if self._dialect != "postgresql":
            return self.now()
        found: datetime = (await self.execute(text("SELECT clock_timestamp()"))).scalar_one()
        return found.astimezone(UTC)

    async def execute(
        self, statement: Executable, parameters: Parameters | None = None
    ) -> CursorResult[Any]:
        """Run a statement and return its rows, read to the end.

        Raises:
            ConflictError: a constraint refused the row.
            UnavailableError: the database is away or too busy.
        """
        with translated_errors():
            result: CursorResult[Any] = await self._run(statement, parameters)
        return result

    async def rows(self, written: Written, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Run a written statement; return its rows as the driver gives them.

        Raises:
            UnavailableError: see :meth:`execute`, as all others.
        """
        with translated_errors():
            found: list[tuple[Any, ...]] = await self._run(written, values)
        return found

    async def lock(self, name: str) -> None:
        """Let no other transaction that asks for ``name`` pass until this one ends.

        SQLite needs nothing: there every transaction is alone.
        """
        if self._dialect == "postgresql":
            statement = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
            await self.execute(statement, {"name": name})

    def survive_power_loss(self) -> None:
        """Have the commit on the disk before the database's block returns.

        For what something irrevocable follows. PostgreSQL's commits are there anyway; SQLite's
        survive the process's death, but for a moment not the machine's.
        """
        self.survives_power_loss = True

    def publish(self, channel: str, message: Message) -> None:
        """Send ``message`` on the bus after the commit; a roll-back drops it."""
        self._messages.append((channel, message))

    def tell(self, draft: UserEventDraft) -> None:
        """Store a user event at the end of the transaction, and say so on the user's channel."""
        self._events.append(draft)

    async def store_events(self) -> None:
        """Write the events that were told; the database object calls it right before the commit.

        A page replays with "after this id", so a user's ids must become visible in their order.
        They are therefore numbered under the user's lock, which is held from here to the commit
        only, and taken in the order of user ids, so that two transactions cannot dead-lock.
        """
        if not self._events:
            return
        drafts = sorted(self._events, key=_whose)
        self._events.clear()
        statement = insert(tables.user_events).returning(
            tables.user_events.c.id, sort_by_parameter_order=True
        )
        for user_id, theirs in groupby(drafts, key=_whose):
            await self.lock(f"user_events:{user_id}")
            rows = [{**asdict(draft), "created_at": self.now()} for draft in theirs]
            for event_id in (await self.execute(statement, rows)).scalars():
                self.publish(messages.user_events(user_id), UserEventStored(event_id=event_id))

    async def announce(self) -> None:
        """Let PostgreSQL tell other processes of new work at the commit (``WakeupListener``)."""
        if self._dialect != "postgresql":
            return
        for work in sorted({told.work for _, told in self._messages if isinstance(told, Wakeup)}):
            payload = f"{self._origin}:{work}"
            await self.execute(_NOTIFY, {"channel": NOTIFY_CHANNEL, "payload": payload})

    async def deliver(self, bus: EventBus) -> None:
        """Publish what waited for the commit; a bus that is down costs a delay, not the data."""
        try:
            for channel, message in self._messages:
                await bus.publish(channel, message)
        except UnavailableError as error:
            log.warning("messages_not_published", reason=error.message)
