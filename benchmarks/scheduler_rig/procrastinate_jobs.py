"""The same with procrastinate: jobs that do nothing, fetched, run and finished by its worker."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import procrastinate

_SEED = (
    "INSERT INTO procrastinate_jobs (queue_name, task_name, priority, args, status) "
    "SELECT 'default', 'nothing', 0, '{{}}', 'todo' FROM generate_series(1, {count})"
)


def app_of(url: str) -> procrastinate.App:
    """Make an application with one task that does nothing."""
    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=url))

    @app.task(name="nothing")
    async def nothing() -> None:
        """Do nothing."""

    return app


async def seed(url: str, count: int) -> None:
    """Make its tables and ``count`` jobs that are due."""
    app = app_of(url)
    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        connector: Any = app.connector
        await connector.execute_query_async(_SEED.format(count=count))
        await connector.execute_query_async("ANALYZE procrastinate_jobs")


def work(url: str, seconds: float, wait: Callable[[], Any]) -> tuple[int, float]:
    """Run one worker, 100 jobs at once, for some seconds."""
    return asyncio.run(_work(url, seconds, wait))


async def _work(url: str, seconds: float, wait: Callable[[], Any]) -> tuple[int, float]:
    app = app_of(url)
    done = 0

    @app.task(name="nothing")
    async def nothing() -> None:
        nonlocal done
        done += 1

    async with app.open_async():
        wait()
        began = time.perf_counter()
        try:
            async with asyncio.timeout(seconds):
                await app.run_worker_async(
                    concurrency=100, install_signal_handlers=False, listen_notify=False
                )
        except TimeoutError:
            pass
        return done, time.perf_counter() - began
