# ruff: noqa: INP001 - a script beside the package, not a part of it
"""The example of a report in docs/examples: three practice calls, then the report in each format.

    python scripts/example_report.py call     # makes the calls, writes three-dentists.json, renders
    python scripts/example_report.py render   # renders three-dentists.json anew

The first dentist is busy, the second has a telephone menu, the third offers another time, so that
the user is asked in mid-call. What is rendered is made of the JSON alone, the same each time.
"""

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Final

from opendeep.bootstrap.application import Application, running_application
from opendeep.bootstrap.serving import start_logging
from opendeep.campaign_summarizer_service.campaign_report import CampaignReport
from opendeep.campaign_summarizer_service.report_render import ReportFormat, render
from opendeep.common.data_models import (
    CampaignPlan,
    FeedbackKind,
    FeedbackStatus,
    PlanSource,
    PlanTask,
    TaskStatus,
)
from opendeep.common.ids import UserId
from opendeep.config.app_config import load_config
from opendeep.database.models import Profile
from opendeep.database.repositories import FeedbackRequests, Profiles, SystemUsers, Tasks

FOLDER: Final = Path(__file__).parent.parent / "docs" / "examples"
NAME: Final = "three-dentists"
FORMATS: Final[tuple[ReportFormat, ...]] = ("md", "html", "pdf", "csv")
_CALLEES: Final = (("Harbor Dental", "01"), ("Bright Smile Dental", "04"), ("Park Dental", "13"))
_BUSY: Final = frozenset(
    {
        TaskStatus.PENDING,
        TaskStatus.QUEUED_FOR_CALL,
        TaskStatus.IN_PROGRESS,
        TaskStatus.AWAITING_ANALYSIS,
    }
)
_LONGEST_SECONDS: Final = 400


def plan() -> CampaignPlan:
    """Return the plan that the user confirmed."""
    return CampaignPlan(
        title="Three dentists: who has time next week?",
        goal="Ask three dentists for a cleaning next week in the afternoon, and compare them.",
        tasks=[
            PlanTask(
                title=f"Dental cleaning at {business}",
                phone_number=f"+141555501{dd}",
                business_name=business,
                goal="Book a dental cleaning next week, in the afternoon.",
                success_criteria="A day and a time are agreed and read back.",
                facts={
                    "service": "dental cleaning",
                    "name_for_booking": "Alex Morgan",
                    "preferred_days": "next week",
                    "preferred_time": "afternoons",
                },
                time_zone="America/Los_Angeles",
                sources=[PlanSource(field="phone_number", from_="user", reference="typed")],
            )
            for business, dd in _CALLEES
        ],
    )


async def call() -> CampaignReport:
    """Make the calls on the practice network and return the report."""
    with tempfile.TemporaryDirectory(prefix="opendeep-example-") as folder:
        settings = {"opendeep_data_dir": Path(folder), "log_level": "warning"}
        config = load_config({}, env_file=None, overrides=settings)
        start_logging(config)
        async with running_application(config) as application:
            return await _campaign(application)


async def _campaign(application: Application) -> CampaignReport:
    services = application.services
    async with application.database.transaction() as tx:
        user_id = (await SystemUsers(tx).ensure("example")).id
        profile = Profile(display_name="Alex Morgan", time_zone="America/Los_Angeles")
        await Profiles(tx, user_id).put(profile)
    executed = await services.orchestrator.execute_plan(user_id, plan())
    async with asyncio.timeout(_LONGEST_SECONDS):
        while not await _settled(application, user_id):  # noqa: ASYNC110 - rows, not events
            await asyncio.sleep(0.25)
    return await services.summarizer.report(user_id, executed.campaign_id)


async def _settled(application: Application, user_id: UserId) -> bool:
    """Answer what live calls ask; say whether every task was called and waits a while."""
    async with application.database.transaction() as tx:
        tasks = (await Tasks(tx, user_id).list()).items
        asked = (await FeedbackRequests(tx, user_id).list(FeedbackStatus.PENDING)).items
    for question in asked:
        if question.kind is not FeedbackKind.LIVE_CALL:
            continue
        answer = (question.options or ["Yes, take it."])[0]
        await application.services.feedback.answer(user_id, question.id, answer)
    return all(task.status not in _BUSY and task.current_attempt_count for task in tasks)


def write(report: CampaignReport) -> None:
    """Write the report in each format."""
    for report_format in FORMATS:
        (FOLDER / f"{NAME}.{report_format}").write_bytes(render(report, report_format))


def stored() -> CampaignReport:
    """Return the report whose calls were made."""
    return CampaignReport.model_validate_json((FOLDER / f"{NAME}.json").read_bytes())


def main() -> int:
    """Do what the first argument says."""
    match sys.argv[1:]:
        case ["call"]:
            FOLDER.mkdir(parents=True, exist_ok=True)
            (FOLDER / f"{NAME}.json").write_bytes(render(asyncio.run(call()), "json"))
        case ["render"]:
            pass
        case _:
            sys.stderr.write("example_report.py call|render\n")
            return 2
    write(stored())
    return 0


if __name__ == "__main__":
    sys.exit(main())
