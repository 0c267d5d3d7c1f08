"""Time as a dependency."""

from datetime import UTC, datetime

from opendeep.common.clock import LoopClock, SystemClock

START = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_system_clock_is_aware_and_monotonic_outside_a_loop():
    """The system clock gives aware UTC instants and a monotonic reading without a loop."""
    clock = SystemClock()

    assert clock.now().tzinfo is UTC
    assert clock.monotonic() <= clock.monotonic()


async def test_loop_clock_starts_where_told():
    """The loop clock's first look is its start and later looks never go back."""
    clock = LoopClock(START)

    assert clock.now() == START
    assert clock.now() >= START
    assert clock.monotonic() == SystemClock().monotonic() or clock.monotonic() > 0
