"""What live calls write together is the same as what each would write alone, on every database."""

import asyncio

from opendeep.common.data_models import Speaker
from opendeep.common.ids import new_call_id
from opendeep.common.ports import SpokenLine
from opendeep.database.log_entries import LoggedEvent, LoggedLine
from opendeep.database.repositories import CallEvents, Calls, Transcripts, UserEvents
from opendeep.database.repositories.system_call_log import SystemCallLog


def line(text):
    """Make a spoken line."""
    return SpokenLine(speaker=Speaker.AI, text=text, start_ms=100, end_ms=900)


async def call_of(database, seeds, user):
    """Make a call that may be written about."""
    task = await seeds.queued(user)
    async with database.transaction() as tx:
        return (await Calls(tx, user).create_attempt(task)).id


async def test_entries_of_several_calls_and_users(database, seeds):
    """Each call's lines count from 1, each row is its user's, and an unknown call costs nobody."""
    first, second = await seeds.user(), await seeds.user("second")
    one = await call_of(database, seeds, first)
    other = await call_of(database, seeds, second)
    entries = [
        LoggedLine(call_id=one, line=line("Hello?")),
        LoggedEvent(call_id=other, name="key_pressed", detail={"digit": "2"}),
        LoggedLine(call_id=new_call_id(), line=line("Nobody's")),
        LoggedLine(call_id=other, line=line("Good day.")),
        LoggedLine(call_id=one, line=line("Who is it?")),
    ]
    async with database.transaction() as tx:
        assert await SystemCallLog(tx).append(entries) == [1, 0, None, 1, 2]
    async with database.transaction() as tx:
        assert (await Transcripts(tx, first).append(one, line("Third."))).seq == 3
        theirs = await Transcripts(tx, first).lines(one)
        assert [(row.seq, row.text) for row in theirs] == [
            (1, "Hello?"),
            (2, "Who is it?"),
            (3, "Third."),
        ]
        assert await Transcripts(tx, first).lines(other) == []
        assert [row.text for row in await Transcripts(tx, second).lines(other)] == ["Good day."]
        (event,) = await CallEvents(tx, second).list(other)
        assert (event.name, event.detail) == ("key_pressed", {"digit": "2"})


async def test_pages_hear_of_a_line_as_of_one_written_alone(database, seeds):
    """The user's event of a line has the same data both ways."""
    user = await seeds.user()
    call = await call_of(database, seeds, user)
    async with database.transaction() as tx:
        before = await UserEvents(tx, user).last_id()
        await Transcripts(tx, user).append(call, line("Alone."))
        await SystemCallLog(tx).append([LoggedLine(call_id=call, line=line("Alone."))])
    async with database.transaction() as tx:
        alone, together = await UserEvents(tx, user).after(before, 10)
    assert together.type == alone.type == "transcript_line"
    assert together.data == {**alone.data, "seq": 2}


async def test_writers_beside_each_other_number_without_gaps(database, seeds):
    """Transactions at the same time wait for each other's lines of the same calls."""
    user = await seeds.user()
    calls = [await call_of(database, seeds, user) for _ in range(3)]

    async def write():
        async with database.transaction() as tx:
            entries = [LoggedLine(call_id=call, line=line("x")) for call in calls]
            return await SystemCallLog(tx).append(entries)

    found = await asyncio.gather(*(write() for _ in range(5)))
    assert sorted(found) == [[seq] * 3 for seq in range(1, 6)]
