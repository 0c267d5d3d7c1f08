"""Carries out what the rules allowed: one guarded update and its line in the log, together.

The guard is the version that was read and a status in which nobody holds the task: a claim, an
analysis or a user's own action in between makes it a :class:`ConflictError`, and nothing is
written. Undoing is guarded the other way round: only what still is as the action left it is put
back.
"""

from datetime import datetime
from typing import Any

from opendeep.common.data_models import FeedbackKind, FeedbackStatus, PlanTask, TaskStatus
from opendeep.common.errors import ConflictError
from opendeep.common.ids import TaskId, UserId
from opendeep.common.messages import WAKEUPS, Wakeup
from opendeep.database.engine import Database
from opendeep.database.models import Actor, FeedbackRequest, Task, TaskAction
from opendeep.database.repositories import (
    AuditLog,
    FeedbackRequests,
    TaskActionLog,
    Tasks,
)
from opendeep.database.transaction import Transaction
from opendeep.task_manager.oversight_rules import Change
from opendeep.task_manager.oversight_view import WAITING
from opendeep.task_manager.task_actions import reopen_campaign
from opendeep.task_manager.task_states import TaskInput, next_status, sources_of

_INSTANTS = {"next_action_time"}
_NOT_COMPARED = {"status_reason"}


async def carry_out(tx: Transaction, task: Task, change: Change, actor: Actor) -> Task:
    """Change the task as it was read, ask where that is part of it, and log it.

    Raises:
        ConflictError: the task is not what was read any more; nothing is written.
    """
    columns = dict(change.columns)
    before = {name: getattr(task, name) for name in columns}
    after = dict(columns)
    if change.status is not None:
        before["status"], after["status"] = task.status, change.status
    changed = await Tasks(tx, task.user_id).change(
        task.id,
        expected={task.status} & WAITING,
        expected_version=task.version,
        status=change.status,
        **columns,
    )
    if change.question is not None:
        await FeedbackRequests(tx, task.user_id).create(
            kind=FeedbackKind.CHECK_IN, task_id=task.id, question=change.question
        )
    if change.status is TaskStatus.UNRESOLVED:
        await _take_questions_back(tx, task)
        tx.publish(WAKEUPS, Wakeup(work="campaigns"))
    await TaskActionLog(tx, task.user_id).append(
        task.id,
        actor=actor,
        kind=change.kind,
        reason=change.reason,
        before=_plain(before),
        after=_plain({**after, **change.payload}),
        status=change.logged_as,
    )
    return changed


class OversightActions:
    """What a user may do about the overseer's actions: undo, accept, dismiss."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def undo(self, user_id: UserId, action_id: int, /) -> None:
        """Put back what an action changed, as far as it still is as the action left it.

        Raises:
            NotFoundError: no such action of this user.
            ConflictError: it was undone already, a service holds the task, or the task has
                moved on since.
        """
        async with self._database.transaction() as tx:
            log = TaskActionLog(tx, user_id)
            action = await log.close(action_id, "undone", expected={"done"})
            tasks = Tasks(tx, user_id)
            task = await tasks.get(action.task_id)
            columns = _columns_back(task, action)
            status = _status_back(task, action)
            if not columns and status is None:
                raise ConflictError("The task has moved on since: nothing is left to undo.")
            again: FeedbackRequest | None = None
            if status is not None and task.status is TaskStatus.UNRESOLVED:
                again = await _asked_last(tx, task, action)
                if again is None:
                    columns |= _one_more(task, tx.now())
                else:
                    columns["next_action_time"], status = None, TaskStatus.AWAITING_USER
                await reopen_campaign(tx, task)
            await tasks.change(
                task.id,
                expected={task.status} & (WAITING | {TaskStatus.UNRESOLVED}),
                expected_version=task.version,
                status=status,
                **{**columns, "status_reason": "You undid what OpenDeep had changed."},
            )
            if status is not None and task.status is TaskStatus.AWAITING_USER:
                await _take_questions_back(tx, task)
            if again is not None:
                await _ask_again(tx, again)
            await _note(tx, action, "undo")
            tx.publish(WAKEUPS, Wakeup(work="due_tasks"))

    async def accept(self, user_id: UserId, action_id: int, /) -> list[TaskId]:
        """Make the tasks that were proposed; a task that is split is cancelled.

        Raises:
            NotFoundError: no such action of this user.
            ConflictError: it waits no more, the task is in a call now, or its campaign is
                cancelled.
        """
        async with self._database.transaction() as tx:
            log = TaskActionLog(tx, user_id)
            action = await log.close(action_id, "accepted", expected={"proposed"})
            tasks = Tasks(tx, user_id)
            task = await tasks.get(action.task_id)
            await reopen_campaign(tx, task)
            made = await tasks.create_all(
                task.campaign_id,
                [_part_of(task, part) for part in action.after.get("parts", ())],
                language=task.language,
                voice=task.voice,
                disclosure=task.disclosure,
            )
            if action.kind == "split":
                await tasks.change(
                    task.id,
                    expected=WAITING & sources_of(TaskInput.CANCEL),
                    status=TaskStatus.CANCELLED,
                    next_action_time=None,
                    status_reason="You split it into other tasks.",
                )
                await _take_questions_back(tx, task)
            await _note(tx, action, "accept")
            tx.publish(WAKEUPS, Wakeup(work="due_tasks"))
        return [one.id for one in made]

    async def dismiss(self, user_id: UserId, action_id: int, /) -> None:
        """Turn a proposal down.

        Raises:
            NotFoundError: no such action of this user.
            ConflictError: it waits no more.
        """
        async with self._database.transaction() as tx:
            log = TaskActionLog(tx, user_id)
            action = await log.close(action_id, "dismissed", expected={"proposed"})
            await _note(tx, action, "dismiss")


def _part_of(task: Task, part: dict[str, Any]) -> PlanTask:
    return PlanTask(
        title=part["title"],
        phone_number=task.phone_number,
        contact_name=task.contact_name,
        business_name=task.business_name,
        goal=part["goal"],
        instructions=task.instructions,
        facts=task.facts,
        success_criteria=part["goal"],
        max_attempts=min(task.max_attempts, 3),
        earliest=task.earliest,
        latest=task.latest,
        time_zone=task.time_zone,
        priority=task.priority,
        language=task.language,
        sources=task.sources,
    )


def _columns_back(task: Task, action: TaskAction) -> dict[str, Any]:
    """Return the columns that still hold what the action wrote, with what they held before."""
    names = set(action.before) & set(action.after) - {"status"} - _NOT_COMPARED
    now = _plain({name: getattr(task, name) for name in names})
    back = {name: action.before[name] for name in names if now[name] == action.after[name]}
    for name in _INSTANTS & set(back):
        if back[name] is not None:
            back[name] = datetime.fromisoformat(back[name])
    if "instructions_version" in back:
        back["instructions_version"] = task.instructions_version + 1
    return back


def _one_more(task: Task, now: datetime) -> dict[str, Any]:
    """Let a task that is taken up again have an attempt, as a retry does."""
    attempts = max(task.max_attempts, task.current_attempt_count + 1)
    return {"next_action_time": now, "max_attempts": attempts}


def _status_back(task: Task, action: TaskAction) -> TaskStatus | None:
    if "status" not in action.after or task.status != action.after["status"]:
        return None
    before = TaskStatus(action.before["status"])
    if task.status is TaskStatus.UNRESOLVED:
        # Only the user leaves a final state: this is theirs, and the same as a retry.
        again = next_status(task.status, TaskInput.RETRY)
        return again if before is TaskStatus.AWAITING_USER else before
    return next_status(task.status, TaskInput.UNDO, before_claim=before)


async def _asked_last(tx: Transaction, task: Task, action: TaskAction) -> FeedbackRequest | None:
    """Return the question that a closed task waited for: its answer, no call, is the next step.

    To call at once might dial a number of which the question says that it is the wrong one.
    """
    if action.before["status"] != TaskStatus.AWAITING_USER:
        return None
    asked = (await FeedbackRequests(tx, task.user_id).list(task_id=task.id, limit=200)).items
    between = [one for one in asked if one.kind is FeedbackKind.CHECK_IN and one.answer is None]
    return between[-1] if between else None


async def _ask_again(tx: Transaction, asked: FeedbackRequest) -> None:
    await FeedbackRequests(tx, asked.user_id).create(
        kind=FeedbackKind.CHECK_IN,
        task_id=asked.task_id,
        call_id=asked.call_id,
        question=asked.question,
        options=asked.options,
    )


async def _take_questions_back(tx: Transaction, task: Task) -> None:
    requests = FeedbackRequests(tx, task.user_id)
    for asked in (await requests.list(FeedbackStatus.PENDING, task_id=task.id)).items:
        await requests.cancel(asked.id)


async def _note(tx: Transaction, action: TaskAction, what: str) -> None:
    detail = {"action_id": action.id, "task_id": action.task_id, "kind": action.kind}
    await AuditLog(tx, action.user_id).append(f"oversight_{what}", detail)


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """Return values as JSON holds them."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in values.items()
    }
