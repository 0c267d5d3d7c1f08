"""What an attempt does when its database, its link or its keys fail at the worst moment."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from opendeep.call_processor_service import call_attempt_handler, recovery
from opendeep.call_processor_service.ami_actions import AmiAction
from opendeep.call_processor_service.ami_link import AmiConfig, AmiUnavailableError
from opendeep.call_processor_service.ami_protocol import AmiMessage
from opendeep.call_processor_service.asterisk_ami_client import AsteriskAmiClient
from opendeep.call_processor_service.attempt_end import AttemptEnd
from opendeep.call_processor_service.attempt_report import AttemptReport, end_call
from opendeep.call_processor_service.attempt_states import EndFacts
from opendeep.call_processor_service.call_attempt_handler import CallAttemptHandler
from opendeep.call_processor_service.call_pace import CallPace, Token
from opendeep.call_processor_service.call_ports import Attempt, AttemptConfig
from opendeep.call_processor_service.dialing import DialTarget
from opendeep.call_processor_service.placement import Turn
from opendeep.common.clock import Clock, LoopClock
from opendeep.common.data_models import CallCause, CallStatus, Speaker, TaskStatus
from opendeep.common.errors import ConflictError, UnavailableError
from opendeep.common.messages import SendDtmf, call_commands
from opendeep.common.ports import SpokenLine
from opendeep.database.engine import Database
from opendeep.database.repositories import Calls, SystemStops, Transcripts
from opendeep.database.repositories.system_stops import SWITCH
from opendeep.database.transaction import Transaction
from tests.calls.ami_peer import ScriptedCall, rings_and_is_answered
from tests.calls.call_world import CallWorld, handler_of
from tests.calls.conftest import STORY_BEGINS


class FailingDatabase(Database):
    """A database that is away while ``away`` is set."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.away = False

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Open a transaction, or fail."""
        if self.away:
            raise UnavailableError("The database does not answer.")
        async with self._database.transaction() as tx:
            yield tx


class DeafClient(AsteriskAmiClient):
    """A client that says it is connected and can send nothing."""

    async def send_action(self, action: AmiAction) -> AmiMessage:
        """Fail as a link that is lost at that moment does."""
        raise AmiUnavailableError(f"{action.name} was not sent.")

    @property
    def is_connected(self) -> bool:
        """Claim so."""
        return True


@pytest.fixture
async def world(story_clock: LoopClock) -> AsyncIterator[CallWorld]:
    """Return a world whose Asterisk is connected."""
    async with CallWorld(story_clock).open() as opened:
        yield opened


def start(world: CallWorld, attempt: Attempt) -> asyncio.Task[None]:
    """Run a handler beside the test."""
    handler = CallAttemptHandler(attempt, config=world.config, ports=world.ports)
    return world.nursery.start(handler.run(), name="handler")


async def end_elsewhere(world: CallWorld, attempt: Attempt) -> None:
    """End a call's row as another process would."""
    async with world.database.transaction() as tx:
        end = AttemptEnd(cause=CallCause.LOST, facts=EndFacts(), lost=True)
        await end_call(tx, attempt.call, end)


async def test_a_call_outlives_a_database_that_is_away(world: CallWorld) -> None:
    """Steps that cannot be saved cost nothing but themselves; the end is saved when it can be."""
    database = FailingDatabase(world.database)
    world.ports = replace(world.ports, database=database)

    async def script(call: ScriptedCall) -> None:
        database.away = True
        await rings_and_is_answered(call)
        await asyncio.sleep(5)
        call.hang_up()
        await asyncio.sleep(5)
        database.away = False

    world.peer.script = script
    attempt = await world.reserve()
    await start(world, attempt)
    call = await world.call(attempt)
    assert (call.status, call.cause) == (CallStatus.ENDED, CallCause.CALLEE_HUNG_UP)
    assert call.disposition == "answered"


async def test_a_wish_that_only_the_media_know_is_written_with_the_end(world: CallWorld) -> None:
    """Who asked not to be called again while the database was away is heard by the analysis."""
    wish = SpokenLine(speaker=Speaker.CALLEE, text="Stop calling me!", start_ms=9, end_ms=9)
    world.media.report = replace(world.media.report, opted_out=wish)

    async def script(call: ScriptedCall) -> None:
        await rings_and_is_answered(call)
        call.hang_up()

    world.peer.script = script
    attempt = await world.reserve()
    await start(world, attempt)
    async with world.database.transaction() as tx:
        lines = await Transcripts(tx, attempt.user.id).lines(attempt.call.id)
    assert [(line.speaker, line.text) for line in lines] == [(Speaker.CALLEE, wish.text)]


async def test_a_database_away_before_originate_dials_nothing(world: CallWorld) -> None:
    """If the attempt cannot be marked as used, Originate is not sent."""
    attempt = await world.reserve()
    database = FailingDatabase(world.database)
    database.away = True
    world.ports = replace(world.ports, database=database)
    task = start(world, attempt)
    await asyncio.sleep(5)
    database.away = False
    await task
    assert (await world.task(attempt.task)).status is TaskStatus.PENDING
    assert world.peer.asked("Originate") == []


async def test_a_link_lost_before_a_byte_was_written_costs_no_attempt(world: CallWorld) -> None:
    """Originate that was certainly not written leaves no row and no attempt: due in 30 s."""
    config = AmiConfig(host="127.0.0.1", username="u", secret="s")  # noqa: S106
    world.ports = replace(world.ports, ami=DeafClient(config))
    attempt = await world.reserve()
    await start(world, attempt)
    task = await world.task(attempt.task)
    assert (await world.calls_of(task), task.current_attempt_count) == ([], 0)
    assert (task.status, task.status_reason) == (
        TaskStatus.PENDING,
        "Not dialled: Originate was not sent.",
    )
    assert task.next_action_time
    assert (task.next_action_time - world.clock.now()).total_seconds() == 30


class LeavingClient(AsteriskAmiClient):
    """A client that writes and hears nothing more."""

    async def send_action(self, action: AmiAction) -> AmiMessage:
        """Fail as a link that is lost after the write does."""
        raise AmiUnavailableError(f"{action.name} got no answer.", outcome_unknown=True)

    @property
    def is_connected(self) -> bool:
        """Claim so."""
        return True


async def test_a_link_lost_after_the_write_uses_the_attempt(world: CallWorld) -> None:
    """Originate that may have been written is never taken for one that was not."""
    config = AmiConfig(host="127.0.0.1", username="u", secret="s")  # noqa: S106
    world.ports = replace(world.ports, ami=LeavingClient(config))
    attempt = await world.reserve()
    await start(world, attempt)
    call = await world.call(attempt)
    assert (call.status, call.attempt_number) == (CallStatus.ENDED, 1)
    assert (await world.task(attempt.task)).status is TaskStatus.AWAITING_ANALYSIS


class PausingClock(LoopClock):
    """A clock of a machine that sleeps for a minute when the test says so.

    Its monotonic clocks stand still meanwhile, or the wall clock does.
    """

    def __init__(self, wall: bool, precise: bool) -> None:
        super().__init__(STORY_BEGINS)
        self._wall, self._precise = wall, precise
        self.slept = 0.0

    def now(self) -> datetime:
        """Return the wall clock's time."""
        return super().now() + timedelta(seconds=self.slept if self._wall else 0)

    def precise(self) -> float:
        """Return the precise clock's."""
        return super().precise() + (self.slept if self._precise else 0)


@pytest.mark.parametrize(("wall", "precise"), [(True, False), (False, True)])
@pytest.mark.parametrize("where", ["commit", "write"])
async def test_a_machine_that_slept_writes_no_originate(
    world: CallWorld, monkeypatch: pytest.MonkeyPatch, wall: bool, precise: bool, where: str
) -> None:
    """Asleep between commit and write, whichever clock tells it: nothing is dialled, ever."""
    clock = PausingClock(wall, precise)
    world.ports = replace(world.ports, clock=clock)
    attempt = await world.reserve()

    if where == "commit":
        take = CallPace.take

        async def sleep_after(pace: CallPace, tx: Transaction, clock_: Clock) -> Token | None:
            token = await take(pace, tx, clock_)
            clock.slept = 60
            return token

        monkeypatch.setattr(CallPace, "take", sleep_after)
    else:
        encode = AmiAction.encode

        def sleep_before(action: AmiAction, action_id: str) -> bytes:
            clock.slept = 60 if action.name == "Originate" else 0
            return encode(action, action_id)

        monkeypatch.setattr(AmiAction, "encode", sleep_before)
    await start(world, attempt)
    task = await world.task(attempt.task)
    assert world.peer.asked("Originate") == []
    assert (await world.calls_of(task), task.current_attempt_count) == ([], 0)
    assert "OpenDeep was held up." in (task.status_reason or "")


async def test_who_was_taken_for_dead_writes_nothing_afterwards(
    world: CallWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Settled by others while the machine slept, an attempt stays as they left it."""
    clock = PausingClock(wall=True, precise=False)
    world.ports = replace(world.ports, clock=clock)
    attempt = await world.reserve()
    why_too_late = call_attempt_handler.why_too_late

    async def be_settled(
        report: AttemptReport, config: AttemptConfig, clock_: Clock, turn: Turn
    ) -> str:
        await end_elsewhere(world, attempt)
        clock.slept = 60
        return await why_too_late(report, config, clock_, turn)

    monkeypatch.setattr(call_attempt_handler, "why_too_late", be_settled)
    await start(world, attempt)
    assert world.peer.asked("Originate") == []
    assert (await world.call(attempt)).status is CallStatus.LOST


@pytest.mark.parametrize(
    ("cause", "status"),
    [(CallCause.USER_HUNG_UP, TaskStatus.ON_HOLD), (CallCause.CANCELLED, TaskStatus.PENDING)],
)
async def test_an_end_between_commit_and_write_costs_no_attempt(
    world: CallWorld, monkeypatch: pytest.MonkeyPatch, cause: CallCause, status: TaskStatus
) -> None:
    """Ended in the last instant, nothing is dialled or counted; a person's end waits for them."""
    attempt = await world.reserve()
    handler = handler_of(world, attempt)
    sent = AttemptReport.sent

    async def end_then(
        report: AttemptReport, target: DialTarget, pace: CallPace, clock: Clock
    ) -> Token | None:
        token = await sent(report, target, pace, clock)
        handler.end(cause)
        return token

    monkeypatch.setattr(AttemptReport, "sent", end_then)
    await handler.run()
    task = await world.task(attempt.task)
    assert world.peer.asked("Originate") == []
    assert (await world.calls_of(task), task.current_attempt_count) == ([], 0)
    assert task.status is status


async def test_a_row_that_was_sent_before_is_not_sent_again(world: CallWorld) -> None:
    """A second handler of one attempt finds it used, dials nothing, and gives it an end."""
    attempt = await world.reserve()
    await world.set_call(attempt.call, CallStatus.ORIGINATING)
    await start(world, attempt)
    call = await world.call(attempt)
    assert (call.status, call.cause) == (CallStatus.ENDED, CallCause.EXCHANGE_FAILED)
    assert world.peer.asked("Originate") == []


async def test_an_end_that_somebody_wrote_stays(world: CallWorld) -> None:
    """The end is written once: a handler that comes second leaves the first one's cause."""

    async def script(call: ScriptedCall) -> None:
        call.made()
        await end_elsewhere(world, attempt)
        call.fail("BUSY", 17, "User busy")

    attempt = await world.reserve()
    world.peer.script = script
    await start(world, attempt)
    assert (await world.call(attempt)).cause is CallCause.LOST


async def test_a_link_lost_again_during_the_question_is_asked_again(world: CallWorld) -> None:
    """A Status without an answer decides nothing; the next return of the link asks again."""

    async def script(call: ScriptedCall) -> None:
        await rings_and_is_answered(call)
        world.peer.silent.add("Status")
        world.peer.drop()
        await asyncio.sleep(3)
        world.peer.silent.clear()
        world.peer.drop()
        await asyncio.sleep(10)
        call.hang_up()

    attempt = await world.reserve()
    world.peer.script = script
    await start(world, attempt)
    assert (await world.call(attempt)).cause is CallCause.CALLEE_HUNG_UP
    assert len(world.peer.asked("Status")) == 2


async def test_ringing_told_twice_is_written_once(world: CallWorld) -> None:
    """Asterisk may repeat itself: one step of the call is one event."""

    async def script(call: ScriptedCall) -> None:
        call.made()
        call.ring()
        call.ring()
        call.event("VarSet")
        call.answer()
        call.ring()
        call.hang_up()

    attempt = await world.reserve()
    world.peer.script = script
    await start(world, attempt)
    names = await world.events(attempt.call)
    assert names == ["originating", "ringing", "in_progress", "ended"]


async def test_keys_that_fail_do_not_end_the_call(world: CallWorld) -> None:
    """A refused key is skipped; too many keys at once are refused to their sender."""
    world.peer.refusals["PlayDTMF"] = "No such channel"
    attempt = await world.reserve()
    task = start(world, attempt)
    channel = call_commands(attempt.call.id)
    await asyncio.sleep(5)
    await world.bus.command(channel, SendDtmf(digits="12"))
    await asyncio.sleep(2)
    world.peer.drop()
    await world.bus.command(channel, SendDtmf(digits="3"))
    await asyncio.sleep(5)
    assert [key.get("Digit") for key in world.peer.asked("PlayDTMF")] == ["1", "2"]
    for _ in range(4):
        await world.bus.command(channel, SendDtmf(digits="w" * 32))
    with pytest.raises(ConflictError, match="Too many keys"):
        await world.bus.command(channel, SendDtmf(digits="12"))
    await world.command_end(attempt.call.id, CallCause.COMPLETED)
    await task
    assert (await world.call(attempt)).cause is CallCause.COMPLETED


async def test_recovery_leaves_what_others_settled(
    world: CallWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that change between the look and the write are left to who changed them."""
    unsent, sent = await world.reserve(), await world.reserve()
    await world.set_call(sent.call, CallStatus.RINGING)
    channels = recovery._channels

    async def settle_first(ami: AsteriskAmiClient) -> dict[str, AmiMessage]:
        await end_elsewhere(world, sent)
        return await channels(ami)

    monkeypatch.setattr(recovery, "_channels", settle_first)
    stale = await world.call(unsent)
    async with world.database.transaction() as tx:
        await Calls(tx, unsent.user.id).release_unsent(unsent.call.id)
    await recovery._release(world.database, stale)
    left = await recovery.recover_calls(world.database, world.ami, node="main", handled=())
    assert left == 0
    assert (await world.call(sent)).status is CallStatus.LOST


async def test_a_stop_between_reservation_and_dial(world: CallWorld) -> None:
    """What was reserved before everything was stopped is not dialled, and not used up."""
    attempt = await world.reserve()
    async with world.database.transaction() as tx:
        await SystemStops(tx).put(SWITCH, "An operator stopped all calls.")
    await handler_of(world, attempt).run()
    task = await world.task(attempt.task)
    assert world.peer.asked("Originate") == []
    assert (task.status, task.current_attempt_count) == (TaskStatus.PENDING, 0)
    assert "stopped all calls" in (task.status_reason or "")
