"""The browser phone's two ends."""

import asyncio

from opendeep.practice.browser_phone import BrowserCallee, PracticeBrowserPhone
from opendeep.practice.records import CalleeRecord


async def test_the_latest_page_wins() -> None:
    """A second page takes the phone over, and the first one's call ends."""
    phone = PracticeBrowserPhone()
    assert phone.ring() is None
    first = phone.register()
    assert phone.ring() is first
    assert phone.ring() is None
    second = phone.register()
    assert [await first.next_event(), await first.next_event()] == ["ring", "hangup"]
    assert first.state == "closed"
    assert phone.ring() is second


async def test_frames_both_ways() -> None:
    """Talking carries frames; outside a call nothing is carried."""
    phone = PracticeBrowserPhone()
    line = phone.register()
    record = CalleeRecord(number="7000", dd="7000")
    callee = BrowserCallee(line, record)
    line.answer()
    line.send_audio(b"\x01" * 160)
    callee.hear(b"\x02" * 160)
    assert line.state == "idle"
    phone.ring()
    line.answer()
    line.send_audio(b"\x01" * 480)
    assert callee.next_frame() == b"\x01" * 160
    callee.hear(b"\x02" * 160)
    callee.press("5")
    assert [await line.next_event(), await line.next_event()] == ["ring", b"\x02" * 160]
    assert record.dtmf == "5"


async def test_the_call_ends_from_either_side() -> None:
    """The page's hang-up ends the callee's part; the exchange's end is told to the page."""
    phone = PracticeBrowserPhone()
    line = phone.register()
    callee = BrowserCallee(line, CalleeRecord(number="7000", dd="7000"))
    for end in (line.hang_up, line.drop):
        phone.ring()
        line.answer()
        async with asyncio.TaskGroup() as group:
            group.create_task(callee.converse())
            await asyncio.sleep(0)
            end()
    assert line.state == "idle"
    line.hang_up()
    line.drop()
    events = [await line.next_event() for _ in range(3)]
    assert events == ["ring", "ring", "hangup"]


async def test_the_caller_hangs_up() -> None:
    """When the channel ends first, the page hears the hang-up and can be rung again."""
    phone = PracticeBrowserPhone()
    line = phone.register()
    callee = BrowserCallee(line, CalleeRecord(number="7000", dd="7000"))
    phone.ring()
    line.answer()
    async with asyncio.TaskGroup() as group:
        conversation = group.create_task(callee.converse())
        await asyncio.sleep(0)
        conversation.cancel()
    assert [await line.next_event(), await line.next_event()] == ["ring", "hangup"]
    assert phone.ring() is line


async def test_a_page_that_reads_nothing_loses_the_oldest() -> None:
    """Five seconds of audio are kept for a slow page."""
    line = PracticeBrowserPhone().register()
    line.ring()
    line.answer()
    for number in range(300):
        line.play(bytes([number % 250]) * 160)
    assert await line.next_event() == bytes([50]) * 160


async def test_next_event_waits() -> None:
    """A page that asks early gets the event when it comes."""
    phone = PracticeBrowserPhone()
    line = phone.register()
    async with asyncio.TaskGroup() as group:
        event = group.create_task(line.next_event())
        await asyncio.sleep(0)
        phone.ring()
    assert event.result() == "ring"
