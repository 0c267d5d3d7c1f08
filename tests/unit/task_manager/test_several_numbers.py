"""Several numbers of one contact, from the plan to the gate; and one success that is enough."""

import pytest

from opendeep.common.data_models import CampaignPlan, TaskStatus, WhenGoalMet
from opendeep.database.repositories import GOAL_MET, CampaignGoals, Campaigns, DndList, Tasks
from opendeep.task_manager.dial_gate import DialRules, PolicyDialGate
from opendeep.task_manager.plan_validation import plan_faults
from opendeep.task_manager.provenance import Evidence, check_sources
from opendeep.task_manager.task_actions import TaskActions
from tests.unit.task_manager.conftest import MONDAY_NOON, World, campaign_plan, plan_task

FIRST, SECOND = "+12125550100", "+12125550101"
GATE = PolicyDialGate(DialRules(enforce_hours=False))


@pytest.mark.parametrize(
    ("others", "code"),
    [
        ([SECOND], None),
        (["+19005550101"], "premium"),
        (["911"], "emergency"),
        ([FIRST], "duplicate"),
        ([SECOND, SECOND], "duplicate"),
    ],
)
def test_each_number_is_judged(others: list[str], code: str | None) -> None:
    """Every other number is checked as the first one is, and named only once."""
    plan = campaign_plan(plan_task(phone_number=FIRST, alternative_numbers=others))
    faults = plan_faults(plan, MONDAY_NOON)
    assert [fault.code for fault in faults] == ([] if code is None else [code])
    assert all(fault.path.startswith("tasks[0].alternative_numbers[") for fault in faults)


def test_another_number_needs_a_proof_too() -> None:
    """The model's memory is no source for any of the contact's numbers."""
    plan = campaign_plan(plan_task(phone_number=FIRST, alternative_numbers=[SECOND]))
    known = Evidence(origin="user", text=f"Call {FIRST}")
    _, faults = check_sources(plan, [known])
    assert [fault.path for fault in faults] == ["tasks[0].alternative_numbers[0]"]
    both = Evidence(origin="user", text=f"Call {FIRST}, or {SECOND}")
    assert check_sources(plan, [both])[1] == ()


async def test_who_said_stop_at_one_number_is_called_at_none(world: World) -> None:
    """A contact on the list with another of their numbers is not called."""
    _, [task] = await world.campaign(plan_task(phone_number=FIRST, alternative_numbers=[SECOND]))
    async with world.database.transaction() as tx:
        await DndList(tx, world.user_id).add(SECOND, "asked")
    [claimed] = await world.claim()
    async with world.database.transaction() as tx:
        assert await GATE.check(tx, claimed) is not None
    assert (await world.get(task)).status is TaskStatus.CANCELLED_DND


async def test_who_says_stop_while_a_call_is_prepared_is_not_dialled(world: World) -> None:
    """The last look before Originate sees the contact's other numbers, too."""
    _, [task] = await world.campaign(plan_task(phone_number=FIRST, alternative_numbers=[SECOND]))
    async with world.database.transaction() as tx:
        assert await GATE.why_unwanted(tx, task) is None
        await DndList(tx, world.user_id).add(SECOND, "asked")
        assert await GATE.why_unwanted(tx, task) is not None


async def test_what_is_claimed_when_the_goal_is_met_is_not_dialled(world: World) -> None:
    """The gate cancels what slipped through; "call now" opens the search again."""
    plan = CampaignPlan(
        title="Plumber",
        goal="One",
        tasks=[plan_task(phone_number=FIRST), plan_task(phone_number=SECOND)],
        when_goal_met=WhenGoalMet.STOP_OTHERS,
    )
    async with world.database.transaction() as tx:
        campaign = await Campaigns(tx, world.user_id).create(plan)
        won, late = await Tasks(tx, world.user_id).create_all(campaign.id, plan.tasks)
        await CampaignGoals(tx, world.user_id).meet(won)
    await world.put(late, TaskStatus.PENDING, next_action_time=world.clock.now())
    await world.put(won, TaskStatus.COMPLETED)
    [claimed] = await world.claim()
    async with world.database.transaction() as tx:
        assert await GATE.check(tx, claimed) == GOAL_MET
    assert (await world.get(late)).status is TaskStatus.CANCELLED
    await TaskActions(world.database, world.bus, world.clock).retry(world.user_id, late.id)
    [again] = await world.claim()
    async with world.database.transaction() as tx:
        assert await GATE.check(tx, again) is None
