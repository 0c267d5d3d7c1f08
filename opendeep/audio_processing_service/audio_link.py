"""The connection to Asterisk, as the owner of a call's media sees it."""

from typing import Protocol


class AudioLink(Protocol):
    """The connection to Asterisk, as far as the handler needs it."""

    def send(self, mulaw: bytes) -> None:
        """Send 20 ms of µ-law audio, now."""
        ...

    def close(self) -> None:
        """Hang up and close."""
        ...
