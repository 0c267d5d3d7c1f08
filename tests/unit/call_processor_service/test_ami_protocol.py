"""The manager's wire format: any split, any junk, bounded memory."""

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendeep.call_processor_service import ami_protocol
from opendeep.call_processor_service.ami_protocol import AmiBanner, AmiMessage, AmiParser
from opendeep.common.errors import InvalidInputError, WireProtocolError

BANNER = b"Asterisk Call Manager/11.0.0\r\n"
SESSION = (
    BANNER
    + b"Response: Success\r\nActionID: 1\r\nMessage: Authentication accepted\r\n\r\n"
    + b"Event: Newchannel\r\nChannel: PJSIP/trunk-1\r\nUniqueid: od-1\r\n\r\n"
    + b"\r\n"
    + b"Response: Success\r\nOutput: one\r\nOutput: two: three\r\nOutput:\r\n\r\n"
    + b"Event: Hangup\r\nCallerIDName: Caf\xe9 \xc3\xa9\r\nCause: 16\r\n\r\n"
)

keys = st.from_regex(r"\A[A-Za-z][A-Za-z0-9-]{0,20}\Z")
values = st.text(
    st.characters(blacklist_characters="\r\n\0", blacklist_categories=["Cs"]), max_size=60
).map(lambda text: text.lstrip(" "))
messages = st.lists(st.tuples(keys, values), min_size=1, max_size=8).map(
    lambda headers: AmiMessage(tuple(headers))
)


def parse_in_pieces(data: bytes, cuts: list[int], *, expect_banner: bool) -> list[object]:
    """Feed data cut at the given places; a fault ends the list as its type."""
    parser = AmiParser(expect_banner=expect_banner)
    seen: list[object] = []
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    try:
        for begin, end in itertools.pairwise(places):
            seen += parser.receive(data[begin:end])
        if parser.fault is not None:
            seen.append(WireProtocolError)
    except WireProtocolError:
        seen.append(WireProtocolError)
    return seen


def test_a_session_is_read() -> None:
    """Banner, responses and events come out in order, with repeated keys and foreign bytes."""
    banner, login, made, output, hangup = AmiParser(expect_banner=True).receive(SESSION)
    assert banner == AmiBanner("Asterisk Call Manager/11.0.0")
    assert isinstance(login, AmiMessage)
    assert (login.response, login.is_success, login.action_id) == ("Success", True, "1")
    assert isinstance(made, AmiMessage)
    assert (made.event, made.response, made.get("UNIQUEID")) == ("Newchannel", "", "od-1")
    assert isinstance(output, AmiMessage)
    assert output.get_all("output") == ("one", "two: three", "")
    assert isinstance(hangup, AmiMessage)
    assert hangup.get("CallerIDName").encode("utf-8", "surrogateescape") == b"Caf\xe9 \xc3\xa9"
    assert hangup.get("Missing", "none") == "none"


def test_byte_by_byte_is_the_same() -> None:
    """A session in single bytes gives what it gives whole."""
    whole = parse_in_pieces(SESSION, [], expect_banner=True)
    assert parse_in_pieces(SESSION, list(range(len(SESSION))), expect_banner=True) == whole


@given(cuts=st.lists(st.integers(0, 10_000), max_size=20))
def test_any_split_of_a_session_is_the_same(cuts: list[int]) -> None:
    """However a session is cut, the same events come."""
    whole = parse_in_pieces(SESSION, [], expect_banner=True)
    assert parse_in_pieces(SESSION, cuts, expect_banner=True) == whole


@given(data=st.binary(max_size=400), cuts=st.lists(st.integers(0, 400), max_size=10))
def test_any_split_of_junk_is_the_same(data: bytes, cuts: list[int]) -> None:
    """Junk behind a good message gives the same events and the same fault in any split."""
    stream = b"Action: Ping\r\n\r\n" + data
    whole = parse_in_pieces(stream, [], expect_banner=False)
    assert parse_in_pieces(stream, cuts, expect_banner=False) == whole


KEY = re.compile(rb"[!-9;-~][ -9;-~]{0,127}")
lines = st.one_of(
    st.sampled_from(
        [
            *(b"Event: Newstate", b"Uniqueid: od-1", b"AccountCode: ", b"K:v", b"Key : x", b"K:"),
            *(b"", b"no colon", b": no key", b" leading: blank", b"k\x00y: v", b"caf\xe9: v"),
            *(b"a: x\ny: z", b"a\nb: c", b"a\rb: c", b"a: x\r", b"\r", b"a: x\n", b"\n: x"),
            *(b"k" * 128 + b": x", b"k" * 129 + b": x", b"Value: " + b"v" * 300),
        ]
    ),
    st.binary(max_size=12),
)


def read_plainly(data: bytes) -> list[object]:
    """Read messages line by line, each header at once: what the parser must agree with."""
    seen: list[object] = []
    message: list[tuple[str, str]] = []
    for line in data.split(b"\r\n")[:-1]:
        key, colon, value = line.partition(b":")
        if not line and message:
            seen.append(tuple(message))
            message = []
        elif line and not (colon and KEY.fullmatch(key)):
            return [*seen, WireProtocolError]
        elif line:
            text = value.lstrip(b" ").decode("utf-8", "surrogateescape")
            message.append((key.decode("ascii"), text))
    return seen


@given(
    before=st.integers(0, 3),
    some=st.lists(lines, max_size=12),
    cuts=st.lists(st.integers(0, 9_000), max_size=4),
)
def test_lazy_and_eager_readings_agree(before: int, some: list[bytes], cuts: list[int]) -> None:
    """Bulk or line by line, much or little at once: the same headers and the same faults."""
    good = b"Event: Hangup\r\nUniqueid: od-2\r\nValue: " + b"v" * 1900 + b"\r\n\r\n"
    data = good * before + b"".join(line + b"\r\n" for line in some) + b"\r\n" + good
    expected = read_plainly(data)
    for places in ([], cuts):
        seen = parse_in_pieces(data, places, expect_banner=False)
        read = [one.headers if isinstance(one, AmiMessage) else one for one in seen]
        assert read == expected


@given(message=messages, name=st.one_of(keys, st.sampled_from(["event", "K\u212a", "a: b", ""])))
def test_a_header_is_found_as_if_all_were_read(message: AmiMessage, name: str) -> None:
    """Looking one header up in the raw lines gives what reading all of them gives."""
    (lazy,) = AmiParser(expect_banner=False).receive(message.encode())
    assert isinstance(lazy, AmiMessage)
    for wanted in (name, *(key.swapcase() for key, _ in message.headers)):
        values = message.get_all(wanted)
        assert lazy.get(wanted, "none") == message.get(wanted, "none")
        assert lazy.get(wanted, "none") == (values[0] if values else "none")
        assert lazy.get_all(wanted) == values
    assert (lazy == message, hash(lazy) == hash(message)) == (True, True)
    assert lazy.raw == message.raw
    assert repr(lazy) == repr(message)
    assert lazy != message.headers


@given(sent=st.lists(messages, max_size=5))
def test_what_is_encoded_is_read_back(sent: list[AmiMessage]) -> None:
    """Encoding and parsing are inverse."""
    data = b"".join(message.encode() for message in sent)
    assert AmiParser(expect_banner=False).receive(data) == sent


@pytest.mark.parametrize(
    "data",
    [
        b"no colon\r\n",
        b": no key\r\n",
        b" leading: blank\r\n",
        b"k\x00y: value\r\n",
        b"key" * 60 + b": too long a key\r\n",
    ],
)
def test_junk_is_a_protocol_error(data: bytes) -> None:
    """A line that is no header is refused, and the parser stays refused."""
    parser = AmiParser(expect_banner=False)
    with pytest.raises(WireProtocolError):
        parser.receive(data)
    with pytest.raises(WireProtocolError):
        parser.receive(b"")


def test_another_greeting_is_a_protocol_error() -> None:
    """Whoever greets differently is not Asterisk's manager."""
    with pytest.raises(WireProtocolError):
        AmiParser(expect_banner=True).receive(b"220 mail.example ESMTP\r\n")


def test_events_before_a_fault_are_returned() -> None:
    """A good message in the same bytes as a bad line is not lost."""
    parser = AmiParser(expect_banner=False)
    (message,) = parser.receive(b"Action: Ping\r\n\r\njunk\r\n")
    assert message == AmiMessage.of(("Action", "Ping"))
    assert isinstance(parser.fault, WireProtocolError)
    with pytest.raises(WireProtocolError):
        parser.receive(b"Action: Ping\r\n\r\n")


@pytest.mark.parametrize("ended", [True, False])
def test_a_line_has_a_limit(ended: bool) -> None:
    """A line may be just as long as the limit, ended or not, and no longer."""
    text = b"Key: " + b"x" * (ami_protocol.MAX_LINE_BYTES - 5)
    parser = AmiParser(expect_banner=False)
    assert parser.receive(text) == parser.receive(b"\r") == []
    parser = AmiParser(expect_banner=False)
    with pytest.raises(WireProtocolError):
        parser.receive(text + b"x" + (b"\r\n" if ended else b""))


def test_a_message_has_a_limit() -> None:
    """Lines below the limit still may not add up without bound."""
    parser = AmiParser(expect_banner=False)
    line = b"Key: " + b"x" * 60_000 + b"\r\n"
    for _ in range(4):
        assert parser.receive(line) == []
    with pytest.raises(WireProtocolError):
        parser.receive(line)


def test_the_number_of_headers_has_a_limit() -> None:
    """Short headers may not add up without bound either."""
    parser = AmiParser(expect_banner=False)
    with pytest.raises(WireProtocolError):
        parser.receive(b"K: v\r\n" * (ami_protocol.MAX_HEADERS + 1))


@pytest.mark.parametrize(
    ("key", "value"), [("K", "a\r\nB: c"), ("K\n", "v"), ("K:", "v"), ("K", "nul\0")]
)
def test_injection_is_refused(key: str, value: str) -> None:
    """A value cannot smuggle a header into a message."""
    with pytest.raises(InvalidInputError):
        AmiMessage.of((key, value)).encode()
