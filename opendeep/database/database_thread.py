"""A database on one thread of its own: all of SQLite, and PostgreSQL's whole units of work.

A hand-over wakes the thread and then the loop, and with many calls under way the loop is
milliseconds away from its next turn. An asynchronous driver hands over three or four times for
each statement (open a cursor, run, fetch, close); here the thread does all of it at once, and of a
whole unit of work, too. Turns are taken in order: where newcomers may slip in, a waiter can starve
for as long as there are newcomers.
"""

import asyncio
import contextlib
import contextvars
import os
import select
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, TypeVar, TypeVarTuple

from sqlalchemy import Connection, CursorResult, Engine, Executable, event
from sqlalchemy.engine.cursor import FullyBufferedCursorFetchStrategy

from opendeep.common.errors import UnavailableError
from opendeep.database.transaction import Parameters, Run
from opendeep.database.written import Written, rows, sqlalchemys_errors

ArgsT = TypeVarTuple("ArgsT")
ResultT = TypeVar("ResultT")

BEGIN_SQLITE = "BEGIN IMMEDIATE"
_LAST_SECONDS = 2.0
_WHOLE_SECONDS = 70.0
"""Longer than the server itself lets a statement take: it has stopped and says nothing."""


class DatabaseThread:
    """The only user of an engine; one transaction at a time, first come, first served.

    Args:
        engine: usable from any thread; closed by :meth:`close`.
        turn_seconds: how long a transaction waits for its turn.
    """

    def __init__(self, engine: Engine, *, turn_seconds: float) -> None:
        self._engine = engine
        self._is_sqlite = engine.dialect.name == "sqlite"
        self._turn_seconds = turn_seconds
        self._turn = asyncio.Lock()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="database")
        self._kept: Connection | None = None
        self._line: socket.socket | None = None
        if not self._is_sqlite:
            # Before SQLAlchemy's own listener, which asks the server what it is.
            event.listen(engine, "connect", self._note_line, insert=True)

    async def close(self) -> None:
        """Close the database, after what was begun; a server that hangs is waited for 2 s."""
        loop = asyncio.get_running_loop()
        closed = loop.run_in_executor(self._thread, self._dispose)
        cut = loop.call_later(_LAST_SECONDS, self._cut)
        try:
            await asyncio.shield(closed)
        finally:
            cut.cancel()
            if not closed.done():
                self._cut()
            self._thread.shutdown(wait=False)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Run]:
        """Open a transaction: committed at the end of the block, rolled back by an exception.

        Raises:
            UnavailableError: others held the database for too long.
        """
        await self._take_turn()
        opened: list[Connection] = []
        committed = False

        async def run(statement: Executable | Written, parameters: Parameters | None) -> Any:
            return await self._call(execute, opened[0], statement, parameters)

        try:
            await self._call(self._open, opened)
            yield run
            await self._call(_commit, opened)
            committed = True
        finally:
            if not committed:
                # Not awaited, so that no cancellation can keep it from happening: the thread does
                # it after the statement that it may still be at, and before all that comes later.
                self._thread.submit(_close, opened)
            self._turn.release()

    async def sync(self) -> None:
        """Have every commit so far on the disk: with ``synchronous = NORMAL`` they lie in the log.

        Raises:
            UnavailableError: the disk refused; the commits stand.
        """
        try:
            await asyncio.to_thread(_sync_log, self._engine.url.database)
        except OSError as error:
            raise UnavailableError(
                f"The disk does not keep what was written ({error.strerror or error})."
            ) from error

    async def at_once(self, work: Callable[[Run], Coroutine[Any, Any, ResultT]]) -> ResultT:
        """Do a whole transaction in one hand-over: begin, ``work``, commit.

        Args:
            work: waits for nothing but ``Run``. A caller who is cancelled may find it done.

        Raises:
            UnavailableError: others held the database for too long.
        """
        await self._take_turn()
        loop = asyncio.get_running_loop()
        run = contextvars.copy_context().run
        done = loop.run_in_executor(self._thread, run, self._whole, work)
        cut = loop.call_later(_WHOLE_SECONDS, self._cut)

        def end(_done: object) -> None:
            cut.cancel()
            self._turn.release()

        # Not at the caller's end: who is next would wait for the thread without any time-out.
        done.add_done_callback(end)
        return await asyncio.shield(done)

    def _whole(self, work: Callable[[Run], Coroutine[Any, Any, ResultT]]) -> ResultT:
        opened: list[Connection] = []

        async def run(statement: Executable | Written, parameters: Parameters | None) -> Any:
            return execute(opened[0], statement, parameters)

        try:
            self._open(opened)
            result = _driven(work(run))
            _commit(opened)
        finally:
            _close(opened)
        return result

    async def _take_turn(self) -> None:
        try:
            async with asyncio.timeout(self._turn_seconds):
                await self._turn.acquire()
        except TimeoutError as error:
            raise UnavailableError("The database is too busy.") from error

    async def _call(self, work: Callable[[*ArgsT], ResultT], *args: *ArgsT) -> ResultT:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *args)

    def _open(self, opened: list[Connection]) -> None:
        if self._kept is not None and (
            self._kept.invalidated or not (self._is_sqlite or _is_at_rest(_driver(self._kept)))
        ):
            self._kept.invalidate()
            self._kept.close()
            self._kept = None
        if self._kept is None:
            self._kept = self._engine.connect()
        connection = self._kept
        if self._is_sqlite:  # psycopg begins with the first statement, the other too late
            with sqlalchemys_errors(connection):
                _driver(connection).execute(BEGIN_SQLITE)
        opened.append(connection)

    def _note_line(self, driver: Any, _record: object) -> None:
        self._hang_up()
        # Our own handle, since the driver's number may be another file's as soon as it is closed.
        self._line = socket.socket(fileno=os.dup(driver.fileno()))

    def _hang_up(self) -> None:
        if self._line is not None:
            self._line.close()

    def _cut(self) -> None:
        """End what the thread waits for; it finds the connection lost."""
        if self._line is not None:
            with contextlib.suppress(OSError):  # it ended by itself
                self._line.shutdown(socket.SHUT_RDWR)

    def _dispose(self) -> None:
        try:
            if self._kept is not None:
                self._kept.close()
            self._engine.dispose()
        finally:
            self._hang_up()


def _driven(work: Coroutine[Any, Any, ResultT]) -> ResultT:
    """Run a coroutine that never has to wait, to its end."""
    try:
        work.send(None)
    except StopIteration as done:
        result: ResultT = done.value
        return result
    finally:
        work.close()
    raise RuntimeError("A transaction waits for something that is not the database.")


def execute(
    connection: Connection, statement: Executable | Written, parameters: Any
) -> CursorResult[Any] | list[tuple[Any, ...]]:
    """Run a statement and read all its rows, so that nothing of it is left to do for the loop."""
    if isinstance(statement, Written):
        return rows(connection, statement, parameters)
    result = connection.execute(statement, parameters)
    cursor = result.cursor
    buffered = isinstance(result.cursor_strategy, FullyBufferedCursorFetchStrategy)
    if result.returns_rows and cursor is not None and not buffered:
        try:
            found = cursor.fetchall()
        except connection.dialect.loaded_dbapi.Error as error:
            result.cursor_strategy.handle_exception(result, cursor, error)  # as SQLAlchemy's own
        result.cursor_strategy = FullyBufferedCursorFetchStrategy(cursor, initial_buffer=found)
    return result


def _commit(opened: list[Connection]) -> None:
    connection = opened[0]
    if connection.in_transaction():
        connection.commit()
    else:  # nothing but written statements: SQLAlchemy knows of no transaction
        with sqlalchemys_errors(connection):
            _driver(connection).commit()
    _close(opened)


def _close(opened: list[Connection]) -> None:
    """Roll back what was not committed. Idempotent."""
    while opened:
        connection = opened.pop()
        connection.rollback()
        if not connection.invalidated:
            with sqlalchemys_errors(connection):
                _driver(connection).rollback()


def _driver(connection: Connection) -> Any:
    return connection.connection.driver_connection


def _is_at_rest(driver: Any) -> bool:
    """Say whether a resting connection lives: a server that goes says so, or closes the socket."""
    if driver.closed:
        return False
    told = select.poll()
    told.register(driver.fileno(), select.POLLIN)
    return not told.poll(0)


def _sync_log(path: str | None) -> None:
    """Write SQLite's log out; without one, everything is in the file, written out already."""
    with contextlib.suppress(FileNotFoundError):
        # No lock of SQLite's is on this file, which closing it would let go of.
        log = os.open(f"{path}-wal", os.O_RDONLY)
        try:
            os.fsync(log)
        finally:
            os.close(log)
