"""Whether there is money for one more call: an estimate before it, the real cost after it.

A call that is not over counts with the estimate, so calls that run at the same time cannot spend
one rest twice. A day is a calendar day in UTC. What a call really costs may be more than the
estimate: the caps hold but for the last calls, as the telephone's own bill does.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

from opendeep.task_manager.dial_facts import Budget, Delay, Refuse

_SETTINGS = {
    "campaign": "BUDGET_CAMPAIGN_USD",
    "user_day": "BUDGET_USER_DAY_USD",
    "day": "BUDGET_DAY_USD",
}
_WHOSE = {"campaign": "campaign's", "user_day": "user's daily", "day": "day's"}
_LEAST_USD = 1e-9
_CALLS_END_WITHIN = timedelta(minutes=2)


def refusal(budgets: tuple[Budget, ...], estimate_usd: float) -> Refuse | None:
    """Return the refusal of a campaign whose money does not suffice, or None."""
    for budget in budgets:
        if budget.scope == "campaign" and _is_spent(budget, estimate_usd):
            return Refuse(rule_id="budget.campaign", reason=_words(_WHOSE["campaign"], budget))
    return None


def delays(budgets: tuple[Budget, ...], estimate_usd: float, now: datetime) -> Iterator[Delay]:
    """Yield each budget that waits: for the next day, or for what the calls under way will cost."""
    for budget in budgets:
        spent = _is_spent(budget, estimate_usd)
        if budget.scope != "campaign" and spent:
            until = day_of(now) + timedelta(days=1)
        elif not spent and _is_reserved(budget, estimate_usd):
            until = now + _CALLS_END_WITHIN
        else:
            continue
        yield Delay(
            until=until,
            rule_id=f"budget.{budget.scope}",
            reason=_words(_WHOSE[budget.scope], budget),
        )


def day_of(now: datetime) -> datetime:
    """Return when the day of ``now`` began (UTC)."""
    return datetime.combine(now.astimezone(UTC).date(), time(), tzinfo=UTC)


def _is_spent(budget: Budget, estimate_usd: float) -> bool:
    """Whether there would be no money for a call even if none were under way."""
    planned = budget.spent_usd + estimate_usd
    return planned > budget.cap_usd + _LEAST_USD or budget.spent_usd >= budget.cap_usd


def _is_reserved(budget: Budget, estimate_usd: float) -> bool:
    planned = budget.spent_usd + (budget.live_calls + 1) * estimate_usd
    return planned > budget.cap_usd + _LEAST_USD


def _words(whose: str, budget: Budget) -> str:
    name = _SETTINGS[budget.scope]
    spent = f"{budget.spent_usd:.2f} of {budget.cap_usd:.2f} USD are spent"
    return f"The {whose} budget does not allow another call: {spent} ({name})."
