"""Hears of new work from other processes through PostgreSQL's own NOTIFY.

Each transaction that announces work says so to the database as well, which tells every process at
the commit: also where the bus between processes is away, and from commands, which have none. It
only makes things faster: what is missed costs one poll.
"""

import asyncio
from typing import get_args

import psycopg
import structlog
from psycopg import sql
from sqlalchemy import URL

from opendeep.common.event_bus import EventBus
from opendeep.common.lifecycle import wait_event
from opendeep.common.messages import WAKEUPS, Wakeup
from opendeep.database.transaction import NOTIFY_CHANNEL

log = structlog.get_logger(__name__)

_STOP_SECONDS = 0.5
_AGAIN_SECONDS = 1.0
_CONNECT_SECONDS = 5
_WORKS = frozenset(get_args(Wakeup.model_fields["work"].annotation))


class WakeupListener:
    """Listens with a connection of its own, and passes on what others announced.

    Args:
        url: the PostgreSQL database.
        bus: where wake-ups go.
        origin: whose announcements are no news here (``SqlDatabase.origin``).
    """

    name = "wakeup_listener"

    def __init__(self, url: URL, bus: EventBus, *, origin: str) -> None:
        self._address = url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._bus = bus
        self._origin = origin
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Listen until :meth:`stop`; a database that is away is tried again each second."""
        while not self._stopping.is_set():
            try:
                await self._listen()
            except psycopg.OperationalError:
                log.warning("wakeups_not_heard", retry_seconds=_AGAIN_SECONDS)
                await wait_event(self._stopping, _AGAIN_SECONDS)

    def stop(self) -> None:
        """Ask :meth:`run` to return."""
        self._stopping.set()

    async def _listen(self) -> None:
        connection = await psycopg.AsyncConnection.connect(
            self._address, autocommit=True, connect_timeout=_CONNECT_SECONDS
        )
        async with connection:
            await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(NOTIFY_CHANNEL)))
            while not self._stopping.is_set():
                async for told in connection.notifies(timeout=_STOP_SECONDS):
                    await self._pass_on(told.payload)

    async def _pass_on(self, payload: str) -> None:
        origin, _, work = payload.partition(":")
        if origin != self._origin and work in _WORKS:
            await self._bus.publish(WAKEUPS, Wakeup.model_validate({"work": work}))
