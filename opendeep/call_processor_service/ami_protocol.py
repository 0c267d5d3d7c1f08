"""The Asterisk Manager Interface as bytes in, messages out: for both ends, without any I/O.

A message is ``Key: Value`` lines, each ended by CRLF, closed by an empty line. A key may repeat
(``Variable``, ``ChanVariable``, ``Output``), keys compare without case, and not every byte is
UTF-8. The server speaks first, with one banner line that **no** empty line follows.

Theory of :class:`AmiParser`: bytes are cut into lines; a line closes a message, adds a header or
is the banner. Each of the three can be too much (a line, a message, its headers), and each such
excess is a :class:`~opendeep.common.errors.WireProtocolError`: memory is bounded by
``MAX_MESSAGE_BYTES`` whatever the peer sends. How the bytes were split never matters.

Source: Asterisk's "AMI v2 Specification"; observed on Asterisk 22.10.1.
"""

import re
from dataclasses import dataclass, field
from typing import Self

from opendeep.common.errors import InvalidInputError, WireProtocolError

MAX_LINE_BYTES = 64 * 1024
MAX_MESSAGE_BYTES = 256 * 1024
MAX_HEADERS = 2000

_CRLF = b"\r\n"
_KEY = re.compile(rb"[!-9;-~][ -9;-~]{0,127}")
_FORBIDDEN = re.compile(r"[\r\n\0]")
_BANNER = b"Asterisk Call Manager/"


@dataclass(frozen=True, slots=True)
class AmiBanner:
    """The server's first line, as in ``Asterisk Call Manager/11.0.0``."""

    text: str


@dataclass(frozen=True, slots=True)
class AmiMessage:
    """A response, an event or an action: headers in their order, repeated keys kept.

    Values are UTF-8 with foreign bytes as lone surrogates (``surrogateescape``).
    """

    headers: tuple[tuple[str, str], ...]
    _first: dict[str, str] = field(init=False, repr=False, compare=False, hash=False)

    def __post_init__(self) -> None:
        first: dict[str, str] = {}
        for key, value in self.headers:
            first.setdefault(key.lower(), value)
        object.__setattr__(self, "_first", first)

    @classmethod
    def of(cls, *headers: tuple[str, str | int]) -> Self:
        """Build a message from pairs; numbers become their decimal digits."""
        return cls(tuple((key, str(value)) for key, value in headers))

    def get(self, name: str, default: str = "") -> str:
        """Return the first value of ``name``, compared without case."""
        return self._first.get(name.lower(), default)

    def get_all(self, name: str) -> tuple[str, ...]:
        """Return every value of ``name`` in order."""
        wanted = name.lower()
        return tuple(value for key, value in self.headers if key.lower() == wanted)

    @property
    def event(self) -> str:
        """The event's name, or an empty string for another kind of message."""
        return self.get("Event")

    @property
    def response(self) -> str:
        """``Success``, ``Error`` … of a response, or an empty string."""
        return self.get("Response") if not self.event else ""

    @property
    def action(self) -> str:
        """The action's name as the server reads it, or an empty string."""
        return self.get("Action")

    @property
    def action_id(self) -> str:
        """What ties a response, and the events of a list, to an action."""
        return self.get("ActionID")

    @property
    def is_success(self) -> bool:
        """Whether this is a response that does not refuse."""
        return self.response.lower() in {"success", "follows", "goodbye", "pong"}

    def encode(self) -> bytes:
        """Serialise the message, closed by its empty line.

        Raises:
            InvalidInputError: a key or value holds CR, LF or NUL, or a key a colon.
        """
        lines = []
        for key, value in self.headers:
            if ":" in key or _FORBIDDEN.search(key) or _FORBIDDEN.search(value):
                raise InvalidInputError("AMI: a header holds a line break, NUL or foreign colon.")
            lines.append(f"{key}: {value}\r\n")
        return ("".join(lines) + "\r\n").encode("utf-8", "surrogateescape")


AmiEvent = AmiBanner | AmiMessage


class AmiParser:
    """Turns received bytes into events.

    Args:
        expect_banner: True on the client's side, where the first line is the banner.
    """

    def __init__(self, *, expect_banner: bool) -> None:
        self._expect_banner = expect_banner
        self._buffer = bytearray()
        self._headers: list[tuple[str, str]] = []
        self._message_bytes = 0
        self.fault: WireProtocolError | None = None

    def receive(self, data: bytes) -> list[AmiEvent]:
        """Take bytes from the peer and return what they completed.

        Events that came before a fault are returned; ``fault`` is set then, and the next call
        raises it. Without such events the fault is raised at once.

        Raises:
            WireProtocolError: the peer broke the protocol, now or earlier.
        """
        if self.fault is not None:
            raise self.fault
        events: list[AmiEvent] = []
        try:
            self._take_lines(data, events)
        except WireProtocolError as error:
            self.fault = error
            self._buffer.clear()
            self._headers.clear()
            if not events:
                raise
        return events

    def _take_lines(self, data: bytes, events: list[AmiEvent]) -> None:
        look_from = max(0, len(self._buffer) - 1)
        self._buffer += data
        if self._buffer.find(_CRLF, look_from) >= 0:
            *lines, rest = bytes(self._buffer).split(_CRLF)
            self._buffer = bytearray(rest)
            for line in lines:
                self._take_line(line, events)
        begun = len(self._buffer) - self._buffer.endswith(b"\r")
        self._check_sizes(begun)

    def _take_line(self, line: bytes, events: list[AmiEvent]) -> None:
        self._check_sizes(len(line))
        if self._expect_banner:
            if not line.startswith(_BANNER):
                raise WireProtocolError("AMI: the other side does not greet as Asterisk does.")
            self._expect_banner = False
            events.append(AmiBanner(line.decode("utf-8", "surrogateescape")))
        elif line:
            self._take_header(line)
        elif self._headers:
            events.append(AmiMessage(tuple(self._headers)))
            self._headers.clear()
            self._message_bytes = 0

    def _take_header(self, line: bytes) -> None:
        key, colon, value = line.partition(b":")
        if not colon or not _KEY.fullmatch(key):
            raise WireProtocolError("AMI: a line is not of the form 'Key: Value'.")
        if len(self._headers) >= MAX_HEADERS:
            raise WireProtocolError(f"AMI: a message has more than {MAX_HEADERS} headers.")
        self._message_bytes += len(line)
        text = value.lstrip(b" ").decode("utf-8", "surrogateescape")
        self._headers.append((key.decode("ascii"), text))

    def _check_sizes(self, line_bytes: int) -> None:
        if line_bytes > MAX_LINE_BYTES:
            raise WireProtocolError(f"AMI: a line is longer than {MAX_LINE_BYTES} bytes.")
        if self._message_bytes + line_bytes > MAX_MESSAGE_BYTES:
            raise WireProtocolError(f"AMI: a message is longer than {MAX_MESSAGE_BYTES} bytes.")
