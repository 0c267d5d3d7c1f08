"""A campaign that needs one success: what else would be dialled stops with the goal's commit."""

import asyncio

import pytest

from opendeep.common.data_models import CallStatus, CampaignPlan, TaskStatus, WhenGoalMet
from opendeep.common.errors import NotFoundError
from opendeep.database.repositories import GOAL_MET, Calls, CampaignGoals, Campaigns, Tasks
from tests.contract.conftest import plan_task

ANY = set(TaskStatus)


async def campaign_of(database, user, when: WhenGoalMet, count: int = 4):
    """Make a campaign that needs one success, with its tasks."""
    plans = [plan_task(phone_number=f"+121255501{20 + place}") for place in range(count)]
    plan = CampaignPlan(title="Plumber", goal="One of them", tasks=plans, when_goal_met=when)
    async with database.transaction() as tx:
        campaign = await Campaigns(tx, user).create(plan)
        created = await Tasks(tx, user).create_all(campaign.id, plans)
    return campaign, created


async def attempt(database, task, status: CallStatus):
    """Begin an attempt of a task."""
    async with database.transaction() as tx:
        queued = await Tasks(tx, task.user_id).change(
            task.id, expected=ANY, status=TaskStatus.QUEUED_FOR_CALL
        )
        calls = Calls(tx, task.user_id)
        call = await calls.create_attempt(queued)
        return await calls.change(call.id, expected={CallStatus.INITIATING}, status=status)


async def meet(database, task) -> int:
    """Complete a task, and let its campaign know."""
    async with database.transaction() as tx:
        await Tasks(tx, task.user_id).change(task.id, expected=ANY, status=TaskStatus.COMPLETED)
        return await CampaignGoals(tx, task.user_id).meet(task)


async def states(database, tasks):
    """Read tasks again."""
    async with database.transaction() as tx:
        return [await Tasks(tx, task.user_id).get(task.id) for task in tasks]


@pytest.mark.parametrize("when", WhenGoalMet)
async def test_what_waits_stops_and_what_runs_follows_the_flag(database, seeds, when):
    """Waiting tasks and unsent attempts are cancelled; a running call only if it shall be."""
    user = await seeds.user()
    _, [won, waiting, unsent, running] = await campaign_of(database, user, when)
    call = await attempt(database, unsent, CallStatus.INITIATING)
    await attempt(database, running, CallStatus.RINGING)
    cancelled = await meet(database, won)
    found = [task.status for task in await states(database, [won, waiting, unsent, running])]
    if when is WhenGoalMet.GO_ON:
        assert (cancelled, found[1:]) == (0, ["pending", "in_progress", "in_progress"])
        return
    goes_on = when is WhenGoalMet.STOP_OTHERS
    assert cancelled == (2 if goes_on else 3)
    assert found == ["completed", "cancelled", "cancelled", found[3]]
    assert found[3] == ("in_progress" if goes_on else "cancelled")
    assert (await states(database, [waiting]))[0].status_reason == GOAL_MET
    async with database.transaction() as tx:
        with pytest.raises(NotFoundError):
            await Calls(tx, user).get(call.id)


async def test_a_goal_is_met_once_and_can_be_opened_again(database, seeds):
    """The second success cancels nobody; who asks for another call looks for one again."""
    user = await seeds.user()
    campaign, [won, second, other, last] = await campaign_of(
        database, user, WhenGoalMet.STOP_OTHERS
    )
    assert await meet(database, won) == 3
    async with database.transaction() as tx:
        for task in (other, last):
            await Tasks(tx, user).change(task.id, expected=ANY, status=TaskStatus.PENDING)
    assert await meet(database, second) == 0
    async with database.transaction() as tx:
        assert (await CampaignGoals(tx, user).hold(campaign.id)).goal_met_by == won.id
        await CampaignGoals(tx, user).reopen(campaign.id)
    assert await meet(database, second) == 2


async def test_no_dial_is_committed_after_the_goal(database, seeds):
    """Whoever sends holds the campaign: the goal waits for that commit, and sees the call run."""
    user = await seeds.user()
    campaign, [won, racing, *_] = await campaign_of(database, user, WhenGoalMet.STOP_OTHERS)
    call = await attempt(database, racing, CallStatus.INITIATING)
    held, order = asyncio.Event(), []

    async def send() -> None:
        async with database.transaction() as tx:
            assert (await CampaignGoals(tx, user).hold(campaign.id)).goal_met_by is None
            held.set()
            await asyncio.sleep(0.05)  # the goal's transaction begins meanwhile
            await Calls(tx, user).change(
                call.id, expected={CallStatus.INITIATING}, status=CallStatus.ORIGINATING
            )
            order.append("sent")

    async def win() -> None:
        await held.wait()
        await meet(database, won)
        order.append("met")

    await asyncio.gather(send(), win())
    assert order == ["sent", "met"]
    async with database.transaction() as tx:
        assert (await Calls(tx, user).get(call.id)).status is CallStatus.ORIGINATING
        assert (await CampaignGoals(tx, user).hold(campaign.id)).goal_met_by == won.id
