"""The first calls of a new campaign decide whether the rest goes out."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendeep.common.data_models import CallCause, CampaignStatus, TaskStatus, Verdict
from opendeep.database.canaries import FirstCall
from opendeep.database.models import Task
from opendeep.database.repositories import AuditLog, Calls, Campaigns
from opendeep.task_manager.canary import judge, why_bad
from opendeep.task_manager.dial_gate import DialRules, PolicyDialGate
from opendeep.task_manager.task_actions import CampaignActions, TaskActions
from opendeep.task_manager.task_scheduler_svc import SchedulerConfig, TaskSchedulerService
from tests.unit.task_manager.conftest import World, plan_task

GOOD: dict[str, Any] = {"verdict": "success", "dnd": False}
STOP: dict[str, Any] = {"verdict": "failure", "dnd": True}
UNREACHED: dict[str, Any] = {"verdict": "failure", "dnd": False}
UNCLEAR: dict[str, Any] = {"verdict": "unresolved", "dnd": False}


@pytest.mark.parametrize(
    ("cause", "analysis", "bad"),
    [
        (CallCause.COMPLETED, GOOD, False),
        (CallCause.CALLEE_HUNG_UP, GOOD, False),
        (CallCause.CALLEE_HUNG_UP, UNREACHED, True),
        (CallCause.AI_HUNG_UP, STOP, True),
        (CallCause.BUSY, UNREACHED, False),
        (CallCause.NO_ANSWER, UNREACHED, False),
        (CallCause.LOST, UNCLEAR, True),
        (CallCause.AUDIO_FAILED, UNREACHED, True),
    ],
)
def test_what_is_a_bad_end(cause: CallCause, analysis: dict[str, Any], bad: bool) -> None:
    """Opt-outs, hang-ups, our own faults and unclear calls are; nobody there is not."""
    assert (why_bad(FirstCall(cause=cause, analysis=analysis)) is not None) is bad


@given(st.lists(st.sampled_from([GOOD, STOP, UNREACHED, UNCLEAR]), min_size=1, max_size=20))
def test_more_than_half_stop_it(analyses: list[dict[str, Any]]) -> None:
    """Exactly half of bad calls lets the rest go out, one more does not."""
    calls = [FirstCall(cause=CallCause.COMPLETED, analysis=each) for each in analyses]
    bad = sum(each["dnd"] or each["verdict"] == Verdict.UNRESOLVED for each in analyses)
    assert (judge(calls) is not None) == (bad > len(calls) / 2)


async def end_all(world: World, queued: list[Task], analysis: dict[str, Any]) -> None:
    """Call the queued tasks, and analyse the calls."""
    for task in queued:
        call = await world.end(await world.call(task), CallCause.AI_HUNG_UP)
        async with world.database.transaction() as tx:
            await Calls(tx, world.user_id).save_analysis(call.id, analysis)


def scheduler(world: World, calls: int) -> TaskSchedulerService:
    """Make a scheduler that wants so many first calls."""
    gate = PolicyDialGate(DialRules(enforce_hours=False, read_first=False))
    config = SchedulerConfig(canary_calls=calls, max_concurrent_calls_per_user=10)
    return TaskSchedulerService(config, database=world.database, bus=world.bus, gate=gate)


async def in_state(world: World, tasks: list[Task], status: TaskStatus) -> list[Task]:
    """Read the tasks of a status."""
    return [found for task in tasks if (found := await world.get(task)).status is status]


@pytest.mark.parametrize(("analysis", "goes_on"), [(GOOD, True), (STOP, False)])
async def test_the_rest_waits_for_the_first_calls(
    world: World, analysis: dict[str, Any], goes_on: bool
) -> None:
    """Two calls go out alone; what they came to decides about the others."""
    plans = [plan_task(phone_number=f"+121255501{20 + place}") for place in range(6)]
    campaign, tasks = await world.campaign(*plans)
    service = scheduler(world, 2)
    await service.schedule_once()
    queued = await in_state(world, tasks, TaskStatus.QUEUED_FOR_CALL)
    assert len(queued) == 2
    await service.schedule_once()
    assert len(await in_state(world, tasks, TaskStatus.QUEUED_FOR_CALL)) == 2
    await end_all(world, queued, analysis)
    await service.schedule_once()
    after = await world.get_campaign(campaign)
    if goes_on:
        assert after.status is CampaignStatus.ACTIVE
        assert len(await in_state(world, tasks, TaskStatus.QUEUED_FOR_CALL)) == 4
        return
    assert after.status is CampaignStatus.PAUSED
    waiting = await in_state(world, tasks, TaskStatus.PENDING)
    assert len(waiting) == 4
    assert "2 asked not to be called again" in (waiting[0].status_reason or "")
    async with world.database.transaction() as tx:
        [entry] = await AuditLog(tx, world.user_id).of_action("campaign_paused")
    assert entry.detail["rule_id"] == "canary.failed"
    actions = TaskActions(world.database, world.bus, world.clock)
    await CampaignActions(world.database, actions).resume(world.user_id, campaign.id)
    await service.schedule_once()
    assert len(await in_state(world, tasks, TaskStatus.QUEUED_FOR_CALL)) == 4


async def test_nothing_goes_out_while_a_first_call_is_not_analysed(world: World) -> None:
    """A call whose analysis waits keeps the rest back."""
    plans = [plan_task(phone_number=f"+121255501{20 + place}") for place in range(3)]
    _, tasks = await world.campaign(*plans)
    service = scheduler(world, 1)
    await service.schedule_once()
    [first] = await in_state(world, tasks, TaskStatus.QUEUED_FOR_CALL)
    await world.end(await world.call(first), CallCause.AI_HUNG_UP)
    await service.schedule_once()
    assert await in_state(world, tasks, TaskStatus.QUEUED_FOR_CALL) == []


async def test_off_asks_for_no_proof(world: World) -> None:
    """Without the setting every task goes out at once; a proven campaign is asked nothing."""
    plans = [plan_task(phone_number=f"+121255501{20 + place}") for place in range(3)]
    campaign, tasks = await world.campaign(*plans)
    async with world.database.transaction() as tx:
        assert await Campaigns(tx, world.user_id).prove(campaign.id)
    await scheduler(world, 1).schedule_once()
    assert len(await in_state(world, tasks, TaskStatus.QUEUED_FOR_CALL)) == 3
    other, more = await world.campaign(*plans)
    assert other.canary_passed_at is None
    await scheduler(world, 0).schedule_once()
    assert len(await in_state(world, more, TaskStatus.QUEUED_FOR_CALL)) == 3
