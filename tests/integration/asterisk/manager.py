"""A manager's connection that keeps all it is told, with times and, where wanted, raw bytes."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from opendeep.call_processor_service.ami_protocol import AmiMessage, AmiParser

WAIT_SECONDS = 20.0
_READ_BYTES = 65_536


class Manager:
    """Any number of tasks may wait for messages; make one with :func:`open_manager`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._parser = AmiParser(expect_banner=True)
        self._changed = asyncio.Event()
        self.messages: list[AmiMessage] = []
        self.times: list[float] = []
        self.raw = bytearray()
        self.banner = ""
        self.closed = False

    async def listen(self) -> None:
        """Read until the exchange closes the connection."""
        with suppress(ConnectionError):
            while data := await self._reader.read(_READ_BYTES):
                self.raw += data
                self._take(data)
        self.closed = True
        self._wake()

    def _take(self, data: bytes) -> None:
        now = asyncio.get_running_loop().time()
        for message in self._parser.receive(data):
            if isinstance(message, AmiMessage):
                self.messages.append(message)
                self.times.append(now)
            else:
                self.banner = message.text
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    def write(self, raw: bytes) -> None:
        """Send any bytes."""
        self._writer.write(raw)

    def close(self) -> None:
        """Leave without a word."""
        self._writer.close()

    async def ask(self, action: str, *headers: tuple[str, str]) -> AmiMessage:
        """Send an action; wait for its response."""
        identity = uuid.uuid4().hex
        self.write(AmiMessage.of(("Action", action), ("ActionID", identity), *headers).encode())
        return await self.response(identity)

    async def ask_list(self, action: str, *headers: tuple[str, str]) -> list[AmiMessage]:
        """Send an action that is answered by a list; return response, items and end."""
        first = await self.ask(action, *headers)
        identity = first.action_id
        await self.until(
            lambda m: m.action_id == identity and m.get("EventList").lower() == "complete"
        )
        return [message for message in self.messages if message.action_id == identity]

    async def response(self, action_id: str) -> AmiMessage:
        """Wait for the response to an action."""
        return await self.until(lambda m: m.response != "" and m.action_id == action_id)

    async def log_in(self, username: str, secret: str) -> AmiMessage:
        """Log in with the secret in the clear."""
        return await self.ask("Login", ("Username", username), ("Secret", secret))

    async def until(
        self, wanted: Callable[[AmiMessage], bool], *, begin: int = 0, seconds: float = WAIT_SECONDS
    ) -> AmiMessage:
        """Wait for a message; those that came already count, from ``begin`` on.

        Raises:
            EOFError: the exchange closed the connection without sending one.
            TimeoutError: none came.
        """
        async with asyncio.timeout(seconds):
            while True:
                for message in self.messages[begin:]:
                    if wanted(message):
                        return message
                begin = len(self.messages)
                if self.closed:
                    raise EOFError
                await self._changed.wait()

    async def event(
        self, name: str, *, seconds: float = WAIT_SECONDS, **headers: str
    ) -> AmiMessage:
        """Wait for an event with these headers."""
        return await self.until(
            lambda m: m.event == name and all(m.get(key) == headers[key] for key in headers),
            seconds=seconds,
        )

    async def until_closed(self) -> None:
        """Wait until the exchange has closed the connection."""
        async with asyncio.timeout(WAIT_SECONDS):
            while not self.closed:
                await self._changed.wait()

    def time_of(self, message: AmiMessage) -> float:
        """Return when this message came, in the loop's seconds."""
        return next(
            at for found, at in zip(self.messages, self.times, strict=True) if found is message
        )

    def about(self, unique_id: str, *names: str) -> list[AmiMessage]:
        """Return the events about a channel in their order, all or those with these names."""
        return [
            message
            for message in self.messages
            if message.event
            and (not names or message.event in names)
            and unique_id
            in {message.get("Uniqueid"), message.get("DestUniqueid"), message.action_id}
        ]

    def names(self, unique_id: str, *names: str) -> list[str]:
        """Return the names of the events about a channel in their order."""
        return [message.event for message in self.about(unique_id, *names)]


@asynccontextmanager
async def open_manager(host: str, port: int) -> AsyncIterator[Manager]:
    """Connect without logging in, and listen while the block is open."""
    reader, writer = await asyncio.open_connection(host, port)
    manager = Manager(reader, writer)
    async with asyncio.TaskGroup() as group:
        listening = group.create_task(manager.listen(), name="manager")
        try:
            yield manager
        finally:
            listening.cancel()
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
