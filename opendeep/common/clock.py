"""Time as a dependency: the one home of the wall clock and of the monotonic clock.

Durations inside a process are measured with :meth:`Clock.monotonic`, which follows the running
loop, so that tests in virtual time see exact values; instants that people or rows see come from
:meth:`Clock.now`.
"""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """What time it is, for people and for stopwatches."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds from an arbitrary start that never goes back."""
        ...

    def precise(self) -> float:
        """Return the same as of this very instant.

        A loop may tell the time at which its present round began: wrong where the process was
        stopped within the round, which is what a lease must notice.
        """
        ...


class SystemClock:
    """The machine's clocks."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds of the running loop, or of the machine outside a loop."""
        try:
            return asyncio.get_running_loop().time()
        except RuntimeError:
            return time.monotonic()

    def precise(self) -> float:
        """Return the machine's own seconds."""
        return time.monotonic()


class LoopClock:
    """A wall clock that stands still except for the running loop: exact under virtual time."""

    def __init__(self, start: datetime) -> None:
        self._start = start
        self._loop_start: float | None = None

    def now(self) -> datetime:
        """Return the start plus the loop's seconds since the first look."""
        seconds = self.monotonic()
        if self._loop_start is None:
            self._loop_start = seconds
        return self._start + timedelta(seconds=seconds - self._loop_start)

    def monotonic(self) -> float:
        """Return the running loop's seconds."""
        return asyncio.get_running_loop().time()

    def precise(self) -> float:
        """Return the running loop's seconds."""
        return self.monotonic()
