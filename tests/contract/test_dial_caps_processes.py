"""64 workers in four processes on one PostgreSQL never exceed a cap, and fill it."""

import asyncio
import multiprocessing
from datetime import timedelta
from multiprocessing.pool import Pool

import pytest

from opendeep.common.data_models import TaskStatus
from opendeep.database.repositories import SystemDecisions, Tasks
from opendeep.task_manager.decision_replay import replay_decisions
from tests.contract import race_child
from tests.contract.conftest import START

pytestmark = pytest.mark.integration

PROCESSES = 4
TASKS = 12
NOON = START + timedelta(hours=23)
"""Of a Monday, where the numbers are."""


@pytest.fixture(scope="module")
def pool():
    """Offer processes that have all modules loaded; each runs one worker after the other."""
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as made:
        yield made


async def requeue(database, users) -> None:
    """Make every task queued again, whatever it waited for."""
    async with database.transaction() as tx:
        for user in users:
            for task in (await Tasks(tx, user).list(limit=200)).items:
                await Tasks(tx, user).change(
                    task.id, expected=set(TaskStatus), status=TaskStatus.QUEUED_FOR_CALL
                )


async def raced(pool: Pool, database, url: str, users, name: str) -> list[str]:
    """Let all processes race until they make no attempt any more; return all attempts."""
    made: list[str] = []
    while True:
        await requeue(database, users)
        racers = [(url, name, NOON)] * PROCESSES
        found = await asyncio.to_thread(pool.starmap, race_child.race, racers, 1)
        if not any(found):
            return made
        made += [call_id for each in found for call_id in each]


@pytest.mark.parametrize("make_database", ["postgresql"], indirect=True)
@pytest.mark.parametrize("name", race_child.CAPS)
async def test_a_cap_holds_across_processes(pool, database, postgres_url, seeds, name):
    """Whatever the race, exactly as many attempts are made as the cap allows."""
    cap = race_child.CAPS[name]
    users = [await seeds.user(f"user{place}") for place in range(cap.users)]
    campaigns = [await seeds.campaign(user) for user in users]
    for place in range(TASKS):
        number = cap.number or f"+120155501{place + 20:02}"
        whose = place % cap.users
        await seeds.task(users[whose], campaigns[whose], phone_number=number, max_attempts=20)
    made = await raced(pool, database, postgres_url, users, name)
    assert len(made) == cap.most
    async with database.transaction() as tx:
        stored = await SystemDecisions(tx).after(0, 10_000)
    assert sorted(row.call_id for row in stored if row.verdict == "dial") == sorted(made)
    assert (await replay_decisions(database)).differences == ()
