"""Which nodes gave no sign of life for too long. Pure: rows and seconds in, nodes out.

No two clocks are compared: a beat either changed between two looks or did not. An observer that
could not look for a while, because it or the database stood still, accuses nobody for that while.
"""

from collections.abc import Iterable

from opendeep.database.models import Node

LAPSE_SECONDS = 15.0
_LONGEST_GAP_SECONDS = 5.0


class LapseWatch:
    """Remembers each node's last beat, and when it was first seen."""

    def __init__(self, lapse_seconds: float = LAPSE_SECONDS) -> None:
        self._lapse_seconds = lapse_seconds
        self._since: dict[str, tuple[tuple[int, int], float]] = {}
        self._looked_at: float | None = None

    def look(self, nodes: Iterable[Node], now: float) -> list[Node]:
        """Take what the table says now, in monotonic seconds; return the nodes that lapsed."""
        if self._looked_at is None or now - self._looked_at > _LONGEST_GAP_SECONDS:
            self._since.clear()
        self._looked_at = now
        lapsed = []
        for node in nodes:
            beat = (node.incarnation, node.beat)
            known, since = self._since.get(node.name, (None, now))
            if known != beat:
                self._since[node.name] = (beat, now)
            elif now - since >= self._lapse_seconds:
                lapsed.append(node)
        return lapsed
