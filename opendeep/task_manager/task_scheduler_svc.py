"""The scheduler: hands due tasks to the initiator, never more than there are free slots.

A user or a campaign at its limit neither fills the queue nor keeps others out of it.
The row is the hand-over: a due task becomes ``queued_for_call`` under a lease, policy judges it,
and the initiator takes it or the lease brings it back. All of one round is one transaction, so
what policy refuses was never visible as queued.
"""

from dataclasses import dataclass

import structlog

from opendeep.common.event_bus import EventBus
from opendeep.common.messages import WAKEUPS, Wakeup
from opendeep.common.wake_loop import MORE, WakeLoop
from opendeep.database.engine import Database
from opendeep.database.repositories import SystemCalls, SystemStops, SystemTasks
from opendeep.database.transaction import Transaction
from opendeep.task_manager.canary import room_for_first_calls
from opendeep.task_manager.dial_gate import PolicyDialGate
from opendeep.task_manager.trunk_breaker import free_calls

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulerConfig:
    """How the scheduler works.

    Attributes:
        claimed_by: this process's name in the rows.
        canary_calls: how many calls prove a new campaign before the rest goes out; 0 for none.
        lease_seconds: how long a claimed task may wait for the initiator.
    """

    max_concurrent_calls: int = 10
    max_concurrent_calls_per_user: int = 5
    max_concurrent_calls_per_campaign: int | None = None
    canary_calls: int = 0
    poll_seconds: float = 1.0
    claimed_by: str = "scheduler"
    lease_seconds: float = 60.0


class TaskSchedulerService:
    """Claims due tasks, judges them, and wakes the initiator."""

    def __init__(
        self, config: SchedulerConfig, *, database: Database, bus: EventBus, gate: PolicyDialGate
    ) -> None:
        self._config = config
        self._database = database
        self._gate = gate
        self._loop = WakeLoop(
            bus, works={"due_tasks", "slot_free"}, poll_seconds=config.poll_seconds
        )

    @property
    def name(self) -> str:
        """The service's name."""
        return "task_scheduler"

    async def run(self) -> None:
        """Schedule until :meth:`stop`; the same as :meth:`run_scheduler_loop`."""
        await self.run_scheduler_loop()

    async def run_scheduler_loop(self) -> None:
        """Schedule until :meth:`stop`, at wake-ups and at every poll.

        Raises:
            UnavailableError: the database or the bus is away; the supervisor starts it again.
        """
        await self._loop.run(self.schedule_once)

    def stop(self) -> None:
        """Ask the loop to return."""
        self._loop.stop()

    async def schedule_once(self) -> bool:
        """Do one round; return whether another should follow at once.

        Raises:
            UnavailableError: the database is away.
        """
        claimed, queued, expired = await self._database.at_once(self._round)
        if claimed or expired:
            log.info("tasks_scheduled", claimed=claimed, queued=queued, expired=expired)
        return MORE if queued < claimed else False

    async def _round(self, tx: Transaction) -> tuple[int, int, int]:
        """Return how many tasks were claimed, how many are queued, how many claims expired."""
        queue = SystemTasks(tx)
        now = tx.now()
        expired = await queue.release_expired_claims(now)
        held = await SystemCalls(tx).live_count() + await queue.queued_count()
        free = await free_calls(tx, self._config.max_concurrent_calls - held)
        stopped = await SystemStops(tx).active(now)
        claimed = await queue.claim_due(
            now=now,
            limit=0 if stopped else free,
            per_user=self._config.max_concurrent_calls_per_user,
            per_campaign=self._config.max_concurrent_calls_per_campaign,
            first=await room_for_first_calls(tx, self._config.canary_calls),
            claimed_by=self._config.claimed_by,
            lease_seconds=self._config.lease_seconds,
        )
        queued = [task for task in claimed if await self._gate.check(tx, task) is None]
        if queued:
            tx.publish(WAKEUPS, Wakeup(work="queued_tasks"))
        return len(claimed), len(queued), expired
