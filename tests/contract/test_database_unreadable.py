"""A task row that cannot be read waits on hold and says why; nobody else's task waits with it."""

import pytest
from sqlalchemy import insert, select, text

from opendeep.common.data_models import TaskStatus
from opendeep.common.errors import ConflictError, InvalidInputError
from opendeep.database import tables
from opendeep.database.repositories import SystemTasks, Tasks, UserEvents
from tests.contract.conftest import NUMBER

ANYWHERE = {
    "facts": "'[1]'",
    "sources": '\'[{"field": "x"}]\'',
    "questions_for_callee": "'[1]'",
    "inter_call_context": "'3'",
    "outcome": "'[]'",
}
ON_SQLITE = {
    "max_attempts": "'lots'",
    "priority": "5.5",
    "next_action_time": "170",
    "earliest": "'tomorrow'",
    "created_at": "'today'",
    "title": "X'FF00'",
    "contact_name": "CAST(X'4A6FE9' AS TEXT)",
}


async def write(database, user, **columns):
    """Write a due task by hand; the values are SQL."""
    row = {"user_id": str(user), "title": "'By hand'", "phone_number": f"'{NUMBER}'", **columns}
    row.setdefault("next_action_time", "'2020-01-01 00:00:00'")
    statement = f"INSERT INTO tasks ({', '.join(row)}) VALUES ({', '.join(row.values())})"  # noqa: S608
    async with database.transaction() as tx:
        await tx.execute(text(statement))
        return (
            (await tx.execute(select(tables.tasks.c.id).order_by(tables.tasks.c.id))).all()[-1].id
        )


async def claim(database, clock):
    """Claim what is due."""
    async with database.transaction() as tx:
        return await SystemTasks(tx).claim_due(
            now=clock.now(), limit=10, claimed_by="one", lease_seconds=30
        )


SQLITE_ALONE = pytest.mark.parametrize("make_database", ["memory", "sqlite"], indirect=True)
"""PostgreSQL's types and foreign keys refuse such rows by themselves."""


@SQLITE_ALONE
@pytest.mark.parametrize(("column", "value"), ON_SQLITE.items())
async def test_a_value_of_a_wrong_type_is_held(database, seeds, clock, column, value):
    """SQLite takes any value in any column; what cannot be read is held all the same."""
    await _is_held_and_stops_nobody(database, seeds, clock, column, value)


@SQLITE_ALONE
async def test_what_the_claim_writes_itself_is_mended_by_it(database, seeds, clock):
    """Counting on from a word begins anew, and a status before an earlier claim is of no use."""
    junk = {"version": "'first'", "claim_token": "'one'", "status_before_claim": "'junk'"}
    bad = await write(database, await seeds.user(), **junk)
    [claimed] = await claim(database, clock)
    assert (claimed.id, claimed.version, claimed.claim_token) == (bad, 1, 1)
    assert claimed.status_before_claim is TaskStatus.PENDING


@pytest.mark.parametrize(("column", "value"), ANYWHERE.items())
async def test_a_value_of_a_wrong_shape_is_held(database, seeds, clock, column, value):
    """JSON of another shape and a word that is no state are held on every database."""
    await _is_held_and_stops_nobody(database, seeds, clock, column, value)


async def _is_held_and_stops_nobody(database, seeds, clock, column, value):
    """The unreadable task goes on hold, with its column named; another user's is claimed."""
    user, other = await seeds.user(), await seeds.user("bob")
    bad = await write(database, user, **{column: value})
    good = await seeds.task(other)
    assert [task.id for task in await claim(database, clock)] == [good.id]
    async with database.transaction() as tx:
        held = await Tasks(tx, user).get(bad)
        events = await UserEvents(tx, user).after(0)
        kept = (await tx.execute(select(tables.audit_log))).mappings().one()
    assert (held.status, held.next_action_time) == (TaskStatus.ON_HOLD, None)
    assert held.status_reason is not None
    assert f"({column}: " in held.status_reason
    assert "fromisoformat" not in held.status_reason
    assert [event.subject_id for event in events] == [str(bad)]
    assert (kept["user_id"], kept["action"]) == (user, "unreadable_value_replaced")
    assert list(kept["detail"]["columns"]) == [column]
    if value.startswith("'") and column != "sources":
        assert kept["detail"]["columns"][column] == value.strip("'")


async def test_a_task_in_a_call_is_mended_where_it_stands(database, seeds, clock):
    """A row that is not to be dialled keeps its state, and what can be read of it is found."""
    user = await seeds.user()
    bad = await write(database, user, facts="'[1]'", status="'in_progress'")
    clock.advance(3_000_000_000)
    async with database.transaction() as tx:
        [found] = await SystemTasks(tx).stuck(before=clock.now())
    assert (found.id, found.status, found.facts) == (bad, TaskStatus.IN_PROGRESS, {})


async def test_text_that_is_no_json_is_refused(database, seeds):
    """The database itself refuses it by hand, and a number that JSON does not know as input."""
    user = await seeds.user()
    with pytest.raises((ConflictError, InvalidInputError)):
        await write(database, user, facts="'junk'")
    row = {"user_id": user, "title": "T", "phone_number": NUMBER, "facts": {"n": float("nan")}}
    with pytest.raises(InvalidInputError):
        async with database.transaction() as tx:
            await tx.execute(insert(tables.tasks).values(row))


@SQLITE_ALONE
async def test_a_row_without_an_owner_is_held_in_silence(database, seeds, clock):
    """A row of nobody's, written while foreign keys were off, goes on hold as well."""
    good = await seeds.task(await seeds.user())
    async with database.transaction() as tx:
        await tx.execute(text("PRAGMA defer_foreign_keys = ON"))
        await tx.execute(
            text(
                "INSERT INTO tasks (user_id, title, phone_number, facts, next_action_time) "
                "VALUES (999, 'Nobody''s', '+12015550100', '[]', '2020-01-01')"
            )
        )
        assert [task.id for task in await SystemTasks(tx).due(now=clock.now(), limit=9)] == [
            good.id
        ]
        await tx.execute(text("DELETE FROM tasks WHERE user_id = 999"))
