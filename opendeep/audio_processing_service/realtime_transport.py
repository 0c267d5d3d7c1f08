"""The port between the Realtime client and its WebSocket; tests put a peer in memory there."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol


class MessageReceiver(Protocol):
    """Takes what comes from the server; called on the loop, in order, must not block."""

    def message_received(self, payload: bytes, *, final: bool) -> None:
        """Take a text frame, or a fragment of one where not ``final``."""
        ...

    def connection_lost(self, code: int, reason: str) -> None:
        """Note that the connection ended; called once, also after our own ``close``."""
        ...


class MessageConnection(Protocol):
    """An open WebSocket."""

    @property
    def writable(self) -> bool:
        """Whether the network takes what is sent; False while more than its buffer waits."""
        ...

    def send(self, message: bytes) -> None:
        """Send one text message; does nothing once the connection is lost."""
        ...

    async def close(self) -> None:
        """Close in good order, within a second; idempotent."""
        ...


MessageConnector = Callable[[str, Mapping[str, str], MessageReceiver], Awaitable[MessageConnection]]
"""Opens a WebSocket to a URL with extra headers.

Raises:
    VoiceUnavailableError: unreachable or refused; ``retryable`` says whether to try again.
"""
