"""How often a number was called and what was spent, over all users: counts, never a row."""

from datetime import datetime

from sqlalchemy import func, select

from opendeep.database.tables import LIVE_STATUSES, calls
from opendeep.database.transaction import Transaction


class SystemPastCalls:
    """All users' attempts, looked back upon; tells nobody whose they were."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    async def begun(self, number: str, *, since: datetime, most: int) -> list[datetime]:
        """Return when attempts on a number began, newest first, at most ``most`` of them."""
        statement = (
            select(calls.c.created_at)
            .where(calls.c.destination == number, calls.c.created_at > since)
            .order_by(calls.c.created_at.desc())
            .limit(most)
        )
        return list((await self._tx.execute(statement)).scalars())

    async def spent(self, *, since: datetime) -> tuple[float, int]:
        """Return the cost of the attempts since an instant in US dollars, and how many are live."""
        is_live = calls.c.status.in_(list(LIVE_STATUSES))
        statement = select(
            func.coalesce(func.sum(calls.c.cost_usd), 0.0).label("spent"),
            func.count(func.nullif(is_live, False)).label("live"),
        ).where(calls.c.created_at >= since)
        row = (await self._tx.execute(statement)).mappings().one()
        return float(row["spent"]), int(row["live"])
