"""The arithmetic of the limits; the counting itself is proven on rows in ``tests/calls``."""

from hypothesis import given
from hypothesis import strategies as st

from opendeep.call_processor_service.reservation import CallLimits


@given(st.floats(0.01, 200))
def test_a_window_never_allows_more_than_the_pace(pace: float) -> None:
    """At least one call fits a window, and no window lets more begin than the pace says."""
    limits = CallLimits(calls_per_second=pace)
    assert limits.window_calls >= 1
    assert limits.window_seconds >= 1
    assert limits.window_calls <= pace * limits.window_seconds + 1e-9


def test_test_mode_keeps_the_pace() -> None:
    """Test Mode takes the slots down to one and leaves the pace alone."""
    limits = CallLimits(max_concurrent_calls=9, calls_per_second=3).in_test_mode()
    assert limits == CallLimits(
        max_concurrent_calls=1, max_concurrent_calls_per_user=1, calls_per_second=3
    )
