"""What every WebSocket does alike."""

import asyncio

import pytest
from starlette.types import Message
from starlette.websockets import WebSocket, WebSocketDisconnect

from opendeep.web_interface.ui.sockets import ignore_input, until_gone


class Line:
    """Both ends of a WebSocket that is open."""

    def __init__(self, *incoming: Message) -> None:
        self.sent: list[Message] = []
        self._incoming = [{"type": "websocket.connect"}, *incoming]

    async def receive(self) -> Message:
        """Give the next message; wait for ever after the last."""
        if not self._incoming:
            await asyncio.Event().wait()
        return self._incoming.pop(0)

    async def send(self, message: Message) -> None:
        """Note what was sent."""
        self.sent.append(message)

    async def open(self) -> WebSocket:
        """Return the accepted socket."""
        socket = WebSocket({"type": "websocket"}, self.receive, self.send)
        await socket.accept()
        return socket


async def test_a_work_that_returns_closes_the_socket() -> None:
    """The first work to return ends the others and closes normally."""
    line = Line()
    socket = await line.open()

    async def done() -> None:
        await asyncio.sleep(0)

    await until_gone(socket, done(), ignore_input(socket))
    assert line.sent[-1] == {"type": "websocket.close", "code": 1000, "reason": ""}


async def test_a_client_that_leaves_ends_the_works() -> None:
    """After the other side is gone nothing more is sent."""
    line = Line(
        {"type": "websocket.receive", "text": "x"}, {"type": "websocket.disconnect", "code": 1001}
    )
    socket = await line.open()
    cancelled = asyncio.Event()

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    await until_gone(socket, endless(), ignore_input(socket))
    assert cancelled.is_set()
    assert [message["type"] for message in line.sent] == ["websocket.accept"]


async def test_a_bug_in_a_work_is_raised() -> None:
    """An error that is not ours is not hidden."""
    line = Line()
    socket = await line.open()

    async def broken() -> None:
        await asyncio.sleep(0)
        raise ZeroDivisionError

    with pytest.raises(ExceptionGroup) as raised:
        await until_gone(socket, broken(), ignore_input(socket))
    assert raised.group_contains(ZeroDivisionError)


async def test_reading_ends_with_the_connection() -> None:
    """Ignored input still notices that the client left."""
    line = Line({"type": "websocket.disconnect"})
    socket = await line.open()
    with pytest.raises(WebSocketDisconnect):
        await ignore_input(socket)
