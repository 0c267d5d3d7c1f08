"""``make chaos``: thousands of attempts while everything under them is killed.

``python -m tests.chaos.run --attempts N [--seed S]``. Four processes place calls at the practice
exchange, which is a process of its own; a recorder, one more, counts what comes to the callees.
Meanwhile workers and their parents are killed (-9), PostgreSQL and Redis die and come back, and
the manager's connections are cut. The last line sums up; exit code 1 if a promise was broken. A run
that is interrupted stops its children, and tells what came of it so far.
"""

import argparse
import asyncio
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import psycopg

from benchmarks.media_rig import build
from opendeep.common.lifecycle import wait_event
from opendeep.database import migrate
from tests.chaos import rows
from tests.chaos.crash_child import DIALLER_LIMITS
from tests.chaos.far_end import calls_that_came, most_in_a_second
from tests.chaos.faults import Chaos, Story, World
from tests.chaos.product import Diallers, Processes
from tests.chaos.proxy import Proxy
from tests.chaos.servers import PostgresServer
from tests.contract.redis_server import RedisServer
from tests.integration.asterisk.servers import exchange_pair

ROOT = Path(__file__).parent.parent.parent
WORKERS = 4
MAX_CALLS = 40
CALLS_PER_SECOND = 60
SETTLE_SECONDS = 120
_LOOK_SECONDS = 0.5


def _postgres(stack: ExitStack, folder: Path) -> PostgresServer:
    postgres = PostgresServer(folder / "postgres", _free_port())
    postgres.start()
    stack.callback(postgres.stop)
    migrate.upgrade(postgres.url)
    return postgres


@asynccontextmanager
async def asterisk_world(folder: Path) -> AsyncIterator[World]:
    """Run two real Asterisks, and diallers at the first, while the block is open."""
    with ExitStack() as stack:
        postgres = _postgres(stack, folder)
        pair = stack.enter_context(exchange_pair())
        log = folder / "far_end.log"
        log.touch()
        _child(
            stack,
            [
                *(sys.executable, "-m", "tests.chaos.asterisk_far_end"),
                *(str(pair.network.ami_port), str(log)),
            ],
        )
        proxy = Proxy(pair.ami_port)
        async with await asyncio.start_server(proxy.accept, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            arguments = [postgres.url, str(port), pair.username, pair.secret, pair.template]
            product = Diallers(folder, arguments, WORKERS)
            stack.callback(product.stop)
            yield World(
                postgres=postgres,
                redis=None,
                ami=proxy,
                product=product,
                recorder_log=log,
                most_calls=DIALLER_LIMITS.max_concurrent_calls,
                calls_per_second=DIALLER_LIMITS.calls_per_second,
            )
            await asyncio.to_thread(product.stop)
            await proxy.end()


@asynccontextmanager
async def world(folder: Path) -> AsyncIterator[World]:
    """Run everything while the block is open."""
    with ExitStack() as stack:
        postgres = _postgres(stack, folder)
        redis = RedisServer(folder)
        redis.start()
        stack.callback(redis.stop)
        log, address = folder / "far_end.log", str(folder / "far_end.socket")
        log.touch()
        _child(stack, [sys.executable, "-m", "tests.chaos.far_end", address, str(log)])
        exchange = _child(stack, [sys.executable, "-m", "tests.chaos.exchange_child", address])
        voice = _child(stack, [str(build.compiled("realtime_server")), "--mode", "speak"])
        proxy = Proxy(int(exchange.split()[1]))
        async with await asyncio.start_server(proxy.accept, "127.0.0.1", 0) as server:
            settings = {
                "DATABASE_URL": postgres.url,
                "REDIS_URL": redis.url,
                "OPENDEEP_DATA_DIR": str(folder / "data"),
                "OPENDEEP_NODE": "chaos",
                "OPENDEEP_PRACTICE_PORTS": f"9,{server.sockets[0].getsockname()[1]}",
                "OPENAI_API_KEY": "chaos",
                "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
                "OPENAI_REALTIME_URL": f"ws://127.0.0.1:{voice.split()[1]}/v1/realtime",
                "MAX_CONCURRENT_CALLS": str(MAX_CALLS),
                "MAX_CONCURRENT_CALLS_PER_USER": str(MAX_CALLS),
                "CALLS_PER_SECOND": str(CALLS_PER_SECOND),
                "LOG_FORMAT": "json",
                "LOG_LEVEL": "warning",
            }
            product = Processes(folder, settings, WORKERS)
            stack.callback(product.stop)
            yield World(
                postgres=postgres,
                redis=redis,
                ami=proxy,
                product=product,
                recorder_log=log,
                most_calls=MAX_CALLS,
                calls_per_second=CALLS_PER_SECOND,
            )
            await asyncio.to_thread(product.stop)
            await proxy.end()


def _child(stack: ExitStack, command: list[str]) -> str:
    """Run a process until the stack is left; return the first line that it prints."""
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    stack.callback(process.wait)
    stack.callback(process.kill)
    assert process.stdout is not None
    return process.stdout.readline()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def chaos(attempts: int, seed: int, *, most_seconds: float, asterisk: bool = False) -> bool:
    """Run it, tell how it goes, and return whether every promise was kept."""
    stopping = _stop_signals()
    with tempfile.TemporaryDirectory(prefix="opendeep-chaos-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # noqa: ASYNC240 - nobody waits yet
        story, began = Story(), time.monotonic()
        async with (asterisk_world if asterisk else world)(folder) as place:
            place.product.start_all()
            await asyncio.to_thread(rows.add_tasks, place.postgres.url, attempts)
            over = asyncio.Event()
            dice = random.Random(seed)  # noqa: S311 - a story that can be told again
            async with asyncio.TaskGroup() as group:
                group.create_task(Chaos(place, story, dice).go_on(over))
                await _until_dialled(place, began + most_seconds, stopping)
                over.set()
            ended = time.monotonic()
            await _until_settled(place, ended + SETTLE_SECONDS, stopping)
            story.settled_seconds = time.monotonic() - ended
            story.seconds = time.monotonic() - began
            kept = _judge(place, story, attempts)
            return kept and not stopping.is_set()


def _stop_signals() -> asyncio.Event:
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    return stopping


async def _until_dialled(place: World, deadline: float, stopping: asyncio.Event) -> None:
    told = 0.0
    while time.monotonic() < deadline and not stopping.is_set():
        await wait_event(stopping, _LOOK_SECONDS)
        place.product.keep()
        try:
            now = await asyncio.to_thread(rows.tally, place.postgres.url)
        except psycopg.OperationalError:
            continue
        if time.monotonic() - told > 10:
            told = time.monotonic()
            _say(f"{now.undialled} to dial, {now.live} live, {now.tasks}")
        if now.undialled == 0:
            return


async def _until_settled(place: World, deadline: float, stopping: asyncio.Event) -> None:
    while time.monotonic() < deadline and not stopping.is_set():
        await wait_event(stopping, _LOOK_SECONDS)
        place.product.keep()
        now = await asyncio.to_thread(rows.tally, place.postgres.url)
        if now.unfinished == 0 and now.live == 0:
            return


def _judge(place: World, story: Story, attempts: int) -> bool:
    """Say what came of it."""
    now = rows.tally(place.postgres.url)
    came = calls_that_came(place.recorder_log)
    sent = rows.sent_numbers(place.postgres.url) if place.redis is None else None
    sent = sent or rows.sent_channels(place.postgres.url)
    duplicates = sum(count - 1 for count in came.values())
    reached = sum(1 for channel in sent if channel in came)
    unknown = len(set(came) - set(sent))
    made = sum(now.calls.values())
    lost_tasks = attempts - sum(now.tasks.values())
    unresolved = now.tasks.get("unresolved", 0)
    most = most_in_a_second(place.recorder_log)
    kept = {
        "duplicates": duplicates == 0,
        "calls without a row": unknown == 0,
        "tasks lost": lost_tasks == 0,
        "unfinished": now.unfinished == 0 and now.live == 0,
        "unresolved": unresolved <= story.in_flight,
        "reached": made > 0 and reached >= 0.95 * made,
        "attempts": made == attempts,
    }
    _say(f"faults: {dict(story.faults)}; tasks: {now.tasks}; calls: {now.calls}")
    _say(
        f"most calls in a sliding second: {most} at the far end,"
        f" {rows.most_sent_in_a_second(place.postgres.url)} by token"
        f" (allowed {place.calls_per_second})"
    )
    broken = [name for name, is_kept in kept.items() if not is_kept]
    _say(
        f"chaos: {made} attempts of {attempts} in {story.seconds:.0f} s, {duplicates} duplicates,"
        f" {unknown} calls without a row, {lost_tasks} tasks lost, {now.unfinished} unfinished"
        f" {story.settled_seconds:.0f} s after the last fault, {unresolved} unresolved"
        f" (at most {story.in_flight} were in flight at {story.faults.total()} faults),"
        f" {reached} reached the far end ({100 * reached / max(made, 1):.2f} %):"
        f" {'BROKEN: ' + ', '.join(broken) if broken else 'kept'}"
    )
    return not broken


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--attempts", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--asterisk", action="store_true", help="at a real Asterisk")
    parser.add_argument("--most-seconds", type=float, default=7200)
    options = parser.parse_args()
    kept = asyncio.run(
        chaos(
            options.attempts,
            options.seed,
            most_seconds=options.most_seconds,
            asterisk=options.asterisk,
        )
    )
    sys.exit(0 if kept else 1)


if __name__ == "__main__":
    main()
