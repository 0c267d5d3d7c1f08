"""The scheduler claims what may be dialled now, within the free slots, fairly."""

import asyncio
from collections import Counter

import pytest

from opendeep.common import messages
from opendeep.common.data_models import CallStatus, TaskStatus
from opendeep.common.errors import UnavailableError
from opendeep.common.event_bus import InProcessEventBus
from opendeep.common.lifecycle import Nursery
from opendeep.common.messages import Wakeup
from opendeep.database.models import Task
from opendeep.task_manager import task_scheduler_svc
from opendeep.task_manager.dial_gate import DialRules, PolicyDialGate
from opendeep.task_manager.orchestrator_svc import OrchestratorService
from opendeep.task_manager.task_scheduler_svc import SchedulerConfig, TaskSchedulerService
from tests.unit.task_manager.conftest import World, campaign_plan, plan_task


def scheduler(world: World, **config: float) -> TaskSchedulerService:
    """Make a scheduler over the world."""
    return TaskSchedulerService(
        SchedulerConfig(**config),  # type: ignore[arg-type]
        database=world.database,
        bus=world.bus,
        gate=PolicyDialGate(DialRules()),
    )


async def statuses(world: World, tasks: list[Task]) -> Counter[TaskStatus]:
    """Count the tasks' statuses."""
    return Counter([(await world.get(task)).status for task in tasks])


async def test_due_task_is_queued_and_the_initiator_woken(world: World) -> None:
    """A due task is claimed under a lease and told to the initiator."""
    task = await world.task()
    async with world.bus.subscribe(messages.WAKEUPS) as wakeups:
        assert not await scheduler(world, lease_seconds=60).schedule_once()
        assert await wakeups.get() == Wakeup(work="queued_tasks")
    claimed = await world.get(task)
    assert claimed.status is TaskStatus.QUEUED_FOR_CALL
    assert claimed.claimed_by == "scheduler"
    assert claimed.claim_expires_at is not None
    assert (claimed.claim_expires_at - world.clock.now()).total_seconds() == 60


async def test_idle_work_is_claimed_when_it_arrives(world: World) -> None:
    """A plan that is confirmed while nothing is due is claimed at once, long before any poll."""
    service = scheduler(world, poll_seconds=3600)
    async with Nursery("scheduler") as nursery:
        running = nursery.start(service.run(), name=service.name)
        await asyncio.sleep(60)
        async with world.bus.subscribe(messages.WAKEUPS) as wakeups:
            began = world.clock.monotonic()
            await OrchestratorService(world.database).execute_plan(world.user_id, campaign_plan())
            told = [await wakeups.get() for _ in range(2)]
        service.stop()
        await running
    assert [wakeup.work for wakeup in told] == ["due_tasks", "queued_tasks"]  # type: ignore[union-attr]
    assert world.clock.monotonic() - began <= 0.1


async def test_no_more_than_free_slots(world: World) -> None:
    """Live calls and queued tasks fill slots; only the rest is claimed."""
    _, tasks = await world.campaign(*[plan_task(phone_number=f"+1212555010{n}") for n in range(6)])
    await world.call(tasks[0])
    service = scheduler(world, max_concurrent_calls=3)
    await service.schedule_once()
    assert await statuses(world, tasks) == {
        TaskStatus.IN_PROGRESS: 1,
        TaskStatus.QUEUED_FOR_CALL: 2,
        TaskStatus.PENDING: 3,
    }
    await service.schedule_once()
    assert (await statuses(world, tasks))[TaskStatus.QUEUED_FOR_CALL] == 2


async def test_user_at_the_limit_leaves_room_for_others(world: World) -> None:
    """A user with many tasks gets the slots of one user, another still gets theirs."""
    other = await world.user("bob")
    _, many = await world.campaign(*[plan_task(goal=f"g{n}") for n in range(8)])
    service = scheduler(world, max_concurrent_calls=4, max_concurrent_calls_per_user=2)
    await service.schedule_once()
    assert (await statuses(world, many))[TaskStatus.QUEUED_FOR_CALL] == 2
    _, [late] = await world.campaign(plan_task(), user_id=other)
    await service.schedule_once()
    assert (await world.get(late)).status is TaskStatus.QUEUED_FOR_CALL
    assert (await statuses(world, many))[TaskStatus.QUEUED_FOR_CALL] == 2


async def test_somebody_behind_a_long_queue(world: World) -> None:
    """Behind the many urgent tasks of a user at their limit, another user's is found."""
    other = await world.user("bob")
    _, many = await world.campaign(*[plan_task(goal=f"g{n}", priority=0) for n in range(9)])
    await world.call(many[0])
    await world.campaign(plan_task(priority=9), user_id=other)
    service = scheduler(world, max_concurrent_calls_per_user=1)
    await service.schedule_once()
    [claimed] = [task for task in await _queued(world) if task.user_id == other]
    assert claimed.priority == 9


async def _queued(world: World) -> list[Task]:
    async with world.database.transaction() as tx:
        return await task_scheduler_svc.SystemTasks(tx).queued(100)


async def test_refused_tasks_make_room_at_once(world: World) -> None:
    """A round that lost tasks to policy asks for another, until something is queued."""
    refused = [plan_task(goal=f"g{n}", time_zone="Asia/Tokyo", priority=0) for n in range(4)]
    _, tasks = await world.campaign(*refused, plan_task())
    service = scheduler(world, max_concurrent_calls=2)
    rounds = 1
    while await service.schedule_once():
        rounds += 1
    assert rounds == 3
    assert await statuses(world, tasks) == {
        TaskStatus.RETRY_SCHEDULED: 4,
        TaskStatus.QUEUED_FOR_CALL: 1,
    }


async def test_expired_claims_come_back(world: World) -> None:
    """A claim that nobody took within its lease is released and claimed anew."""
    task = await world.task()
    await world.claim()
    await asyncio.sleep(61)
    await scheduler(world).schedule_once()
    claimed = await world.get(task)
    assert claimed.status is TaskStatus.QUEUED_FOR_CALL
    assert claimed.claimed_by == "scheduler"


async def test_loop_wakes_and_polls(world: World) -> None:
    """A wake-up is served at once, a task whose time comes is found by the poll."""
    service = scheduler(world, poll_seconds=5, max_concurrent_calls=1)
    first = await world.task()
    async with Nursery("test") as nursery:
        running = nursery.start(service.run(), name="scheduler")
        await asyncio.sleep(0.01)
        assert (await world.get(first)).status is TaskStatus.QUEUED_FOR_CALL
        call = await world.call(first, CallStatus.RINGING)
        second = await world.task(goal="other")
        await asyncio.sleep(6)
        assert (await world.get(second)).status is TaskStatus.PENDING
        await world.end(call)
        await world.bus.publish(messages.WAKEUPS, Wakeup(work="slot_free"))
        await asyncio.sleep(0.01)
        assert (await world.get(second)).status is TaskStatus.QUEUED_FOR_CALL
        service.stop()
        service.stop()
        await running


async def test_loop_goes_on_at_once_after_refusals(world: World) -> None:
    """What policy refuses does not make the next task wait for a poll."""
    service = scheduler(world, poll_seconds=3600, max_concurrent_calls=1)
    refused = [plan_task(goal=f"g{n}", time_zone="Asia/Tokyo", priority=0) for n in range(3)]
    _, tasks = await world.campaign(*refused, plan_task())
    async with Nursery("test") as nursery:
        running = nursery.start(service.run(), name="scheduler")
        await asyncio.sleep(0.01)
        assert (await world.get(tasks[-1])).status is TaskStatus.QUEUED_FOR_CALL
        service.stop()
        await running


async def test_stop_before_the_start(world: World) -> None:
    """A service that was stopped before its start returns at once."""
    service = scheduler(world)
    service.stop()
    await service.run()
    assert service.name == "task_scheduler"


async def test_database_away(world: World) -> None:
    """A database that is away ends the loop with the error that the supervisor knows."""
    await world.database.__aexit__(None, None, None)
    with pytest.raises(UnavailableError, match="closed"):
        await scheduler(world).run()


async def test_bus_away(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bus that fails ends the loop with an error, so that the supervisor starts it again."""

    def broken(*_channels: str) -> object:
        raise UnavailableError("The bus is away.")

    monkeypatch.setattr(InProcessEventBus, "subscribe", broken)
    with pytest.raises(UnavailableError, match="The bus is away"):
        await scheduler(world).run()
