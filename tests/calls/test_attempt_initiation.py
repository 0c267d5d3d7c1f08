"""The initiator and recovery with real rows and a scripted Asterisk, in virtual time."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest

from opendeep.call_processor_service.ami_protocol import AmiMessage
from opendeep.call_processor_service.call_initiator_svc import CallInitiatorService
from opendeep.call_processor_service.dialing import DialConfig
from opendeep.call_processor_service.recovery import recover_calls
from opendeep.common import messages
from opendeep.common.clock import LoopClock
from opendeep.common.data_models import CallCause, CallStatus, TaskStatus
from opendeep.common.errors import UnavailableError
from opendeep.common.ids import CallId, TaskId, channel_id
from opendeep.common.messages import Wakeup
from opendeep.database.models import Task
from opendeep.database.repositories import SystemTasks
from opendeep.database.transaction import Transaction
from tests.calls.ami_peer import ScriptedCall, rings_and_is_answered
from tests.calls.call_world import NUMBER, CallWorld, OpenGate


@pytest.fixture
async def world(story_clock: LoopClock) -> AsyncIterator[CallWorld]:
    """Return a world whose Asterisk is connected."""
    async with CallWorld(story_clock).open() as opened:
        yield opened


@asynccontextmanager
async def running(world: CallWorld, **limits: float) -> AsyncIterator[CallInitiatorService]:
    """Run an initiator while the block is open."""
    service = world.initiator(**limits)
    task = world.nursery.start(service.run(), name=service.name)
    try:
        yield service
    finally:
        service.stop()
        await task


async def talks(call: ScriptedCall, seconds: float) -> None:
    """Answer and hang up after some seconds of talk."""
    await rings_and_is_answered(call)
    await asyncio.sleep(seconds)
    call.hang_up()


async def statuses(world: CallWorld, tasks: list[Task]) -> list[TaskStatus]:
    """Return where tasks stand now."""
    return [(await world.task(task)).status for task in tasks]


async def test_a_queued_task_is_called_at_a_wake_up(world: CallWorld) -> None:
    """A wake-up starts the call at once; its end is told to the analyzer and the scheduler."""
    world.peer.script = lambda call: talks(call, 10)
    async with running(world), world.bus.subscribe(messages.WAKEUPS) as wakeups:
        await asyncio.sleep(0.5)
        task = await world.add_task()
        await world.queue()
        await world.bus.publish(messages.WAKEUPS, Wakeup(work="queued_tasks"))
        await asyncio.sleep(0.1)
        assert len(world.peer.asked("Originate")) == 1
        await asyncio.sleep(20)
        told = [await wakeups.get() for _ in range(3)]
    assert told[1:] == [Wakeup(work="calls_to_analyse"), Wakeup(work="slot_free")]
    assert await statuses(world, [task]) == [TaskStatus.AWAITING_ANALYSIS]


async def test_limits_hold_for_all_and_for_each(world: CallWorld) -> None:
    """Never more than three calls at once, nor more than two of one user; all get their turn."""
    world.peer.script = lambda call: talks(call, 10)
    tasks = [await world.add_task(user=user) for user in ("ada", "ada", "ada", "bob", "bob")]
    await world.queue()
    most = 0
    async with running(world, max_concurrent_calls=3, max_concurrent_calls_per_user=2) as service:
        for _ in range(600):
            await asyncio.sleep(0.1)
            most = max(most, len(world.peer.calls), service.live_calls)
            of_ada = [await world.calls_of(task) for task in tasks[:3]]
            assert sum(bool(calls) and calls[0].status.is_live for calls in of_ada) <= 2
    assert most == 3
    assert set(await statuses(world, tasks)) == {TaskStatus.AWAITING_ANALYSIS}
    assert len(world.peer.asked("Originate")) == 5


@dataclass
class RacedGate(OpenGate):
    """Lets every task pass; some are claimed anew by somebody else at that moment."""

    raced: set[TaskId] = field(default_factory=set)
    looked_at: list[TaskId] = field(default_factory=list)

    async def check(self, tx: Transaction, task: Task, call_id: CallId | None = None) -> str | None:
        """Note who is looked at, and move whom it was told to."""
        self.looked_at.append(task.id)
        if task.id in self.raced:
            await SystemTasks(tx).give_back(task, "expired")
        return await super().check(tx, task, call_id)


async def test_one_task_that_moved_holds_up_no_other(world: CallWorld) -> None:
    """Tasks that were changed while a round looked at them cost the others of it nothing."""
    tasks = [await world.add_task() for _ in range(4)]
    await world.queue()
    world.gate = gate = RacedGate(raced={tasks[0].id, tasks[2].id})
    async with running(world):
        await asyncio.sleep(0.5)
    assert len(world.peer.asked("Originate")) == 2
    assert [await world.calls_of(task) for task in (tasks[0], tasks[2])] == [[], []]
    assert gate.looked_at.count(tasks[0].id) <= 3


async def test_calls_begin_no_faster_than_the_pace(world: CallWorld) -> None:
    """At half a call per second, calls begin two seconds apart."""
    for _ in range(3):
        await world.add_task()
    await world.queue()
    begun: list[float] = []

    async def script(call: ScriptedCall) -> None:
        begun.append(world.clock.monotonic())
        call.made()
        call.fail("BUSY", 17, "User busy")

    world.peer.script = script
    async with running(world, calls_per_second=0.5):
        await asyncio.sleep(10)
    gaps = [later - earlier for earlier, later in itertools.pairwise(begun)]
    assert len(begun) == 3
    assert all(gap >= 2 for gap in gaps)


async def test_test_mode_calls_one_at_a_time(world: CallWorld) -> None:
    """Test Mode forces one call at once, whatever the limits say."""
    world.config = replace(world.config, dialing=DialConfig(test_mode=True))
    world.peer.script = lambda call: talks(call, 5)
    for _ in range(3):
        await world.add_task()
    await world.queue()
    most = 0
    async with running(world, max_concurrent_calls=10):
        for _ in range(300):
            await asyncio.sleep(0.1)
            most = max(most, len(world.peer.calls))
    assert most == 1
    assert {action.get("Channel") for action in world.peer.asked("Originate")} == {"PJSIP/7000"}


async def test_a_refused_task_is_given_back_with_the_reason(world: CallWorld) -> None:
    """The gate's refusal creates no attempt; the task waits as before its claim."""
    task = await world.add_task()
    world.gate.reasons[task.id] = "Outside calling hours."
    await world.queue()
    async with running(world):
        await asyncio.sleep(2)
    current = await world.task(task)
    assert (current.status, current.status_reason) == (
        TaskStatus.PENDING,
        "Outside calling hours.",
    )
    assert (current.current_attempt_count, world.peer.asked("Originate")) == (0, [])


async def test_a_gate_may_move_the_task_itself(world: CallWorld) -> None:
    """A number that was listed between claim and dial stays uncalled and is not given back."""
    task, other = await world.add_task(), await world.add_task(user="bob")
    world.gate.reasons[task.id] = "The number is on your do-not-disturb list."
    world.gate.cancels = True
    world.peer.script = lambda call: talks(call, 1)
    await world.queue()
    async with running(world):
        await asyncio.sleep(10)
    assert await statuses(world, [task, other]) == [
        TaskStatus.CANCELLED_DND,
        TaskStatus.AWAITING_ANALYSIS,
    ]
    assert len(world.peer.asked("Originate")) == 1


async def test_without_asterisk_tasks_wait_and_say_why(story_clock: LoopClock) -> None:
    """While Asterisk is away nothing starts; the task says so, and starts when it is back."""
    async with CallWorld(story_clock).open(connected=False) as world:
        task = await world.add_task()
        await world.queue()
        async with running(world):
            await asyncio.sleep(3)
            waiting = await world.task(task)
            assert waiting.status is TaskStatus.QUEUED_FOR_CALL
            assert "telephone exchange cannot be reached" in (waiting.status_reason or "")
            version = waiting.version
            await asyncio.sleep(3)
            assert (await world.task(task)).version == version
            world.peer.script = lambda call: talks(call, 1)
            async with world.peer.serve():
                await asyncio.sleep(30)
                assert await statuses(world, [task]) == [TaskStatus.AWAITING_ANALYSIS]
                world.ami.stop()


async def test_a_stop_in_mid_call_hangs_up_and_saves(world: CallWorld) -> None:
    """Ctrl-C with three calls on: all are hung up and saved, within five seconds."""
    tasks = [await world.add_task() for _ in range(3)]
    await world.queue()
    async with running(world) as service:
        await asyncio.sleep(10)
        assert service.live_calls == 3
        before = world.clock.monotonic()
        world.ami.stop()
    assert world.clock.monotonic() - before < 5
    assert world.peer.calls == {}
    for task in tasks:
        (call,) = await world.calls_of(task)
        assert (call.status, call.cause) == (CallStatus.ENDED, CallCause.CANCELLED)


async def test_a_stop_before_the_start_starts_nothing(world: CallWorld) -> None:
    """A service stopped before it runs returns at once."""
    await world.add_task()
    await world.queue()
    service = world.initiator()
    service.stop()
    await service.run()
    assert world.peer.asked("Originate") == []


async def test_a_database_that_is_away_costs_a_round(world: CallWorld) -> None:
    """A round that finds no database is repeated; running calls do not notice."""
    world.peer.script = lambda call: talks(call, 20)
    first = await world.add_task()
    await world.queue()
    async with running(world) as service:
        await asyncio.sleep(5)
        reserve = service._reservations.reserve
        failures = 3

        async def flaky() -> object:
            nonlocal failures
            failures -= 1
            if failures >= 0:
                raise UnavailableError("The database does not answer.")
            return await reserve()

        service._reservations.reserve = flaky  # type: ignore[method-assign,assignment]
        second = await world.add_task()
        await world.queue()
        await asyncio.sleep(60)
    assert await statuses(world, [first, second]) == [TaskStatus.AWAITING_ANALYSIS] * 2


async def test_unsent_rows_are_released_at_the_start(world: CallWorld) -> None:
    """A row that a dead process reserved and never sent leaves no trace but a reason."""
    attempt = await world.reserve()
    async with running(world):
        await asyncio.sleep(1)
    task = await world.task(attempt.task)
    assert (task.status, task.current_attempt_count) == (TaskStatus.PENDING, 0)
    assert "restarted" in (task.status_reason or "")
    assert await world.calls_of(task) == []


@pytest.mark.parametrize(
    "status", [CallStatus.ORIGINATING, CallStatus.RINGING, CallStatus.IN_PROGRESS]
)
async def test_a_sent_row_whose_channel_is_gone_is_lost(
    world: CallWorld, status: CallStatus
) -> None:
    """A used attempt of a dead process is never redialled: its task is analysed as unknown."""
    attempt = await world.reserve()
    await world.set_call(attempt.call, status)
    async with running(world):
        await asyncio.sleep(40)
    call = await world.call(attempt)
    assert (call.status, call.cause) == (CallStatus.LOST, CallCause.LOST)
    task = await world.task(attempt.task)
    assert (task.status, task.current_attempt_count) == (TaskStatus.AWAITING_ANALYSIS, 1)
    assert world.peer.asked("Originate") == []
    assert world.peer.asked("Hangup") == []


async def test_a_sent_row_whose_channel_lives_is_hung_up(world: CallWorld) -> None:
    """A channel that outlived its owner is hung up, since nobody holds its sound."""
    attempt = await world.reserve()
    await world.set_call(attempt.call, CallStatus.IN_PROGRESS)
    action = AmiMessage.of(("Action", "Originate"), ("ChannelId", channel_id(attempt.call.id)))
    ScriptedCall(world.peer, action).made()
    async with running(world):
        await asyncio.sleep(1)
    assert len(world.peer.asked("Hangup")) == 1
    assert (world.peer.calls, (await world.call(attempt)).status) == ({}, CallStatus.LOST)


async def test_recovery_decides_nothing_without_asterisk(story_clock: LoopClock) -> None:
    """While Asterisk is away a sent row keeps its slot; afterwards it is settled."""
    async with CallWorld(story_clock).open(connected=False) as world:
        attempt = await world.reserve()
        await world.set_call(attempt.call, CallStatus.RINGING)
        async with running(world):
            await asyncio.sleep(5)
            assert (await world.call(attempt)).status is CallStatus.RINGING
            async with world.peer.serve():
                await asyncio.sleep(30)
                assert (await world.call(attempt)).status is CallStatus.LOST
                world.ami.stop()


async def test_rows_of_others_are_left_alone(world: CallWorld) -> None:
    """Recovery touches neither another node's calls nor those that a handler holds."""
    theirs = await world.reserve()
    await world.set_call(theirs.call, CallStatus.RINGING, node="other")
    held = await world.reserve(number=NUMBER)
    handled = {held.call.id}
    left = await recover_calls(world.database, world.ami, node="main", handled=handled)
    assert left == 0
    assert (await world.call(theirs)).status is CallStatus.RINGING
    assert (await world.call(held)).status is CallStatus.INITIATING


async def test_an_end_that_was_not_saved_is_found_later(world: CallWorld) -> None:
    """A live row without a handler, left by a database that was away, is settled in time."""
    async with running(world):
        await asyncio.sleep(1)
        attempt = await world.reserve()
        await world.set_call(attempt.call, CallStatus.IN_PROGRESS)
        await asyncio.sleep(35)
        assert (await world.call(attempt)).status is CallStatus.LOST
