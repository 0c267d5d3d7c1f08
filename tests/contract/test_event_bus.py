"""What every bus must do."""

import asyncio

import pytest

from opendeep.common.errors import (
    ConflictError,
    InvalidInputError,
    NoListenerError,
    UnavailableError,
)
from opendeep.common.event_bus import EventBus, InProcessEventBus, InProcessSubscription
from opendeep.common.messages import WAKEUPS, Message, Wakeup

DUE = Wakeup(work="due_tasks")
FREE = Wakeup(work="slot_free")


@pytest.fixture
def bus() -> EventBus:
    """Return a bus of each implementation."""
    return InProcessEventBus(command_timeout_seconds=0.01)


async def test_subscribers_get_what_is_published_while_they_listen(bus: EventBus):
    """A subscriber sees messages of its channels in order, and none from before or after."""
    await bus.publish(WAKEUPS, FREE)
    async with bus.subscribe(WAKEUPS, "other") as subscription:
        await bus.publish(WAKEUPS, DUE)
        await bus.publish("other", FREE)
        assert await bus.listeners(WAKEUPS) == 1

        assert [await subscription.get(), await subscription.get()] == [DUE, FREE]

    assert await bus.listeners(WAKEUPS) == 0


async def test_iteration_waits_for_messages(bus: EventBus):
    """Iterating over a subscription yields each message as it comes."""
    async with bus.subscribe(WAKEUPS) as subscription:
        await bus.publish(WAKEUPS, DUE)
        async for message in subscription:
            assert message == DUE
            break


async def test_command_reaches_its_handler(bus: EventBus):
    """A command returns after its handler did."""
    seen: list[Message] = []

    async def handle(message: Message) -> None:
        seen.append(message)

    async with bus.serve("c", handle):
        await bus.command("c", DUE)

    assert seen == [DUE]


async def test_command_without_listener_is_an_error(bus: EventBus):
    """A command that nobody serves raises NoListenerError."""
    with pytest.raises(NoListenerError):
        await bus.command("c", DUE)


async def test_errors_of_the_handler_reach_the_sender(bus: EventBus):
    """What the handler refuses, the sender sees."""

    async def refuse(_message: Message) -> None:
        raise InvalidInputError("no")

    async with bus.serve("c", refuse):
        with pytest.raises(InvalidInputError, match="no"):
            await bus.command("c", DUE)


async def test_a_handler_that_hangs_times_out(bus: EventBus):
    """A command to a stuck handler ends as UnavailableError."""

    async def hang(_message: Message) -> None:
        await asyncio.Event().wait()

    async with bus.serve("c", hang):
        with pytest.raises(UnavailableError):
            await bus.command("c", DUE)


async def test_one_handler_per_channel(bus: EventBus):
    """A second handler for a channel is refused, and the first stays."""

    async def handle(_message: Message) -> None:
        return

    async with bus.serve("c", handle):
        with pytest.raises(ConflictError):
            async with bus.serve("c", handle):
                pass
        await bus.command("c", DUE)


async def test_a_slow_reader_loses_the_oldest():
    """A full queue drops its oldest message and counts it."""
    subscription = InProcessSubscription(limit=1)
    subscription.put(FREE)
    subscription.put(DUE)

    assert await subscription.get() == DUE
    assert subscription.dropped == 1
