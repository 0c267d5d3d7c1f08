"""One clock for the playout of all calls: every 20 ms a frame for each, from one task.

Calls are put into four slots of 5 ms by the phase of their own incoming frames, so a frame goes
out at most 5 ms after it could. The clock follows a deadline and never sleeps "20 ms after the
last frame", which would play slow. After a stall the missed frames are told, not sent: a burst
would sit in Asterisk's buffer, where a barge-in cannot reach it.
"""

import asyncio
import math
from collections.abc import Iterator
from typing import Final, Protocol

from opendeep.common.clock import Clock

SLOT_SECONDS: Final = 0.005
SLOTS: Final = 4
_ROUNDING = 1e-3


class Paced(Protocol):
    """Something that takes part in the pacing."""

    def tick(self, missed: int) -> None:
        """Send one frame now; ``missed`` ones before it were not sent and never will be."""
        ...


class PacingTicker:
    """Ticks every member once in 20 ms.

    Args:
        clock: its monotonic time; follows the loop.

    Attributes:
        missed: frames of all members together that were not sent because the loop was late.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._slots: list[dict[Paced, None]] = [{} for _ in range(SLOTS)]
        self._wake = asyncio.Event()
        self._last = 0
        self.missed = 0

    def place(self, member: Paced) -> None:
        """Put a member into the slot that follows the present moment; moves one that is in."""
        self.remove(member)
        slot = self._now() + 1
        self._slots[slot % SLOTS][member] = None
        self._wake.set()

    def remove(self, member: Paced) -> None:
        """Take a member out; idempotent."""
        for slot in self._slots:
            slot.pop(member, None)

    def __len__(self) -> int:
        return sum(map(len, self._slots))

    async def run(self) -> None:
        """Tick until cancelled; waits without a timer while there is nobody to tick."""
        while True:
            if not len(self):
                self._wake.clear()
                await self._wake.wait()
                self._last = self._now()
            due = self._next_due()
            await asyncio.sleep(max(due * SLOT_SECONDS - self._clock.monotonic(), 0))
            self._tick(self._now())

    def _tick(self, now: int) -> None:
        """Tick what fell due since the last time, once each."""
        last, self._last = self._last, now
        loop = asyncio.get_running_loop()
        for slot in range(max(last + 1, now - SLOTS + 1), now + 1):
            # How often this slot came by before, unserved, since the last time.
            missed = (slot - last - 1) // SLOTS
            members = self._slots[slot % SLOTS]
            self.missed += missed * len(members)
            if members:
                loop.call_soon(self._serve, iter(tuple(members)), missed)

    def _serve(self, members: Iterator[Paced], missed: int) -> None:
        """Tick the rest of a slot; the loop reports a member that fails, and the others go on."""
        done = False
        try:
            for member in members:
                member.tick(missed)
            done = True
        finally:
            if not done:
                asyncio.get_running_loop().call_soon(self._serve, members, missed)

    def _now(self) -> int:
        return math.floor(self._clock.monotonic() / SLOT_SECONDS + _ROUNDING)

    def _next_due(self) -> int:
        ahead = range(self._last + 1, self._last + SLOTS + 1)
        return next((slot for slot in ahead if self._slots[slot % SLOTS]), self._last + SLOTS)
