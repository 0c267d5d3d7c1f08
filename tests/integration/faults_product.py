"""`opendeep serve` as its users run it, for the fault tests: a process, HTTP, signals."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx

Json = dict[str, Any]
FoundT = TypeVar("FoundT")

CALLEE = "+12015550100"
_OURS = re.compile(r"(OPENDEEP|ASTERISK|AUDIOSOCKET|APP_TEST|OPENAI|GOOGLE|GEMINI|PLACES|WEB)_")
_LOOK_SECONDS = 0.1
_START_SECONDS = 40


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def plan(*numbers: str, **fields: object) -> Json:
    """Write a plan with a task for each number; ``fields`` replace those of every task."""
    source = {"field": "phone_number", "from": "user", "reference": "typed in the chat"}
    tasks = [
        {
            "title": f"Book a cleaning at {number}",
            "phone_number": number,
            "goal": "Book a dental cleaning next week, in the afternoon.",
            "success_criteria": "The callee names the day and time that are booked.",
            "sources": [source],
            **fields,
        }
        for number in numbers
    ]
    return {"title": "Dental cleaning", "goal": "Book a dental cleaning.", "tasks": tasks}


async def until(
    look: Callable[[], Awaitable[FoundT | None]], what: str, seconds: float = 20
) -> FoundT:
    """Look again and again until something is found; fail by name after ``seconds``."""
    deadline = time.monotonic() + seconds
    while (found := await look()) is None:
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        await asyncio.sleep(_LOOK_SECONDS)
    return found


class Product:
    """One running `opendeep serve`, spoken to over HTTP."""

    def __init__(self, process: "subprocess.Popen[str]", address: str, log: Path) -> None:
        self.process = process
        self.address = address
        self._log = log
        self.told_to_end = False
        self.http = httpx.AsyncClient(base_url=address, timeout=60)

    @property
    def log(self) -> str:
        """What the process logged so far."""
        return self._log.read_text()

    async def get(self, path: str, user: str = "default") -> Json:
        """Return what a GET shows."""
        answer = await self.http.get(path, headers={"X-OpenDeep-User": user})
        assert answer.status_code == httpx.codes.OK, answer.text
        found: Json = answer.json()
        return found

    async def confirm(self, campaign_plan: Json) -> int:
        """Confirm a plan; return its first task's id."""
        answer = await self.http.post(
            "/api/execute_campaign", json={"campaign_plan": campaign_plan}
        )
        assert answer.status_code == httpx.codes.CREATED, answer.text
        task_ids: list[int] = answer.json()["task_ids"]
        return task_ids[0]

    async def task(self, task_id: int) -> Json:
        """Return a task."""
        return await self.get(f"/api/tasks/{task_id}")

    async def task_when(
        self, task_id: int, wanted: Callable[[Json], object], what: str, seconds: float = 20
    ) -> Json:
        """Wait until a task is as wanted; return it."""

        async def look() -> Json | None:
            task = await self.task(task_id)
            return task if wanted(task) else None

        try:
            return await until(look, what, seconds)
        except AssertionError as error:
            error.add_note(f"{await self.task(task_id)}\n{self.log[-4000:]}")
            raise

    async def task_in(self, task_id: int, status: str, seconds: float = 20) -> Json:
        """Wait until a task is in a state; return it."""
        return await self.task_when(
            task_id, lambda task: task["status"] == status, f"task {status}", seconds
        )

    async def talking(self, task_id: int, seconds: float = 20) -> str:
        """Wait until a task's call is answered; return the call's id."""
        task = await self.task_when(
            task_id,
            lambda task: task["calls"] and task["calls"][-1]["status"] == "in_progress",
            "an answered call",
            seconds,
        )
        return str(task["calls"][-1]["id"])

    async def only_call(self, task_id: int) -> Json:
        """Return the one call that a task has had, with its events and lines."""
        (summary,) = (await self.task(task_id))["calls"]
        return await self.get(f"/api/calls/{summary['id']}")

    async def exit_after(self, number: signal.Signals) -> tuple[int, float]:
        """Send a signal; return the exit code and how many seconds the end took."""
        began = time.monotonic()
        self.told_to_end = True
        self.process.send_signal(number)
        code = await asyncio.to_thread(self.process.wait, 20)
        return code, time.monotonic() - began


@contextmanager
def serve(folder: Path, settings: Mapping[str, str]) -> Iterator[Product]:
    """Run `opendeep serve` with these settings and a data directory in ``folder``."""
    environment = {name: value for name, value in os.environ.items() if not _OURS.match(name)}
    environment |= {
        "OPENDEEP_DATA_DIR": str(folder / "data"),
        "WEB_PORT": "0",
        "LOG_FORMAT": "json",
        **settings,
    }
    log_path = folder / f"log-{time.monotonic_ns()}.txt"
    with (
        log_path.open("w") as log,
        subprocess.Popen(
            [sys.executable, "-m", "opendeep", "serve"],
            env=environment,
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as process,
    ):
        assert process.stdout is not None
        address = re.search(r"http://\S+", process.stdout.readline())
        try:
            assert address is not None, log_path.read_text()
            product = Product(process, address[0], log_path)
            yield product
        finally:
            ended = process.poll()
            if ended is None:
                process.send_signal(signal.SIGINT)
                try:
                    process.wait(10)
                finally:
                    process.kill()
    assert ended is None or product.told_to_end, f"ended by itself: {ended}\n{product.log[-4000:]}"


@asynccontextmanager
async def serving(folder: Path, settings: Mapping[str, str]) -> AsyncIterator[Product]:
    """Do the same as :func:`serve` without keeping the loop from its other work."""
    manager = serve(folder, settings)
    async with asyncio.timeout(_START_SECONDS):
        product = await asyncio.to_thread(manager.__enter__)
    try:
        yield product
    finally:
        await product.http.aclose()
        await asyncio.to_thread(manager.__exit__, None, None, None)
