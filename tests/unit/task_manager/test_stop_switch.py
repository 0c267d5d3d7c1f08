"""The stop switch holds everything, and whatever is not wanted any more ends within a second."""

import asyncio
from contextlib import AsyncExitStack

from opendeep.call_processor_service.reservation import CallLimits, Reservations
from opendeep.common import messages
from opendeep.common.data_models import CallCause, CallStatus, TaskStatus
from opendeep.common.lifecycle import Nursery
from opendeep.common.messages import EndCall, Message
from opendeep.database.models import Call
from opendeep.database.repositories import SystemStops, SystemTasks
from opendeep.task_manager.dial_gate import DialRules, PolicyDialGate
from opendeep.task_manager.stop_switch import CallStopperService, StopSwitch
from opendeep.task_manager.task_actions import CampaignActions, TaskActions
from opendeep.task_manager.task_scheduler_svc import SchedulerConfig, TaskSchedulerService
from opendeep.task_manager.trunk_breaker import TRUNK
from tests.unit.task_manager.conftest import World, plan_task

LIMITS = CallLimits(max_concurrent_calls=9, max_concurrent_calls_per_user=9, calls_per_second=1000)
GATE = PolicyDialGate(DialRules(enforce_hours=False))


def scheduler(world: World) -> TaskSchedulerService:
    """Make a scheduler that heeds no hours."""
    return TaskSchedulerService(
        SchedulerConfig(), database=world.database, bus=world.bus, gate=GATE
    )


async def ended_after(world: World, calls: list[Call], deed) -> dict[str, float]:
    """Serve the calls' channels, do ``deed``, and tell after how long each was told to end."""
    told: dict[str, float] = {}
    clock = asyncio.get_running_loop()

    def hears(call: Call):
        async def hear(message: Message) -> None:
            assert isinstance(message, EndCall)
            assert message.cause is CallCause.CANCELLED
            told.setdefault(call.id, clock.time())

        return hear

    service = CallStopperService(world.database, world.bus)
    async with AsyncExitStack() as stack:
        for call in calls:
            channel = messages.call_commands(call.id)
            await stack.enter_async_context(world.bus.serve(channel, hears(call)))
        nursery = await stack.enter_async_context(Nursery("test"))
        running = nursery.start(service.run(), name="stopper")
        await asyncio.sleep(1)
        began = clock.time()
        await deed()
        await asyncio.sleep(2)
        service.stop()
        await running
    return {call_id: at - began for call_id, at in told.items()}


async def calls_of(world: World, count: int) -> tuple[object, list[Call]]:
    """Make a campaign whose calls ring and talk in turn."""
    plans = [plan_task(phone_number=f"+1212555010{n}") for n in range(count)]
    campaign, tasks = await world.campaign(*plans)
    kinds = [CallStatus.RINGING, CallStatus.IN_PROGRESS]
    return campaign, [await world.call(task, kinds[n % 2]) for n, task in enumerate(tasks)]


async def test_a_stop_reaches_every_call_and_keeps_new_ones_back(world: World) -> None:
    """Every live call is told within a second; nothing is claimed or reserved until it goes on."""
    _, calls = await calls_of(world, 4)
    task = await world.task(goal="later")
    switch = StopSwitch(world.database)
    told = await ended_after(world, calls, lambda: switch.stop(world.user_id, "Wrong script."))
    assert set(told) == {call.id for call in calls}
    assert max(told.values()) < 1
    await scheduler(world).schedule_once()
    assert (await world.get(task)).status is TaskStatus.PENDING
    await world.put(task, TaskStatus.QUEUED_FOR_CALL)
    reservations = Reservations(world.database, GATE, LIMITS)
    assert await reservations.reserve() is None
    assert (await switch.state()).reason == "Wrong script."
    assert not (await switch.resume(world.user_id)).stopped
    assert await reservations.reserve() is not None


async def test_a_cancelled_campaign_of_another_process_ends_its_calls(world: World) -> None:
    """Calls of a campaign that a command cancelled are told within a second, others are not."""
    campaign, calls = await calls_of(world, 2)
    other = await world.call(await world.task(goal="other"))
    elsewhere = TaskActions(world.database, type(world.bus)(), world.clock)
    actions = CampaignActions(world.database, elsewhere)
    told = await ended_after(
        world, [*calls, other], lambda: actions.cancel(world.user_id, campaign.id)
    )
    assert set(told) == {call.id for call in calls}
    assert max(told.values()) < 1


async def test_a_pause_ends_what_nobody_answered_yet(world: World) -> None:
    """Who is being talked to is talked to until the end."""
    campaign, [ringing, talking] = await calls_of(world, 2)
    actions = CampaignActions(world.database, TaskActions(world.database, world.bus, world.clock))
    told = await ended_after(
        world, [ringing, talking], lambda: actions.pause(world.user_id, campaign.id)
    )
    assert set(told) == {ringing.id}
    assert told[ringing.id] < 1


async def failed(world: World, number: str, cause: CallCause = CallCause.CONGESTION) -> None:
    """Let a call to a number fail."""
    call = await world.call(await world.task(phone_number=number, goal=number))
    await world.end(call, cause)
    await asyncio.sleep(1)


async def claimed(world: World) -> int:
    """Let the scheduler work; tell how many tasks are queued."""
    await scheduler(world).schedule_once()
    async with world.database.transaction() as tx:
        return await SystemTasks(tx).queued_count()


async def test_a_trunk_whose_calls_fail_rests_and_is_tried(world: World) -> None:
    """Five failures on three numbers stop claims for a minute, then one call tries, then all."""
    for place in range(5):
        await failed(world, f"+1212555010{place % 3}")
    _, tasks = await world.campaign(
        *[plan_task(phone_number=f"+1212555015{n}", goal=f"n{n}") for n in range(3)]
    )
    assert await claimed(world) == 0
    [resting] = (await StopSwitch(world.database).state()).resting
    assert (resting.name, resting.failures) == (TRUNK, 0)
    await asyncio.sleep(61)
    assert await claimed(world) == 1
    [trial] = [task for task in tasks if (await world.get(task)).status.value.startswith("queued")]
    await world.end(await world.call(trial), CallCause.CONGESTION)
    assert await claimed(world) == 0
    await asyncio.sleep(61)
    assert await claimed(world) == 0
    await asyncio.sleep(60)
    assert await claimed(world) == 1
    await failed(world, "+12125550170", CallCause.BUSY)
    assert await claimed(world) == 2
    assert (await StopSwitch(world.database).state()).resting == ()


async def test_a_trunk_that_is_resumed_is_tried_by_one_call_at_a_time(world: World) -> None:
    """After a resume one call tries at once; while it is queued or rings, no other one does."""
    for place in range(5):
        await failed(world, f"+1212555010{place % 3}")
    await world.campaign(
        *[plan_task(phone_number=f"+1212555015{n}", goal=f"n{n}") for n in range(3)]
    )
    assert await claimed(world) == 0
    assert (await StopSwitch(world.database).resume(world.user_id)).resting == ()
    assert await claimed(world) == 1
    assert await claimed(world) == 1
    reservations = Reservations(world.database, GATE, LIMITS)
    assert await reservations.reserve() is not None
    assert await claimed(world) == 0


async def test_one_congested_number_is_no_failing_trunk(world: World) -> None:
    """Five failures on one number, or one line that was reached between, mean nothing."""
    for _ in range(5):
        await failed(world, "+12125550100")
    await world.task(goal="next")
    assert await claimed(world) == 1


async def test_stops_are_replaced_and_lifted(world: World) -> None:
    """A stop of the same name takes the earlier one's place; one that is over holds nobody."""
    async with world.database.transaction() as tx:
        stops = SystemStops(tx)
        await stops.put("x", "one")
        await stops.put("x", "two", until=tx.now())
        assert (await stops.find("x")).reason == "two"
        assert await stops.active(tx.now()) == []
        assert await stops.lift("x")
        assert not await stops.lift("x")
