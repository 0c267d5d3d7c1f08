"""The manager's wire format: any split, any junk, bounded memory."""

import itertools

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
