"""Which workers have come up: those whose life their row of ``nodes`` shows to be ready."""

import time

import psycopg

from tests.chaos import rows
from tests.chaos.product import Diallers, Processes

GROWN_UP_SECONDS = 2.0


class Lives:
    """Looks at processes and rows again and again; a life that was ended is not taken for the next.

    A predecessor's row stays ready until somebody ends it, so a new process has come up only when
    its row has risen above the number of the life that was ended last.
    """

    def __init__(self, product: Processes | Diallers, url: str) -> None:
        self._product = product
        self._url = url
        self._rows: dict[str, rows.NodeRow] = {}
        self._ended: dict[str, int] = {}
        self._up_since: dict[tuple[str, int], float] = {}

    def look(self) -> None:
        """See who has come up; a database that is away tells nothing new."""
        try:
            self._rows = rows.nodes(self._url)
        except psycopg.OperationalError:
            return
        before, now = self._up_since, time.monotonic()
        self._up_since = {
            (node, pid): before.get((node, pid), now)
            for node, pid in self._product.workers().items()
            if self._is_up(node)
        }

    def end(self, node: str) -> None:
        """Take the present life of a node for over."""
        self._ended[node] = self._rows[node].incarnation
        self._up_since = {one: since for one, since in self._up_since.items() if one[0] != node}

    def grown_up(self) -> list[tuple[str, int]]:
        """Return the name and process id of each that has been up for a while."""
        until = time.monotonic() - GROWN_UP_SECONDS
        return sorted(one for one, since in self._up_since.items() if since <= until)

    def are_all_grown_up(self) -> bool:
        """Say whether no worker is missing among them."""
        return {node for node, _ in self.grown_up()} == set(self._product.nodes)

    def _is_up(self, node: str) -> bool:
        row = self._rows.get(node)
        return row is not None and row.ready and row.incarnation > self._ended.get(node, 0)
