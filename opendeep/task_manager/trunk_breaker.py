"""Lets a trunk rest whose calls fail one after the other: a circuit breaker.

Five calls in a row to at least three numbers that the exchange or the network could not place open
it, for a minute at first and twice as long each time after that, up to a quarter of an hour. Then
one call tries: if it reaches anybody's line (busy and unanswered lines count), the trunk is well.
"""

from datetime import timedelta

import structlog

from opendeep.common.data_models import CallCause, CallStatus
from opendeep.database.repositories import SystemCalls, SystemStops, SystemTasks
from opendeep.database.transaction import Transaction

log = structlog.get_logger(__name__)

TRUNK = "trunk:default"
_FAILED = frozenset({CallCause.CONGESTION, CallCause.EXCHANGE_FAILED})
_IN_A_ROW, _NUMBERS = 5, 3
_LOOK_BACK = timedelta(hours=1)
_FIRST_REST, _LONGEST_REST = timedelta(minutes=1), timedelta(minutes=15)


async def free_calls(tx: Transaction, free: int) -> int:
    """Return how many of ``free`` calls the trunk may be given now: all, one to try it, or none."""
    stops, now = SystemStops(tx), tx.now()
    latest = await SystemCalls(tx).latest_over(since=now - _LOOK_BACK, most=_IN_A_ROW)
    stop = await stops.find(TRUNK)
    failing = (
        len(latest) == _IN_A_ROW
        and all(call.cause in _FAILED for call in latest)
        and len({call.destination for call in latest}) >= _NUMBERS
    )
    if not failing:
        if stop is not None:
            await stops.lift(TRUNK)
            log.info("trunk_well_again")
        return free
    if stop is not None and stop.until is not None and stop.until > now:
        return 0
    if stop is not None and latest[0].created_at <= stop.created_at:
        return 0 if await _is_being_tried(tx) else min(free, 1)
    failures = 0 if stop is None else stop.failures + 1
    until = now + min(_FIRST_REST * 2**failures, _LONGEST_REST)
    reason = (
        f"The last {_IN_A_ROW} calls could not be placed: the trunk or the network behind it is "
        "out of order. OpenDeep tries one call after the pause."
    )
    await stops.put(TRUNK, reason, until=until, failures=failures)
    log.warning("trunk_rests", failures=failures, until=until.isoformat())
    return 0


async def _is_being_tried(tx: Transaction) -> bool:
    """Whether a call is on its way whose fate will tell how the trunk is."""
    if await SystemTasks(tx).queued_count():
        return True
    live = await SystemCalls(tx).live()
    return any(call.status is not CallStatus.IN_PROGRESS for call in live)
