"""How a report's states, times and money read, in every format alike."""

from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from opendeep.campaign_summarizer_service.campaign_report import (
    CampaignReport,
    ReportAttempt,
    ReportFigures,
    ReportTask,
)
from opendeep.common.data_models import CallCause, FeedbackStatus, TaskStatus, Verdict

_MINUTE_SECONDS = 60
_CENT = 0.01

STATUS_LABELS = {
    TaskStatus.PENDING: "Waiting",
    TaskStatus.QUEUED_FOR_CALL: "About to be called",
    TaskStatus.IN_PROGRESS: "On the phone",
    TaskStatus.AWAITING_ANALYSIS: "Being evaluated",
    TaskStatus.RETRY_SCHEDULED: "To be called again",
    TaskStatus.ON_HOLD: "On hold",
    TaskStatus.AWAITING_USER: "Needs your answer",
    TaskStatus.COMPLETED: "Completed",
    TaskStatus.FAILED: "Failed",
    TaskStatus.UNRESOLVED: "Unresolved",
    TaskStatus.CANCELLED: "Cancelled",
    TaskStatus.CANCELLED_DND: "Must not be called",
}
CAUSE_LABELS = {
    CallCause.COMPLETED: "Talked to the end",
    CallCause.CALLEE_HUNG_UP: "They hung up",
    CallCause.AI_HUNG_UP: "Assistant ended it",
    CallCause.USER_HUNG_UP: "You hung up",
    CallCause.BUSY: "Busy",
    CallCause.NO_ANSWER: "No answer",
    CallCause.REJECTED: "Rejected",
    CallCause.UNALLOCATED: "No such number",
    CallCause.CONGESTION: "Network congested",
    CallCause.VOICEMAIL: "Voicemail",
    CallCause.SCREENED: "Call screening",
    CallCause.FAX: "Fax machine",
    CallCause.SILENCE: "Silence",
    CallCause.TIME_LIMIT: "Longest time reached",
    CallCause.AI_FAILED: "Voice AI failed",
    CallCause.AUDIO_FAILED: "Sound failed",
    CallCause.EXCHANGE_FAILED: "Exchange failed",
    CallCause.CANCELLED: "Cancelled",
    CallCause.LOST: "Fate unknown",
}
VERDICT_LABELS = {
    Verdict.SUCCESS: "Success",
    Verdict.PARTIAL: "Partly",
    Verdict.FAILURE: "Not reached",
    Verdict.UNRESOLVED: "Unclear",
}


def cause_label(cause: CallCause | None) -> str:
    """Return how a call ended; one that runs has not."""
    return "Not over yet" if cause is None else CAUSE_LABELS[cause]


def words(name: str) -> str:
    """Return ``preferred_days`` as "Preferred days"."""
    text = name.replace("_", " ").strip()
    return text[:1].upper() + text[1:]


def plain(value: object) -> str:
    """Return a JSON value as people read it."""
    match value:
        case None:
            return "-"
        case bool():
            return "Yes" if value else "No"
        case list():
            return ", ".join(plain(item) for item in value)
        case dict():
            return ", ".join(f"{words(str(name))}: {plain(inner)}" for name, inner in value.items())
        case _:
            return str(value)


def clock(milliseconds: int) -> str:
    """Return a place in a recording as ``m:ss``."""
    minutes, seconds = divmod(max(milliseconds, 0) // 1000, _MINUTE_SECONDS)
    return f"{minutes}:{seconds:02}"


def duration(seconds: int) -> str:
    """Return a duration for people."""
    minutes, rest = divmod(seconds, _MINUTE_SECONDS)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def money(usd: float) -> str:
    """Return an amount; what is less than a cent is not shown as nothing."""
    return "under $0.01" if 0 < usd < _CENT else f"${usd:.2f}"


def zone_of(name: str) -> tzinfo:
    """Return the zone, or UTC where the name is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def instants(report: CampaignReport) -> Callable[[datetime | None], str]:
    """Return how this report writes instants: in its user's zone, which is named."""
    zone = zone_of(report.time_zone)

    def told(instant: datetime | None) -> str:
        if instant is None:
            return "none"
        return f"{instant.astimezone(zone):%a %Y-%m-%d %H:%M %Z}"

    return told


def figure_rows(report: CampaignReport) -> list[tuple[str, str]]:
    """Return the figures, each with its name."""
    figures, told = report.figures, instants(report)
    states = ", ".join(
        f"{count} {STATUS_LABELS[status].lower()}" for status, count in figures.counts.items()
    )
    return [
        ("Tasks", f"{figures.tasks} ({states})" if states else str(figures.tasks)),
        ("Reached", of(figures.reached, figures.tasks)),
        ("Agreed", of(figures.agreed, figures.tasks)),
        ("Calls", f"{figures.calls}, {figures.answered_calls} answered"),
        ("Time talked", duration(figures.seconds)),
        ("Cost", money(figures.cost_usd)),
        ("First call", told(figures.first_call_at)),
        ("Last call", told(figures.last_call_at)),
    ]


def tiles(figures: ReportFigures) -> list[tuple[str, str]]:
    """Return the few figures that are shown large."""
    return [
        ("completed", of(figures.counts.get(TaskStatus.COMPLETED, 0), figures.tasks)),
        ("reached", of(figures.reached, figures.tasks)),
        ("calls", str(figures.calls)),
        ("talked", duration(figures.seconds)),
        ("cost", money(figures.cost_usd)),
    ]


def of(part: int, whole: int) -> str:
    """Return a part of a whole."""
    return f"{part} of {whole}"


def who(task: ReportTask) -> str:
    """Return the task's title with whom it calls."""
    whom = task.business_name or task.contact_name
    inside = f"{whom}, {task.phone_number}" if whom else task.phone_number
    return f"{task.title} ({inside})"


def effort(task: ReportTask) -> str:
    """Return what a task took."""
    calls = f"{len(task.attempts)} of {task.max_attempts} attempts"
    return f"{calls}, {duration(task.seconds)} talked, {money(task.cost_usd)}"


def promise(task: ReportTask, index: int) -> str:
    """Return a promise with its date."""
    made = task.promises[index]
    return f"{made.what} (by {made.due})" if made.due else made.what


def questions(task: ReportTask) -> list[tuple[str, str]]:
    """Return what the user was asked, and the answer or why there is none."""
    silent = {
        FeedbackStatus.PENDING: "waits for your answer",
        FeedbackStatus.EXPIRED: "not answered in time",
        FeedbackStatus.CANCELLED: "taken back",
    }
    return [
        (asked.question, asked.answer or silent.get(asked.status, "no answer"))
        for asked in task.questions
    ]


def attempt_row(attempt: ReportAttempt, told: Callable[[datetime | None], str]) -> list[str]:
    """Return a call as a row: number, when, how it ended, how long, what it cost, what came."""
    return [
        str(attempt.attempt_number),
        told(attempt.started_at),
        cause_label(attempt.cause),
        duration(attempt.seconds) if attempt.answered_at else "-",
        money(attempt.cost_usd),
        attempt.summary or "",
    ]


ATTEMPT_COLUMNS = ("Call", "When", "How it ended", "Talked", "Cost", "What came of it")


def open_items(report: CampaignReport) -> list[str]:
    """Return what is still to happen, a line for each open task."""
    told = instants(report)
    lines = []
    for task in report.tasks:
        if task.status.is_final:
            continue
        when = f", next {told(task.next_action_time)}" if task.next_action_time else ""
        reason = f" {task.status_reason}" if task.status_reason else ""
        state = STATUS_LABELS[task.status].lower()
        name = task.title if task.whom in task.title else f"{task.title} ({task.whom})"
        lines.append(f"{name}: {state}{when}.{reason}")
    return lines


def footer(report: CampaignReport) -> str:
    """Return what kind of report this is, of when, and who worded it."""
    kind = "Final report" if report.final else "Running report (not final)"
    by = "a text model" if report.narrative_by == "model" else "the figures alone"
    return (
        f"{kind} of {instants(report)(report.generated_at)}. Words by {by}; every figure is "
        "counted from the calls."
    )
