"""Writes what all live calls say and do, in as few transactions as the database has time for.

Whoever comes while a transaction is under way waits, and whoever of those comes first writes for
all of them. Transactions begin at most ten times a second, since each statement takes the
interpreter away from the sound of all calls for a moment. So one call's line is written at once,
and the lines of hundreds go together.
"""

import asyncio
from dataclasses import dataclass
from typing import Final

from opendeep.common import messages
from opendeep.common.errors import (
    InvalidInputError,
    NotFoundError,
    OpenDeepError,
    UnavailableError,
)
from opendeep.common.lifecycle import finish_within
from opendeep.common.messages import CallEvent
from opendeep.database.engine import Database
from opendeep.database.log_entries import LoggedEvent, LoggedLine
from opendeep.database.repositories.system_call_log import SystemCallLog

_MOST_AT_ONCE: Final = 200
_WRITE_SECONDS: Final = 30.0
_GATHER_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    entry: LoggedLine | LoggedEvent
    written: asyncio.Future[int | OpenDeepError]


class CallLedger:
    """The log of the live calls of this process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[_Waiting] = []
        self._turn = asyncio.Lock()
        self._next_at = 0.0

    async def write(self, entry: LoggedLine | LoggedEvent) -> int:
        """Store an entry, in the order of the calls of this method; durable on return.

        Returns:
            A line's ``seq``; 0 for an event.

        Raises:
            NotFoundError: there is no such call.
            OpenDeepError: the database is away, or cannot hold the entry.
        """
        mine = _Waiting(entry, asyncio.get_running_loop().create_future())
        self._waiting.append(mine)
        try:
            async with self._turn:
                if not mine.written.done():
                    await self._gather()
                    # Others' entries go along: they are not broken off where this caller is.
                    batch = self._waiting[:_MOST_AT_ONCE]
                    await finish_within(_WRITE_SECONDS, self._write(batch), name="call_ledger")
        finally:
            if mine in self._waiting:
                self._waiting.remove(mine)
        if not mine.written.done():
            raise UnavailableError("The call's log could not be written.")
        result = mine.written.result()
        if isinstance(result, OpenDeepError):
            raise result
        return result

    async def _gather(self) -> None:
        """Wait until a transaction may begin, if another one began a moment ago."""
        loop = asyncio.get_running_loop()
        if loop.time() < self._next_at:
            await asyncio.sleep(self._next_at - loop.time())
        self._next_at = loop.time() + _GATHER_SECONDS

    async def _write(self, batch: list[_Waiting]) -> None:
        """Write several entries; one that the database refuses costs the others nothing."""
        try:
            results = await self._store(batch)
        except (OpenDeepError, UnicodeError) as error:
            if isinstance(error, OpenDeepError) and (error.retryable or len(batch) == 1):
                _settle(batch, [error] * len(batch))
            elif len(batch) == 1:
                _settle(batch, [InvalidInputError("The database cannot hold this text.")])
            else:
                for one in batch:
                    await self._write([one])
        else:
            _settle(batch, results)
        self._waiting = [one for one in self._waiting if not one.written.done()]

    async def _store(self, batch: list[_Waiting]) -> list[int | OpenDeepError]:
        entries = [waiting.entry for waiting in batch]
        async with self._database.transaction() as tx:
            numbers = await SystemCallLog(tx).append(entries)
            for entry, number in zip(entries, numbers, strict=True):
                if number is not None and isinstance(entry, LoggedEvent):
                    tx.publish(messages.call_events(entry.call_id), CallEvent(name=entry.name))
        return [
            NotFoundError("call", entry.call_id) if number is None else number
            for entry, number in zip(entries, numbers, strict=True)
        ]


def _settle(batch: list[_Waiting], results: list[int | OpenDeepError]) -> None:
    for waiting, result in zip(batch, results, strict=True):
        if not waiting.written.done():
            waiting.written.set_result(result)
