"""The overseer: stuck tasks are found and moved safely, done campaigns are finished."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from opendeep.common import messages
from opendeep.common.data_models import CallStatus, CampaignStatus, TaskStatus
from opendeep.common.errors import ConflictError
from opendeep.common.lifecycle import Nursery
from opendeep.common.messages import Wakeup
from opendeep.database.models import Task
from opendeep.database.repositories import Calls, SystemCalls, Tasks, UserEvents
from opendeep.task_manager.task_lifecycle_manager_svc import (
    LifecycleConfig,
    TaskLifecycleManagerService,
)
from tests.unit.task_manager.conftest import World, plan_task

STUCK_SECONDS = 1200


def overseer(world: World) -> TaskLifecycleManagerService:
    """Make an overseer over the world."""
    return TaskLifecycleManagerService(
        database=world.database, bus=world.bus, clock=world.clock, config=LifecycleConfig()
    )


async def oversee_later(world: World, task: Task, seconds: float = STUCK_SECONDS + 1) -> Task:
    """Let time pass, oversee once, and read the task again."""
    await asyncio.sleep(seconds)
    await overseer(world).oversee_once()
    return await world.get(task)


async def test_patience(world: World) -> None:
    """A task that a service holds for a short time is left alone."""
    task = await world.put(await world.task(), TaskStatus.AWAITING_ANALYSIS)
    assert await oversee_later(world, task, STUCK_SECONDS - 1) == task


async def test_queued_without_a_claim(world: World) -> None:
    """A queued task that nobody claimed comes back to the queue."""
    task = await world.put(await world.task(), TaskStatus.QUEUED_FOR_CALL)
    found = await oversee_later(world, task)
    assert found.status is TaskStatus.PENDING
    assert "due again" in (found.status_reason or "")


async def test_queued_under_a_lease(world: World) -> None:
    """A queued task whose lease still runs belongs to the scheduler."""
    task = await world.task()
    until = world.clock.now() + timedelta(seconds=2 * STUCK_SECONDS)
    task = await world.put(task, TaskStatus.QUEUED_FOR_CALL, claim_expires_at=until)
    assert await oversee_later(world, task) == task


@pytest.mark.parametrize("status", [status for status in CallStatus if status.is_live])
async def test_live_call_is_never_touched(world: World, status: CallStatus) -> None:
    """However long it lasts, a task with a live call is left alone."""
    task = await world.task()
    await world.call(task, status)
    task = await world.get(task)
    assert await oversee_later(world, task) == task


async def test_call_ended_without_a_report(world: World) -> None:
    """A task in progress whose call is over goes to the analysis, which is woken."""
    task = await world.task()
    call = await world.call(task)
    await world.end(call)
    await world.put(task, TaskStatus.IN_PROGRESS)
    async with world.bus.subscribe(messages.WAKEUPS) as wakeups:
        found = await oversee_later(world, task)
        assert await wakeups.get() == Wakeup(work="calls_to_analyse")
    assert found.status is TaskStatus.AWAITING_ANALYSIS
    assert found.status_reason


@pytest.mark.parametrize("status", [TaskStatus.IN_PROGRESS, TaskStatus.AWAITING_ANALYSIS])
async def test_no_call_at_all(world: World, status: TaskStatus) -> None:
    """A task that waits for a call which does not exist ends unresolved, with the reason."""
    task = await world.put(await world.task(), status)
    found = await oversee_later(world, task)
    assert found.status is TaskStatus.UNRESOLVED
    assert "unknown" in (found.status_reason or "")


async def analysed(world: World, task: Task) -> None:
    """Store an analysis that never reached the task."""
    call = await world.call(task)
    await world.end(call)
    async with world.database.transaction() as tx:
        await Calls(tx, task.user_id).save_analysis(call.id, {"verdict": "success"})


async def test_analysis_that_was_not_applied(world: World) -> None:
    """A call that is analysed while its task still waits ends unresolved."""
    task = await world.task()
    await analysed(world, task)
    assert (await oversee_later(world, task)).status is TaskStatus.UNRESOLVED


async def test_analysis_in_work_is_left_alone(world: World) -> None:
    """A task whose call an analyzer holds is not touched; once the claim ran out, it is told."""
    task = await world.task()
    await world.end(await world.call(task))
    await asyncio.sleep(STUCK_SECONDS)
    async with world.database.transaction() as tx:
        await SystemCalls(tx).claim_for_analysis(
            now=tx.now(), claimed_by="analyzer", limit=1, lease_seconds=60
        )
    before = await world.get(task)
    assert await oversee_later(world, task, 1) == before
    explained = await oversee_later(world, task, 60)
    assert explained.status is TaskStatus.AWAITING_ANALYSIS
    assert "waits" in (explained.status_reason or "")


async def test_waiting_analysis_is_explained_once(world: World) -> None:
    """A task whose analysis waits for the model says so, and is not changed again."""
    task = await world.task()
    await world.end(await world.call(task))
    explained = await oversee_later(world, task)
    assert explained.status is TaskStatus.AWAITING_ANALYSIS
    assert "text model" in (explained.status_reason or "")
    assert await oversee_later(world, task) == explained


async def test_who_acts_meanwhile_wins(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A task that somebody changed since it was read is left alone."""
    task = await world.put(await world.task(), TaskStatus.AWAITING_ANALYSIS)

    async def changed_meanwhile(*_arguments: Any, **_columns: Any) -> None:
        raise ConflictError("Version 5 by now.")

    monkeypatch.setattr(Tasks, "change", changed_meanwhile)
    assert await oversee_later(world, task) == task


async def test_finished_campaign(world: World) -> None:
    """A campaign whose tasks are all final is finished, once, and its user hears of it."""
    campaign, tasks = await world.campaign(plan_task(), plan_task(goal="other"))
    await world.put(tasks[0], TaskStatus.COMPLETED)
    await overseer(world).oversee_once()
    assert (await world.get_campaign(campaign)).status is CampaignStatus.ACTIVE
    await world.put(tasks[1], TaskStatus.CANCELLED_DND)
    async with world.bus.subscribe(messages.WAKEUPS) as wakeups:
        await overseer(world).oversee_once()
        await overseer(world).oversee_once()
        assert await wakeups.get() == Wakeup(work="campaigns")
    finished = await world.get_campaign(campaign)
    assert finished.status is CampaignStatus.FINISHED
    assert finished.finished_at == world.clock.now()
    async with world.database.transaction() as tx:
        told = await UserEvents(tx, world.user_id).after(0)
    assert [event.type for event in told].count("campaign_finished") == 1


async def test_many_campaigns_of_many_users(world: World) -> None:
    """Every user's campaigns are looked at, page by page."""
    other = await world.user("bob")
    made = [await world.campaign(user_id=owner) for owner in [world.user_id] * 51 + [other]]
    for _, [task] in made:
        await world.put(task, TaskStatus.FAILED)
    await overseer(world).oversee_once()
    found = {(await world.get_campaign(campaign)).status for campaign, _ in made}
    assert found == {CampaignStatus.FINISHED}


async def test_loop(world: World) -> None:
    """The overseer looks when a campaign may be done, without waiting for its poll."""
    service = overseer(world)
    campaign, [task] = await world.campaign()
    async with Nursery("test") as nursery:
        running = nursery.start(service.run(), name=service.name)
        await asyncio.sleep(0.01)
        await world.put(task, TaskStatus.COMPLETED)
        await world.bus.publish(messages.WAKEUPS, Wakeup(work="campaigns"))
        await asyncio.sleep(0.01)
        assert (await world.get_campaign(campaign)).status is CampaignStatus.FINISHED
        service.stop()
        await running
