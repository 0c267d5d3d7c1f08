"""The analyzer as a whole, over a database in memory and a scripted model."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from opendeep.common import messages
from opendeep.common.data_models import (
    REVIEW_OPTIONS,
    CallCause,
    CallStatus,
    FeedbackKind,
    NextStep,
    Speaker,
    TaskStatus,
    Verdict,
)
from opendeep.common.errors import ModelUnavailableError
from opendeep.common.ids import CallId
from opendeep.common.lifecycle import Nursery
from opendeep.common.messages import Wakeup, user_events
from opendeep.database.models import Call
from opendeep.database.repositories import Calls, DndList, FeedbackRequests, SystemCalls, Tasks
from opendeep.llm_integrations.testing import ScriptedTextModel, Step
from opendeep.llm_integrations.text_model import ModelMessage, ModelTurn, UserMessage
from opendeep.post_call_analyzer_service.analysis_svc import (
    AnalyzerConfig,
    PostCallAnalyzerService,
)
from opendeep.post_call_analyzer_service.call_record import analysis_messages, load_record
from tests.fixtures.finished_calls import BOOKED, NUMBER, TALK, World, open_world, plan_task

LIE = BOOKED.model_copy(update={"evidence": []})


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """Open the world of one user with one campaign."""
    async with open_world() as opened:
        await opened.campaign()
        yield opened


def analyzer(
    world: World, steps: Sequence[Step] = (), **config: Any
) -> tuple[PostCallAnalyzerService, ScriptedTextModel]:
    """Make an analyzer whose model follows a script."""
    model = ScriptedTextModel(steps)
    service = PostCallAnalyzerService(
        database=world.database,
        bus=world.bus,
        model=model,
        clock=world.clock,
        config=AnalyzerConfig(**config),
    )
    return service, model


async def claim(world: World) -> list[Call]:
    """Claim what waits for analysis, as another process would."""
    async with world.database.transaction() as tx:
        return await SystemCalls(tx).claim_for_analysis(
            now=world.clock.now(), claimed_by="other", limit=10, lease_seconds=60
        )


async def remember(world: World, call: Call, **context: Any) -> None:
    """Store what is remembered between calls, as the desk of a live call does."""
    async with world.database.transaction() as tx:
        await Tasks(tx, world.user_id).change(
            call.task_id, expected=set(TaskStatus), inter_call_context=context
        )


async def judge(world: World, call: Call, *steps: Step) -> TaskStatus | None:
    """Analyse one call with a scripted model."""
    service, _ = analyzer(world, steps)
    return await service.analyse_call(call)


async def test_a_shown_success_completes_the_task(world: World) -> None:
    """The task is completed with its outcome, what was agreed, and what was noted."""
    call = await world.finished_call(CallCause.COMPLETED, TALK)
    await remember(world, call, facts_noted={"address": "1 Main St"})
    service, model = analyzer(world, [BOOKED])
    assert await service.analyse_call(call) is TaskStatus.COMPLETED
    task = await world.task(call.task_id)
    assert task.status is TaskStatus.COMPLETED
    assert task.status_reason == "Booked for Tuesday at 2:30 PM."
    assert task.outcome is not None
    assert task.outcome["evidence"][0]["start_ms"] == 4000
    assert task.next_action_time is None
    assert task.inter_call_context["facts_noted"] == {"address": "1 Main St"}
    assert task.inter_call_context["agreed"] == {"time": "2:30 PM"}
    assert task.inter_call_context["attempts"][0]["summary"] == "Booked for Tuesday at 2:30 PM."
    asked = model.requests[0][1]
    assert isinstance(asked, UserMessage)
    data = json.loads(asked.text.removeprefix("<call>").removesuffix("</call>"))
    assert data["call"] == {
        "cause": "completed",
        "attempt_number": 1,
        "answered": True,
        "seconds": 30,
        "date": "Monday, 2026-11-23",
    }
    assert data["facts_noted"] == {"address": "1 Main St"}
    assert [line["seq"] for line in data["transcript"]] == [1, 2, 3]


async def test_a_call_that_was_never_answered_lasts_no_seconds(world: World) -> None:
    """The length of a call is counted from its answer."""
    call = await world.finished_call(CallCause.BUSY)
    record = await load_record(world.database, call)
    asked = analysis_messages(record)[1]
    assert isinstance(asked, UserMessage)
    assert '"answered": false, "seconds": 0' in asked.text


async def test_a_lying_model_completes_nothing(world: World) -> None:
    """A success without quotes leaves the task unresolved, and is not redialled."""
    call = await world.finished_call(CallCause.COMPLETED, TALK)
    assert await judge(world, call, LIE) is TaskStatus.UNRESOLVED
    stored = (await world.call(call.id)).analysis
    assert stored is not None
    assert stored["verdict"] == "unresolved"
    async with world.database.transaction() as tx:
        [card] = (await FeedbackRequests(tx, world.user_id).list()).items
    assert (card.call_id, card.status, tuple(card.options)) == (call.id, "pending", REVIEW_OPTIONS)
    assert "names no words of the callee" in card.question


@pytest.mark.parametrize(
    ("cause", "status", "minutes"),
    [
        (CallCause.BUSY, TaskStatus.RETRY_SCHEDULED, 10),
        (CallCause.NO_ANSWER, TaskStatus.RETRY_SCHEDULED, 120),
        (CallCause.VOICEMAIL, TaskStatus.RETRY_SCHEDULED, 60),
        (CallCause.CALLEE_HUNG_UP, TaskStatus.RETRY_SCHEDULED, 60),
        (CallCause.CONGESTION, TaskStatus.RETRY_SCHEDULED, 5),
        (CallCause.SILENCE, TaskStatus.RETRY_SCHEDULED, 60),
        (CallCause.FAX, TaskStatus.FAILED, None),
        (CallCause.UNALLOCATED, TaskStatus.FAILED, None),
        (CallCause.COMPLETED, TaskStatus.UNRESOLVED, None),
        (CallCause.LOST, TaskStatus.UNRESOLVED, None),
    ],
)
async def test_calls_without_words_ask_no_model(
    world: World, cause: CallCause, status: TaskStatus, minutes: int | None
) -> None:
    """Where nobody spoke to us, the cause decides, with its own pause from the attempt's end."""
    call = await world.finished_call(cause)
    service, model = analyzer(world)
    assert await service.analyse_call(call) is status
    assert model.requests == []
    due = (await world.task(call.task_id)).next_action_time
    assert call.ended_at is not None
    waits = None if due is None else (due - call.ended_at).total_seconds() / 60
    assert waits == minutes


async def test_a_voicemail_greeting_is_no_conversation(world: World) -> None:
    """What a machine says is not put before the model."""
    call = await world.finished_call(CallCause.VOICEMAIL, [(Speaker.CALLEE, "Leave a message.")])
    assert await judge(world, call) is TaskStatus.RETRY_SCHEDULED


async def test_never_call_again_is_obeyed_without_a_model(world: World) -> None:
    """The number is listed at once and every open task to it is cancelled."""
    other = await world.campaign(plan_task(title="Other"), plan_task(phone_number="+12125550104"))
    call = await world.finished_call(
        CallCause.AI_HUNG_UP, [(Speaker.CALLEE, "Never call me again!")]
    )
    assert await judge(world, call) is TaskStatus.CANCELLED_DND
    async with world.database.transaction() as tx:
        assert await DndList(tx, world.user_id).contains(NUMBER)
    statuses = [task.status for task in await world.tasks(other)]
    assert statuses == [TaskStatus.CANCELLED_DND, TaskStatus.PENDING]
    stored = (await world.call(call.id)).analysis
    assert stored is not None
    assert (stored["dnd"], stored["evidence"][0]["quote"]) == (True, "Never call me again!")


async def test_the_models_opt_out_is_obeyed_too(world: World) -> None:
    """A wish that only the model understood lists the number as well."""
    call = await world.finished_call(
        CallCause.AI_HUNG_UP, [(Speaker.CALLEE, "Forget that I exist, will you?")]
    )
    found = BOOKED.model_copy(update={"dnd": True, "evidence": []})
    assert await judge(world, call, found) is TaskStatus.CANCELLED_DND
    async with world.database.transaction() as tx:
        assert await DndList(tx, world.user_id).contains(NUMBER)


async def test_a_number_listed_during_the_call_stays_listed(world: World) -> None:
    """The list wins over any success, and no model is asked."""
    call = await world.finished_call(CallCause.COMPLETED, TALK)
    async with world.database.transaction() as tx:
        await DndList(tx, world.user_id).add(NUMBER, "asked for it", call.id)
    assert await judge(world, call) is TaskStatus.CANCELLED_DND


async def test_a_number_listed_while_the_model_thinks_wins(world: World) -> None:
    """The list is looked at once more in the transaction that stores the judgement."""
    call = await world.finished_call(CallCause.COMPLETED, TALK)
    turn = ModelTurn(text=BOOKED.model_dump_json())

    class ListingModel(ScriptedTextModel):
        async def chat_with_tools(
            self, messages: Sequence[ModelMessage], tools: Sequence[Any] = ()
        ) -> ModelTurn:
            async with world.database.transaction() as tx:
                await DndList(tx, world.user_id).add(NUMBER, "asked for it")
            return await super().chat_with_tools(messages, tools)

    service = PostCallAnalyzerService(
        database=world.database, bus=world.bus, model=ListingModel([turn]), clock=world.clock
    )
    assert await service.analyse_call(call) is TaskStatus.CANCELLED_DND


async def test_a_wrong_number_asks_the_user(world: World) -> None:
    """The task waits for the user, who finds one question about it."""
    call = await world.finished_call(
        CallCause.AI_HUNG_UP,
        [(Speaker.CALLEE, "You have the wrong number.")],
        events=[("ended", {"cause": "ai_hung_up", "reason": "wrong_number: not a dentist"})],
    )
    refused = LIE.model_copy(update={"verdict": Verdict.FAILURE, "agreed": []})
    assert await judge(world, call, refused) is TaskStatus.AWAITING_USER
    async with world.database.transaction() as tx:
        asked = (await FeedbackRequests(tx, world.user_id).list()).items
    assert [(one.kind, one.task_id) for one in asked] == [(FeedbackKind.CHECK_IN, call.task_id)]
    assert "number" in asked[0].question
    task = await world.task(call.task_id)
    assert task.inter_call_context["wrong_number"] == task.phone_number


async def test_the_model_sees_what_the_user_was_asked(world: World) -> None:
    """The call's own questions are told with their answers, and a declined offer asks the user."""
    call = await world.finished_call(CallCause.AI_HUNG_UP, TALK)
    async with world.database.transaction() as tx:
        requests = FeedbackRequests(tx, world.user_id)
        live = await requests.create(
            kind=FeedbackKind.LIVE_CALL, task_id=call.task_id, call_id=call.id,
            tool_call_id="t1", question="Take Wednesday?",
        )  # fmt: skip
        await requests.answer(live.id, "Decline")
        await requests.create(kind=FeedbackKind.CHECK_IN, task_id=call.task_id, question="Old?")
    nothing = {"verdict": Verdict.FAILURE, "agreed": [], "next_step": NextStep.ASK_USER}
    asks = BOOKED.model_copy(update={**nothing, "question_for_user": "What next?"})
    service, model = analyzer(world, [asks])
    assert await service.analyse_call(call) is TaskStatus.AWAITING_USER
    prompt = model.requests[0][1]
    assert isinstance(prompt, UserMessage)
    data = json.loads(prompt.text.removeprefix("<call>").removesuffix("</call>"))
    assert data["asked_user"] == [{"question": "Take Wednesday?", "answer": "Decline"}]


@pytest.mark.parametrize("junk", ["no json at all", '{"verdict": "great"}'])
async def test_junk_defers_and_is_never_guessed(world: World, junk: str) -> None:
    """An answer that stays unusable after its repair leaves the task waiting, and says so."""
    call = await world.finished_call(CallCause.COMPLETED, TALK)
    assert await judge(world, call, junk, junk) is None
    task = await world.task(call.task_id)
    assert task.status is TaskStatus.AWAITING_ANALYSIS
    assert "its analysis waits" in (task.status_reason or "")
    kept = await world.call(call.id)
    assert (kept.analysis_status, kept.analysis) == ("deferred", None)


async def test_pauses_grow_while_the_model_is_away(world: World) -> None:
    """Each failed try doubles the pause, up to its limit; then the analysis succeeds."""
    call = await world.finished_call(CallCause.COMPLETED, TALK)
    service, _ = analyzer(
        world,
        [*[ModelUnavailableError("away")] * 4, BOOKED],
        first_pause_seconds=10,
        longest_pause_seconds=30,
    )
    pauses = []
    for _ in range(4):
        (claimed,) = await claim(world)
        await service.analyse_call(claimed)
        until = (await world.call(call.id)).analysis_expires_at
        assert until is not None
        pauses.append((until - world.clock.now()).total_seconds())
        assert await claim(world) == []
        world.clock.move(seconds=pauses[-1])
    assert pauses == [10, 20, 30, 30]
    (claimed,) = await claim(world)
    assert await service.analyse_call(claimed) is TaskStatus.COMPLETED


async def test_a_model_that_hangs_defers(world: World) -> None:
    """A model that does not answer in time counts as one that is away."""
    call = await world.finished_call(CallCause.COMPLETED, TALK)

    service = PostCallAnalyzerService(
        database=world.database,
        bus=world.bus,
        model=ThinkingModel(),
        clock=world.clock,
        config=AnalyzerConfig(model_seconds=0.01),
    )
    assert await service.analyse_call(call) is None
    assert (await world.call(call.id)).analysis_status == "deferred"


async def test_the_second_analysis_of_a_call_changes_nothing(world: World) -> None:
    """Two analyzers with the same call: the first one's judgement stands."""
    call = await world.finished_call(CallCause.COMPLETED, TALK)
    assert await judge(world, call, BOOKED) is TaskStatus.COMPLETED
    assert await judge(world, call, LIE) is None
    assert await judge(world, call, ModelUnavailableError("away")) is None
    assert (await world.task(call.task_id)).status is TaskStatus.COMPLETED
    assert (await world.call(call.id)).analysis_status == "done"


async def test_what_the_user_cancelled_stays_cancelled(world: World) -> None:
    """The analysis is stored, and the task is left as the user wanted it."""
    call = await world.finished_call(CallCause.COMPLETED, TALK)
    async with world.database.transaction() as tx:
        await Tasks(tx, world.user_id).change(
            call.task_id, expected=set(TaskStatus), status=TaskStatus.CANCELLED
        )
    assert await judge(world, call, BOOKED) is None
    assert (await world.task(call.task_id)).status is TaskStatus.CANCELLED
    assert (await world.call(call.id)).analysis_status == "done"


async def test_an_old_calls_analysis_leaves_a_newer_attempt_alone(world: World) -> None:
    """An analysis that comes after the next attempt has begun does not decide for it."""
    first = await world.finished_call(CallCause.COMPLETED, TALK)
    async with world.database.transaction() as tx:
        await Tasks(tx, world.user_id).change(
            first.task_id, expected=set(TaskStatus), status=TaskStatus.PENDING
        )
    second = await world.finished_call(CallCause.BUSY)
    assert await judge(world, first, BOOKED) is None
    assert (await world.task(first.task_id)).status is TaskStatus.AWAITING_ANALYSIS
    assert await judge(world, second) is TaskStatus.RETRY_SCHEDULED


async def test_strange_context_is_kept_and_added_to(world: World) -> None:
    """What others stored in the context stays, also where its shape is not ours."""
    call = await world.finished_call(CallCause.COMPLETED, TALK)
    await remember(world, call, phase=2, facts_noted="odd", agreed=[], attempts={})
    await judge(world, call, BOOKED)
    context = (await world.task(call.task_id)).inter_call_context
    assert (context["phase"], context["facts_noted"]) == (2, "odd")
    assert (context["agreed"], len(context["attempts"])) == ({"time": "2:30 PM"}, 1)


async def listening(world: World) -> None:
    """Let the service begin, until it listens and has found nothing to do."""
    for _ in range(30):
        await asyncio.sleep(0)
    assert await world.bus.listeners(messages.WAKEUPS) == 1


async def until_analysed(world: World, call_id: CallId) -> None:
    """Wait until a call's analysis is stored."""
    async with asyncio.timeout(5), world.bus.subscribe(user_events(world.user_id)) as events:
        while (await world.call(call_id)).analysis_status != "done":
            await events.get()


async def test_the_service_wakes_and_stops(world: World) -> None:
    """A wake-up has a finished call analysed long before the next poll; stop ends the service."""
    service, _ = analyzer(world, poll_seconds=3600)
    async with Nursery("test", grace_seconds=5) as nursery:
        running = nursery.start(service.run(), name=service.name)
        await listening(world)
        call = await world.finished_call(CallCause.BUSY)
        await world.bus.publish(messages.WAKEUPS, Wakeup(work="slot_free"))
        await world.bus.publish(messages.WAKEUPS, Wakeup(work="calls_to_analyse"))
        await until_analysed(world, call.id)
        service.stop()
        service.stop()
        await running
    assert (await world.task(call.task_id)).status is TaskStatus.RETRY_SCHEDULED


async def test_one_batch_after_the_other(world: World) -> None:
    """More calls than a batch holds are all analysed without waiting for the next poll."""
    await world.campaign(*[plan_task(title=str(number)) for number in range(4)])
    calls = [await world.finished_call(CallCause.BUSY) for _ in range(5)]
    service, _ = analyzer(world, poll_seconds=3600, batch=2)
    async with Nursery("test", grace_seconds=5) as nursery:
        nursery.start(service.run(), name=service.name)
        for call in calls:
            await until_analysed(world, call.id)
        service.stop()


class ThinkingModel(ScriptedTextModel):
    """Thinks for ever, and says when it has begun."""

    def __init__(self) -> None:
        super().__init__()
        self.thinking = asyncio.Event()

    async def chat_with_tools(
        self, messages: Sequence[ModelMessage], tools: Sequence[Any] = ()
    ) -> ModelTurn:
        """Never answer."""
        del messages, tools
        self.thinking.set()
        await asyncio.Event().wait()
        raise AssertionError


async def test_stopping_gives_claims_back(world: World) -> None:
    """A stop while the model thinks frees the call for the next analyzer at once."""
    await world.campaign(plan_task(title="second"))
    call = await world.finished_call(CallCause.COMPLETED, TALK)
    model = ThinkingModel()
    service = PostCallAnalyzerService(
        database=world.database,
        bus=world.bus,
        model=model,
        clock=world.clock,
        config=AnalyzerConfig(batch=1),
    )
    async with Nursery("test", grace_seconds=5) as nursery:
        nursery.start(service.run(), name=service.name)
        await model.thinking.wait()
        second = await world.finished_call(CallCause.BUSY)
        await world.bus.publish(messages.WAKEUPS, Wakeup(work="calls_to_analyse"))
        await listening(world)
        assert (await world.call(second.id)).analysis_status == "none"
        service.stop()
    assert {one.id for one in await claim(world)} == {call.id, second.id}


async def test_an_analyzer_that_died_goes_on_when_it_starts_again(world: World) -> None:
    """What it had claimed is open again before the lease ends; claims of others are kept."""
    call = await world.finished_call(CallCause.BUSY)
    [_] = await claim(world)
    stranger, _ = analyzer(world, node="stranger")
    stranger.stop()
    await stranger.run()
    assert await claim(world) == []
    service, _ = analyzer(world, node="other")
    service.stop()
    await service.run()
    assert [one.id for one in await claim(world)] == [call.id]


async def test_stop_before_run(world: World) -> None:
    """A service that was stopped before it ran returns at once and touches nothing."""
    call = await world.finished_call(CallCause.BUSY)
    service, _ = analyzer(world)
    service.stop()
    await service.run()
    assert (await world.call(call.id)).analysis_status == "none"


async def test_a_call_without_a_cause_counts_as_lost(world: World) -> None:
    """A call whose row names no cause is never redialled by itself."""
    call = await world.finished_call(CallCause.BUSY)
    nameless = call.model_copy(update={"cause": None})
    assert await judge(world, nameless) is TaskStatus.UNRESOLVED
    async with world.database.transaction() as tx:
        assert (await Calls(tx, world.user_id).get(call.id)).analysis_status == "done"


@pytest.mark.parametrize("lines", [(), TALK[:1]])
async def test_a_call_lost_from_sight_is_lost_whatever_took_it(
    world: World, lines: Sequence[tuple[Speaker, str]]
) -> None:
    """A call whose end nobody saw, for the exchange's fault, is never redialled by itself."""
    call = await world.finished_call(CallCause.EXCHANGE_FAILED, lines)
    lost = call.model_copy(update={"status": CallStatus.LOST})
    retry = BOOKED.model_copy(
        update={"verdict": Verdict.FAILURE, "next_step": NextStep.RETRY, "evidence": []}
    )
    assert await judge(world, lost, retry) is TaskStatus.UNRESOLVED


async def test_the_number_that_was_called_is_listed(world: World) -> None:
    """An opt-out that is read late lists who said it, not the number the task is at by now."""
    other = "+12125550109"
    call = await world.finished_call(
        CallCause.AI_HUNG_UP, [(Speaker.CALLEE, "Never call me again!")]
    )
    async with world.database.transaction() as tx:
        await Tasks(tx, world.user_id).change(
            call.task_id, expected={TaskStatus.AWAITING_ANALYSIS}, phone_number=other
        )
    await judge(world, call)
    async with world.database.transaction() as tx:
        listed = DndList(tx, world.user_id)
        assert (await listed.contains(NUMBER), await listed.contains(other)) == (True, False)
