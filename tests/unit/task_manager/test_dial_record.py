"""Stored decisions decide the same again, whatever their facts are."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from opendeep.common.ids import UserId
from opendeep.database.models import DialDecision
from opendeep.task_manager import dial_record
from opendeep.task_manager.dial_facts import Budget, DialFacts, RecentAttempts
from opendeep.task_manager.dial_policy import POLICY_VERSION, decide
from opendeep.task_manager.opening_hours import OpeningHours

NOON = datetime(2026, 11, 23, 17, tzinfo=UTC)
_NAIVE = st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1))  # noqa: DTZ001 - zone is added
_INSTANTS = _NAIVE.map(lambda instant: instant.replace(tzinfo=UTC))
_SOME = st.lists(_INSTANTS, max_size=10).map(tuple)
_FACTS = st.builds(
    DialFacts,
    phone_number=st.sampled_from(["+12125550100", "+18005550100", "+19005550100", "911", "x"]),
    on_user_dnd=st.booleans(),
    accounts_listing=st.integers(0, 5),
    global_dnd_threshold=st.one_of(st.none(), st.integers(1, 5)),
    attempts_used=st.integers(0, 3),
    time_zone=st.sampled_from([None, "Europe/Berlin", "Asia/Kolkata", "Mars/Olympus"]),
    earliest=st.one_of(st.none(), _INSTANTS),
    latest=st.one_of(st.none(), _INSTANTS),
    enforce_hours=st.booleans(),
    countries=st.frozensets(st.sampled_from(["US", "DE"])),
    is_business=st.booleans(),
    opening_hours=st.sampled_from([None, OpeningHours(()), OpeningHours(((0, 540, 1020),))]),
    recent=st.builds(
        RecentAttempts,
        own=_SOME,
        reached=_SOME,
        everybody=st.integers(0, 12),
        in_call=st.booleans(),
        prefix=st.integers(0, 60),
    ),
    unread=st.booleans(),
    budgets=st.lists(
        st.builds(
            Budget,
            scope=st.sampled_from(["campaign", "user_day", "day"]),
            cap_usd=st.floats(0.01, 9),
            spent_usd=st.floats(0, 9),
            live_calls=st.integers(0, 3),
        ),
        max_size=3,
    ).map(tuple),
    estimate_usd=st.floats(0, 1),
)


def stored(columns: dict[str, Any]) -> DialDecision:
    """Make the row as it comes back from a database: its inputs went through JSON."""
    inputs = json.loads(json.dumps(columns["inputs"]))
    whole = {**columns, "inputs": inputs}
    return DialDecision(id=1, user_id=UserId(1), task_id=None, call_id=None, **whole)


@given(_FACTS, _INSTANTS)
def test_a_stored_decision_decides_the_same_again(facts: DialFacts, now: datetime) -> None:
    """The facts come back equal, and the verdict, the rule and the time with them."""
    row = stored(dial_record.row_of(decide(facts, now), facts, now))
    assert dial_record.facts_of(row) == facts
    assert list(dial_record.differences([row])) == []


def test_a_difference_is_told() -> None:
    """A row that would be decided otherwise now is named, and whether the rules changed."""
    facts = DialFacts(phone_number="+12125550100")
    columns = dial_record.row_of(decide(facts, NOON), facts, NOON)
    altered = {**columns, "verdict": "wait", "until": NOON + timedelta(hours=1)}
    [found] = dial_record.differences([stored(altered)])
    assert found.stored == "wait (allowed) until 2026-11-23T18:00:00+00:00"
    assert found.now == "dial (allowed)"
    assert found.same_version
    [older] = dial_record.differences([stored({**altered, "policy_version": "0"})])
    assert not older.same_version
    assert columns["policy_version"] == POLICY_VERSION
    [broken] = dial_record.differences([stored({**columns, "inputs": {"phone_number": 7}})])
    assert broken.now.startswith("unreadable")
    fields = dial_record.facts_of(stored(columns))
    assert replace(fields, attempts_used=1) != facts
