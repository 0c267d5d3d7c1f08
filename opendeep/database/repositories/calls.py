"""Calls: the attempts. At most one dial: the row is written before Originate is sent."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import func

from opendeep.common.data_models import CallStatus
from opendeep.common.errors import ConflictError, NotFoundError
from opendeep.common.ids import CallId, TaskId, UserId, new_call_id
from opendeep.database.models import Call, Task
from opendeep.database.repositories.tasks import Tasks
from opendeep.database.scopes import ScopedRepository
from opendeep.database.tables import LIVE_STATUSES, call_events, calls
from opendeep.database.transaction import Transaction

_FIXED_COLUMNS = {
    "id", "user_id", "task_id", "attempt_number", "status", "line_count", "created_at",
    "updated_at", "destination", "fence", "analysis", "analysis_status", "analysis_claimed_by",
    "analysis_expires_at", "analysis_tries",
}  # fmt: skip
_CHANGEABLE = frozenset(calls.c.keys()) - _FIXED_COLUMNS
_RANK = {status: rank for rank, status in enumerate(LIVE_STATUSES)}


def _may_become(before: CallStatus, after: CallStatus) -> bool:
    """Say whether the change goes forward: a call never gets younger, its end is the end."""
    if not before.is_live:
        return False
    return not after.is_live or _RANK[before] <= _RANK[after]


class Calls(ScopedRepository):
    """One user's calls."""

    def __init__(self, tx: Transaction, user_id: UserId) -> None:
        super().__init__(tx, user_id)
        self._tasks = Tasks(tx, user_id)

    async def create_attempt(
        self,
        task: Task,
        call_id: CallId | None = None,
        *,
        node: str | None = None,
        fence: int = 0,
    ) -> Call:
        """Create the attempt of a queued task: the row, the count and the status, together.

        Args:
            task: which one.
            call_id: the attempt's id; a new one where it is not given.
            node: the process that will hold the call.
            fence: which of its lives.

        Raises:
            NotFoundError: the user has no such task.
            ConflictError: the task is not queued (any more): another initiator was faster, or it
                was given back, and maybe claimed anew.
        """
        begun = await self._tasks.begin_attempt(task.id, claim_token=task.claim_token)
        last = self._scope.values(calls, func.max(calls.c.attempt_number))
        number = await last.where(calls.c.task_id == task.id).value()
        call = await self._scope.insert(
            calls,
            Call,
            {
                "id": call_id or new_call_id(),
                "task_id": task.id,
                "destination": begun.phone_number,
                "node": node,
                "fence": fence,
                "attempt_number": max(begun.current_attempt_count, (number or 0) + 1),
            },
        )
        self._scope.tell("call_changed", subject_id=call.id)
        return call

    async def get(self, call_id: CallId) -> Call:
        """Return a call.

        Raises:
            NotFoundError: the user has no such call.
        """
        found = await self._scope.select(calls, Call).where(calls.c.id == call_id).first()
        if found is None:
            raise NotFoundError("call", call_id)
        return found

    async def for_task(self, task_id: TaskId) -> list[Call]:
        """Return a task's calls, first attempt first; empty for a task of somebody else."""
        query = self._scope.select(calls, Call).where(calls.c.task_id == task_id)
        return await query.order_by(calls.c.attempt_number).all()

    async def live(self) -> list[Call]:
        """Return the user's calls that hold a slot."""
        query = self._scope.select(calls, Call).where(calls.c.status.in_(list(LIVE_STATUSES)))
        return await query.order_by(calls.c.created_at, calls.c.id).all()

    async def change(
        self,
        call_id: CallId,
        *,
        expected: Collection[CallStatus],
        status: CallStatus | None = None,
        **columns: Any,
    ) -> Call:
        """Change a call if it still is where the caller believes it to be; tell ``call_changed``.

        A status only goes forward: an edge backwards, or out of ``ended`` and ``lost``, is never
        taken, even where ``expected`` names it.

        Args:
            call_id: which one.
            expected: the statuses that it may be in.
            status: the new status; None keeps it.
            **columns: new values of other columns (``cause``, ``answered_at``, …).

        Raises:
            NotFoundError: the user has no such call.
            ConflictError: it is in none of these statuses.
            TypeError: there is no such column, or it is not for changing.
        """
        if unknown := set(columns) - _CHANGEABLE:
            raise TypeError(f"Calls have no changeable column {', '.join(sorted(unknown))}.")
        values: dict[str, Any] = dict(columns)
        if status is not None:
            expected = [before for before in expected if _may_become(before, status)]
            values["status"] = status
        guard = calls.c.status.in_(list(expected))
        return await self._apply(call_id, guard, values)

    async def release_unsent(
        self,
        call_id: CallId,
        *,
        reason: str = "Not dialled.",
        expected: CallStatus = CallStatus.INITIATING,
    ) -> Task:
        """Undo :meth:`create_attempt` of a call that was never sent; return its task.

        Deletes the row, takes the count back and restores the task, together.

        Args:
            call_id: which one.
            reason: what the user reads.
            expected: ``originating`` from its owner alone, who knows that nothing was written.

        Raises:
            NotFoundError: the user has no such call.
            ConflictError: the call is past ``expected``: its attempt is used.
        """
        # Locked first: whoever would settle the call waits, and finds it gone.
        call = await self._apply(call_id, calls.c.status == expected, {})
        await self._scope.delete(call_events).where(call_events.c.call_id == call_id)
        await self._scope.delete(calls).where(calls.c.id == call_id)
        return await self._tasks.undo_attempt(call.task_id, reason=reason)

    async def save_analysis(self, call_id: CallId, analysis: dict[str, Any]) -> Call:
        """Store the one analysis of a call.

        Raises:
            NotFoundError: the user has no such call.
            ConflictError: it is analysed already.
        """
        values = {
            "analysis": analysis,
            "analysis_status": "done",
            "analysis_claimed_by": None,
            "analysis_expires_at": None,
        }
        return await self._apply(call_id, calls.c.analysis_status != "done", values)

    async def defer_analysis(self, call_id: CallId, *, until: datetime) -> Call:
        """Keep a call for a later analysis, since the model was unavailable or wrong.

        Raises:
            NotFoundError: the user has no such call.
            ConflictError: it is analysed already.
        """
        values = {
            "analysis_status": "deferred",
            "analysis_claimed_by": None,
            "analysis_expires_at": until,
        }
        return await self._apply(call_id, calls.c.analysis_status != "done", values)

    async def add_cost(self, call_id: CallId, usd: float) -> Call:
        """Add to what the call cost, in US dollars.

        Raises:
            NotFoundError: the user has no such call.
        """
        values = {"cost_usd": calls.c.cost_usd + usd}
        return await self._apply(call_id, calls.c.id.is_not(None), values)

    async def _apply(self, call_id: CallId, guard: Any, values: dict[str, Any]) -> Call:
        change = self._scope.update(calls, Call).where(calls.c.id == call_id, guard)
        changed = await change.set({**values, "updated_at": self._scope.now()})
        if changed is None:
            current = await self.get(call_id)
            raise ConflictError(
                f"Call {call_id} is {current.status} (analysis {current.analysis_status}) by now."
            )
        self._scope.tell("call_changed", subject_id=call_id)
        return changed
