"""The AudioSocket codec: any split of the bytes, any junk, both sides."""

import itertools
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendeep.audio_processing_service import audiosocket_protocol as wire
from opendeep.common.errors import WireProtocolError

CALL = "0f0e0d0c-0b0a-4908-8706-050403020100"

_audio = st.integers(1, wire.MAX_AUDIO_BYTES // 2).flatmap(
    lambda samples: st.binary(min_size=2 * samples, max_size=2 * samples)
)
_frames = st.lists(
    st.one_of(
        _audio.map(lambda payload: (wire.audio(payload), wire.AudioReceived(payload=payload))),
        st.sampled_from("0123456789*#ABCD").map(
            lambda digit: (wire.dtmf(digit), wire.DtmfReceived(digit=digit))
        ),
        st.integers(0, 255).map(lambda code: (wire.error(code), wire.ErrorReceived(code=code))),
        st.just((wire.hangup(), wire.HangupReceived())),
    ),
    max_size=6,
)


def split(data: bytes, cuts: list[int]) -> list[bytes]:
    """Cut ``data`` at the given places."""
    places = sorted({cut % (len(data) + 1) for cut in cuts} | {0, len(data)})
    return [data[a:b] for a, b in itertools.pairwise(places)]


@given(_frames, st.lists(st.integers(0, 20_000), max_size=12))
def test_any_split_gives_the_same_events(
    frames: list[tuple[bytes, wire.AudioSocketEvent]], cuts: list[int]
) -> None:
    """Events do not depend on how TCP cuts the stream."""
    data = wire.identify(CALL) + b"".join(frame for frame, _ in frames)
    parser = wire.AudioSocketParser()
    events = [event for chunk in split(data, cuts) for event in parser.receive(chunk)]
    assert events == [wire.CallIdentified(uuid=CALL), *(event for _, event in frames)]
    assert parser.buffered_bytes == 0


def test_byte_by_byte() -> None:
    """A frame is told with its last byte and not before."""
    parser = wire.AudioSocketParser()
    data = wire.identify(CALL)
    assert [parser.receive(data[i : i + 1]) for i in range(len(data))] == [
        *([[]] * (len(data) - 1)),
        [wire.CallIdentified(uuid=CALL)],
    ]


@given(st.binary(max_size=4000), st.lists(st.integers(0, 4000), max_size=6))
def test_junk_is_an_error_or_waits_within_bounds(junk: bytes, cuts: list[int]) -> None:
    """Whatever comes, at most one unfinished frame is kept and only protocol errors are raised."""
    parser = wire.AudioSocketParser()
    try:
        for chunk in split(junk, cuts):
            parser.receive(chunk)
            assert parser.buffered_bytes <= wire.HEADER_BYTES + wire.MAX_AUDIO_BYTES
    except WireProtocolError:
        with pytest.raises(WireProtocolError, match="failed already"):
            parser.receive(wire.identify(CALL))


@pytest.mark.parametrize(
    "frame",
    [
        b"\x10\x01\x40" + bytes(320),
        b"\x01\x00\x0f",
        b"\x01\x00\x11",
        b"\x00\x00\x00",
        b"GET / HTTP/1.1\r\n",
    ],
)
def test_first_frame_must_be_the_identity(frame: bytes) -> None:
    """A connection that does not begin with 16 bytes of identity is refused at its header."""
    with pytest.raises(WireProtocolError):
        wire.AudioSocketParser().receive(frame[:3])


@pytest.mark.parametrize(
    "frame",
    [
        wire.identify(CALL),
        b"\x10\x00\x00",
        b"\x10\x00\x03",
        b"\x10\xff\xfe",
        b"\x03\x00\x02",
        b"\x03\x00\x01?",
        b"\x11\x02\x80",
        b"\x00\x00\x01",
        b"\xff\x01\x00",
        b"\x42\x00\x00",
    ],
)
def test_wrong_frames_after_the_identity(frame: bytes) -> None:
    """A second identity, impossible lengths, unknown keys and kinds end the connection."""
    parser = wire.AudioSocketParser()
    parser.receive(wire.identify(CALL))
    with pytest.raises(WireProtocolError):
        parser.receive(frame)


def test_error_frame_without_a_code() -> None:
    """An empty error frame reads as code 0."""
    parser = wire.AudioSocketParser()
    assert parser.receive(wire.identify(CALL) + b"\xff\x00\x00")[1:] == [wire.ErrorReceived(code=0)]


@given(_audio)
def test_asterisk_takes_audio_and_hangup(payload: bytes) -> None:
    """What our writer makes is what Asterisk's side accepts."""
    parser = wire.AudioSocketParser(wire.Side.ASTERISK)
    data = wire.MediaServerWriter.audio(payload) + wire.MediaServerWriter.hangup()
    assert parser.receive(data) == [wire.AudioReceived(payload=payload), wire.HangupReceived()]


@pytest.mark.parametrize("frame", [wire.identify(CALL), wire.dtmf("1"), wire.error(1)])
def test_asterisk_refuses_everything_else(frame: bytes) -> None:
    """Kinds that make the real Asterisk end the call are errors on its side."""
    with pytest.raises(WireProtocolError):
        wire.AudioSocketParser(wire.Side.ASTERISK).receive(frame)


def test_our_writer_can_write_nothing_else() -> None:
    """The media server's writer offers audio and hang-up only."""
    assert {name for name in vars(wire.MediaServerWriter) if not name.startswith("_")} == {
        "audio",
        "hangup",
    }


@pytest.mark.parametrize("size", [0, 1, 319, wire.MAX_AUDIO_BYTES + 2])
def test_audio_of_impossible_length_is_not_written(size: int) -> None:
    """An empty, odd or overlong audio frame is never made."""
    with pytest.raises(WireProtocolError):
        wire.audio(bytes(size))


@pytest.mark.parametrize("digit", ["", "12", "e", "é"])
def test_wrong_keys_are_not_written(digit: str) -> None:
    """A key frame holds one key that a phone has."""
    with pytest.raises(WireProtocolError):
        wire.dtmf(digit)


@given(st.uuids())
def test_identity_is_lower_case(call: uuid.UUID) -> None:
    """An id is told in lower case, as our rows have it, however it was written."""
    data = wire.identify(str(call).upper())
    assert wire.AudioSocketParser().receive(data) == [wire.CallIdentified(uuid=str(call))]
