"""Campaigns: a confirmed plan, what became of its tasks, its report."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import func

from opendeep.common.data_models import CampaignPlan, CampaignStatus, Frozen
from opendeep.common.errors import ConflictError, NotFoundError
from opendeep.common.ids import CampaignId, ChatSessionId
from opendeep.database.models import Campaign, Page
from opendeep.database.scopes import PAGE_LIMIT, ScopedRepository
from opendeep.database.tables import calls, campaign_reports, campaigns, tasks


class _Report(Frozen):
    report: dict[str, Any]


class Campaigns(ScopedRepository):
    """One user's campaigns."""

    async def create(
        self, plan: CampaignPlan, *, chat_session_id: ChatSessionId | None = None
    ) -> Campaign:
        """Store the plan as an active campaign; its tasks are created one by one beside it."""
        campaign = await self._scope.insert(
            campaigns,
            Campaign,
            {
                "title": plan.title,
                "goal": plan.goal,
                "plan": plan.model_dump(mode="json", by_alias=True),
                "language": plan.language,
                "voice": plan.voice,
                "disclosure": plan.disclosure,
                "when_goal_met": plan.when_goal_met,
                "chat_session_id": chat_session_id,
            },
        )
        self._scope.tell("campaign_changed", subject_id=campaign.id)
        return campaign

    async def get(self, campaign_id: CampaignId) -> Campaign:
        """Return a campaign.

        Raises:
            NotFoundError: the user has no such campaign.
        """
        query = self._scope.select(campaigns, Campaign).where(campaigns.c.id == campaign_id)
        found = await query.first()
        if found is None:
            raise NotFoundError("campaign", campaign_id)
        return found

    async def plan(self, campaign_id: CampaignId) -> CampaignPlan:
        """Return the plan that the user confirmed.

        Raises:
            NotFoundError: the user has no such campaign, or it was made without a plan.
        """
        query = self._scope.values(campaigns, campaigns.c.plan)
        plan = await query.where(campaigns.c.id == campaign_id).value()
        if plan is None:
            raise NotFoundError("plan of campaign", campaign_id)
        return CampaignPlan.model_validate(plan)

    async def list(
        self,
        *,
        limit: int = PAGE_LIMIT,
        cursor: str | None = None,
        status: CampaignStatus | None = None,
    ) -> Page[Campaign]:
        """Return campaigns, newest first."""
        query = self._scope.select(campaigns, Campaign)
        if status is not None:
            query = query.where(campaigns.c.status == status)
        return await query.page(campaigns.c.id, limit=limit, cursor=cursor, newest=True)

    async def set_status(
        self,
        campaign_id: CampaignId,
        status: CampaignStatus,
        *,
        expected: Collection[CampaignStatus] | None = None,
    ) -> Campaign:
        """Move a campaign; tell ``campaign_finished`` or ``campaign_changed``.

        Args:
            campaign_id: which one.
            status: the new status; to repeat the present one is allowed.
            expected: the statuses that it may be in; None for any.

        Raises:
            NotFoundError: the user has no such campaign.
            ConflictError: it is in none of the expected statuses.
        """
        now = self._scope.now()
        finished = status is CampaignStatus.FINISHED
        change = self._scope.update(campaigns, Campaign).where(campaigns.c.id == campaign_id)
        if expected is not None:
            change = change.where(campaigns.c.status.in_(list(expected)))
        changed = await change.set(
            {"status": status, "updated_at": now, "finished_at": now if finished else None}
        )
        if changed is None:
            current = await self.get(campaign_id)
            raise ConflictError(f"Campaign {campaign_id} is {current.status}.")
        event = "campaign_finished" if finished else "campaign_changed"
        self._scope.tell(event, subject_id=campaign_id)
        return changed

    async def prove(self, campaign_id: CampaignId) -> bool:
        """Ask a campaign for no (more) first calls; False for one that the user does not have."""
        change = self._scope.update(campaigns, Campaign).where(campaigns.c.id == campaign_id)
        return await change.set({"canary_passed_at": self._scope.now()}) is not None

    async def counts(self, campaign_id: CampaignId) -> dict[str, int]:
        """Count the campaign's tasks by status; a status without tasks is left out."""
        query = self._scope.values(tasks, tasks.c.status, func.count().label("count"))
        rows = await query.where(tasks.c.campaign_id == campaign_id).group_by(tasks.c.status).rows()
        return {row["status"]: row["count"] for row in rows}

    async def cost(self, campaign_id: CampaignId) -> float:
        """Add up what the campaign's calls cost so far, in US dollars."""
        its_tasks = self._scope.values(tasks, tasks.c.id).where(tasks.c.campaign_id == campaign_id)
        query = self._scope.values(calls, func.coalesce(func.sum(calls.c.cost_usd), 0.0))
        return float(await query.where(calls.c.task_id.in_(its_tasks.subquery())).value())

    async def save_report(self, campaign_id: CampaignId, report: dict[str, Any]) -> None:
        """Store the campaign's report, in place of an earlier one.

        Raises:
            NotFoundError: the user has no such campaign.
        """
        await self.get(campaign_id)
        values = {"campaign_id": campaign_id, "report": report, "updated_at": self._scope.now()}
        unique = ["campaign_id"]
        table = campaign_reports
        if await self._scope.insert_missing(table, _Report, values, unique=unique) is None:
            change = self._scope.update(table, _Report)
            await change.where(table.c.campaign_id == campaign_id).set(values)

    async def report_is_current(self, campaign_id: CampaignId) -> bool:
        """Whether a report is stored and none of the campaign's tasks changed since."""
        table = campaign_reports
        made = self._scope.values(table, table.c.updated_at)
        made_at = await made.where(table.c.campaign_id == campaign_id).value()
        if made_at is None:
            return False
        later = self._scope.values(tasks, func.count()).where(
            tasks.c.campaign_id == campaign_id, tasks.c.updated_at > made_at
        )
        return int(await later.value()) == 0

    async def report(self, campaign_id: CampaignId) -> dict[str, Any] | None:
        """Return the campaign's stored report, or None while there is none.

        Raises:
            NotFoundError: the user has no such campaign.
        """
        await self.get(campaign_id)
        table = campaign_reports
        query = self._scope.select(table, _Report).where(table.c.campaign_id == campaign_id)
        found = await query.first()
        return None if found is None else found.report
