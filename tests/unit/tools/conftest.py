"""A scripted HTTP server for the clients."""

from collections.abc import AsyncIterator

import pytest

from tests.fixtures.http_server import ScriptedHttpServer, http_server


@pytest.fixture
async def server() -> AsyncIterator[ScriptedHttpServer]:
    """Serve on loopback."""
    async with http_server() as scripted:
        yield scripted
