"""The manager's questions give the same answers on every database."""

import pytest

from opendeep.common.clock import SystemClock
from opendeep.common.data_models import CallCause, CallStatus
from opendeep.common.errors import ConflictError, NotFoundError
from opendeep.database.db_manager import DbManager
from opendeep.database.models import CallCreate
from opendeep.database.repositories import DndList


async def test_due_tasks_of_one_user_or_of_all(database, seeds, clock):
    """Without a user all due tasks come, with one that user's; looking claims nothing."""
    ada, bob = await seeds.user("ada"), await seeds.user("bob")
    first, second = await seeds.task(ada), await seeds.task(bob, priority=0)
    manager = DbManager(database, clock=clock)
    assert await manager.get_due_tasks() == [second, first]
    assert await manager.get_due_tasks(ada) == [first]
    assert await manager.get_due_tasks(user_id=bob) == [second]


async def test_the_machines_clock_is_the_default(database, seeds):
    """Without a clock of the test's, tasks of the test's past are due."""
    user = await seeds.user()
    manager = DbManager(database)
    due = await seeds.task(user)
    found = await manager.get_due_tasks(user)
    assert found == ([due] if due.next_action_time <= SystemClock().now() else [])


async def test_the_list_is_the_users_own(database, seeds):
    """A number that one user listed is on that user's list alone."""
    ada, bob = await seeds.user("ada"), await seeds.user("bob")
    async with database.transaction() as tx:
        await DndList(tx, ada).add("+12015550101", "asked")
    manager = DbManager(database)
    assert await manager.is_on_dnd_list("+12015550101", ada)
    assert not await manager.is_on_dnd_list("+12015550101", bob)


async def test_an_attempt_from_creation_to_its_end(database, seeds):
    """An attempt is created for a queued task, moved forward, read, and ended once."""
    user = await seeds.user()
    task = await seeds.queued(user)
    manager = DbManager(database)
    request = CallCreate(user_id=user, task_id=task.id)
    call = await manager.create_call_attempt(request)
    with pytest.raises(ConflictError):
        await manager.create_call_attempt(request)
    ended = await manager.update_call_status(call.id, CallStatus.ENDED, cause=CallCause.BUSY)
    assert await manager.get_call_by_id(call.id) == ended
    assert (ended.status, ended.cause) == (CallStatus.ENDED, CallCause.BUSY)
    with pytest.raises(ConflictError):
        await manager.update_call_status(call.id, CallStatus.RINGING)
    with pytest.raises(NotFoundError):
        await manager.get_call_by_id("nobody")
