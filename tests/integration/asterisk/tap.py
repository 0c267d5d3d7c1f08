"""A wire tap between OpenDeep and a manager: keeps what OpenDeep sends, byte for byte."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

_READ_BYTES = 65_536


class Tap:
    """What was sent so far; make one with :func:`open_tap`."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.port = 0
        self.sent = bytearray()

    def count(self, action: str) -> int:
        """Return how many of an action were sent."""
        return self.sent.count(f"Action: {action}\r\n".encode())

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass one connection on, both ways, until either side closes it."""
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._port)
        async with asyncio.TaskGroup() as group:
            group.create_task(_pass_on(far_reader, writer))
            with suppress(ConnectionError):
                while data := await reader.read(_READ_BYTES):
                    self.sent += data
                    far_writer.write(data)
            far_writer.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(_READ_BYTES):
            writer.write(data)
    writer.close()


@asynccontextmanager
async def open_tap(port: int) -> AsyncIterator[Tap]:
    """Listen on a free port for a manager at ``port`` while the block is open."""
    tap = Tap(port)
    server = await asyncio.start_server(tap.carry, "127.0.0.1", 0)
    tap.port = server.sockets[0].getsockname()[1]
    try:
        yield tap
    finally:
        server.close()
