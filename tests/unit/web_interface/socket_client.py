"""A WebSocket client that talks to an ASGI application directly, on the test's own loop."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message

WAIT_SECONDS = 5.0


class SocketClient:
    """One connection; ``status`` is 101 once it is open, else the refusal's HTTP status."""

    def __init__(self) -> None:
        self.to_app: asyncio.Queue[Message] = asyncio.Queue()
        self.from_app: asyncio.Queue[Message] = asyncio.Queue()
        self.status = 0
        self.refusal: Any = None

    async def next(self) -> Message:
        """Wait for what the application sends next."""
        async with asyncio.timeout(WAIT_SECONDS):
            return await self.from_app.get()

    async def text(self) -> Any:
        """Wait for a text message and decode it."""
        message = await self.next()
        assert message["type"] == "websocket.send", message
        return json.loads(message["text"])

    async def binary(self) -> bytes:
        """Wait for a binary message."""
        message = await self.next()
        assert message["type"] == "websocket.send", message
        data: bytes = message["bytes"]
        return data

    async def closed(self) -> tuple[int, str]:
        """Wait until the application closes; return code and reason."""
        message = await self.next()
        assert message["type"] == "websocket.close", message
        return message["code"], message.get("reason") or ""

    def send(self, data: str | bytes) -> None:
        """Send a message to the application."""
        kind = "text" if isinstance(data, str) else "bytes"
        self.to_app.put_nowait({"type": "websocket.receive", kind: data})

    def leave(self) -> None:
        """Close from the client's side."""
        self.to_app.put_nowait({"type": "websocket.disconnect", "code": 1001})

    async def open(self) -> None:
        """Say hello and read whether the application lets us in."""
        self.to_app.put_nowait({"type": "websocket.connect"})
        first = await self.next()
        if first["type"] == "websocket.accept":
            self.status = 101
        elif first["type"] == "websocket.http.response.start":
            self.status = first["status"]
            body = await self.next()
            self.refusal = json.loads(body["body"])
        else:
            self.status = 403


def socket_scope(url: str, headers: dict[str, str]) -> dict[str, Any]:
    """Make the scope of a WebSocket request to ``url`` (path and query)."""
    parts = urlsplit(url)
    fields = {"host": "127.0.0.1:8000", **headers}
    return {
        "type": "websocket",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "scheme": "ws",
        "path": parts.path,
        "raw_path": parts.path.encode(),
        "query_string": parts.query.encode(),
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in fields.items()],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 8000),
        "subprotocols": [],
        "state": {},
        "extensions": {"websocket.http.response": {}},
    }


@asynccontextmanager
async def connected(
    app: ASGIApp, url: str, headers: dict[str, str] | None = None
) -> AsyncIterator[SocketClient]:
    """Open a WebSocket to the application; leave it at the block's end."""
    client = SocketClient()
    scope = socket_scope(url, headers or {})
    async with asyncio.TaskGroup() as group:

        async def receive() -> Message:
            return await client.to_app.get()

        async def send(message: Message) -> None:
            client.from_app.put_nowait(message)

        serving = group.create_task(app(scope, receive, send))  # type: ignore[arg-type]
        await client.open()
        try:
            yield client
        finally:
            client.leave()
            async with asyncio.timeout(WAIT_SECONDS):
                await asyncio.wait([serving])
