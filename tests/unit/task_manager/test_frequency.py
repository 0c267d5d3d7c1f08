"""Frequency caps as pure counting."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from opendeep.task_manager.dial_facts import RecentAttempts
from opendeep.task_manager.frequency import (
    DAY,
    EVERYBODY_24H,
    MONTH,
    OWN_24H,
    REACHED_8H,
    REACHED_30D,
    Cap,
    delays,
)

NOW = datetime(2026, 11, 23, 17, tzinfo=UTC)
CAPS = (REACHED_8H, OWN_24H, REACHED_30D)


@given(
    st.sampled_from(CAPS),
    st.lists(st.timedeltas(timedelta(0), MONTH * 2), max_size=15),
)
def test_never_more_than_the_cap(cap: Cap, ages: list[timedelta]) -> None:
    """Where no delay is told, one more attempt keeps the cap; where one is, it is exact."""
    attempts = sorted((NOW - age for age in ages), reverse=True)
    delay = cap.delay(attempts, NOW)
    at = NOW if delay is None else delay.until
    assert sum(at - attempt < cap.period for attempt in attempts) < cap.most
    if delay is not None:
        assert delay.until > NOW
        before = delay.until - timedelta(microseconds=1)
        assert sum(before - attempt < cap.period for attempt in attempts) >= cap.most


def test_a_clock_that_went_back() -> None:
    """An attempt that seems to lie ahead fills its cap all the same."""
    ahead = NOW + timedelta(hours=1)
    [delay] = delays(RecentAttempts(reached=(ahead,)), NOW)
    assert delay.until == ahead + timedelta(hours=8)


def test_what_the_rules_say() -> None:
    """The caps are those of the rules: 1 in 8 h, 3 in 24 h, 6 in 30 days, 10 in 24 h for all."""
    assert [(cap.most, cap.period) for cap in CAPS] == [
        (1, timedelta(hours=8)), (3, DAY), (6, MONTH),
    ]  # fmt: skip
    assert EVERYBODY_24H == 10
    assert list(delays(RecentAttempts(everybody=9), NOW)) == []
    assert [delay.rule_id for delay in delays(RecentAttempts(everybody=10), NOW)] == [
        "frequency.everybody"
    ]
