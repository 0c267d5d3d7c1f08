"""What a plan would do, before it is confirmed: who is called when, who is not and why, the cost.

The same policy decides as before each call, over the same facts, at each instant at which a call
would fit: slots and calls per second are dealt out as the scheduler does, in the order of
priority, taking each call for two minutes and answered at the first attempt. Nothing is stored.
"""

import heapq
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from opendeep.common.data_models import CampaignPlan
from opendeep.common.ids import UserId
from opendeep.database.engine import Database
from opendeep.task_manager.dial_facts import DialFacts, Refuse, Verdict, WaitUntil
from opendeep.task_manager.dial_inputs import DialRules, facts_of_plan
from opendeep.task_manager.dial_policy import decide

CALL_TAKES = timedelta(minutes=2)
_LOOKS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewedCall:
    """What would become of one task of the plan; ``at`` is None for one that is not called."""

    index: int
    verdict: Verdict
    at: datetime | None
    rule_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a plan would do; money in US dollars.

    Attributes:
        cost_usd: where each call succeeds at its first attempt.
        cost_at_most_usd: where each one takes all its attempts.
    """

    calls: tuple[PreviewedCall, ...]
    first_at: datetime | None
    ends_at: datetime | None
    cost_usd: float
    cost_at_most_usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How many calls run at once for one user, and how many begin in a second."""

    calls_at_once: int = 5
    calls_per_second: float = 1.0


class PlanPreview:
    """Judges plans that are not confirmed yet."""

    def __init__(self, database: Database, rules: DialRules, pace: Pace) -> None:
        self._database = database
        self._rules = rules
        self._pace = pace

    async def run(self, user_id: UserId, plan: CampaignPlan, /) -> Preview:
        """Return what the plan would do if it were confirmed now."""
        async with self._database.transaction() as tx:
            now = tx.now()
            facts = [await facts_of_plan(tx, self._rules, user_id, task) for task in plan.tasks]
        order = sorted(range(len(facts)), key=lambda index: plan.tasks[index].priority)
        seats = _Seats(now, self._pace)
        calls = sorted(
            (_placed(index, facts[index], seats, now) for index in order),
            key=lambda call: call.index,
        )
        times = [call.at for call in calls if call.at is not None]
        estimate = self._rules.budgets.estimate_usd
        called = [plan.tasks[call.index] for call in calls if call.at is not None]
        return Preview(
            calls=tuple(calls),
            first_at=min(times, default=None),
            ends_at=max(times) + CALL_TAKES if times else None,
            cost_usd=round(len(called) * estimate, 2),
            cost_at_most_usd=round(sum(task.max_attempts for task in called) * estimate, 2),
        )


class _Seats:
    """The slots of one user, each with the instant at which it is free."""

    def __init__(self, now: datetime, pace: Pace) -> None:
        self._free = [now] * pace.calls_at_once
        self._between = timedelta(seconds=1 / pace.calls_per_second)
        self._next = now

    def next_free(self) -> datetime:
        """Return when the next call may begin."""
        return max(self._free[0], self._next)

    def take(self, at: datetime) -> None:
        """Let a call begin at an instant."""
        heapq.heapreplace(self._free, at + CALL_TAKES)
        if at <= self._next:
            self._next = at + self._between


def _placed(index: int, facts: DialFacts, seats: _Seats, now: datetime) -> PreviewedCall:
    """Find the first instant at which policy and slots agree."""
    wait: WaitUntil | None = None
    at = max(now, seats.next_free())
    for _ in range(_LOOKS):
        decision = decide(facts, at)
        if isinstance(decision, Refuse):
            rule, reason = decision.rule_id, decision.reason
            return PreviewedCall(
                index=index, verdict="refuse", at=None, rule_id=rule, reason=reason
            )
        if not isinstance(decision, WaitUntil):
            seats.take(at)
            if wait is None:
                return PreviewedCall(
                    index=index, verdict="dial", at=at, rule_id=decision.rule_id, reason=""
                )
            break
        wait, at = decision, decision.until
        # What was counted at the confirmation has passed by then.
        facts = replace(facts, recent=replace(facts.recent, in_call=False, everybody=0, prefix=0))
    rule, reason = ("", "") if wait is None else (wait.rule_id, wait.reason)
    return PreviewedCall(index=index, verdict="wait", at=at, rule_id=rule, reason=reason)
