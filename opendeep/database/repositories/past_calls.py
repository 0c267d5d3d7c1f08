"""What a user's attempts of the last time amount to: how often a number was called, what was spent.

Every question is answered from an index, however many calls there are; only a campaign's cost
grows with the campaign's own calls.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, func

from opendeep.common.data_models import CallCause, CallStatus
from opendeep.common.ids import CampaignId, TaskId
from opendeep.database.scopes import ScopedRepository
from opendeep.database.tables import LIVE_STATUSES, calls, tasks


class PastCalls(ScopedRepository):
    """One user's attempts, looked back upon."""

    async def begun(self, number: str, *, since: datetime, most: int) -> list[datetime]:
        """Return when attempts on a number began, newest first, at most ``most`` of them."""
        return await self._beginnings(number, since, most)

    async def reached(self, number: str, *, since: datetime, most: int) -> list[datetime]:
        """Return when attempts began that were answered, or whose fate is unknown."""
        answered = calls.c.answered_at.is_not(None) | (calls.c.status == CallStatus.LOST)
        return await self._beginnings(number, since, most, answered)

    async def begun_alike(self, prefix: str, *, since: datetime, most: int) -> int:
        """Count the attempts on numbers that begin so, at most ``most`` of them."""
        query = self._scope.values(calls, calls.c.created_at).where(
            calls.c.created_at > since, calls.c.destination.startswith(prefix, autoescape=True)
        )
        return len(await query.newest(calls.c.created_at, most).rows())

    async def in_call(self, number: str, *, since: datetime) -> bool:
        """Tell whether an attempt on a number is on its way or running."""
        live = calls.c.status.in_(list(LIVE_STATUSES))
        return bool(await self._beginnings(number, since, 1, live))

    async def unread(self, number: str, *, since: datetime) -> bool:
        """Tell whether an answered attempt on a number is over, and what was said not analysed."""
        over = calls.c.status.not_in(list(LIVE_STATUSES)) & calls.c.answered_at.is_not(None)
        waits = calls.c.analysis_status != "done"
        return bool(await self._beginnings(number, since, 1, over, waits))

    async def last_end(
        self, task_id: TaskId, number: str
    ) -> tuple[CallCause, datetime | None] | None:
        """Return how and when the task's last attempt on a number ended; None for none."""
        query = self._scope.values(calls, calls.c.cause, calls.c.ended_at)
        query = query.where(calls.c.task_id == task_id, calls.c.destination == number)
        for row in await query.newest(calls.c.attempt_number, 1).rows():
            cause = row["cause"]
            return None if cause is None else (CallCause(cause), row["ended_at"])
        return None

    async def spent(self, *, since: datetime) -> tuple[float, int]:
        """Return the cost of the attempts since an instant in US dollars, and how many are live."""
        return await self._spent(calls.c.created_at >= since)

    async def spent_on(self, campaign_id: CampaignId) -> tuple[float, int]:
        """Return what a campaign's calls cost in US dollars, and how many of them are live."""
        its_tasks = self._scope.values(tasks, tasks.c.id).where(tasks.c.campaign_id == campaign_id)
        return await self._spent(calls.c.task_id.in_(its_tasks.subquery()))

    async def _beginnings(
        self, number: str, since: datetime, most: int, *conditions: ColumnElement[bool]
    ) -> list[datetime]:
        query = self._scope.values(calls, calls.c.created_at).where(
            calls.c.destination == number, calls.c.created_at > since, *conditions
        )
        rows = await query.newest(calls.c.created_at, most).rows()
        return [row["created_at"] for row in rows]

    async def _spent(self, condition: ColumnElement[bool]) -> tuple[float, int]:
        is_live = calls.c.status.in_(list(LIVE_STATUSES))
        query = self._scope.values(
            calls,
            func.coalesce(func.sum(calls.c.cost_usd), 0.0).label("spent"),
            func.count(func.nullif(is_live, False)).label("live"),
        )
        [row] = await query.where(condition).rows()
        return float(row["spent"]), int(row["live"])
