"""Processes that hold calls: their lives in the table, their turns, and who settles the dead's."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from opendeep.call_processor_service.call_recovery_svc import (
    SETTLE_AFTER_SECONDS,
    CallRecoveryService,
)
from opendeep.call_processor_service.lapse_watch import LAPSE_SECONDS
from opendeep.call_processor_service.least_loaded import YIELD_SECONDS, LeastLoaded
from opendeep.call_processor_service.node_membership import NodeMembership
from opendeep.common.data_models import CallCause, CallStatus, TaskStatus
from opendeep.common.errors import UnavailableError
from opendeep.common.ids import channel_id
from opendeep.common.lifecycle import Nursery
from opendeep.database.repositories import Calls, SystemCalls, SystemNodes, Tasks

HERE, THERE = "here", "there"


class ListedChannels:
    """An exchange with these channels; it notes whom it was told to hang up."""

    def __init__(self, *unique_ids):
        self.listed = [{"Uniqueid": each, "Channel": f"PJSIP/{each}"} for each in unique_ids]
        self.hung_up = []

    async def list_action(self, _action):
        """List the channels."""
        return self.listed

    async def send_action(self, action):
        """Hang up."""
        self.hung_up.append(dict(action.headers)["Channel"])


async def begin_life(database, name, *, ready=True):
    """Let a process begin a life; return its number."""
    async with database.transaction() as tx:
        fence = await SystemNodes(tx).register(name)
        assert await SystemNodes(tx).beat(name, fence, ready=ready)
    return fence


async def call_of(database, seeds, node, fence, status=CallStatus.IN_PROGRESS):
    """Let a process hold a call."""
    user = await seeds.user()
    task = await seeds.queued(user)
    async with database.transaction() as tx:
        call = await Calls(tx, user).create_attempt(task, node=node, fence=fence)
        if status is CallStatus.INITIATING:
            return call
        return await Calls(tx, user).change(
            call.id, expected={CallStatus.INITIATING}, status=status
        )


async def node_of(database, name):
    """Read a process's row."""
    async with database.transaction() as tx:
        [node] = [each for each in await SystemNodes(tx).all() if each.name == name]
    return node


async def test_a_life_is_fenced_off_once(database):
    """A new life, or whoever ends the old one, makes its number worthless; a beat prevents it."""
    fence = await begin_life(database, HERE)
    seen = await node_of(database, HERE)
    async with database.transaction() as tx:
        nodes = SystemNodes(tx)
        assert await nodes.beat(HERE, fence, ready=True)
        assert not await nodes.end(seen)  # it beat since
    seen = await node_of(database, HERE)
    async with database.transaction() as tx:
        nodes = SystemNodes(tx)
        assert await nodes.end(seen)
        assert not await nodes.end(seen)
        assert not await nodes.beat(HERE, fence, ready=True)
        assert not await nodes.holds(HERE, fence)
    again = await begin_life(database, HERE)
    assert again > fence + 1
    async with database.transaction() as tx:
        assert await SystemNodes(tx).holds(HERE, again)
        assert not await SystemNodes(tx).holds("nobody", 1)


async def test_who_is_ready(database, clock):
    """Ready is who beat a moment ago and could place calls; who left is not."""
    await begin_life(database, HERE)
    await begin_life(database, THERE, ready=False)
    async with database.transaction() as tx:
        assert await SystemNodes(tx).ready_names(within_seconds=3) == [HERE]
    clock.advance(4)
    async with database.transaction() as tx:
        assert await SystemNodes(tx).ready_names(within_seconds=3) == []
        await SystemNodes(tx).leave(THERE, 1)
        assert [node.name for node in await SystemNodes(tx).all()] == [HERE, THERE]


async def test_who_holds_more_gives_way_for_a_moment(database, seeds, clock):
    """The one with more waits once; if the other takes nothing by then, it goes on by itself."""
    ours, theirs = await begin_life(database, HERE), await begin_life(database, THERE)
    turns = LeastLoaded(HERE, clock)
    async with database.transaction() as tx:
        assert await turns.is_our_turn(tx)
    await call_of(database, seeds, HERE, ours)
    async with database.transaction() as tx:
        assert not await turns.is_our_turn(tx)
    clock.advance(YIELD_SECONDS)
    async with database.transaction() as tx:
        assert await turns.is_our_turn(tx)  # impatient now
        assert await turns.is_our_turn(tx)
    clock.advance(2.9)
    await begin_life(database, THERE)
    clock.advance(0.2)
    async with database.transaction() as tx:
        assert not await turns.is_our_turn(tx)
    await call_of(database, seeds, THERE, theirs)
    async with database.transaction() as tx:
        assert await turns.is_our_turn(tx)


async def look_for(service, clock, seconds):
    """Let a recovery look once a second."""
    for _ in range(round(seconds)):
        await service.look()
        clock.advance(1)


async def test_a_dead_process_s_calls_are_settled(database, seeds, clock):
    """Silent for the lapse, it is fenced off; what it sent is lost some seconds later, once."""
    fence = await begin_life(database, THERE)
    call = await call_of(database, seeds, THERE, fence)
    unsent = await call_of(database, seeds, THERE, fence, CallStatus.INITIATING)
    ami = ListedChannels(channel_id(call.id), "od-of-somebody-else")
    service = CallRecoveryService(database, ami, clock)
    await look_for(service, clock, LAPSE_SECONDS)
    assert (await node_of(database, THERE)).incarnation == fence
    await look_for(service, clock, 2)
    assert (await node_of(database, THERE)).incarnation == fence + 1
    async with database.transaction() as tx:
        assert [each.id for each in await SystemCalls(tx).live()] == [call.id]
        assert await Calls(tx, unsent.user_id).for_task(unsent.task_id) == []
    assert ami.hung_up == []
    await look_for(service, clock, SETTLE_AFTER_SECONDS + 1)
    assert ami.hung_up == [f"PJSIP/{channel_id(call.id)}"]
    async with database.transaction() as tx:
        settled = await SystemCalls(tx).get(call.id)
        task = await Tasks(tx, call.user_id).get(call.task_id)
    assert (settled.status, settled.cause) == (CallStatus.LOST, CallCause.LOST)
    assert task.status is TaskStatus.AWAITING_ANALYSIS
    await look_for(service, clock, 3)
    assert len(ami.hung_up) == 1


async def test_a_process_that_beats_keeps_its_calls(database, seeds, clock):
    """However long a call lasts, who gives signs of life is left alone."""
    fence = await begin_life(database, THERE)
    call = await call_of(database, seeds, THERE, fence)
    service = CallRecoveryService(database, ListedChannels(), clock)
    for _ in range(4):
        await look_for(service, clock, 10)
        async with database.transaction() as tx:
            assert await SystemNodes(tx).beat(THERE, fence, ready=True)
    async with database.transaction() as tx:
        assert [each.id for each in await SystemCalls(tx).live()] == [call.id]


async def test_who_could_not_look_accuses_nobody(database, seeds, clock):
    """After a pause of the observer's own, everybody has the whole lapse again."""
    fence = await begin_life(database, THERE)
    await call_of(database, seeds, THERE, fence)
    service = CallRecoveryService(database, ListedChannels(), clock)
    for _ in range(3):
        await look_for(service, clock, LAPSE_SECONDS - 3)
        clock.advance(60)
    assert (await node_of(database, THERE)).incarnation == fence


class LeavingDatabase:
    """A database that is away while the test says so."""

    def __init__(self, database):
        self._database = database
        self.away = False

    @asynccontextmanager
    async def transaction(self):
        """Open a unit of work, or fail."""
        if self.away:
            raise UnavailableError("The database does not answer.")
        async with self._database.transaction() as tx:
            yield tx


async def until(condition):
    """Wait until something is so."""
    for _ in range(3000):
        if condition():
            return
        await asyncio.sleep(0.005)
    pytest.fail("It did not become so.")


@pytest.fixture
async def nursery():
    """Offer an owner of tasks."""
    async with Nursery("nodes", grace_seconds=5) as opened:
        yield opened


async def test_a_process_taken_for_dead_begins_a_new_life(database, nursery):
    """An outage does not end a life; others who end it make the process begin the next one."""
    leaving = LeavingDatabase(database)
    membership = NodeMembership(HERE, leaving, is_ready=lambda: True, beat_seconds=0.01)
    running = nursery.start(membership.run(), name="membership")
    await until(lambda: membership.fence is not None)
    first = membership.fence
    leaving.away = True
    await asyncio.sleep(0.05)
    assert membership.fence == first
    seen = await node_of(database, HERE)
    async with database.transaction() as tx:
        assert await SystemNodes(tx).end(seen)
    leaving.away = False
    await until(lambda: membership.fence not in {None, first})
    membership.stop()
    await running
    last = await node_of(database, HERE)
    assert membership.fence == last.incarnation
    async with database.transaction() as tx:
        assert await SystemNodes(tx).ready_names(within_seconds=60) == []
