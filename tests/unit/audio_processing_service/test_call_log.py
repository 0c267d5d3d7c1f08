"""Lines and events of a call reach its rows in order, although the database is away for a while."""

import asyncio

from opendeep.audio_processing_service.call_log import CallLog
from opendeep.common.data_models import Speaker
from opendeep.common.errors import NotFoundError, UnavailableError
from opendeep.common.ids import CallId
from opendeep.common.lifecycle import Nursery
from opendeep.common.ports import SpokenLine
from tests.calls.audio_world import MemoryDesk, call_config

LINE = SpokenLine(speaker=Speaker.AI, text="Hello.", start_ms=0, end_ms=100)


class StuckDesk(MemoryDesk):
    """A desk that stores no line until it is free."""

    def __init__(self) -> None:
        super().__init__()
        self.free = asyncio.Event()
        self.told = asyncio.Event()

    async def store_line(self, call_id: CallId, line: SpokenLine) -> int:
        """Wait, then keep the line."""
        await self.free.wait()
        return await super().store_line(call_id, line)

    async def mark_do_not_call(self, call_id: CallId, words: str, *, found_by: str) -> None:
        """Keep the words."""
        await super().mark_do_not_call(call_id, words, found_by=found_by)
        self.told.set()


async def written(log: CallLog) -> None:
    """Write everything that waits."""
    async with Nursery("test", grace_seconds=5) as nursery:
        nursery.start(log.run(), name="log")
        log.close()
        await asyncio.sleep(0)


async def test_entries_are_written_in_order_and_again_after_a_failure() -> None:
    """A database that is away for a moment loses nothing; an entry nobody takes is given up."""
    desk = MemoryDesk()
    log = CallLog(call_config(), desk)
    desk.errors = [UnavailableError("away"), NotFoundError("call", "x")]
    log.add_line(LINE)  # refused once, then gone: its call is unknown
    log.add_event("first", {"at_ms": 1})
    log.add_line(LINE)
    await written(log)
    assert desk.events == [("first", {"at_ms": 1})]
    assert desk.lines == [LINE]


async def test_a_transfer_s_second_line_keeps_its_events_alone() -> None:
    """What the other person says is no part of the call's conversation."""
    desk = MemoryDesk()
    log = CallLog(call_config(part_of=CallId("call")), desk)
    log.add_line(LINE)
    log.add_event("voice_ready", {})
    await written(log)
    assert desk.events == [("leg_voice_ready", {})]
    assert desk.lines == []


async def test_an_opt_out_waits_for_no_line() -> None:
    """While a line cannot be stored, the wish not to be called again is on its way already."""
    desk = StuckDesk()
    log = CallLog(call_config(), desk)
    log.add_line(LINE)
    log.add_opt_out(LINE)
    async with Nursery("test", grace_seconds=5) as nursery:
        nursery.start(log.run(), name="log")
        await desk.told.wait()
        assert desk.lines == []
        desk.free.set()
        log.close()
    assert (desk.lines, log.opted_out) == ([LINE], None)
