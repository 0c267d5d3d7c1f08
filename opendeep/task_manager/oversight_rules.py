"""What the overseer may do to a task: the table of bounds, and the rules that need no model.

Pure code. A model's proposal and a rule's own finding pass through the same :func:`judge`, which
returns either a guarded change or the reason why not. Nothing here makes a call likelier than the
user's plan allows, but a new phase within bounds; and nobody who declined is pressed.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

from opendeep.common.data_models import TaskStatus
from opendeep.database.models import ActionStatus
from opendeep.task_manager.oversight_memory import compact, remember
from opendeep.task_manager.oversight_proposal import ActionKind, ProposedAction
from opendeep.task_manager.oversight_view import WAITING, TaskSight
from opendeep.task_manager.task_states import TaskInput, sources_of, target_of

S = TaskStatus
NOTE_MARK = "\n\nFrom earlier calls: "
PRIORITY_STEP_MOST = 2
AHEAD_MOST = timedelta(days=30)
SOONEST = timedelta(minutes=5)
PHASES_MOST = 4
MORE_ATTEMPTS_MOST = 3
ATTEMPTS_MOST = 20
NOTE_CHARACTERS_MOST = 1500
ANSWER_AWAITED = timedelta(days=14)
HELD_QUIETLY = timedelta(days=7)
COUNTED_OVER = timedelta(days=7)
_PROMISE_GRACE = timedelta(hours=1)
_ANOTHER_TIME = timedelta(hours=3)
_NUMBER = re.compile(r"\+?\d[\d ().-]{6,}\d")
_LINK = re.compile(r"https?://|www\.", re.IGNORECASE)

ALLOWED: Mapping[ActionKind, frozenset[TaskStatus]] = MappingProxyType(
    {
        "set_priority": WAITING,
        "hold": sources_of(TaskInput.POSTPONE),
        "set_next_time": frozenset({S.PENDING, S.RETRY_SCHEDULED}),
        "revise_instructions": WAITING,
        "split": WAITING,
        "propose_task": WAITING,
        "check_in": sources_of(TaskInput.ASK),
        "close_unresolved": sources_of(TaskInput.CLOSE),
        "new_phase": frozenset({S.PENDING, S.RETRY_SCHEDULED}),
        "remember": WAITING,
    }
)
"""In which states of a task each kind of action is allowed."""

MOST_A_WEEK: Mapping[ActionKind, int] = MappingProxyType(
    {
        "set_priority": 4,
        "hold": 3,
        "set_next_time": 14,
        "revise_instructions": 5,
        "split": 1,
        "propose_task": 2,
        "check_in": 2,
        "close_unresolved": 7,
        "new_phase": 1,
        "remember": 20,
    }
)
"""How often each kind may be done to one task within a week, undone ones included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change that is allowed: columns to write, and what to log.

    Attributes:
        columns: the new values; empty for a proposal that waits for the user.
        question: for a check-in, what the user is asked.
        payload: for a proposal, what the user may accept.
    """

    kind: ActionKind
    reason: str
    columns: Mapping[str, Any] = field(default_factory=dict)
    status: TaskStatus | None = None
    question: str | None = None
    payload: Mapping[str, Any] = field(default_factory=dict)
    logged_as: ActionStatus = "done"


def judge(
    action: ProposedAction, sight: TaskSight, done: Mapping[str, int], now: datetime
) -> Change | str:
    """Return the change that an action comes to, or why it is refused.

    Args:
        action: from the model or from a rule.
        sight: the task as it was read; the change holds for that version only.
        done: how often each kind was done to the task within :data:`COUNTED_OVER`.
        now: the present instant.
    """
    kind, status = action.kind, sight.task.status
    if sight.busy:
        return "A service works on the task."
    if sight.parked and kind in {"check_in", "close_unresolved", "hold"}:
        return "Its user holds it, and only they end that."
    if status not in ALLOWED[kind]:
        return f"A task that is {status.value} allows no {kind}."
    if done.get(kind, 0) >= MOST_A_WEEK[kind]:
        return f"{kind} was done often enough this week."
    return _JUDGES[kind](action, sight, now)


def _priority(action: ProposedAction, sight: TaskSight, _now: datetime) -> Change | str:
    wanted, present = action.priority, sight.task.priority
    if wanted is None or not 0 <= wanted <= 9:  # noqa: PLR2004 - the column's own bounds
        return "A priority is 0 to 9."
    if wanted == present or abs(wanted - present) > PRIORITY_STEP_MOST:
        return f"A priority moves by 1 to {PRIORITY_STEP_MOST} at a time."
    return Change(kind="set_priority", reason=action.reason, columns={"priority": wanted})


def _hold(action: ProposedAction, sight: TaskSight, now: datetime) -> Change | str:
    at = _instant(action.at, sight, now)
    if isinstance(at, str):
        return at
    columns = {"next_action_time": at, "status_reason": action.reason}
    status = target_of(TaskInput.POSTPONE)
    return Change(kind="hold", reason=action.reason, columns=columns, status=status)


def _next_time(action: ProposedAction, sight: TaskSight, now: datetime) -> Change | str:
    at = _instant(action.at, sight, now)
    if isinstance(at, str):
        return at
    columns = {"next_action_time": at, "status_reason": action.reason}
    return Change(kind="set_next_time", reason=action.reason, columns=columns)


def _instructions(action: ProposedAction, sight: TaskSight, _now: datetime) -> Change | str:
    """Change the note behind the user's own words, which stay as they were approved."""
    note = " ".join((action.text or "").split())
    if not note or len(note) > NOTE_CHARACTERS_MOST:
        return f"Instructions have 1 to {NOTE_CHARACTERS_MOST} characters."
    if _LINK.search(note) or _strange_number(note, sight):
        return "Instructions name no address and no telephone number that is not the task's."
    own = (sight.task.instructions or "").split(NOTE_MARK)[0]
    columns = {
        "instructions": f"{own}{NOTE_MARK}{note}",
        "instructions_version": sight.task.instructions_version + 1,
    }
    return Change(kind="revise_instructions", reason=action.reason, columns=columns)


def _strange_number(text: str, sight: TaskSight) -> bool:
    own = re.sub(r"\D", "", sight.task.phone_number)
    found = (re.sub(r"\D", "", match[0]) for match in _NUMBER.finditer(text))
    return any(not own.endswith(digits) for digits in found)


def _parts(action: ProposedAction, sight: TaskSight, _now: datetime) -> Change | str:
    """Propose tasks; only the user makes them, and only to the number that they approved."""
    least = 2 if action.kind == "split" else 1
    if len(action.parts) < least:
        return f"{action.kind} needs {least} or more parts."
    number = sight.task.phone_number
    if any(part.phone_number not in {None, number} for part in action.parts):
        return "Only the number that the user approved may be proposed."
    parts = [{"title": part.title, "goal": part.goal} for part in action.parts]
    return Change(
        kind=action.kind, reason=action.reason, payload={"parts": parts}, logged_as="proposed"
    )


def _check_in(action: ProposedAction, sight: TaskSight, _now: datetime) -> Change | str:
    question = " ".join((action.text or "").split())
    if not question or len(question) > 500:  # noqa: PLR2004 - what a notification holds
        return "A question has 1 to 500 characters."
    if sight.asked_at is not None:
        return "A question waits for the user already."
    return Change(
        kind="check_in",
        reason=action.reason,
        columns={"next_action_time": None, "status_reason": action.reason},
        status=target_of(TaskInput.ASK),
        question=question,
    )


def _close(action: ProposedAction, sight: TaskSight, now: datetime) -> Change | str:
    latest = sight.task.latest
    since = sight.asked_at or sight.task.updated_at
    held = sight.task.status is S.ON_HOLD and sight.task.next_action_time is None
    waits = sight.task.status is S.AWAITING_USER or held
    silent = waits and now - since >= ANSWER_AWAITED
    if not (sight.used_up or silent or (latest is not None and now > latest)):
        return "Attempts are left and the task's time is not over."
    return Change(
        kind="close_unresolved",
        reason=action.reason,
        columns={"next_action_time": None, "status_reason": action.reason},
        status=target_of(TaskInput.CLOSE),
    )


def _new_phase(action: ProposedAction, sight: TaskSight, now: datetime) -> Change | str:
    """Allow more attempts for the next phase of a long task, which the last call opened."""
    task, more = sight.task, action.attempts or 0
    if sight.declined:
        return "Whoever declined is not pressed."
    if sight.nature != "long_running" or not (sight.progress or sight.promised_at):
        return "A new phase needs a long task and progress in the last call, or a promise."
    if not 1 <= more <= MORE_ATTEMPTS_MOST or task.max_attempts + more > ATTEMPTS_MOST:
        return f"A phase brings 1 to {MORE_ATTEMPTS_MOST} attempts, {ATTEMPTS_MOST} in all."
    if task.phase >= PHASES_MOST:
        return f"A task has at most {PHASES_MOST} phases."
    columns: dict[str, Any] = {"max_attempts": task.max_attempts + more, "phase": task.phase + 1}
    if sight.promised_at is not None:
        columns["next_action_time"] = sight.promised_at + _PROMISE_GRACE
    elif task.next_action_time is None:
        columns["next_action_time"] = now + timedelta(days=1)
    return Change(kind="new_phase", reason=action.reason, columns=columns)


def _remember(action: ProposedAction, sight: TaskSight, _now: datetime) -> Change | str:
    before = sight.task.inter_call_context
    facts = {fact.name: fact.value for fact in action.facts}
    context = compact(remember(before, facts) if facts else before)
    if context == before:
        return "The task knows that already."
    return Change(kind="remember", reason=action.reason, columns={"inter_call_context": context})


_JUDGES = MappingProxyType(
    {
        "set_priority": _priority,
        "hold": _hold,
        "set_next_time": _next_time,
        "revise_instructions": _instructions,
        "split": _parts,
        "propose_task": _parts,
        "check_in": _check_in,
        "close_unresolved": _close,
        "new_phase": _new_phase,
        "remember": _remember,
    }
)


def _instant(text: str | None, sight: TaskSight, now: datetime) -> datetime | str:
    try:
        at = datetime.fromisoformat(text or "")
    except ValueError:
        return "A time is written in ISO 8601 with a zone."
    if at.tzinfo is None or not now + SOONEST <= at <= now + AHEAD_MOST:
        return f"A time has a zone and is within {AHEAD_MOST.days} days."
    task = sight.task
    if (task.earliest and at < task.earliest) or (task.latest and at > task.latest):
        return "The time is outside the task's own window."
    return at.astimezone(UTC)


def rule_actions(sight: TaskSight, now: datetime) -> list[ProposedAction]:
    """Return what the rules alone ask for, the better first; the model is not needed."""
    task = sight.task
    if sight.busy or sight.parked:
        return []
    if task.status is S.AWAITING_USER:
        return _about_silence(sight, now)
    if task.status is S.ON_HOLD and task.next_action_time is None:
        return _about_quiet_hold(sight, now)
    if sight.used_up:
        return _about_used_up(sight)
    return _about_time(sight, now)


def _about_quiet_hold(sight: TaskSight, now: datetime) -> list[ProposedAction]:
    task = sight.task
    if sight.asked_at is not None:
        return _about_silence(sight, now)
    if now - task.updated_at < HELD_QUIETLY:
        return []
    why = f" ({task.status_reason})" if task.status_reason else ""
    question = f"“{task.title}” is on hold{why}. Shall it go on? Say stop to give it up."
    reason = "It was on hold for a week without a next time."
    return [_act(sight, "check_in", reason, text=question[:500])]


def _about_used_up(sight: TaskSight) -> list[ProposedAction]:
    """Open a phase where the last call opened a next step; else, and where that is refused, close.

    With a phase open, attempts are left, and the table refuses to close.
    """
    close = _act(sight, "close_unresolved", f"All {sight.task.max_attempts} attempts are used up.")
    if sight.promised_at is None and not sight.progress:
        return [close]
    reason = "The last call opened a next step, and no attempt was left."
    return [_act(sight, "new_phase", reason, attempts=2), close]


def _about_silence(sight: TaskSight, now: datetime) -> list[ProposedAction]:
    if sight.asked_at is not None and now - sight.asked_at >= ANSWER_AWAITED:
        days = ANSWER_AWAITED.days
        reason = f"You were asked and did not answer for {days} days."
        return [_act(sight, "close_unresolved", reason)]
    if sight.asked_at is None and now - sight.task.updated_at >= ANSWER_AWAITED:
        return [_act(sight, "close_unresolved", "It waited for you, and nobody asked you.")]
    return []


def _about_time(sight: TaskSight, now: datetime) -> list[ProposedAction]:
    """Call when a promise is due, and at another time of day after the same failure twice."""
    task, due = sight.task, sight.task.next_action_time
    if task.status not in ALLOWED["set_next_time"] or due is None:
        return []
    promised = sight.promised_at
    if promised is not None and due < promised:
        reason = f"They promised something by {promised:%A %d %B}; the next call waits for it."
        return [_act(sight, "set_next_time", reason, at=(promised + _PROMISE_GRACE).isoformat())]
    soon = sight.last_call_at is not None and due - sight.last_call_at < _ANOTHER_TIME
    if sight.pattern is not None and soon and due > now + SOONEST and sight.last_call_at:
        words = sight.pattern.value.replace("_", " ")
        reason = f"Twice the same ({words}): the next call is at another time of day."
        at = max(sight.last_call_at + _ANOTHER_TIME, now + SOONEST * 2)
        return [_act(sight, "set_next_time", reason, at=at.isoformat())]
    return []


def _act(
    sight: TaskSight,
    kind: ActionKind,
    reason: str,
    *,
    at: str | None = None,
    attempts: int | None = None,
    text: str | None = None,
) -> ProposedAction:
    return ProposedAction(
        task_id=sight.task.id, kind=kind, reason=reason, at=at, attempts=attempts, text=text
    )
