"""OpenDeep's client under ``benchmarks/ami.py``."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import uvloop

from benchmarks.ami_rig.figures import Measured, measured
from opendeep.call_processor_service.ami_actions import AmiAction
from opendeep.call_processor_service.ami_link import AmiConfig
from opendeep.call_processor_service.ami_protocol import AmiMessage
from opendeep.call_processor_service.ami_subscription import AmiSubscription
from opendeep.call_processor_service.asterisk_ami_client import AsteriskAmiClient

Reader = Callable[[AmiMessage], object]
_ENDED = "replay-ended"


def read_as_calls_do(message: AmiMessage) -> tuple[str, str, str]:
    """Look at what the owner of a call looks at."""
    return message.event, message.get("ChannelState"), message.get("Cause")


def read_everything(message: AmiMessage) -> dict[str, str]:
    """Make the dictionary that the other clients make of each event."""
    return dict(message.headers)


def replay(port: int, ids: Sequence[str], count: int, wanted: int) -> Measured:
    """Let the peer send its traffic into the channels' queues, which are bounded.

    Raises:
        RuntimeError: one round of the traffic was not delivered as it should be.
    """
    return uvloop.run(_replay(port, ids, count, wanted // count))


def replay_and_read(
    port: int, ids: Sequence[str], count: int, wanted: int, *, reader: Reader
) -> Measured:
    """Let the peer send its traffic; a task for each channel reads it."""
    return uvloop.run(_replay_and_read(port, ids, count, wanted, reader))


def originates(port: int, number: int, in_flight: int) -> Measured:
    """Ask for calls, so many at once; each brings all its events."""
    return uvloop.run(_originates(port, number, in_flight))


@asynccontextmanager
async def _client(port: int) -> AsyncIterator[AsteriskAmiClient]:
    config = AmiConfig(host="127.0.0.1", port=port, username="bench", secret="bench")  # noqa: S106
    client = AsteriskAmiClient(config)
    async with asyncio.TaskGroup() as group:
        group.create_task(client.run(), name="client")
        if not await client.wait_connected(10):
            raise RuntimeError(client.fault)
        yield client
        client.stop()


async def _replay(port: int, ids: Sequence[str], count: int, wanted: int) -> Measured:
    async with _client(port) as client:
        everything = AmiSubscription(limit=2 * wanted)
        await _replay_into(client, [everything] * len(ids), ids, 1)
        if everything.waiting != wanted:
            raise RuntimeError(f"{everything.waiting} of {wanted} events were delivered")
        return await _replay_into(client, [AmiSubscription() for _ in ids], ids, count)


async def _replay_into(
    client: AsteriskAmiClient, queues: list[AmiSubscription], ids: Sequence[str], count: int
) -> Measured:
    async with AsyncExitStack() as listening:
        for queue, one in zip(queues, ids, strict=True):
            await listening.enter_async_context(client.events_of(one, into=queue))
        ended = await listening.enter_async_context(client.events_of(_ENDED))
        began, used = time.perf_counter(), time.process_time()
        async with asyncio.timeout(120):
            await client.send_action(_replay_action(count))
            await ended.get()
        return measured(began, used)


async def _replay_and_read(
    port: int, ids: Sequence[str], count: int, wanted: int, reader: Reader
) -> Measured:
    got = 0
    ended = asyncio.Event()

    async def listen(client: AsteriskAmiClient, unique_id: str) -> None:
        nonlocal got
        async with client.events_of(unique_id) as events:
            while True:
                news = await events.get()
                if isinstance(news, AmiMessage):
                    reader(news)
                    got += 1
                    if got == wanted:
                        ended.set()

    async with _client(port) as client, asyncio.TaskGroup() as group:
        tasks = [group.create_task(listen(client, one)) for one in ids]
        await asyncio.sleep(0.1)
        began, used = time.perf_counter(), time.process_time()
        await client.send_action(_replay_action(count))
        async with asyncio.timeout(120):
            await ended.wait()
        result = measured(began, used)
        for task in tasks:
            task.cancel()
    return result


def _replay_action(count: int) -> AmiAction:
    return AmiAction(name="Replay", headers=(("Count", str(count)),))


async def _originates(port: int, number: int, in_flight: int) -> Measured:
    async def ask(client: AsteriskAmiClient, worker: int) -> None:
        for turn in range(number // in_flight):
            call_id = f"{worker:08x}-{turn:04x}-4000-8000-000000000000"
            channel_id = f"od-{call_id}"
            action = AmiAction.originate(
                channel="PJSIP/+12025550123@trunk",
                channel_id=channel_id,
                context="opendeep",
                exten="media",
                timeout_ms=30_000,
                variables={"OPENDEEP_CALL_ID": call_id, "OPENDEEP_AUDIOSOCKET": "127.0.0.1:9092"},
            )
            async with client.events_of(channel_id):
                if not (await client.send_action(action)).is_success:
                    raise RuntimeError("refused")

    async with _client(port) as client, asyncio.timeout(120):
        began, used = time.perf_counter(), time.process_time()
        async with asyncio.TaskGroup() as group:
            for worker in range(in_flight):
                group.create_task(ask(client, worker))
        return measured(began, used)
