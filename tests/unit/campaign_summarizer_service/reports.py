"""Reports to render and to word, made of whatever a test needs."""

from datetime import timedelta
from typing import Any

from opendeep.campaign_summarizer_service.campaign_report import (
    CampaignReport,
    Narrative,
    ReportAttempt,
    ReportEvidence,
    ReportTask,
    figures_of,
)
from opendeep.common.data_models import CallCause, CampaignStatus, Promise, TaskStatus, Verdict
from opendeep.common.ids import CallId, CampaignId, TaskId
from tests.fixtures.finished_calls import NOON, NUMBER

CALL = CallId("00000000-0000-4000-8000-000000000001")


def a_task(**changes: Any) -> ReportTask:
    """Make a completed task with one call, one quote and one promise."""
    attempt = ReportAttempt(
        call_id=CALL,
        attempt_number=1,
        cause=CallCause.COMPLETED,
        started_at=NOON,
        answered_at=NOON + timedelta(seconds=5),
        ended_at=NOON + timedelta(seconds=100),
        seconds=95,
        cost_usd=0.25,
        summary="Booked.",
    )
    values: dict[str, Any] = {
        "task_id": TaskId(1),
        "title": "Dental cleaning",
        "phone_number": NUMBER,
        "contact_name": None,
        "business_name": "Bright Smile Dental",
        "status": TaskStatus.COMPLETED,
        "status_reason": "Booked.",
        "next_action_time": None,
        "verdict": Verdict.SUCCESS,
        "summary": "Booked.",
        "agreed": {"time": "2:30 PM"},
        "promises": [Promise(what="send a confirmation", due="Monday"), Promise(what="wait")],
        "evidence": [
            ReportEvidence(
                claim="booked", quote="Tuesday it is", seq=3, start_ms=61_500, call_id=CALL
            )
        ],
        "attempts": [attempt],
        "max_attempts": 3,
        "seconds": 95,
        "cost_usd": 0.25,
    }
    return ReportTask.model_validate(values | changes)


def a_report(*tasks: ReportTask, **changes: Any) -> CampaignReport:
    """Make a final report of the tasks."""
    values: dict[str, Any] = {
        "campaign_id": CampaignId(1),
        "title": "Dentist",
        "goal": "Book it.",
        "status": CampaignStatus.FINISHED,
        "final": True,
        "generated_at": NOON,
        "figures": figures_of(tasks),
        "narrative": Narrative(headline="Done.", summary="It is booked.", next_steps=["Go there"]),
        "narrative_by": "model",
        "tasks": list(tasks),
    }
    return CampaignReport.model_validate(values | changes)
