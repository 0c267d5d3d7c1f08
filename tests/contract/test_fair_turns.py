"""A crowd of due tasks costs another user's single one nothing."""

from contextlib import asynccontextmanager

import pytest
from sqlalchemy import insert

from opendeep.common.data_models import TaskStatus
from opendeep.database.repositories import Tasks
from opendeep.database.tables import tasks
from opendeep.task_manager.dial_gate import DialRules, PolicyDialGate
from opendeep.task_manager.task_scheduler_svc import SchedulerConfig, TaskSchedulerService

CROWD = 5_000
PER_USER, SLOTS = 2, 4


class CountedDatabase:
    """Counts the statements of what it runs."""

    def __init__(self, database) -> None:
        self._database = database
        self.statements = 0

    @asynccontextmanager
    async def transaction(self):
        """Open a unit of work."""
        async with self._database.transaction() as tx:
            run = tx._run

            async def counted(statement, parameters):
                self.statements += 1
                return await run(statement, parameters)

            tx._run = counted
            yield tx

    async def at_once(self, work):
        """Do a unit of work."""
        async with self.transaction() as tx:
            return await work(tx)


async def statements_until_queued(database, bus, seeds, user) -> int:
    """Let a new task of the user come; count statements until it is handed over."""
    task = await seeds.task(user)
    counted = CountedDatabase(database)
    scheduler = TaskSchedulerService(
        SchedulerConfig(max_concurrent_calls=SLOTS, max_concurrent_calls_per_user=PER_USER),
        database=counted,
        bus=bus,
        gate=PolicyDialGate(DialRules(enforce_hours=False)),
    )
    await scheduler.schedule_once()
    async with database.transaction() as tx:
        assert (await Tasks(tx, user).get(task.id)).status is TaskStatus.QUEUED_FOR_CALL
        await Tasks(tx, user).change(task.id, expected=set(TaskStatus), status=TaskStatus.COMPLETED)
    return counted.statements


@pytest.mark.timeout(60)
async def test_a_small_users_first_dial_does_not_wait_for_a_crowd(database, bus, seeds, clock):
    """Beside 5,000 due tasks of another the first round hands it over, with no more work.

    Work is counted in statements, each a look into an index (``test_database_claims``); the
    benchmark measures the time, beside 100,000.
    """
    small, big = await seeds.user("small"), await seeds.user("big")
    alone = await statements_until_queued(database, bus, seeds, small)
    one = await seeds.task(big)
    row = {
        "user_id": big,
        "campaign_id": one.campaign_id,
        "title": "Call",
        "phone_number": "+12015550100",
        "goal": "Ask",
        "success_criteria": "Told",
        "priority": 0,
        "next_action_time": clock.now(),
    }
    async with database.transaction() as tx:
        await tx.execute(insert(tasks), [row] * CROWD)
    clock.advance(60)
    crowded = await statements_until_queued(database, bus, seeds, small)
    full = await statements_until_queued(database, bus, seeds, small)
    assert crowded <= 2 * alone
    assert full <= alone
