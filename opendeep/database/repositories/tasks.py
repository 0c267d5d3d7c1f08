"""Tasks: the objectives. Every change is one guarded statement."""

import builtins
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func

from opendeep.common.data_models import PlanTask, TaskStatus
from opendeep.common.errors import ConflictError, NotFoundError
from opendeep.common.ids import CampaignId, TaskId
from opendeep.database.due import URGENCY, due
from opendeep.database.models import Page, Task
from opendeep.database.scopes import PAGE_LIMIT, ScopedRepository
from opendeep.database.tables import tasks

_FIXED_COLUMNS = {
    "id", "user_id", "version", "created_at", "updated_at", "status", "claim_token"
}  # fmt: skip
_CHANGEABLE = frozenset(tasks.c.keys()) - _FIXED_COLUMNS
_CLAIM_KEPT = {TaskStatus.QUEUED_FOR_CALL, TaskStatus.IN_PROGRESS}
_NO_CLAIM: dict[str, Any] = {"claimed_by": None, "claim_expires_at": None}
_BEFORE_CLAIM: dict[str, Any] = {
    **_NO_CLAIM,
    "status": func.coalesce(tasks.c.status_before_claim, TaskStatus.PENDING.value),
    "status_before_claim": None,
}


class Tasks(ScopedRepository):
    """One user's tasks."""

    async def create(
        self,
        campaign_id: CampaignId | None,
        plan: PlanTask,
        *,
        language: str | None = None,
        voice: str | None = None,
        disclosure: str | None = None,
    ) -> Task:
        """Add a pending task, due at once or at the plan's ``earliest``.

        Args:
            campaign_id: a campaign of the user's, or None.
            plan: the objective; its own language goes before ``language``.
            language: the campaign's language, voice and extra disclosure words.
            voice: see ``language``.
            disclosure: see ``language``.

        Raises:
            NotFoundError: the user has no such campaign.
        """
        [task] = await self.create_all(
            campaign_id, [plan], language=language, voice=voice, disclosure=disclosure
        )
        return task

    async def create_all(
        self,
        campaign_id: CampaignId | None,
        plans: Sequence[PlanTask],
        *,
        language: str | None = None,
        voice: str | None = None,
        disclosure: str | None = None,
    ) -> builtins.list[Task]:
        """Add a pending task for each plan, in their order; see :meth:`create`.

        Thousands are written in a few statements: others wait while a transaction writes.

        Raises:
            NotFoundError: the user has no such campaign.
        """
        common = {"campaign_id": campaign_id, "voice": voice, "disclosure": disclosure}
        rows = [{**self._columns(plan, language), **common} for plan in plans]
        created = await self._scope.insert_all(tasks, Task, rows)
        for task in created:
            self._scope.tell("task_changed", subject_id=task.id)
        return created

    def _columns(self, plan: PlanTask, language: str | None) -> dict[str, Any]:
        now = self._scope.now()
        due = plan.earliest if plan.earliest is not None and plan.earliest > now else now
        values = plan.model_dump(mode="json", by_alias=True, exclude={"earliest", "latest"})
        return {
            **values,
            "earliest": plan.earliest,
            "latest": plan.latest,
            "language": plan.language or language,
            "next_action_time": due,
        }

    async def get(self, task_id: TaskId) -> Task:
        """Return a task.

        Raises:
            NotFoundError: the user has no such task.
        """
        found = await self._scope.select(tasks, Task).where(tasks.c.id == task_id).first()
        if found is None:
            raise NotFoundError("task", task_id)
        return found

    async def with_number(
        self, phone_number: str, *, statuses: Collection[TaskStatus]
    ) -> list[Task]:
        """Return the tasks that would dial this number and are in one of the statuses."""
        query = self._scope.select(tasks, Task).where(
            tasks.c.phone_number == phone_number, tasks.c.status.in_(list(statuses))
        )
        return await query.order_by(tasks.c.id).all()

    async def due(self, *, now: datetime, limit: int) -> list[Task]:
        """Return the user's due tasks without claiming them, most urgent first."""
        query = self._scope.select(tasks, Task).where(due(now))
        return await query.order_by(*URGENCY).limit(limit).all()

    async def list(
        self,
        *,
        campaign_id: CampaignId | None = None,
        status: TaskStatus | None = None,
        limit: int = PAGE_LIMIT,
        cursor: str | None = None,
    ) -> Page[Task]:
        """Return tasks, oldest first."""
        query = self._scope.select(tasks, Task)
        if campaign_id is not None:
            query = query.where(tasks.c.campaign_id == campaign_id)
        if status is not None:
            query = query.where(tasks.c.status == status)
        return await query.page(tasks.c.id, limit=limit, cursor=cursor)

    async def in_states(
        self, statuses: Collection[TaskStatus], *, limit: int, cursor: str | None = None
    ) -> Page[Task]:
        """Return tasks in any of the states, oldest first."""
        query = self._scope.select(tasks, Task).where(tasks.c.status.in_(list(statuses)))
        return await query.page(tasks.c.id, limit=limit, cursor=cursor)

    async def change(
        self,
        task_id: TaskId,
        *,
        expected: Collection[TaskStatus],
        status: TaskStatus | None = None,
        expected_version: int | None = None,
        **columns: Any,
    ) -> Task:
        """Change a task if it still is where the caller believes it to be.

        One statement, so it never collides with a claim or an analysis. It bumps ``version`` and
        ``updated_at``, lets go of a claim when the status leaves the queue, and tells
        ``task_changed``.

        Args:
            task_id: which one.
            expected: the statuses that it may be in.
            status: the new status; None keeps it.
            expected_version: the version that it must have; None for any.
            **columns: new values of other columns (``next_action_time``, ``status_reason``, …).

        Raises:
            NotFoundError: the user has no such task.
            ConflictError: it is in none of the expected statuses, or has another version.
            TypeError: there is no such column, or it is not for changing.
        """
        if unknown := set(columns) - _CHANGEABLE:
            raise TypeError(f"Tasks have no changeable column {', '.join(sorted(unknown))}.")
        values: dict[str, Any] = dict(columns)
        if status is not None:
            released = {} if status in _CLAIM_KEPT else {**_NO_CLAIM, "status_before_claim": None}
            values = {**released, **values, "status": status}
        same = None if expected_version is None else tasks.c.version == expected_version
        return await self._apply(task_id, expected, values, same)

    async def begin_attempt(self, task_id: TaskId, *, claim_token: int) -> Task:
        """Move a queued task to ``in_progress`` and count the attempt.

        Args:
            task_id: which one.
            claim_token: the claim that the caller acts on.

        Raises:
            NotFoundError: the user has no such task.
            ConflictError: it is not queued (any more), or by another claim.
        """
        values = {
            **_NO_CLAIM,
            "status": TaskStatus.IN_PROGRESS,
            "current_attempt_count": tasks.c.current_attempt_count + 1,
        }
        expected = {TaskStatus.QUEUED_FOR_CALL}
        return await self._apply(task_id, expected, values, tasks.c.claim_token == claim_token)

    async def undo_attempt(self, task_id: TaskId, *, reason: str) -> Task:
        """Take back :meth:`begin_attempt`: the status from before the claim, one attempt less.

        Raises:
            NotFoundError: the user has no such task.
            ConflictError: it is not in progress.
        """
        fewer = {"current_attempt_count": tasks.c.current_attempt_count - 1}
        values = {**_BEFORE_CLAIM, **fewer, "status_reason": reason}
        return await self._apply(task_id, {TaskStatus.IN_PROGRESS}, values)

    async def give_back(self, task_id: TaskId, *, claim_token: int, reason: str) -> Task:
        """Return a claimed task to the status from before the claim.

        Raises:
            NotFoundError: the user has no such task.
            ConflictError: it is not queued (any more), or by another claim.
        """
        values = {**_BEFORE_CLAIM, "status_reason": reason}
        expected = {TaskStatus.QUEUED_FOR_CALL}
        return await self._apply(task_id, expected, values, tasks.c.claim_token == claim_token)

    async def _apply(
        self,
        task_id: TaskId,
        expected: Collection[TaskStatus],
        values: dict[str, Any],
        guard: ColumnElement[bool] | None = None,
    ) -> Task:
        change = self._scope.update(tasks, Task).where(
            tasks.c.id == task_id, tasks.c.status.in_(list(expected))
        )
        if guard is not None:
            change = change.where(guard)
        bump = {"version": tasks.c.version + 1, "updated_at": self._scope.now()}
        changed = await change.set({**values, **bump})
        if changed is None:
            current = await self.get(task_id)
            raise ConflictError(
                f"Task {task_id} is {current.status} (version {current.version}) by now."
            )
        self._scope.tell("task_changed", subject_id=task_id)
        return changed
