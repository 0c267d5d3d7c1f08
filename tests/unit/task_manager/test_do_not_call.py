"""Do-not-disturb lists by hand: who and why, import and export, nothing lost."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from opendeep.common.data_models import CallCause, CallStatus, TaskStatus
from opendeep.common.errors import ConflictError, InvalidInputError, NotFoundError
from opendeep.database.models import DndEntry
from opendeep.database.repositories import Calls, DndList, Tasks
from opendeep.database.tables import audit_log
from opendeep.database.transaction import Transaction
from opendeep.task_manager import do_not_call
from opendeep.task_manager.dial_gate import DialRules, PolicyDialGate
from tests.unit.task_manager.conftest import NUMBER, World

OTHER = "+12125550101"


async def audit(world: World) -> list[tuple[str, object]]:
    """Read what the audit log says."""
    async with world.database.transaction() as tx:
        statement = select(audit_log.c.action, audit_log.c.detail).order_by(audit_log.c.id)
        return [(row.action, row.detail) for row in await tx.execute(statement)]


async def test_an_entry_says_who_and_why(world: World) -> None:
    """The first entry stays; each real change is one audit row with all that stood there."""
    async with world.database.transaction() as tx:
        first = await do_not_call.list_number(
            tx, world.user_id, " +1 (212) 555-0100", "wrote a letter", added_by="user"
        )
        again = await do_not_call.list_number(
            tx, world.user_id, NUMBER, "other", added_by="command"
        )
        assert again == first
        await do_not_call.unlist_number(tx, world.user_id, NUMBER, "a mistake")
        assert not await DndList(tx, world.user_id).contains(NUMBER)
        with pytest.raises(NotFoundError):
            await do_not_call.unlist_number(tx, world.user_id, NUMBER, "again")
    [(added, _), (removed, detail)] = await audit(world)
    assert (added, removed) == ("dnd_added", "dnd_removed")
    assert isinstance(detail, dict)
    assert detail["reason"] == "a mistake"
    assert detail["entry"]["reason"] == "wrote a letter"


async def test_no_outcome_takes_a_number_off(world: World) -> None:
    """A number that was listed stays listed and refused, however its last call ended."""
    task = await world.task()
    call = await world.call(task)
    async with world.database.transaction() as tx:
        await do_not_call.list_number(tx, world.user_id, NUMBER, "asked", added_by="user")
    await world.end(call, CallCause.COMPLETED)
    for status in (TaskStatus.COMPLETED, TaskStatus.RETRY_SCHEDULED):
        await world.put(task, status)
        async with world.database.transaction() as tx:
            assert await DndList(tx, world.user_id).contains(NUMBER)
    later = await world.task()
    await world.claim()
    async with world.database.transaction() as tx:
        claimed = await Tasks(tx, world.user_id).get(later.id)
        assert await PolicyDialGate(DialRules()).check(tx, claimed)
    assert (await world.get(later)).status is TaskStatus.CANCELLED_DND


@pytest.mark.parametrize(
    ("status", "becomes"),
    [
        (CallStatus.INITIATING, TaskStatus.CANCELLED_DND),
        (CallStatus.ORIGINATING, TaskStatus.IN_PROGRESS),
    ],
)
async def test_an_attempt_that_was_not_sent_is_taken_back(
    world: World, status: CallStatus, becomes: TaskStatus
) -> None:
    """Listed after the reservation and before Originate, a number is not dialled."""
    task, waiting = await world.task(), await world.task()
    call = await world.call(task, status)
    other = await world.call(await world.task(phone_number=OTHER), CallStatus.INITIATING)
    async with world.database.transaction() as tx:
        await do_not_call.list_number(tx, world.user_id, NUMBER, "asked", added_by="user")
    assert (await world.get(task)).status is becomes
    assert (await world.get(waiting)).status is TaskStatus.CANCELLED_DND
    async with world.database.transaction() as tx:
        left = {live.id for live in await Calls(tx, world.user_id).live()}
    assert left == {other.id} | ({call.id} if becomes is TaskStatus.IN_PROGRESS else set())


async def test_an_attempt_that_is_sent_at_this_moment(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where Originate was faster, the number is listed all the same."""
    task = await world.task()
    await world.call(task, CallStatus.INITIATING)

    async def was_sent(*_arguments: object, **_options: object) -> None:
        raise ConflictError("It was sent already.")

    monkeypatch.setattr(Calls, "release_unsent", was_sent)
    async with world.database.transaction() as tx:
        await do_not_call.list_number(tx, world.user_id, NUMBER, "asked", added_by="user")
        assert await DndList(tx, world.user_id).contains(NUMBER)
    assert (await world.get(task)).status is TaskStatus.IN_PROGRESS


async def test_import(world: World) -> None:
    """Good lines are listed, known ones counted, bad ones told with their line."""
    text = (
        "\ufeffphone_number,reason,more\n+1 212 555 0100,asked,x\n+12125550100,twice,x\n"
        "12,short,x\n+12125550101,,\n"
    )
    done = await do_not_call.import_csv(world.database, world.user_id, text, reason="old list")
    async with world.database.transaction() as tx:
        listed = (await DndList(tx, world.user_id).list()).items
    assert (done.added, done.known, [fault.line for fault in done.faults]) == (2, 1, [4])
    assert [(entry.phone_number, entry.reason, entry.added_by) for entry in listed] == [
        (OTHER, "old list", "import"),
        (NUMBER, "asked", "import"),
    ]


@pytest.mark.parametrize("text", ["", "number\n+12125550100\n", 'phone_number\n"+1212'])
async def test_a_file_that_is_none(world: World, text: str) -> None:
    """A file without the column, or that is no CSV, is refused whole."""
    with pytest.raises(InvalidInputError):
        await do_not_call.import_csv(world.database, world.user_id, text)
    async with world.database.transaction() as tx:
        assert (await DndList(tx, world.user_id).list()).items == []


async def test_a_file_that_is_too_long_is_refused_before_it_is_taken(world: World) -> None:
    """A file that would keep everybody from writing for minutes is refused, with the remedy."""
    text = "phone_number\n" + "+12125550100\n" * (do_not_call.LINES_MOST + 1)
    with pytest.raises(InvalidInputError, match="divide it"):
        await do_not_call.import_csv(world.database, world.user_id, text)
    async with world.database.transaction() as tx:
        assert (await DndList(tx, world.user_id).list()).items == []


async def test_a_long_file_is_taken_in_parts(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A transaction keeps others from writing: none lists more than a hundred numbers."""
    held: list[Transaction] = []
    listing = do_not_call.list_number

    async def counted(tx: Transaction, *entry: Any, **more: Any) -> DndEntry:
        held.append(tx)
        return await listing(tx, *entry, **more)

    monkeypatch.setattr(do_not_call, "list_number", counted)
    lines = [f"+1{area}55501{last:02d}" for area in (212, 213, 214) for last in range(70)]
    text = "\n".join(["phone_number", *lines])
    done = await do_not_call.import_csv(world.database, world.user_id, text)
    again = await do_not_call.import_csv(world.database, world.user_id, text)
    assert (done.added, again.added, again.known) == (210, 0, 210)
    assert max(held.count(tx) for tx in held) <= 100


async def test_export_comes_back(world: World) -> None:
    """An export can be imported by somebody else, also a reason that looks like a formula."""
    reasons = ['=HYPERLINK("x")', "said: no, never\nagain"]
    eve = await world.user("eve")
    async with world.database.transaction() as tx:
        for number, reason in zip((NUMBER, OTHER), reasons, strict=True):
            await do_not_call.list_number(tx, world.user_id, number, reason, added_by="user")
        text = await do_not_call.export_csv(tx, world.user_id)
    assert "'=HYPERLINK" in text
    assert (await do_not_call.import_csv(world.database, eve, text)).added == 2
    async with world.database.transaction() as tx:
        theirs = (await DndList(tx, eve).list()).items
    assert [entry.reason for entry in theirs] == reasons[::-1]


@given(st.text(max_size=20))
def test_a_number_is_digits_alone(text: str) -> None:
    """Whatever is written, what comes out is E.164."""
    try:
        number = do_not_call.e164(text)
    except InvalidInputError:
        return
    assert number.startswith("+")
    assert number[1:].isascii()
    assert number[1:].isdigit()
