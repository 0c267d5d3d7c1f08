"""All stored decisions, decided again."""

from datetime import timedelta

import pytest

from opendeep.common.ids import new_call_id
from opendeep.database.repositories import DialDecisions, DndList
from opendeep.task_manager import decision_replay
from opendeep.task_manager.decision_replay import replay_decisions
from opendeep.task_manager.dial_gate import DialRules, PolicyDialGate
from opendeep.task_manager.dial_inputs import BudgetRules
from tests.unit.task_manager.conftest import MONDAY_NOON, World, plan_task

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
