"""Counting attempts, money and decisions: the same on every database."""

from datetime import timedelta

import pytest

from opendeep.common.data_models import CallCause, CallStatus, TaskStatus
from opendeep.database.repositories import (
    Calls,
    DialDecisions,
    DndList,
    PastCalls,
    SystemDecisions,
    SystemPastCalls,
    Tasks,
)
from tests.contract.conftest import NUMBER

HOUR = timedelta(hours=1)
ANY = set(CallStatus)


async def attempt(database, seeds, user, *, status=CallStatus.ENDED, answered=False, **task):
    """Make an attempt at the clock's present instant."""
    queued = await seeds.queued(user, **task)
    async with database.transaction() as tx:
        call = await Calls(tx, user).create_attempt(queued)
        cause = None if status.is_live else CallCause.NO_ANSWER
        return await Calls(tx, user).change(
            call.id,
            expected=ANY,
            status=status,
            cause=cause,
            answered_at=tx.now() if answered else None,
        )


async def test_attempts_on_a_number(database, seeds, clock):
    """Attempts count by the number of their task, newest first, from an instant on."""
    ada, eve = await seeds.user("ada"), await seeds.user("eve")
    instants = []
    for answered in (True, False, True):
        clock.advance(3600)
        instants.append(clock.now())
        await attempt(database, seeds, ada, answered=answered)
    await attempt(database, seeds, ada, phone_number="+12015550101")
    lost = await attempt(database, seeds, eve, status=CallStatus.LOST)
    async with database.transaction() as tx:
        mine, others = PastCalls(tx, ada), PastCalls(tx, eve)
        since = clock.now() - HOUR * 5
        assert await mine.begun(NUMBER, since=since, most=9) == instants[::-1]
        assert await mine.begun(NUMBER, since=since, most=2) == instants[:0:-1]
        assert await mine.begun(NUMBER, since=instants[1], most=9) == instants[2:]
        assert await mine.reached(NUMBER, since=since, most=9) == [instants[2], instants[0]]
        assert await others.reached(NUMBER, since=since, most=9) == [lost.created_at]
        assert not await mine.in_call(NUMBER, since=since)
        everybody = await SystemPastCalls(tx).begun(NUMBER, since=since, most=9)
    assert everybody == [lost.created_at, *instants[::-1]]


async def test_a_changed_number_counts_where_it_was_called(database, seeds, clock):
    """An attempt counts for the number that was called, whatever the task's number is now."""
    ada = await seeds.user("ada")
    call = await attempt(database, seeds, ada, status=CallStatus.RINGING)
    async with database.transaction() as tx:
        await Tasks(tx, ada).change(
            call.task_id, expected=set(TaskStatus), phone_number="+12015550199"
        )
    async with database.transaction() as tx:
        past = PastCalls(tx, ada)
        assert await past.in_call(NUMBER, since=clock.now() - HOUR)
        assert not await past.in_call("+12015550199", since=clock.now() - HOUR)


async def test_an_unread_call(database, seeds, clock):
    """An answered call is unread from its end until it is analysed, for its user alone."""
    ada, eve = await seeds.user("ada"), await seeds.user("eve")
    since = clock.now() - HOUR
    await attempt(database, seeds, ada)
    await attempt(database, seeds, ada, status=CallStatus.IN_PROGRESS, answered=True)
    async with database.transaction() as tx:
        assert not await PastCalls(tx, ada).unread(NUMBER, since=since)
    call = await attempt(database, seeds, ada, answered=True)
    async with database.transaction() as tx:
        assert await PastCalls(tx, ada).unread(NUMBER, since=since)
        assert not await PastCalls(tx, eve).unread(NUMBER, since=since)
        await Calls(tx, ada).save_analysis(call.id, {})
        assert not await PastCalls(tx, ada).unread(NUMBER, since=since)


async def test_money(database, seeds, clock):
    """Costs add up from an instant on, for a user, for all, and for a campaign."""
    ada, eve = await seeds.user("ada"), await seeds.user("eve")
    campaign = await seeds.campaign(ada)
    async with database.transaction() as tx:
        assert await PastCalls(tx, ada).spent(since=clock.now()) == (0.0, 0)
        assert await PastCalls(tx, ada).spent_on(campaign.id) == (0.0, 0)
    before = await attempt(database, seeds, ada)
    clock.advance(3600)
    begin = clock.now()
    after = await attempt(database, seeds, ada)
    await attempt(database, seeds, ada, status=CallStatus.IN_PROGRESS)
    theirs = await attempt(database, seeds, eve)
    async with database.transaction() as tx:
        await Tasks(tx, ada).change(
            after.task_id, expected=set(TaskStatus), campaign_id=campaign.id
        )
        for user, call, usd in ((ada, before, 1.0), (ada, after, 0.25), (eve, theirs, 4.0)):
            await Calls(tx, user).add_cost(call.id, usd)
    async with database.transaction() as tx:
        assert await PastCalls(tx, ada).spent(since=begin) == (0.25, 1)
        assert await PastCalls(tx, ada).spent_on(campaign.id) == (0.25, 0)
        assert await SystemPastCalls(tx).spent(since=begin) == (4.25, 1)


async def test_decisions(database, seeds, clock):
    """Decisions are kept with their facts, by task; the replay reads them all, in order."""
    ada = await seeds.user("ada")
    task = await seeds.task(ada)
    columns = {
        "decided_at": clock.now(), "verdict": "wait", "rule_id": "hours.closed",
        "until": clock.now() + HOUR, "inputs": {"phone_number": NUMBER, "n": [0.1]},
        "policy_version": "1",
    }  # fmt: skip
    async with database.transaction() as tx:
        decisions = DialDecisions(tx, ada)
        assert await decisions.last_of(task.id) is None
        first = await decisions.store(columns, task_id=task.id)
        second = await decisions.store({**columns, "verdict": "dial"}, task_id=task.id, call_id="x")
        third = await decisions.store(columns)
        assert await decisions.last_of(task.id) == ("dial", "hours.closed")
        assert await decisions.of_task(task.id) == [first, second]
        assert first.inputs == columns["inputs"]
        assert (first.decided_at, first.until) == (columns["decided_at"], columns["until"])
    async with database.transaction() as tx:
        everything = SystemDecisions(tx)
        assert await everything.after(0, 2) == [first, second]
        assert await everything.after(second.id, 2) == [third]


@pytest.mark.parametrize(("said", "stored"), [(None, "user"), ("import", "import")])
async def test_who_listed_a_number(database, seeds, said, stored):
    """An entry says who made it: the callee where a call is named, else the user or who it was."""
    ada = await seeds.user("ada")
    call = await seeds.call(ada)
    async with database.transaction() as tx:
        listed = DndList(tx, ada)
        by_callee = await listed.add("+12015550150", "asked", call.id)
        assert by_callee.added_by == "callee"
        entry = await listed.add("+12015550151", "mine", added_by=said)
        assert entry.added_by == stored
        assert await listed.add("+12015550150", "other", added_by="import") == by_callee


async def test_how_the_last_attempt_ended(database, seeds, clock):
    """The last attempt of a task tells its cause and when it was over; none tells nothing."""
    ada, eve = await seeds.user("ada"), await seeds.user("eve")
    first = await attempt(database, seeds, ada)
    async with database.transaction() as tx:
        await Calls(tx, ada).change(
            first.id, expected=ANY, cause=CallCause.VOICEMAIL, ended_at=clock.now()
        )
    idle = await seeds.task(ada)
    async with database.transaction() as tx:
        assert await PastCalls(tx, ada).last_end(first.task_id, NUMBER) == (
            CallCause.VOICEMAIL,
            clock.now(),
        )
        assert await PastCalls(tx, ada).last_end(idle.id, NUMBER) is None
        assert await PastCalls(tx, eve).last_end(first.task_id, NUMBER) is None
