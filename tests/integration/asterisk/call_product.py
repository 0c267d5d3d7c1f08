"""OpenDeep's own call side against any exchange: tasks in, rows out, nothing in between faked.

Rows in SQLite, the real AMI client and AudioSocket server, the real initiator, attempts, desk and
dialling policy; only the words of the voice AI are a script.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from opendeep.audio_processing_service.audiosocket_handler import MediaPorts
from opendeep.audio_processing_service.audiosocket_server import (
    AudioSocketConfig,
    AudioSocketServer,
)
from opendeep.call_processor_service.ami_actions import AmiAction
from opendeep.call_processor_service.ami_link import AmiConfig
from opendeep.call_processor_service.asterisk_ami_client import AsteriskAmiClient
from opendeep.call_processor_service.call_initiator_svc import CallInitiatorService
from opendeep.call_processor_service.call_ports import AttemptConfig, CallPorts
from opendeep.call_processor_service.dialing import DialConfig
from opendeep.call_processor_service.reservation import CallLimits
from opendeep.common.clock import SystemClock
from opendeep.common.data_models import CallCause, PlanTask
from opendeep.common.event_bus import InProcessEventBus
from opendeep.common.ids import CallId, channel_id, leg_channel_id
from opendeep.common.lifecycle import Nursery
from opendeep.common.messages import WAKEUPS, EndCall, Message, Wakeup, call_commands
from opendeep.common.ports import Briefing
from opendeep.database import migrate
from opendeep.database.engine import SqlDatabase
from opendeep.database.models import Call, CallEventRow, Task, TranscriptLine, User
from opendeep.database.repositories import (
    CallEvents,
    Calls,
    SystemCalls,
    SystemTasks,
    SystemUsers,
    Tasks,
    Transcripts,
)
from opendeep.task_manager.call_desk import CallDesk
from opendeep.task_manager.dial_gate import DialRules, PolicyDialGate
from opendeep.task_manager.feedback_manager_svc import FeedbackConfig, FeedbackManagerService
from tests.integration.asterisk.addresses import ExchangeAddress
from tests.integration.asterisk.scripted_voice import Script, ScriptedVoice, VoiceLog

WAIT_SECONDS = 40.0
_LOOK_SECONDS = 0.02
_ONE_AT_A_TIME = threading.Lock()
_CLAIM_SECONDS = 600


class GoalBriefing:
    """Tells the AI the task's goal, and the callee one short sentence."""

    async def brief(self, task: Task, user: User) -> Briefing:
        """Return the goal and the disclosure."""
        return Briefing(
            instructions=f"<{task.id}> {task.goal}",
            disclosure=f"This is an AI calling for {user.username}.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the rows say of one finished attempt."""

    call: Call
    task: Task
    events: tuple[CallEventRow, ...]
    lines: tuple[TranscriptLine, ...]

    @property
    def event_names(self) -> list[str]:
        """The names of the call's events, in order."""
        return [event.name for event in self.events]

    def event(self, name: str) -> CallEventRow:
        """Return the only event of a name."""
        (found,) = [event for event in self.events if event.name == name]
        return found

    @property
    def talk_seconds(self) -> float:
        """From the answer to the end."""
        assert self.call.answered_at is not None
        assert self.call.ended_at is not None
        return (self.call.ended_at - self.call.answered_at).total_seconds()

    @property
    def seconds(self) -> float:
        """From Originate to the end."""
        assert self.call.started_at is not None
        assert self.call.ended_at is not None
        return (self.call.ended_at - self.call.started_at).total_seconds()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductConfig:
    """How a product places calls."""

    template: str = "PJSIP/{number}@trunk"
    test_mode: bool = False
    ring_seconds: float = 6.0
    max_call_seconds: float = 60.0
    limits: CallLimits = CallLimits(  # noqa: RUF009 - frozen
        max_concurrent_calls=60, max_concurrent_calls_per_user=60, calls_per_second=60
    )
    audiosocket: str | None = None


class CallProduct:
    """One running call side; make it with :func:`call_product`."""

    def __init__(
        self,
        address: ExchangeAddress,
        config: ProductConfig,
        database: SqlDatabase,
        bus: InProcessEventBus,
    ) -> None:
        clock = SystemClock()
        self.database = database
        self.bus = bus
        self.scripts: dict[str, Script] = {}
        self.voices = VoiceLog()
        self._placed: list[Task] = []
        feedback = FeedbackManagerService(database, bus, clock, FeedbackConfig())
        self.media = AudioSocketServer(
            AudioSocketConfig(port=0, advertise=config.audiosocket),
            MediaPorts(
                bus=bus,
                desk=CallDesk(database, feedback),
                clock=clock,
                make_voice=lambda: ScriptedVoice(self.scripts, self.voices),
            ),
        )
        ami = AmiConfig(
            host=address.host, port=address.port, username=address.username, secret=address.secret
        )
        self.ami = AsteriskAmiClient(ami)
        self.keys = AsteriskAmiClient(replace(ami, events="off"), name="keys")
        self.gate = PolicyDialGate(DialRules(enforce_hours=False, read_first=False))
        self.ports = CallPorts(
            ami=self.ami,
            keys=self.keys,
            media=self.media,
            briefing=GoalBriefing(),
            database=database,
            bus=bus,
            clock=clock,
            transfer_gate=self.gate,
        )
        self.config = AttemptConfig(
            dialing=DialConfig(template=config.template, test_mode=config.test_mode),
            ring_seconds=config.ring_seconds,
            max_call_seconds=config.max_call_seconds,
        )
        self.initiator = CallInitiatorService(
            config=self.config, limits=config.limits, ports=self.ports, gate=self.gate
        )

    async def place(
        self, number: str, script: Script | None = None, *, username: str = "ada"
    ) -> Task:
        """Queue a task as the scheduler does; its call starts at once."""
        async with self.database.transaction() as tx:
            user = await SystemUsers(tx).ensure(username)
        plan = PlanTask(
            title="Call", phone_number=number, goal="ask for the time", success_criteria="told"
        )
        async with self.database.transaction() as tx:
            task = await Tasks(tx, user.id).create(None, plan)
        self._placed.append(task)
        if script is not None:
            self.scripts[f"<{task.id}>"] = script
        async with self.database.transaction() as tx:
            await SystemTasks(tx).claim_due(
                now=tx.now(), limit=100, claimed_by="test", lease_seconds=_CLAIM_SECONDS
            )
            tx.publish(WAKEUPS, Wakeup(work="queued_tasks"))
        return task

    def adopt(self, tasks: Iterable[Task]) -> None:
        """Take tasks that were placed before this product ran for its own."""
        self._placed.extend(tasks)

    async def call_of(self, task: Task) -> Call | None:
        """Return a task's only call, once it has one."""
        async with self.database.transaction() as tx:
            calls = await Calls(tx, task.user_id).for_task(task.id)
        assert len(calls) <= 1, "a task was called twice"
        return calls[0] if calls else None

    async def until(
        self, look: Callable[[], Awaitable[bool]], what: str, seconds: float = WAIT_SECONDS
    ) -> None:
        """Wait until something is so."""
        try:
            async with asyncio.timeout(seconds):
                while not await look():  # noqa: ASYNC110 - rows tell no events
                    await asyncio.sleep(_LOOK_SECONDS)
        except TimeoutError:
            raise AssertionError(f"not within {seconds} s: {what}") from None

    async def when(self, task: Task, *wanted: str) -> Call:
        """Wait until a task's call is in one of these states; return the call."""
        found: list[Call] = []

        async def look() -> bool:
            call = await self.call_of(task)
            if call is not None and call.status.value in wanted:
                found.append(call)
            return bool(found)

        await self.until(look, f"call {' or '.join(wanted)}")
        return found[0]

    async def event(self, task: Task, name: str) -> CallEventRow:
        """Wait until a task's call has an event of this name; return the first."""
        found: list[CallEventRow] = []

        async def look() -> bool:
            call = await self.call_of(task)
            if call is not None:
                async with self.database.transaction() as tx:
                    events = await CallEvents(tx, task.user_id).list(call.id)
                found.extend(event for event in events if event.name == name)
            return bool(found)

        await self.until(look, f"event {name}")
        return found[0]

    async def said(self, task: Task, text: str) -> None:
        """Wait until the AI has said something to a task's callee."""

        async def look() -> bool:
            call = await self.call_of(task)
            assert call is not None
            async with self.database.transaction() as tx:
                lines = await Transcripts(tx, task.user_id).lines(call.id)
            return text in [line.text for line in lines if line.speaker.value == "ai"]

        await self.until(look, text)

    async def over(self, task: Task) -> Outcome:
        """Wait for a call's end; return what the rows say."""
        call = await self.when(task, "ended", "lost")
        async with self.database.transaction() as tx:
            return Outcome(
                call=call,
                task=await Tasks(tx, task.user_id).get(task.id),
                events=tuple(await CallEvents(tx, task.user_id).list(call.id)),
                lines=tuple(await Transcripts(tx, task.user_id).lines(call.id)),
            )

    async def command(self, call_id: CallId, message: Message) -> None:
        """Send a command to a live call, as the page does."""
        await self.bus.command(call_commands(call_id), message)

    async def hang_up(self, call_id: CallId, cause: CallCause = CallCause.USER_HUNG_UP) -> None:
        """End a call as its user does."""
        await self.command(call_id, EndCall(cause=cause, reason="The user hung up."))

    async def live_rows(self) -> int:
        """Count the slots that are taken."""
        async with self.database.transaction() as tx:
            return await SystemCalls(tx).live_count()

    async def channels(self) -> list[tuple[str, bool]]:
        """Return the unique ids of our channels, and whether each is in a bridge."""
        ours: set[str] = set()
        for task in self._placed:
            call = await self.call_of(task)
            if call is None:
                continue
            ours.add(channel_id(call.id))
            async with self.database.transaction() as tx:
                events = await CallEvents(tx, task.user_id).list(call.id)
            ours |= {leg_channel_id(item.detail["leg"]) for item in events if "leg" in item.detail}
        listed = await self.ami.list_action(AmiAction.core_show_channels())
        found = ((item.get("Uniqueid"), bool(item.get("BridgeId"))) for item in listed)
        return sorted(item for item in found if item[0] in ours)

    async def idle(self) -> None:
        """Wait until no call is left anywhere: no slot, no channel, no prepared sound."""

        async def look() -> bool:
            return await self.live_rows() == 0 and await self.channels() == []

        await self.until(look, "no slot taken and no channel left", 10)
        assert self.initiator.live_calls == 0


def _make_tables(url: str) -> None:
    # Alembic keeps what it works on in module globals.
    with _ONE_AT_A_TIME:
        migrate.upgrade(url)


@asynccontextmanager
async def call_product(
    folder: Path, address: ExchangeAddress, config: ProductConfig | None = None
) -> AsyncIterator[CallProduct]:
    """Run OpenDeep's call side with rows in ``folder`` while the block is open."""
    url = f"sqlite:///{folder / 'opendeep.db'}"
    await asyncio.to_thread(_make_tables, url)
    bus = InProcessEventBus()
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(SqlDatabase(url, bus))
        product = CallProduct(address, config or ProductConfig(), database, bus)
        links = await stack.enter_async_context(Nursery("links", grace_seconds=5))
        for service in (product.ami, product.keys, product.media):
            stack.callback(service.stop)
            links.start(service.run(), name=service.name)
        assert await product.ami.wait_connected(5)
        assert await product.keys.wait_connected(5)
        work = await stack.enter_async_context(Nursery("work", grace_seconds=8))
        stack.callback(product.initiator.stop)
        work.start(product.initiator.run(), name="initiator")
        yield product
