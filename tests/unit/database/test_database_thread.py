"""Turns, hand-overs and broken-off work on a database's thread."""

import asyncio
import threading
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import (
    Column,
    Integer,
    MetaData,
    Table,
    create_engine,
    delete,
    event,
    func,
    insert,
    select,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.pool import StaticPool

from opendeep.common.errors import UnavailableError
from opendeep.database.database_thread import DatabaseThread
from opendeep.database.engine import connect_arguments, parse_url, prepare_sqlite

_META = MetaData()
_NUMBERS = Table("numbers", _META, Column("n", Integer, primary_key=True))


@asynccontextmanager
async def numbers(tmp_path, *, turn_seconds=5.0):
    """Open a file with one table of numbers; yield the thread and the engine below it."""
    url = parse_url(f"sqlite:///{tmp_path}/numbers.db")
    engine = create_engine(url, connect_args=connect_arguments(url), poolclass=StaticPool)
    prepare_sqlite(engine)
    _META.create_all(engine)
    thread = DatabaseThread(engine, turn_seconds=turn_seconds)
    yield thread, engine
    await thread.close()


async def count(thread):
    async with thread.begin() as run:
        return (await run(select(func.count()).select_from(_NUMBERS), None)).scalar_one()


async def write_twice(thread, n):
    async with thread.begin() as run:
        await run(insert(_NUMBERS), {"n": n})
        await run(insert(_NUMBERS), {"n": n})


async def test_a_block_is_committed_and_an_exception_undoes_it(tmp_path):
    """What a block wrote is there after it, and nothing of it after an exception."""
    async with numbers(tmp_path) as (thread, _):
        async with thread.begin() as run:
            await run(insert(_NUMBERS), {"n": 1})
        with pytest.raises(IntegrityError):
            await write_twice(thread, 2)
        assert await count(thread) == 1


async def test_rows_are_read_on_the_thread(tmp_path):
    """Rows of one or of many parameters are complete, and no cursor is left for the loop."""
    async with numbers(tmp_path) as (thread, _), thread.begin() as run:
        many = insert(_NUMBERS).returning(_NUMBERS.c.n, sort_by_parameter_order=True)
        stored = await run(many, [{"n": n} for n in range(5)])
        assert list(stored.scalars()) == list(range(5))
        found = await run(select(_NUMBERS.c.n).order_by(_NUMBERS.c.n), None)
        gone = await run(delete(_NUMBERS).where(_NUMBERS.c.n > 2), None)
        assert gone.rowcount == 2
        assert list(found.scalars()) == list(range(5))


async def test_everything_happens_on_one_thread_and_not_on_the_loops(tmp_path):
    """The connection is opened, used and given back on the same other thread."""
    async with numbers(tmp_path) as (thread, engine):
        used = set()
        for name in ("before_cursor_execute", "commit", "rollback", "checkin"):
            event.listen(engine, name, lambda *_: used.add(threading.get_ident()))
        await count(thread)
        assert len(used) == 1
        assert threading.get_ident() not in used


async def test_turns_are_taken_in_order(tmp_path):
    """Nobody who comes later goes before one who waits, however often he comes."""
    order = []

    async def work(thread, name):
        async with thread.begin() as run:
            order.append(name)
            await run(select(_NUMBERS), None)

    async def greedy(thread):
        for _ in range(20):
            await work(thread, "greedy")

    async with numbers(tmp_path) as (thread, _), asyncio.TaskGroup() as group:
        group.create_task(greedy(thread))
        await asyncio.sleep(0)
        group.create_task(work(thread, "patient"))
    assert order.index("patient") == 1


async def test_who_waits_too_long_is_told(tmp_path):
    """Behind a block that does not end, the next is told that the database is too busy."""
    async with numbers(tmp_path, turn_seconds=0.01) as (thread, _), thread.begin():
        with pytest.raises(UnavailableError, match="too busy"):
            async with thread.begin():
                pass


async def test_work_that_is_cancelled_in_mid_statement_is_undone(tmp_path):
    """A cancelled block leaves nothing, and the next one begins after its statement ended."""
    async with numbers(tmp_path) as (thread, engine):
        inside, go_on = threading.Event(), threading.Event()

        @event.listens_for(engine, "after_cursor_execute")
        def hold(_connection, _cursor, statement, *_):
            if statement.startswith("INSERT"):
                inside.set()
                go_on.wait(5)

        async def write():
            async with thread.begin() as run:
                await run(insert(_NUMBERS), {"n": 1})

        async with asyncio.TaskGroup() as group:
            writing = group.create_task(write())
            await asyncio.to_thread(inside.wait, 5)
            writing.cancel()
            counting = group.create_task(count(thread))
            await asyncio.sleep(0)
            go_on.set()
        assert counting.result() == 0


async def test_at_once_waits_for_nothing_but_the_database(tmp_path):
    """A whole transaction in one hand-over is committed; one that waits for more is undone."""

    async def write(run):
        await run(insert(_NUMBERS), {"n": 1})
        return "written"

    async def write_and_wait(run):
        await run(insert(_NUMBERS), {"n": 2})
        await asyncio.sleep(0)

    async with numbers(tmp_path) as (thread, _):
        assert await thread.at_once(write) == "written"
        with pytest.raises(RuntimeError, match="not the database"):
            await thread.at_once(write_and_wait)
        assert await count(thread) == 1
