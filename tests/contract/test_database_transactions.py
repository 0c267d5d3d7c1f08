"""A unit of work means the same on every database."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone

import pytest
import structlog

from opendeep.common import messages
from opendeep.common.data_models import TaskStatus
from opendeep.common.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    UnavailableError,
)
from opendeep.common.messages import UserEventStored, Wakeup
from opendeep.database.models import DndEntry
from opendeep.database.repositories import DndList, IdempotencyKeys, SystemUsers, Tasks, UserEvents
from opendeep.database.scopes import Scope
from opendeep.database.tables import dnd_list

WAKEUP = Wakeup(work="due_tasks")


class StopHereError(Exception):
    """Raised by a test inside a transaction."""


async def test_a_whole_unit_of_work_is_kept_or_dropped(database, bus):
    """Done at once, work commits with its messages and returns its result; an error undoes it."""

    async def make(tx):
        tx.publish(messages.WAKEUPS, WAKEUP)
        return await SystemUsers(tx).ensure("ada")

    async def make_and_fail(tx):
        await SystemUsers(tx).ensure("bob")
        raise StopHereError

    async with bus.subscribe(messages.WAKEUPS) as heard:
        made = await database.at_once(make)
        assert await heard.get() == WAKEUP
    with pytest.raises(StopHereError):
        await database.at_once(make_and_fail)
    async with database.transaction() as tx:
        assert [user.username for user in await SystemUsers(tx).list()] == [made.username]


async def test_a_commit_sends_the_messages_and_a_rollback_drops_them(database, seeds, bus):
    """Messages and user events reach the bus after a commit, and never after a rollback."""
    user = await seeds.user()

    async def tell_and_fail():
        async with database.transaction() as tx:
            tx.publish(messages.WAKEUPS, WAKEUP)
            await UserEvents(tx, user).append("task_changed", subject_id="1")
            raise StopHereError

    async with bus.subscribe(messages.WAKEUPS, messages.user_events(user)) as heard:
        with pytest.raises(StopHereError):
            await tell_and_fail()
        async with database.transaction() as tx:
            assert await UserEvents(tx, user).after(0) == []
            tx.publish(messages.WAKEUPS, WAKEUP)
            await UserEvents(tx, user).append("task_changed", subject_id=2, data={"n": 1})
        assert await heard.get() == WAKEUP
        stored = await heard.get()
    async with database.transaction() as tx:
        events = UserEvents(tx, user)
        last = await events.last_id()
        [event] = await events.after(0)
    assert stored == UserEventStored(event_id=last)
    assert (event.id, event.type, event.subject_id, event.data) == (
        last, "task_changed", "2", {"n": 1},
    )  # fmt: skip


async def test_nothing_is_published_before_the_commit(database, seeds, bus):
    """While the block is open, nobody hears anything."""
    user = await seeds.user()
    async with bus.subscribe(messages.WAKEUPS) as heard:
        async with database.transaction() as tx:
            tx.publish(messages.WAKEUPS, WAKEUP)
            await SystemUsers(tx).by_id(user)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await heard.get()
        assert await heard.get() == WAKEUP


async def test_a_rollback_takes_the_rows_back(database, seeds):
    """An exception in the block leaves no row behind, and passes through unchanged."""
    user = await seeds.user()

    async def add_and_fail():
        async with database.transaction() as tx:
            await DndList(tx, user).add("+12015550101", "asked")
            raise StopHereError

    with pytest.raises(StopHereError):
        await add_and_fail()
    async with database.transaction() as tx:
        assert not await DndList(tx, user).contains("+12015550101")


async def test_foreign_errors_in_the_block_are_not_taken_for_the_databases(database, seeds):
    """An OSError that the caller's own code raises stays an OSError."""
    await seeds.user()
    with pytest.raises(OSError, match="disk"):
        async with database.transaction():
            raise OSError("disk")


async def test_a_cancelled_transaction_leaves_nothing_and_blocks_nobody(database, seeds):
    """A cancelled block rolls back, and the next transaction starts at once."""
    user = await seeds.user()
    inside = asyncio.Event()

    async def write_and_wait():
        async with database.transaction() as tx:
            await DndList(tx, user).add("+12015550101", "asked")
            inside.set()
            await asyncio.Event().wait()

    async with asyncio.TaskGroup() as group:
        writer = group.create_task(write_and_wait())
        await inside.wait()
        writer.cancel()
    async with asyncio.timeout(5), database.transaction() as tx:
        assert not await DndList(tx, user).contains("+12015550101")


async def test_constraints_speak_our_errors(database, seeds):
    """A second row under a unique key is a conflict; a child without its parent is not found."""
    user = await seeds.user()
    values = {"phone_number": "+12015550101", "reason": "asked"}
    async with database.transaction() as tx:
        await Scope(tx, user).insert(dnd_list, DndEntry, values)
    with pytest.raises(ConflictError):
        async with database.transaction() as tx:
            await Scope(tx, user).insert(dnd_list, DndEntry, values)
    with pytest.raises(NotFoundError):
        async with database.transaction() as tx:
            await IdempotencyKeys(tx, user).store("key", "hash", 4711)
    task = await seeds.task(user)
    with pytest.raises(ConflictError):
        async with database.transaction() as tx:
            await Tasks(tx, user).change(task.id, expected=set(TaskStatus), priority=10)


async def test_a_closed_database_is_unavailable(make_database):
    """Before the block and after it, a database says that it is closed; closing twice is fine."""
    database = make_database()
    with pytest.raises(UnavailableError):
        async with database.transaction():
            pass
    await database.__aexit__(None, None, None)
    async with database:
        pass
    with pytest.raises(UnavailableError):
        async with database.transaction():
            pass


async def test_instants_come_back_aware_in_utc(database, seeds):
    """An instant given in any zone is read back as the same instant, in UTC."""
    user = await seeds.user()
    task = await seeds.task(user)
    elsewhere = datetime(2026, 12, 1, 9, 30, 0, 123456, timezone(timedelta(hours=-5)))
    async with database.transaction() as tx:
        changed = await Tasks(tx, user).change(
            task.id, expected={TaskStatus.PENDING}, next_action_time=elsewhere
        )
    assert changed.next_action_time == elsewhere
    assert changed.next_action_time.tzinfo is UTC


async def test_what_a_database_cannot_hold_is_invalid(database, seeds):
    """A text that the engine refuses is the input's fault, not the database's."""
    user = await seeds.user()
    try:
        async with database.transaction() as tx:
            await DndList(tx, user).add("+12015550101", "a\x00b")
            dialect = tx.dialect
    except InvalidInputError:
        dialect = "postgresql"
    async with database.transaction() as tx:
        assert await DndList(tx, user).contains("+12015550101") == (dialect == "sqlite")


async def test_a_bus_that_is_down_does_not_undo_the_commit(database, seeds, bus, monkeypatch):
    """What was committed stays; the lost message is logged as a delay."""
    user = await seeds.user()

    async def refuse(_channel, _message):
        raise UnavailableError("The bus is away.")

    monkeypatch.setattr(bus, "publish", refuse)
    with structlog.testing.capture_logs() as logs:
        async with database.transaction() as tx:
            await DndList(tx, user).add("+12015550101", "asked")
            tx.publish(messages.WAKEUPS, WAKEUP)
    assert [entry["event"] for entry in logs] == ["messages_not_published"]
    async with database.transaction() as tx:
        assert await DndList(tx, user).contains("+12015550101")


async def test_events_of_two_users_are_numbered_in_commit_order(database, seeds):
    """Each user's events come in the order in which they were told, whoever else is told."""
    ada, bob = await seeds.user("ada"), await seeds.user("bob")
    async with database.transaction() as tx:
        for number in range(3):
            await UserEvents(tx, bob).append("e", subject_id=number)
            await UserEvents(tx, ada).append("e", subject_id=number)
    async with database.transaction() as tx:
        for user in (ada, bob):
            events = await UserEvents(tx, user).after(0)
            assert [event.subject_id for event in events] == ["0", "1", "2"]
            assert await UserEvents(tx, user).after(events[0].id, limit=1) == [events[1]]


async def test_a_name_locks_out_only_transactions_that_ask_for_it(database, seeds):
    """Taking a named lock in a transaction works on every engine, also twice."""
    await seeds.user()
    async with database.transaction() as tx:
        await tx.lock("one")
        await tx.lock("one")
