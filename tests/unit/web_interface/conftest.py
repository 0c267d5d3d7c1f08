"""A whole application in memory, and a client that talks to it."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from opendeep.common.event_bus import InProcessEventBus
from opendeep.database.engine import MemoryDatabase
from tests.unit.web_interface.fakes import World, make_world

ADDRESS = "http://127.0.0.1:8000"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """Yield an application over an empty database."""
    bus = InProcessEventBus()
    async with MemoryDatabase(bus) as database:
        yield make_world(database, bus, tmp_path)


@pytest.fixture
async def client(world: World) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client that behaves like a script on the same machine: no Origin, no cookie."""
    transport = httpx.ASGITransport(app=world.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=ADDRESS) as open_client:
        yield open_client
