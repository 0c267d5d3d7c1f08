"""Writes a live call's lines and events into its rows, in order, without keeping sound waiting."""

import asyncio
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Final, assert_never

import structlog

from opendeep.audio_processing_service.circles import Circles
from opendeep.common.errors import OpenDeepError
from opendeep.common.ports import CallDesk, CallMediaConfig, SpokenLine

log = structlog.get_logger(__name__)

_RETRY_SECONDS: Final = (0.1, 0.3, 1.0, 3.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Event:
    """An entry for the call's event list."""

    name: str
    detail: dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class _OptOut:
    """The callee asked not to be called again."""

    line: SpokenLine


_Entry = SpokenLine | _Event | _OptOut


class CallLog:
    """The entries of one call that wait to be written.

    A transfer's second line is nobody's conversation: of it, only the events are kept, as events
    of the call that it is a part of, with ``leg_`` before their names.

    Attributes:
        opted_out: what the callee said not to be called again, until that is stored.
        in_circles: whether the talk leads nowhere any more, by its last line.
    """

    def __init__(self, config: CallMediaConfig, desk: CallDesk) -> None:
        self._call_id = config.part_of or config.call_id
        self._is_leg = config.part_of is not None
        self._desk = desk
        self._entries: asyncio.Queue[_Entry | None] = asyncio.Queue()
        self._opt_outs: asyncio.Queue[_Entry | None] = asyncio.Queue()
        self.opted_out: SpokenLine | None = None
        self.in_circles = False
        self._circles = Circles()

    def add_line(self, line: SpokenLine) -> None:
        """Have a transcript line written."""
        if not self._is_leg:
            self.in_circles = self._circles.said(line.speaker, line.text)
            self._entries.put_nowait(line)

    def add_event(self, name: str, detail: dict[str, object]) -> None:
        """Have an event written."""
        prefix = "leg_" if self._is_leg else ""
        self._entries.put_nowait(_Event(name=f"{prefix}{name}", detail=detail))

    def add_opt_out(self, line: SpokenLine) -> None:
        """Have the callee, who said so, listed as never to be called again."""
        if not self._is_leg:
            self.opted_out = line
            self._opt_outs.put_nowait(_OptOut(line=line))

    def close(self) -> None:
        """Let :meth:`run` return once everything is written."""
        self._entries.put_nowait(None)
        self._opt_outs.put_nowait(None)

    async def run(self) -> None:
        """Write until :meth:`close`; an opt-out waits for no line that cannot be stored."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._write_all(self._entries), name="entries")
            group.create_task(self._write_all(self._opt_outs), name="opt-outs")

    async def _write_all(self, entries: asyncio.Queue[_Entry | None]) -> None:
        while (entry := await entries.get()) is not None:
            await self._write(entry)

    async def _write(self, entry: _Entry) -> None:
        """Store an entry; while the database is away, it waits, the whole call if need be."""
        for pause in chain(_RETRY_SECONDS, repeat(_RETRY_SECONDS[-1])):
            try:
                await self._store(entry)
            except OpenDeepError as error:
                log.warning("entry_not_stored", reason=error.message)
                if not error.retryable:
                    return
                await asyncio.sleep(pause)
            else:
                return

    async def _store(self, entry: _Entry) -> None:
        match entry:
            case SpokenLine():
                await self._desk.store_line(self._call_id, entry)
            case _Event(name=name, detail=detail):
                await self._desk.store_event(self._call_id, name, detail)
            case _OptOut(line=line):
                await self._desk.mark_do_not_call(self._call_id, line.text, found_by="phrases")
                self.opted_out = None
            case _:
                assert_never(entry)
