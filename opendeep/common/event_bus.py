"""The bus between services: publish and subscribe, and commands that are acknowledged.

The port is :class:`EventBus`; :class:`InProcessEventBus` serves one process. Where several
processes run, ``common/redis_client.py`` carries the same messages between them.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

from opendeep.common.errors import ConflictError, NoListenerError, UnavailableError
from opendeep.common.messages import Message

COMMAND_TIMEOUT_SECONDS = 5.0
_QUEUE_LIMIT = 1000

CommandHandler = Callable[[Message], Awaitable[None]]


class Subscription(Protocol):
    """The messages of one channel from the moment of subscribing on."""

    def __aiter__(self) -> AsyncIterator[Message]:
        """Iterate over messages as they come; never ends by itself."""
        ...

    async def get(self) -> Message:
        """Wait for the next message."""
        ...

    @property
    def dropped(self) -> int:
        """How many messages were dropped because the reader was slow (the oldest go first)."""
        ...


class EventBus(Protocol):
    """Carries messages between services; loses them when a process or the way to it dies."""

    async def publish(self, channel: str, message: Message) -> None:
        """Give ``message`` to everyone who is subscribed to ``channel`` now."""
        ...

    def subscribe(self, *channels: str) -> AbstractAsyncContextManager[Subscription]:
        """Listen to channels while the block is open."""
        ...

    async def listeners(self, channel: str) -> int:
        """Count the subscriptions to ``channel``; those of another process may count as one."""
        ...

    def serve(self, channel: str, handler: CommandHandler) -> AbstractAsyncContextManager[None]:
        """Answer the commands of ``channel`` with ``handler`` while the block is open.

        An :class:`~opendeep.common.errors.OpenDeepError` that the handler raises reaches the
        sender of the command.

        Raises:
            ConflictError: the channel is served already.
        """
        ...

    async def command(self, channel: str, message: Message) -> None:
        """Send a command and wait until its handler returned.

        Raises:
            NoListenerError: nobody serves the channel.
            UnavailableError: the handler did not answer in time; it may still act.
            OpenDeepError: whatever the handler raised.
        """
        ...


class InProcessSubscription:
    """A bounded queue; a slow reader loses the oldest messages and can see how many."""

    def __init__(self, limit: int = _QUEUE_LIMIT) -> None:
        self._messages: deque[Message] = deque()
        self._limit = limit
        self._ready = asyncio.Event()
        self.dropped = 0

    def put(self, message: Message) -> None:
        """Append a message without waiting."""
        if len(self._messages) >= self._limit:
            self._messages.popleft()
            self.dropped += 1
        self._messages.append(message)
        self._ready.set()

    async def get(self) -> Message:
        """Wait for the next message."""
        while not self._messages:
            self._ready.clear()
            await self._ready.wait()
        return self._messages.popleft()

    async def __aiter__(self) -> AsyncIterator[Message]:
        while True:
            yield await self.get()


class InProcessEventBus:
    """The bus of a single process."""

    def __init__(self, *, command_timeout_seconds: float = COMMAND_TIMEOUT_SECONDS) -> None:
        self._subscriptions: dict[str, set[InProcessSubscription]] = {}
        self._handlers: dict[str, CommandHandler] = {}
        self._command_timeout_seconds = command_timeout_seconds

    async def publish(self, channel: str, message: Message) -> None:
        """Give ``message`` to everyone who is subscribed to ``channel`` now."""
        self.give(channel, message)

    def give(self, channel: str, message: Message) -> None:
        """Do the same for whoever may not wait."""
        for subscription in self._subscriptions.get(channel, ()):
            subscription.put(message)

    @asynccontextmanager
    async def subscribe(self, *channels: str) -> AsyncIterator[Subscription]:
        """Listen to channels while the block is open."""
        subscription = InProcessSubscription()
        for channel in channels:
            self._subscriptions.setdefault(channel, set()).add(subscription)
        try:
            yield subscription
        finally:
            for channel in channels:
                remaining = self._subscriptions[channel]
                remaining.discard(subscription)
                if not remaining:
                    del self._subscriptions[channel]

    async def listeners(self, channel: str) -> int:
        """Count the subscriptions to ``channel``."""
        return len(self._subscriptions.get(channel, ()))

    @asynccontextmanager
    async def serve(self, channel: str, handler: CommandHandler) -> AsyncIterator[None]:
        """Answer the commands of ``channel`` with ``handler`` while the block is open."""
        if channel in self._handlers:
            raise ConflictError(f"The channel {channel.partition(':')[0]} is served already.")
        self._handlers[channel] = handler
        try:
            yield
        finally:
            del self._handlers[channel]

    async def command(self, channel: str, message: Message) -> None:
        """Send a command and wait until its handler returned."""
        handler = self._handlers.get(channel)
        if handler is None:
            raise NoListenerError(channel)
        try:
            async with asyncio.timeout(self._command_timeout_seconds):
                await handler(message)
        except TimeoutError as error:
            raise UnavailableError("The command was not answered in time.") from error
