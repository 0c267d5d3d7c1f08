"""A clock that is moved, and things that are away at times."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Final

from opendeep.common.errors import UnavailableError
from opendeep.database.engine import Database
from opendeep.database.transaction import Transaction

_LOST_COMMITS: Final = 0.001
THINGS: Final = ("database", "model", "exchange")


class MovedClock:
    """A clock that stands until it is moved."""

    def __init__(self, start: datetime) -> None:
        self.instant = start

    def now(self) -> datetime:
        """Return the instant."""
        return self.instant

    def monotonic(self) -> float:
        """Return it as seconds."""
        return self.instant.timestamp()

    def move(self, step: timedelta) -> None:
        """Let time pass."""
        self.instant += step


@dataclass
class Outages:
    """When which thing is away: each about once in three days, for minutes to hours.

    A database that is there still loses one transaction in a thousand.
    """

    random: Random
    until: dict[str, datetime] = field(default_factory=dict)
    counted: dict[str, int] = field(default_factory=dict)
    quiet: bool = False

    def step(self, now: datetime, step: timedelta) -> None:
        """Begin outages by chance."""
        for thing in THINGS:
            if not self.away(thing, now) and self.random.random() < step / timedelta(days=3):
                self.until[thing] = now + timedelta(minutes=self.random.choice([5, 30, 120, 360]))
                self.counted[thing] = self.counted.get(thing, 0) + 1

    def away(self, thing: str, now: datetime) -> bool:
        """Whether a thing is away now."""
        return not self.quiet and now < self.until.get(thing, now)


class FlakyDatabase(Database):
    """A database that is away at times; before a transaction, or at its very end."""

    def __init__(self, inner: Database, outages: Outages, clock: MovedClock) -> None:
        self._inner = inner
        self._outages = outages
        self._clock = clock

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Open a unit of work.

        Raises:
            UnavailableError: by chance; nothing is written.
        """
        self._fail()
        async with self._inner.transaction() as tx:
            yield tx
            if not self._outages.quiet and self._outages.random.random() < _LOST_COMMITS:
                raise UnavailableError("The simulated database lost a commit.")

    def _fail(self) -> None:
        if self._outages.away("database", self._clock.now()):
            raise UnavailableError("The simulated database is away.")
