"""What becomes of calls when OpenDeep, its link or Asterisk itself dies under them.

The far end counts: whatever dies, each callee's phone rang exactly once.
"""

import asyncio
import json
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import pytest

from opendeep.common.data_models import CallCause, CallStatus, TaskStatus
from opendeep.common.ids import TaskId
from opendeep.common.lifecycle import Nursery
from opendeep.common.messages import TransferCall
from opendeep.database.models import Task
from opendeep.database.repositories import SystemUsers, Tasks
from tests.integration.asterisk.addresses import ExchangeAddress
from tests.integration.asterisk.call_product import (
    CallProduct,
    ProductConfig,
    call_product,
)
from tests.integration.asterisk.manager import Manager, open_manager
from tests.integration.asterisk.servers import (
    HERE,
    SECRET,
    ExchangePair,
    RealAsterisk,
    exchange_pair,
)

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

ROOT = HERE.parent.parent.parent


def number(area: str, dd: str) -> str:
    """Return a practice number of an area that no other test of this file uses."""
    return f"+1{area}55501{dd}"


def address_of(pair: ExchangePair, port: int | None = None) -> ExchangeAddress:
    """Return where the PBX's manager is, or what stands before it."""
    return ExchangeAddress(
        host="127.0.0.1",
        port=port or pair.ami_port,
        username=pair.username,
        secret=pair.secret,
        template=pair.template,
    )


@asynccontextmanager
async def witness(pair: ExchangePair) -> AsyncIterator[Manager]:
    """Watch which calls come to the network."""
    async with open_manager("127.0.0.1", pair.network.ami_port) as manager:
        await manager.log_in("witness", SECRET)
        yield manager


def calls_that_came(manager: Manager, area: str) -> Counter[str]:
    """Count the calls that came to an area's numbers, by number."""
    numbers = (m.get("Number") for m in manager.messages if m.get("UserEvent") == "CallCame")
    return Counter(f"+{found}" for found in numbers if found[1:4] == area)


async def tasks_of(product: CallProduct, ids: list[int]) -> list[Task]:
    """Read tasks that another process placed."""
    async with product.database.transaction() as tx:
        user = await SystemUsers(tx).ensure("ada")
        tasks = [await Tasks(tx, user.id).get(TaskId(found)) for found in ids]
    product.adopt(tasks)
    return tasks


@contextmanager
def child(folder: Path, pair: ExchangePair, numbers: list[str]) -> Iterator[list[int]]:
    """Run the call side in a process that is killed without warning at the end of the block."""
    address = address_of(pair)
    with subprocess.Popen(
        [
            *(sys.executable, "-m", "tests.integration.asterisk.call_child", str(folder)),
            *(address.host, str(address.port), address.username, address.secret),
            *(address.template, *numbers),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            yield next(
                json.loads(line) for line in process.stdout if line.startswith("[") and "]" in line
            )
        finally:
            process.kill()


async def test_opendeep_killed_under_its_calls(exchange: ExchangePair, tmp_path: Path) -> None:
    """After kill -9 and a restart: lost, never dialled again, slots back, channels gone."""
    numbers = [number("301", dd) for dd in ("27", "02", "30", "38")]
    async with witness(exchange) as far_end:
        with child(tmp_path, exchange, numbers) as ids:
            await far_end.until(lambda _: len(calls_that_came(far_end, "301")) == len(numbers))
            await asyncio.sleep(3)
        async with call_product(tmp_path, address_of(exchange)) as product:
            tasks = await tasks_of(product, ids)
            found = [await product.over(task) for task in tasks]
            await product.idle()
            await asyncio.sleep(1)
        answered = [outcome.call.answered_at is not None for outcome in found]
        assert answered == [False, False, True, True]
        for outcome in found:
            assert (outcome.call.status, outcome.call.cause) == (CallStatus.LOST, CallCause.LOST)
            assert outcome.task.status is TaskStatus.AWAITING_ANALYSIS
            assert outcome.task.current_attempt_count == 1
        assert calls_that_came(far_end, "301") == Counter(numbers)
    assert exchange.pbx.channels() == 0


async def test_people_who_were_connected_talk_on(exchange: ExchangePair, tmp_path: Path) -> None:
    """A restart of OpenDeep, or its stop, cuts off nobody whom it has handed over."""
    async with witness(exchange) as far_end:
        async with call_product(tmp_path, address_of(exchange)) as product:
            task = await product.place(number("302", "30"))
            await product.event(task, "disclosure_heard")
            call = await product.when(task, "in_progress")
            await product.command(call.id, TransferCall(to=number("302", "38"), mode="blind"))
            await product.over(task)
        async with call_product(tmp_path, address_of(exchange)) as product:
            product.adopt([task])
            await asyncio.sleep(1)
            ((unique_id, bridged),) = await product.channels()
            assert (unique_id, bridged) == (f"od-{call.id}", True)
            await far_end.ask("Hangup", ("Channel", "/^PJSIP.*/"))
            await product.idle()
        assert sum(calls_that_came(far_end, "302").values()) == 2


class Proxy:
    """Stands before a manager, and can cut what runs through it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._writers: set[asyncio.StreamWriter] = set()
        self._carried = 0
        self._idle = asyncio.Event()
        self.open = True

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection, unless cut."""
        if not self.open:
            writer.transport.abort()
            return
        self._carried += 1
        self._idle.clear()
        try:
            await self._carry(reader, writer)
        finally:
            self._carried -= 1
            if self._carried == 0:
                self._idle.set()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._writers |= {writer, far_writer}
        async with Nursery("proxy") as nursery:
            back = nursery.start(_pipe(far_reader, writer), name="back")
            await _pipe(reader, far_writer)
            back.cancel()

    def cut(self) -> None:
        """Cut all connections, and take no new one."""
        self.open = False
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def close(self) -> None:
        """Cut what is left, and wait until no connection is open."""
        self.cut()
        await self._idle.wait()
        await asyncio.sleep(0.05)  # an aborted transport closes its socket a turn later


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65_536):
            writer.write(data)
    writer.transport.abort()


async def test_the_manager_s_link_cut_under_calls(exchange: ExchangePair, tmp_path: Path) -> None:
    """Calls that talk and ring outlive a link that was cut, and nobody's phone rings twice."""
    proxy = Proxy(exchange.ami_port)
    async with (
        witness(exchange) as far_end,
        await asyncio.start_server(proxy.accept, "127.0.0.1", 0) as server,
    ):
        port = server.sockets[0].getsockname()[1]
        async with call_product(
            tmp_path, address_of(exchange, port), ProductConfig(ring_seconds=12)
        ) as product:
            talks = await product.place(number("303", "30"))
            rings = await product.place(number("303", "02"))
            await product.event(talks, "disclosure_heard")
            await product.when(rings, "ringing")
            proxy.cut()
            await asyncio.sleep(1)
            proxy.open = True
            assert await product.ami.wait_connected(20)
            call = await product.when(talks, "in_progress")
            await product.hang_up(call.id)
            found = [await product.over(task) for task in (talks, rings)]
            await product.idle()
        causes = [outcome.call.cause for outcome in found]
        assert causes == [CallCause.USER_HUNG_UP, CallCause.NO_ANSWER]
        await proxy.close()
        assert set(calls_that_came(far_end, "303").values()) == {1}


@contextmanager
def again(server: RealAsterisk) -> Iterator[None]:
    """Kill a server without warning, and start it anew with the same files for the block."""
    server.process.kill()
    server.process.wait()
    with subprocess.Popen(
        ["/bin/sh", str(HERE / "run.sh"), str(server.root), str(server.folder.parent), server.name],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            yield
        finally:
            process.kill()


async def test_asterisk_killed_under_calls(tmp_path: Path) -> None:
    """Each call ends as what it is, the link comes back, and the next call works."""
    with exchange_pair() as pair:
        async with (
            witness(pair) as far_end,
            call_product(tmp_path, address_of(pair), ProductConfig(ring_seconds=8)) as product,
        ):
            talks = await product.place(number("304", "30"))
            rings = await product.place(number("304", "02"))
            await product.event(talks, "disclosure_heard")
            await product.when(rings, "ringing")
            with again(pair.pbx):
                found = [await product.over(task) for task in (talks, rings)]
                assert await product.ami.wait_connected(20)
                await product.idle()
                after = await product.place(number("304", "33"))
                assert (await product.over(after)).call.cause is CallCause.CALLEE_HUNG_UP
                await product.idle()
        for outcome in found:
            assert not outcome.call.status.is_live
            assert outcome.call.cause in {CallCause.AUDIO_FAILED, CallCause.EXCHANGE_FAILED}
            assert outcome.task.status is TaskStatus.AWAITING_ANALYSIS
        assert set(calls_that_came(far_end, "304").values()) == {1}
