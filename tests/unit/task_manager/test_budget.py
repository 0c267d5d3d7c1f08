"""Money before a call: caps, estimates, days."""

from datetime import UTC, datetime, timedelta

import pytest

from opendeep.task_manager.budget import day_of, delays, refusal
from opendeep.task_manager.dial_facts import Budget

NOW = datetime(2026, 11, 23, 17, tzinfo=UTC)


@pytest.mark.parametrize(
    ("spent", "live", "estimate", "expected"),
    [
        (0.0, 0, 0.3, "free"),
        (0.7, 0, 0.3, "free"),
        (0.71, 0, 0.3, "spent"),
        (0.1, 2, 0.3, "free"),
        (0.2, 2, 0.3, "reserved"),
        (0.71, 2, 0.3, "spent"),
        (1.0, 0, 0.0, "spent"),
        (0.99, 5, 0.0, "free"),
    ],
)
def test_what_is_left(spent: float, live: int, estimate: float, expected: str) -> None:
    """Spent money, an estimate for each live call and one for the next must fit in the cap.

    A campaign whose money is spent is refused, a day's waits for the next; what only the calls
    under way hold is waited for, since they may cost less.
    """
    for scope in ("campaign", "user_day", "day"):
        budget = Budget(scope=scope, cap_usd=1.0, spent_usd=spent, live_calls=live)  # type: ignore[arg-type]
        refused = refusal((budget,), estimate)
        assert (refused is not None) is (expected == "spent" and scope == "campaign")
        waits = list(delays((budget,), estimate, NOW))
        if expected == "free" or refused is not None:
            assert waits == []
            continue
        (wait,) = waits
        assert wait.rule_id == f"budget.{scope}"
        assert "BUDGET_" in wait.reason
        later = datetime(2026, 11, 24, tzinfo=UTC)
        assert wait.until == (later if expected == "spent" else NOW + timedelta(minutes=2))


def test_a_day_is_one_of_utc() -> None:
    """The day begins at midnight in UTC, wherever the instant was written."""
    assert day_of(datetime.fromisoformat("2026-11-23T20:00:00-05:00")) == datetime(
        2026, 11, 24, tzinfo=UTC
    )
