"""What the overseer may do: every kind of action within its bounds, and nothing beyond them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendeep.common.data_models import CallCause, TaskStatus
from opendeep.common.ids import TaskId, UserId
from opendeep.database.models import Task
from opendeep.task_manager.oversight_proposal import (
    ActionKind,
    LearnedFact,
    ProposedAction,
    ProposedTask,
)
from opendeep.task_manager.oversight_rules import (
    ALLOWED,
    ANSWER_AWAITED,
    ATTEMPTS_MOST,
    HELD_QUIETLY,
    MOST_A_WEEK,
    NOTE_MARK,
    Change,
    judge,
    rule_actions,
)
from opendeep.task_manager.oversight_view import HELD_BY_USER, WAITING, TaskSight, due_of

NOW = datetime(2026, 11, 23, 17, tzinfo=UTC)
KINDS = get_args(ActionKind)


def a_task(**changes: Any) -> Task:
    """Make a task that waits for its second attempt."""
    values: dict[str, Any] = {
        "id": TaskId(1),
        "user_id": UserId(1),
        "campaign_id": None,
        "title": "Book",
        "phone_number": "+12125550100",
        "instructions": "Mornings only.",
        "status": TaskStatus.RETRY_SCHEDULED,
        "next_action_time": NOW + timedelta(hours=1),
        "current_attempt_count": 1,
        "inter_call_context": {},
        "status_reason": None,
        "outcome": None,
        "status_before_claim": None,
        "claimed_by": None,
        "claim_expires_at": None,
        "claim_token": 0,
        "version": 3,
        "created_at": NOW - timedelta(days=1),
        "updated_at": NOW - timedelta(hours=1),
    }
    known = {name: value for name, value in values.items() if name in Task.model_fields}
    return Task.model_validate(known | changes)


def a_sight(**changes: Any) -> TaskSight:
    """Make what is seen of a task; names of a task's columns go to the task."""
    columns = {name: changes.pop(name) for name in list(changes) if name in Task.model_fields}
    sight = TaskSight(
        task=a_task(**columns),
        busy=False,
        nature="short",
        pattern=None,
        declined=False,
        progress=False,
        promised_at=None,
        asked_at=None,
        last_call_at=NOW - timedelta(minutes=5),
        last_cause=CallCause.BUSY,
    )
    return replace(
        sight, **{**changes, **({"nature": columns["nature"]} if "nature" in columns else {})}
    )


def act(kind: ActionKind, **fields: Any) -> ProposedAction:
    """Make a proposal."""
    return ProposedAction.model_validate(
        {"task_id": 1, "kind": kind, "reason": "Because.", **fields}
    )


def allowed(kind: ActionKind, sight: TaskSight, **fields: Any) -> Change:
    """Judge a proposal that must be allowed."""
    change = judge(act(kind, **fields), sight, {}, NOW)
    assert isinstance(change, Change), change
    return change


GOOD: dict[ActionKind, dict[str, Any]] = {
    "set_priority": {"priority": 4},
    "hold": {"at": (NOW + timedelta(days=2)).isoformat()},
    "set_next_time": {"at": (NOW + timedelta(days=2)).isoformat()},
    "revise_instructions": {"text": "Ask for Kim."},
    "split": {"parts": [ProposedTask(title="A", goal="a"), ProposedTask(title="B", goal="b")]},
    "propose_task": {"parts": [ProposedTask(title="A", goal="a")]},
    "check_in": {"text": "Would Friday do?"},
    "close_unresolved": {},
    "new_phase": {"attempts": 2},
    "remember": {"facts": [LearnedFact(name="menu", value="press 2")]},
}
OPEN: dict[str, Any] = {"nature": "long_running", "progress": True, "current_attempt_count": 3}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_allowed_where_it_fits(kind: ActionKind) -> None:
    """Each kind of action has a case in which it is done, and says why."""
    change = allowed(kind, a_sight(**OPEN), **GOOD[kind])
    assert (change.kind, change.reason) == (kind, "Because.")


@given(st.sampled_from(KINDS), st.sampled_from(TaskStatus))
def test_nothing_is_done_in_a_state_that_does_not_allow_it(
    kind: ActionKind, status: TaskStatus
) -> None:
    """Tasks that a service holds, and tasks that are over, are never touched."""
    change = judge(act(kind, **GOOD[kind]), a_sight(**OPEN, status=status), {}, NOW)
    assert not isinstance(change, Change) or status in ALLOWED[kind]
    assert ALLOWED[kind] <= WAITING


@pytest.mark.parametrize("kind", KINDS)
def test_a_busy_task_is_never_touched(kind: ActionKind) -> None:
    """A call that is live or not judged yet keeps everything away."""
    assert isinstance(judge(act(kind, **GOOD[kind]), a_sight(**OPEN, busy=True), {}, NOW), str)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_done_again_and_again(kind: ActionKind) -> None:
    """Each kind has a number a week, so that nothing goes back and forth for ever."""
    done = {kind: MOST_A_WEEK[kind]}
    assert isinstance(judge(act(kind, **GOOD[kind]), a_sight(**OPEN), done, NOW), str)


@given(st.integers(-5, 15), st.integers(0, 9))
def test_a_priority_moves_in_small_steps(wanted: int, present: int) -> None:
    """A model cannot put one user's task first at once."""
    change = judge(act("set_priority", priority=wanted), a_sight(priority=present), {}, NOW)
    good = 0 <= wanted <= 9 and 1 <= abs(wanted - present) <= 2
    assert isinstance(change, Change) == good


@pytest.mark.parametrize(
    "at",
    ["tomorrow", "2026-11-24T10:00:00", NOW.isoformat(), "2027-11-24T10:00:00Z", None],
    ids=["words", "no zone", "now", "next year", "none"],
)
def test_times_are_written_out_and_near(at: str | None) -> None:
    """A time without a zone, in the past, or a year ahead is refused."""
    assert isinstance(judge(act("set_next_time", at=at), a_sight(), {}, NOW), str)


def test_times_keep_to_the_tasks_window() -> None:
    """The user's latest time holds for the overseer, too."""
    sight = a_sight(latest=NOW + timedelta(days=1))
    assert isinstance(judge(act("hold", **GOOD["hold"]), sight, {}, NOW), str)


def test_the_users_words_stay() -> None:
    """A revision is a note behind the instructions that the user approved, and has a version."""
    first = allowed("revise_instructions", a_sight(), text="Ask for Kim.")
    assert first.columns["instructions"] == f"Mornings only.{NOTE_MARK}Ask for Kim."
    assert first.columns["instructions_version"] == 2
    revised = a_sight(instructions=first.columns["instructions"])
    again = allowed("revise_instructions", revised, text="Ask for Lee.")
    assert again.columns["instructions"] == f"Mornings only.{NOTE_MARK}Ask for Lee."


@pytest.mark.parametrize(
    "text", ["Call +1 900 555 0100", "See https://evil.example", "", "x" * 1501]
)
def test_no_number_and_no_address_gets_into_instructions(text: str) -> None:
    """What a callee said cannot make the next call pass a number or a link on."""
    assert isinstance(judge(act("revise_instructions", text=text), a_sight(), {}, NOW), str)


def test_the_tasks_own_number_may_be_named() -> None:
    """The number that the user approved is no secret of theirs."""
    allowed("revise_instructions", a_sight(), text="Say that you called 212 555 0100 before.")


def test_only_the_approved_number_is_proposed() -> None:
    """A new task to a number that a callee named is refused."""
    part = ProposedTask(title="A", goal="a", phone_number="+12125550199")
    assert isinstance(judge(act("propose_task", parts=[part]), a_sight(), {}, NOW), str)
    assert allowed("propose_task", a_sight(), **GOOD["propose_task"]).logged_as == "proposed"


def test_whoever_declined_is_not_pressed() -> None:
    """A refusal opens no new phase, whatever the model says of progress."""
    sight = a_sight(**OPEN, declined=True)
    assert isinstance(judge(act("new_phase", attempts=1), sight, {}, NOW), str)


@given(st.integers(-1, 30), st.integers(1, 20), st.integers(1, 5))
def test_attempts_stay_within_bounds(more: int, most: int, phase: int) -> None:
    """However phases are proposed, a task never gets more than twenty attempts."""
    sight = a_sight(nature="long_running", progress=True, max_attempts=most, phase=phase)
    change = judge(act("new_phase", attempts=more), sight, {}, NOW)
    if isinstance(change, Change):
        assert change.columns["max_attempts"] <= ATTEMPTS_MOST
        assert 1 <= more <= 3
        assert phase < 4


def test_a_task_with_attempts_left_is_not_closed() -> None:
    """Only what cannot go on is closed."""
    assert isinstance(judge(act("close_unresolved"), a_sight(), {}, NOW), str)
    allowed("close_unresolved", a_sight(latest=NOW - timedelta(days=1)))


def test_no_second_question() -> None:
    """A user who is asked already is not asked again."""
    sight = a_sight(asked_at=NOW)
    assert isinstance(judge(act("check_in", text="Well?"), sight, {}, NOW), str)


def one(sight: TaskSight) -> ProposedAction:
    """Return the one action that the rules ask for; it must be allowed."""
    [action] = rule_actions(sight, NOW)
    assert isinstance(judge(action, sight, {}, NOW), Change)
    return action


def test_rules_close_what_is_used_up() -> None:
    """A task without an attempt left never comes due: it ends honestly."""
    assert one(a_sight(current_attempt_count=3)).kind == "close_unresolved"


def test_rules_open_a_phase_after_progress() -> None:
    """A task whose last call opened a next step goes on."""
    first, close = rule_actions(a_sight(**OPEN), NOW)
    assert isinstance(judge(first, a_sight(**OPEN), {}, NOW), Change)
    assert first.kind == "new_phase"
    opened = a_sight(**{**OPEN, "current_attempt_count": 1})
    assert isinstance(judge(close, opened, {}, NOW), str)


def test_rules_close_where_no_phase_may_be_opened() -> None:
    """A task that is used up ends, also where it is on hold or had its phase this week."""
    held = a_sight(**OPEN, status=TaskStatus.ON_HOLD)
    first, close = rule_actions(held, NOW)
    assert isinstance(judge(first, held, {}, NOW), str)
    assert isinstance(judge(close, held, {}, NOW), Change)


def test_rules_ask_about_a_quiet_hold() -> None:
    """A task that is on hold for a week without a time is brought to the user's mind."""
    quiet = {"status": TaskStatus.ON_HOLD, "next_action_time": None}
    assert one(a_sight(**quiet, updated_at=NOW - HELD_QUIETLY)).kind == "check_in"
    assert rule_actions(a_sight(**quiet), NOW) == []


def test_rules_close_a_hold_whose_question_nobody_answers() -> None:
    """A task that was put on hold while its question waited is not on hold for ever."""
    sight = a_sight(status=TaskStatus.ON_HOLD, next_action_time=None, asked_at=NOW - ANSWER_AWAITED)
    assert one(sight).kind == "close_unresolved"
    assert rule_actions(replace(sight, asked_at=NOW), NOW) == []


@pytest.mark.parametrize("asked", [True, False])
def test_rules_close_what_nobody_answers(asked: bool) -> None:
    """A question without an answer for two weeks ends the task, with or without its row."""
    long_ago = NOW - ANSWER_AWAITED
    sight = a_sight(
        status=TaskStatus.AWAITING_USER,
        next_action_time=None,
        asked_at=long_ago if asked else None,
        updated_at=long_ago,
    )
    assert one(sight).kind == "close_unresolved"
    assert (
        rule_actions(
            replace(sight, task=a_task(status=TaskStatus.AWAITING_USER), asked_at=NOW), NOW
        )
        == []
    )


def test_rules_wait_for_a_promise() -> None:
    """Whoever promised something by Wednesday is called after that."""
    promised = NOW + timedelta(days=2)
    action = one(a_sight(promised_at=promised))
    assert action.at is not None
    assert datetime.fromisoformat(action.at) == promised + timedelta(hours=1)


def test_rules_try_another_time_of_day() -> None:
    """After the same failure twice the next call is hours later."""
    action = one(a_sight(pattern=CallCause.BUSY))
    assert action.kind == "set_next_time"
    assert rule_actions(a_sight(), NOW) == []


def test_rules_leave_a_busy_task_alone() -> None:
    """A rule, too, waits for the analyzer."""
    assert rule_actions(a_sight(busy=True, current_attempt_count=3), NOW) == []


def test_a_users_own_hold_is_left_to_them() -> None:
    """What a user holds without a time is neither asked about nor closed, by rule or by model."""
    held = a_sight(
        status=TaskStatus.ON_HOLD,
        next_action_time=None,
        status_reason=HELD_BY_USER,
        updated_at=NOW - timedelta(days=400),
    )
    assert rule_actions(held, NOW) == []
    assert not held.forgotten
    for kind in ("check_in", "close_unresolved"):
        wanted = ProposedAction(task_id=held.task.id, kind=kind, reason="It waits.", text="On?")
        assert isinstance(judge(wanted, held, {}, NOW), str)


def test_days_of_promises_are_the_callees() -> None:
    """Late on a Sunday in Los Angeles it is Monday in UTC: tomorrow is the callee's Monday."""
    zone = ZoneInfo("America/Los_Angeles")
    said_at = datetime(2026, 11, 23, 6, tzinfo=UTC)
    assert due_of("tomorrow", said_at, zone) == datetime(2026, 11, 23, 18, tzinfo=UTC)
    assert due_of("Monday", said_at, zone) == datetime(2026, 11, 23, 18, tzinfo=UTC)
    assert due_of("2026-11-25", said_at, zone) == datetime(2026, 11, 25, 18, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("2026-11-25", datetime(2026, 11, 25, 10, tzinfo=UTC)),
        ("2026-11-25T15:30:00+01:00", datetime(2026, 11, 25, 14, 30, tzinfo=UTC)),
        ("by Wednesday", datetime(2026, 11, 25, 10, tzinfo=UTC)),
        ("Monday", datetime(2026, 11, 30, 10, tzinfo=UTC)),
        ("tomorrow morning", datetime(2026, 11, 24, 10, tzinfo=UTC)),
        ("soon", None),
        ("2026-13-45", None),
        (None, None),
    ],
)
def test_promises_are_read(text: str | None, due: datetime | None) -> None:
    """A date, an instant, a weekday (the next one) and tomorrow are understood; guesses are not."""
    assert due_of(text, NOW) == due
