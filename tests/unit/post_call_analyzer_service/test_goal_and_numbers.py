"""What an analysis does to a contact's numbers and to the campaign's other tasks."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from opendeep.common.data_models import (
    CallCause,
    CampaignPlan,
    TaskStatus,
    WhenGoalMet,
)
from opendeep.database.models import Call, Task
from opendeep.database.repositories import GOAL_MET, Campaigns, Tasks
from opendeep.llm_integrations.testing import ScriptedTextModel, Step
from opendeep.post_call_analyzer_service.analysis_svc import PostCallAnalyzerService
from tests.fixtures.finished_calls import BOOKED, TALK, World, open_world, plan_task

FIRST, SECOND = "+12125550100", "+12125550101"


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """Open the world of one user."""
    async with open_world() as opened:
        yield opened


async def judge(world: World, call: Call, *steps: Step) -> TaskStatus | None:
    """Analyse one call with a scripted model."""
    service = PostCallAnalyzerService(
        database=world.database, bus=world.bus, model=ScriptedTextModel(steps), clock=world.clock
    )
    return await service.analyse_call(call)


async def one_success(world: World, when: WhenGoalMet, **second: Any) -> list[Task]:
    """Make a campaign of two tasks that needs one success."""
    plans = [plan_task(phone_number=FIRST), plan_task(phone_number=SECOND, **second)]
    plan = CampaignPlan(title="Plumber", goal="One", tasks=plans, when_goal_met=when)
    async with world.database.transaction() as tx:
        campaign = await Campaigns(tx, world.user_id).create(plan)
        return await Tasks(tx, world.user_id).create_all(campaign.id, plans)


async def test_a_busy_number_gives_way_to_the_next(world: World) -> None:
    """The row names the number that the next attempt dials; the attempt keeps its own."""
    await world.campaign(plan_task(phone_number=FIRST, alternative_numbers=[SECOND]))
    call = await world.finished_call(CallCause.BUSY)
    assert await judge(world, call) is TaskStatus.RETRY_SCHEDULED
    task = await world.task(call.task_id)
    assert (task.phone_number, task.alternative_numbers) == (SECOND, [FIRST])
    assert (await world.call(call.id)).destination == FIRST
    world.clock.move(hours=1)
    again = await world.finished_call(CallCause.UNALLOCATED)
    assert again.destination == SECOND
    assert await judge(world, again) is TaskStatus.RETRY_SCHEDULED
    task = await world.task(call.task_id)
    assert (task.phone_number, task.alternative_numbers) == (FIRST, [])


async def test_a_success_cancels_the_others(world: World) -> None:
    """One booking is enough: the other task is cancelled with the reason."""
    first, second = await one_success(world, WhenGoalMet.STOP_OTHERS)
    call = await world.finished_call(CallCause.COMPLETED, TALK)
    assert call.task_id == first.id
    assert await judge(world, call, BOOKED) is TaskStatus.COMPLETED
    other = await world.task(second.id)
    assert (other.status, other.status_reason) == (TaskStatus.CANCELLED, GOAL_MET)


async def test_without_the_flag_the_others_go_on(world: World) -> None:
    """A campaign that calls everybody goes on after a success."""
    _, second = await one_success(world, WhenGoalMet.GO_ON)
    call = await world.finished_call(CallCause.COMPLETED, TALK)
    await judge(world, call, BOOKED)
    assert (await world.task(second.id)).status is TaskStatus.PENDING


async def test_a_call_that_ran_meanwhile_is_not_tried_again(world: World) -> None:
    """Its own failure would be tried again; after the goal it ends instead."""
    await one_success(world, WhenGoalMet.STOP_OTHERS)
    won = await world.finished_call(CallCause.COMPLETED, TALK)
    busy = await world.finished_call(CallCause.BUSY)
    await judge(world, won, BOOKED)
    assert await judge(world, busy) is TaskStatus.CANCELLED
    task = await world.task(busy.task_id)
    assert (task.status_reason, task.next_action_time) == (GOAL_MET, None)
