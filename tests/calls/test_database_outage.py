"""Half a minute without a database, under running calls and waiting tasks, in virtual time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from opendeep.audio_processing_service.call_log import CallLog
from opendeep.call_processor_service.call_recovery_svc import CallRecoveryService
from opendeep.call_processor_service.node_membership import NodeMembership
from opendeep.common.clock import LoopClock
from opendeep.common.data_models import CallCause, CallStatus, Speaker, TaskStatus
from opendeep.common.errors import UnavailableError
from opendeep.common.lifecycle import Service, Supervisor
from opendeep.common.ports import SpokenLine
from opendeep.database.engine import Database
from opendeep.database.models import Call, Task
from opendeep.database.repositories import DndList, Transcripts
from opendeep.database.transaction import Transaction
from opendeep.task_manager.call_desk import CallDesk
from opendeep.task_manager.dial_gate import DialRules, PolicyDialGate
from opendeep.task_manager.feedback_manager_svc import FeedbackConfig, FeedbackManagerService
from opendeep.task_manager.opt_out_spool import OptOutSpool
from opendeep.task_manager.task_scheduler_svc import SchedulerConfig, TaskSchedulerService
from tests.calls.ami_peer import ScriptedCall, rings_and_is_answered
from tests.calls.audio_world import call_config
from tests.calls.call_world import CallWorld

AWAY_FROM, AWAY_UNTIL = 10, 40
WISH = SpokenLine(speaker=Speaker.CALLEE, text="Never call me again.", start_ms=9, end_ms=99)


class LeavingDatabase(Database):
    """A database whose server goes away for a while, also under transactions that are open."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.away = False

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Open a transaction; what was not committed in time is rolled back."""
        self._answer()
        async with self._database.transaction() as tx:
            yield tx
            self._answer()

    def _answer(self) -> None:
        if self.away:
            raise UnavailableError("The database does not answer.")


def number(place: int) -> str:
    """Return the practice number at a place."""
    return f"+1212555010{place}"


@dataclass
class Outage:
    """A calls process with its scheduler and its neighbour's recovery, and what it is to do."""

    world: CallWorld
    database: LeavingDatabase
    spool: OptOutSpool
    tasks: list[Task]

    def services(self) -> list[Service]:
        """Compose what runs."""
        world, database = self.world, self.database
        gate = PolicyDialGate(DialRules(enforce_hours=False, read_first=False))
        membership = NodeMembership("here", database, is_ready=lambda: True)
        world.gate = gate  # type: ignore[assignment]
        world.ports = replace(
            world.ports,
            database=database,
            number_gate=gate,
            opt_outs=self.spool,
            membership=membership,
        )
        scheduler = TaskSchedulerService(
            SchedulerConfig(), database=database, bus=world.bus, gate=gate
        )
        neighbour = CallRecoveryService(database, world.ami, world.clock)
        return [membership, scheduler, neighbour, world.initiator(max_concurrent_calls=3)]

    def log_of(self, call: Call) -> CallLog:
        """Return what writes a call's lines and wishes."""
        world, database = self.world, self.database
        feedback = FeedbackManagerService(database, world.bus, world.clock, FeedbackConfig())
        desk = CallDesk(database, feedback, self.spool)
        return CallLog(replace(call_config(), call_id=call.id), desk)

    async def call_of(self, place: int) -> Call:
        """Return the one call of a task."""
        [call] = await self.world.calls_of(self.tasks[place])
        return call

    async def status_of(self, place: int) -> TaskStatus:
        """Return where a task stands."""
        return (await self.world.task(self.tasks[place])).status


@pytest.fixture
async def outage(story_clock: LoopClock, tmp_path: Path) -> AsyncIterator[Outage]:
    """Return six tasks: the fifth would dial the second's number again."""
    async with CallWorld(story_clock).open() as world:
        database = LeavingDatabase(world.database)
        numbers = [number(place) for place in (0, 1, 2, 3, 1, 5)]
        tasks = [await world.add_task(number=each) for each in numbers]
        spool = OptOutSpool(tmp_path, database, world.clock)
        yield Outage(world, database, spool, tasks)


async def talk_for_a_while(call: ScriptedCall) -> None:
    """Answer; the first call hangs up in the outage, the others after it."""
    is_first = number(0) in call.action.get("Channel")
    await rings_and_is_answered(call)
    await asyncio.sleep(20 if is_first else 60)
    call.hang_up()


async def pass_without_a_database(outage: Outage, log: CallLog) -> None:
    """Hear an opt-out while it is away; see that the calls go on and nothing is dialled."""
    peer = outage.world.peer
    outage.database.away = True
    await asyncio.sleep(5)
    log.add_line(WISH)
    log.add_opt_out(WISH)
    await asyncio.sleep(AWAY_UNTIL - AWAY_FROM - 5)
    assert (len(peer.calls), peer.asked("Hangup")) == (2, [])
    assert len(peer.asked("Originate")) == 3
    outage.database.away = False
    await asyncio.sleep(5)
    first = await outage.call_of(0)
    assert (first.status, first.cause) == (CallStatus.ENDED, CallCause.CALLEE_HUNG_UP)
    assert log.opted_out is None


async def test_half_a_minute_without_a_database(outage: Outage) -> None:
    """Calls go on, nobody is dialled twice, what was heard is written later, no task is lost."""
    world = outage.world
    world.peer.script = talk_for_a_while
    supervisor = Supervisor(outage.services())
    running = world.nursery.start(supervisor.run(), name="supervisor")
    await asyncio.sleep(AWAY_FROM)
    second = await outage.call_of(1)
    log = outage.log_of(second)
    writing = world.nursery.start(log.run(), name="log")
    await pass_without_a_database(outage, log)
    await asyncio.sleep(150)
    log.close()
    supervisor.stop()
    await asyncio.gather(writing, running)

    dialled = [action.get("Channel") for action in world.peer.asked("Originate")]
    assert sorted(dialled) == [f"PJSIP/{number(place)}@trunk" for place in (0, 1, 2, 3, 5)]
    assert world.peer.asked("Hangup") == []
    async with world.database.transaction() as tx:
        assert await DndList(tx, second.user_id).contains(number(1))
        lines = await Transcripts(tx, second.user_id).lines(second.id)
    assert [line.text for line in lines] == [WISH.text]
    assert await outage.status_of(4) is TaskStatus.CANCELLED_DND
    for place in (0, 1, 2, 3, 5):
        call = await outage.call_of(place)
        assert (call.status, call.cause) == (CallStatus.ENDED, CallCause.CALLEE_HUNG_UP)
        assert await outage.status_of(place) is TaskStatus.AWAITING_ANALYSIS
