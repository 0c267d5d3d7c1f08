"""The policy over rows: what it decides is written, with its reason."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from opendeep.common.data_models import CallCause, CallStatus, CampaignStatus, TaskStatus
from opendeep.common.errors import ConflictError
from opendeep.common.ids import new_call_id
from opendeep.database.models import DialDecision, Task
from opendeep.database.repositories import (
    AuditLog,
    Calls,
    Campaigns,
    DialDecisions,
    DndList,
    SystemDecisions,
    Tasks,
)
from opendeep.task_manager.decision_replay import replay_decisions
from opendeep.task_manager.dial_gate import DialRules, PolicyDialGate
from opendeep.task_manager.dial_inputs import BudgetRules
from tests.unit.task_manager.conftest import MONDAY_NOON, NUMBER, World, plan_task

GATE = PolicyDialGate(DialRules())


@pytest.fixture(autouse=True)
async def every_stored_decision_comes_out_the_same(world: World) -> AsyncIterator[None]:
    """Decide again, after each test, whatever it stored."""
    yield
    assert (await replay_decisions(world.database)).differences == ()


async def judge(world: World, gate: PolicyDialGate = GATE) -> str | None:
    """Claim the one due task and judge it."""
    [task] = await world.claim()
    async with world.database.transaction() as tx:
        return await gate.check(tx, task)


async def test_dial(world: World) -> None:
    """A task that may be dialled stays queued."""
    task = await world.task()
    assert await judge(world) is None
    assert (await world.get(task)).status is TaskStatus.QUEUED_FOR_CALL


async def test_wait(world: World) -> None:
    """A task outside the hours is scheduled for the opening; the reason is shown."""
    task = await world.task(time_zone="Asia/Tokyo")
    reason = await judge(world)
    changed = await world.get(task)
    assert changed.status is TaskStatus.RETRY_SCHEDULED
    assert changed.next_action_time == MONDAY_NOON + timedelta(hours=7)
    assert changed.status_reason == reason
    assert changed.claimed_by is None


async def test_refused(world: World) -> None:
    """A number that is never dialled puts the task on hold, without a time."""
    task = await world.task(phone_number="+19005550100")
    reason = await judge(world)
    changed = await world.get(task)
    assert (changed.status, changed.next_action_time) == (TaskStatus.ON_HOLD, None)
    assert changed.status_reason == reason


async def test_users_own_list(world: World) -> None:
    """A number on the user's list cancels the task."""
    task = await world.task()
    async with world.database.transaction() as tx:
        await DndList(tx, world.user_id).add(NUMBER, "asked")
    assert await judge(world)
    assert (await world.get(task)).status is TaskStatus.CANCELLED_DND


async def test_campaign_of_somebody_else(world: World) -> None:
    """A task written by hand under another user's campaign is held, and the round goes on."""
    task = await world.task()
    campaign, _ = await world.campaign(user_id=await world.user("bob"))
    async with world.database.transaction() as tx:
        claimed = await Tasks(tx, world.user_id).change(
            task.id, expected={TaskStatus.PENDING}, status=TaskStatus.QUEUED_FOR_CALL
        )
        strayed = claimed.model_copy(update={"campaign_id": campaign.id})
        reason = await GATE.check(tx, strayed)
    changed = await world.get(task)
    assert (changed.status, changed.status_reason) == (TaskStatus.ON_HOLD, reason)


@pytest.mark.parametrize(
    ("threshold", "status"),
    [
        (None, TaskStatus.QUEUED_FOR_CALL),
        (3, TaskStatus.QUEUED_FOR_CALL),
        (2, TaskStatus.CANCELLED_DND),
    ],
)
async def test_other_accounts_lists(
    world: World, threshold: int | None, status: TaskStatus
) -> None:
    """Other accounts' lists count from the threshold on, and only where there is one."""
    task = await world.task()
    for name in ("bob", "eve"):
        other = await world.user(name)
        async with world.database.transaction() as tx:
            await DndList(tx, other).add(NUMBER, "asked")
    await judge(world, PolicyDialGate(DialRules(global_dnd_threshold=threshold)))
    assert (await world.get(task)).status is status


async def test_paused_after_the_claim(world: World) -> None:
    """A claimed task of a campaign that was paused is left to be given back."""
    campaign, [task] = await world.campaign(plan_task())
    [claimed] = await world.claim()
    async with world.database.transaction() as tx:
        await Campaigns(tx, world.user_id).set_status(campaign.id, CampaignStatus.PAUSED)
        assert await GATE.check(tx, claimed) == "The campaign is paused."
    assert (await world.get(task)).status is TaskStatus.QUEUED_FOR_CALL


async def test_task_without_a_campaign(world: World) -> None:
    """A task by itself is judged by its number alone."""
    async with world.database.transaction() as tx:
        await Tasks(tx, world.user_id).create(None, plan_task())
    assert await judge(world) is None


async def decisions(world: World, task: Task) -> list[DialDecision]:
    """Read what was stored about a task."""
    async with world.database.transaction() as tx:
        return await DialDecisions(tx, world.user_id).of_task(task.id)


async def again(world: World, task: Task, gate: PolicyDialGate = GATE) -> str | None:
    """Let the task be due again, and judge it."""
    await world.put(task, TaskStatus.PENDING, next_action_time=world.clock.now())
    return await judge(world, gate)


async def test_a_waiting_task_is_stored_once(world: World) -> None:
    """The same word at every look is one row; another rule's word is another row."""
    task = await world.task(time_zone="Asia/Tokyo")
    for _ in range(3):
        assert await again(world, task)
    [stored] = await decisions(world, task)
    assert (stored.verdict, stored.rule_id, stored.call_id) == ("wait", "hours.closed", None)
    assert stored.until == MONDAY_NOON + timedelta(hours=7)
    await world.put(task, TaskStatus.QUEUED_FOR_CALL, max_attempts=1, current_attempt_count=1)
    async with world.database.transaction() as tx:
        assert await GATE.check(tx, await Tasks(tx, world.user_id).get(task.id))
    assert [row.rule_id for row in await decisions(world, task)] == [
        "hours.closed",
        "attempts.used_up",
    ]


async def test_a_permission_is_stored_with_its_attempt(world: World) -> None:
    """Before the reservation a permission is a guess and not stored; in it, it is."""
    task = await world.task()
    assert await judge(world) is None
    assert await decisions(world, task) == []
    call_id = new_call_id()
    async with world.database.transaction() as tx:
        claimed = await Tasks(tx, world.user_id).get(task.id)
        assert await GATE.check(tx, claimed, call_id) is None
        await Calls(tx, world.user_id).create_attempt(claimed, call_id)
    [stored] = await decisions(world, task)
    assert (stored.verdict, stored.rule_id, stored.call_id) == ("dial", "allowed", call_id)
    assert stored.inputs["phone_number"] == NUMBER


async def test_a_rolled_back_reservation_leaves_no_decision(world: World) -> None:
    """A decision is part of the transaction that acts on it."""
    task = await world.task()
    [claimed] = await world.claim()

    async def lose_the_slot() -> None:
        async with world.database.transaction() as tx:
            assert await GATE.check(tx, claimed, new_call_id()) is None
            raise ConflictError("The slot is gone.")

    with pytest.raises(ConflictError):
        await lose_the_slot()
    assert await decisions(world, task) == []


@pytest.mark.parametrize(
    ("cause", "waits"),
    [
        (CallCause.BUSY, [None, None, "frequency.24h"]),
        # Eight hours after noon the day is over.
        (CallCause.CALLEE_HUNG_UP, ["hours.closed"]),
    ],
)
async def test_caps_leave_a_task_its_retries(
    world: World, cause: CallCause, waits: list[str | None]
) -> None:
    """Three unanswered attempts fit in a day; an answered one makes the next wait 8 hours."""
    task = await world.task(max_attempts=9)
    for expected in waits:
        call = await world.call(task)
        if cause is CallCause.CALLEE_HUNG_UP:
            async with world.database.transaction() as tx:
                live = set(CallStatus)
                await Calls(tx, world.user_id).change(call.id, expected=live, answered_at=tx.now())
        await world.end(call, cause)
        reason = await again(world, task)
        stored = await decisions(world, task)
        assert (stored[-1].rule_id if reason else None) == expected


async def test_hours_off_means_caps_off(world: World) -> None:
    """On the practice exchange a number may be called as often as one likes."""
    task = await world.task(max_attempts=9)
    off = PolicyDialGate(DialRules(enforce_hours=False))
    for _ in range(5):
        await world.end(await world.call(task))
        assert await again(world, task, off) is None


async def test_nothing_is_dialled_before_the_last_call_was_read(world: World) -> None:
    """Also without hours, an answered call's number waits until the call is analysed."""
    first, second = await world.task(), await world.task(goal="something else")
    call = await world.call(first)
    async with world.database.transaction() as tx:
        calls = Calls(tx, world.user_id)
        await calls.change(call.id, expected=set(CallStatus), answered_at=tx.now())
    await world.end(call, CallCause.CALLEE_HUNG_UP)
    off = PolicyDialGate(DialRules(enforce_hours=False))
    assert await again(world, second, off)
    waits = await world.get(second)
    assert waits.status is TaskStatus.RETRY_SCHEDULED
    assert waits.next_action_time == MONDAY_NOON + timedelta(seconds=15)
    async with world.database.transaction() as tx:
        await Calls(tx, world.user_id).save_analysis(call.id, {})
    assert await again(world, second, off) is None


async def test_calls_of_everybody(world: World) -> None:
    """Where accounts are people, ten attempts of all of them in a day are enough."""
    task = await world.task()
    for name in range(10):
        other = await world.user(f"user{name}")
        _, [theirs] = await world.campaign(plan_task(), user_id=other)
        await world.end(await world.call(theirs), CallCause.NO_ANSWER)
    assert await again(world, task) is None
    assert await again(world, task, PolicyDialGate(DialRules(global_dnd_threshold=3)))
    [*_, stored] = await decisions(world, task)
    assert stored.rule_id == "frequency.everybody"
    assert stored.inputs["recent"]["everybody"] == 10


async def test_numbers_that_begin_alike_pause_the_campaign(world: World) -> None:
    """Fifty calls within a minute to numbers of one exchange stop their campaign, with an audit."""
    for place in range(50):
        await world.call(await world.task(phone_number=f"+121255501{place:02}", goal=f"g{place}"))
    campaign, [task] = await world.campaign(plan_task(phone_number="+12125550199"))
    assert "begin alike" in str(await again(world, task))
    async with world.database.transaction() as tx:
        paused = await Campaigns(tx, world.user_id).get(campaign.id)
        [entry] = await AuditLog(tx, world.user_id).of_action("campaign_paused")
    assert paused.status is CampaignStatus.PAUSED
    assert entry.detail["rule_id"] == "velocity.prefix"


@pytest.mark.parametrize(
    ("budgets", "rule"),
    [
        (BudgetRules(campaign_usd=1.2), "budget.campaign"),
        (BudgetRules(user_day_usd=1.2), "budget.user_day"),
        (BudgetRules(day_usd=1.2), "budget.day"),
        (BudgetRules(campaign_usd=2, user_day_usd=2, day_usd=2), None),
        (BudgetRules(campaign_usd=1.2, estimate_usd=0.1), None),
    ],
)
async def test_money(world: World, budgets: BudgetRules, rule: str | None) -> None:
    """What calls have cost keeps the next one from being made, by each of the three limits."""
    _, [first, second] = await world.campaign(plan_task(), plan_task(phone_number="+12125550101"))
    call = await world.end(await world.call(first))
    async with world.database.transaction() as tx:
        await Calls(tx, world.user_id).add_cost(call.id, 1.0)
    reason = await again(world, second, PolicyDialGate(DialRules(budgets=budgets)))
    stored = await decisions(world, second)
    assert (stored[-1].rule_id if reason else None) == rule


async def test_handing_over_is_stored_too(world: World) -> None:
    """The judgement of a number that a callee is handed over to is kept, without a task."""
    async with world.database.transaction() as tx:
        assert await GATE.check_number(tx, world.user_id, NUMBER) is None
        assert await GATE.check_number(tx, world.user_id, "+19005550100")
        stored = await SystemDecisions(tx).after(0, 10)
    assert [(row.task_id, row.rule_id) for row in stored] == [
        (None, "allowed"),
        (None, "number.premium"),
    ]


async def test_an_opt_out_at_any_point_stops_the_dial(world: World) -> None:
    """Listed before the claim, after it, or before the reservation: the number is not dialled."""
    for point in ("planned", "claimed", "queued"):
        task = await world.task(phone_number=NUMBER)

        async def opt_out() -> None:
            async with world.database.transaction() as tx:
                await DndList(tx, world.user_id).add(NUMBER, "asked")

        if point == "planned":
            await opt_out()
        [claimed] = await world.claim()
        if point == "claimed":
            await opt_out()
        async with world.database.transaction() as tx:
            refused = await GATE.check(tx, claimed)
        if point == "queued":
            assert refused is None
            await opt_out()
            async with world.database.transaction() as tx:
                refused = await GATE.check(tx, claimed, new_call_id())
        assert refused, point
        assert (await world.get(task)).status is TaskStatus.CANCELLED_DND
        assert [row.rule_id for row in await decisions(world, task)] == ["dnd.user"]
        async with world.database.transaction() as tx:
            await DndList(tx, world.user_id).remove(NUMBER)
