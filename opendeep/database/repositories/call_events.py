"""What happened in a call, beside the talk."""

from typing import Any

from opendeep.common.ids import CallId
from opendeep.database.models import CallEventRow
from opendeep.database.scopes import ScopedRepository
from opendeep.database.tables import call_events


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

    async def list(self, call_id: CallId) -> list[CallEventRow]:
        """Return a call's events in order; empty for a call of somebody else."""
        query = self._scope.select(call_events, CallEventRow)
        query = query.where(call_events.c.call_id == call_id)
        return await query.order_by(call_events.c.id).all()
