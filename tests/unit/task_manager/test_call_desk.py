"""What a live call writes: lines, events, facts, opt-outs, questions."""

import pytest

from opendeep.common import messages
from opendeep.common.data_models import Speaker, TaskStatus
from opendeep.common.errors import NotFoundError
from opendeep.common.ids import CallId, new_call_id
from opendeep.common.messages import CallEvent
from opendeep.common.ports import MenuStep, SpokenLine
from opendeep.database.repositories import (
    AuditLog,
    CallEvents,
    DndList,
    SystemUsers,
    Transcripts,
    UserEvents,
)
from opendeep.task_manager.call_briefing import CallBriefing
from opendeep.task_manager.call_desk import CallDesk
from opendeep.task_manager.feedback_manager_svc import FeedbackConfig, FeedbackManagerService
from tests.unit.task_manager.conftest import NUMBER, World


def desk(world: World) -> CallDesk:
    """Make a desk over the world."""
    feedback = FeedbackManagerService(world.database, world.bus, world.clock, FeedbackConfig())
    return CallDesk(world.database, feedback)


async def events(world: World, call_id: CallId) -> list[tuple[str, dict[str, object]]]:
    """Read a call's events."""
    async with world.database.transaction() as tx:
        rows = await CallEvents(tx, world.user_id).list(call_id)
    return [(row.name, row.detail) for row in rows]


async def test_lines(world: World) -> None:
    """Lines are numbered from 1 in the order of storing."""
    call = await world.call(await world.task())
    line = SpokenLine(speaker=Speaker.CALLEE, text="Hello?", start_ms=0, end_ms=500)
    assert [await desk(world).store_line(call.id, line) for _ in range(2)] == [1, 2]
    async with world.database.transaction() as tx:
        lines = await Transcripts(tx, world.user_id).lines(call.id)
    assert [(stored.seq, stored.text) for stored in lines] == [(1, "Hello?"), (2, "Hello?")]


async def test_events(world: World) -> None:
    """An event is stored and told to whoever watches the call."""
    call = await world.call(await world.task())
    async with world.bus.subscribe(messages.call_events(call.id)) as watching:
        await desk(world).store_event(call.id, "dtmf_sent", {"digits": "2"})
        assert await watching.get() == CallEvent(name="dtmf_sent")
    assert await events(world, call.id) == [("dtmf_sent", {"digits": "2"})]


async def test_facts(world: World) -> None:
    """A fact is stored with name and value, bounded, where the analysis finds it."""
    call = await world.call(await world.task())
    await desk(world).note_fact(call.id, "price", "80 dollars")
    await desk(world).note_fact(call.id, "n" * 300, "v" * 3000)
    assert await events(world, call.id) == [
        ("fact_noted", {"name": "price", "value": "80 dollars"}),
        ("fact_noted", {"name": "n" * 100, "value": "v" * 500}),
    ]


async def test_opt_out(world: World) -> None:
    """An opt-out lists the number at once and cancels what would still dial it."""
    task = await world.task()
    waiting = await world.task(goal="other")
    elsewhere = await world.task(phone_number="+12125550101")
    call = await world.call(task)
    await desk(world).mark_do_not_call(call.id, "Never call me again!", found_by="model")
    async with world.database.transaction() as tx:
        [entry] = (await DndList(tx, world.user_id).list()).items
        await AuditLog(tx, world.user_id).append("read")
    assert (entry.phone_number, entry.source_call_id) == (NUMBER, call.id)
    assert "Never call me again!" in entry.reason
    assert (await world.get(waiting)).status is TaskStatus.CANCELLED_DND
    assert (await world.get(elsewhere)).status is TaskStatus.PENDING
    assert (await world.get(task)).status is TaskStatus.IN_PROGRESS


async def test_the_user_is_told_that_a_person_is_there(world: World) -> None:
    """Of a call's events one reaches the user's pages: that the call is through."""
    call = await world.call(await world.task())
    async with world.database.transaction() as tx:
        before = await UserEvents(tx, call.user_id).last_id()
    await desk(world).store_event(call.id, "voice_ready", {})
    await desk(world).store_event(call.id, "person_reached", {"at_ms": 9000})
    async with world.database.transaction() as tx:
        told = await UserEvents(tx, call.user_id).after(before or 0)
    assert [(event.type, event.subject_id) for event in told] == [("person_reached", call.id)]


async def test_menu(world: World) -> None:
    """The way through a menu is kept for the number and told to the next call, or forgotten."""
    task = await world.task()
    call = await world.call(task)
    steps = (MenuStep(keys="2", sound="AAAA"),)
    await desk(world).learn_menu(call.id, steps)
    async with world.database.transaction() as tx:
        user = await SystemUsers(tx).by_name("ada")
    briefing = CallBriefing(world.database, world.clock)
    assert (await briefing.brief(task, user)).known_menus == steps
    await desk(world).learn_menu(call.id, ())
    assert (await briefing.brief(task, user)).known_menus == ()


async def test_question(world: World) -> None:
    """A question of the call is put to the call's own user."""
    task = await world.task()
    call = await world.call(task)
    asked = await desk(world).ask_user(call.id, "t1", "Friday?", ["yes"])
    [question] = await world.questions(task)
    assert (question.id, question.call_id, question.options) == (asked, call.id, ["yes"])


async def test_unknown_call(world: World) -> None:
    """A call that does not exist can write nothing."""
    with pytest.raises(NotFoundError):
        await desk(world).store_event(new_call_id(), "x", {})
