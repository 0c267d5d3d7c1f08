"""What a look at the queue costs, and how the database runs it."""

import statistics
import time
from datetime import datetime, timedelta

from benchmarks.scheduler_rig.rows import Rows
from opendeep.common.clock import SystemClock
from opendeep.common.event_bus import InProcessEventBus
from opendeep.common.ids import CampaignId, UserId
from opendeep.database import claims
from opendeep.database.engine import SqlDatabase
from opendeep.database.repositories import SystemTasks

_TIMES = 200
_TEN = 10


class _Undo(Exception):  # noqa: N818 - takes back what was only measured
    pass


async def costs(rows: Rows) -> dict[str, float]:
    """Measure a poll that finds nothing due, and one that claims ten; medians in milliseconds."""
    now = SystemClock().now()
    async with SqlDatabase(rows.url, InProcessEventBus()) as database:

        async def once(at: datetime) -> float:
            began = time.perf_counter()
            try:
                async with database.transaction() as tx:
                    queue = SystemTasks(tx)
                    await queue.release_expired_claims(at)
                    await queue.queued_count()
                    await queue.claim(now=at, limit=_TEN, claimed_by="poll", lease_seconds=60)
                    raise _Undo  # noqa: TRY301 - what was only measured is rolled back
            except _Undo:
                return (time.perf_counter() - began) * 1000

        nothing = [await once(now - timedelta(days=30)) for _ in range(_TIMES)]
        ten = [await once(now) for _ in range(_TIMES)]
    return {
        "nothing due, ms": round(statistics.median(nothing), 3),
        "ten claimed, ms": round(statistics.median(ten), 3),
    }


async def plans(rows: Rows) -> dict[str, list[str]]:
    """Return how the steps of a claim are run."""
    now = SystemClock().now()
    lane = claims.Lane(user_id=UserId(1), campaign_id=CampaignId(1), priority=5, head=None)
    lease = claims.Lease(now=now, claimed_by="poll", expires_at=now)
    steps = {
        "whose turn": claims.due_lanes(now, most_busy=_TEN, dialect=rows.dialect),
        "take": claims.take(lane, lease, until=None, limit=_TEN, dialect=rows.dialect),
    }
    found = {}
    async with SqlDatabase(rows.url, InProcessEventBus()) as database, database.transaction() as tx:
        for name, (step, values) in steps.items():
            lines = [str(row[-1]) for row in await tx.rows(step.explained(), values)]
            found[name] = [line for line in lines if "tasks" in line]
    return found
