"""OpenDeep's calls as a process of its own, for the soak: initiator, attempts, media, rows.

    python -m benchmarks.asterisk_rig.product JSON

Everything is the product's, with SQLite and the Realtime client; only the analysis of calls is left
out, and who ends a call, and which call's sound is refused, is told by the benchmark. Prints a line
of JSON every half second, and a last one of what it still holds when all tasks are over.
"""

import asyncio
import gc
import json
import signal
import sys
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import uvloop

from opendeep.audio_processing_service.audiosocket_handler import MediaPorts
from opendeep.audio_processing_service.audiosocket_server import (
    AudioSocketConfig,
    AudioSocketServer,
)
from opendeep.audio_processing_service.openai_realtime_client import (
    OpenAIRealtimeClient,
    RealtimeConfig,
)
from opendeep.bootstrap.interpreter import calm_interpreter
from opendeep.call_processor_service.ami_link import AmiConfig
from opendeep.call_processor_service.asterisk_ami_client import AsteriskAmiClient
from opendeep.call_processor_service.call_initiator_svc import CallInitiatorService
from opendeep.call_processor_service.call_ports import AttemptConfig, CallPorts
from opendeep.call_processor_service.dialing import DialConfig
from opendeep.call_processor_service.reservation import CallLimits
from opendeep.common.clock import SystemClock
from opendeep.common.data_models import CallCause, CallStatus
from opendeep.common.errors import OpenDeepError
from opendeep.common.event_bus import InProcessEventBus
from opendeep.common.ids import CallId, TaskId
from opendeep.common.lifecycle import Nursery, Supervisor, wait_event
from opendeep.common.logger_setup import setup_logging
from opendeep.common.messages import EndCall, call_commands
from opendeep.common.ports import CallMedia, CallMediaConfig, MediaReport
from opendeep.database.engine import SqlDatabase
from opendeep.database.repositories import SystemCalls
from opendeep.task_manager.call_briefing import CallBriefing
from opendeep.task_manager.call_desk import CallDesk
from opendeep.task_manager.dial_gate import DialRules, PolicyDialGate
from opendeep.task_manager.feedback_manager_svc import FeedbackConfig, FeedbackManagerService
from opendeep.task_manager.task_scheduler_svc import SchedulerConfig, TaskSchedulerService

_LOOK_SECONDS = 0.25
_TELL_EVERY = 2
_WARM_CALLS = 200


class RefusingMedia:
    """The product's media, but some tasks' calls are sent to a door that is shut in their face.

    Not to a port where nobody listens: there Asterisk 22.10 closes its descriptor twice, and the
    second time it may be that of another call.
    """

    def __init__(self, media: CallMedia, refused: frozenset[int], shut: str) -> None:
        self._media = media
        self._refused = refused
        self._shut = shut

    async def prepare(self, config: CallMediaConfig) -> str:
        """Expect Asterisk, and send it astray for the chosen ones."""
        address = await self._media.prepare(config)
        return self._shut if config.task_id in self._refused else address

    async def open_voice(self, call_id: CallId) -> None:
        """Open the voice session."""
        await self._media.open_voice(call_id)

    async def finish(self, call_id: CallId) -> MediaReport:
        """Release the call's media."""
        return await self._media.finish(call_id)


class Hand:
    """Ends calls some seconds after their answer, and tells how the whole stands.

    Args:
        database: where the calls are.
        bus: takes the commands.
        ends: for a task, after how many seconds and for which cause.
        total: how many tasks there are.
    """

    def __init__(
        self,
        database: SqlDatabase,
        bus: InProcessEventBus,
        ends: dict[TaskId, tuple[float, CallCause]],
        total: int,
    ) -> None:
        self._database = database
        self._bus = bus
        self._ends = ends
        self._total = total
        self._asked: set[CallId] = set()
        self.finished = 0
        self.warm = asyncio.Event()
        self.all_over = asyncio.Event()

    async def run(self) -> None:
        """Look at the calls until all are over."""
        clock = SystemClock()
        rounds = 0
        while not self.all_over.is_set():
            await asyncio.sleep(_LOOK_SECONDS)
            async with self._database.transaction() as tx:
                live = await SystemCalls(tx).live()
                begun = await SystemCalls(tx).created_since(clock.now().replace(year=2000))
            self._asked &= {call.id for call in live}
            for call in live:
                seconds, cause = self._ends.get(call.task_id, (None, None))
                if seconds is None or cause is None or call.id in self._asked:
                    continue
                if call.status is CallStatus.IN_PROGRESS and call.answered_at is not None:
                    talked = (clock.now() - call.answered_at).total_seconds()
                    if talked >= seconds:
                        self._asked.add(call.id)
                        await self._end(call.id, cause)
            self.finished = begun - len(live)
            if self.finished >= _WARM_CALLS:
                self.warm.set()
            rounds += 1
            if rounds % _TELL_EVERY == 0:
                _tell(finished=self.finished, live=len(live), blocks=sys.getallocatedblocks())
            if self.finished >= self._total:
                self.all_over.set()

    async def _end(self, call_id: CallId, cause: CallCause) -> None:
        try:
            await self._bus.command(call_commands(call_id), EndCall(cause=cause))
        except OpenDeepError:
            return  # It ended by itself meanwhile; its row will say how.


def _named(task: "asyncio.Task[Any]") -> str:
    return f"{task.get_name()}: {getattr(task.get_coro(), '__qualname__', '')}"


def _tell(**facts: Any) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


@asynccontextmanager
async def _supervised(supervisor: Supervisor) -> AsyncIterator[None]:
    async with Nursery("supervisor", grace_seconds=8) as nursery:
        nursery.start(supervisor.run(), name="run")
        try:
            yield
        finally:
            supervisor.stop()


async def main(config: dict[str, Any]) -> None:
    """Place the calls that are in the database, until all are over or SIGTERM comes."""
    setup_logging(log_format="json", level="info")
    bus, clock = InProcessEventBus(), SystemClock()
    limits = CallLimits(
        max_concurrent_calls=config["at_once"],
        max_concurrent_calls_per_user=config["at_once"],
        calls_per_second=config["per_second"],
    )
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(
            SqlDatabase(config["database"], bus, clock=clock)
        )
        feedback = FeedbackManagerService(database, bus, clock, FeedbackConfig())
        voice = RealtimeConfig(url=config["realtime_url"], priced=False)
        media = AudioSocketServer(
            AudioSocketConfig(port=0),
            MediaPorts(
                bus=bus,
                desk=CallDesk(database, feedback),
                clock=clock,
                make_voice=lambda: OpenAIRealtimeClient(voice),
            ),
        )
        ami = AsteriskAmiClient(AmiConfig(**config["ami"]))
        keys = AsteriskAmiClient(AmiConfig(**config["ami"], events="off"), name="keys")
        gate = PolicyDialGate(DialRules(enforce_hours=False, read_first=False))
        recordings = config.get("recordings")
        shut = await stack.enter_async_context(
            await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
        )
        shut_at = f"127.0.0.1:{shut.sockets[0].getsockname()[1]}"
        initiator = CallInitiatorService(
            config=AttemptConfig(
                dialing=DialConfig(template=config["template"]),
                ring_seconds=config["ring_seconds"],
                recordings=recordings and Path(recordings),
            ),
            limits=limits,
            ports=CallPorts(
                ami=ami,
                keys=keys,
                media=RefusingMedia(media, frozenset(config["refused"]), shut_at),
                briefing=CallBriefing(database, clock),
                database=database,
                bus=bus,
                clock=clock,
            ),
            gate=gate,
        )
        scheduler = TaskSchedulerService(
            SchedulerConfig(
                max_concurrent_calls=config["at_once"],
                max_concurrent_calls_per_user=config["at_once"],
                poll_seconds=0.2,
            ),
            database=database,
            bus=bus,
            gate=gate,
        )
        await stack.enter_async_context(_supervised(Supervisor([ami, keys, media])))
        await ami.wait_connected(10)
        await stack.enter_async_context(_supervised(Supervisor([feedback, initiator, scheduler])))
        calm_interpreter()  # as ``opendeep serve`` does
        ends = {
            TaskId(int(task)): (seconds, CallCause(cause))
            for task, (seconds, cause) in config["ends"].items()
        }
        hand = Hand(database, bus, ends, config["total"])
        nursery = await stack.enter_async_context(Nursery("benchmark"))
        nursery.start(hand.run(), name="hand")
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, hand.all_over.set)
        if config["trace"]:
            nursery.start(_trace(hand), name="trace")
        await hand.all_over.wait()
        await wait_event(asyncio.Event(), 3.0)  # what the last calls hold has 2 s to be let go
        gc.collect()
        _tell(
            over=hand.finished,
            handlers=initiator.live_calls,
            prepared=len(media._calls),  # noqa: SLF001 - a leak would be there
            tasks=sorted(_named(task) for task in asyncio.all_tasks()),
            refusals=dict(media.refusals),
            **_traced(),
        )


async def _trace(hand: Hand) -> None:
    await hand.warm.wait()
    gc.collect()
    tracemalloc.start(8)


def _traced() -> dict[str, Any]:
    if not tracemalloc.is_tracing():
        return {}
    found = tracemalloc.take_snapshot().statistics("lineno")
    return {
        "traced_kb": tracemalloc.get_traced_memory()[0] // 1024,
        "most": [str(one) for one in found[:15]],
    }


if __name__ == "__main__":
    gc.collect()
    gc.freeze()  # as the product's command line does once everything is imported
    uvloop.run(main(json.loads(sys.argv[1])))
