"""The database of a benchmark: filled before OpenDeep starts, read after it ended."""

import asyncio
import itertools
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from opendeep.common.data_models import PlanTask
from opendeep.common.event_bus import InProcessEventBus
from opendeep.database import migrate
from opendeep.database.engine import SqlDatabase
from opendeep.database.repositories import SystemUsers, Tasks

_TASKS_AT_ONCE = 100
_CALLS = """
    SELECT tasks.id AS task_id, tasks.phone_number, tasks.status AS task_status,
           tasks.current_attempt_count AS attempts, calls.id AS call_id,
           calls.status, calls.cause, calls.answered_at
    FROM tasks LEFT JOIN calls ON calls.task_id = tasks.id ORDER BY tasks.id, calls.attempt_number
"""


def area_codes() -> Iterator[str]:
    """Yield North American area codes, over and over, but no service or premium ones."""
    codes = [f"{code}" for code in range(201, 990) if code % 100 != 11]  # noqa: PLR2004 - N11
    return itertools.cycle(code for code in codes if code not in {"900", "976"})


def fictional_numbers(last_digits: Sequence[str]) -> list[str]:
    """Return a number of its own for each callee, ``+1 NXX 555 01dd``."""
    codes: dict[str, Iterator[str]] = {}
    return [f"+1{next(codes.setdefault(dd, area_codes()))}55501{dd}" for dd in last_digits]


def create(url: str, numbers: Sequence[str]) -> list[int]:
    """Make the database with a due task for each number; return the tasks' ids."""
    migrate.upgrade(url)
    return asyncio.run(_create(url, numbers))


async def _create(url: str, numbers: Sequence[str]) -> list[int]:
    ids: list[int] = []
    async with SqlDatabase(url, InProcessEventBus()) as database:
        async with database.transaction() as tx:
            user = await SystemUsers(tx).ensure("ada")
        for at in range(0, len(numbers), _TASKS_AT_ONCE):
            async with database.transaction() as tx:
                tasks = Tasks(tx, user.id)
                for number in numbers[at : at + _TASKS_AT_ONCE]:
                    plan = PlanTask(
                        title="Ask for the opening hours",
                        phone_number=number,
                        goal="Ask until when they are open today.",
                        success_criteria="A time was named.",
                        max_attempts=1,
                    )
                    ids.append((await tasks.create(None, plan)).id)
    return ids


def read_calls(path: Path) -> list[dict[str, Any]]:
    """Return each task with its call; a task with several calls comes several times."""
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(_CALLS)]
