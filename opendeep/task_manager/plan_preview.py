"""What a plan would do, before it is confirmed: who is called when, who is not and why, the cost.

The same policy decides as before each call, over the same facts, at each instant at which a call
would fit: slots and calls per second are dealt out as the scheduler does, in the order of
priority, taking each call for two minutes and answered at the first attempt. Nothing is stored.
"""

import asyncio
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
_READ_AT_ONCE = 50


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
        facts = await self._facts(user_id, plan)
        priorities = [task.priority for task in plan.tasks]
        # Thousands of tasks take seconds: calls must not hear them.
        calls = await asyncio.to_thread(_placed, facts, priorities, now, self._pace)
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

    async def _facts(self, user_id: UserId, plan: CampaignPlan) -> list[DialFacts]:
        """Read part by part, so that a large plan keeps nobody from writing for long."""
        facts: list[DialFacts] = []
        for start in range(0, len(plan.tasks), _READ_AT_ONCE):
            async with self._database.transaction() as tx:
                facts += [
                    await facts_of_plan(tx, self._rules, user_id, task)
                    for task in plan.tasks[start : start + _READ_AT_ONCE]
                ]
        return facts


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
        self._next = max(self._next, at + self._between)


def _placed(
    facts: list[DialFacts], priorities: list[int], now: datetime, pace: Pace
) -> list[PreviewedCall]:
    """Find for each call the first instant at which policy and slots agree, in order of time."""
    seats = _Seats(now, pace)
    waiting = [(now, priority, index) for index, priority in enumerate(priorities)]
    heapq.heapify(waiting)
    waits: dict[int, list[WaitUntil]] = {}
    found: list[PreviewedCall] = []
    while waiting:
        ready, priority, index = heapq.heappop(waiting)
        at = max(ready, seats.next_free())
        waited = waits.setdefault(index, [])
        decision = decide(_later(facts[index]) if waited else facts[index], at)
        if isinstance(decision, WaitUntil) and len(waited) < _LOOKS:
            waited.append(decision)
            heapq.heappush(waiting, (decision.until, priority, index))
        elif isinstance(decision, Refuse):
            found.append(_call(index, "refuse", None, decision))
        else:
            seats.take(at)
            why = waited[-1] if waited else None
            found.append(_call(index, "wait" if waited else "dial", at, why))
    return sorted(found, key=lambda call: call.index)


def _later(facts: DialFacts) -> DialFacts:
    """Leave out what was counted at the confirmation and has passed by a later time."""
    return replace(
        facts, unread=False, recent=replace(facts.recent, in_call=False, everybody=0, prefix=0)
    )


def _call(
    index: int, verdict: Verdict, at: datetime | None, why: WaitUntil | Refuse | None
) -> PreviewedCall:
    rule, reason = ("allowed", "") if why is None else (why.rule_id, why.reason)
    return PreviewedCall(index=index, verdict=verdict, at=at, rule_id=rule, reason=reason)
