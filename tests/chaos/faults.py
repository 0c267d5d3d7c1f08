"""What is done to the system under its calls, one fault after another.

The kinds come from a shuffled deck, so that each comes in every run that lasts one deck. Nothing is
done before every worker has registered and dialled, and nobody is killed who has not come up:
killing those that only start would show nothing.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from opendeep.common.lifecycle import wait_event
from tests.chaos import rows
from tests.chaos.lives import Lives
from tests.chaos.product import Diallers, Processes, kill
from tests.chaos.proxy import Proxy
from tests.chaos.servers import PostgresServer
from tests.contract.redis_server import RedisServer

FAULT_EVERY_SECONDS = (2.0, 6.0)
_LOOK_SECONDS = 0.5


@dataclass(slots=True)
class Story:
    """What was done to the system, and what hung on it at that moment."""

    faults: Counter[str] = field(default_factory=Counter)
    in_flight: int = 0
    seconds: float = 0.0
    settled_seconds: float | None = None


@dataclass(slots=True, kw_only=True)
class World:
    """The servers under the product, and the product."""

    postgres: PostgresServer
    redis: RedisServer | None
    ami: Proxy
    product: Processes | Diallers
    recorder_log: Path
    most_calls: int
    calls_per_second: float


Fault = Callable[[], Awaitable[bool]]
"""Does its harm; False when there was nobody to do it to."""


class Chaos:
    """Does one thing after another to the world."""

    def __init__(self, place: World, story: Story, dice: random.Random) -> None:
        self._world = place
        self._story = story
        self._dice = dice
        self._lives = Lives(place.product, place.postgres.url)
        self._deck: list[tuple[str, Fault]] = []

    async def go_on(self, over: asyncio.Event) -> None:
        """Break things until it is over; what was broken is whole again then."""
        due = None
        while not await wait_event(over, _LOOK_SECONDS):
            await asyncio.to_thread(self._lives.look)
            if due is None and await self._everybody_dials():
                due = time.monotonic()
            if due is not None and time.monotonic() >= due:
                due = time.monotonic() + self._dice.uniform(*FAULT_EVERY_SECONDS)
                await self._play()
                self._world.product.keep()

    async def _everybody_dials(self) -> bool:
        dialled = await asyncio.to_thread(rows.nodes_that_dialled, self._world.postgres.url)
        return self._lives.are_all_grown_up() and dialled >= set(self._world.product.nodes)

    async def _play(self) -> None:
        """Play the first card of the deck that can be played now."""
        self._deck = self._deck or self._shuffled()
        for place, (kind, fault) in enumerate(self._deck):
            live = await self._live()
            if await fault():
                del self._deck[place]
                self._story.faults[kind] += 1
                self._story.in_flight += live
                return

    def _shuffled(self) -> list[tuple[str, Fault]]:
        deck: list[tuple[str, Fault]] = [
            *[("worker killed", self._kill_worker)] * 6,
            ("PostgreSQL restarted", self._restart_postgres),
            ("manager cut", self._cut_manager),
        ]
        if self._world.redis is not None:
            deck.append(("scheduler and insight killed", self._kill_scheduler))
            deck.append(("workers' parent killed", self._kill_parent))
            deck.append(("bus cut", self._cut_bus))
        self._dice.shuffle(deck)
        return deck

    async def _live(self) -> int:
        try:
            return (await asyncio.to_thread(rows.tally, self._world.postgres.url)).live
        except psycopg.OperationalError:
            return self._world.most_calls

    async def _kill_worker(self) -> bool:
        """Kill one, as long as half of them hold calls: on a busy machine a start takes a while."""
        workers = self._lives.grown_up()
        if 2 * len(workers) < len(self._world.product.nodes):
            return False
        node, pid = self._dice.choice(workers)
        self._lives.end(node)
        return kill(pid)

    async def _kill_scheduler(self) -> bool:
        assert isinstance(self._world.product, Processes)
        return self._world.product.kill_parent("scheduler and insight")

    async def _kill_parent(self) -> bool:
        """Kill the workers' parent, with whom they end."""
        assert isinstance(self._world.product, Processes)
        if not self._lives.are_all_grown_up() or not self._world.product.kill_parent("calls"):
            return False
        for node in self._world.product.nodes:
            self._lives.end(node)
        return True

    async def _restart_postgres(self) -> bool:
        await asyncio.to_thread(self._world.postgres.stop)
        await asyncio.sleep(self._dice.uniform(0, 2))
        await asyncio.to_thread(self._world.postgres.start)
        return True

    async def _cut_manager(self) -> bool:
        self._world.ami.cut()
        await asyncio.sleep(self._dice.uniform(0, 2))
        self._world.ami.open = True
        return True

    async def _cut_bus(self) -> bool:
        assert self._world.redis is not None
        await asyncio.to_thread(self._world.redis.stop)
        await asyncio.sleep(self._dice.uniform(0, 2))
        await asyncio.to_thread(self._world.redis.start)
        return True
