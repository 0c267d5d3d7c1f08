"""Questions to the user: asked, answered once, expired; in virtual time."""

import asyncio

import pytest

from opendeep.common import messages
from opendeep.common.data_models import FeedbackKind, FeedbackStatus, TaskStatus
from opendeep.common.errors import ConflictError, InvalidInputError, NotFoundError
from opendeep.common.ids import FeedbackId
from opendeep.common.lifecycle import Nursery
from opendeep.common.messages import GiveAnswer
from opendeep.database.models import Call, FeedbackRequest, Task
from opendeep.database.repositories import FeedbackRequests
from opendeep.task_manager.feedback_manager_svc import FeedbackConfig, FeedbackManagerService
from tests.unit.task_manager.conftest import World, plan_task


def manager(world: World) -> FeedbackManagerService:
    """Make a manager that gives the user 60 s."""
    return FeedbackManagerService(world.database, world.bus, world.clock, FeedbackConfig())


async def ask(
    service: FeedbackManagerService, call: Call, tool_call_id: str = "t1"
) -> FeedbackRequest:
    """Ask from a live call."""
    return await service.ask(
        call.user_id,
        task_id=call.task_id,
        call_id=call.id,
        tool_call_id=tool_call_id,
        question="Is Friday fine?",
        options=["yes", "no"],
    )


async def check_in(world: World, task: Task) -> FeedbackRequest:
    """Let a task wait for the user."""
    await world.put(task, TaskStatus.AWAITING_USER)
    async with world.database.transaction() as tx:
        return await FeedbackRequests(tx, task.user_id).create(
            kind=FeedbackKind.CHECK_IN, task_id=task.id, question="Which number?"
        )


async def test_answer_reaches_the_live_call(world: World) -> None:
    """The user's words go into the conversation, and the question is closed."""
    service = manager(world)
    call = await world.call(await world.task())
    asked = await ask(service, call)
    async with world.listener(messages.voice_commands(call.id)) as heard:
        await service.answer(world.user_id, asked.id, "  yes ")
    assert heard == [GiveAnswer(tool_call_id="t1", answer="yes")]
    with pytest.raises(ConflictError):
        await service.answer(world.user_id, asked.id, "no")


async def test_asking_again_is_the_same_question(world: World) -> None:
    """One tool call asks once; another question must wait; a call asks five at most."""
    service = manager(world)
    call = await world.call(await world.task())
    asked = await ask(service, call)
    assert (await ask(service, call)).id == asked.id
    with pytest.raises(ConflictError, match="waiting"):
        await ask(service, call, "t2")
    for number in range(2, 6):
        await service.answer(world.user_id, asked.id, "yes")
        asked = await ask(service, call, f"t{number}")
    await service.answer(world.user_id, asked.id, "yes")
    with pytest.raises(ConflictError, match="five"):
        await ask(service, call, "t6")


async def test_time_runs_out(world: World) -> None:
    """At the deadline the call hears that no answer came, and a later answer is refused."""
    service = manager(world)
    task = await world.task()
    call = await world.call(task)
    asked = await ask(service, call)
    async with (
        world.listener(messages.voice_commands(call.id)) as heard,
        Nursery("test") as nursery,
    ):
        running = nursery.start(service.run(), name="feedback")
        await asyncio.sleep(59)
        assert heard == []
        await asyncio.sleep(2)
        assert heard == [GiveAnswer(tool_call_id="t1", answer=None)]
        service.stop()
        await running
    with pytest.raises(ConflictError):
        await service.answer(world.user_id, asked.id, "yes")
    [question] = await world.questions(task)
    assert question.status is FeedbackStatus.EXPIRED


async def test_too_late_before_the_loop_noticed(world: World) -> None:
    """An answer after the deadline is refused and closes the question, loop or not."""
    service = manager(world)
    call = await world.call(await world.task())
    asked = await ask(service, call)
    await asyncio.sleep(60)
    async with world.listener(messages.voice_commands(call.id)) as heard:
        with pytest.raises(ConflictError, match="over"):
            await service.answer(world.user_id, asked.id, "yes")
    assert heard == [GiveAnswer(tool_call_id="t1", answer=None)]
    assert await service.expire_due() == 0


async def test_call_is_over(world: World) -> None:
    """A question whose call has ended cannot be answered any more."""
    service = manager(world)
    call = await world.call(await world.task())
    asked = await ask(service, call)
    await world.end(call)
    with pytest.raises(ConflictError, match="over"):
        await service.answer(world.user_id, asked.id, "yes")


async def test_answer_in_the_moment_of_expiry(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the answer came first, the time-out leaves it alone."""
    service = manager(world)
    call = await world.call(await world.task())
    await ask(service, call)
    await asyncio.sleep(61)

    async def too_slow(*_arguments: object) -> None:
        raise ConflictError("Answered already.")

    monkeypatch.setattr(FeedbackRequests, "expire", too_slow)
    async with world.listener(messages.voice_commands(call.id)) as heard:
        assert await service.expire_due() == 1
    assert heard == []


@pytest.mark.parametrize("answer", ["", "   ", "x" * 1001])
async def test_unusable_answers(world: World, answer: str) -> None:
    """An empty or endless answer is refused before anything is looked up."""
    with pytest.raises(InvalidInputError):
        await manager(world).answer(world.user_id, FeedbackId(1), answer)


async def test_somebody_elses_question(world: World) -> None:
    """Another user's question does not exist."""
    service = manager(world)
    asked = await ask(service, await world.call(await world.task()))
    with pytest.raises(NotFoundError):
        await service.answer(await world.user("bob"), asked.id, "yes")


async def test_check_in_with_a_new_number(world: World) -> None:
    """A new number replaces the old one, with the answer as its source, and the task is due."""
    task = await world.task()
    asked = await check_in(world, task)
    await manager(world).answer(world.user_id, asked.id, "It is +1 303 555 0107")
    moved = await world.get(task)
    assert moved.status is TaskStatus.PENDING
    assert moved.phone_number == "+13035550107"
    assert moved.next_action_time == world.clock.now()
    assert [(source.field, source.from_, source.reference) for source in moved.sources] == [
        ("phone_number", "user", "It is +1 303 555 0107")
    ]


async def test_check_in_with_a_refused_number(world: World) -> None:
    """A number that must not be called leaves the question open."""
    task = await world.task()
    asked = await check_in(world, task)
    with pytest.raises(InvalidInputError):
        await manager(world).answer(world.user_id, asked.id, "+1 900 555 0100")
    assert (await world.get(task)).status is TaskStatus.AWAITING_USER
    assert (await world.questions(task))[0].status is FeedbackStatus.PENDING


async def test_check_in_that_cancels(world: World) -> None:
    """A user who gives up cancels the task."""
    task = await world.task()
    asked = await check_in(world, task)
    await manager(world).answer(world.user_id, asked.id, "stop")
    moved = await world.get(task)
    assert (moved.status, moved.next_action_time) == (TaskStatus.CANCELLED, None)


async def test_check_in_gives_another_attempt(world: World) -> None:
    """A task without attempts left gets one more, and the answer is in its memory."""
    task = await world.task(max_attempts=1)
    await world.put(task, TaskStatus.PENDING, current_attempt_count=1)
    asked = await check_in(world, task)
    await manager(world).answer(world.user_id, asked.id, "Ask for Maria")
    moved = await world.get(task)
    assert moved.max_attempts == 2
    assert moved.inter_call_context["user_answers"] == [
        {"question": "Which number?", "answer": "Ask for Maria"}
    ]


async def test_check_in_of_a_task_that_moved_on(world: World) -> None:
    """An answer to a task that does not wait any more is stored and moves nothing."""
    task = await world.task()
    asked = await check_in(world, task)
    await world.put(task, TaskStatus.ON_HOLD)
    await manager(world).answer(world.user_id, asked.id, "go on")
    assert (await world.get(task)).status is TaskStatus.ON_HOLD


async def test_expired_check_in_tells_nobody(world: World) -> None:
    """A check-in with a deadline expires without a call to tell."""
    task = await world.task()
    async with world.database.transaction() as tx:
        await FeedbackRequests(tx, task.user_id).create(
            kind=FeedbackKind.CHECK_IN,
            task_id=task.id,
            question="?",
            expires_at=world.clock.now(),
        )
    assert await manager(world).expire_due() == 1


async def test_a_number_that_was_another_of_the_contact_s(world: World) -> None:
    """The user's number is dialled next and stands no second time among the others."""
    first, second = "+13035550107", "+13035550108"
    _, [task] = await world.campaign(plan_task(alternative_numbers=[first, second]))
    asked = await check_in(world, task)
    await manager(world).answer(task.user_id, asked.id, f"It is {first}")
    moved = await world.get(task)
    assert (moved.phone_number, moved.alternative_numbers) == (first, [second])
