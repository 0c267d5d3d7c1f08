"""Money before a call: caps, estimates, days."""

from datetime import UTC, datetime

import pytest

from opendeep.task_manager.budget import day_of, delays, refusal
from opendeep.task_manager.dial_facts import Budget

NOW = datetime(2026, 11, 23, 17, tzinfo=UTC)


@pytest.mark.parametrize(
    ("spent", "live", "estimate", "is_full"),
    [
        (0.0, 0, 0.3, False),
        (0.7, 0, 0.3, False),
        (0.71, 0, 0.3, True),
        (0.1, 2, 0.3, False),
        (0.2, 2, 0.3, True),
        (1.0, 0, 0.0, True),
        (0.99, 5, 0.0, False),
    ],
)
def test_is_full(spent: float, live: int, estimate: float, is_full: bool) -> None:
    """Spent money, an estimate for each live call and one for the next must fit in the cap."""
    campaign = Budget(scope="campaign", cap_usd=1.0, spent_usd=spent, live_calls=live)
    found = refusal((campaign,), estimate)
    assert (found is not None) is is_full
    assert list(delays((campaign,), estimate, NOW)) == []
    for scope in ("user_day", "day"):
        daily = Budget(scope=scope, cap_usd=1.0, spent_usd=spent, live_calls=live)  # type: ignore[arg-type]
        assert refusal((daily,), estimate) is None
        waits = list(delays((daily,), estimate, NOW))
        assert bool(waits) is is_full
        for wait in waits:
            assert wait.rule_id == f"budget.{scope}"
            assert wait.until == datetime(2026, 11, 24, tzinfo=UTC)
            assert "BUDGET_" in wait.reason


def test_a_day_is_one_of_utc() -> None:
    """The day begins at midnight in UTC, wherever the instant was written."""
    assert day_of(datetime.fromisoformat("2026-11-23T20:00:00-05:00")) == datetime(
        2026, 11, 24, tzinfo=UTC
    )
