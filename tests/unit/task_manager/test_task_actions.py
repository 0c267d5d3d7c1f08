"""What a user may do to tasks and campaigns, and what the table forbids."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from opendeep.common.data_models import (
    CallCause,
    CampaignStatus,
    FeedbackKind,
    FeedbackStatus,
    TaskStatus,
)
from opendeep.common.errors import ConflictError, InvalidInputError, NotFoundError
from opendeep.common.messages import EndCall
from opendeep.database.models import Task
from opendeep.database.repositories import Campaigns, FeedbackRequests
from opendeep.task_manager.task_actions import CampaignActions, TaskActions
from tests.unit.task_manager.conftest import World, plan_task


def actions(world: World) -> TaskActions:
    """Make the actions over the world."""
    return TaskActions(world.database, world.bus, world.clock)


def campaign_actions(world: World) -> CampaignActions:
    """Make the campaign actions over the world."""
    return CampaignActions(world.database, actions(world))


async def ask(world: World, task: Task) -> None:
    """Put a question about a task."""
    async with world.database.transaction() as tx:
        await FeedbackRequests(tx, task.user_id).create(
            kind=FeedbackKind.CHECK_IN, task_id=task.id, question="?"
        )


async def test_retry(world: World) -> None:
    """A retry is due now, has an attempt, reopens its campaign and takes questions back."""
    campaign, [task] = await world.campaign(plan_task(max_attempts=1))
    await world.put(task, TaskStatus.FAILED, current_attempt_count=1, next_action_time=None)
    await ask(world, task)
    async with world.database.transaction() as tx:
        await Campaigns(tx, world.user_id).set_status(campaign.id, CampaignStatus.FINISHED)
    changed = await actions(world).retry(world.user_id, task.id)
    assert changed.status is TaskStatus.PENDING
    assert (changed.next_action_time, changed.max_attempts) == (world.clock.now(), 2)
    assert (await world.get_campaign(campaign)).status is CampaignStatus.ACTIVE
    assert [asked.status for asked in await world.questions(task)] == [FeedbackStatus.CANCELLED]


async def test_retry_in_a_cancelled_campaign(world: World) -> None:
    """A task of a cancelled campaign stays cancelled."""
    campaign, [task] = await world.campaign(plan_task())
    await campaign_actions(world).cancel(world.user_id, campaign.id)
    with pytest.raises(ConflictError, match="campaign is cancelled"):
        await actions(world).retry(world.user_id, task.id)
    assert (await world.get(task)).status is TaskStatus.CANCELLED


async def test_retry_in_an_active_campaign(world: World) -> None:
    """A waiting task of an active campaign is simply due now."""
    campaign, [task] = await world.campaign(plan_task())
    await world.put(task, TaskStatus.RETRY_SCHEDULED)
    assert (await actions(world).retry(world.user_id, task.id)).status is TaskStatus.PENDING
    assert await world.get_campaign(campaign) == campaign


async def test_retry_without_a_campaign(world: World) -> None:
    """A task by itself can be retried."""
    task = await world.task()
    await world.put(task, TaskStatus.UNRESOLVED, campaign_id=None)
    assert (await actions(world).retry(world.user_id, task.id)).status is TaskStatus.PENDING


async def test_hold_and_resume(world: World) -> None:
    """A held task waits for a time or for the user."""
    task = await world.task()
    until = world.clock.now() + timedelta(days=1)
    held = await actions(world).hold(world.user_id, task.id, until)
    assert (held.status, held.next_action_time) == (TaskStatus.ON_HOLD, until)
    held = await actions(world).hold(world.user_id, task.id, None)
    assert held.next_action_time is None
    resumed = await actions(world).resume(world.user_id, task.id)
    assert (resumed.status, resumed.next_action_time) == (TaskStatus.PENDING, world.clock.now())


@pytest.mark.parametrize(
    "until",
    [
        datetime(2020, 1, 1).astimezone(),
        datetime(2030, 1, 1),  # noqa: DTZ001 - the fault
        datetime(9999, 12, 31, 23, 59, tzinfo=timezone(timedelta(hours=-12))),
    ],
)
async def test_unusable_hold(world: World, until: datetime) -> None:
    """A past time, one without a zone, or one beyond what UTC can say is refused."""
    task = await world.task()
    with pytest.raises(InvalidInputError):
        await actions(world).hold(world.user_id, task.id, until)


async def test_cancel_hangs_up(world: World) -> None:
    """Cancelling a task in a call ends the call with its cause and takes the question back."""
    task = await world.task()
    call = await world.call(task)
    await ask(world, task)
    async with world.handler_of(call.id) as heard:
        cancelled = await actions(world).cancel(world.user_id, task.id)
    assert (cancelled.status, cancelled.next_action_time) == (TaskStatus.CANCELLED, None)
    [command] = heard
    assert isinstance(command, EndCall)
    assert command.cause is CallCause.CANCELLED
    assert [asked.status for asked in await world.questions(task)] == [FeedbackStatus.CANCELLED]


async def test_cancel_of_a_call_nobody_holds(world: World) -> None:
    """A call whose handler is gone does not keep a task from being cancelled."""
    task = await world.task()
    await world.call(task)
    assert (await actions(world).cancel(world.user_id, task.id)).status is TaskStatus.CANCELLED


@pytest.mark.parametrize(
    ("act", "status", "words"),
    [
        (
            lambda a, user, task: a.retry(user, task),
            TaskStatus.IN_PROGRESS,
            "in progress. It cannot be tried again",
        ),
        (lambda a, user, task: a.retry(user, task), TaskStatus.CANCELLED_DND, "said stop"),
        (lambda a, user, task: a.hold(user, task, None), TaskStatus.AWAITING_ANALYSIS, "on hold"),
        (lambda a, user, task: a.resume(user, task), TaskStatus.PENDING, "cannot be resumed"),
        (lambda a, user, task: a.cancel(user, task), TaskStatus.COMPLETED, "is completed"),
    ],
)
async def test_what_the_table_forbids(
    world: World, act: Callable[..., Awaitable[Any]], status: TaskStatus, words: str
) -> None:
    """An action that does not fit the task's state is told in plain words and changes nothing."""
    task = await world.put(await world.task(), status)
    with pytest.raises(ConflictError, match=words) as refused:
        await act(actions(world), world.user_id, task.id)
    assert refused.value.code == "invalid_transition"
    assert (await world.get(task)).version == task.version


async def test_somebody_elses_task(world: World) -> None:
    """Another user's task does not exist."""
    task = await world.task()
    with pytest.raises(NotFoundError):
        await actions(world).cancel(await world.user("bob"), task.id)


async def test_pause_and_resume_a_campaign(world: World) -> None:
    """A paused campaign's tasks are never due; resumed, they are."""
    campaign, _ = await world.campaign(plan_task())
    await campaign_actions(world).pause(world.user_id, campaign.id)
    assert await world.claim() == []
    with pytest.raises(ConflictError):
        await campaign_actions(world).pause(world.user_id, campaign.id)
    await campaign_actions(world).resume(world.user_id, campaign.id)
    assert len(await world.claim()) == 1


async def test_cancel_a_campaign(world: World) -> None:
    """Cancelling ends the open tasks and their calls; what is final stays as it is."""
    campaign, tasks = await world.campaign(*[plan_task(goal=f"g{n}") for n in range(203)])
    await world.put(tasks[0], TaskStatus.COMPLETED)
    call = await world.call(tasks[1])
    async with world.handler_of(call.id) as heard:
        await campaign_actions(world).cancel(world.user_id, campaign.id)
    assert len(heard) == 1
    assert (await world.get_campaign(campaign)).status is CampaignStatus.CANCELLED
    assert (await world.get(tasks[0])).status is TaskStatus.COMPLETED
    assert {(await world.get(task)).status for task in tasks[1:]} == {TaskStatus.CANCELLED}
    with pytest.raises(ConflictError):
        await campaign_actions(world).cancel(world.user_id, campaign.id)
