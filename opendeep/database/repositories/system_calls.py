"""Calls across users: slots, recovery, and the analyzer's queue."""

from datetime import datetime, timedelta

from sqlalchemy import and_, func, or_, select, update

from opendeep.common.data_models import CallStatus
from opendeep.common.errors import NotFoundError
from opendeep.common.ids import CallId, CampaignId, UserId
from opendeep.database.models import Call
from opendeep.database.tables import LIVE_STATUSES, calls, tasks
from opendeep.database.transaction import Transaction

_COLUMNS = [calls.c[name] for name in Call.model_fields]
_OVER = (CallStatus.ENDED, CallStatus.LOST)


class SystemCalls:
    """Calls of all users; for the initiator, recovery and the analyzer alone."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    async def lock_slots(self) -> None:
        """Make counting slots and taking one a single step, also between processes.

        Lasts until the transaction ends.
        """
        await self._tx.lock("call_slots")

    async def live_count(self) -> int:
        """Count the calls that hold a slot."""
        statement = select(func.count()).where(calls.c.status.in_(list(LIVE_STATUSES)))
        return int((await self._tx.execute(statement)).scalar_one())

    async def live_count_of(self, user_id: UserId) -> int:
        """Count one user's calls that hold a slot."""
        statement = select(func.count()).where(
            calls.c.status.in_(list(LIVE_STATUSES)), calls.c.user_id == user_id
        )
        return int((await self._tx.execute(statement)).scalar_one())

    async def live_counts(self) -> dict[UserId, int]:
        """Count the calls that hold a slot, user by user; who has none is left out."""
        statement = (
            select(calls.c.user_id, func.count().label("count"))
            .where(calls.c.status.in_(list(LIVE_STATUSES)))
            .group_by(calls.c.user_id)
        )
        found = (await self._tx.execute(statement)).mappings()
        return {UserId(row["user_id"]): int(row["count"]) for row in found}

    async def live_counts_by_campaign(self) -> dict[CampaignId, int]:
        """Count the calls that hold a slot, campaign by campaign; those of none are left out."""
        statement = (
            select(tasks.c.campaign_id, func.count().label("count"))
            .select_from(calls.join(tasks, tasks.c.id == calls.c.task_id))
            .where(calls.c.status.in_(list(LIVE_STATUSES)), tasks.c.campaign_id.is_not(None))
            .group_by(tasks.c.campaign_id)
        )
        found = (await self._tx.execute(statement)).mappings()
        return {CampaignId(row["campaign_id"]): int(row["count"]) for row in found}

    async def latest_over(self, *, since: datetime, most: int) -> list[Call]:
        """Return the calls created since an instant that are over, latest first."""
        statement = (
            select(*_COLUMNS)
            .where(calls.c.created_at >= since, calls.c.status.in_(list(_OVER)))
            .order_by(calls.c.created_at.desc())
            .limit(most)
        )
        found = await self._tx.execute(statement)
        return [Call.model_validate(dict(row)) for row in found.mappings()]

    async def created_since(self, instant: datetime) -> int:
        """Count the attempts created at or after ``instant``: the measure of calls per second."""
        statement = select(func.count()).where(calls.c.created_at >= instant)
        return int((await self._tx.execute(statement)).scalar_one())

    async def lock_pace(self) -> None:
        """Make counting what was sent and sending one more a single step, like ``lock_slots``."""
        await self._tx.lock("call_pace")

    async def sent_since(self, instant: datetime) -> int:
        """Count the attempts whose Originate was sent after ``instant``, in ``common_now``."""
        statement = select(func.count()).where(calls.c.started_at > instant)
        return int((await self._tx.execute(statement)).scalar_one())

    async def live_counts_by_node(self) -> dict[str, int]:
        """Count the calls that hold a slot, by the process that holds them."""
        statement = (
            select(calls.c.node, func.count().label("held"))
            .where(calls.c.status.in_(list(LIVE_STATUSES)), calls.c.node.is_not(None))
            .group_by(calls.c.node)
        )
        found = (await self._tx.execute(statement)).mappings()
        return {row["node"]: int(row["held"]) for row in found}

    async def live(self) -> list[Call]:
        """Return the calls that hold a slot, oldest first."""
        statement = select(*_COLUMNS).where(calls.c.status.in_(list(LIVE_STATUSES)))
        found = await self._tx.execute(statement.order_by(calls.c.created_at, calls.c.id))
        return [Call.model_validate(dict(row)) for row in found.mappings()]

    async def get(self, call_id: CallId) -> Call:
        """Return a call of whichever user, to learn whose it is.

        Raises:
            NotFoundError: there is no such call.
        """
        found = await self._tx.execute(select(*_COLUMNS).where(calls.c.id == call_id))
        row = found.mappings().first()
        if row is None:
            raise NotFoundError("call", call_id)
        return Call.model_validate(dict(row))

    async def claim_for_analysis(
        self, *, now: datetime, claimed_by: str, limit: int, lease_seconds: float
    ) -> list[Call]:
        """Claim calls that are over and not analysed; each has one analyzer at a time.

        A claim that outlived its lease, and an analysis that was deferred until now, come again.

        Args:
            now: the present instant.
            claimed_by: the claimer's name.
            limit: how many at most.
            lease_seconds: how long the claim holds.
        """
        open_again = and_(
            calls.c.analysis_status.in_(["claimed", "deferred"]),
            calls.c.analysis_expires_at <= now,
        )
        waiting = (
            select(calls.c.id)
            .where(
                calls.c.status.in_(list(_OVER)),
                or_(calls.c.analysis_status == "none", open_again),
            )
            .order_by(calls.c.ended_at, calls.c.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        chosen = (await self._tx.execute(waiting)).scalars().all()
        if not chosen:
            return []
        statement = (
            update(calls)
            .where(calls.c.id.in_(chosen))
            .values(
                analysis_status="claimed",
                analysis_claimed_by=claimed_by,
                analysis_expires_at=now + timedelta(seconds=lease_seconds),
                analysis_tries=calls.c.analysis_tries + 1,
            )
            .returning(*_COLUMNS)
        )
        found = await self._tx.execute(statement)
        claimed = [Call.model_validate(dict(row)) for row in found.mappings()]
        return sorted(claimed, key=lambda call: chosen.index(call.id))

    async def release_analysis_claims(self, claimed_by: str) -> int:
        """Free what an earlier life of this analyzer had claimed; return how many calls."""
        statement = (
            update(calls)
            .where(calls.c.analysis_status == "claimed", calls.c.analysis_claimed_by == claimed_by)
            .values(
                analysis_status="deferred",
                analysis_claimed_by=None,
                analysis_expires_at=self._tx.now(),
            )
        )
        return (await self._tx.execute(statement)).rowcount
