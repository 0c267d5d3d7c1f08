"""What every bus must do, in one process and, over Redis, between two."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import pytest

from opendeep.common.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NoListenerError,
    NotFoundError,
    OpenDeepError,
    UnavailableError,
)
from opendeep.common.event_bus import EventBus, InProcessEventBus, InProcessSubscription
from opendeep.common.lifecycle import Nursery
from opendeep.common.messages import WAKEUPS, AudioChunk, Message, Wakeup
from opendeep.common.redis_client import RedisClient, RedisConfig
from tests.contract.redis_server import REDIS_COMMAND, RedisServer, redis_server

REDIS = pytest.mark.integration
COMMAND_SECONDS = 0.3
DUE = Wakeup(work="due_tasks")
FREE = Wakeup(work="slot_free")


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    """Run a Redis for this file."""
    if shutil.which("redis-server") is None:
        reason = f"Redis is not installed; run: {REDIS_COMMAND}"
        if os.environ.get("CI") == "true":  # noqa: TID251 - a test may ask who runs it
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    with redis_server() as server:
        yield server


def new_client(server: RedisServer) -> RedisClient:
    """Make a bus over this Redis, quick to notice that it is gone."""
    config = RedisConfig(
        url=server.url, command_timeout_seconds=COMMAND_SECONDS, silence_seconds=0.5
    )
    return RedisClient(config, jitter=lambda: 0.0)


async def running(stack: AsyncExitStack, server: RedisServer) -> RedisClient:
    """Run a bus over this Redis until the stack is left."""
    client = new_client(server)
    nursery = await stack.enter_async_context(Nursery("redis", grace_seconds=2))
    nursery.start(client.run(), name="client")
    stack.callback(client.stop)
    assert await client.wait_connected(5)
    return client


@pytest.fixture(
    params=[
        "in_process",
        pytest.param("redis_here", marks=REDIS),
        pytest.param("redis_apart", marks=REDIS),
    ]
)
async def both(request: pytest.FixtureRequest) -> AsyncIterator[tuple[EventBus, EventBus]]:
    """Return the bus of who sends and the bus of who listens, which may be the same."""
    if request.param == "in_process":
        bus = InProcessEventBus(command_timeout_seconds=0.01)
        yield bus, bus
        return
    server: RedisServer = request.getfixturevalue("redis")
    async with AsyncExitStack() as stack:
        near = await running(stack, server)
        far = near if request.param == "redis_here" else await running(stack, server)
        yield near, far


@pytest.fixture
def bus(both: tuple[EventBus, EventBus]) -> EventBus:
    """Return the bus of who sends."""
    return both[0]


@pytest.fixture
def far(both: tuple[EventBus, EventBus]) -> EventBus:
    """Return the bus of who listens."""
    return both[1]


async def test_subscribers_get_what_is_published_while_they_listen(bus: EventBus, far: EventBus):
    """A subscriber sees messages of its channels in order, and none from before or after."""
    await bus.publish(WAKEUPS, FREE)
    if bus is not far:
        await asyncio.sleep(0.05)  # What is on its way between processes may still arrive.
    async with far.subscribe(WAKEUPS, "other") as subscription:
        await bus.publish(WAKEUPS, DUE)
        await bus.publish("other", FREE)
        assert await bus.listeners(WAKEUPS) == 1

        assert [await subscription.get(), await subscription.get()] == [DUE, FREE]

    assert await bus.listeners(WAKEUPS) == 0


async def test_iteration_waits_for_messages(bus: EventBus, far: EventBus):
    """Iterating over a subscription yields each message as it comes."""
    async with far.subscribe(WAKEUPS) as subscription:
        await bus.publish(WAKEUPS, DUE)
        async for message in subscription:
            assert message == DUE
            break


async def test_command_reaches_its_handler(bus: EventBus, far: EventBus):
    """A command returns after its handler did."""
    seen: list[Message] = []

    async def handle(message: Message) -> None:
        seen.append(message)

    async with far.serve("c", handle):
        await bus.command("c", DUE)

    assert seen == [DUE]


async def test_command_without_listener_is_an_error(bus: EventBus):
    """A command that nobody serves raises NoListenerError."""
    with pytest.raises(NoListenerError):
        await bus.command("c", DUE)


@pytest.mark.parametrize(
    "refusal",
    [
        InvalidInputError("no", code="odd"),
        ConflictError("busy"),
        ForbiddenError("not you"),
        NotFoundError("call", "c1"),
        NoListenerError("d"),
        UnavailableError("away"),
    ],
)
async def test_errors_of_the_handler_reach_the_sender(
    bus: EventBus, far: EventBus, refusal: OpenDeepError
):
    """What the handler refuses, the sender sees: its class, its code and its words."""

    async def refuse(_message: Message) -> None:
        raise refusal

    async with far.serve("c", refuse):
        with pytest.raises(type(refusal)) as told:
            await bus.command("c", DUE)

    assert (told.value.code, told.value.message) == (refusal.code, refusal.message)


async def test_a_handler_that_hangs_times_out(bus: EventBus, far: EventBus):
    """A command to a stuck handler ends as UnavailableError."""

    async def hang(_message: Message) -> None:
        await asyncio.Event().wait()

    async with far.serve("c", hang):
        with pytest.raises(UnavailableError):
            await bus.command("c", DUE)


async def test_one_handler_per_channel(bus: EventBus, far: EventBus):
    """A second handler for a channel is refused, and the first stays."""

    async def handle(_message: Message) -> None:
        return

    async with far.serve("c", handle):
        for either in (far, bus):
            with pytest.raises(ConflictError):
                async with either.serve("c", handle):
                    pass
        await bus.command("c", DUE)


async def test_a_slow_reader_loses_the_oldest():
    """A full queue drops its oldest message and counts it."""
    subscription = InProcessSubscription(limit=1)
    subscription.put(FREE)
    subscription.put(DUE)

    assert await subscription.get() == DUE
    assert subscription.dropped == 1


# What only a bus between processes can show.


async def hears(far: EventBus, near: EventBus) -> bool:
    """Whether what one process publishes reaches the other at once."""
    async with far.subscribe(WAKEUPS) as subscription:
        await near.publish(WAKEUPS, DUE)
        try:
            async with asyncio.timeout(0.1):
                return await subscription.get() == DUE
        except TimeoutError:
            return False


async def until_hears(far: EventBus, near: EventBus) -> None:
    """Wait until one process hears the other."""
    async with asyncio.timeout(10):
        while not await hears(far, near):  # noqa: ASYNC110 - no event tells it
            await asyncio.sleep(0.02)


@REDIS
async def test_sound_crosses_processes_as_it_is(redis: RedisServer):
    """Every octet of a call's sound arrives."""
    chunk = AudioChunk(side="ai", mulaw=bytes(range(256)))
    async with AsyncExitStack() as stack:
        near, far = await running(stack, redis), await running(stack, redis)
        async with far.subscribe("call_audio:c") as subscription:
            assert await near.listeners("call_audio:c") == 1
            await near.publish("call_audio:c", chunk)
            assert await subscription.get() == chunk


@REDIS
async def test_redis_gone_and_back(redis: RedisServer):
    """Who is in the process is heard throughout, the others once it is back; subscribers stay."""

    async def handle(_message: Message) -> None:
        return

    async with AsyncExitStack() as stack:
        near, far = await running(stack, redis), await running(stack, redis)
        await stack.enter_async_context(near.serve("here", handle))
        await stack.enter_async_context(far.serve("there", handle))
        kept = await stack.enter_async_context(far.subscribe("kept"))
        redis.stop()
        async with asyncio.timeout(5):
            while near.is_connected:  # noqa: ASYNC110 - no event tells it
                await asyncio.sleep(0.01)
        assert near.fault is not None
        assert await hears(near, near)
        assert await near.listeners("kept") == 0
        await near.command("here", DUE)
        with pytest.raises(UnavailableError, match="REDIS_URL"):
            await near.command("there", DUE)
        await near.publish("kept", FREE)
        late = await stack.enter_async_context(far.subscribe("late"))
        redis.start()
        await until_hears(far, near)
        await near.command("there", DUE)
        for channel, subscription in (("kept", kept), ("late", late)):
            await near.publish(channel, DUE)
            assert await subscription.get() == DUE


@REDIS
async def test_redis_that_falls_silent_is_noticed(redis: RedisServer):
    """A Redis that takes connections and says nothing is told as a fault, and left."""

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with (
        await asyncio.start_server(say_nothing, "127.0.0.1", 0) as server,
        Nursery("redis", grace_seconds=2) as nursery,
    ):
        port = server.sockets[0].getsockname()[1]
        url = f"redis://127.0.0.1:{port}/0"
        client = RedisClient(RedisConfig(url=url, silence_seconds=0.1, connect_seconds=0.1))
        running_client = nursery.start(client.run(), name="client")
        async with asyncio.timeout(5):
            while client.fault is None:  # noqa: ASYNC110 - no event tells it
                await asyncio.sleep(0.01)
        assert not client.is_connected
        client.stop()
        await running_client
    assert redis.port != port


@REDIS
async def test_junk_on_the_channel_is_skipped(redis: RedisServer):
    """What is no message of ours costs a line in the log, and the next one arrives."""
    async with AsyncExitStack() as stack:
        near, far = await running(stack, redis), await running(stack, redis)
        subscription = await stack.enter_async_context(far.subscribe(WAKEUPS))
        _, writer = await asyncio.open_connection("127.0.0.1", redis.port)
        writer.write(b"PUBLISH opendeep:news:wakeups junk\r\n")
        await writer.drain()
        writer.close()
        await asyncio.sleep(0.05)
        await near.publish(WAKEUPS, DUE)
        assert await subscription.get() == DUE
