"""Calls, their talk, questions and do-not-disturb behave the same on every database."""

import asyncio
from datetime import timedelta

import pytest

from opendeep.common.data_models import (
    CallCause,
    CallStatus,
    FeedbackKind,
    FeedbackStatus,
    Speaker,
    TaskStatus,
)
from opendeep.common.errors import ConflictError, NotFoundError
from opendeep.common.ports import SpokenLine
from opendeep.database.repositories import (
    CallEvents,
    Calls,
    DndList,
    FeedbackRequests,
    SystemCalls,
    SystemDnd,
    SystemFeedback,
    Tasks,
    Transcripts,
    UserEvents,
)

NUMBER = "+12015550101"
LINE = SpokenLine(speaker=Speaker.CALLEE, text="Hello?", start_ms=0, end_ms=700)


async def test_an_attempt_is_row_count_and_status_together(database, seeds):
    """Creating an attempt counts it, moves the task and makes the call's row at once."""
    user = await seeds.user()
    task = await seeds.queued(user)
    async with database.transaction() as tx:
        call = await Calls(tx, user).create_attempt(task)
        task = await Tasks(tx, user).get(task.id)
        assert await Calls(tx, user).for_task(task.id) == [call]
    assert (call.status, call.attempt_number, call.task_id) == (CallStatus.INITIATING, 1, task.id)
    assert (task.status, task.current_attempt_count) == (TaskStatus.IN_PROGRESS, 1)
    assert (task.claimed_by, task.claim_expires_at) == (None, None)


async def test_an_attempt_of_a_task_that_is_not_queued_leaves_nothing(database, seeds):
    """A pending task gets no attempt: no row, no count."""
    user = await seeds.user()
    task = await seeds.task(user)
    with pytest.raises(ConflictError):
        async with database.transaction() as tx:
            await Calls(tx, user).create_attempt(task)
    async with database.transaction() as tx:
        assert await Calls(tx, user).for_task(task.id) == []
        assert await Tasks(tx, user).get(task.id) == task


async def test_an_unsent_attempt_is_released_without_a_trace(database, seeds):
    """Release deletes the row, takes the count back and restores the task's old status."""
    user = await seeds.user()
    call = await seeds.call(user)
    async with database.transaction() as tx:
        calls = Calls(tx, user)
        task = await calls.release_unsent(call.id, reason="No slot.")
        assert await calls.for_task(task.id) == []
    assert (task.status, task.current_attempt_count) == (TaskStatus.PENDING, 0)
    assert (task.status_reason, task.status_before_claim) == ("No slot.", None)


async def test_a_sent_attempt_is_used(database, seeds):
    """From originating on, nothing is released: the row, the count and the task stay."""
    user = await seeds.user()
    call = await seeds.call(user, CallStatus.ORIGINATING)
    with pytest.raises(ConflictError):
        async with database.transaction() as tx:
            await Calls(tx, user).release_unsent(call.id)
    async with database.transaction() as tx:
        assert await Calls(tx, user).get(call.id) == call
        task = await Tasks(tx, user).get(call.task_id)
    assert (task.status, task.current_attempt_count) == (TaskStatus.IN_PROGRESS, 1)


async def test_attempts_are_numbered_on(database, seeds):
    """The second attempt of a task has the next number, also after a count set back by hand."""
    user = await seeds.user()
    call = await seeds.call(user, CallStatus.ENDED)
    async with database.transaction() as tx:
        tasks, calls = Tasks(tx, user), Calls(tx, user)
        again = await tasks.change(
            call.task_id,
            expected={TaskStatus.IN_PROGRESS},
            status=TaskStatus.QUEUED_FOR_CALL,
            current_attempt_count=0,
        )
        second = await calls.create_attempt(again)
        assert [found.id for found in await calls.for_task(call.task_id)] == [call.id, second.id]
    assert second.attempt_number == 2


@pytest.mark.parametrize("before", list(CallStatus))
@pytest.mark.parametrize("after", list(CallStatus))
async def test_a_call_only_goes_forward(database, seeds, before, after):
    """Whatever the caller expects, a status never goes back and an end is the end."""
    user = await seeds.user()
    call = await seeds.call(user, before)
    order = list(CallStatus)[:4]
    forward = before in order and (after not in order or order.index(before) <= order.index(after))
    async with database.transaction() as tx:
        calls = Calls(tx, user)
        if forward:
            changed = await calls.change(call.id, expected=set(CallStatus), status=after)
            assert changed.status is after
        else:
            with pytest.raises(ConflictError):
                await calls.change(call.id, expected=set(CallStatus), status=after)


async def test_the_first_end_wins(database, seeds, clock):
    """A call that ended for one cause is not ended again for another."""
    user = await seeds.user()
    call = await seeds.call(user, CallStatus.RINGING)
    live = [status for status in CallStatus if status.is_live]
    async with database.transaction() as tx:
        calls = Calls(tx, user)
        ended = await calls.change(
            call.id,
            expected=live,
            status=CallStatus.ENDED,
            cause=CallCause.BUSY,
            hangup_cause=17,
            ended_at=clock.now(),
        )
        assert (ended.cause, ended.hangup_cause, ended.ended_at) == (
            CallCause.BUSY, 17, clock.now(),
        )  # fmt: skip
        with pytest.raises(ConflictError):
            await calls.change(
                call.id, expected=live, status=CallStatus.ENDED, cause=CallCause.NO_ANSWER
            )
        noted = await calls.change(call.id, expected={CallStatus.ENDED}, recording_path="a.wav")
        assert (noted.status, noted.recording_path) == (CallStatus.ENDED, "a.wav")
        with pytest.raises(TypeError, match="task_id"):
            await calls.change(call.id, expected=live, task_id=1)
        with pytest.raises(NotFoundError):
            await calls.change("nobody", expected=live)


async def test_slots_are_counted_over_all_and_by_user(database, seeds, clock):
    """Live calls hold slots, ended and lost ones do not."""
    ada, bob = await seeds.user("ada"), await seeds.user("bob")
    mine = [await seeds.call(ada), await seeds.call(ada, CallStatus.RINGING)]
    await seeds.call(ada, CallStatus.ENDED)
    theirs = await seeds.call(bob, CallStatus.IN_PROGRESS)
    async with database.transaction() as tx:
        system = SystemCalls(tx)
        await system.lock_slots()
        assert (await system.live_count(), await system.live_count_of(ada)) == (3, 2)
        assert {call.id for call in await system.live()} == {call.id for call in [*mine, theirs]}
        assert {call.id for call in await Calls(tx, ada).live()} == {call.id for call in mine}
        assert await system.created_since(clock.now()) == 4
        assert await system.created_since(clock.now() + timedelta(seconds=1)) == 0
        assert await system.get(theirs.id) == theirs
        with pytest.raises(NotFoundError):
            await system.get("nobody")


async def claim_analysis(database, clock, limit=10):
    """Claim in a transaction of its own."""
    async with database.transaction() as tx:
        return await SystemCalls(tx).claim_for_analysis(
            now=clock.now(), claimed_by="analyzer", limit=limit, lease_seconds=60
        )


async def test_a_call_is_analysed_once(database, seeds, clock):
    """Ended and lost calls are claimed once, oldest end first; done is done."""
    user = await seeds.user()
    await seeds.call(user, CallStatus.IN_PROGRESS)
    ended = await seeds.call(user, CallStatus.ENDED)
    clock.advance(1)
    lost = await seeds.call(user, CallStatus.LOST)
    [first] = await claim_analysis(database, clock, limit=1)
    [second] = await claim_analysis(database, clock)
    assert ([first.id, second.id], first.analysis_tries) == ([ended.id, lost.id], 1)
    assert await claim_analysis(database, clock) == []
    async with database.transaction() as tx:
        calls = Calls(tx, user)
        done = await calls.save_analysis(ended.id, {"verdict": "success"})
        assert (done.analysis_status, done.analysis) == ("done", {"verdict": "success"})
        with pytest.raises(ConflictError):
            await calls.save_analysis(ended.id, {"verdict": "failure"})
        with pytest.raises(ConflictError):
            await calls.defer_analysis(ended.id, until=clock.now())


async def test_an_analysis_that_died_or_was_deferred_comes_again(database, seeds, clock):
    """A claim past its lease, and a deferral past its time, are claimed anew."""
    user = await seeds.user()
    call = await seeds.call(user, CallStatus.ENDED)
    await claim_analysis(database, clock)
    clock.advance(60)
    assert len(await claim_analysis(database, clock)) == 1
    async with database.transaction() as tx:
        later = clock.now() + timedelta(minutes=5)
        await Calls(tx, user).defer_analysis(call.id, until=later)
    clock.advance(299)
    assert await claim_analysis(database, clock) == []
    clock.advance(1)
    [again] = await claim_analysis(database, clock)
    assert again.analysis_tries == 3


async def test_an_analyzer_frees_what_it_had_claimed_before(database, seeds, clock):
    """Its claims are open again at once; those of others and finished analyses are not."""
    user = await seeds.user()
    done = await seeds.call(user, CallStatus.ENDED)
    [_] = await claim_analysis(database, clock)
    async with database.transaction() as tx:
        await Calls(tx, user).save_analysis(done.id, {"verdict": "success"})
    call = await seeds.call(user, CallStatus.ENDED)
    [_] = await claim_analysis(database, clock)
    async with database.transaction() as tx:
        assert await SystemCalls(tx).release_analysis_claims("another") == 0
    assert await claim_analysis(database, clock) == []
    async with database.transaction() as tx:
        assert await SystemCalls(tx).release_analysis_claims("analyzer") == 1
    [again] = await claim_analysis(database, clock)
    assert (again.id, again.analysis_tries) == (call.id, 2)


async def test_racing_analyzers_share_the_calls(database, seeds, clock):
    """No call is claimed by two analyzers."""
    user = await seeds.user()
    for _ in range(6):
        await seeds.call(user, CallStatus.ENDED)
    claims = await asyncio.gather(*[claim_analysis(database, clock, limit=2) for _ in range(5)])
    ids = [call.id for claimed in claims for call in claimed]
    assert len(ids) == len(set(ids))
    ids += [call.id for call in await claim_analysis(database, clock)]
    assert len(ids) == len(set(ids)) == 6


async def test_lines_are_numbered_without_gaps(database, seeds):
    """Both sides may append at once: the lines count from 1, and each is told to the user."""
    user = await seeds.user()
    call = await seeds.call(user, CallStatus.IN_PROGRESS)

    async def speak(speaker):
        for _ in range(3):
            line = SpokenLine(speaker=speaker, text="Grüße", start_ms=20, end_ms=90)
            async with database.transaction() as tx:
                await Transcripts(tx, user).append(call.id, line)

    async with asyncio.TaskGroup() as group:
        group.create_task(speak(Speaker.AI))
        group.create_task(speak(Speaker.CALLEE))
    async with database.transaction() as tx:
        lines = await Transcripts(tx, user).lines(call.id)
        events = [e for e in await UserEvents(tx, user).after(0) if e.type == "transcript_line"]
        with pytest.raises(NotFoundError):
            await Transcripts(tx, user).append("nobody", LINE)
    assert [line.seq for line in lines] == [1, 2, 3, 4, 5, 6]
    assert (lines[0].text, lines[0].start_ms, lines[0].end_ms) == ("Grüße", 20, 90)
    assert [event.data["seq"] for event in events] == [1, 2, 3, 4, 5, 6]
    assert {event.subject_id for event in events} == {call.id}


async def test_a_calls_events_are_kept_in_order(database, seeds):
    """Events come back in the order in which they happened, with their detail."""
    user = await seeds.user()
    call = await seeds.call(user)
    async with database.transaction() as tx:
        events = CallEvents(tx, user)
        await events.append(call.id, "dtmf_sent", {"digits": "2"})
        await events.append(call.id, "barge_in")
        found = await events.list(call.id)
    assert [(event.name, event.detail) for event in found] == [
        ("dtmf_sent", {"digits": "2"}),
        ("barge_in", {}),
    ]


async def test_a_number_is_listed_once(database, seeds):
    """Adding twice keeps the first entry; removing what is not listed is not found."""
    user = await seeds.user()
    call = await seeds.call(user)
    async with database.transaction() as tx:
        dnd = DndList(tx, user)
        entry = await dnd.add(NUMBER, "asked", call.id)
        assert await dnd.add(NUMBER, "again") == entry
        assert (entry.reason, entry.source_call_id) == ("asked", call.id)
        assert await dnd.contains(NUMBER)
        other = await dnd.add("+12015550102", "")
        assert (await dnd.list()).items == [other, entry]
        await dnd.remove(NUMBER)
        assert not await dnd.contains(NUMBER)
        with pytest.raises(NotFoundError):
            await dnd.remove(NUMBER)


async def test_accounts_that_list_a_number_are_counted(database, seeds):
    """Each account counts once, however often it adds the number."""
    for name in ("ada", "bob", "eve"):
        user = await seeds.user(name)
        async with database.transaction() as tx:
            for _ in range(2):
                await DndList(tx, user).add(NUMBER, "asked")
    async with database.transaction() as tx:
        assert await SystemDnd(tx).accounts_listing(NUMBER) == 3
        assert await SystemDnd(tx).accounts_listing("+12015550102") == 0


async def ask(tx, user, call, tool_call_id="t1", **fields):
    """Put a live question."""
    return await FeedbackRequests(tx, user).create(
        kind=FeedbackKind.LIVE_CALL, task_id=call.task_id, call_id=call.id,
        tool_call_id=tool_call_id, question="Nine or ten?", options=["9", "10"], **fields,
    )  # fmt: skip


async def test_a_tool_call_asks_once(database, seeds):
    """The same tool call gives the same question, and one event."""
    user = await seeds.user()
    call = await seeds.call(user, CallStatus.IN_PROGRESS)
    async with database.transaction() as tx:
        requests = FeedbackRequests(tx, user)
        assert await requests.pending_for_call(call.id) is None
        question = await ask(tx, user, call)
        assert await ask(tx, user, call) == question == await requests.get(question.id)
        assert question.options == ["9", "10"]
        assert await requests.pending_for_call(call.id) == question
        await ask(tx, user, call, "t2")
        assert await requests.count_for_call(call.id) == 2
    async with database.transaction() as tx:
        events = [event.type for event in await UserEvents(tx, user).after(0)]
    assert events.count("feedback_requested") == 2


async def test_a_question_is_answered_once(database, seeds, clock):
    """The first answer stands; a second answer, an expiry and a cancellation conflict."""
    user = await seeds.user()
    call = await seeds.call(user, CallStatus.IN_PROGRESS)
    async with database.transaction() as tx:
        requests = FeedbackRequests(tx, user)
        question = await ask(tx, user, call)
        answered = await requests.answer(question.id, "9")
        assert (answered.status, answered.answer) == (FeedbackStatus.ANSWERED, "9")
        assert answered.answered_at == clock.now()
        for close in (requests.answer(question.id, "10"), requests.expire(question.id),
                      requests.cancel(question.id)):  # fmt: skip
            with pytest.raises(ConflictError, match="answered"):
                await close
        with pytest.raises(NotFoundError):
            await requests.answer(4711, "9")
    async with database.transaction() as tx:
        assert (await UserEvents(tx, user).after(0))[-1].type == "feedback_answered"


async def test_overdue_questions_are_found_and_expired(database, seeds, clock):
    """A pending question is overdue from its deadline on; closed ones never are."""
    user = await seeds.user()
    call = await seeds.call(user, CallStatus.IN_PROGRESS)
    deadline = clock.now() + timedelta(seconds=60)
    async with database.transaction() as tx:
        requests = FeedbackRequests(tx, user)
        question = await ask(tx, user, call, expires_at=deadline)
        cancelled = await ask(tx, user, call, "t2", expires_at=deadline)
        await requests.cancel(cancelled.id)
        assert await SystemFeedback(tx).expired(clock.now()) == []
        assert await SystemFeedback(tx).expired(deadline) == [question]
        assert (await requests.expire(question.id)).status is FeedbackStatus.EXPIRED
        assert await SystemFeedback(tx).expired(deadline) == []


async def test_a_check_in_is_listed_with_its_task(database, seeds):
    """A question between calls has no call; questions are listed by status and task."""
    user = await seeds.user()
    task, other = await seeds.task(user), await seeds.task(user)
    async with database.transaction() as tx:
        requests = FeedbackRequests(tx, user)
        made = [
            await requests.create(kind=FeedbackKind.CHECK_IN, task_id=which.id, question="Go on?")
            for which in (task, other)
        ]
        assert (await requests.list()).items == made
        assert (await requests.list(FeedbackStatus.PENDING, task_id=task.id)).items == made[:1]
        assert (await requests.list(FeedbackStatus.ANSWERED)).items == []
    async with database.transaction() as tx:
        assert (await UserEvents(tx, user).after(0))[-1].type == "check_in"
