"""What happened in a call, beside the talk."""

from typing import Any

from opendeep.common.ids import CallId, TaskId
from opendeep.database.models import CallEventRow
from opendeep.database.scopes import ScopedRepository
from opendeep.database.tables import call_events, calls


class CallEvents(ScopedRepository):
    """The events of one user's calls."""

    async def append(
        self, call_id: CallId, name: str, detail: dict[str, Any] | None = None
    ) -> CallEventRow:
        """Add an event to a call.

        Raises:
            NotFoundError: the user has no such call.
        """
        values = {"call_id": call_id, "name": name, "detail": detail or {}}
        return await self._scope.insert(call_events, CallEventRow, values)

    async def task_has(self, task_id: TaskId, name: str) -> bool:
        """Whether any call of a task has an event of this name."""
        its_calls = self._scope.values(calls, calls.c.id).where(calls.c.task_id == task_id)
        query = self._scope.values(call_events, call_events.c.id).where(
            call_events.c.call_id.in_(its_calls.subquery()), call_events.c.name == name
        )
        return bool(await query.rows())

    async def list(self, call_id: CallId) -> list[CallEventRow]:
        """Return a call's events in order; empty for a call of somebody else."""
        query = self._scope.select(call_events, CallEventRow)
        query = query.where(call_events.c.call_id == call_id)
        return await query.order_by(call_events.c.id).all()
