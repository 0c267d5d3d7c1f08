"""Where transactions come from: SQLite in a file, PostgreSQL, or SQLite in memory for tests."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

from sqlalchemy import URL, Connection, Engine, Executable, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import StaticPool

from opendeep.common.clock import Clock, SystemClock
from opendeep.common.errors import SettingsError, UnavailableError
from opendeep.common.event_bus import EventBus
from opendeep.database.database_thread import BEGIN_SQLITE, DatabaseThread, execute
from opendeep.database.tables import ALL_TABLES
from opendeep.database.transaction import Parameters, Run, Transaction, translated_errors
from opendeep.database.wakeup_listener import WakeupListener
from opendeep.database.written import Written, rows

BUSY_TIMEOUT_SECONDS = 10.0
_POSTGRES_POOL_SIZE = 10
_POSTGRES_OPTIONS = (
    "-c timezone=UTC -c lock_timeout=10s -c statement_timeout=60s "
    "-c idle_in_transaction_session_timeout=60s"
)
_GIVES_UP = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
"""A thread cannot be cancelled: a server that has vanished is given up by the system."""

ResultT = TypeVar("ResultT")


class Database(Protocol):
    """Hands out transactions."""

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """Open a unit of work: committed at the end of the block, rolled back by an exception.

        On SQLite it holds the database's only write lock from its beginning. Transactions must
        not be nested in one task.

        Raises:
            UnavailableError: the database is away, or too busy for longer than its time-out.
        """
        ...

    async def at_once(self, work: Callable[[Transaction], Coroutine[Any, Any, ResultT]]) -> ResultT:
        """Do a unit of work as in :meth:`transaction`; on SQLite in one hand-over to its thread.

        Args:
            work: waits for nothing but its transaction; it may run in another thread. A caller
                who is cancelled may find it done.

        Raises:
            UnavailableError: see :meth:`transaction`. Whatever ``work`` raises passes through.
        """
        async with self.transaction() as tx:
            return await work(tx)


def parse_url(url: str) -> URL:
    """Read a database address and choose the driver for it.

    Args:
        url: ``sqlite:///path`` or ``postgresql://user:password@host/name``.

    Raises:
        SettingsError: it is not an address of these two.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise SettingsError(
            "DATABASE_URL is not an address; use sqlite:///path or postgresql://user@host/name."
        ) from error
    match parsed.get_backend_name():
        case "sqlite":
            return parsed.set(drivername="sqlite")
        case "postgresql" | "postgres":
            return parsed.set(drivername="postgresql+psycopg")
        case other:
            raise SettingsError(
                f"DATABASE_URL names {other}; use sqlite:///path or postgresql://user@host/name."
            )


def make_directory(path: Path) -> None:
    """Make a directory of ours, with its parents, and see that it can be written.

    Raises:
        SettingsError: it cannot be; the message names the setting that moves it.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        may_write = os.access(path, os.W_OK | os.X_OK)
        reason: str | None = "permission denied"
    except OSError as error:
        may_write, reason = False, error.strerror
    if not may_write:
        raise SettingsError(
            f"The directory {path} cannot be used ({reason}): set OPENDEEP_DATA_DIR (or "
            "DATABASE_URL) to one that may be written."
        )


def connect_arguments(url: URL) -> dict[str, Any]:
    """Return what the driver needs beside the address."""
    if url.get_backend_name() == "sqlite":
        return {"timeout": BUSY_TIMEOUT_SECONDS, "check_same_thread": False}
    arguments: dict[str, Any] = {"connect_timeout": 10}
    if "options" not in url.query:
        arguments["options"] = _POSTGRES_OPTIONS
    return arguments


def prepare_sqlite(engine: Engine, *, foreign_keys: bool = True) -> None:
    """Set each SQLite connection up, and begin transactions with the write lock.

    The driver would begin them late and as readers, and two readers that both turn writers make
    one of them fail at once, whatever the busy time-out.

    Args:
        engine: a new engine.
        foreign_keys: False while migrations rebuild tables that others point to.
    """

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = NORMAL")
        cursor.execute(f"PRAGMA foreign_keys = {'ON' if foreign_keys else 'OFF'}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        driver: Any = connection.connection.driver_connection
        if not driver.in_transaction:  # ``DatabaseThread`` begins by itself
            connection.exec_driver_sql(BEGIN_SQLITE)


class _Connections(Protocol):
    """An open database: SQLite's thread, or PostgreSQL's pool."""

    def begin(self) -> AbstractAsyncContextManager[Run]:
        """Open a transaction: committed at the end of the block, rolled back by an exception."""
        ...

    async def at_once(self, work: Callable[[Run], Coroutine[Any, Any, ResultT]]) -> ResultT:
        """Do the whole of a transaction."""
        ...

    async def sync(self) -> None:
        """Have every commit so far on the disk.

        Raises:
            UnavailableError: the disk refused; the commits stand.
        """
        ...

    async def close(self) -> None:
        """Let go of every connection."""
        ...


class _PostgresPool:
    """A pool for what waits between its statements, a thread for whole units of work.

    psycopg's asynchronous round trip costs three times the synchronous one, and whole units are
    what runs all the time.
    """

    def __init__(self, engine: AsyncEngine, thread: DatabaseThread) -> None:
        self._engine = engine
        self._thread = thread

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Run]:
        async with self._engine.begin() as connection:

            async def run(statement: Executable | Written, parameters: Parameters | None) -> Any:
                if isinstance(statement, Written):
                    return await connection.run_sync(rows, statement, parameters)
                return await connection.execute(statement, parameters)

            yield run

    async def at_once(self, work: Callable[[Run], Coroutine[Any, Any, ResultT]]) -> ResultT:
        return await self._thread.at_once(work)

    async def sync(self) -> None:
        """Do nothing: the server answers a commit when it is on the disk."""

    async def close(self) -> None:
        await self._thread.close()
        await self._engine.dispose()


def _connections(url: URL) -> _Connections:
    arguments = connect_arguments(url)
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, connect_args=arguments, poolclass=StaticPool)
        prepare_sqlite(engine)
        return DatabaseThread(engine, turn_seconds=BUSY_TIMEOUT_SECONDS)
    pool = create_async_engine(
        url, connect_args=arguments, pool_size=_POSTGRES_POOL_SIZE, pool_pre_ping=True
    )
    whole = create_engine(url, connect_args={**_GIVES_UP, **arguments}, pool_size=1)
    return _PostgresPool(pool, DatabaseThread(whole, turn_seconds=BUSY_TIMEOUT_SECONDS))


class SqlDatabase:
    """SQLite in a file (WAL) or PostgreSQL; open while its ``async with`` block is.

    Args:
        url: ``sqlite:///path`` or ``postgresql://user:password@host/name``; the tables must be
            there (``database/migrate.py``).
        bus: where messages go once their transaction is committed.
        clock: stamps ``created_at`` and ``updated_at``.

    Raises:
        SettingsError: the address is of no database we know.
    """

    def __init__(self, url: str, bus: EventBus, *, clock: Clock | None = None) -> None:
        self._url = parse_url(url)
        self._bus = bus
        self._clock: Clock = clock or SystemClock()
        self._origin = secrets.token_hex(4)
        self._connections: _Connections | None = None

    async def __aenter__(self) -> Self:
        self._connections = _connections(self._url)
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._connections is not None:
            connections, self._connections = self._connections, None
            await connections.close()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Open a unit of work (see :class:`Database`)."""
        with translated_errors():
            async with self._opened().begin() as run:
                tx = self._transaction(run)
                yield tx
                await tx.store_events()
                await tx.announce()
        await self._finish(tx)

    async def at_once(self, work: Callable[[Transaction], Coroutine[Any, Any, ResultT]]) -> ResultT:
        """Do a unit of work (see :class:`Database`)."""

        async def whole(run: Run) -> tuple[Transaction, ResultT]:
            tx = self._transaction(run)
            result = await work(tx)
            await tx.store_events()
            await tx.announce()
            return tx, result

        with translated_errors():
            tx, result = await self._opened().at_once(whole)
        await self._finish(tx)
        return result

    async def _finish(self, tx: Transaction) -> None:
        """Do what follows a commit."""
        await tx.deliver(self._bus)
        if tx.survives_power_loss:
            await self._opened().sync()

    def _opened(self) -> _Connections:
        if self._connections is None:
            raise UnavailableError("The database is closed.")
        return self._connections

    def _transaction(self, run: Run) -> Transaction:
        dialect = self._url.get_backend_name()
        return Transaction(run, dialect=dialect, clock=self._clock, origin=self._origin)

    def wakeup_listener(self) -> WakeupListener | None:
        """Return what hears of work from other processes; None where there can be no others."""
        if self._url.get_backend_name() != "postgresql":
            return None
        return WakeupListener(self._url, self._bus, origin=self._origin)


class MemoryDatabase(Database):
    """SQLite in this process's memory, without a thread: it runs on a loop of virtual time.

    The same repositories run on it as on the real ones; the contract suite proves it the same.
    """

    def __init__(self, bus: EventBus, *, clock: Clock | None = None) -> None:
        self._bus = bus
        self._clock: Clock = clock or SystemClock()
        self._turn = asyncio.Lock()
        self._engine: Engine | None = None

    async def __aenter__(self) -> Self:
        engine = create_engine("sqlite://", poolclass=StaticPool)
        prepare_sqlite(engine)
        ALL_TABLES.create_all(engine)
        self._engine = engine
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._engine is not None:
            engine, self._engine = self._engine, None
            engine.dispose()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Open a unit of work (see :class:`Database`); others wait until it ends."""
        async with self._turn:
            if self._engine is None:
                raise UnavailableError("The database is closed.")
            with translated_errors(), self._engine.begin() as connection:
                tx = Transaction(_runner(connection), dialect="sqlite", clock=self._clock)
                yield tx
                await tx.store_events()
        await tx.deliver(self._bus)


def _runner(connection: Connection) -> Run:
    async def run(statement: Executable | Written, parameters: Parameters | None) -> Any:
        return execute(connection, statement, parameters)

    return run
