"""The lines of many live calls go into the database together, and nobody pays for another."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from opendeep.common.data_models import Speaker
from opendeep.common.errors import InvalidInputError, NotFoundError, UnavailableError
from opendeep.common.ids import new_call_id
from opendeep.common.ports import SpokenLine
from opendeep.database.log_entries import LoggedLine
from opendeep.database.repositories import Transcripts
from opendeep.task_manager.call_ledger import CallLedger
from tests.unit.task_manager.conftest import World


class CountedDatabase:
    """Counts transactions, holds them until told, and fails the next where an error is set."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.count = 0
        self.open = asyncio.Event()
        self.open.set()
        self.error = None
        self.fails_at = 1

    @asynccontextmanager
    async def transaction(self):
        """Open a transaction of the world's database."""
        self.count += 1
        await self.open.wait()
        if self.error is not None and self.count >= self.fails_at:
            error, self.error = self.error, None
            raise error
        async with self._world.database.transaction() as tx:
            yield tx


def spoken(call_id, text="Hello?"):
    """Make an entry."""
    line = SpokenLine(speaker=Speaker.CALLEE, text=text, start_ms=0, end_ms=500)
    return LoggedLine(call_id=call_id, line=line)


async def texts(world, call_id):
    """Read a call's lines."""
    async with world.database.transaction() as tx:
        return [line.text for line in await Transcripts(tx, world.user_id).lines(call_id)]


async def test_transactions_keep_a_distance(world: World) -> None:
    """Whoever writes right after another waits a moment, and takes along who comes meanwhile."""
    database = CountedDatabase(world)
    ledger = CallLedger(database)
    call = await world.call(await world.task())
    await ledger.write(spoken(call.id, "0"))
    async with asyncio.TaskGroup() as group:
        group.create_task(ledger.write(spoken(call.id, "1")))
        await asyncio.sleep(0.02)
        group.create_task(ledger.write(spoken(call.id, "2")))
    assert database.count == 2
    assert await texts(world, call.id) == ["0", "1", "2"]


async def test_what_waits_goes_together(world: World) -> None:
    """While one transaction is under way, all others' lines wait for the next."""
    database = CountedDatabase(world)
    ledger = CallLedger(database)
    call = await world.call(await world.task())
    database.open.clear()
    async with asyncio.TaskGroup() as group:
        writing = [group.create_task(ledger.write(spoken(call.id, f"{n}"))) for n in range(9)]
        await asyncio.sleep(0)
        database.open.set()
    assert [task.result() for task in writing] == list(range(1, 10))
    assert await texts(world, call.id) == [str(n) for n in range(9)]
    assert database.count <= 2


async def test_an_unknown_call_costs_the_others_nothing(world: World) -> None:
    """Only the writer about a call that is not there hears of it."""
    ledger = CallLedger(CountedDatabase(world))
    call = await world.call(await world.task())
    results = await asyncio.gather(
        ledger.write(spoken(call.id)),
        ledger.write(spoken(new_call_id())),
        ledger.write(spoken(call.id)),
        return_exceptions=True,
    )
    assert isinstance(results[1], NotFoundError)
    assert [results[0], results[2]] == [1, 2]


async def test_a_refused_entry_is_found_by_writing_one_by_one(world: World) -> None:
    """A batch that the database cannot hold is written entry by entry."""
    database = CountedDatabase(world)
    ledger = CallLedger(database)
    call = await world.call(await world.task())
    database.error = InvalidInputError("cannot hold it")
    database.fails_at = 2
    database.open.clear()
    async with asyncio.TaskGroup() as group:
        writing = [group.create_task(ledger.write(spoken(call.id))) for _ in range(3)]
        await asyncio.sleep(0)
        database.open.set()
    assert [task.result() for task in writing] == [1, 2, 3]
    assert database.count == 4
    database.error = InvalidInputError("cannot hold it")
    with pytest.raises(InvalidInputError):
        await ledger.write(spoken(call.id))


async def test_a_database_that_is_away_is_told_to_everyone(world: World) -> None:
    """All entries of the transaction fail with the same retryable error, and none is kept."""
    database = CountedDatabase(world)
    ledger = CallLedger(database)
    call = await world.call(await world.task())
    database.error = UnavailableError("away")
    with pytest.raises(UnavailableError):
        await ledger.write(spoken(call.id))
    assert await ledger.write(spoken(call.id)) == 1


async def test_a_text_that_no_database_holds(world: World) -> None:
    """Half a surrogate pair is refused for its writer alone."""
    ledger = CallLedger(CountedDatabase(world))
    call = await world.call(await world.task())
    results = await asyncio.gather(
        *(ledger.write(spoken(call.id, text)) for text in ("one", "\ud800", "two")),
        return_exceptions=True,
    )
    assert isinstance(results[1], InvalidInputError)
    assert [results[0], results[2]] == [1, 2]


@pytest.mark.parametrize(
    ("cancelled", "kept"), [(0, ["first", "second"]), (1, ["first"])], ids=["writing", "waiting"]
)
async def test_a_writer_that_is_cancelled(world: World, cancelled: int, kept: list[str]) -> None:
    """What is being written is written once, also for others; what only waited is not."""
    database = CountedDatabase(world)
    ledger = CallLedger(database)
    call = await world.call(await world.task())
    database.open.clear()
    async with asyncio.TaskGroup() as group:
        writers = []
        for text in ("first", "second"):
            writers.append(group.create_task(ledger.write(spoken(call.id, text))))
            await asyncio.sleep(0)
        writers[cancelled].cancel()
        await asyncio.sleep(0)
        database.open.set()
    other = 1 - cancelled
    assert writers[other].result() == other + 1
    assert await texts(world, call.id) == kept
