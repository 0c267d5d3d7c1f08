"""What one process of the race does: sixteen workers that reserve calls as long as they may."""

import asyncio
from dataclasses import dataclass
from datetime import datetime

from opendeep.call_processor_service.reservation import CallLimits, Reservations
from opendeep.common.data_models import CallCause, CallStatus
from opendeep.common.event_bus import InProcessEventBus
from opendeep.database.engine import Database, SqlDatabase
from opendeep.database.repositories import Calls
from opendeep.task_manager.dial_gate import PolicyDialGate
from opendeep.task_manager.dial_inputs import BudgetRules, DialRules

WORKERS = 16
BUSY = "+12015550101"
_MANY = 1000
_ANY_HOUR = DialRules(enforce_hours=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """A cap, and what fills it: tasks of some users, on one number or each on its own.

    Attributes:
        most: how many attempts it allows in all.
        ends: whether each call ends before its worker goes on, at a dollar.
    """

    most: int
    rules: DialRules = _ANY_HOUR
    users: int = 1
    number: str | None = None
    at_once: int = _MANY
    per_user: int = _MANY
    per_second: float = _MANY
    ends: bool = True


CAPS = {
    "24h": Cap(most=3, rules=DialRules(), number=BUSY),
    "campaign": Cap(
        most=2,
        rules=DialRules(enforce_hours=False, budgets=BudgetRules(campaign_usd=2, estimate_usd=1)),
    ),
    "at once": Cap(most=6, users=3, at_once=6, ends=False),
    "per second": Cap(most=5, users=3, per_second=5),
}


class StandingClock:
    """A clock that stands, the same in every process."""

    def __init__(self, instant: datetime) -> None:
        self._instant = instant

    def now(self) -> datetime:
        """Return the instant."""
        return self._instant

    def monotonic(self) -> float:
        """Return no seconds at all."""
        return 0.0

    precise = monotonic


def race(url: str, name: str, now: datetime) -> list[str]:
    """Reserve as many calls as the cap lets this process; return their ids."""
    return asyncio.run(_race(url, CAPS[name], now))


async def _race(url: str, cap: Cap, now: datetime) -> list[str]:
    made: list[str] = []
    async with (
        SqlDatabase(url, InProcessEventBus(), clock=StandingClock(now)) as database,
        asyncio.TaskGroup() as group,
    ):
        for _ in range(WORKERS):
            group.create_task(_worker(database, cap, made))
    return made


async def _worker(database: Database, cap: Cap, made: list[str]) -> None:
    limits = CallLimits(
        max_concurrent_calls=cap.at_once,
        max_concurrent_calls_per_user=cap.per_user,
        calls_per_second=cap.per_second,
    )
    reservations = Reservations(database, PolicyDialGate(cap.rules), limits)
    while (attempt := await reservations.reserve()) is not None:
        made.append(attempt.call.id)
        if not cap.ends:
            continue
        async with database.transaction() as tx:
            calls = Calls(tx, attempt.task.user_id)
            await calls.change(
                attempt.call.id,
                expected=set(CallStatus),
                status=CallStatus.ENDED,
                cause=CallCause.BUSY,
            )
            await calls.add_cost(attempt.call.id, 1.0)
