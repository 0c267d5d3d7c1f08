"""Before a plan is confirmed, its user sees what it would do; nothing of that is stored."""

from datetime import timedelta

import pytest

from opendeep.common.data_models import PlanTask
from opendeep.common.ids import UserId
from opendeep.database.repositories import DndList, SystemDecisions
from opendeep.database.transaction import Transaction
from opendeep.task_manager import plan_preview
from opendeep.task_manager.dial_facts import DialFacts
from opendeep.task_manager.dial_inputs import BudgetRules, DialRules, facts_of_plan
from opendeep.task_manager.plan_preview import CALL_TAKES, Pace, PlanPreview
from tests.unit.task_manager.conftest import MONDAY_NOON, World, campaign_plan, plan_task

PACE = Pace(calls_at_once=2, calls_per_second=1)
RULES = DialRules(budgets=BudgetRules(estimate_usd=0.5))


async def test_who_is_called_when_and_who_is_not(world: World) -> None:
    """Slots, hours, lists and earliest times decide as they would before the call."""
    listed = "+12125550109"
    async with world.database.transaction() as tx:
        await DndList(tx, world.user_id).add(listed, "asked")
    later = MONDAY_NOON + timedelta(hours=2)
    plan = campaign_plan(
        *[plan_task(phone_number=f"+1212555010{n}", priority=9 - n) for n in range(3)],
        plan_task(phone_number=listed),
        plan_task(phone_number="+12125550108", time_zone="Asia/Dhaka"),
        plan_task(phone_number="+12125550107", earliest=later, max_attempts=1),
    )
    preview = await PlanPreview(world.database, RULES, PACE).run(world.user_id, plan)
    now = preview.first_at
    verdicts = [(call.verdict, call.rule_id) for call in preview.calls]
    assert verdicts[3:] == [
        ("refuse", "dnd.user"),
        ("refuse", "hours.no_common_window"),
        ("wait", "window.earliest"),
    ]
    assert [call.verdict for call in preview.calls[:3]] == ["dial"] * 3
    starts = [call.at - now for call in preview.calls[:3] if call.at and now]
    assert starts == [CALL_TAKES, timedelta(seconds=1), timedelta()]
    assert preview.calls[5].at == later
    assert preview.ends_at == later + CALL_TAKES
    assert (preview.cost_usd, preview.cost_at_most_usd) == (2.0, 5.0)
    async with world.database.transaction() as tx:
        assert await SystemDecisions(tx).after(0, 10) == []


async def test_a_large_plan_lets_others_write(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plan of many tasks is read in parts, since a transaction keeps others from writing."""
    plan = campaign_plan(*[plan_task(phone_number=f"+121255501{n:02d}") for n in range(100)])
    held: list[Transaction] = []

    async def read(tx: Transaction, rules: DialRules, user_id: UserId, task: PlanTask) -> DialFacts:
        held.append(tx)
        return await facts_of_plan(tx, rules, user_id, task)

    monkeypatch.setattr(plan_preview, "facts_of_plan", read)
    preview = await PlanPreview(world.database, RULES, PACE).run(world.user_id, plan)
    assert len(preview.calls) == 100
    assert max(held.count(tx) for tx in held) <= 50


async def test_a_plan_of_nobody_to_call_has_no_end(world: World) -> None:
    """Where every call is left out there is no first time and no cost."""
    plan = campaign_plan(plan_task(time_zone="Asia/Dhaka"))
    preview = await PlanPreview(world.database, RULES, PACE).run(world.user_id, plan)
    assert (preview.first_at, preview.ends_at, preview.cost_usd) == (None, None, 0)
