"""What Python itself must not do to a process that plays sound."""

import gc
import sys

from opendeep.bootstrap.interpreter import calm_interpreter


def test_threads_and_the_collector_hold_nothing_up_for_long() -> None:
    """Threads take turns every half millisecond, and no collection looks at what is there now."""
    before = sys.getswitchinterval()
    try:
        calm_interpreter()
        assert sys.getswitchinterval() < 0.001
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()
        sys.setswitchinterval(before)
