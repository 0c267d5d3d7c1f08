"""Whole calls in exact virtual time: every test here runs on a loop whose clock jumps.

The loop simulates TCP between its own tasks and raises ``SleepForeverError`` when nothing can ever
happen again, so that a hang is an error and not a time-out.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import async_solipsism
import pytest

from opendeep.common.clock import LoopClock

STORY_BEGINS = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
"""A Monday, 10 in the morning in New York: within everybody's calling hours."""


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], async_solipsism.EventLoop]]:
    """Give the asynchronous tests of this folder the loop of virtual time."""
    return {"virtual": async_solipsism.EventLoop}


@pytest.fixture
def story_clock() -> LoopClock:
    """Return a wall clock that starts at :data:`STORY_BEGINS` and follows virtual time."""
    return LoopClock(STORY_BEGINS)
