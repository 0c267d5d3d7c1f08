"""What is measured: claiming with OpenDeep's queue, and the same rows with the bare statement.

Each function runs in a process of its own (``spawn``), waits until all are ready, and returns how
many tasks it claimed and how long that took.
"""

import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import psycopg
import uvloop

from opendeep.common.clock import SystemClock
from opendeep.common.data_models import TaskStatus
from opendeep.common.event_bus import InProcessEventBus
from opendeep.database.claims import TaskClaim
from opendeep.database.engine import SqlDatabase
from opendeep.database.repositories import SystemTasks
from opendeep.database.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What a worker does: claim ``count`` tasks in batches, and maybe finish them."""

    url: str
    count: int
    batch: int
    finishes: bool = False


Wait = Callable[[], Any]

_CLAIM = """
WITH chosen AS (SELECT id FROM tasks WHERE user_id = 1 AND campaign_id = 1 AND priority = 5
AND tasks.status IN ('pending', 'on_hold', 'retry_scheduled')
AND tasks.current_attempt_count < tasks.max_attempts AND next_action_time <= {now}
ORDER BY next_action_time, id LIMIT {batch} {lock})
UPDATE tasks SET status = 'queued_for_call', status_before_claim = status, claimed_by = 'raw',
claim_expires_at = {now}, claim_token = claim_token + 1, version = version + 1, updated_at = {now}
WHERE id IN (SELECT id FROM chosen) RETURNING id
"""
_FINISH = """
UPDATE tasks SET status = 'completed', status_before_claim = NULL, claimed_by = NULL,
claim_expires_at = NULL, status_reason = 'Done.', version = version + 1, updated_at = {now}
WHERE status = 'queued_for_call' AND id IN ({ids})
"""


def ours(job: Job, wait: Wait) -> tuple[int, float]:
    """Claim with the product's queue."""
    return uvloop.run(_ours(job, wait))  # as the product does


async def _ours(job: Job, wait: Wait) -> tuple[int, float]:
    done = 0
    async with SqlDatabase(job.url, InProcessEventBus()) as database:
        async with database.transaction() as tx:
            await SystemTasks(tx).queued_count()
        wait()
        began = time.perf_counter()
        while done < job.count:
            claimed = await database.at_once(
                lambda tx: SystemTasks(tx).claim(
                    now=tx.now(), limit=job.batch, claimed_by="bench", lease_seconds=60
                )
            )
            if job.finishes:
                await database.at_once(partial(_finish, claimed))
            done += len(claimed)
            if not claimed:
                break
        return done, time.perf_counter() - began


async def _finish(claimed: list[TaskClaim], tx: Transaction) -> int:
    return await SystemTasks(tx).finish(claimed, TaskStatus.COMPLETED, reason="Done.")


def raw(job: Job, wait: Wait) -> tuple[int, float]:
    """Claim with the bare statement, straight through the driver."""
    is_postgres = job.url.startswith("postgres")
    connection: Any
    if is_postgres:
        connection = psycopg.connect(job.url, autocommit=True)
        claim = _CLAIM.format(
            now="%s::timestamptz", batch=job.batch, lock="FOR UPDATE SKIP LOCKED"
        ).encode()
    else:
        connection = sqlite3.connect(
            job.url.removeprefix("sqlite:///"), timeout=30, isolation_level=None
        )
        connection.execute("PRAGMA synchronous = NORMAL")
        claim = _CLAIM.format(now="?", batch=job.batch, lock="")
    done = 0
    wait()
    began = time.perf_counter()
    while done < job.count:
        instant = SystemClock().now()
        now = instant if is_postgres else str(instant.replace(tzinfo=None))
        if not is_postgres:
            connection.execute("BEGIN IMMEDIATE")
        ids = [row[0] for row in connection.execute(claim, (now,) * 3).fetchall()]
        if not is_postgres:
            connection.execute("COMMIT")
        if job.finishes and ids:
            listed = ", ".join(map(str, ids))
            finish = _FINISH.format(now="%s" if is_postgres else "?", ids=listed)
            connection.execute(finish, (now,))
        done += len(ids)
        if not ids:
            break
    elapsed = time.perf_counter() - began
    connection.close()
    return done, elapsed
