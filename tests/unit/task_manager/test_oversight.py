"""The overseer with rows: what it does, what it leaves alone, and how it is undone."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from opendeep.common.data_models import CallCause, CampaignStatus, FeedbackStatus, TaskStatus
from opendeep.common.errors import ConflictError, ModelUnavailableError, NotFoundError
from opendeep.common.ids import UserId
from opendeep.database.models import Call, Task, TaskAction
from opendeep.database.repositories import (
    Calls,
    Campaigns,
    FeedbackRequests,
    ModelUsage,
    TaskActionLog,
    Tasks,
)
from opendeep.llm_integrations.testing import ScriptedTextModel, Step
from opendeep.llm_integrations.text_model import UserMessage
from opendeep.task_manager.oversight import PURPOSE, Oversight, OversightConfig
from opendeep.task_manager.oversight_acts import OversightActions
from opendeep.task_manager.oversight_proposal import (
    LearnedFact,
    OversightProposal,
    ProposedAction,
    ProposedTask,
)
from tests.unit.task_manager.conftest import World

PARTIAL: dict[str, Any] = {
    "verdict": "partial",
    "summary": "Call again.",
    "agreed": {},
    "promises": [{"what": "ask the doctor", "due": None}],
    "evidence": [{"claim": "c", "quote": "q", "seq": 1, "start_ms": 0}],
}


def overseer(world: World, *steps: Step, **config: Any) -> tuple[Oversight, ScriptedTextModel]:
    """Make an overseer with a scripted model."""
    model = ScriptedTextModel(steps)
    return Oversight(world.database, world.clock, model, OversightConfig(**config)), model


def proposing(task: Task, **fields: Any) -> OversightProposal:
    """Make the model's answer with one action."""
    return OversightProposal(
        actions=[ProposedAction.model_validate({"task_id": task.id, "reason": "Why.", **fields})]
    )


async def called(
    world: World, task: Task, analysis: dict[str, Any] | None = None, **columns: Any
) -> Task:
    """Let a task have had a call that was judged; it is to be called again tomorrow."""
    call = await world.end(await world.call(task), CallCause.COMPLETED)
    async with world.database.transaction() as tx:
        await Calls(tx, task.user_id).save_analysis(call.id, analysis or PARTIAL)
    tomorrow = world.clock.now() + timedelta(days=1)
    values = {"next_action_time": tomorrow, **columns}
    return await world.put(task, TaskStatus.RETRY_SCHEDULED, **values)


async def actions_of(world: World, task: Task) -> list[TaskAction]:
    """Read a task's log, oldest first."""
    async with world.database.transaction() as tx:
        return (await TaskActionLog(tx, task.user_id).list(task.id)).items[::-1]


async def test_the_model_proposes_and_the_log_explains(world: World) -> None:
    """An allowed proposal is carried out once, with its reason and what it replaced."""
    task = await called(world, await world.task())
    service, model = overseer(world, proposing(task, kind="set_priority", priority=3))
    assert await service.oversee(world.user_id) == 1
    found = await world.get(task)
    assert (found.priority, found.nature) == (3, "long_running")
    [action] = await actions_of(world, task)
    assert (action.actor, action.reason) == ("model", "Why.")
    assert (action.before, action.after) == ({"priority": 5}, {"priority": 3})
    assert await service.oversee(world.user_id) == 0
    assert len(model.requests) == 1


async def test_each_prompt_holds_one_user(world: World) -> None:
    """What is asked for one user names nothing of another's tasks."""
    mine = await called(world, await world.task(title="My secret"))
    other = await world.user("bob")
    _, [theirs] = await world.campaign(user_id=other)
    await called(world, theirs)
    service, model = overseer(world, OversightProposal(), OversightProposal())
    await service.oversee(other)
    await service.oversee(world.user_id)
    [[_, to_bob], [_, to_me]] = model.requests
    assert isinstance(to_bob, UserMessage)
    assert isinstance(to_me, UserMessage)
    assert "My secret" in to_me.text
    assert "My secret" not in to_bob.text
    assert f'"task_id":{mine.id}' in to_me.text.replace(" ", "")


async def test_a_proposal_for_another_users_task_is_nothing(world: World) -> None:
    """A model that names a foreign task changes nothing."""
    await called(world, await world.task())
    other = await world.user("bob")
    _, [theirs] = await world.campaign(user_id=other)
    service, _ = overseer(world, proposing(theirs, kind="set_priority", priority=4))
    assert await service.oversee(world.user_id) == 0
    assert (await world.get(theirs)).priority == 5


@pytest.mark.parametrize("failure", [ModelUnavailableError("away"), "junk"])
async def test_the_rules_go_on_without_the_model(world: World, failure: Step) -> None:
    """A model that is down or talks nonsense stops no rule."""
    task = await called(world, await world.task(), max_attempts=1)
    service, _ = overseer(world, failure, failure)
    assert await service.oversee(world.user_id) == 1
    assert (await world.get(task)).phase == 2


async def test_tokens_are_counted_and_end(world: World) -> None:
    """A day's tokens are reserved before, settled after, and the model is not asked beyond them."""
    await called(world, await world.task())
    service, model = overseer(world, OversightProposal(), tokens_per_day=4_000)
    await service.oversee(world.user_id)
    async with world.database.transaction() as tx:
        assert await ModelUsage(tx, world.user_id).used_today(PURPOSE) == 15
    poor, unasked = overseer(world, tokens_per_day=10)
    await poor.oversee(world.user_id)
    none, never = overseer(world, tokens_per_day=0)
    await none.oversee(world.user_id)
    assert [len(one.requests) for one in (model, unasked, never)] == [1, 0, 0]


async def test_what_the_model_does_not_settle_counts_as_used(world: World) -> None:
    """A request that failed costs what was reserved for it: nobody asks a broken model for ever."""
    await called(world, await world.task())
    service, _ = overseer(world, ModelUnavailableError("away"))
    await service.oversee(world.user_id)
    async with world.database.transaction() as tx:
        assert await ModelUsage(tx, world.user_id).used_today(PURPOSE) > 2_000


async def test_a_paused_campaign_is_left_alone(world: World) -> None:
    """Nothing of a campaign that its user paused changes."""
    task = await called(world, await world.task(), max_attempts=1)
    async with world.database.transaction() as tx:
        assert task.campaign_id is not None
        await Campaigns(tx, world.user_id).set_status(task.campaign_id, CampaignStatus.PAUSED)
    service, _ = overseer(world)
    assert await service.oversee(world.user_id) == 0
    assert (await world.get(task)).phase == 1


async def test_a_task_under_analysis_is_left_alone(world: World) -> None:
    """A task whose last call is not judged yet keeps its place, even if it looks forgotten."""
    task = await world.task()
    call: Call = await world.call(task)
    await world.end(call)
    held = await world.put(task, TaskStatus.RETRY_SCHEDULED, max_attempts=1)
    service, _ = overseer(world)
    assert await service.oversee(world.user_id) == 0
    assert await world.get(task) == held


async def test_whoever_claims_first_wins(world: World) -> None:
    """A task that the scheduler takes while the model thinks is not changed."""
    task = await called(world, await world.task())
    service, model = overseer(world, proposing(task, kind="set_priority", priority=3))
    answer = model.chat_with_tools

    async def think(*arguments: Any) -> Any:
        await world.put(task, TaskStatus.RETRY_SCHEDULED, next_action_time=world.clock.now())
        assert len(await world.claim()) == 1
        return await answer(*arguments)

    model.chat_with_tools = think  # type: ignore[method-assign]
    assert await service.oversee(world.user_id) == 0
    found = await world.get(task)
    assert (found.status, found.priority) == (TaskStatus.QUEUED_FOR_CALL, 5)


async def test_an_action_is_undone(world: World) -> None:
    """Undo puts back what the action changed and no more, once."""
    task = await called(world, await world.task())
    later = (world.clock.now() + timedelta(days=3)).isoformat()
    service, _ = overseer(world, proposing(task, kind="hold", at=later))
    await service.oversee(world.user_id)
    assert (await world.get(task)).status is TaskStatus.ON_HOLD
    [action] = await actions_of(world, task)
    undo = OversightActions(world.database).undo
    await undo(world.user_id, action.id)
    found = await world.get(task)
    assert (found.status, found.next_action_time) == (task.status, task.next_action_time)
    with pytest.raises(ConflictError):
        await undo(world.user_id, action.id)


async def test_undo_leaves_what_the_user_changed_since(world: World) -> None:
    """An action that somebody overrode is not undone over their head."""
    task = await called(world, await world.task())
    service, _ = overseer(world, proposing(task, kind="set_priority", priority=4))
    await service.oversee(world.user_id)
    await world.put(task, TaskStatus.RETRY_SCHEDULED, priority=0)
    [action] = await actions_of(world, task)
    with pytest.raises(ConflictError, match="moved on"):
        await OversightActions(world.database).undo(world.user_id, action.id)
    assert (await world.get(task)).priority == 0


async def test_a_check_in_asks_and_undo_takes_it_back(world: World) -> None:
    """A question comes to the inbox; undone, it goes, and the task waits for its time again."""
    task = await called(world, await world.task())
    service, _ = overseer(world, proposing(task, kind="check_in", text="Would Friday do?"))
    await service.oversee(world.user_id)
    assert (await world.get(task)).status is TaskStatus.AWAITING_USER
    async with world.database.transaction() as tx:
        [asked] = (await FeedbackRequests(tx, world.user_id).list()).items
    assert (asked.question, asked.status) == ("Would Friday do?", FeedbackStatus.PENDING)
    [action] = await actions_of(world, task)
    await OversightActions(world.database).undo(world.user_id, action.id)
    async with world.database.transaction() as tx:
        [asked] = (await FeedbackRequests(tx, world.user_id).list()).items
    assert asked.status is FeedbackStatus.CANCELLED
    assert (await world.get(task)).status is TaskStatus.RETRY_SCHEDULED


async def test_undo_of_something_else_leaves_the_question(world: World) -> None:
    """What waits for the user's answer keeps its question when an earlier change is undone."""
    task = await called(world, await world.task())
    service, _ = overseer(
        world,
        proposing(task, kind="set_priority", priority=4),
        proposing(task, kind="check_in", text="Would Friday do?"),
        orient_every_seconds=0,
    )
    await service.oversee(world.user_id)
    await service.oversee(world.user_id)
    [moved, _] = await actions_of(world, task)
    await OversightActions(world.database).undo(world.user_id, moved.id)
    found = await world.get(task)
    assert (found.status, found.priority) == (TaskStatus.AWAITING_USER, 5)
    async with world.database.transaction() as tx:
        [asked] = (await FeedbackRequests(tx, world.user_id).list()).items
    assert asked.status is FeedbackStatus.PENDING


async def test_a_close_is_undone_with_an_attempt(world: World) -> None:
    """A task that was closed can be taken up again, and is due then."""
    silent = {**PARTIAL, "verdict": "unresolved", "promises": []}
    task = await called(world, await world.task(), silent, max_attempts=1)
    service, _ = overseer(world)
    await service.oversee(world.user_id)
    assert (await world.get(task)).status is TaskStatus.UNRESOLVED
    [action] = await actions_of(world, task)
    await OversightActions(world.database).undo(world.user_id, action.id)
    found = await world.get(task)
    assert (found.status, found.max_attempts) == (TaskStatus.RETRY_SCHEDULED, 2)
    assert found.next_action_time == world.clock.now()


async def test_a_close_of_what_waited_for_an_answer_is_undone_to_the_question(world: World) -> None:
    """Its question went with the close: undone, it is put again, and nothing is dialled before."""
    task = await called(world, await world.task())
    service, _ = overseer(world, proposing(task, kind="check_in", text="Friday?"))
    await service.oversee(world.user_id)
    for _ in range(15):
        await asyncio.sleep(timedelta(hours=23).total_seconds())
    await service.oversee(world.user_id)
    assert (await world.get(task)).status is TaskStatus.UNRESOLVED
    [_, closed] = await actions_of(world, task)
    await OversightActions(world.database).undo(world.user_id, closed.id)
    found = await world.get(task)
    assert (found.status, found.next_action_time) == (TaskStatus.AWAITING_USER, None)
    async with world.database.transaction() as tx:
        asked = (await FeedbackRequests(tx, world.user_id).list(task_id=task.id)).items
    assert [(one.question, one.status) for one in asked] == [
        ("Friday?", FeedbackStatus.CANCELLED),
        ("Friday?", FeedbackStatus.PENDING),
    ]


async def test_a_split_waits_for_the_user(world: World) -> None:
    """Parts become tasks to the same number only when the user says so; the whole is cancelled."""
    task = await called(world, await world.task())
    parts = [ProposedTask(title="Ask", goal="Ask."), ProposedTask(title="Book", goal="Book.")]
    service, _ = overseer(world, proposing(task, kind="split", parts=parts))
    await service.oversee(world.user_id)
    [action] = await actions_of(world, task)
    assert action.status == "proposed"
    made = await OversightActions(world.database).accept(world.user_id, action.id)
    async with world.database.transaction() as tx:
        tasks = [await Tasks(tx, world.user_id).get(one) for one in made]
    assert [one.title for one in tasks] == ["Ask", "Book"]
    assert {one.phone_number for one in tasks} == {task.phone_number}
    assert (await world.get(task)).status is TaskStatus.CANCELLED


async def test_a_proposal_is_turned_down(world: World) -> None:
    """What the user does not want is not made, and cannot be made later."""
    task = await called(world, await world.task())
    parts = [ProposedTask(title="Ask", goal="Ask.")]
    service, _ = overseer(world, proposing(task, kind="propose_task", parts=parts))
    await service.oversee(world.user_id)
    [action] = await actions_of(world, task)
    choices = OversightActions(world.database)
    await choices.dismiss(world.user_id, action.id)
    with pytest.raises(ConflictError):
        await choices.accept(world.user_id, action.id)


async def test_a_proposal_that_is_taken_up_late_is_called(world: World) -> None:
    """Its campaign was finished: it goes on, since nothing of a finished one is dialled."""
    task = await called(world, await world.task())
    parts = [ProposedTask(title="Ask", goal="Ask.")]
    service, _ = overseer(world, proposing(task, kind="propose_task", parts=parts))
    await service.oversee(world.user_id)
    await world.put(task, TaskStatus.COMPLETED)
    assert task.campaign_id is not None
    async with world.database.transaction() as tx:
        await Campaigns(tx, world.user_id).set_status(
            task.campaign_id, CampaignStatus.FINISHED, expected={CampaignStatus.ACTIVE}
        )
    [action] = await actions_of(world, task)
    [made] = await OversightActions(world.database).accept(world.user_id, action.id)
    async with world.database.transaction() as tx:
        due = await Tasks(tx, world.user_id).due(now=world.clock.now(), limit=9)
    assert [one.id for one in due] == [made]


async def test_nobody_undoes_anothers_actions(world: World) -> None:
    """Another user's action is not found."""
    task = await called(world, await world.task())
    service, _ = overseer(world, proposing(task, kind="set_priority", priority=4))
    await service.oversee(world.user_id)
    [action] = await actions_of(world, task)
    other: UserId = await world.user("bob")
    with pytest.raises(NotFoundError):
        await OversightActions(world.database).undo(other, action.id)


async def test_facts_are_remembered(world: World) -> None:
    """What a call brought is told to the next one."""
    task = await called(world, await world.task())
    facts = [LearnedFact(name="menu", value="2 is the desk")]
    service, _ = overseer(world, proposing(task, kind="remember", facts=facts))
    await service.oversee(world.user_id)
    assert (await world.get(task)).inter_call_context["facts"] == {"menu": "2 is the desk"}


async def test_a_large_memory_is_made_small(world: World) -> None:
    """A memory that grew too large is compacted without a model."""
    big = {"attempts": [{"summary": "x" * 2_000} for _ in range(10)]}
    task = await world.put(await world.task(), TaskStatus.PENDING, inter_call_context=big)
    service, _ = overseer(world)
    await service.oversee(world.user_id)
    assert len(str((await world.get(task)).inter_call_context)) < 6_500


async def test_a_slow_model_is_not_waited_for(world: World) -> None:
    """A model that does not answer in time costs its tokens and nothing else."""
    await called(world, await world.task())
    service, model = overseer(world, model_seconds=5)

    async def never(*_: object) -> Any:
        await asyncio.Event().wait()

    model.chat_with_tools = never  # type: ignore[method-assign]
    assert await service.oversee(world.user_id) == 0
