"""The user's word on a call whose outcome was not clear."""

from typing import Any

import pytest

from opendeep.common.data_models import (
    REVIEW_ACCEPT,
    REVIEW_CLOSE,
    REVIEW_OPTIONS,
    REVIEW_RETRY,
    FeedbackKind,
    FeedbackStatus,
    TaskStatus,
)
from opendeep.common.errors import ConflictError, InvalidInputError
from opendeep.database.models import FeedbackRequest, Task
from opendeep.database.repositories import FeedbackRequests
from opendeep.task_manager.feedback_manager_svc import FeedbackConfig, FeedbackManagerService
from tests.unit.task_manager.conftest import World


async def card(
    world: World, **columns: Any
) -> tuple[FeedbackManagerService, Task, FeedbackRequest]:
    """Let a task be unresolved, with its card before the user."""
    outcome = {"verdict": "unresolved", "summary": "Not clear."}
    task = await world.put(await world.task(), TaskStatus.UNRESOLVED, outcome=outcome, **columns)
    async with world.database.transaction() as tx:
        asked = await FeedbackRequests(tx, task.user_id).create(
            kind=FeedbackKind.CHECK_IN,
            task_id=task.id,
            question="Did it work?",
            options=REVIEW_OPTIONS,
        )
    service = FeedbackManagerService(world.database, world.bus, world.clock, FeedbackConfig())
    return service, task, asked


async def test_accepting_completes_the_task(world: World) -> None:
    """The user's word makes it a success."""
    service, task, asked = await card(world)
    await service.answer(world.user_id, asked.id, REVIEW_ACCEPT)
    task = await world.get(task)
    assert (task.status, task.status_reason) == (TaskStatus.COMPLETED, "You accepted it as done.")
    assert task.outcome == {"verdict": "success", "summary": "Not clear."}


async def test_calling_again_makes_it_due_with_one_more_attempt(world: World) -> None:
    """A task whose attempts are used gets one more."""
    service, task, asked = await card(world, current_attempt_count=3)
    await service.answer(world.user_id, asked.id, REVIEW_RETRY)
    task = await world.get(task)
    assert (task.status, task.max_attempts) == (TaskStatus.PENDING, 4)
    assert task.next_action_time == world.clock.now()


async def test_closing_leaves_it_unresolved(world: World) -> None:
    """A closed card is answered, and the task stays what it is."""
    service, task, asked = await card(world)
    await service.answer(world.user_id, asked.id, REVIEW_CLOSE)
    task = await world.get(task)
    assert (task.status, task.status_reason) == (TaskStatus.UNRESOLVED, "You closed it as it is.")


async def test_other_words_are_refused_and_leave_the_card(world: World) -> None:
    """Only the card's own answers count; the card waits on."""
    service, task, asked = await card(world)
    with pytest.raises(InvalidInputError):
        await service.answer(world.user_id, asked.id, "perhaps")
    [question] = await world.questions(task)
    assert question.status is FeedbackStatus.PENDING


async def test_a_card_is_out_of_date_once_the_task_moved_on(world: World) -> None:
    """Accepting what is called again already changes nothing."""
    service, task, asked = await card(world)
    await world.put(task, TaskStatus.PENDING)
    with pytest.raises(ConflictError):
        await service.answer(world.user_id, asked.id, REVIEW_ACCEPT)
    assert (await world.get(task)).status is TaskStatus.PENDING


async def test_a_question_whose_call_is_over_is_taken_back(world: World) -> None:
    """Where the callee hung up, the question leaves the pages within a moment."""
    service, task, _ = await card(world)
    call = await world.call(task)
    await service.ask(
        world.user_id,
        task_id=task.id,
        call_id=call.id,
        tool_call_id="t1",
        question="Friday?",
        options=[],
    )
    assert await service.cancel_abandoned() == 0
    await world.end(call)
    assert await service.cancel_abandoned() == 1
    asked = (await world.questions(task))[-1]
    assert asked.status is FeedbackStatus.CANCELLED
    assert await service.cancel_abandoned() == 0


async def test_a_card_of_a_cancelled_task_is_taken_back(world: World) -> None:
    """Where the callee wants no calls, nobody waits for the user's answer."""
    service, task, asked = await card(world)
    await world.put(task, TaskStatus.CANCELLED_DND)
    assert await service.cancel_abandoned() == 1
    assert [one.status for one in await world.questions(task)] == [FeedbackStatus.CANCELLED]
    with pytest.raises(ConflictError):
        await service.answer(world.user_id, asked.id, REVIEW_ACCEPT)


async def test_answers_are_remembered_for_the_campaign(world: World) -> None:
    """What was answered in one call is offered to the next of the same campaign, and no other."""
    service, task, _ = await card(world)
    call = await world.call(task)
    asked = await service.ask(
        world.user_id,
        task_id=task.id,
        call_id=call.id,
        tool_call_id="t1",
        question="Is Friday fine?",
        options=[],
    )
    await service.answer(world.user_id, asked.id, "yes")
    other = await world.task()
    assert task.campaign_id is not None
    assert other.campaign_id is not None
    async with world.database.transaction() as tx:
        requests = FeedbackRequests(tx, world.user_id)
        [known] = await requests.answered_in_campaign(task.campaign_id)
        assert await requests.answered_in_campaign(other.campaign_id) == []
    assert (known.question, known.answer) == ("Is Friday fine?", "yes")
