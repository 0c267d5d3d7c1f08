"""What a campaign came to: every figure is computed here, from rows; no model counts anything."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from opendeep.common.data_models import (
    CallCause,
    CampaignStatus,
    Evidence,
    FeedbackStatus,
    Frozen,
    Promise,
    TaskStatus,
    Verdict,
)
from opendeep.common.ids import CallId, CampaignId, TaskId
from opendeep.database.models import Call, Campaign, FeedbackRequest, Task


class ReportEvidence(Evidence):
    """A claim, the callee's words, and where they are: ``start_ms`` into the call's recording."""

    call_id: CallId


class ReportAttempt(Frozen):
    """One call of a task, to which of its contact's numbers. ``seconds`` of talk; US dollars."""

    call_id: CallId
    attempt_number: int
    destination: str | None = None
    cause: CallCause | None
    started_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    seconds: int
    cost_usd: float
    summary: str | None


class ReportQuestion(Frozen):
    """What the user was asked for this task, and what they said; None while they did not."""

    question: str
    answer: str | None
    status: FeedbackStatus
    asked_at: datetime


class ReportTask(Frozen):
    """One objective: where it stands, why, and what shows it."""

    task_id: TaskId
    title: str
    phone_number: str
    contact_name: str | None
    business_name: str | None
    status: TaskStatus
    status_reason: str | None
    next_action_time: datetime | None
    verdict: Verdict | None
    summary: str | None
    agreed: dict[str, Any]
    promises: list[Promise]
    evidence: list[ReportEvidence]
    attempts: list[ReportAttempt]
    max_attempts: int
    seconds: int
    cost_usd: float
    questions: list[ReportQuestion] = Field(default_factory=list)

    @property
    def whom(self) -> str:
        """Who is called, by the best name there is."""
        return self.business_name or self.contact_name or self.phone_number


class ReportFigures(Frozen):
    """The campaign in numbers.

    ``counts`` holds tasks by status; ``seconds`` is the time talked, money is US dollars.
    ``reached`` tasks had an answered call; ``agreed`` ones were completed with success.
    """

    tasks: int
    open: int
    counts: dict[TaskStatus, int]
    calls: int
    answered_calls: int
    reached: int = 0
    agreed: int = 0
    seconds: int
    cost_usd: float
    first_call_at: datetime | None
    last_call_at: datetime | None


class Narrative(Frozen):
    """The report in words."""

    headline: str
    summary: str
    next_steps: list[str]


class CampaignReport(Frozen):
    """A campaign's report; ``final`` once nothing is left to be done by itself.

    ``narrative_by`` tells who worded the narrative: a text model, or the figures alone.
    """

    campaign_id: CampaignId
    title: str
    goal: str
    status: CampaignStatus
    final: bool
    generated_at: datetime
    figures: ReportFigures
    narrative: Narrative
    narrative_by: Literal["model", "figures"]
    tasks: list[ReportTask]
    time_zone: str = "UTC"


def report_task(
    task: Task, calls: Sequence[Call], questions: Sequence[FeedbackRequest] = ()
) -> ReportTask:
    """Put a task and its calls together; the latest analysis speaks for the task."""
    analyses = [(call, call.analysis) for call in calls if call.analysis]
    latest: Mapping[str, Any] = task.outcome or (analyses[-1][1] if analyses else None) or {}
    attempts = [_attempt(call) for call in calls]
    return ReportTask(
        task_id=task.id,
        title=task.title,
        phone_number=task.phone_number,
        contact_name=task.contact_name,
        business_name=task.business_name,
        status=task.status,
        status_reason=task.status_reason,
        next_action_time=task.next_action_time,
        verdict=latest.get("verdict"),
        summary=latest.get("summary"),
        agreed=latest.get("agreed") or {},
        promises=[Promise.model_validate(made) for made in latest.get("promises") or ()],
        evidence=[
            ReportEvidence.model_validate({**item, "call_id": call.id})
            for call, analysis in analyses
            for item in analysis.get("evidence") or ()
        ],
        attempts=attempts,
        max_attempts=task.max_attempts,
        seconds=sum(attempt.seconds for attempt in attempts),
        cost_usd=sum(attempt.cost_usd for attempt in attempts),
        questions=[
            ReportQuestion(
                question=asked.question,
                answer=asked.answer,
                status=asked.status,
                asked_at=asked.created_at,
            )
            for asked in questions
        ],
    )


def _attempt(call: Call) -> ReportAttempt:
    talked = 0
    if call.answered_at is not None and call.ended_at is not None:
        talked = max(round((call.ended_at - call.answered_at).total_seconds()), 0)
    return ReportAttempt(
        call_id=call.id,
        attempt_number=call.attempt_number,
        destination=call.destination,
        cause=call.cause,
        started_at=call.started_at,
        answered_at=call.answered_at,
        ended_at=call.ended_at,
        seconds=talked,
        cost_usd=call.cost_usd,
        summary=(call.analysis or {}).get("summary"),
    )


def figures_of(tasks: Iterable[ReportTask]) -> ReportFigures:
    """Count a campaign's tasks and calls."""
    tasks = list(tasks)
    attempts = [attempt for task in tasks for attempt in task.attempts]
    begun = sorted(attempt.started_at for attempt in attempts if attempt.started_at)
    return ReportFigures(
        tasks=len(tasks),
        open=sum(not task.status.is_final for task in tasks),
        counts=dict(Counter(task.status for task in tasks)),
        calls=len(attempts),
        answered_calls=sum(attempt.answered_at is not None for attempt in attempts),
        reached=sum(any(call.answered_at for call in task.attempts) for task in tasks),
        agreed=sum(
            task.status is TaskStatus.COMPLETED and task.verdict is Verdict.SUCCESS
            for task in tasks
        ),
        seconds=sum(attempt.seconds for attempt in attempts),
        cost_usd=round(sum(attempt.cost_usd for attempt in attempts), 6),
        first_call_at=begun[0] if begun else None,
        last_call_at=begun[-1] if begun else None,
    )


def compose_report(
    campaign: Campaign,
    tasks: list[ReportTask],
    *,
    narrative: Narrative,
    narrative_by: Literal["model", "figures"],
    generated_at: datetime,
    time_zone: str = "UTC",
) -> CampaignReport:
    """Put the report together; it is final when no task is open."""
    figures = figures_of(tasks)
    final = figures.open == 0 and figures.tasks > 0
    over = final and campaign.status in {CampaignStatus.ACTIVE, CampaignStatus.PAUSED}
    return CampaignReport(
        campaign_id=campaign.id,
        title=campaign.title,
        goal=campaign.goal,
        status=CampaignStatus.FINISHED if over else campaign.status,
        final=final,
        generated_at=generated_at,
        figures=figures,
        narrative=narrative,
        narrative_by=narrative_by,
        tasks=tasks,
        time_zone=time_zone,
    )
