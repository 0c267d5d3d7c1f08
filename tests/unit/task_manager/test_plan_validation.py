"""Every fault of a plan has its own entry, with a path and a code."""

import contextlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendeep.common.data_models import CampaignPlan
from opendeep.common.errors import PlanInvalidError
from opendeep.task_manager.plan_validation import (
    is_known_zone,
    parse_plan,
    plan_faults,
    require_valid,
)

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SOURCE = {"field": "phone_number", "from": "user", "reference": "I typed it"}


def task(**changes: Any) -> dict[str, Any]:
    """Make the JSON of a good task, changed."""
    good = {
        "title": "Book a cleaning",
        "phone_number": "+12125550100",
        "goal": "Book a dental cleaning",
        "success_criteria": "A day and a time are agreed",
        "sources": [SOURCE],
    }
    return {**good, **changes}


def plan(*tasks: Any, **changes: Any) -> dict[str, Any]:
    """Make the JSON of a good plan, changed."""
    return {"title": "Dentist", "goal": "Book a cleaning", "tasks": list(tasks), **changes}


def faults_of(raw: object) -> set[tuple[str, str]]:
    """Return path and code of each fault."""
    with pytest.raises(PlanInvalidError) as caught:
        parse_plan(raw, NOW)
    found = [(fault.path, fault.code) for fault in caught.value.faults]
    assert len(found) == len(set(found)), "one entry per fault"
    assert all(fault.message for fault in caught.value.faults)
    return set(found)


def test_a_good_plan_passes() -> None:
    """A plan without a fault is read."""
    raw = plan(
        task(
            earliest=NOW.isoformat(),
            latest=(NOW + timedelta(days=7)).isoformat(),
            time_zone="America/New_York",
            language="en-US",
        ),
        language="en",
        voice="cedar",
    )
    parsed = parse_plan(raw, NOW)
    assert parsed.tasks[0].phone_number == "+12125550100"
    assert plan_faults(parsed, NOW) == ()
    require_valid(parsed, NOW)


@pytest.mark.parametrize(
    ("changes", "path", "code"),
    [
        ({"phone_number": ""}, "tasks[0].phone_number", "empty"),
        ({"phone_number": "555-0100"}, "tasks[0].phone_number", "not_e164"),
        ({"phone_number": "911"}, "tasks[0].phone_number", "emergency"),
        ({"phone_number": "+19005550100"}, "tasks[0].phone_number", "premium"),
        ({"phone_number": 5}, "tasks[0].phone_number", "string_type"),
        ({"title": " "}, "tasks[0].title", "empty"),
        ({"goal": "x" * 1_000_000}, "tasks[0].goal", "string_too_long"),
        ({"facts": {"note": "x" * 1_000_000}}, "tasks[0].facts", "too_long"),
        ({"earliest": "2020-01-01T00:00:00Z"}, "tasks[0].earliest", "past"),
        ({"latest": "2026-11-22T11:59:59Z"}, "tasks[0].latest", "past"),
        ({"earliest": "2030-01-01T10:00:00"}, "tasks[0].earliest", "no_zone"),
        ({"latest": "9999-12-31T23:59:59-12:00"}, "tasks[0].latest", "too_far"),
        ({"latest": "soon"}, "tasks[0].latest", "not_iso_8601"),
        ({"time_zone": "Mars/Olympus"}, "tasks[0].time_zone", "unknown_zone"),
        ({"time_zone": "../../etc/passwd"}, "tasks[0].time_zone", "unknown_zone"),
        ({"language": "Klingon!"}, "tasks[0].language", "unknown_language"),
        ({"language": "xx"}, "tasks[0].language", "unknown_language"),
        ({"language": "english"}, "tasks[0].language", "unknown_language"),
        ({"earliest": 1893456000}, "tasks[0].earliest", "not_iso_8601"),
        ({"latest": "1893456000"}, "tasks[0].latest", "not_iso_8601"),
        ({"latest": 1893456000.5}, "tasks[0].latest", "not_iso_8601"),
        ({"sources": []}, "tasks[0].sources", "missing_source"),
        ({"sources": [{**SOURCE, "field": "address"}]}, "tasks[0].sources", "missing_source"),
        ({"sources": [{**SOURCE, "from": "memory"}]}, "tasks[0].sources[0].from", "literal_error"),
        ({"max_attempts": 0}, "tasks[0].max_attempts", "greater_than_equal"),
        ({"priority": 10}, "tasks[0].priority", "less_than_equal"),
        ({"phone": "+12125550100"}, "tasks[0].phone", "extra_forbidden"),
    ],
)
def test_one_fault_of_a_task(changes: dict[str, Any], path: str, code: str) -> None:
    """A task with one thing wrong has exactly that fault."""
    assert faults_of(plan(task(**changes))) == {(path, code)}


def test_reversed_window() -> None:
    """A latest time that is not after the earliest is a fault."""
    earliest, latest = NOW + timedelta(days=2), NOW + timedelta(days=1)
    raw = plan(task(earliest=earliest.isoformat(), latest=latest.isoformat()))
    assert faults_of(raw) == {("tasks[0].latest", "before_earliest")}


def test_earliest_may_be_a_little_past() -> None:
    """A plan that was confirmed some minutes late is still good."""
    parse_plan(plan(task(earliest=(NOW - timedelta(minutes=30)).isoformat())), NOW)


def test_faults_of_the_plan_itself() -> None:
    """No task, empty words and an odd language are each told."""
    assert faults_of(plan(title=" ", goal="", language="?", voice="fable")) == {
        ("title", "empty"),
        ("goal", "empty"),
        ("language", "unknown_language"),
        ("voice", "unknown_voice"),
        ("tasks", "empty"),
    }


def test_all_faults_at_once() -> None:
    """Faults of shape in one field do not hide faults of meaning in another."""
    broken = task(time_zone="Nowhere", max_attempts="many")
    del broken["phone_number"]
    assert faults_of(plan(broken, 5, task(phone_number="112", goal="other"))) == {
        ("tasks[0].phone_number", "missing"),
        ("tasks[0].max_attempts", "int_parsing"),
        ("tasks[0].time_zone", "unknown_zone"),
        ("tasks[1]", "model_type"),
        ("tasks[2].phone_number", "emergency"),
    }


def test_duplicates() -> None:
    """The same number with the same goal twice is a fault of the second; another goal is fine."""
    raw = plan(task(), task(goal="book a DENTAL cleaning"), task(goal="Ask for the price"))
    assert faults_of(raw) == {("tasks[1]", "duplicate")}


@pytest.mark.parametrize("raw", [None, [], "plan", 5])
def test_not_an_object(raw: object) -> None:
    """Anything but an object is one fault."""
    assert faults_of(raw) == {("", "not_an_object")}


def test_tasks_of_another_kind() -> None:
    """Tasks that are no list, or none at all, are a fault of shape."""
    assert faults_of(plan(tasks="none")) == {("tasks", "list_type")}
    assert faults_of({"title": "a", "goal": "b"}) == {("tasks", "missing")}


def test_require_valid_raises_all() -> None:
    """A plan in hand is refused with its faults."""
    with pytest.raises(PlanInvalidError, match="no task"):
        require_valid(CampaignPlan(title="a", goal="b", tasks=[]), NOW)


_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
_ANYTHING = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*task(), "x", "earliest", "time_zone"]), inner, max_size=5
        )
    ),
    max_leaves=12,
)


@given(
    st.dictionaries(
        st.sampled_from(["title", "goal", "tasks", "language", "voice", "x"]), _ANYTHING
    )
)
def test_any_json_is_judged(raw: dict[str, Any]) -> None:
    """Any JSON object is either a plan or gets its faults, never another error."""
    with contextlib.suppress(PlanInvalidError):
        assert plan_faults(parse_plan(raw, NOW), NOW) == ()


@given(st.lists(st.dictionaries(st.sampled_from([*task(), "latest", "priority"]), _ANYTHING)))
def test_any_tasks_are_judged(tasks: list[dict[str, Any]]) -> None:
    """Any list of objects as tasks is judged too, task by task."""
    with contextlib.suppress(PlanInvalidError):
        assert plan_faults(parse_plan(plan(*tasks), NOW), NOW) == ()


def test_zone_names() -> None:
    """IANA names are known, paths and nonsense are not."""
    assert is_known_zone("Europe/Berlin")
    assert not is_known_zone("")
    assert not is_known_zone("a\0b")
