"""The stop switch: nothing is dialled, and what runs is hung up, until somebody lets it go on.

The row is the switch: it holds in the transaction that would reserve an attempt, in every process
and after a restart. :class:`CallStopperService` looks at the rows several times a second, so that a
stop, a cancelled campaign or task, and a paused one, reach calls within a second also where whoever
set them (a command, another machine) has no way to the process of the call.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime

import structlog

from opendeep.common import messages
from opendeep.common.data_models import CallCause
from opendeep.common.errors import ConflictError, UnavailableError
from opendeep.common.event_bus import EventBus
from opendeep.common.ids import CallId, UserId
from opendeep.common.messages import EndCall, Wakeup
from opendeep.common.wake_loop import WakeLoop
from opendeep.database.engine import Database
from opendeep.database.models import DialStop
from opendeep.database.repositories import AuditLog, SystemCalls, SystemStops
from opendeep.database.repositories.system_stops import SWITCH

log = structlog.get_logger(__name__)

_LOOK_SECONDS = 0.3
_REASON = "Somebody stopped all calls."


@dataclass(frozen=True, slots=True, kw_only=True)
class StopState:
    """Whether everything is stopped, since when and why; and which trunks rest."""

    stopped: bool
    since: datetime | None
    reason: str
    resting: tuple[DialStop, ...]


class StopSwitch:
    """Stops and resumes all dialling of the installation."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def stop(self, user_id: UserId, reason: str = "") -> StopState:
        """Let nothing be dialled any more, and have every live call hung up; idempotent.

        Args:
            user_id: who stops, for the audit log.
            reason: why; everybody reads it.
        """
        async with self._database.transaction() as tx:
            # Whoever reserves an attempt holds this lock: it is seen by that call or stops it.
            await SystemCalls(tx).lock_slots()
            stops = SystemStops(tx)
            if await stops.find(SWITCH) is None:
                await stops.put(SWITCH, reason.strip() or _REASON)
                await AuditLog(tx, user_id).append("stopped", {"reason": reason})
            tx.publish(messages.WAKEUPS, Wakeup(work="stops"))
        log.warning("everything_stopped")
        return await self.state()

    async def resume(self, user_id: UserId) -> StopState:
        """Let dialling go on; trunks that rest may be tried again. Idempotent."""
        async with self._database.transaction() as tx:
            stops = SystemStops(tx)
            for stop in await stops.active(tx.now()):
                if stop.name == SWITCH:
                    await stops.lift(SWITCH)
                else:  # Without its row the same failures would have it rest again at once.
                    await stops.put(stop.name, stop.reason, until=tx.now(), failures=stop.failures)
                await AuditLog(tx, user_id).append("resumed", {"stop": stop.name})
            tx.publish(messages.WAKEUPS, Wakeup(work="due_tasks"))
            tx.publish(messages.WAKEUPS, Wakeup(work="queued_tasks"))
        log.warning("dialling_resumed")
        return await self.state()

    async def state(self) -> StopState:
        """Return how it stands."""
        async with self._database.transaction() as tx:
            active = await SystemStops(tx).active(tx.now())
        switch = next((stop for stop in active if stop.name == SWITCH), None)
        return StopState(
            stopped=switch is not None,
            since=switch.created_at if switch else None,
            reason=switch.reason if switch else "",
            resting=tuple(stop for stop in active if stop.name != SWITCH),
        )


class CallStopperService:
    """Hangs up the calls that nobody wants any more; belongs beside the calls."""

    def __init__(self, database: Database, bus: EventBus) -> None:
        self._database = database
        self._bus = bus
        self._told: frozenset[CallId] = frozenset()
        self._loop = WakeLoop(bus, works={"stops"}, poll_seconds=_LOOK_SECONDS)

    @property
    def name(self) -> str:
        """The service's name."""
        return "call_stopper"

    async def run(self) -> None:
        """Look until :meth:`stop`.

        Raises:
            UnavailableError: the database or the bus is away; the supervisor starts it again.
        """
        await self._loop.run(self.look_once)

    def stop(self) -> None:
        """Ask the loop to return."""
        self._loop.stop()

    async def look_once(self) -> None:
        """Tell each unwanted call to end, once.

        Raises:
            UnavailableError: the database is away.
        """
        async with self._database.transaction() as tx:
            stops = await SystemStops(tx).active(tx.now())
            switch = next((stop for stop in stops if stop.name == SWITCH), None)
            unwanted = await SystemStops(tx).unwanted_calls(everything=switch is not None)
        reason = "The task was cancelled or paused." if switch is None else switch.reason
        new = [call_id for call_id in unwanted if call_id not in self._told]
        async with asyncio.TaskGroup() as group:
            tellings = {
                call_id: group.create_task(self._tell(call_id, reason), name=f"end:{call_id}")
                for call_id in new
            }
        reached = {call_id for call_id, telling in tellings.items() if telling.result()}
        self._told = frozenset(unwanted) & (self._told | reached)
        if reached:
            log.info("unwanted_calls_ended", calls=len(reached))

    async def _tell(self, call_id: CallId, reason: str) -> bool:
        command = EndCall(cause=CallCause.CANCELLED, reason=reason)
        try:
            await self._bus.command(messages.call_commands(call_id), command)
        except (ConflictError, UnavailableError):
            return False  # Not held here yet, or over already: the next look tells which.
        return True
