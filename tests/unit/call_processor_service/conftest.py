"""The call side's units run on the loop of virtual time, as its whole calls do."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import async_solipsism
import pytest

from opendeep.common.clock import LoopClock


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], async_solipsism.EventLoop]]:
    """Give the asynchronous tests of this folder the loop of virtual time."""
    return {"virtual": async_solipsism.EventLoop}


@pytest.fixture
def story_clock() -> LoopClock:
    """Return a wall clock that follows virtual time."""
    return LoopClock(datetime(2026, 11, 23, 15, 0, tzinfo=UTC))
