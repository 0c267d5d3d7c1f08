"""The product's media path as it runs in ``opendeep serve``, with nothing left out and no exchange.

``AudioSocketServer``, a handler and an ``OpenAIRealtimeClient`` for each call; transcript lines and
events are rows in SQLite, with their events on the bus, and every call is recorded.

    python -m benchmarks.media_rig.product ws://127.0.0.1:N/v1/realtime DIRECTORY [audio/pcm]
"""

import asyncio
import logging
import sys
from datetime import timedelta
from pathlib import Path
from typing import Final

import structlog
import uvloop

from benchmarks.media_rig import control
from opendeep.audio_processing_service.audiosocket_handler import MediaPorts
from opendeep.audio_processing_service.audiosocket_server import (
    AudioSocketConfig,
    AudioSocketServer,
)
from opendeep.audio_processing_service.openai_realtime_client import (
    OpenAIRealtimeClient,
    RealtimeConfig,
)
from opendeep.bootstrap import interpreter
from opendeep.common.clock import SystemClock
from opendeep.common.data_models import PlanTask, TaskStatus
from opendeep.common.event_bus import InProcessEventBus
from opendeep.common.ids import CallId, TaskId, UserId
from opendeep.common.lifecycle import Nursery
from opendeep.common.ports import CallMediaConfig
from opendeep.database import migrate
from opendeep.database.engine import Database, SqlDatabase
from opendeep.database.repositories import Calls, SystemUsers, Tasks
from opendeep.task_manager.call_desk import CallDesk
from opendeep.task_manager.feedback_manager_svc import FeedbackConfig, FeedbackManagerService

_PLAN: Final = PlanTask(
    title="Book a cleaning",
    phone_number="+12125550100",
    goal="Book a dental cleaning",
    success_criteria="A date",
)
_INSTRUCTIONS: Final = "You call a dental practice to book a cleaning. " * 40
_DISCLOSURE: Final = "Hello, this is an AI."
MULAW: Final = "audio/pcmu"
_SOON: Final = timedelta(minutes=5)


class Calling:
    """Prepares and ends calls, in the place of the attempt handlers."""

    def __init__(self, server: AudioSocketServer, database: Database) -> None:
        self._server = server
        self._database = database
        self._calls: list[CallId] = []
        self.port = 0

    async def prepare(self, count: int) -> list[str]:
        """Make rows for calls and prepare their media."""
        made = [await self._row() for _ in range(count)]
        for user_id, task_id, call_id in made:
            await self._prepare(user_id, task_id, call_id)
        self._calls += [call_id for _, _, call_id in made]
        return list(self._calls)

    async def _row(self) -> tuple[UserId, TaskId, CallId]:
        async with self._database.transaction() as tx:
            user_id = (await SystemUsers(tx).ensure("ada")).id
            tasks = Tasks(tx, user_id)
            task = await tasks.create(None, _PLAN)
            queued = await tasks.change(
                task.id,
                expected={TaskStatus.PENDING},
                status=TaskStatus.QUEUED_FOR_CALL,
                status_before_claim=TaskStatus.PENDING,
                claimed_by="benchmark",
                claim_expires_at=SystemClock().now() + _SOON,
            )
            call = await Calls(tx, user_id).create_attempt(queued)
        return user_id, task.id, call.id

    async def _prepare(self, user_id: UserId, task_id: TaskId, call_id: CallId) -> None:
        address = await self._server.prepare(
            CallMediaConfig(
                call_id=call_id,
                task_id=task_id,
                user_id=user_id,
                instructions=_INSTRUCTIONS,
                disclosure=_DISCLOSURE,
                recording_path=Path(sys.argv[2]) / "recordings" / f"{call_id}.wav",
            )
        )
        self.port = int(address.rpartition(":")[2])
        await self._server.open_voice(call_id)

    async def release(self) -> None:
        """End all calls."""
        calls, self._calls = self._calls, []
        for call_id in calls:
            await self._server.finish(call_id)


async def main(url: str, directory: Path) -> None:
    """Serve calls until the benchmark has enough."""
    bus = InProcessEventBus()
    clock = SystemClock()
    address = f"sqlite:///{directory / 'opendeep.db'}"
    await asyncio.to_thread(migrate.upgrade, address)
    async with SqlDatabase(address, bus, clock=clock) as database, Nursery("benchmark") as nursery:
        feedback = FeedbackManagerService(database, bus, clock, FeedbackConfig())
        config = RealtimeConfig(url=url, priced=False, output_format=(sys.argv[3:] or [MULAW])[0])
        server = AudioSocketServer(
            AudioSocketConfig(port=0, max_calls=4000, connect_seconds=600),
            MediaPorts(
                bus=bus,
                desk=CallDesk(database, feedback),
                clock=clock,
                make_voice=lambda: OpenAIRealtimeClient(config),
            ),
        )
        service = nursery.start(server.run(), name="media")
        interpreter.calm_interpreter()  # as the command line does
        await asyncio.sleep(0.1)
        calling = Calling(server, database)
        await calling.prepare(1)
        await calling.release()
        await control.obey(calling.port, calling.prepare, calling.release)
        server.stop()
        await service


if __name__ == "__main__":
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    uvloop.run(main(sys.argv[1], Path(sys.argv[2])))
