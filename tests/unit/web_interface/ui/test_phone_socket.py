"""The browser phone's WebSocket."""

from pathlib import Path

import pytest

from opendeep.common.event_bus import InProcessEventBus
from opendeep.database.engine import MemoryDatabase
from tests.unit.web_interface.fakes import FakePhone, World, make_world
from tests.unit.web_interface.socket_client import connected


@pytest.fixture
def phone(world: World) -> FakePhone:
    """Return the phone of the world."""
    assert world.phone is not None
    return world.phone


async def test_a_call_rings_is_taken_and_ends(world: World, phone: FakePhone) -> None:
    """Ring, sound and hang-up come out; answer, sound and hang-up go in; leaving closes."""
    async with connected(world.app, "/ws/phone") as socket:
        phone.events.put_nowait("ring")
        assert await socket.text() == {"type": "ring"}
        socket.send('{"type": "answer"}')
        assert await phone.done.get() == "answer"
        phone.events.put_nowait(b"\xff" * 160)
        assert await socket.binary() == b"\xff" * 160
        socket.send(b"\x80" * 160)
        assert await phone.done.get() == b"\x80" * 160
        phone.events.put_nowait("hangup")
        assert await socket.text() == {"type": "hangup"}
        socket.send('{"type": "hangup"}')
        assert await phone.done.get() == "hangup"
    assert await phone.done.get() == "close"


async def test_nonsense_is_ignored(world: World, phone: FakePhone) -> None:
    """Junk, unknown commands, empty and oversized frames do nothing."""
    async with connected(world.app, "/ws/phone") as socket:
        for junk in ("{", "[]", '{"type": "explode"}', "x" * 300, b"", b"\x00" * 1601, ""):
            socket.send(junk)
        socket.send(b"\x01")
        assert await phone.done.get() == b"\x01"


async def test_without_the_practice_exchange_there_is_no_phone(tmp_path: Path) -> None:
    """Where no phone exists, none can be offered."""
    bus = InProcessEventBus()
    async with MemoryDatabase(bus) as database:
        world = make_world(database, bus, tmp_path, has_phone=False)
        async with connected(world.app, "/ws/phone") as socket:
            assert socket.status == 404
