"""A confirmed plan becomes one campaign, in one transaction, once."""

import pytest

from opendeep.common import messages
from opendeep.common.data_models import CampaignStatus, TaskStatus
from opendeep.common.errors import ConflictError, NotFoundError, PlanInvalidError
from opendeep.common.ids import ChatSessionId
from opendeep.common.messages import Wakeup
from opendeep.database.repositories import Campaigns, ChatSessions, IdempotencyKeys, Tasks
from opendeep.task_manager.orchestrator_svc import OrchestratorService, plan_hash
from tests.unit.task_manager.conftest import World, campaign_plan, plan_task


async def test_rows_of_a_plan(world: World) -> None:
    """The campaign and its tasks hold the plan, and the scheduler is woken."""
    orchestrator = OrchestratorService(world.database)
    plan = campaign_plan(plan_task(), plan_task(goal="Ask the price"), language="de", voice="cedar")
    async with world.bus.subscribe(messages.WAKEUPS) as wakeups:
        executed = await orchestrator.execute_plan(world.user_id, plan, idempotency_key="k")
        assert await wakeups.get() == Wakeup(work="due_tasks")
    assert executed.created
    async with world.database.transaction() as tx:
        campaign = await Campaigns(tx, world.user_id).get(executed.campaign_id)
        assert campaign.status is CampaignStatus.ACTIVE
        assert await Campaigns(tx, world.user_id).plan(campaign.id) == plan
        tasks = (await Tasks(tx, world.user_id).list(campaign_id=campaign.id)).items
    assert tuple(task.id for task in tasks) == executed.task_ids
    assert [task.goal for task in tasks] == ["Book a dental cleaning", "Ask the price"]
    assert {(task.status, task.language, task.voice) for task in tasks} == {
        (TaskStatus.PENDING, "de", "cedar")
    }


async def test_the_same_key_again(world: World) -> None:
    """The same key with the same plan gives the same ids, also for hundreds of tasks."""
    orchestrator = OrchestratorService(world.database)
    plan = campaign_plan(*[plan_task(goal=f"Goal {number}") for number in range(205)])
    first = await orchestrator.execute_plan(world.user_id, plan, idempotency_key="k")
    again = await orchestrator.execute_plan(world.user_id, plan, idempotency_key="k")
    assert not again.created
    assert (again.campaign_id, again.task_ids) == (first.campaign_id, first.task_ids)


async def test_the_same_key_with_another_plan(world: World) -> None:
    """A key that was used with another plan is a conflict."""
    orchestrator = OrchestratorService(world.database)
    await orchestrator.execute_plan(world.user_id, campaign_plan(), idempotency_key="k")
    with pytest.raises(ConflictError, match="another plan"):
        await orchestrator.execute_plan(
            world.user_id, campaign_plan(title="Other"), idempotency_key="k"
        )


async def test_without_a_key(world: World) -> None:
    """Without a key the plan within its chat session is the key."""
    orchestrator = OrchestratorService(world.database)
    async with world.database.transaction() as tx:
        session = await ChatSessions(tx, world.user_id).create()
    plan = campaign_plan()
    first = await orchestrator.execute_plan(world.user_id, plan)
    assert not (await orchestrator.execute_plan(world.user_id, plan)).created
    inside = await orchestrator.execute_plan(world.user_id, plan, session_id=session.id)
    assert inside.created
    assert inside.campaign_id != first.campaign_id


async def test_keys_belong_to_their_user(world: World) -> None:
    """Two users may use the same key."""
    orchestrator = OrchestratorService(world.database)
    other = await world.user("bob")
    mine = await orchestrator.execute_plan(world.user_id, campaign_plan(), idempotency_key="k")
    theirs = await orchestrator.execute_plan(other, campaign_plan(), idempotency_key="k")
    assert theirs.created
    assert theirs.campaign_id != mine.campaign_id


async def test_a_foreign_session(world: World) -> None:
    """A session of somebody else makes nothing."""
    orchestrator = OrchestratorService(world.database)
    with pytest.raises(NotFoundError):
        await orchestrator.execute_plan(
            world.user_id, campaign_plan(), session_id=ChatSessionId("foreign")
        )
    async with world.database.transaction() as tx:
        assert (await Campaigns(tx, world.user_id).list()).items == []


async def test_an_invalid_plan_makes_nothing(world: World) -> None:
    """A plan with faults is refused whole."""
    orchestrator = OrchestratorService(world.database)
    plan = campaign_plan(plan_task(), plan_task(phone_number="911"))
    with pytest.raises(PlanInvalidError):
        await orchestrator.execute_plan(world.user_id, plan)
    async with world.database.transaction() as tx:
        assert (await Campaigns(tx, world.user_id).list()).items == []


async def test_a_confirmation_at_the_same_moment(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who loses the race for a key gets the winner's campaign."""
    orchestrator = OrchestratorService(world.database)
    plan = campaign_plan()
    winner = await orchestrator.execute_plan(world.user_id, plan, idempotency_key="k")
    find = IdempotencyKeys.find
    blind = [True]

    async def find_late(self: IdempotencyKeys, key: str) -> object:
        return None if blind and blind.pop() else await find(self, key)

    monkeypatch.setattr(IdempotencyKeys, "find", find_late)
    loser = await orchestrator.execute_plan(world.user_id, plan, idempotency_key="k")
    assert (loser.created, loser.campaign_id) == (False, winner.campaign_id)


async def test_a_race_that_nobody_won(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the winner rolled back, the user is asked to try again."""

    async def taken(*_arguments: object) -> None:
        raise ConflictError("Used.", code="idempotency_key_used")

    monkeypatch.setattr(IdempotencyKeys, "store", taken)
    with pytest.raises(ConflictError, match="try again"):
        await OrchestratorService(world.database).execute_plan(world.user_id, campaign_plan())


def test_hash_of_a_plan() -> None:
    """Equal plans have equal hashes, and any difference shows."""
    assert plan_hash(campaign_plan()) == plan_hash(campaign_plan())
    assert plan_hash(campaign_plan()) != plan_hash(campaign_plan(voice="cedar"))


@pytest.mark.parametrize(("countries", "code"), [("", "toll_fraud"), ("US", "country")])
async def test_a_country_that_is_not_called(world: World, countries: str, code: str) -> None:
    """The installation's countries bind the plan, and naming the country lets it pass."""
    plan = campaign_plan(plan_task(phone_number="+18762345678"))
    with pytest.raises(PlanInvalidError) as caught:
        await OrchestratorService(
            world.database, countries=frozenset(countries.split())
        ).execute_plan(world.user_id, plan)
    assert [fault.code for fault in caught.value.faults] == [code]
    allowed = OrchestratorService(world.database, countries=frozenset({"JM"}))
    assert (await allowed.execute_plan(world.user_id, plan)).created
