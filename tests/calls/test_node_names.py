"""No two processes live under one name."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from opendeep.call_processor_service.node_membership import NodeMembership, refuse_taken_name
from opendeep.common.clock import LoopClock
from opendeep.common.errors import SettingsError
from opendeep.common.event_bus import InProcessEventBus
from opendeep.common.lifecycle import Nursery
from opendeep.database.engine import MemoryDatabase
from opendeep.database.repositories import SystemNodes

NODE = "here"


@pytest.fixture
async def database(story_clock: LoopClock) -> AsyncIterator[MemoryDatabase]:
    """Offer a database that follows virtual time."""
    async with MemoryDatabase(InProcessEventBus(), clock=story_clock) as opened:
        yield opened


async def seconds_to_start(database: MemoryDatabase) -> float:
    """Return how long it takes to see that the name is free."""
    began = asyncio.get_running_loop().time()
    await refuse_taken_name(database, NODE)
    return asyncio.get_running_loop().time() - began


async def test_a_second_process_of_the_name_is_refused(database: MemoryDatabase) -> None:
    """While one lives, another is told what to change; when it has ended, it may start at once."""
    async with Nursery("nodes") as nursery:
        first = NodeMembership(NODE, database, is_ready=lambda: True)
        running = nursery.start(first.run(), name="first")
        await asyncio.sleep(5)
        with pytest.raises(SettingsError, match="OPENDEEP_NODE"):
            await refuse_taken_name(database, NODE)
        await refuse_taken_name(database, "there")
        assert first.fence == 1
        first.stop()
        await running
    assert await seconds_to_start(database) == 0


async def test_after_a_crash_the_name_is_free(database: MemoryDatabase) -> None:
    """A life that stopped beating a moment ago costs the next one less than two seconds."""
    assert await seconds_to_start(database) == 0
    async with database.transaction() as tx:
        await SystemNodes(tx).register(NODE)
    assert 1 < await seconds_to_start(database) < 2
    await asyncio.sleep(10)
    assert await seconds_to_start(database) == 0
