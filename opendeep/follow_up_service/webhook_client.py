"""Sends a message to a webhook: judged address, pinned connection, nothing followed, all bounded.

==================  =================  =============================================
Acquired            where              released
==================  =================  =============================================
connection          ``send``           its pool's block, at the end of each message
==================  =================  =============================================
"""

import asyncio
import hashlib
import hmac
import ipaddress
import socket
import ssl
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import httpcore
from httpcore import SOCKET_OPTION, AsyncNetworkStream

from opendeep.common.errors import UnavailableError
from opendeep.follow_up_service.address_guard import IPAddress, ip_fault, url_fault

_CONNECT_SECONDS = 5.0
_TOTAL_SECONDS = 10.0
_REDIRECTS = range(300, 400)
_GONE = 410
_SUCCESS = range(200, 300)


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressRules:
    """What is refused. Tests compose others, to reach a receiver of theirs; no setting does."""

    url_fault: Callable[[str], str | None] = url_fault
    ip_fault: Callable[[IPAddress], str | None] = ip_fault
    ssl_context: ssl.SSLContext = field(default_factory=ssl.create_default_context)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A body with what proves who sent it, and when."""

    message_id: str
    timestamp: int
    body: bytes
    secret: str

    @property
    def signature(self) -> str:
        """``v1=`` and the HMAC-SHA256 of ``id.timestamp.body``, in hex."""
        text = f"{self.message_id}.{self.timestamp}.".encode() + self.body
        return "v1=" + hmac.new(self.secret.encode(), text, hashlib.sha256).hexdigest()


class WebhookError(UnavailableError):
    """A message was not taken; ``retryable`` says whether it may be later."""

    code = "webhook_failed"


class WebhookClient:
    """One per process; a connection per message, since each goes to an address judged for it."""

    def __init__(self, rules: AddressRules | None = None) -> None:
        self._rules = rules or AddressRules()

    async def check(self, url: str) -> str | None:
        """Return why a URL is refused, its name looked up; None if it is good."""
        fault = self._rules.url_fault(url)
        if fault is not None:
            return fault
        parts = httpcore.URL(url)
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                await resolve(parts.host.decode(), parts.port or 443, self._rules.ip_fault)
        except (WebhookError, TimeoutError) as error:
            return str(error) or "The name cannot be looked up."
        return None

    async def send(self, url: str, message: Signed) -> None:
        """Send one message; return when the receiver answered 2xx.

        Raises:
            WebhookError: it did not, in words that show nothing of what it answered.
        """
        if (fault := self._rules.url_fault(url)) is not None:
            raise WebhookError(fault, retryable=False)
        try:
            async with asyncio.timeout(_TOTAL_SECONDS):
                status = await self._post(url, message)
        except TimeoutError as error:
            raise WebhookError("The receiver did not answer in 10 s.") from error
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException) as error:
            raise WebhookError("The receiver cannot be reached.") from error
        except (OSError, ssl.SSLError) as error:
            raise WebhookError("The receiver cannot be reached.") from error
        if status in _REDIRECTS:
            raise WebhookError(f"The receiver answered {status}: redirects are not followed.")
        if status not in _SUCCESS:
            raise WebhookError(f"The receiver answered {status}.", retryable=status != _GONE)

    async def _post(self, url: str, message: Signed) -> int:
        headers = {
            "content-type": "application/json",
            "user-agent": "OpenDeep-Webhook/1",
            "opendeep-id": message.message_id,
            "opendeep-timestamp": str(message.timestamp),
            "opendeep-signature": message.signature,
        }
        named = [(name.encode(), value.encode()) for name, value in headers.items()]
        host = httpcore.URL(url).host
        async with (
            httpcore.AsyncConnectionPool(
                ssl_context=self._rules.ssl_context,
                network_backend=PinnedBackend(self._rules.ip_fault),
                max_keepalive_connections=0,
            ) as pool,
            pool.stream(
                "POST", url, headers=[(b"host", host), *named], content=message.body,
                extensions={"timeout": {"connect": _CONNECT_SECONDS}},
            ) as response,
        ):  # fmt: skip
            return response.status  # What else it says is not read: closing ends it.


async def resolve(
    host: str, port: int, fault_of: Callable[[IPAddress], str | None]
) -> list[IPAddress]:
    """Look a name up; every address that it has must be allowed, not only the first.

    Raises:
        WebhookError: it has none, or one that is refused.
    """
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise WebhookError("The name cannot be looked up.") from error
    addresses = [ipaddress.ip_address(str(entry[4][0]).split("%")[0]) for entry in found]
    for address in addresses:
        if (fault := fault_of(address)) is not None:
            raise WebhookError(fault, retryable=False)
    if not addresses:
        raise WebhookError("The name has no address.")
    return addresses


class PinnedBackend(httpcore.AsyncNetworkBackend):
    """Connects to the very address that was judged; TLS still proves the name."""

    def __init__(self, fault_of: Callable[[IPAddress], str | None]) -> None:
        self._fault_of = fault_of
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the library's own signature
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """Look the name up, judge, and connect to what was judged.

        Raises:
            WebhookError: the name leads where nothing is sent.
        """
        addresses = await resolve(host, port, self._fault_of)
        return await self._inner.connect_tcp(
            str(addresses[0]), port, timeout, local_address, socket_options
        )

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)
