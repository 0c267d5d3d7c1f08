"""The ear: the beginnings and ends of utterances in a stream of µ-law."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from opendeep.practice.speech import Ear, SpeechStarted, SpeechStopped
from tests.unit.practice.speech_fakes import LOUD, SILENT, LoudnessVad


def make_ear(**options: float) -> Ear:
    """Return an ear that takes loudness for speech."""
    return Ear(vad=LoudnessVad(), **options)  # type: ignore[arg-type]


def test_one_utterance() -> None:
    """Speech is announced with its prefix, and given out whole once silence has lasted."""
    ear = make_ear(silence_ms=320, prefix_ms=160)
    found = []
    for frame in [SILENT] * 50 + [LOUD] * 50 + [SILENT] * 50:
        found += ear.hear(frame)
    started, stopped = found
    assert isinstance(started, SpeechStarted)
    assert 800 <= started.at_ms <= 900
    assert isinstance(stopped, SpeechStopped)
    assert 2300 <= stopped.at_ms <= 2420
    assert 1.4 < len(stopped.pcm16k) / 16_000 < 1.7
    assert not ear.speaking
    assert 2850 <= ear.heard_ms <= 3000


@given(
    cuts=st.lists(st.integers(min_value=1, max_value=900), min_size=1, max_size=40),
)
def test_any_cut_of_the_stream_gives_the_same_events(cuts: list[int]) -> None:
    """The sizes of the pieces that audio comes in do not matter."""
    stream = SILENT * 25 + LOUD * 25 + SILENT * 50
    whole = make_ear().hear(stream)
    ear, found, begin = make_ear(), [], 0
    while begin < len(stream):
        size = cuts[len(found) % len(cuts)]
        found += ear.hear(stream[begin : begin + size])
        begin += size
    assert [(type(event), event.at_ms) for event in found] == [
        (type(event), event.at_ms) for event in whole
    ]


def test_a_click_is_no_speech() -> None:
    """A single loud window starts nothing."""
    ear = make_ear()
    assert ear.hear(SILENT * 20 + LOUD[:64] + SILENT * 20) == []


def test_a_pause_is_no_end() -> None:
    """A pause shorter than the silence belongs to the utterance."""
    found = make_ear(silence_ms=600).hear(LOUD * 20 + SILENT * 15 + LOUD * 20 + SILENT * 40)
    assert [type(event) for event in found] == [SpeechStarted, SpeechStopped]


def test_endless_speech_is_cut() -> None:
    """Speech without an end is given out in pieces of bounded length."""
    found = make_ear(max_seconds=1.0).hear(LOUD * 120)
    lengths = [len(event.pcm16k) for event in found if isinstance(event, SpeechStopped)]
    assert len(lengths) == 2
    assert max(lengths) <= 16_000


def test_samples_at_the_ears_own_rate() -> None:
    """Floats at 16 kHz are heard without resampling."""
    ear = make_ear()
    assert ear.hear_samples(np.full(16_000, 0.5, np.float32)) == [SpeechStarted(at_ms=0)]


def test_flush_and_clear() -> None:
    """What is being said can be taken early or forgotten."""
    ear = make_ear()
    assert ear.flush() is None
    ear.hear(LOUD * 20)
    assert ear.speaking
    utterance = ear.flush()
    assert utterance is not None
    assert len(utterance) > 4_000
    ear.hear(LOUD * 20)
    ear.clear()
    assert not ear.speaking
