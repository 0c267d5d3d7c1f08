"""What ``opendeep campaign``, ``opendeep stop`` and ``opendeep resume`` do.

They write rows; a running OpenDeep sees them within a second, whichever process holds the calls.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal

from opendeep.bootstrap.application import database_url
from opendeep.campaign_summarizer_service.campaign_summarizer_svc import CampaignSummarizerService
from opendeep.campaign_summarizer_service.report_render import ReportFormat
from opendeep.common.clock import SystemClock
from opendeep.common.errors import InvalidInputError
from opendeep.common.event_bus import InProcessEventBus
from opendeep.common.ids import CampaignId, UserId
from opendeep.config.app_config import AppConfig
from opendeep.database import migrate
from opendeep.database.engine import SqlDatabase
from opendeep.database.models import Campaign
from opendeep.database.repositories import Campaigns, SystemUsers, Tasks
from opendeep.task_manager.campaign_import import CampaignImport, ImportedCampaign
from opendeep.task_manager.orchestrator_svc import OrchestratorService
from opendeep.task_manager.stop_switch import StopSwitch
from opendeep.task_manager.task_actions import CampaignActions, TaskActions

CampaignAction = Literal["pause", "resume", "cancel"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Desk:
    """An open database, and whose campaigns are meant."""

    database: SqlDatabase
    bus: InProcessEventBus
    user_id: UserId


@asynccontextmanager
async def _desk(config: AppConfig, user: str) -> AsyncIterator[_Desk]:
    url, bus = database_url(config), InProcessEventBus()
    await asyncio.to_thread(migrate.upgrade, url)
    async with SqlDatabase(url, bus) as database:
        async with database.transaction() as tx:
            user_id = (await SystemUsers(tx).ensure(user)).id
        yield _Desk(database=database, bus=bus, user_id=user_id)


async def import_campaign(
    config: AppConfig, user: str, data: bytes, plan_text: str
) -> tuple[ImportedCampaign, str]:
    """Make a campaign of a CSV file and a plan; return it, and its faulty lines as CSV.

    Raises:
        InvalidInputError: the plan or the file cannot be used.
    """
    try:
        plan = json.loads(plan_text)
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(f"The plan is no JSON: {error}.") from error
    async with _desk(config, user) as desk:
        orchestrator = OrchestratorService(desk.database, countries=config.countries)
        imports = CampaignImport(
            desk.database, SystemClock(), orchestrator, countries=config.countries
        )
        made = await imports.run(desk.user_id, plan, data)
        return made, await imports.errors(desk.user_id, made.campaign_id)


async def list_campaigns(config: AppConfig, user: str) -> str:
    """Return a line for each of the latest campaigns."""
    async with _desk(config, user) as desk, desk.database.transaction() as tx:
        campaigns = Campaigns(tx, desk.user_id)
        page = await campaigns.list(limit=200)
        lines = [_line(each, await campaigns.counts(each.id)) for each in page.items]
    return "\n".join(lines) or "There is no campaign."


async def show_campaign(config: AppConfig, user: str, campaign_id: int) -> str:
    """Return a campaign with a line for each of its tasks (the first 200).

    Raises:
        NotFoundError: the user has no such campaign.
    """
    key = CampaignId(campaign_id)
    async with _desk(config, user) as desk, desk.database.transaction() as tx:
        campaigns = Campaigns(tx, desk.user_id)
        campaign = await campaigns.get(key)
        lines = [_line(campaign, await campaigns.counts(key)), f"  {campaign.goal}"]
        for task in (await Tasks(tx, desk.user_id).list(campaign_id=key, limit=200)).items:
            due = "" if task.next_action_time is None else f", next {task.next_action_time:%F %T}Z"
            why = f": {task.status_reason}" if task.status_reason else ""
            lines.append(f"  {task.id}  {task.phone_number}  {task.status}{due}{why}")
    return "\n".join(lines)


async def report_campaign(
    config: AppConfig, user: str, campaign_id: int, report_format: ReportFormat
) -> bytes:
    """Return a campaign's report.

    Raises:
        NotFoundError: the user has no such campaign.
    """
    async with _desk(config, user) as desk:
        summarizer = CampaignSummarizerService(
            database=desk.database, bus=desk.bus, model=None, clock=SystemClock()
        )
        return await summarizer.render(desk.user_id, CampaignId(campaign_id), report_format)


async def act_on_campaign(
    config: AppConfig, user: str, campaign_id: int, action: CampaignAction
) -> str:
    """Pause, resume or cancel a campaign; return its line.

    Raises:
        NotFoundError: the user has no such campaign.
        ConflictError: its state does not allow it.
    """
    key = CampaignId(campaign_id)
    async with _desk(config, user) as desk:
        tasks = TaskActions(desk.database, desk.bus, SystemClock())
        actions = CampaignActions(desk.database, tasks)
        act = {"pause": actions.pause, "resume": actions.resume, "cancel": actions.cancel}[action]
        await act(desk.user_id, key)
        async with desk.database.transaction() as tx:
            campaigns = Campaigns(tx, desk.user_id)
            return _line(await campaigns.get(key), await campaigns.counts(key))


async def stop_everything(config: AppConfig, user: str, reason: str) -> str:
    """Dial nothing more, and have every call hung up; return what to tell."""
    async with _desk(config, user) as desk:
        state = await StopSwitch(desk.database).stop(desk.user_id, reason)
    return f"Stopped: {state.reason} Calls end within a second. To go on: opendeep resume"


async def resume_everything(config: AppConfig, user: str) -> str:
    """Let dialling go on; return what to tell."""
    async with _desk(config, user) as desk:
        await StopSwitch(desk.database).resume(desk.user_id)
    return "Dialling goes on."


def _line(campaign: Campaign, counts: dict[str, int]) -> str:
    tasks = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
    return f"{campaign.id}  {campaign.status}  {campaign.title}  ({tasks or 'no task'})"
