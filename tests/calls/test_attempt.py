"""Whole attempts against a scripted Asterisk, from Originate to the committed end."""

import asyncio
import gc
import re
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest

from opendeep.call_processor_service.dialing import DialConfig
from opendeep.common.clock import LoopClock
from opendeep.common.data_models import CallCause, CallStatus, TaskStatus
from opendeep.common.errors import (
    ConflictError,
    InvalidInputError,
    NoListenerError,
    VoiceUnavailableError,
)
from opendeep.common.messages import GiveHint, SendDtmf, TransferCall, call_commands
from opendeep.common.ports import MediaReport
from opendeep.database.repositories import Tasks
from tests.calls.ami_peer import ScriptedCall, answered_for, rings_and_is_answered
from tests.calls.call_world import AUDIOSOCKET, CallWorld, handler_of, run_attempt


@pytest.fixture
async def world(story_clock: LoopClock) -> AsyncIterator[CallWorld]:
    """Return a world whose Asterisk is connected."""
    async with CallWorld(story_clock).open() as opened:
        yield opened


def ending(
    dial_status: str, cause: int, text: str = "", *, rings: bool = False
) -> Callable[[ScriptedCall], Awaitable[None]]:
    """Script a call that nobody answers."""

    async def script(call: ScriptedCall) -> None:
        call.made()
        await asyncio.sleep(1)
        if rings:
            call.ring()
        call.fail(dial_status, cause, text)

    return script


async def test_an_answered_call_goes_through_every_state(world: CallWorld) -> None:
    """A call that the callee ends is answered at 3 s, lasts 20 s, and awaits analysis."""
    world.peer.script = answered_for
    attempt, call = await run_attempt(world)

    assert (call.status, call.cause) == (CallStatus.ENDED, CallCause.CALLEE_HUNG_UP)
    assert call.started_at and call.answered_at and call.ended_at  # noqa: PT018
    assert (call.answered_at - call.started_at).total_seconds() == 3
    assert (call.ended_at - call.answered_at).total_seconds() == 20
    assert (call.hangup_cause, call.hangup_text) == (16, "Normal Clearing")
    assert (call.disposition, call.dialled_number) == ("answered", "+12125550100")
    assert await world.events(call) == ["originating", "ringing", "in_progress", "ended"]
    task = await world.task(attempt.task)
    assert (task.status, task.current_attempt_count) == (TaskStatus.AWAITING_ANALYSIS, 1)
    assert task.status_reason == "The other side hung up."


async def test_a_call_that_is_over_leaves_nothing_to_the_garbage_collector(
    world: CallWorld,
) -> None:
    """The last reference to a call's owner goes with its run: no cycle keeps its memory."""
    world.peer.script = answered_for
    attempt = await world.reserve()
    handler = handler_of(world, attempt)
    owner = weakref.ref(handler)
    gc.disable()
    try:
        await handler.run()
        del handler
        assert owner() is None
    finally:
        gc.enable()


async def test_originate_says_what_asterisk_needs(world: CallWorld) -> None:
    """Originate carries the dial string, the id of the call, and the way to its AudioSocket."""
    world.peer.script = answered_for
    attempt, call = await run_attempt(world)

    (originate,) = world.peer.asked("Originate")
    assert originate.get("Channel") == "PJSIP/+12125550100@trunk"
    assert originate.get("ChannelId") == f"od-{call.id}" == call.asterisk_unique_id
    assert (originate.get("Context"), originate.get("Exten")) == ("opendeep", "media")
    assert (originate.get("Async"), originate.get("Timeout")) == ("true", "30000")
    *variables, dial_by = originate.get_all("Variable")
    assert variables == [f"OPENDEEP_CALL_ID={call.id}", f"OPENDEEP_AUDIOSOCKET={AUDIOSOCKET}"]
    assert re.fullmatch(r"OPENDEEP_DIAL_BY=\d{10}", dial_by)
    (media,) = world.media.prepared
    assert media.instructions == "Do: ask for the time"
    assert media.disclosure == "This is an AI calling for ada."
    assert world.media.opened == world.media.finished == [attempt.call.id]


async def test_the_row_is_committed_before_originate_is_sent(world: CallWorld) -> None:
    """When Asterisk reads Originate, the attempt is already marked as used."""
    seen: list[CallStatus] = []
    attempt = await world.reserve()

    async def script(call: ScriptedCall) -> None:
        seen.append((await world.call(attempt)).status)
        call.made()
        call.fail("BUSY", 17, "User busy")

    world.peer.script = script
    await handler_of(world, attempt).run()
    assert seen == [CallStatus.ORIGINATING]


@pytest.mark.parametrize(
    ("dial_status", "hangup_cause", "cause"),
    [
        ("BUSY", 17, CallCause.BUSY),
        ("NOANSWER", 1, CallCause.UNALLOCATED),
        ("CONGESTION", 34, CallCause.CONGESTION),
        ("NOANSWER", 19, CallCause.NO_ANSWER),
        ("CONGESTION", 21, CallCause.REJECTED),
    ],
)
async def test_failed_calls_are_judged_by_hangup(
    world: CallWorld, dial_status: str, hangup_cause: int, cause: CallCause
) -> None:
    """The cause comes from Hangup although OriginateResponse came first and said nothing."""
    world.peer.script = ending(dial_status, hangup_cause)
    _, call = await run_attempt(world)
    assert (call.status, call.cause, call.answered_at) == (CallStatus.ENDED, cause, None)


async def test_a_local_channel_may_hang_up_first(world: CallWorld) -> None:
    """A busy Local channel, whose Hangup comes before OriginateResponse, is busy all the same."""

    async def script(call: ScriptedCall) -> None:
        call.made()
        call.hang_up(17, "User busy")
        call.originate_response("Failure", 5)

    world.peer.script = script
    _, call = await run_attempt(world)
    assert call.cause is CallCause.BUSY


async def test_a_channel_that_was_never_made_fails_soon(world: CallWorld) -> None:
    """An OriginateResponse without a channel is found by its ActionID and ends the call in 2 s."""

    async def script(call: ScriptedCall) -> None:
        call.originate_response("Failure", 0)

    world.peer.script = script
    _, call = await run_attempt(world)
    assert call.started_at and call.ended_at  # noqa: PT018
    assert (call.ended_at - call.started_at).total_seconds() == 2
    assert call.cause is CallCause.EXCHANGE_FAILED


async def test_ringing_ends_by_our_own_guard(world: CallWorld) -> None:
    """A phone that rings for ever is hung up 5 s after Asterisk should have given up."""

    async def script(call: ScriptedCall) -> None:
        call.made()
        call.ring()

    world.peer.script = script
    _, call = await run_attempt(world)
    assert call.started_at and call.ended_at  # noqa: PT018
    assert (call.ended_at - call.started_at).total_seconds() == 35
    assert call.cause is CallCause.NO_ANSWER
    assert len(world.peer.asked("Hangup")) == 1


async def test_a_conversation_has_a_time_limit(world: CallWorld) -> None:
    """A talk that nobody ends is hung up 15 s after its limit, which the media knows too."""
    _, call = await run_attempt(world)
    assert call.answered_at and call.ended_at  # noqa: PT018
    assert (call.ended_at - call.answered_at).total_seconds() == 615
    assert call.cause is CallCause.TIME_LIMIT


async def test_the_media_ends_a_call_and_the_first_cause_wins(world: CallWorld) -> None:
    """Two commands to end come with the answer: one Hangup is sent, with the first cause."""

    async def script(call: ScriptedCall) -> None:
        await rings_and_is_answered(call)
        await asyncio.sleep(5)
        call_id = attempt.call.id
        await world.command_end(call_id, CallCause.COMPLETED)
        await world.command_end(call_id, CallCause.AI_HUNG_UP)

    attempt = await world.reserve()
    world.peer.script = script
    await handler_of(world, attempt).run()
    call = await world.call(attempt)
    assert (call.cause, call.status) == (CallCause.COMPLETED, CallStatus.ENDED)
    (hangup,) = world.peer.asked("Hangup")
    assert (hangup.get("Channel"), hangup.get("Cause")) == ("PJSIP/trunk-00000001", "16")
    with pytest.raises(NoListenerError):
        await world.command_end(call.id, CallCause.USER_HUNG_UP)


async def test_an_unconfirmed_hangup_does_not_hold_the_slot(world: CallWorld) -> None:
    """Asterisk that ignores our Hangup costs two seconds, not the row."""
    world.peer.silent.add("Hangup")
    attempt = await world.reserve()
    handler = handler_of(world, attempt)
    task = world.nursery.start(handler.run(), name="handler")
    await asyncio.sleep(10)
    handler.end(CallCause.USER_HUNG_UP)
    await task
    call = await world.call(attempt)
    assert call.cause is CallCause.USER_HUNG_UP
    assert call.answered_at and call.ended_at  # noqa: PT018
    assert (call.ended_at - call.answered_at).total_seconds() == 9


async def test_a_channel_made_after_the_end_is_hung_up_too(world: CallWorld) -> None:
    """A call ended between Originate and its channel does not ring on: Hangup is sent again."""
    world.media.voice_error = VoiceUnavailableError("The voice AI is away.")

    async def script(call: ScriptedCall) -> None:
        await asyncio.sleep(0.5)
        call.made()

    world.peer.script = script
    attempt, call = await run_attempt(world)
    assert call.cause is CallCause.AI_FAILED
    assert [action.get("Channel") for action in world.peer.asked("Hangup")] == [
        f"od-{call.id}",
        "PJSIP/trunk-00000001",
    ]
    reason = (await world.task(attempt.task)).status_reason
    assert reason == "The voice AI failed during the call. The voice AI is away."


async def test_an_answered_call_without_sound_is_an_audio_failure(world: CallWorld) -> None:
    """If AudioSocket never connected, the hang-up after the answer was not the callee's."""
    world.media.report = MediaReport(connected=False, voice_ready=True)
    world.peer.script = lambda call: answered_for(call, 2, 0)
    _, call = await run_attempt(world)
    assert call.cause is CallCause.AUDIO_FAILED


async def test_a_refused_originate_is_the_exchange_s_failure(world: CallWorld) -> None:
    """An error response ends the used attempt at once, with Asterisk's words."""
    world.peer.refusals["Originate"] = "Permission denied"
    attempt, call = await run_attempt(world)
    assert (call.status, call.cause) == (CallStatus.ENDED, CallCause.EXCHANGE_FAILED)
    task = await world.task(attempt.task)
    assert task.status is TaskStatus.AWAITING_ANALYSIS
    assert "Permission denied" in (task.status_reason or "")
    assert world.media.opened == []


async def test_an_unanswered_originate_is_never_sent_again(world: CallWorld) -> None:
    """Originate without a response is followed by its events, and not repeated."""
    world.peer.silent.add("Originate")
    attempt = await world.reserve()
    task = world.nursery.start(handler_of(world, attempt).run(), name="handler")
    await asyncio.sleep(6)
    (action,) = world.peer.asked("Originate")
    await answered_for(ScriptedCall(world.peer, action))
    await task
    call = await world.call(attempt)
    assert call.cause is CallCause.CALLEE_HUNG_UP
    assert len(world.peer.asked("Originate")) == 1


async def test_stopping_hangs_up_and_saves(world: CallWorld) -> None:
    """A stop in mid-call sends Hangup and commits the end within three seconds."""
    attempt = await world.reserve()
    handler = handler_of(world, attempt)
    task = world.nursery.start(handler.run(), name="handler")
    await asyncio.sleep(10)
    before = world.clock.monotonic()
    handler.stop()
    await task
    call = await world.call(attempt)
    assert (call.cause, call.status) == (CallCause.CANCELLED, CallStatus.ENDED)
    assert world.clock.monotonic() - before < 3
    assert len(world.peer.asked("Hangup")) == 1


async def test_a_cancelled_handler_still_hangs_up_and_saves(world: CallWorld) -> None:
    """Cancelling the task leaves no channel and no live row behind."""
    attempt = await world.reserve()
    task = world.nursery.start(handler_of(world, attempt).run(), name="handler")
    await asyncio.sleep(10)
    task.cancel()
    await asyncio.wait({task})
    call = await world.call(attempt)
    assert (call.status, call.cause) == (CallStatus.ENDED, CallCause.EXCHANGE_FAILED)
    assert world.peer.calls == {}


async def test_keys_go_one_by_one(world: CallWorld) -> None:
    """Keys are sent as one PlayDTMF each, in order, and a ``w`` is a pause."""
    attempt = await world.reserve()
    task = world.nursery.start(handler_of(world, attempt).run(), name="handler")
    channel = call_commands(attempt.call.id)
    await asyncio.sleep(1.5)
    with pytest.raises(ConflictError):
        await world.bus.command(channel, SendDtmf(digits="1"))
    await asyncio.sleep(5)
    await world.bus.command(channel, SendDtmf(digits="2w#"))
    await asyncio.sleep(2)
    keys = [action.get("Digit") for action in world.peer.asked("PlayDTMF")]
    assert keys == ["2", "#"]
    await world.command_end(attempt.call.id, CallCause.COMPLETED)
    await task
    assert "dtmf_sent" in await world.events(attempt.call)


async def test_commands_that_a_call_does_not_take_are_refused(world: CallWorld) -> None:
    """Transfers and the voice's commands come back as errors to their sender."""
    attempt = await world.reserve()
    task = world.nursery.start(handler_of(world, attempt).run(), name="handler")
    await asyncio.sleep(5)
    channel = call_commands(attempt.call.id)
    with pytest.raises(InvalidInputError):
        await world.bus.command(channel, TransferCall(to="+12125550199"))
    with pytest.raises(InvalidInputError):
        await world.bus.command(channel, GiveHint(text="hello"))
    await world.command_end(attempt.call.id, CallCause.USER_HUNG_UP)
    await task


async def test_test_mode_dials_the_redirect_number(world: CallWorld) -> None:
    """In Test Mode the task's own number never reaches Asterisk."""
    world.config = replace(world.config, dialing=DialConfig(test_mode=True))
    world.peer.script = ending("BUSY", 17)
    _, call = await run_attempt(world)
    (originate,) = world.peer.asked("Originate")
    assert originate.get("Channel") == "PJSIP/7000"
    assert call.dialled_number == "7000"


async def test_a_task_cancelled_during_the_call_stays_cancelled(world: CallWorld) -> None:
    """The end of a call does not bring a cancelled task back to life."""
    attempt = await world.reserve()

    async def script(call: ScriptedCall) -> None:
        await rings_and_is_answered(call)
        async with world.database.transaction() as tx:
            await Tasks(tx, attempt.user.id).change(
                attempt.task.id, expected={TaskStatus.IN_PROGRESS}, status=TaskStatus.CANCELLED
            )
        await world.command_end(attempt.call.id, CallCause.CANCELLED)

    world.peer.script = script
    await handler_of(world, attempt).run()
    assert (await world.task(attempt.task)).status is TaskStatus.CANCELLED
    assert (await world.call(attempt)).cause is CallCause.CANCELLED


async def test_cost_and_recording_are_kept(world: CallWorld, tmp_path) -> None:
    """What the media cost and recorded is in the call's row."""
    world.config = replace(world.config, recordings=tmp_path)
    world.media.report = MediaReport(
        connected=True, voice_ready=True, cost_usd=0.25, recording_path=tmp_path / "a.wav"
    )
    world.peer.script = answered_for
    attempt, call = await run_attempt(world)
    assert world.media.prepared[0].recording_path == tmp_path / f"{attempt.call.id}.wav"
    assert (call.cost_usd, call.recording_path) == (0.25, str(tmp_path / "a.wav"))
