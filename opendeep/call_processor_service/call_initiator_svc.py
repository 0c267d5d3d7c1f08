"""The gatekeeper of calls: takes queued tasks while slots are free, and owns their attempts."""

import asyncio

import structlog

from opendeep.call_processor_service.call_attempt_handler import CallAttemptHandler
from opendeep.call_processor_service.call_ports import Attempt, AttemptConfig, CallPorts, DialGate
from opendeep.call_processor_service.least_loaded import YIELD_SECONDS, LeastLoaded
from opendeep.call_processor_service.recovery import recover_calls
from opendeep.call_processor_service.reservation import CallLimits, Reservations
from opendeep.common import messages
from opendeep.common.errors import ConflictError, UnavailableError
from opendeep.common.ids import CallId
from opendeep.common.lifecycle import Nursery, wait_event
from opendeep.common.messages import Wakeup

log = structlog.get_logger(__name__)

STOP_SECONDS = 5.0
RECOVERY_SECONDS = 30.0
_POLL_SECONDS = 1.0
_WORK = frozenset({"queued_tasks", "slot_free"})


class CallInitiatorService:
    """Starts one :class:`CallAttemptHandler` for each call that the limits allow.

    Without a link to Asterisk nothing starts: the tasks stay queued, and say why. At its start,
    and from time to time, it settles rows that a dead process or a lost database left behind.

    Args:
        config: how calls are placed; its Test Mode forces one call at a time.
        limits: how many.
        ports: whom attempts work with.
        gate: judges each task once more in the transaction that reserves its attempt.
        shares: whether other processes place calls, too; who holds the fewest takes the next.
        poll_seconds: how long to wait for a wake-up before looking by itself.
    """

    def __init__(
        self,
        *,
        config: AttemptConfig,
        limits: CallLimits,
        ports: CallPorts,
        gate: DialGate,
        shares: bool = False,
        poll_seconds: float = _POLL_SECONDS,
    ) -> None:
        self._config = config
        self._ports = ports
        limits = limits.in_test_mode() if config.dialing.test_mode else limits
        turns = LeastLoaded(ports.membership.node, ports.clock) if shares else None
        self._reservations = Reservations(
            ports.database, gate, limits, membership=ports.membership, turns=turns
        )
        self._poll_seconds = poll_seconds
        self._handlers: dict[CallId, CallAttemptHandler] = {}
        self._fences: dict[CallId, int] = {}
        self._stopping = asyncio.Event()
        self._wake = asyncio.Event()
        self._recover_at = 0.0

    @property
    def name(self) -> str:
        """The service's name."""
        return "call_initiator"

    @property
    def live_calls(self) -> int:
        """How many attempts this process holds."""
        return len(self._handlers)

    async def run(self) -> None:
        """Start calls until :meth:`stop`; then hang up and save what still runs."""
        self._recover_at = 0.0
        async with Nursery("attempt", grace_seconds=STOP_SECONDS) as nursery:
            async with asyncio.TaskGroup() as group:
                listener = group.create_task(self._listen(), name=f"{self.name}:listen")
                await self._work(nursery)
                listener.cancel()
            for handler in self._handlers.values():
                handler.stop()

    def stop(self) -> None:
        """Ask :meth:`run` to hang up and return."""
        self._stopping.set()
        self._wake.set()

    async def _listen(self) -> None:
        async with self._ports.bus.subscribe(messages.WAKEUPS) as wakeups:
            async for message in wakeups:
                if isinstance(message, Wakeup) and message.work in _WORK:
                    self._wake.set()

    async def _work(self, nursery: Nursery) -> None:
        while not self._stopping.is_set():
            try:
                await self._round(nursery)
            except (UnavailableError, ConflictError) as error:
                # The calls that run must not suffer from a database that is away.
                log.warning("initiator_round_failed", reason=error.message)
            was_courteous = self._reservations.was_courteous
            pause_seconds = YIELD_SECONDS if was_courteous else self._poll_seconds
            await wait_event(self._wake, pause_seconds)
            self._wake.clear()

    async def _round(self, nursery: Nursery) -> None:
        self._let_go_of_lost_calls()
        await self._recover()
        await self._ports.opt_outs.settle()
        if not self._ports.ami.is_connected:
            await self._reservations.explain_wait()
            return
        while not self._stopping.is_set():
            attempt = await self._reservations.reserve()
            if attempt is None:
                return
            handler = CallAttemptHandler(attempt, config=self._config, ports=self._ports)
            self._handlers[attempt.call.id] = handler
            self._fences[attempt.call.id] = attempt.call.fence
            nursery.start(self._hold(attempt, handler), name=attempt.call.id)
            await self._ports.opt_outs.settle()

    async def _hold(self, attempt: Attempt, handler: CallAttemptHandler) -> None:
        """Run one attempt; the one place where its slot in this process is given up."""
        log.info("attempt_started", call_id=attempt.call.id, task_id=attempt.task.id)
        try:
            await handler.run()
        finally:
            del self._handlers[attempt.call.id]
            del self._fences[attempt.call.id]
            self._wake.set()

    def _let_go_of_lost_calls(self) -> None:
        """Hang up what began in a life that others ended: its rows are settled by them."""
        fence = self._ports.membership.fence
        for call_id, handler in self._handlers.items():
            if fence is not None and self._fences[call_id] != fence:
                handler.stop()

    async def _recover(self) -> None:
        fence = self._ports.membership.fence
        if fence is None:
            return
        now = self._ports.clock.monotonic()
        if now < self._recover_at:
            return
        unsettled = await recover_calls(
            self._ports.database,
            self._ports.ami,
            node=self._ports.membership.node,
            handled=self._handlers,
            fence=fence,
        )
        self._recover_at = now + (self._poll_seconds if unsettled else RECOVERY_SECONDS)
