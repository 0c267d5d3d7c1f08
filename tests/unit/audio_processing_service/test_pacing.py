"""The ticker: on time, in phase, never a burst, and one failing call harms no other.

Time is a script here: a clock that the test moves, and a loop whose sleeps return at once.
"""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendeep.audio_processing_service.pacing import SLOT_SECONDS, SLOTS, PacingTicker
from opendeep.common.clock import SystemClock


class HandClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def monotonic(self) -> float:
        """Return the time that was set."""
        return self.seconds

    def now(self) -> None:
        """Never asked for by the ticker."""
        raise AssertionError


class Member:
    """Remembers its ticks."""

    def __init__(self) -> None:
        self.missed: list[int] = []

    def tick(self, missed: int) -> None:
        """Note a tick."""
        self.missed.append(missed)


class Broken:
    """Fails at each tick."""

    def tick(self, missed: int) -> None:
        """Fail."""
        raise ValueError(missed)


def ticker(clock: HandClock) -> PacingTicker:
    """Make a ticker whose time began now."""
    made = PacingTicker(clock)  # type: ignore[arg-type]
    made._last = made._now()
    return made


async def step(paced: PacingTicker, clock: HandClock, seconds: float) -> None:
    """Let so much time pass at once, as a stalled loop sees it."""
    clock.seconds += seconds
    paced._tick(paced._now())
    await asyncio.sleep(0)


async def test_each_member_ticks_once_in_20_ms() -> None:
    """Whatever its slot, a member gets one tick in four slots."""
    clock = HandClock()
    paced = ticker(clock)
    members = [Member() for _ in range(SLOTS)]
    for member in members:
        paced.place(member)
        await step(paced, clock, SLOT_SECONDS)
    for member in members:
        member.missed.clear()
    for _ in range(40):
        await step(paced, clock, SLOT_SECONDS)
    assert [member.missed for member in members] == [[0] * 10] * SLOTS


async def test_a_stall_is_told_and_not_made_up() -> None:
    """After 100 ms without the loop, a member ticks once and hears that four were missed."""
    clock = HandClock()
    paced = ticker(clock)
    member = Member()
    paced.place(member)
    await step(paced, clock, 0.1)
    assert member.missed == [4]
    await step(paced, clock, 0.02)
    assert member.missed == [4, 0]


async def test_a_member_that_fails_harms_no_other(caplog: pytest.LogCaptureFixture) -> None:
    """An error in one call's tick is reported by the loop; the others are ticked."""
    clock = HandClock()
    paced = ticker(clock)
    member = Member()
    paced.place(Broken())
    paced.place(member)
    await step(paced, clock, 0.02)
    await asyncio.sleep(0)
    assert member.missed == [0]
    assert "Exception in callback" in caplog.text


async def test_members_come_and_go() -> None:
    """A member that was moved is ticked once; one that left is not ticked."""
    clock = HandClock()
    paced = ticker(clock)
    member = Member()
    paced.place(member)
    clock.seconds += SLOT_SECONDS
    paced.place(member)
    assert len(paced) == 1
    paced.remove(member)
    paced.remove(member)
    await step(paced, clock, 1)
    assert member.missed == []
    assert len(paced) == 0


@given(st.lists(st.floats(0.0001, 0.3), min_size=1, max_size=60))
def test_played_and_missed_frames_add_up_to_the_time(steps: list[float]) -> None:
    """However the loop stalls, ticks and missed ones together keep to the clock."""

    async def run() -> None:
        clock = HandClock()
        paced = ticker(clock)
        member = Member()
        paced.place(member)
        for seconds in steps:
            await step(paced, clock, seconds)
        frames = len(member.missed) + sum(member.missed)
        assert abs(frames - sum(steps) / 0.02) <= 1.01
        assert len(member.missed) <= len(steps)

    asyncio.run(run())


async def test_the_running_ticker_sleeps_until_somebody_comes() -> None:
    """Without members there is no timer; with one, ticks come in real time."""
    paced = PacingTicker(SystemClock())
    member = Member()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(paced.run())
        await asyncio.sleep(0.01)
        assert member.missed == []
        paced.place(member)
        await asyncio.sleep(0.11)
        task.cancel()
    assert 1 <= len(member.missed) <= 6
