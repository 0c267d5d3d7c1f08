"""The policy over rows: what it decides is written, with its reason."""

from datetime import timedelta

import pytest

from opendeep.common.data_models import CampaignStatus, TaskStatus
from opendeep.database.repositories import Campaigns, DndList, Tasks
from opendeep.task_manager.dial_gate import DialRules, PolicyDialGate
from tests.unit.task_manager.conftest import MONDAY_NOON, NUMBER, World, plan_task

GATE = PolicyDialGate(DialRules())


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
