"""The queue: who is claimed when, by whom, and how a claim ends."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import insert, update

from opendeep.common.data_models import CallStatus, CampaignStatus, TaskStatus
from opendeep.common.errors import ConflictError
from opendeep.database import tables
from opendeep.database.repositories import Calls, Campaigns, SystemTasks, Tasks, UserEvents

LEASE_SECONDS = 30.0


async def claim(database, clock, limit=10, claimed_by="one"):
    """Claim in a transaction of its own."""
    async with database.transaction() as tx:
        return await SystemTasks(tx).claim_due(
            now=clock.now(), limit=limit, claimed_by=claimed_by, lease_seconds=LEASE_SECONDS
        )


async def change(database, task, status, **columns):
    """Change a task whatever its status."""
    async with database.transaction() as tx:
        return await Tasks(tx, task.user_id).change(
            task.id, expected=set(TaskStatus), status=status, **columns
        )


async def test_a_claim_says_who_holds_the_task_and_until_when(database, seeds, clock):
    """A claimed task remembers its old status, its claimer and the lease; the user is told."""
    user = await seeds.user()
    task = await seeds.task(user)
    [claimed] = await claim(database, clock)
    assert (claimed.id, claimed.status) == (task.id, TaskStatus.QUEUED_FOR_CALL)
    assert (claimed.status_before_claim, claimed.claimed_by) == (TaskStatus.PENDING, "one")
    assert claimed.claim_expires_at == clock.now() + timedelta(seconds=LEASE_SECONDS)
    assert claimed.version == task.version + 1
    assert await claim(database, clock) == []
    async with database.transaction() as tx:
        events = await UserEvents(tx, user).after(0)
        assert [event.type for event in events] == ["task_changed", "task_changed"]
        assert await SystemTasks(tx).queued(10) == [claimed]


@pytest.mark.parametrize("status", list(TaskStatus))
async def test_only_waiting_tasks_are_due(database, seeds, clock, status):
    """Of all statuses, pending, on_hold and retry_scheduled alone are claimed."""
    user = await seeds.user()
    await change(database, await seeds.task(user), status)
    claimed = await claim(database, clock)
    due = {TaskStatus.PENDING, TaskStatus.ON_HOLD, TaskStatus.RETRY_SCHEDULED}
    assert len(claimed) == (status in due)


async def test_time_attempts_and_pause_keep_a_task_back(database, seeds, clock):
    """A later time, no time, used-up attempts and a paused campaign are never due now."""
    user = await seeds.user()
    hold, campaign = TaskStatus.ON_HOLD, await seeds.campaign(user)
    later = clock.now() + timedelta(seconds=60)
    await change(database, await seeds.task(user), hold, next_action_time=later)
    await change(database, await seeds.task(user), hold, next_action_time=None)
    await change(database, await seeds.task(user), hold, current_attempt_count=3)
    paused = await seeds.task(user, campaign)
    async with database.transaction() as tx:
        await Campaigns(tx, user).set_status(campaign.id, CampaignStatus.PAUSED)
    assert await claim(database, clock) == []
    async with database.transaction() as tx:
        assert await SystemTasks(tx).due(now=clock.now(), limit=10) == []
        await Campaigns(tx, user).set_status(campaign.id, CampaignStatus.ACTIVE)
    assert [task.id for task in await claim(database, clock)] == [paused.id]
    clock.advance(60)
    assert len(await claim(database, clock)) == 1


async def test_urgent_first_then_longest_due(database, seeds, clock):
    """Within a user, priority goes before time, and time before age."""
    user = await seeds.user()
    base = clock.now() - timedelta(hours=1)
    plain = await seeds.task(user)
    urgent = await seeds.task(user, priority=0)
    long_due = await change(
        database, await seeds.task(user), TaskStatus.RETRY_SCHEDULED, next_action_time=base
    )
    expected = [urgent.id, long_due.id, plain.id]
    async with database.transaction() as tx:
        looked = await SystemTasks(tx).due(now=clock.now(), limit=10)
        own = await Tasks(tx, user).due(now=clock.now(), limit=10)
    assert [task.id for task in looked] == [task.id for task in own] == expected
    assert [task.id for task in await claim(database, clock, limit=2)] == expected[:2]
    assert [task.id for task in await claim(database, clock, limit=2)] == expected[2:]


async def test_one_users_crowd_does_not_starve_anothers_single_task(database, seeds, clock):
    """With one slot at a time, a user's single unimportant task comes second of a hundred."""
    crowd, single = await seeds.user("crowd"), await seeds.user("single")
    for _ in range(20):
        await seeds.task(crowd, priority=0)
    alone = await seeds.task(single, priority=9)
    order = []
    for _ in range(4):
        [task] = await claim(database, clock, limit=1)
        order.append(task.user_id)
        await change(database, task, TaskStatus.COMPLETED)
        clock.advance(1)
    assert order == [crowd, single, crowd, crowd]
    async with database.transaction() as tx:
        assert (await Tasks(tx, single).get(alone.id)).status is TaskStatus.COMPLETED


async def test_users_share_the_slots(database, seeds, clock):
    """Several slots are dealt out in turns, counting what each user has running already."""
    ada, bob, eve = [await seeds.user(name) for name in ("ada", "bob", "eve")]
    for user in (ada, bob, eve):
        for _ in range(5):
            await seeds.task(user)
    first = await claim(database, clock, limit=4)
    assert Counter(task.user_id for task in first) == {ada: 2, bob: 1, eve: 1}
    second = await claim(database, clock, limit=2)
    assert {task.user_id for task in second} == {bob, eve}


async def test_between_even_users_priority_decides(database, seeds, clock):
    """Two users who were never served are served by their tasks' urgency."""
    ada, bob = await seeds.user("ada"), await seeds.user("bob")
    await seeds.task(ada)
    urgent = await seeds.task(bob, priority=1)
    [claimed] = await claim(database, clock, limit=1)
    assert claimed.id == urgent.id


async def test_a_disabled_account_is_not_served(database, seeds, clock):
    """Tasks of an account that was switched off stay where they are."""
    user = await seeds.user()
    await seeds.task(user)
    async with database.transaction() as tx:
        await tx.execute(update(tables.users).values(disabled_at=clock.now()))
    assert await claim(database, clock) == []


async def test_no_slots_no_claims(database, seeds, clock):
    """A claim for nothing takes nothing."""
    await seeds.task(await seeds.user())
    assert await claim(database, clock, limit=0) == []


async def test_racing_claimers_never_take_the_same_task(make_database, database, seeds, clock):
    """Claimers side by side, on connections of their own, divide the tasks between them."""
    users = [await seeds.user(name) for name in ("ada", "bob")]
    for user in users:
        for _ in range(10):
            await seeds.task(user)

    async def drain(mine, name):
        for _ in range(10):
            await claim(mine, clock, limit=3, claimed_by=name)

    async with make_database() as second, asyncio.TaskGroup() as group:
        for name, mine in (("a", database), ("b", database), ("c", second), ("d", second)):
            group.create_task(drain(mine, name))
    async with database.transaction() as tx:
        queued = await SystemTasks(tx).queued(100)
    assert len(queued) == 20
    assert all(task.version == 2 for task in queued), "claimed more than once"


async def test_racing_initiators_create_one_attempt(database, seeds):
    """Two initiators that see the same queued task create one call; the other conflicts."""
    user = await seeds.user()
    task = await seeds.queued(user)

    async def attempt(mine):
        try:
            async with mine.transaction() as tx:
                return await Calls(tx, user).create_attempt(task)
        except ConflictError:
            return None

    made = await asyncio.gather(*[attempt(database) for _ in range(4)])
    assert sum(call is not None for call in made) == 1
    async with database.transaction() as tx:
        assert len(await Calls(tx, user).for_task(task.id)) == 1


async def test_a_claim_given_back_restores_the_old_status(database, seeds, clock):
    """Giving back a claimed retry makes it a retry again, with the reason; twice conflicts."""
    user = await seeds.user()
    await change(database, await seeds.task(user), TaskStatus.RETRY_SCHEDULED)
    [claimed] = await claim(database, clock)
    async with database.transaction() as tx:
        given = await SystemTasks(tx).give_back(claimed, "No free slot.")
        assert (given.status, given.status_reason) == (TaskStatus.RETRY_SCHEDULED, "No free slot.")
        assert (given.claimed_by, given.status_before_claim) == (None, None)
        with pytest.raises(ConflictError):
            await SystemTasks(tx).give_back(claimed, "Again.")
    assert len(await claim(database, clock)) == 1


async def test_expired_claims_come_back(database, seeds, clock):
    """A claim that nobody dialled within its lease is released; a fresh one is not."""
    user = await seeds.user()
    await seeds.task(user)
    await claim(database, clock)
    async with database.transaction() as tx:
        assert await SystemTasks(tx).release_expired_claims(clock.now()) == 0
    clock.advance(LEASE_SECONDS)
    async with database.transaction() as tx:
        assert await SystemTasks(tx).release_expired_claims(clock.now()) == 1
    assert len(await claim(database, clock)) == 1


async def test_tasks_in_a_services_hands_for_too_long_are_stuck(database, seeds, clock):
    """Queued, running and unanalysed tasks that nobody touched are found, waiting ones not."""
    user = await seeds.user()
    await seeds.task(user)
    stuck = [
        await change(database, await seeds.task(user), status)
        for status in (TaskStatus.IN_PROGRESS, TaskStatus.AWAITING_ANALYSIS)
    ]
    async with database.transaction() as tx:
        assert await SystemTasks(tx).stuck(before=clock.now()) == []
        found = await SystemTasks(tx).stuck(before=clock.now() + timedelta(seconds=1))
    assert found == stuck


async def test_a_row_inserted_by_hand_runs(database, seeds, clock):
    """A task with only user, title and number is due by the database's own defaults."""
    user = await seeds.user()
    row = {"user_id": user, "title": "By hand", "phone_number": "+12015550100"}
    async with database.transaction() as tx:
        await tx.execute(insert(tables.tasks).values(**row))
    clock.advance(3_000_000_000)  # the database's clock is the machine's, not the test's
    [claimed] = await claim(database, clock)
    assert (claimed.title, claimed.priority, claimed.max_attempts) == ("By hand", 5, 3)
    async with database.transaction() as tx:
        call = await Calls(tx, user).create_attempt(claimed)
    assert call.status is CallStatus.INITIATING
