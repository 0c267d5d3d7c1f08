"""Whose turn it is to take the next call: the process that holds the fewest.

A hint, not a guard. Who has more than somebody else waits a moment; if nobody took the call by
then, the other is slow or dead, and nobody waits for it for a while.
"""

from opendeep.common.clock import Clock
from opendeep.database.repositories import SystemCalls, SystemNodes
from opendeep.database.transaction import Transaction

YIELD_SECONDS = 0.2
_IMPATIENT_SECONDS = 3.0
_READY_WITHIN_SECONDS = 3.0


class LeastLoaded:
    """One process's courtesy towards the others.

    Args:
        node: its own name.
        clock: measures how long it waited.
    """

    def __init__(self, node: str, clock: Clock) -> None:
        self._node = node
        self._clock = clock
        self._waits_since: float | None = None
        self._impatient_until = 0.0

    async def is_our_turn(self, tx: Transaction) -> bool:
        """Whether to take a call now, or to look again after :data:`YIELD_SECONDS`."""
        now = self._clock.monotonic()
        if now < self._impatient_until or not await self._somebody_has_fewer(tx):
            self._waits_since = None
            return True
        if self._waits_since is None:
            self._waits_since = now
            return False
        if now - self._waits_since < YIELD_SECONDS:
            return False
        self._waits_since = None
        self._impatient_until = now + _IMPATIENT_SECONDS
        return True

    async def _somebody_has_fewer(self, tx: Transaction) -> bool:
        held = await SystemCalls(tx).live_counts_by_node()
        ours = held.get(self._node, 0)
        if ours == 0:
            return False
        ready = await SystemNodes(tx).ready_names(within_seconds=_READY_WITHIN_SECONDS)
        return any(held.get(name, 0) < ours for name in ready if name != self._node)
