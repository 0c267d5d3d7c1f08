"""The campaigns that still have to prove themselves with their first calls, of all users."""

from sqlalchemy import func, select, update

from opendeep.common.data_models import CallCause, CampaignStatus, TaskStatus
from opendeep.common.ids import CampaignId, UserId
from opendeep.database.canaries import FirstCall, OpenCanary
from opendeep.database.tables import calls, campaigns, tasks
from opendeep.database.transaction import Transaction


class SystemCanaries:
    """For the scheduler alone."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    async def open(self) -> list[OpenCanary]:
        """Return the active campaigns that are not proven yet."""
        its_tasks = tasks.c.campaign_id == campaigns.c.id
        begun = (
            select(func.count())
            .select_from(tasks.join(calls, calls.c.task_id == tasks.c.id))
            .where(its_tasks)
            .correlate(campaigns)
            .scalar_subquery()
        )
        queued = (
            select(func.count())
            .where(its_tasks, tasks.c.status == TaskStatus.QUEUED_FOR_CALL)
            .correlate(campaigns)
            .scalar_subquery()
        )
        statement = select(
            campaigns.c.id, campaigns.c.user_id, begun.label("begun"), queued.label("queued")
        ).where(campaigns.c.status == CampaignStatus.ACTIVE, campaigns.c.canary_passed_at.is_(None))
        return [
            OpenCanary(
                campaign_id=CampaignId(row["id"]),
                user_id=UserId(row["user_id"]),
                begun=int(row["begun"]),
                queued=int(row["queued"]),
            )
            for row in (await self._tx.execute(statement)).mappings()
        ]

    async def first_calls(self, campaign_id: CampaignId, most: int) -> list[FirstCall]:
        """Return a campaign's first calls."""
        statement = (
            select(calls.c.cause, calls.c.analysis)
            .select_from(tasks.join(calls, calls.c.task_id == tasks.c.id))
            .where(tasks.c.campaign_id == campaign_id)
            .order_by(calls.c.created_at, calls.c.id)
            .limit(most)
        )
        return [
            FirstCall(
                cause=None if row["cause"] is None else CallCause(row["cause"]),
                analysis=row["analysis"],
            )
            for row in (await self._tx.execute(statement)).mappings()
        ]

    async def passed(self, campaign_id: CampaignId) -> None:
        """Let the rest of a campaign go out."""
        statement = update(campaigns).where(campaigns.c.id == campaign_id)
        await self._tx.execute(statement.values(canary_passed_at=self._tx.now()))

    async def explain(self, campaign_id: CampaignId, reason: str) -> None:
        """Tell in each task of a campaign that waits why it does."""
        waiting = (TaskStatus.PENDING, TaskStatus.RETRY_SCHEDULED)
        statement = update(tasks).where(
            tasks.c.campaign_id == campaign_id, tasks.c.status.in_(waiting)
        )
        await self._tx.execute(
            statement.values(
                status_reason=reason, version=tasks.c.version + 1, updated_at=self._tx.now()
            )
        )
