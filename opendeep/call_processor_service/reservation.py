"""Takes a free slot and a queued task together, in one transaction: the gatekeeper's counting."""

import contextlib
from collections.abc import Container
from dataclasses import dataclass
from datetime import timedelta

import structlog

from opendeep.call_processor_service.call_ports import Attempt, DialGate
from opendeep.call_processor_service.least_loaded import LeastLoaded
from opendeep.call_processor_service.node_membership import Alone, Membership
from opendeep.common import messages
from opendeep.common.data_models import TaskStatus
from opendeep.common.errors import ConflictError
from opendeep.common.ids import CallId, CampaignId, TaskId, new_call_id
from opendeep.common.messages import Wakeup
from opendeep.database.engine import Database
from opendeep.database.models import Task
from opendeep.database.repositories import (
    Calls,
    SystemCalls,
    SystemStops,
    SystemTasks,
    SystemUsers,
    Tasks,
)
from opendeep.database.transaction import Transaction

log = structlog.get_logger(__name__)

_LOOK_AT = 200
_MOMENT_SECONDS = 0.001
_WAITS_FOR_EXCHANGE = (
    "The telephone exchange cannot be reached; the call starts as soon as it is back."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLimits:
    """How many calls at once, and how many may begin in a second.

    At once: for all, for one user, and for one campaign, where None is no limit of its own.
    """

    max_concurrent_calls: int = 10
    max_concurrent_calls_per_user: int = 5
    max_concurrent_calls_per_campaign: int | None = None
    calls_per_second: float = 1.0

    def in_test_mode(self) -> "CallLimits":
        """Return the limits of Test Mode: one call at a time."""
        return CallLimits(
            max_concurrent_calls=1,
            max_concurrent_calls_per_user=1,
            calls_per_second=self.calls_per_second,
        )

    @property
    def window_seconds(self) -> float:
        """The time over which beginnings are counted: a second, or longer for a slow pace."""
        return max(1.0, 1.0 / self.calls_per_second)

    @property
    def window_calls(self) -> int:
        """How many calls may begin within the window."""
        return max(1, int(self.calls_per_second * self.window_seconds))


class _MovedError(ConflictError):
    """A queued task is not what it was when the round began: given back, or claimed anew."""

    def __init__(self, task_id: TaskId, message: str) -> None:
        super().__init__(message)
        self.task_id = task_id


class Reservations:
    """Hands out attempts within the limits.

    The limits are counted in the rows, under one lock, in the transaction that adds a row: they
    hold across processes and restarts, and a slot is free as soon as its row is over.

    Args:
        database: where the rows are.
        gate: judges each task.
        limits: how many.
        membership: in whose name attempts begin.
        turns: gives way to processes that hold fewer calls; None where there are no others.
    """

    def __init__(
        self,
        database: Database,
        gate: DialGate,
        limits: CallLimits,
        membership: Membership | None = None,
        turns: LeastLoaded | None = None,
    ) -> None:
        self._database = database
        self._gate = gate
        self._limits = limits
        self._membership = membership or Alone()
        self._turns = turns
        self.was_courteous = False

    async def reserve(self) -> Attempt | None:
        """Create the next attempt; None when no slot is free, nothing queued, or others go first.

        ``was_courteous`` tells the last of these: look again in a moment.

        Raises:
            UnavailableError: the database does not answer.
        """
        self.was_courteous = False
        passed_over: set[TaskId] = set()
        while True:
            try:
                return await self._next(passed_over)
            except _MovedError as error:
                log.info("queued_task_moved", task_id=error.task_id, reason=error.message)
                passed_over.add(error.task_id)

    async def _next(self, passed_over: Container[TaskId]) -> Attempt | None:
        """Do as :meth:`reserve`, but for some tasks.

        Raises:
            _MovedError: a task was changed while it was looked at; nothing was done.
        """
        fence = self._membership.fence
        if fence is None:
            return None
        async with self._database.transaction() as tx:
            if not await self._has_room(tx):
                return None
            if await SystemStops(tx).active(tx.now()):
                return None
            live = await SystemCalls(tx).live_counts()
            full = await self._full_campaigns(tx)
            queued = await SystemTasks(tx).queued(_LOOK_AT)
            # Who has the least under way comes first, so that nobody waits behind another's crowd.
            for task in sorted(queued, key=lambda task: live.get(task.user_id, 0)):
                if live.get(task.user_id, 0) >= self._limits.max_concurrent_calls_per_user:
                    continue
                if task.id in passed_over or task.campaign_id in full:
                    continue
                if self._turns is not None and not await self._turns.is_our_turn(tx):
                    self.was_courteous = True
                    return None
                try:
                    attempt = await self._begin(tx, task, fence)
                except ConflictError as error:
                    raise _MovedError(task.id, error.message) from error
                if attempt is not None:
                    return attempt
        return None

    async def _begin(self, tx: Transaction, task: Task, fence: int) -> Attempt | None:
        """Create a task's attempt; None where the gate refuses it."""
        call_id = new_call_id()
        if not await self._may_dial(tx, task, call_id):
            return None
        user = await SystemUsers(tx).by_id(task.user_id)
        call = await Calls(tx, task.user_id).create_attempt(
            task, call_id, node=self._membership.node, fence=fence
        )
        if self._turns is not None:
            tx.publish(messages.WAKEUPS, Wakeup(work="queued_tasks"))
        return Attempt(task=task, call=call, user=user)

    async def explain_wait(self) -> None:
        """Tell the users of queued tasks that the exchange is away.

        Raises:
            UnavailableError: the database does not answer.
        """
        async with self._database.transaction() as tx:
            for task in await SystemTasks(tx).queued(_LOOK_AT):
                if task.status_reason == _WAITS_FOR_EXCHANGE:
                    continue
                # Whoever moved it meanwhile has a better reason.
                with contextlib.suppress(ConflictError):
                    await Tasks(tx, task.user_id).change(
                        task.id,
                        expected={TaskStatus.QUEUED_FOR_CALL},
                        status_reason=_WAITS_FOR_EXCHANGE,
                    )

    async def _full_campaigns(self, tx: Transaction) -> set[CampaignId | None]:
        """Return the campaigns that have as many live calls as one may have."""
        most = self._limits.max_concurrent_calls_per_campaign
        if most is None:
            return set()
        live = await SystemCalls(tx).live_counts_by_campaign()
        return {campaign_id for campaign_id, count in live.items() if count >= most}

    async def _has_room(self, tx: Transaction) -> bool:
        calls = SystemCalls(tx)
        await calls.lock_slots()
        if await calls.live_count() >= self._limits.max_concurrent_calls:
            return False
        # Exactly a window ago is outside of it.
        since = tx.now() - timedelta(seconds=self._limits.window_seconds - _MOMENT_SECONDS)
        return await calls.created_since(since) < self._limits.window_calls

    async def _may_dial(self, tx: Transaction, task: Task, call_id: CallId) -> bool:
        reason = await self._gate.check(tx, task, call_id)
        if reason is None:
            return True
        log.info("dial_refused", task_id=task.id, reason=reason)
        current = await Tasks(tx, task.user_id).get(task.id)
        if current.status is TaskStatus.QUEUED_FOR_CALL:
            await SystemTasks(tx).give_back(task, reason)
        return False
