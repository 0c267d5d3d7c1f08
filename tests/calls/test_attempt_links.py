"""Attempts that are never sent, and attempts whose link to Asterisk is lost on the way."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from opendeep.common.clock import LoopClock
from opendeep.common.data_models import CallCause, CallStatus, TaskStatus
from opendeep.common.errors import UnavailableError
from opendeep.database.repositories import Calls
from tests.calls.ami_peer import ScriptedCall, rings_and_is_answered
from tests.calls.call_world import CallWorld, handler_of, run_attempt


@pytest.fixture
async def world(story_clock: LoopClock) -> AsyncIterator[CallWorld]:
    """Return a world whose Asterisk is connected."""
    async with CallWorld(story_clock).open() as opened:
        yield opened


async def test_media_that_cannot_prepare_releases_the_attempt(world: CallWorld) -> None:
    """Without media nothing is dialled: no row, no attempt counted, due again in 30 s."""
    world.media.prepare_error = UnavailableError("No port is free.")
    attempt = await world.reserve()
    await handler_of(world, attempt).run()
    task = await world.task(attempt.task)
    assert (task.status, task.current_attempt_count) == (TaskStatus.PENDING, 0)
    assert task.status_reason == "Not dialled: No port is free."
    assert task.next_action_time
    assert (task.next_action_time - world.clock.now()).total_seconds() == 30
    assert (await world.calls_of(task), world.peer.asked("Originate")) == ([], [])
    assert world.media.finished == [attempt.call.id]


async def test_an_unusable_number_holds_the_task(world: CallWorld) -> None:
    """A number that is not digits never reaches Asterisk; the task waits for a person."""
    attempt = await world.reserve(number="+1212555&PJSIP/evil")
    await handler_of(world, attempt).run()
    task = await world.task(attempt.task)
    assert (task.status, task.next_action_time) == (TaskStatus.ON_HOLD, None)
    assert world.peer.asked("Originate") == []


async def test_without_a_link_the_attempt_is_released(story_clock: LoopClock) -> None:
    """Asterisk that is away before Originate leaves the attempt unused."""
    async with CallWorld(story_clock).open(connected=False) as world:
        attempt = await world.reserve()
        await handler_of(world, attempt).run()
        task = await world.task(attempt.task)
        assert (task.status, task.current_attempt_count) == (TaskStatus.PENDING, 0)


async def test_a_stop_before_originate_releases_the_attempt(world: CallWorld) -> None:
    """A handler stopped before it could send leaves the task due at once."""
    attempt = await world.reserve()
    handler = handler_of(world, attempt)
    handler.stop()
    await handler.run()
    task = await world.task(attempt.task)
    assert (task.status, task.next_action_time) == (TaskStatus.PENDING, world.clock.now())
    assert world.peer.asked("Originate") == []


async def test_a_released_row_is_never_dialled(world: CallWorld) -> None:
    """If somebody else released the row, the handler neither dials nor complains."""
    attempt = await world.reserve()
    async with world.database.transaction() as tx:
        await Calls(tx, attempt.user.id).release_unsent(attempt.call.id)
    await handler_of(world, attempt).run()
    assert world.peer.asked("Originate") == []


async def test_a_call_survives_a_lost_link(world: CallWorld) -> None:
    """The link is cut in mid-call: the talk goes on, and its end is still seen as the callee's."""

    async def script(call: ScriptedCall) -> None:
        await rings_and_is_answered(call)
        await asyncio.sleep(5)
        world.peer.drop()
        await asyncio.sleep(30)
        call.hang_up()

    world.peer.script = script
    _, call = await run_attempt(world)
    assert (call.status, call.cause) == (CallStatus.ENDED, CallCause.CALLEE_HUNG_UP)
    assert world.peer.logins == 2
    assert len(world.peer.asked("Originate")) == 1


async def test_an_answer_missed_during_a_lost_link_is_learnt(world: CallWorld) -> None:
    """Status tells on the link's return that the callee has picked up meanwhile."""

    async def script(call: ScriptedCall) -> None:
        call.made()
        world.peer.drop()
        await asyncio.sleep(10)
        call.hang_up()

    world.peer.script = script
    _, call = await run_attempt(world)
    assert call.disposition == "answered"
    assert call.cause is CallCause.CALLEE_HUNG_UP


async def test_a_channel_gone_during_a_lost_link_is_lost(world: CallWorld) -> None:
    """A call whose end was not seen is lost, for the exchange's fault, and not redialled."""

    async def script(call: ScriptedCall) -> None:
        await rings_and_is_answered(call)
        world.peer.drop()
        call.hang_up()

    world.peer.script = script
    attempt, call = await run_attempt(world)
    assert (call.status, call.cause) == (CallStatus.LOST, CallCause.EXCHANGE_FAILED)
    assert (await world.task(attempt.task)).status is TaskStatus.AWAITING_ANALYSIS


async def test_a_link_that_stays_away_leaves_a_call_lost(world: CallWorld) -> None:
    """Nobody can say whether it rang: after the ring time it is lost, for the exchange's fault."""

    async def script(call: ScriptedCall) -> None:
        call.made()
        world.peer.banner = b"nonsense\r\n"
        world.peer.drop()

    world.peer.script = script
    _, call = await run_attempt(world)
    assert (call.status, call.cause) == (CallStatus.LOST, CallCause.EXCHANGE_FAILED)
