"""Finishes campaigns whose last task is done, with their report, and reports at any time.

The report is made before the campaign is called finished, and both are stored in one transaction:
whoever hears ``campaign_finished`` finds the report.

==================  ============  ===================================================
Acquired            where         released
==================  ============  ===================================================
bus subscription    ``_loop``     when ``run`` ends
==================  ============  ===================================================
"""

import asyncio
from dataclasses import dataclass
from typing import Literal

import structlog

from opendeep.campaign_summarizer_service import narrative, report_render
from opendeep.campaign_summarizer_service.campaign_report import (
    CampaignReport,
    Narrative,
    ReportTask,
    compose_report,
    report_task,
)
from opendeep.campaign_summarizer_service.report_render import ReportFormat
from opendeep.common.clock import Clock
from opendeep.common.data_models import CampaignStatus, TaskStatus
from opendeep.common.errors import ConflictError, ModelUnavailableError
from opendeep.common.event_bus import EventBus
from opendeep.common.ids import CampaignId, UserId
from opendeep.common.wake_loop import WakeLoop
from opendeep.database.engine import Database
from opendeep.database.models import Campaign
from opendeep.database.repositories import (
    Calls,
    Campaigns,
    FeedbackRequests,
    Profiles,
    SystemUsers,
    Tasks,
)
from opendeep.llm_integrations.text_model import TextModel

log = structlog.get_logger(__name__)

_UNFINISHED = (CampaignStatus.ACTIVE, CampaignStatus.PAUSED)
_PAGE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class SummarizerConfig:
    """How the summarizer works; ``model_seconds`` is the longest wait for the words."""

    poll_seconds: float = 15.0
    model_seconds: float = 30.0


class CampaignSummarizerService:
    """Wakes on ``Wakeup("campaigns")`` and by itself; reports on request beside that.

    Args:
        model: words the final report; None for the computed words alone.
    """

    def __init__(
        self,
        *,
        database: Database,
        bus: EventBus,
        model: TextModel | None,
        clock: Clock,
        config: SummarizerConfig | None = None,
    ) -> None:
        self._database = database
        self._model = model
        self._clock = clock
        self._config = config or SummarizerConfig()
        self._loop = WakeLoop(bus, works={"campaigns"}, poll_seconds=self._config.poll_seconds)

    @property
    def name(self) -> str:
        """The service's name in logs and in ``/readyz``."""
        return "campaign_summarizer"

    def stop(self) -> None:
        """Ask :meth:`run` to return soon."""
        self._loop.stop()

    async def run(self) -> None:
        """Finish campaigns until :meth:`stop`.

        Raises:
            UnavailableError: the database or the bus is away.
        """
        await self._loop.run(self._round)

    async def _round(self) -> None:
        await self.finish_campaigns()

    async def report(self, user_id: UserId, campaign_id: CampaignId) -> CampaignReport:
        """Return the campaign's report: the stored one if it still holds, else one as of now.

        Raises:
            NotFoundError: the user has no such campaign.
        """
        campaign, tasks = await self._read(user_id, campaign_id)
        async with self._database.transaction() as tx:
            stored = await Campaigns(tx, user_id).report(campaign_id)
            zone = (await Profiles(tx, user_id).get()).time_zone
        if stored is not None:
            kept = CampaignReport.model_validate(stored)
            if kept.tasks == tasks and kept.status is campaign.status:
                return kept.model_copy(update={"time_zone": zone or kept.time_zone})
        plain = narrative.plain_narrative(tasks)
        return self._compose(campaign, tasks, plain, "figures", zone)

    async def render(
        self, user_id: UserId, campaign_id: CampaignId, report_format: ReportFormat
    ) -> bytes:
        """Return :meth:`report` as a whole document in the format asked for.

        Raises:
            NotFoundError: the user has no such campaign.
        """
        report = await self.report(user_id, campaign_id)
        # A large PDF takes a second: calls must not hear it.
        return await asyncio.to_thread(report_render.render, report, report_format)

    async def finish_campaigns(self) -> int:
        """Finish every campaign that has no open task, and report where a report is missing.

        Returns:
            How many reports were stored.
        """
        stored = 0
        async with self._database.transaction() as tx:
            users = await SystemUsers(tx).list()
        for user in users:
            for campaign in await self._ready(user.id):
                stored += await self._finish(user.id, campaign.id)
        return stored

    async def _ready(self, user_id: UserId) -> list[Campaign]:
        async with self._database.transaction() as tx:
            campaigns = Campaigns(tx, user_id)
            ready: list[Campaign] = []
            for status in _UNFINISHED:
                found = await campaigns.list(status=status, limit=_PAGE)
                ready += [one for one in found.items if _is_over(await campaigns.counts(one.id))]
            finished = await campaigns.list(status=CampaignStatus.FINISHED)
            for one in finished.items:
                if not await campaigns.report_is_current(one.id):
                    ready.append(one)
        return ready

    async def _finish(self, user_id: UserId, campaign_id: CampaignId) -> bool:
        campaign, tasks = await self._read(user_id, campaign_id)
        words, written_by = await self._words(campaign, tasks)
        report = self._compose(campaign, tasks, words, written_by)
        try:
            async with self._database.transaction() as tx:
                campaigns = Campaigns(tx, user_id)
                if campaign.status is not CampaignStatus.FINISHED:
                    if not _is_over(await campaigns.counts(campaign_id)):
                        return False
                    await campaigns.set_status(
                        campaign_id, CampaignStatus.FINISHED, expected={campaign.status}
                    )
                await campaigns.save_report(campaign_id, report.model_dump(mode="json"))
        except ConflictError:
            log.info("campaign_was_changed_meanwhile", campaign_id=campaign_id)
            return False
        log.info(
            "campaign_reported",
            campaign_id=campaign_id,
            tasks=report.figures.tasks,
            calls=report.figures.calls,
            narrative_by=written_by,
        )
        return True

    async def _read(
        self, user_id: UserId, campaign_id: CampaignId
    ) -> tuple[Campaign, list[ReportTask]]:
        """Read a campaign part by part, so that a large one holds no lock for long."""
        tasks: list[ReportTask] = []
        cursor: str | None = None
        while True:
            async with self._database.transaction() as tx:
                campaign = await Campaigns(tx, user_id).get(campaign_id)
                calls = Calls(tx, user_id)
                page = await Tasks(tx, user_id).list(
                    campaign_id=campaign_id, limit=_PAGE, cursor=cursor
                )
                asked = FeedbackRequests(tx, user_id)
                tasks += [
                    report_task(
                        task,
                        await calls.for_task(task.id),
                        (await asked.list(task_id=task.id)).items,
                    )
                    for task in page.items
                ]
            cursor = page.next_cursor
            if cursor is None:
                return campaign, tasks

    async def _words(
        self, campaign: Campaign, tasks: list[ReportTask]
    ) -> tuple[Narrative, Literal["model", "figures"]]:
        """Let the model word the report; without it, or if it invents figures, do it plainly."""
        if self._model is None:
            return narrative.plain_narrative(tasks), "figures"
        prompt = narrative.narrative_messages(campaign, tasks)
        try:
            async with asyncio.timeout(self._config.model_seconds):
                words, _ = await self._model.generate_json_completion_with_tools(
                    prompt, Narrative, schema_name=narrative.SCHEMA_NAME
                )
        except (ModelUnavailableError, TimeoutError) as error:
            log.warning("narrative_not_written", campaign_id=campaign.id, reason=str(error))
            return narrative.plain_narrative(tasks), "figures"
        if narrative.invents_figures(words, prompt):
            log.warning("narrative_invents_figures", campaign_id=campaign.id)
            return narrative.plain_narrative(tasks), "figures"
        return words, "model"

    def _compose(
        self,
        campaign: Campaign,
        tasks: list[ReportTask],
        words: Narrative,
        written_by: Literal["model", "figures"],
        zone: str | None = None,
    ) -> CampaignReport:
        return compose_report(
            campaign,
            tasks,
            narrative=words,
            narrative_by=written_by,
            generated_at=self._clock.now(),
            time_zone=zone or "UTC",
        )


def _is_over(counts: dict[str, int]) -> bool:
    """Whether a campaign has tasks and none of them is open."""
    return bool(counts) and all(TaskStatus(status).is_final for status in counts)
