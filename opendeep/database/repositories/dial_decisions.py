"""What the dialling policy decided, with everything that it looked at."""

from collections.abc import Mapping
from typing import Any

from opendeep.common.ids import CallId, TaskId
from opendeep.database.models import DialDecision
from opendeep.database.scopes import ScopedRepository
from opendeep.database.tables import dial_decisions


class DialDecisions(ScopedRepository):
    """One user's decisions; rows are added and never changed."""

    async def store(
        self,
        decision: Mapping[str, Any],
        *,
        task_id: TaskId | None = None,
        call_id: CallId | None = None,
    ) -> DialDecision:
        """Add a decision.

        Args:
            decision: the row's other columns, as ``task_manager.dial_record`` makes them.
            task_id: what would be dialled; None for a number that a callee is handed over to.
            call_id: the attempt that begins with it.

        Raises:
            NotFoundError: the user has no such task.
        """
        values = {**decision, "task_id": task_id, "call_id": call_id}
        return await self._scope.insert(dial_decisions, DialDecision, values)

    async def of_task(self, task_id: TaskId) -> list[DialDecision]:
        """Return a task's decisions, oldest first."""
        query = self._scope.select(dial_decisions, DialDecision)
        found = query.where(dial_decisions.c.task_id == task_id)
        return await found.order_by(dial_decisions.c.id).all()

    async def last_of(self, task_id: TaskId) -> tuple[str, str] | None:
        """Return the verdict and the rule of a task's latest decision, if any."""
        columns = (dial_decisions.c.verdict, dial_decisions.c.rule_id)
        query = self._scope.values(dial_decisions, *columns)
        query = query.where(dial_decisions.c.task_id == task_id)
        rows = await query.newest(dial_decisions.c.id, 1).rows()
        return (rows[0]["verdict"], rows[0]["rule_id"]) if rows else None
