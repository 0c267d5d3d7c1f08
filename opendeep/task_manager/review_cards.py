"""What the user's word on a review card means for its task, whose outcome was not clear."""

from typing import Any

from opendeep.common import messages
from opendeep.common.data_models import (
    REVIEW_ACCEPT,
    REVIEW_CLOSE,
    REVIEW_RETRY,
    TaskStatus,
    Verdict,
)
from opendeep.common.errors import ConflictError, InvalidInputError
from opendeep.common.messages import Wakeup
from opendeep.database.models import Task
from opendeep.database.repositories import CampaignGoals, Tasks
from opendeep.database.transaction import Transaction
from opendeep.task_manager.task_actions import reopen_campaign
from opendeep.task_manager.task_states import TaskInput, sources_of, target_of


async def review(tx: Transaction, task: Task, answer: str) -> None:
    """Accept an unresolved task as done, call again, or close it as it is.

    Raises:
        ConflictError: the task has moved on since.
        InvalidInputError: the answer is none of the card's options.
    """
    if task.status is not TaskStatus.UNRESOLVED:
        raise ConflictError("The task has moved on; this question is out of date.")
    changes: dict[str, Any]
    match answer:
        case str() if answer == REVIEW_ACCEPT:
            outcome = {**(task.outcome or {}), "verdict": Verdict.SUCCESS.value}
            accepted = target_of(TaskInput.ACCEPT)
            changes = {"status": accepted, "status_reason": "You accepted it as done."}
            changes["outcome"] = outcome
        case str() if answer == REVIEW_RETRY:
            await reopen_campaign(tx, task)
            changes = {
                "status": TaskStatus.PENDING,
                "status_reason": "You asked for another call.",
                "next_action_time": tx.now(),
                "max_attempts": max(task.max_attempts, task.current_attempt_count + 1),
            }
            tx.publish(messages.WAKEUPS, Wakeup(work="due_tasks"))
        case str() if answer == REVIEW_CLOSE:
            changes = {"status_reason": "You closed it as it is."}
        case _:
            raise InvalidInputError("Choose one of the answers offered.")
    await Tasks(tx, task.user_id).change(task.id, expected=sources_of(TaskInput.ACCEPT), **changes)
    if answer == REVIEW_ACCEPT:
        await CampaignGoals(tx, task.user_id).meet(task)
    tx.publish(messages.WAKEUPS, Wakeup(work="campaigns"))
