"""The process ends in mid-call, on request or by force: what is left, and how a restart goes on."""

import asyncio
import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from opendeep.common.lifecycle import Nursery
from tests.integration.faults_far_ends import far_ends
from tests.integration.faults_product import (
    CALLEE,
    Product,
    plan,
    serving,
    until,
)
from tests.unit.practice.exchange_world import Manager

pytestmark = [pytest.mark.integration, pytest.mark.timeout(150)]

HELD = "+12015550107"
STOP_MOST_SECONDS = 5
UNKNOWN_OUTCOME = (
    "OpenDeep lost sight of the call, so what came of it is unknown. OpenDeep does not call again "
    "by itself; retry the task if it should."
)


def rows(folder: Path, statement: str) -> list[tuple[object, ...]]:
    """Read the database of a product that does not run."""
    database = sqlite3.connect(folder / "data" / "opendeep.db")
    try:
        return database.execute(statement).fetchall()
    finally:
        database.close()


@asynccontextmanager
async def watched(product: Product, call_id: str) -> AsyncIterator[None]:
    """Follow a call as a page does: its events and its sound, over WebSockets."""
    address = product.address.replace("http", "ws", 1)
    async with (
        connect(f"{address}/ws/events"),
        connect(f"{address}/ws/calls/{call_id}/audio") as sound,
    ):
        await sound.recv()
        yield


@asynccontextmanager
async def stuck_text(port: int) -> AsyncIterator[asyncio.Event]:
    """Be a text AI that takes requests and never answers; set the event when it was asked."""
    asked = asyncio.Event()

    async def never_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(4096):
            asked.set()
        writer.close()

    async with await asyncio.start_server(never_answer, "127.0.0.1", port):
        yield asked


class FreezingLine:
    """A line to a port that, while it is frozen, carries nothing and stays open."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._nursery = Nursery("line")
        self.thawed = asyncio.Event()
        self.thawed.set()

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[int]:
        """Listen while the block is open; give the port."""
        async with self._nursery:
            server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
            async with server:
                yield server.sockets[0].getsockname()[1]

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._nursery.start(self._carry(reader, far_writer), name="there")
        self._nursery.start(self._carry(far_reader, writer), name="back")

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65_536):
                await self.thawed.wait()
                writer.write(data)
        finally:
            writer.close()


def check_saved_end(folder: Path) -> None:
    """Check what a stopped product left of its one call."""
    assert rows(folder, "SELECT status, cause, ended_at IS NOT NULL FROM calls") == [
        ("ended", "cancelled", 1)
    ]
    ((status, reason),) = rows(folder, "SELECT status, status_reason FROM tasks")
    assert status in {"awaiting_analysis", "retry_scheduled"}
    assert reason


async def goes_on(product: Product, task_id: int) -> None:
    """Check that a restart takes a stopped call's task on without dialling at once."""
    task = await product.task_in(task_id, "retry_scheduled", 30)
    assert task["next_action_time"] is not None
    assert task["current_attempt_count"] == len(task["calls"]) == 1
    assert task["status_reason"].endswith(". OpenDeep tries again in 10 minutes.")


async def test_ctrl_c_in_a_practice_call(tmp_path: Path) -> None:
    """With nothing configured: exit 0 within 5 s, all saved; the restart plans another attempt."""
    async with serving(tmp_path, {}) as product:
        task_id = await product.confirm(plan(HELD))
        call_id = await product.talking(task_id)
        async with watched(product, call_id):
            code, seconds = await product.exit_after(signal.SIGINT)
        assert (code, seconds < STOP_MOST_SECONDS) == (0, True), (code, seconds, product.log)
    check_saved_end(tmp_path)
    async with serving(tmp_path, {}) as product:
        await goes_on(product, task_id)


async def test_ctrl_c_while_everything_is_stuck(tmp_path: Path) -> None:
    """A hanging chat turn, watching pages and a live call keep nobody from exit 0 within 5 s."""
    async with far_ends() as ends:
        exchange = await ends.open_exchange()
        await ends.open_voice()
        async with (
            stuck_text(ends.text_port) as asked,
            serving(tmp_path, ends.settings()) as product,
        ):
            task_id = await product.confirm(plan(CALLEE))
            call_id = await product.talking(task_id)
            async with watched(product, call_id), asyncio.TaskGroup() as group:
                turn = group.create_task(
                    product.http.post("/api/chat_interaction", json={"message": "Hello"})
                )
                await asked.wait()
                code, seconds = await product.exit_after(signal.SIGINT)
                turn.cancel()
            assert (code, seconds < STOP_MOST_SECONDS) == (0, True), (code, seconds, product.log)
            async with asyncio.timeout(1):
                await exchange.handset.hung_up.wait()
        check_saved_end(tmp_path)
        (record,) = exchange.records
        assert record.hung_up_by == "caller"


async def test_ctrl_c_while_the_exchange_is_frozen(tmp_path: Path) -> None:
    """An exchange that stopped answering costs no more than the 5 s, and the end is saved."""
    async with far_ends() as ends:
        exchange = await ends.open_exchange()
        await ends.open_voice()
        line = FreezingLine(ends.ami_port)
        async with line.serve() as port:
            settings = ends.settings(ASTERISK_AMI_PORT=str(port))
            async with stuck_text(ends.text_port) as asked, serving(tmp_path, settings) as product:
                task_id = await product.confirm(plan(CALLEE))
                call_id = await product.talking(task_id)
                async with watched(product, call_id), asyncio.TaskGroup() as group:
                    turn = group.create_task(
                        product.http.post("/api/chat_interaction", json={"message": "Hello"})
                    )
                    await asked.wait()
                    line.thawed.clear()
                    code, seconds = await product.exit_after(signal.SIGINT)
                    turn.cancel()
                assert (code, seconds < STOP_MOST_SECONDS) == (0, True), (
                    code,
                    seconds,
                    product.log,
                )
            check_saved_end(tmp_path)
        # Its sound is gone, so the dialplan ends the call although the Hangup never came.
        async with asyncio.timeout(2):
            await exchange.handset.hung_up.wait()


async def is_explained_and_left_alone(product: Product, task_id: int) -> None:
    """Check that a call of unknown fate is told as such and that its task waits for the user."""
    task = await product.task_in(task_id, "unresolved")
    assert task["status_reason"] == UNKNOWN_OUTCOME
    assert task["next_action_time"] is None
    call = await product.only_call(task_id)
    assert (call["status"], call["cause"]) == ("lost", "lost")
    await asyncio.sleep(2.5)
    assert (await product.task(task_id))["current_attempt_count"] == 1


@pytest.mark.parametrize("picks_up", [True, False], ids=["talking", "ringing"])
async def test_killed_while_the_callee_stays(tmp_path: Path, *, picks_up: bool) -> None:
    """After kill -9 the restart hangs up what is left of the call, and dials only when told to."""
    async with far_ends() as ends:
        exchange = await ends.open_exchange(safe_message=60)
        exchange.handset.picks_up = picks_up
        await ends.open_voice()
        async with serving(tmp_path, ends.settings()) as product:
            task_id = await product.confirm(plan(CALLEE))
            live = "in_progress" if picks_up else "ringing"
            await product.task_when(
                task_id, lambda task: task["calls"] and task["calls"][0]["status"] == live, live
            )
            code, _ = await product.exit_after(signal.SIGKILL)
            assert code == -signal.SIGKILL
        assert rows(tmp_path, "SELECT status FROM calls") == [(live,)]
        assert not exchange.handset.hung_up.is_set()

        async with serving(tmp_path, ends.settings()) as product:
            await is_explained_and_left_alone(product, task_id)
            assert exchange.handset.hung_up.is_set()
            (record,) = exchange.records
            assert record.hung_up_by == "caller"

            answer = await product.http.post(f"/api/tasks/{task_id}/retry")
            assert answer.status_code == 200, answer.text
            # The row stands before Originate is sent, so wait until the line says so.
            await product.task_when(
                task_id,
                lambda task: [call["status"] for call in task["calls"]].count(live) == 1,
                "a second call",
            )
            assert len(exchange.records) == 2


class Network:
    """`opendeep practice-network` as its own process, with somebody who watches its exchange."""

    def __init__(self, settings: dict[str, str]) -> None:
        self.settings = settings
        self.channels = 0

    async def watch(self) -> None:
        """Count the channels that the exchange makes, until cancelled."""
        manager = Manager(
            *await asyncio.open_connection("127.0.0.1", int(self.settings["ASTERISK_AMI_PORT"]))
        )
        name, secret = (
            ("Username", self.settings["ASTERISK_AMI_USERNAME"]),
            ("Secret", self.settings["ASTERISK_AMI_SECRET"]),
        )
        try:
            await manager.ask("Login", name, secret)
            while await manager.read():
                self.channels = sum(message.event == "Newchannel" for message in manager.messages)
        finally:
            manager.close()


@contextmanager
def practice_network(folder: Path) -> Iterator[Network]:
    """Run the practice network; it says itself which settings reach it."""
    command = [sys.executable, "-m", "opendeep", "practice-network", "--ai-port", "0"]
    with (
        (folder / "network.txt").open("w") as log,
        subprocess.Popen(
            [*command, "--ami-port", "0"],
            cwd=folder,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as process,
    ):
        assert process.stdout is not None
        told = [process.stdout.readline() for _ in range(5)]
        try:
            settings = dict(re.findall(r"([A-Z_]+)=(\S+)", "".join(told)))
            yield Network(settings)
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(10) == 0


async def test_killed_in_a_conversation(tmp_path: Path) -> None:
    """Against a practice network of its own process: after kill -9 nothing is dialled twice."""
    with practice_network(tmp_path) as network:
        settings = {
            **network.settings,
            "OPENAI_API_KEY": "practice",
            "GOOGLE_API_KEY": "practice",
            "AUDIOSOCKET_BIND": "127.0.0.1:0",
            "APP_TEST_MODE": "true",
            "CALLING_HOURS_POLICY": "off",
        }
        async with Nursery("watcher") as nursery:
            nursery.start(network.watch(), name="watch")
            async with serving(tmp_path, settings) as product:
                task_id = await product.confirm(plan(CALLEE))
                call_id = await product.talking(task_id)

                async def conversing() -> bool | None:
                    lines = (await product.get(f"/api/calls/{call_id}"))["transcript"]
                    return len({line["speaker"] for line in lines}) == 2 or None

                await until(conversing, "both have spoken", 40)
                await product.exit_after(signal.SIGKILL)
            assert network.channels == 1

            async with serving(tmp_path, settings) as product:
                await is_explained_and_left_alone(product, task_id)
                call = await product.only_call(task_id)
                assert {line["speaker"] for line in call["transcript"]} == {"ai", "callee"}
                assert call["analysis"]["verdict"] != "success"
            assert network.channels == 1
