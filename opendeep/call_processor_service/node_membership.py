"""A process's life among others: its name, its heartbeat, and the number that fences it off.

Each attempt carries the number of the life that began it. Others who hear no heartbeat end that
life in the table; from then on nothing more is sent in its name, and a process that was only slow
lets go of its calls and begins a new life.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

import structlog

from opendeep.common.errors import SettingsError, UnavailableError
from opendeep.common.lifecycle import wait_event
from opendeep.database.engine import Database
from opendeep.database.repositories import SystemNodes

log = structlog.get_logger(__name__)

BEAT_SECONDS = 1.0
_RECENT = timedelta(seconds=10)
_LOOK_SECONDS = 0.25
_LOOKS = 7
"""Longer than a beat, together."""


class Membership(Protocol):
    """Who holds the calls that begin now."""

    @property
    def node(self) -> str:
        """This process's name; the same after a restart."""
        ...

    @property
    def fence(self) -> int | None:
        """The number of the present life; None while there is none, and no call may begin."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Alone:
    """A process beside which there is no other."""

    node: str = "main"
    fence: int | None = 0


async def refuse_taken_name(database: Database, node: str) -> None:
    """See that no other process lives under this name: each would take the other for dead.

    After a crash it takes a moment to tell; after a clean end, or for a new name, none.

    Raises:
        SettingsError: another process lives under it.
        UnavailableError: the database is away.
    """
    before: tuple[int, int] | None = None
    for _ in range(_LOOKS):
        async with database.transaction() as tx:
            found = [each for each in await SystemNodes(tx).all() if each.name == node]
            now = tx.now()
        if not found or now - found[0].seen_at > _RECENT:
            return
        beat = (found[0].incarnation, found[0].beat)
        if before not in {None, beat}:
            raise SettingsError(
                f"Another process runs as {node}: stop it, or give this one a name of its own "
                "with OPENDEEP_NODE."
            )
        before = beat
        await asyncio.sleep(_LOOK_SECONDS)


class NodeMembership:
    """Keeps a life in the table of nodes while :meth:`run` runs.

    Args:
        node: the process's lasting name; no two processes may have the same at once.
        database: where the table is.
        is_ready: whether calls can be placed now.
    """

    name = "node_membership"

    def __init__(
        self,
        node: str,
        database: Database,
        *,
        is_ready: Callable[[], bool],
        beat_seconds: float = BEAT_SECONDS,
    ) -> None:
        self._node = node
        self._database = database
        self._is_ready = is_ready
        self._beat_seconds = beat_seconds
        self._fence: int | None = None
        self._stopping = asyncio.Event()

    @property
    def node(self) -> str:
        """The process's name."""
        return self._node

    @property
    def fence(self) -> int | None:
        """The number of the present life; a database that is away does not end it."""
        return self._fence

    async def run(self) -> None:
        """Begin a life, and keep it until :meth:`stop`."""
        while not self._stopping.is_set():
            try:
                await self._beat(ready=self._is_ready())
            except UnavailableError as error:
                log.warning("heartbeat_missed", node=self._node, reason=error.message)
            await wait_event(self._stopping, self._beat_seconds)
        try:
            await self._leave()
        except UnavailableError as error:
            log.warning("heartbeat_missed", node=self._node, reason=error.message)

    def stop(self) -> None:
        """Ask :meth:`run` to return."""
        self._stopping.set()

    async def _leave(self) -> None:
        """Say that no more signs of life will come; the life itself goes on to its last call."""
        if self._fence is not None:
            async with self._database.transaction() as tx:
                await SystemNodes(tx).leave(self._node, self._fence)

    async def _beat(self, *, ready: bool) -> None:
        async with self._database.transaction() as tx:
            nodes = SystemNodes(tx)
            if self._fence is None:
                fence: int | None = await nodes.register(self._node)
            else:
                lives = await nodes.beat(self._node, self._fence, ready=ready)
                fence = self._fence if lives else None
        if fence != self._fence:
            if fence is None:
                log.error("node_was_fenced_off", node=self._node, fence=self._fence)
            else:
                log.info("node_registered", node=self._node, fence=fence)
        self._fence = fence
