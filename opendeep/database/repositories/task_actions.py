"""What the overseer did to each task and why: to be shown, counted and undone."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func

from opendeep.common.errors import ConflictError, NotFoundError
from opendeep.common.ids import TaskId
from opendeep.database.models import ActionStatus, Actor, Page, TaskAction
from opendeep.database.oversight_tables import task_actions
from opendeep.database.scopes import PAGE_LIMIT, ScopedRepository


class TaskActionLog(ScopedRepository):
    """One user's log of actions; a row changes its status only."""

    async def append(
        self,
        task_id: TaskId,
        *,
        actor: Actor,
        kind: str,
        reason: str,
        before: Mapping[str, Any],
        after: Mapping[str, Any],
        status: ActionStatus = "done",
    ) -> TaskAction:
        """Add an action.

        Raises:
            NotFoundError: the user has no such task.
        """
        values = {
            "task_id": task_id,
            "actor": actor,
            "kind": kind,
            "reason": reason,
            "before": dict(before),
            "after": dict(after),
            "status": status,
        }
        return await self._scope.insert(task_actions, TaskAction, values)

    async def get(self, action_id: int) -> TaskAction:
        """Return an action.

        Raises:
            NotFoundError: the user has no such action.
        """
        query = self._scope.select(task_actions, TaskAction)
        found = await query.where(task_actions.c.id == action_id).first()
        if found is None:
            raise NotFoundError("action", action_id)
        return found

    async def list(
        self, task_id: TaskId, *, limit: int = PAGE_LIMIT, cursor: str | None = None
    ) -> Page[TaskAction]:
        """Return a task's actions, newest first."""
        query = self._scope.select(task_actions, TaskAction)
        query = query.where(task_actions.c.task_id == task_id)
        return await query.page(task_actions.c.id, limit=limit, cursor=cursor, newest=True)

    async def counts(self, task_id: TaskId, *, since: datetime) -> dict[str, int]:
        """Count a task's actions since an instant, by kind; what was undone counts, too."""
        query = self._scope.values(task_actions, task_actions.c.kind, func.count().label("count"))
        query = query.where(task_actions.c.task_id == task_id, task_actions.c.created_at >= since)
        return {
            row["kind"]: row["count"] for row in await query.group_by(task_actions.c.kind).rows()
        }

    async def close(
        self, action_id: int, status: ActionStatus, *, expected: Collection[ActionStatus]
    ) -> TaskAction:
        """Change an action's status, once.

        Raises:
            NotFoundError: the user has no such action.
            ConflictError: it is in none of the expected statuses.
        """
        change = self._scope.update(task_actions, TaskAction).where(
            task_actions.c.id == action_id, task_actions.c.status.in_(list(expected))
        )
        changed = await change.set({"status": status, "updated_at": self._scope.now()})
        if changed is None:
            current = await self.get(action_id)
            raise ConflictError(f"The action is {current.status} already.")
        return changed
