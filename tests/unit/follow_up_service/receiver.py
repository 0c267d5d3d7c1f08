"""A webhook's receiver on loopback: it answers as it is told and remembers what it got."""

import asyncio
import hashlib
import hmac
import ipaddress
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from opendeep.follow_up_service.address_guard import IPAddress
from opendeep.follow_up_service.webhook_client import AddressRules, WebhookClient

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
FAILED = b"HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n"
GONE = b"HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n"
ELSEWHERE = b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n"


@dataclass
class Receiver:
    """What came in: headers and decoded bodies, in order."""

    answer: Callable[[dict[str, Any]], bytes] = lambda _: OK
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    taken: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""
    endless: bool = False
    silent: asyncio.Event | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {
            name.lower(): value
            for name, _, value in (line.partition(": ") for line in head[1:] if line)
        }
        body = await reader.readexactly(int(headers["content-length"]))
        self.raw.append(body)
        self.headers.append(headers)
        self.bodies.append(json.loads(body))
        if self.silent is not None:
            await self.silent.wait()
        answer = self.answer(self.bodies[-1])
        if answer == OK:
            self.taken.append(self.bodies[-1])
        writer.write(answer)
        try:
            while self.endless:
                writer.write(b"x" * 65536)
                await writer.drain()
            await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    def is_signed(self, place: int, secret: str) -> bool:
        """Whether a message proves that it is ours, checked as a receiver would."""
        headers = self.headers[place]
        signed = f"{headers['opendeep-id']}.{headers['opendeep-timestamp']}.".encode()
        proof = hmac.new(secret.encode(), signed + self.raw[place], hashlib.sha256).hexdigest()
        return hmac.compare_digest(headers["opendeep-signature"], f"v1={proof}")


def loopback_only(address: IPAddress) -> str | None:
    """Allow our own receiver and nothing else."""
    return None if address == ipaddress.ip_address("127.0.0.1") else "Not ours."


def local_client() -> WebhookClient:
    """Make a client that reaches receivers on loopback; no setting can."""
    return WebhookClient(AddressRules(url_fault=lambda _: None, ip_fault=loopback_only))


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """Run a receiver."""
    receiver = Receiver()
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    receiver.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    async with server:
        yield receiver
