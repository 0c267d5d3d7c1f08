"""The Asterisk Manager Interface as bytes in, messages out: for both ends, without any I/O.

A message is ``Key: Value`` lines, each ended by CRLF, closed by an empty line. A key may repeat
(``Variable``, ``ChanVariable``, ``Output``), keys compare without case, and not every byte is
UTF-8. The server speaks first, with one banner line that **no** empty line follows.

Theory of :class:`AmiParser`: bytes are cut into lines; a line closes a message, adds a header or
is the banner. Each of the three can be too much (a line, a message, its headers), and each such
excess is a :class:`~opendeep.common.errors.WireProtocolError`: memory is bounded by
``MAX_MESSAGE_BYTES`` whatever the peer sends. How the bytes were split never matters.

A busy exchange sends some hundred thousand events a second, of which we want a few headers each.
So whole messages are cut out in bulk where :func:`_cut_plain` proves, without looking at single
lines, that they keep the rules; what it cannot prove is read line by line. Headers are read
when somebody asks for them.

Source: Asterisk's "AMI v2 Specification"; observed on Asterisk 22.10.1.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

import numpy as np

from opendeep.common.errors import InvalidInputError, WireProtocolError

MAX_LINE_BYTES = 64 * 1024
MAX_MESSAGE_BYTES = 256 * 1024
MAX_HEADERS = 2000

_CRLF = b"\r\n"
_END = b"\r\n\r\n"
_BANNER = b"Asterisk Call Manager/"
_KEY = re.compile(rb"[!-9;-~][ -9;-~]{0,127}:")
# For the proof in bulk. A message this short has neither too many headers nor a line too long.
_SHORT_BYTES = 4 * MAX_HEADERS
_KEY_BYTES = bytes(byte for byte in range(0x20, 0x7F) if byte != ord(":"))
_ODD_KEY = re.compile(rb"\n(?:[: ]|[^:]{129})")
_MOST_KEY_BYTES = 128
_MUCH_BYTES = 4 * 1024
_LF, _CR, _COLON, _BLANK = b"\n\r: "


@dataclass(frozen=True, slots=True)
class AmiBanner:
    """The server's first line, as in ``Asterisk Call Manager/11.0.0``."""

    text: str


class AmiMessage:
    """A response, an event or an action: headers in their order, repeated keys kept. Immutable.

    Values are UTF-8 with foreign bytes as lone surrogates (``surrogateescape``).

    Args:
        headers: keys and values.
        raw: instead of ``headers``, the lines of a message that a parser found to be well formed.
    """

    __slots__ = ("_headers", "_raw")

    def __init__(
        self, headers: tuple[tuple[str, str], ...] | None, raw: bytes | None = None
    ) -> None:
        self._headers = headers
        self._raw = raw

    @classmethod
    def of(cls, *headers: tuple[str, str | int]) -> Self:
        """Build a message from pairs; numbers become their decimal digits."""
        return cls(tuple((key, str(value)) for key, value in headers))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AmiMessage):
            return NotImplemented
        return self.headers == other.headers

    def __hash__(self) -> int:
        return hash(self.headers)

    def __repr__(self) -> str:
        return f"AmiMessage(headers={self.headers!r})"

    @property
    def raw(self) -> bytes:
        """The lines of the message as on the wire, without the CRLF of the last one."""
        if self._raw is None:
            self._raw = self.encode()[: -len(_END)]
        return self._raw

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """All keys and values in order."""
        if self._headers is None:
            self._headers = tuple(_read_line(line) for line in self.raw.split(_CRLF))
        return self._headers

    def get(self, name: str, default: str = "") -> str:
        """Return the first value of ``name``, compared without case."""
        raw = self._raw
        if raw is None or ":" in name:
            values = self.get_all(name)
            return values[0] if values else default
        first, later = _needles(name)
        lowered = raw.lower()
        if lowered.startswith(first):
            begin = len(first)
        else:
            begin = lowered.find(later) + len(later)
            if begin < len(later):
                return default
        end = raw.find(_CRLF, begin)
        value = raw[begin:] if end < 0 else raw[begin:end]
        return value.lstrip(b" ").decode("utf-8", "surrogateescape")

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
        headers = self.headers
        text = "".join([f"{key}: {value}\r\n" for key, value in headers]) + "\r\n"
        breaks = len(headers) + 1
        if (
            text.count("\r") != breaks
            or text.count("\n") != breaks
            or "\0" in text
            or any(":" in key for key, _ in headers)
        ):
            raise InvalidInputError("AMI: a header holds a line break, NUL or foreign colon.")
        return text.encode("utf-8", "surrogateescape")


AmiEvent = AmiBanner | AmiMessage
RawEvent = AmiBanner | bytes


class AmiParser:
    """Turns received bytes into events.

    Args:
        expect_banner: True on the client's side, where the first line is the banner.
    """

    def __init__(self, *, expect_banner: bool) -> None:
        self._expect_banner = expect_banner
        self._line = bytearray()
        self._message: list[bytes] = []
        self._message_bytes = 0
        self.fault: WireProtocolError | None = None

    def receive(self, data: bytes) -> list[AmiEvent]:
        """Take bytes from the peer and return what they completed.

        Events that came before a fault are returned; ``fault`` is set then, and the next call
        raises it. Without such events the fault is raised at once.

        Raises:
            WireProtocolError: the peer broke the protocol, now or earlier.
        """
        return [
            AmiMessage(None, event) if isinstance(event, bytes) else event
            for event in self.receive_raw(data)
        ]

    def receive_raw(self, data: bytes) -> list[RawEvent]:
        """Do the same, but leave messages as their ``raw`` lines."""
        if self.fault is not None:
            raise self.fault
        events: list[RawEvent] = []
        try:
            self._take(data, events)
        except WireProtocolError as error:
            self.fault = error
            self._line.clear()
            self._message.clear()
            if not events:
                raise
        return events

    def _take(self, data: bytes, events: list[RawEvent]) -> None:
        begin = self._take_begun(data, events)
        begin = self._take_whole(data, begin, events)
        begin = self._take_lines(data, begin, len(data), events)
        self._line += data[begin:]
        self._check_sizes(len(self._line) - self._line.endswith(b"\r"))

    def _take_begun(self, data: bytes, events: list[RawEvent]) -> int:
        """Finish the line, message or banner that earlier bytes began; return where it ended."""
        begin = 0
        if self._line:
            begin = self._take_begun_line(data, events)
        while self._message or self._expect_banner:
            end = data.find(_CRLF, begin)
            if end < 0:
                break
            self._take_line(data[begin:end], events)
            begin = end + len(_CRLF)
        return begin

    def _take_begun_line(self, data: bytes, events: list[RawEvent]) -> int:
        if self._line.endswith(b"\r") and data.startswith(b"\n"):
            line, begin = bytes(self._line[:-1]), 1
        else:
            end = data.find(_CRLF)
            if end < 0:
                self._line += data
                return len(data)
            line, begin = bytes(self._line) + data[:end], end + len(_CRLF)
        self._line.clear()
        self._take_line(line, events)
        return begin

    def _take_whole(self, data: bytes, begin: int, events: list[RawEvent]) -> int:
        """Take all messages that are there from first to last line; return where the rest is."""
        end = data.rfind(_END, begin) + len(_END)
        if self._message or self._expect_banner or self._line or end < begin + len(_END):
            return begin
        whole = data[begin:end]
        messages = _cut_plain(whole)
        if messages is None:
            self._take_lines(data, begin, end, events)
        else:
            events += messages
        return end

    def _take_lines(self, data: bytes, begin: int, limit: int, events: list[RawEvent]) -> int:
        """Take the lines that end before ``limit``; return where the unended rest begins."""
        while (end := data.find(_CRLF, begin, limit)) >= 0:
            self._take_line(data[begin:end], events)
            begin = end + len(_CRLF)
        return begin

    def _take_line(self, line: bytes, events: list[RawEvent]) -> None:
        self._check_sizes(len(line))
        if self._expect_banner:
            if not line.startswith(_BANNER):
                raise WireProtocolError("AMI: the other side does not greet as Asterisk does.")
            self._expect_banner = False
            events.append(AmiBanner(line.decode("utf-8", "surrogateescape")))
        elif line:
            self._take_header(line)
        elif self._message:
            events.append(_CRLF.join(self._message))
            self._message.clear()
            self._message_bytes = 0

    def _take_header(self, line: bytes) -> None:
        if not _KEY.match(line):
            raise WireProtocolError("AMI: a line is not of the form 'Key: Value'.")
        if len(self._message) >= MAX_HEADERS:
            raise WireProtocolError(f"AMI: a message has more than {MAX_HEADERS} headers.")
        self._message_bytes += len(line)
        self._message.append(line)

    def _check_sizes(self, line_bytes: int) -> None:
        if line_bytes > MAX_LINE_BYTES:
            raise WireProtocolError(f"AMI: a line is longer than {MAX_LINE_BYTES} bytes.")
        if self._message_bytes + line_bytes > MAX_MESSAGE_BYTES:
            raise WireProtocolError(f"AMI: a message is longer than {MAX_MESSAGE_BYTES} bytes.")


def _cut_plain(whole: bytes) -> list[bytes] | None:
    """Return the messages, or None where it is not plain that each keeps the rules of a message.

    With all bytes gone that a key may have, a line feed is followed by a header's colon, or belongs
    to an empty line (of which there are as many as messages), or is the last byte. One more is a
    line without a colon, or with a byte that no key may have. What the missing bytes hid is
    looked for before: empty keys, keys that begin with a blank, long ones.
    Either way to look for them may find what is none of these; that is read line by line.

    Args:
        whole: messages, each with its empty line.
    """
    if not _KEY.match(whole):
        return None
    messages = _cut_much(whole) if len(whole) > _MUCH_BYTES else _cut_little(whole)
    if messages is None:
        return None
    outline = whole.translate(None, _KEY_BYTES)
    if outline.count(b"\n") != outline.count(b"\n:") + len(messages) + 1:
        return None
    return messages


def _cut_little(whole: bytes) -> list[bytes] | None:
    """Cut at empty lines, unless a message is long or a key odd."""
    if _ODD_KEY.search(whole):
        return None
    messages = whole.split(_END)
    messages.pop()
    return messages if max(map(len, messages)) <= _SHORT_BYTES else None


def _cut_much(whole: bytes) -> list[bytes] | None:
    """Do what ``_cut_little`` does, at half the cost where there is much to cut."""
    data = np.frombuffer(whole, np.uint8)
    feeds = np.flatnonzero(data == _LF)
    begins = feeds[:-1] + 1
    lengths = feeds[1:] - begins
    ends = feeds[1:][lengths == 1]
    sizes = np.diff(ends, prepend=-1)
    if sizes.max() > _SHORT_BYTES or sizes.min() < len(_END):
        return None
    if (data[ends - 1] != _CR).any() or (data[ends - 3] != _CR).any():
        return None  # not an empty line, or after a line feed that is part of a value
    first = data[begins]
    if ((first == _COLON) | (first == _BLANK)).any():
        return None
    long_lines = begins[lengths > _MOST_KEY_BYTES].tolist()
    if any(whole.find(b":", begin, begin + _MOST_KEY_BYTES + 1) < 0 for begin in long_lines):
        return None
    cuts = zip([0, *(ends + 1).tolist()], (ends - 3).tolist(), strict=False)
    return [whole[begin:end] for begin, end in cuts]


@lru_cache(maxsize=256)
def _needles(name: str) -> tuple[bytes, bytes]:
    """Return how a line of this key begins in lower-case bytes: the first line, a later one."""
    key = name.lower().encode("utf-8", "surrogatepass") + b":"
    return key, _CRLF + key


def _read_line(line: bytes) -> tuple[str, str]:
    key, _, value = line.partition(b":")
    return key.decode("ascii"), value.lstrip(b" ").decode("utf-8", "surrogateescape")
