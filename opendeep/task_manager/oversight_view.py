"""What the overseer sees of one task: facts found by looking at rows, without a model.

A task is *busy* while a service holds it or one of its calls is live or not judged yet: such a
task is looked at and never touched.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from opendeep.common.data_models import CallCause, TaskStatus, Verdict
from opendeep.database.models import Call, FeedbackRequest, Task, TaskNature
from opendeep.task_manager.number_class import number_home

HELD_BY_USER = "You put it on hold."
"""The reason of a hold that is the user's own: only they end it."""

WAITING = frozenset(
    {TaskStatus.PENDING, TaskStatus.RETRY_SCHEDULED, TaskStatus.ON_HOLD, TaskStatus.AWAITING_USER}
)
_PATTERN_LENGTH = 2
_LONG_ATTEMPTS = 3
_LONG_AGE = timedelta(days=3)
_UNREACHED = frozenset(
    {
        CallCause.BUSY,
        CallCause.NO_ANSWER,
        CallCause.VOICEMAIL,
        CallCause.CONGESTION,
        CallCause.REJECTED,
        CallCause.SILENCE,
        CallCause.CALLEE_HUNG_UP,
    }
)
_DATE = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:?\d\d)?)?\Z", re.ASCII)
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MORNING_HOUR = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSight:
    """A task with what was found about it.

    Attributes:
        busy: in the hands of a service: not to be touched.
        nature: what kind of task it behaves like.
        pattern: the cause with which the last calls ended alike without reaching anybody.
        declined: whoever was reached refused the goal in the last call.
        progress: the last call brought something since the phase began: agreed, or promised.
        promised_at: when the earliest promise that is not over is due.
        asked_at: when the question that waits for the user was put.
        last_call_at: when the last call ended.
    """

    task: Task
    busy: bool
    nature: TaskNature
    pattern: CallCause | None
    declined: bool
    progress: bool
    promised_at: datetime | None
    asked_at: datetime | None
    last_call_at: datetime | None
    last_cause: CallCause | None

    @property
    def used_up(self) -> bool:
        """Whether no attempt is left."""
        return self.task.current_attempt_count >= self.task.max_attempts

    @property
    def parked(self) -> bool:
        """Whether its user holds it without a time: that is theirs to end."""
        task = self.task
        held = task.status is TaskStatus.ON_HOLD and task.next_action_time is None
        return held and task.status_reason == HELD_BY_USER

    @property
    def forgotten(self) -> bool:
        """Whether it waits for something that will not come by itself."""
        task = self.task
        if task.status is TaskStatus.AWAITING_USER:
            return self.asked_at is None
        if task.status not in WAITING:
            return False
        return not self.parked and (task.next_action_time is None or self.used_up)


def look(
    task: Task, calls: Sequence[Call], asked: Sequence[FeedbackRequest], now: datetime
) -> TaskSight:
    """Find out about a task.

    Args:
        task: not over.
        calls: its attempts, the latest last.
        asked: its questions that wait for the user.
        now: the present instant.
    """
    last = calls[-1] if calls else None
    analysis: dict[str, Any] = (last.analysis or {}) if last else {}
    in_hand = last is not None and (last.status.is_live or last.analysis_status != "done")
    causes = [call.cause for call in calls[-_PATTERN_LENGTH:]]
    alike = len(causes) == _PATTERN_LENGTH and len(set(causes)) == 1 and causes[0] in _UNREACHED
    verdict = analysis.get("verdict")
    return TaskSight(
        task=task,
        busy=task.status not in WAITING or in_hand,
        nature=_nature(task, calls, now),
        pattern=causes[0] if alike else None,
        declined=verdict == Verdict.FAILURE and bool(analysis.get("evidence")),
        progress=verdict == Verdict.PARTIAL and bool(analysis.get("evidence")),
        promised_at=_promised_at(calls, now, _zone_of(task)),
        asked_at=min((one.created_at for one in asked), default=None),
        last_call_at=last.ended_at if last else None,
        last_cause=last.cause if last else None,
    )


def _nature(task: Task, calls: Sequence[Call], now: datetime) -> TaskNature:
    """Tell by its behaviour what kind of task it is; once long, a task stays long."""
    promised = any((call.analysis or {}).get("promises") for call in calls)
    partly = any((call.analysis or {}).get("verdict") == Verdict.PARTIAL for call in calls)
    lasting = len(calls) >= _LONG_ATTEMPTS and now - task.created_at > _LONG_AGE
    if task.nature == "long_running" or task.phase > 1 or promised or partly or lasting:
        return "long_running"
    return "short" if calls else task.nature


def _zone_of(task: Task) -> ZoneInfo:
    """Return where the callee's days begin: the task's zone, else the number's, else UTC."""
    try:
        return ZoneInfo(task.time_zone or next(iter(number_home(task.phone_number).zones), "UTC"))
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return ZoneInfo("UTC")


def _promised_at(calls: Sequence[Call], now: datetime, zone: ZoneInfo) -> datetime | None:
    dues = [
        due
        for call in calls
        if call.ended_at is not None
        for promise in (call.analysis or {}).get("promises") or ()
        if (due := due_of(promise.get("due"), call.ended_at, zone)) is not None
    ]
    return min((due for due in dues if due > now), default=None)


def due_of(text: object, said_at: datetime, zone: tzinfo = UTC) -> datetime | None:
    """Read when a promise is due: an ISO date or instant, or the next such weekday; in UTC.

    Days are counted in the callee's ``zone``. A day without a time means its late morning: nobody
    keeps a promise at midnight.
    """
    if not isinstance(text, str):
        return None
    words = text.strip().lower()
    if _DATE.match(text.strip()):
        return _iso(text.strip(), zone)
    day = next(
        (place for place, name in enumerate(_WEEKDAYS) if re.search(rf"\b{name}\b", words)), None
    )
    if day is None and "tomorrow" not in words:
        return None
    said = said_at.astimezone(zone)
    ahead = 1 if day is None else (day - said.weekday() - 1) % 7 + 1
    date = said + timedelta(days=ahead)
    return date.replace(hour=_MORNING_HOUR, minute=0, second=0, microsecond=0).astimezone(UTC)


def _iso(text: str, zone: tzinfo) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    if ":" not in text:
        found = found.replace(hour=_MORNING_HOUR)
    return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
