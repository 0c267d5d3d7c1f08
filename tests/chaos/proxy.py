"""A wire that can be cut: stands before a server on loopback."""

import asyncio
from contextlib import suppress

from opendeep.common.lifecycle import Nursery


class Proxy:
    """Carries connections to a port, until cut."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._writers: set[asyncio.StreamWriter] = set()
        self.open = True
        self._idle = asyncio.Event()
        self._idle.set()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection, unless cut."""
        if not self.open:
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError:
            writer.transport.abort()
            return
        pair = {writer, far_writer}
        self._writers |= pair
        self._idle.clear()
        async with Nursery("proxy") as nursery:
            back = nursery.start(_pipe(far_reader, writer), name="back")
            await _pipe(reader, far_writer)
            back.cancel()
        self._writers -= pair
        if not self._writers:
            self._idle.set()

    def cut(self) -> None:
        """Cut all connections, and take no new one while ``open`` is false."""
        self.open = False
        for writer in tuple(self._writers):
            writer.transport.abort()

    async def end(self) -> None:
        """Cut all connections for good, and wait until nothing of them is left."""
        self.cut()
        await self._idle.wait()


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65_536):
            writer.write(data)
    writer.transport.abort()
