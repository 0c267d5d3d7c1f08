"""What a manager sends, as Asterisk reads it: bytes in, actions out, and nothing is an error.

Asterisk's side of AMI is more patient than ours: a lone line feed ends a line too, a line without
a colon is passed over, and a line of more than 1,024 bytes spoils its message alone.

Source: ``manager.c`` (``get_input``, ``session_do``); observed on Asterisk 22.10.1.
"""

from typing import Final

from opendeep.call_processor_service.ami_protocol import AmiMessage

MAX_LINE_BYTES: Final = 1024
TOO_LONG: Final = "X-Too-Long"
"""The header that marks a request with a line that Asterisk cannot take."""
_MOST_HEADERS: Final = 128


class RequestParser:
    """Turns received bytes into requests; memory is bounded, whatever the manager sends."""

    def __init__(self) -> None:
        self._line = bytearray()
        self._headers: list[tuple[str, str]] = []
        self._begun = False
        self._too_long = False

    def receive(self, data: bytes) -> list[AmiMessage]:
        """Take bytes; return the requests that they completed."""
        requests: list[AmiMessage] = []
        *ended, rest = (bytes(self._line) + data).split(b"\n")
        for line in ended:
            self._take(line.removesuffix(b"\r"), requests)
        self._too_long |= len(rest) > MAX_LINE_BYTES
        self._line = bytearray(rest[: MAX_LINE_BYTES + 1])
        return requests

    def _take(self, line: bytes, requests: list[AmiMessage]) -> None:
        if not line:
            if self._begun:
                requests.append(self._end())
            return
        self._begun = True
        self._too_long |= len(line) > MAX_LINE_BYTES
        key, colon, value = line.partition(b":")
        if colon and len(self._headers) < _MOST_HEADERS:
            text = value.strip().decode("utf-8", "surrogateescape")
            self._headers.append((key.strip().decode("utf-8", "surrogateescape"), text))

    def _end(self) -> AmiMessage:
        headers = tuple(self._headers)
        if self._too_long:
            headers = (*(pair for pair in headers if pair[0] == "ActionID"), (TOO_LONG, "yes"))
        self._headers.clear()
        self._begun = self._too_long = False
        return AmiMessage(headers)
