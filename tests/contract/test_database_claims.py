"""Claims as numbers that only grow, dealt out lane by lane, from the indexes alone."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from opendeep.common.data_models import TaskStatus
from opendeep.common.errors import ConflictError
from opendeep.database import claims
from opendeep.database.claims import Lane
from opendeep.database.repositories import Calls, SystemTasks, Tasks

LEASE_SECONDS = 30.0
ADD_TASKS = (
    "INSERT INTO tasks (user_id, campaign_id, title, phone_number, goal, success_criteria, "
    "next_action_time) SELECT CAST(:user AS bigint), CAST(:lane AS bigint), 'Book', "
    "'+12015550100', 'Book', 'A date', now() FROM generate_series(1, CAST(:count AS integer))"
)
ONE_TASK = "SELECT 1 FROM tasks WHERE user_id = :user AND id = 1 FOR KEY SHARE"


async def claim(database, clock, limit=10, **more):
    """Claim in a transaction of its own."""
    async with database.transaction() as tx:
        return await SystemTasks(tx).claim_due(
            now=clock.now(), limit=limit, claimed_by="one", lease_seconds=LEASE_SECONDS, **more
        )


async def lanes_claim(database, clock, limit=10):
    """Claim without reading the tasks."""
    async with database.transaction() as tx:
        return await SystemTasks(tx).claim(
            now=clock.now(), limit=limit, claimed_by="one", lease_seconds=LEASE_SECONDS
        )


async def test_a_stale_claimer_is_refused(database, seeds, clock):
    """Whose claim expired and was given to another can neither dial nor give back."""
    user = await seeds.user()
    await seeds.task(user)
    [stale] = await claim(database, clock)
    clock.advance(LEASE_SECONDS + 1)
    async with database.transaction() as tx:
        assert await SystemTasks(tx).release_expired_claims(clock.now()) == 1
    [held] = await claim(database, clock)
    assert (stale.claim_token, held.claim_token) == (1, 2)
    for attempt in (
        lambda tx: Calls(tx, user).create_attempt(stale),
        lambda tx: SystemTasks(tx).give_back(stale, "Too late."),
    ):
        with pytest.raises(ConflictError):
            async with database.transaction() as tx:
                await attempt(tx)
    async with database.transaction() as tx:
        assert await Tasks(tx, user).get(held.id) == held
        assert (await Calls(tx, user).create_attempt(held)).attempt_number == 1


async def test_claims_are_finished_together_and_stale_ones_left_alone(database, seeds, clock):
    """One statement moves all tasks whose claim still holds, and says how many those were."""
    user = await seeds.user()
    tasks = [await seeds.task(user) for _ in range(3)]
    stale = await lanes_claim(database, clock)
    assert [claim.task_id for claim in stale] == [task.id for task in tasks]
    clock.advance(LEASE_SECONDS + 1)
    async with database.transaction() as tx:
        await SystemTasks(tx).release_expired_claims(clock.now())
    [first, *_] = held = await lanes_claim(database, clock, limit=2)
    async with database.transaction() as tx:
        queue = SystemTasks(tx)
        assert await queue.finish([], None, reason="None.") == 0
        assert await queue.finish(stale, TaskStatus.COMPLETED, reason="Too late.") == 0
        assert await queue.finish([first], None, reason="Not now.") == 1
        assert await queue.finish(held, TaskStatus.COMPLETED, reason="Done.") == 1
        found = [(await Tasks(tx, user).get(task.id)) for task in tasks]
    assert [(task.status, task.status_reason) for task in found] == [
        (TaskStatus.PENDING, "Not now."),
        (TaskStatus.COMPLETED, "Done."),
        (TaskStatus.PENDING, "The claim expired before a call was started."),
    ]


async def test_a_users_campaigns_are_one_queue(database, seeds, clock):
    """Tasks of several campaigns, and of none, come in the order of their own urgency."""
    user = await seeds.user()
    lanes = [await seeds.campaign(user), await seeds.campaign(user), None]
    clock.advance(600)
    for place, (lane, priority, age) in enumerate(
        [(0, 5, 9), (0, 5, 5), (0, 7, 20), (1, 5, 8), (1, 5, 4), (1, 2, 1), (2, 5, 7), (2, 9, 30)]
    ):
        task = await seeds.task(user, lanes[lane], title=str(place), priority=priority)
        async with database.transaction() as tx:
            await Tasks(tx, user).change(
                task.id,
                expected=set(TaskStatus),
                next_action_time=clock.now() - timedelta(seconds=age),
            )
    assert [task.title for task in await claim(database, clock, limit=7)] == list("5036142")
    assert [task.title for task in await claim(database, clock)] == ["7"]


async def test_a_user_at_the_limit_is_passed_over(database, seeds, clock):
    """Queued and running tasks of a user count; the others get the slots."""
    crowd, single = await seeds.user("crowd"), await seeds.user("single")
    await seeds.queued(crowd)
    for _ in range(5):
        await seeds.task(crowd, priority=0)
    await seeds.task(single)
    claimed = await claim(database, clock, limit=4, per_user=2)
    assert [task.user_id for task in claimed] == [single, crowd]
    assert await claim(database, clock, limit=4, per_user=2) == []


async def test_a_campaign_at_its_limit_is_passed_over(database, seeds, clock):
    """Queued and running tasks of a campaign count; its user's other tasks get the slots."""
    user = await seeds.user()
    crowd, other = await seeds.campaign(user), await seeds.campaign(user)
    for priority in (0, 0, 1, 1):
        await seeds.task(user, crowd, priority=priority)
    await seeds.task(user, other, priority=9)
    single = await seeds.task(user, priority=9)
    claimed = await claim(database, clock, limit=9, per_campaign=3)
    assert [task.campaign_id for task in claimed[:3]] == [crowd.id] * 3
    assert {task.campaign_id for task in claimed[3:]} == {other.id, None}
    assert single.id in {task.id for task in claimed}
    assert await claim(database, clock, limit=9, per_campaign=3) == []
    assert len(await claim(database, clock, limit=9, per_campaign=4)) == 1


@pytest.mark.parametrize("priority", [5, None])
async def test_a_poll_reads_indexes_alone(database, seeds, clock, priority):
    """No step of a claim sorts or scans tasks, whatever else waits: the plans name the indexes."""
    user = await seeds.user()
    campaign = await seeds.campaign(user)
    lane = Lane(user_id=user, campaign_id=campaign.id, priority=priority, head=None)
    lease = claims.Lease(now=clock.now(), claimed_by="one", expires_at=clock.now())
    async with database.transaction() as tx:
        dialect = tx.dialect
    steps = [
        claims.due_lanes(clock.now(), most_busy=9, dialect=dialect),
        claims.due_lanes(clock.now(), most_busy=None, dialect=dialect),
        claims.head_of(lane, clock.now(), dialect=dialect),
        claims.take(lane, lease, until=None, limit=9, dialect=dialect),
    ]
    for step, values in steps:
        async with database.transaction() as tx:
            if tx.dialect == "postgresql":
                await tx.execute(text("SET LOCAL enable_seqscan = off"))
                await tx.execute(text("SET LOCAL enable_bitmapscan = off"))
            told = await tx.rows(step.explained(), values)
            plan = "\n".join(str(row[-1]) for row in told)
        assert "ix_tasks_due" in plan, plan
        assert "SCAN tasks" not in plan, plan
        assert "Seq Scan on tasks" not in plan, plan


@pytest.mark.parametrize("in_campaign", [True, False])
async def test_a_crowd_that_nobody_counted_is_found_by_the_due_indexes(
    database, seeds, clock, in_campaign
):
    """Statistics from when every user had one task mislead no statement about a crowd's tasks."""
    users = [await seeds.user("first"), await seeds.user("second")]
    campaigns = [(await seeds.campaign(user)).id if in_campaign else None for user in users]
    fields = [{"user": user, "lane": lane} for user, lane in zip(users, campaigns, strict=True)]
    lane = Lane(user_id=users[0], campaign_id=campaigns[0], priority=5, head=None)
    lease = claims.Lease(now=clock.now(), claimed_by="one", expires_at=clock.now())
    async with database.transaction() as tx:
        if tx.dialect != "postgresql":
            pytest.skip("SQLite plans without statistics")
        for values in fields:
            await tx.execute(text(ADD_TASKS), {**values, "count": 1})
        await tx.execute(text("ANALYZE tasks"))
        await tx.execute(text(ADD_TASKS), {**fields[0], "count": 2_000})
        for step, values in [
            claims.due_lanes(clock.now(), most_busy=None, dialect=tx.dialect),
            claims.head_of(lane, clock.now(), dialect=tx.dialect),
            claims.take(lane, lease, until=None, limit=9, dialect=tx.dialect),
        ]:
            told = await tx.rows(step.explained(), values)
            plan = "\n".join(str(row[-1]) for row in told)
            assert "ix_tasks_due" in plan, plan
            assert "ix_tasks_user_id" not in plan, plan
            assert "ix_tasks_campaign_id" not in plan, plan
        told = await tx.execute(text("EXPLAIN " + ONE_TASK), {"user": users[0]})
        plan = "\n".join(str(row[-1]) for row in told)
        assert "ix_tasks" not in plan, plan
