"""The world of one calls process in virtual time: rows, bus, scripted Asterisk, scripted media."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from opendeep.call_processor_service.ami_link import AmiConfig
from opendeep.call_processor_service.asterisk_ami_client import AsteriskAmiClient
from opendeep.call_processor_service.call_attempt_handler import CallAttemptHandler
from opendeep.call_processor_service.call_initiator_svc import CallInitiatorService
from opendeep.call_processor_service.call_ports import Attempt, AttemptConfig, CallPorts
from opendeep.call_processor_service.dialing import DialConfig
from opendeep.call_processor_service.reservation import CallLimits
from opendeep.common.clock import LoopClock
from opendeep.common.data_models import CallCause, CallStatus, PlanTask, TaskStatus
from opendeep.common.errors import OpenDeepError
from opendeep.common.event_bus import InProcessEventBus
from opendeep.common.ids import CallId, TaskId
from opendeep.common.lifecycle import Nursery
from opendeep.common.messages import EndCall, call_commands
from opendeep.common.ports import Briefing, CallMediaConfig, MediaReport
from opendeep.database.engine import MemoryDatabase
from opendeep.database.models import Call, Task, User
from opendeep.database.repositories import CallEvents, Calls, SystemTasks, SystemUsers, Tasks
from opendeep.database.transaction import Transaction
from tests.calls.ami_peer import HOST, PORT, SECRET, USERNAME, AmiPeer

NUMBER = "+12125550100"
AUDIOSOCKET = "127.0.0.1:9092"


class ScriptedMedia:
    """Media that answers as told and remembers what it was asked."""

    def __init__(self) -> None:
        self.prepared: list[CallMediaConfig] = []
        self.opened: list[CallId] = []
        self.finished: list[CallId] = []
        self.prepare_error: OpenDeepError | None = None
        self.voice_error: OpenDeepError | None = None
        self.report = MediaReport(connected=True, voice_ready=True)

    async def prepare(self, config: CallMediaConfig) -> str:
        """Expect the call, or fail as told."""
        self.prepared.append(config)
        if self.prepare_error is not None:
            raise self.prepare_error
        return AUDIOSOCKET

    async def open_voice(self, call_id: CallId) -> None:
        """Note it, or fail as told."""
        self.opened.append(call_id)
        if self.voice_error is not None:
            raise self.voice_error

    async def finish(self, call_id: CallId) -> MediaReport:
        """Return the report that was set."""
        self.finished.append(call_id)
        return self.report


class PlainBriefing:
    """Tells the AI one sentence."""

    async def brief(self, task: Task, user: User) -> Briefing:
        """Return fixed words with the two names in them."""
        return Briefing(
            instructions=f"Do: {task.goal}",
            disclosure=f"This is an AI calling for {user.username}.",
        )


@dataclass
class OpenGate:
    """Lets every task pass, but those it has a reason for."""

    reasons: dict[TaskId, str] = field(default_factory=dict)
    cancels: bool = False

    async def check(
        self, tx: Transaction, task: Task, _call_id: CallId | None = None
    ) -> str | None:
        """Return the reason, after cancelling the task if told to."""
        reason = self.reasons.get(task.id)
        if reason is not None and self.cancels:
            await Tasks(tx, task.user_id).change(
                task.id,
                expected={TaskStatus.QUEUED_FOR_CALL},
                status=TaskStatus.CANCELLED_DND,
                status_reason=reason,
            )
        return reason


class CallWorld:
    """One calls process around a scripted Asterisk."""

    def __init__(self, clock: LoopClock) -> None:
        self.clock = clock
        self.bus = InProcessEventBus()
        self.database = MemoryDatabase(self.bus, clock=clock)
        self.peer = AmiPeer()
        self.media = ScriptedMedia()
        self.gate = OpenGate()
        self.ami = AsteriskAmiClient(
            AmiConfig(host=HOST, port=PORT, username=USERNAME, secret=SECRET), jitter=lambda: 0.0
        )
        self.ports = CallPorts(
            ami=self.ami,
            keys=self.ami,
            media=self.media,
            briefing=PlainBriefing(),
            database=self.database,
            bus=self.bus,
            clock=clock,
        )
        self.config = AttemptConfig(dialing=DialConfig(), ring_seconds=30, max_call_seconds=600)
        self._stack: AsyncExitStack | None = None
        self.nursery = Nursery("world", grace_seconds=10)

    @asynccontextmanager
    async def open(self, *, connected: bool = True) -> AsyncIterator["CallWorld"]:
        """Open the database; with ``connected`` also Asterisk and the link to it."""
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self.database)
            if connected:
                await stack.enter_async_context(self.peer.serve())
            await stack.enter_async_context(self.nursery)
            stack.callback(self.ami.stop)
            self.nursery.start(self.ami.run(), name="ami")
            if connected:
                assert await self.ami.wait_connected(5)
            yield self

    def initiator(self, **limits: float) -> CallInitiatorService:
        """Make an initiator with these limits; the pace is out of the way unless given."""
        wanted = {"calls_per_second": 100, **limits}
        return CallInitiatorService(
            config=self.config,
            limits=CallLimits(**wanted),  # type: ignore[arg-type]
            ports=self.ports,
            gate=self.gate,
        )

    async def add_user(self, name: str = "ada") -> User:
        """Return the account of this name."""
        async with self.database.transaction() as tx:
            return await SystemUsers(tx).ensure(name)

    async def add_task(self, *, number: str = NUMBER, user: str = "ada") -> Task:
        """Add a due task."""
        owner = await self.add_user(user)
        plan = PlanTask(
            title="Call", phone_number=number, goal="ask for the time", success_criteria="told"
        )
        async with self.database.transaction() as tx:
            return await Tasks(tx, owner.id).create(None, plan)

    async def queue(self, limit: int = 100) -> list[Task]:
        """Claim what is due, as the scheduler does."""
        async with self.database.transaction() as tx:
            return await SystemTasks(tx).claim_due(
                now=self.clock.now(), limit=limit, claimed_by="test", lease_seconds=60
            )

    async def reserve(self, *, number: str = NUMBER) -> Attempt:
        """Add a task and reserve its first attempt."""
        created = await self.add_task(number=number)
        user = await self.add_user()
        await self.queue()
        async with self.database.transaction() as tx:
            task = await Tasks(tx, user.id).get(created.id)
            call = await Calls(tx, user.id).create_attempt(task)
        return Attempt(task=task, call=call, user=user)

    async def task(self, task: Task) -> Task:
        """Read a task again."""
        async with self.database.transaction() as tx:
            return await Tasks(tx, task.user_id).get(task.id)

    async def call(self, attempt: Attempt) -> Call:
        """Read a call again."""
        async with self.database.transaction() as tx:
            return await Calls(tx, attempt.user.id).get(attempt.call.id)

    async def calls_of(self, task: Task) -> list[Call]:
        """Return a task's calls."""
        async with self.database.transaction() as tx:
            return await Calls(tx, task.user_id).for_task(task.id)

    async def events(self, call: Call) -> list[str]:
        """Return the names of a call's events."""
        async with self.database.transaction() as tx:
            return [event.name for event in await CallEvents(tx, call.user_id).list(call.id)]

    async def command_end(self, call_id: CallId, cause: CallCause) -> None:
        """Ask for the end of a call as its media does."""
        await self.bus.command(call_commands(call_id), EndCall(cause=cause))

    async def set_call(self, call: Call, status: CallStatus, node: str | None = "main") -> None:
        """Leave a row as a process that died would."""
        async with self.database.transaction() as tx:
            await Calls(tx, call.user_id).change(
                call.id, expected={CallStatus.INITIATING}, status=status, node=node
            )


def handler_of(world: CallWorld, attempt: Attempt) -> CallAttemptHandler:
    """Make the owner of an attempt."""
    return CallAttemptHandler(attempt, config=world.config, ports=world.ports)


async def run_attempt(world: CallWorld) -> tuple[Attempt, Call]:
    """Run one attempt to its end and return it with its row."""
    attempt = await world.reserve()
    await handler_of(world, attempt).run()
    return attempt, await world.call(attempt)
