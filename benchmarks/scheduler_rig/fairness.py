"""When is a user with ten tasks first dialled, alone and beside one with a hundred thousand?"""

import asyncio
import statistics
import time
from contextlib import AsyncExitStack

from benchmarks.scheduler_rig.rows import Rows
from opendeep.call_processor_service.reservation import CallLimits, Reservations
from opendeep.common import messages
from opendeep.common.data_models import CallCause, CallStatus, TaskStatus
from opendeep.common.event_bus import InProcessEventBus
from opendeep.common.ids import UserId
from opendeep.common.messages import Wakeup
from opendeep.database.engine import SqlDatabase
from opendeep.database.repositories import Calls, Tasks
from opendeep.task_manager.dial_gate import DialRules, PolicyDialGate
from opendeep.task_manager.task_scheduler_svc import SchedulerConfig, TaskSchedulerService

_CROWD, _SINGLE = 100_000, 10
_BIG, _SMALL = UserId(1), UserId(2)
_CALL_SECONDS = 0.2
_REPEATS = 5


async def first_dials(rows: Rows) -> dict[str, float]:
    """Measure five times each; medians in milliseconds from the tasks' commit to the first dial."""
    rows.make(2, users=2)
    rows.run("DELETE FROM tasks")
    alone = [await _first_dial(rows) for _ in range(_REPEATS)]
    rows.run(rows.tasks(_BIG, _CROWD))
    beside = [await _first_dial(rows) for _ in range(_REPEATS)]
    solo, crowded = statistics.median(alone), statistics.median(beside)
    return {
        "alone, ms": round(solo, 1),
        "beside 100,000, ms": round(crowded, 1),
        "ratio": round(crowded / solo, 2),
    }


async def _first_dial(rows: Rows) -> float:
    """Let the scheduler and an initiator run; add the small user's tasks; wait for one attempt."""
    bus = InProcessEventBus()
    gate = PolicyDialGate(DialRules(enforce_hours=False, read_first=False))
    dialled = asyncio.Event()
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(SqlDatabase(rows.url, bus))
        limits = CallLimits(
            max_concurrent_calls=10, max_concurrent_calls_per_user=5, calls_per_second=1000
        )
        reservations = Reservations(database, gate, limits)
        scheduler = TaskSchedulerService(SchedulerConfig(), database=database, bus=bus, gate=gate)
        group = await stack.enter_async_context(asyncio.TaskGroup())

        async def call() -> bool:
            attempt = await reservations.reserve()
            if attempt is None:
                return False
            if attempt.task.user_id == _SMALL:
                dialled.set()
            group.create_task(_end(database, bus, attempt.call.user_id, attempt.call.id))
            return True

        async def initiate() -> None:
            async with bus.subscribe(messages.WAKEUPS) as wakeups:
                while True:
                    while await call():
                        pass
                    await wakeups.get()

        running = [group.create_task(scheduler.run()), group.create_task(initiate())]
        await asyncio.sleep(2)
        await asyncio.to_thread(rows.run, rows.tasks(_SMALL, _SINGLE))
        began = time.perf_counter()
        await bus.publish(messages.WAKEUPS, Wakeup(work="due_tasks"))
        async with asyncio.timeout(30):
            await dialled.wait()
        elapsed = (time.perf_counter() - began) * 1000
        scheduler.stop()
        for task in running:
            task.cancel()
    rows.run(
        "UPDATE tasks SET status = 'completed' WHERE user_id = 2",
        "UPDATE calls SET status = 'ended' WHERE status <> 'ended'",
        "UPDATE tasks SET status = 'completed' WHERE status IN ('in_progress', 'queued_for_call')",
    )
    return elapsed


async def _end(
    database: SqlDatabase, bus: InProcessEventBus, user_id: UserId, call_id: object
) -> None:
    await asyncio.sleep(_CALL_SECONDS)
    async with database.transaction() as tx:
        calls = Calls(tx, user_id)
        call = await calls.change(
            call_id,  # type: ignore[arg-type]
            expected=set(CallStatus),
            status=CallStatus.ENDED,
            cause=CallCause.COMPLETED,
        )
        await Tasks(tx, user_id).change(
            call.task_id, expected=set(TaskStatus), status=TaskStatus.COMPLETED
        )
    await bus.publish(messages.WAKEUPS, Wakeup(work="slot_free"))
