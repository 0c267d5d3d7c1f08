"""The bus between processes: the messages of ``event_bus`` over Redis publish and subscribe.

Whoever is in the same process is always reached, with or without Redis: a call's own parts go on
talking while it is away. Others are reached through two connections, one that publishes and one
that listens. Redis holds nothing: what is published while it is away is lost to the others, who
find it in the rows at their next look.

=======================  ====================  ================================================
Acquired                 where                 released
=======================  ====================  ================================================
both connections         ``_Link.open``        ``_serve``, when they fail or the bus stops
a channel of Redis       ``_hearing``          its block; taken again after a reconnect
commands under way       ``run``               the nursery, cancelled when the bus stops
=======================  ====================  ================================================
"""

import asyncio
import contextlib
import random
import secrets
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import structlog
from pydantic import ValidationError
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from opendeep.common import bus_envelope
from opendeep.common.bus_envelope import Envelope
from opendeep.common.errors import ConflictError, NoListenerError, OpenDeepError, UnavailableError
from opendeep.common.event_bus import (
    COMMAND_TIMEOUT_SECONDS,
    CommandHandler,
    InProcessEventBus,
    Subscription,
)
from opendeep.common.lifecycle import Nursery, wait_event
from opendeep.common.messages import Message

log = structlog.get_logger(__name__)

_BACKOFF_FIRST_SECONDS = 0.1
_BACKOFF_MOST_SECONDS = 5.0
_OUTBOX_MOST = 10_000
_BATCH_MOST = 200
_AWAY = "Redis cannot be reached: processes do not hear of each other (REDIS_URL)."


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisConfig:
    """Where Redis is, and how patient we are.

    Attributes:
        url: ``redis://…``, ``rediss://…`` or ``unix://…``; it may hold a password.
        silence_seconds: how often each connection is tried, and how long it may take to answer.
    """

    url: str = field(repr=False)
    command_timeout_seconds: float = COMMAND_TIMEOUT_SECONDS
    connect_seconds: float = 2.0
    silence_seconds: float = 5.0


@dataclass(slots=True)
class _Parcel:
    channel: str
    body: bytes
    receivers: asyncio.Future[int] | None = None


class _Link:
    """Two connections to Redis, both up or both given up."""

    def __init__(self, config: RedisConfig) -> None:
        self._config = config
        self._redis: Redis = Redis.from_url(
            config.url,
            socket_connect_timeout=config.connect_seconds,
            # Our own time-outs instead: with this one redis-py sends under asyncio.wait_for, which
            # before Python 3.12 can swallow a cancellation.
            socket_timeout=None,
            retry=Retry(NoBackoff(), 0),
        )
        self._pubsub = self._redis.pubsub()
        self._confirmed: dict[str, asyncio.Event] = {}
        self._heard = asyncio.Event()

    async def open(self, channels: Iterable[str], name: str) -> None:
        """Connect, and listen to ``channels`` and to ``name``, which is never given up."""
        async with self._patience():
            await self._redis.ping()
            await self._pubsub.subscribe(*{*channels, name})

    async def close(self) -> None:
        """Drop both connections."""
        with contextlib.suppress(RedisError, OSError):
            async with self._patience():
                await self._pubsub.aclose()  # type: ignore[no-untyped-call]
                await self._redis.aclose()

    async def publish(self, parcels: list[_Parcel]) -> list[int]:
        """Publish in order; return how many processes got each."""
        pipe = self._redis.pipeline(transaction=False)
        for parcel in parcels:
            pipe.publish(parcel.channel, parcel.body)
        async with self._patience():
            counts: list[int] = await pipe.execute()
        return counts

    async def processes(self, channel: str) -> int:
        """Count the processes that listen to a channel."""
        async with self._patience():
            ((_, count),) = await self._redis.pubsub_numsub(channel)
        return int(count)

    async def subscribe(self, channels: list[str]) -> None:
        """Listen to channels; returns when Redis has confirmed, or after a time."""
        waits = [self._confirmed.setdefault(channel, asyncio.Event()) for channel in channels]
        async with self._patience():
            await self._pubsub.subscribe(*channels)
            for wait in waits:
                await wait.wait()

    async def unsubscribe(self, channels: list[str]) -> None:
        """Listen to them no more."""
        async with self._patience():
            await self._pubsub.unsubscribe(*channels)

    async def messages(self) -> AsyncIterator[tuple[str, bytes]]:
        """Yield what comes, until the connection fails."""
        while True:
            item: dict[str, Any] | None = await self._pubsub.get_message(timeout=None)
            self._heard.set()
            match item:
                case {"type": "message", "channel": bytes(channel), "data": bytes(data)}:
                    yield channel.decode(), data
                case {"type": "subscribe", "channel": bytes(channel)}:
                    if confirmed := self._confirmed.pop(channel.decode(), None):
                        confirmed.set()
                case _:
                    pass  # A pong, or the end of a subscription.

    async def keep_alive(self) -> None:
        """Try both connections for ever.

        Raises:
            TimeoutError: one of them gives no sign of life.
        """
        while True:
            await asyncio.sleep(self._config.silence_seconds)
            self._heard.clear()
            async with self._patience():
                await self._redis.ping()
                await self._pubsub.ping()
                await self._heard.wait()

    def _patience(self) -> asyncio.Timeout:
        return asyncio.timeout(self._config.silence_seconds)


class RedisClient:
    """The bus of several processes; :meth:`run` keeps it connected.

    Args:
        config: where Redis is.
        jitter: gives a number from 0 to 1 for each pause between tries.
    """

    name = "redis"

    def __init__(self, config: RedisConfig, *, jitter: Callable[[], float] | None = None) -> None:
        self._config = config
        self._jitter = jitter or random.SystemRandom().random
        self._here = InProcessEventBus(command_timeout_seconds=config.command_timeout_seconds)
        self._origin = secrets.token_hex(8)
        self._wanted: Counter[str] = Counter()
        self._served: dict[str, CommandHandler] = {}
        self._answers: dict[str, asyncio.Future[Envelope]] = {}
        self._outbox: deque[_Parcel] = deque()
        self._more = asyncio.Event()
        self._link: _Link | None = None
        self._connected = asyncio.Event()
        self._stopping = asyncio.Event()
        self.fault: str | None = None

    @property
    def is_connected(self) -> bool:
        """Whether other processes hear us now. ``fault`` says why not."""
        return self._link is not None

    async def wait_connected(self, seconds: float) -> bool:
        """Wait for the connection, at most ``seconds``; return whether it is there."""
        return await wait_event(self._connected, seconds)

    async def run(self) -> None:
        """Stay connected until :meth:`stop`."""
        async with Nursery(self.name) as handlers, asyncio.TaskGroup() as group:
            keeper = group.create_task(self._keep_connected(handlers), name=self.name)
            await self._stopping.wait()
            keeper.cancel()

    def stop(self) -> None:
        """Ask :meth:`run` to return."""
        self._stopping.set()

    # The bus.

    async def publish(self, channel: str, message: Message) -> None:
        """Give ``message`` to everyone who is subscribed to ``channel`` now."""
        await self._here.publish(channel, message)
        self._post(_Parcel(bus_envelope.news_channel(channel), self._envelope(message).encode()))

    @asynccontextmanager
    async def subscribe(self, *channels: str) -> AsyncIterator[Subscription]:
        """Listen to channels while the block is open."""
        async with (
            self._here.subscribe(*channels) as subscription,
            self._hearing(*map(bus_envelope.news_channel, channels)),
        ):
            yield subscription

    async def listeners(self, channel: str) -> int:
        """Count the subscriptions here, and each other process that has some as one more."""
        here = await self._here.listeners(channel)
        there = await self._processes(bus_envelope.news_channel(channel))
        return here + max(0, there - bool(here))

    @asynccontextmanager
    async def serve(self, channel: str, handler: CommandHandler) -> AsyncIterator[None]:
        """Answer the commands of ``channel`` with ``handler`` while the block is open."""
        served = bus_envelope.served_channel(channel)
        async with self._here.serve(channel, handler):
            if await self._processes(served):
                raise ConflictError(f"The channel {channel.partition(':')[0]} is served already.")
            self._served[served] = handler
            try:
                async with self._hearing(served):
                    yield
            finally:
                del self._served[served]

    async def command(self, channel: str, message: Message) -> None:
        """Send a command and wait until its handler returned, in whichever process."""
        if bus_envelope.served_channel(channel) in self._served:
            await self._here.command(channel, message)
            return
        if self._link is None:
            raise UnavailableError(_AWAY)
        envelope = self._envelope(message, command_id=secrets.token_hex(8))
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Envelope] = loop.create_future()
        receivers: asyncio.Future[int] = loop.create_future()
        self._answers[envelope.command_id] = answer
        try:
            async with asyncio.timeout(self._config.command_timeout_seconds):
                self._post(
                    _Parcel(bus_envelope.served_channel(channel), envelope.encode(), receivers)
                )
                if await receivers == 0:
                    raise NoListenerError(channel)
                answered = await answer
        except TimeoutError as error:
            raise UnavailableError("The command was not answered in time.") from error
        finally:
            del self._answers[envelope.command_id]
        if answered.failure is not None:
            raise bus_envelope.answered_error(answered.failure, channel)

    # The link.

    async def _keep_connected(self, handlers: Nursery) -> None:
        pause_seconds = _BACKOFF_FIRST_SECONDS
        while True:
            link = _Link(self._config)
            try:
                await link.open(self._wanted, bus_envelope.answers_channel(self._origin))
                self._link, self.fault = link, None
                self._connected.set()
                log.info("redis_connected")
                pause_seconds = _BACKOFF_FIRST_SECONDS
                await self._serve(link, handlers)
            except (RedisError, OSError, UnavailableError) as error:
                self._lose(type(error).__name__)
            finally:
                self._link = None
                await link.close()
            await asyncio.sleep(pause_seconds * (0.5 + self._jitter() / 2))
            pause_seconds = min(pause_seconds * 2, _BACKOFF_MOST_SECONDS)

    async def _serve(self, link: _Link, handlers: Nursery) -> None:
        """Carry messages both ways.

        Raises:
            UnavailableError: a connection failed.
        """
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._send(link), name="redis:send")
                group.create_task(link.keep_alive(), name="redis:ping")
                async for channel, data in link.messages():
                    self._take(channel, data, handlers)
        except* (RedisError, OSError, UnavailableError) as errors:
            raise UnavailableError(str(errors.exceptions[0])) from errors

    def _lose(self, reason: str) -> None:
        if self.fault is None:
            log.warning("redis_unavailable", reason=reason)
        self.fault = _AWAY
        self._connected.clear()
        self._outbox.clear()
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(UnavailableError(_AWAY))

    def _post(self, parcel: _Parcel) -> None:
        """Send soon; what does not fit, or finds no Redis, is lost."""
        if self._link is None or len(self._outbox) >= _OUTBOX_MOST:
            return
        self._outbox.append(parcel)
        self._more.set()

    async def _send(self, link: _Link) -> None:
        while True:
            await self._more.wait()
            self._more.clear()
            while self._outbox:
                count = min(len(self._outbox), _BATCH_MOST)
                batch = [self._outbox.popleft() for _ in range(count)]
                for parcel, receivers in zip(batch, await link.publish(batch), strict=True):
                    if parcel.receivers is not None and not parcel.receivers.done():
                        parcel.receivers.set_result(receivers)

    def _take(self, channel: str, data: bytes, handlers: Nursery) -> None:
        try:
            envelope = bus_envelope.read_envelope(data)
        except (ValidationError, ValueError):
            log.warning("redis_message_unreadable", channel=channel.partition(":")[0])
            return
        if envelope.origin == self._origin:
            return  # Who is here has it already.
        if channel == bus_envelope.answers_channel(self._origin):
            answer = self._answers.get(envelope.command_id)
            if answer is not None and not answer.done():
                answer.set_result(envelope)
        elif handler := self._served.get(channel):
            handlers.start(self._handle(handler, envelope), name="command")
        elif envelope.message is not None:
            self._here.give(bus_envelope.channel_of_news(channel), envelope.message)

    async def _handle(self, handler: CommandHandler, envelope: Envelope) -> None:
        """Run a command of another process, and answer it whatever happens."""
        failure: OpenDeepError | None = UnavailableError("The command failed.")
        try:
            if envelope.message is not None:
                await handler(envelope.message)
            failure = None
        except OpenDeepError as error:
            failure = error
        finally:
            answer = bus_envelope.answer_to(envelope, self._origin, failure)
            self._post(_Parcel(bus_envelope.answers_channel(envelope.origin), answer.encode()))

    @asynccontextmanager
    async def _hearing(self, *channels: str) -> AsyncIterator[None]:
        """Have these channels brought while the block is open, now or once Redis is back."""
        new = [channel for channel in set(channels) if not self._wanted[channel]]
        self._wanted.update(channels)
        try:
            if new and self._link is not None:
                with contextlib.suppress(RedisError, OSError):
                    await self._link.subscribe(new)
            yield
        finally:
            self._wanted.subtract(channels)
            left = [channel for channel in set(channels) if not self._wanted[channel]]
            for channel in left:
                del self._wanted[channel]
            if left and self._link is not None:
                with contextlib.suppress(RedisError, OSError):
                    await self._link.unsubscribe(left)

    async def _processes(self, channel: str) -> int:
        try:
            return 0 if self._link is None else await self._link.processes(channel)
        except (RedisError, OSError):
            return 0

    def _envelope(self, message: Message, *, command_id: str = "") -> Envelope:
        return Envelope(origin=self._origin, command_id=command_id, message=message)
