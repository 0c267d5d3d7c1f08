"""All stored decisions, decided again."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from opendeep.common.call_back import CallBack
from opendeep.common.ids import new_call_id
from opendeep.database.repositories import DialDecisions, DndList
from opendeep.task_manager import decision_replay
from opendeep.task_manager.decision_replay import replay_decisions
from opendeep.task_manager.dial_facts import Budget, DialFacts, RecentAttempts
from opendeep.task_manager.dial_gate import DialRules, PolicyDialGate
from opendeep.task_manager.dial_inputs import BudgetRules
from opendeep.task_manager.dial_policy import decide
from opendeep.task_manager.dial_record import row_of
from opendeep.task_manager.opening_hours import OpeningHours
from tests.unit.task_manager.conftest import MONDAY_NOON, World, plan_task

_DOCUMENTED = Path(__file__).parents[3] / "docs" / "calling-rules.md"
_GOOD = DialFacts(phone_number="+12125550100")
_HOUR = timedelta(hours=1)
_HERE = MONDAY_NOON - _HOUR
_BUDGET = Budget(scope="campaign", cap_usd=1.0, spent_usd=1.0)

OF_EACH_RULE = {
    "allowed": _GOOD,
    "number.emergency": replace(_GOOD, phone_number="911"),
    "number.service_code": replace(_GOOD, phone_number="+12125551212"),
    "number.premium": replace(_GOOD, phone_number="+19005550100"),
    "number.satellite": replace(_GOOD, phone_number="+881612345678"),
    "number.invalid": replace(_GOOD, phone_number="+121255501"),
    "number.not_e164": replace(_GOOD, phone_number="2125550100"),
    "number.toll_fraud": replace(_GOOD, phone_number="+18762345678"),
    "number.country": replace(_GOOD, phone_number="+442079460000", countries=frozenset({"US"})),
    "dnd.user": replace(_GOOD, on_user_dnd=True),
    "dnd.global": replace(_GOOD, accounts_listing=3, global_dnd_threshold=3),
    "dnd.unread": replace(_GOOD, unread=True),
    "attempts.used_up": replace(_GOOD, attempts_used=3),
    "window.passed": replace(_GOOD, latest=_HERE),
    "window.too_far": replace(_GOOD, earliest=MONDAY_NOON + timedelta(days=9000)),
    "window.none_left": replace(
        _GOOD, earliest=MONDAY_NOON + 2 * _HOUR, latest=MONDAY_NOON + _HOUR
    ),
    "window.earliest": replace(_GOOD, earliest=MONDAY_NOON + _HOUR),
    "call_back.asked": replace(_GOOD, call_back=CallBack(said_at=_HERE, weekday=1, after=900)),
    "call_back.no_common_window": replace(
        _GOOD,
        time_zone="Asia/Tokyo",
        call_back=CallBack(said_at=_HERE, weekday=1, after=900, before=960),
    ),
    "back_off.voicemail": replace(_GOOD, machine_at=MONDAY_NOON),
    "budget.campaign": replace(_GOOD, budgets=(_BUDGET,)),
    "budget.user_day": replace(_GOOD, budgets=(replace(_BUDGET, scope="user_day"),)),
    "budget.day": replace(_GOOD, budgets=(replace(_BUDGET, scope="day"),)),
    "frequency.in_call": replace(_GOOD, recent=RecentAttempts(in_call=True)),
    "frequency.8h": replace(_GOOD, recent=RecentAttempts(own=(_HERE,), reached=(_HERE,))),
    "frequency.24h": replace(_GOOD, recent=RecentAttempts(own=(_HERE,) * 3)),
    "frequency.30d": replace(
        _GOOD, recent=RecentAttempts(reached=(MONDAY_NOON - timedelta(days=2),) * 6)
    ),
    "frequency.everybody": replace(_GOOD, recent=RecentAttempts(everybody=10)),
    "velocity.prefix": replace(_GOOD, recent=RecentAttempts(prefix=50)),
    "hours.closed": replace(_GOOD, time_zone="Asia/Tokyo"),
    "hours.unknown_zone": replace(_GOOD, time_zone="Mars/Olympus"),
    "hours.no_common_window": replace(
        _GOOD, is_business=True, opening_hours=OpeningHours(((0, 60, 120),))
    ),
}

RULES = DialRules(global_dnd_threshold=2, budgets=BudgetRules(campaign_usd=5, day_usd=9))


async def test_every_decision_comes_out_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Permissions, waits and refusals of a campaign: each is the same, page after page."""
    monkeypatch.setattr(decision_replay, "_AT_ONCE", 2)
    gate = PolicyDialGate(RULES)
    numbers = [f"+121255501{last:02}" for last in range(8)]
    async with world.database.transaction() as tx:
        await DndList(tx, world.user_id).add(numbers[3], "asked")
    _, tasks = await world.campaign(
        plan_task(phone_number=numbers[0]),
        plan_task(phone_number=numbers[1], time_zone="Asia/Tokyo"),
        plan_task(phone_number=numbers[2], latest=MONDAY_NOON + timedelta(seconds=1)),
        plan_task(phone_number=numbers[3]),
        plan_task(phone_number="+19005550100"),
    )
    for task in await world.claim():
        async with world.database.transaction() as tx:
            await gate.check(tx, task, new_call_id())
    replay = await replay_decisions(world.database)
    assert (replay.decisions, replay.differences) == (len(tasks), ())


@pytest.mark.parametrize("rule_id", OF_EACH_RULE)
async def test_a_decision_of_each_rule_comes_out_the_same(world: World, rule_id: str) -> None:
    """Every rule has facts that it decides; stored and decided again it is the same one."""
    facts = OF_EACH_RULE[rule_id]
    decision = decide(facts, MONDAY_NOON)
    assert decision.rule_id == rule_id
    async with world.database.transaction() as tx:
        await DialDecisions(tx, world.user_id).store(row_of(decision, facts, MONDAY_NOON))
    replay = await replay_decisions(world.database)
    assert (replay.decisions, replay.differences) == (1, ())


def test_no_documented_rule_is_left_out() -> None:
    """The rules of the table in the documentation are those that are decided again here."""
    table = [line for line in _DOCUMENTED.read_text().splitlines() if line.startswith("| `")]
    named = {
        rule
        for line in table
        for rule in re.findall(r"`([a-z_]+\.[a-z0-9_]+)`", line.split("|")[1])
    }
    assert named == set(OF_EACH_RULE) - {"allowed"}


async def test_a_changed_row_is_found(world: World) -> None:
    """A row that somebody altered is told by its id."""
    columns = {
        "decided_at": MONDAY_NOON, "verdict": "dial", "rule_id": "allowed", "until": None,
        "inputs": {"phone_number": "911"}, "policy_version": "1",
    }  # fmt: skip
    async with world.database.transaction() as tx:
        row = await DialDecisions(tx, world.user_id).store(columns)
    [found] = (await replay_decisions(world.database)).differences
    assert (found.decision_id, found.now) == (row.id, "refuse (number.emergency)")
