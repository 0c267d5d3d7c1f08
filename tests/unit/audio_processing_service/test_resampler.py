"""The resampler between 8 kHz and its multiples, against soxr's best."""

import numpy as np
import numpy.typing as npt
import pytest
import soxr  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from opendeep.audio_processing_service.pcm import StreamResampler
from opendeep.audio_processing_service.resampler import resampler

Signal = npt.NDArray[np.float64]
RATES = [(24_000, 8000), (8000, 24_000), (16_000, 8000), (8000, 16_000)]


def babble(rate: int, seconds: float = 0.5, highest_hz: int = 3300) -> bytes:
    """Return a sound of many tones up to the end of the telephone's band."""
    times = np.arange(int(seconds * rate)) / rate
    hertz = np.linspace(120, highest_hz, 23)
    waves: Signal = np.sin(2 * np.pi * hertz[:, None] * times + hertz[:, None] ** 2).sum(axis=0)
    return (900 * waves).astype("<i2").tobytes()


def numbers(pcm: bytes) -> Signal:
    """Return samples to calculate with."""
    return np.frombuffer(pcm, "<i2").astype(np.float64)


@pytest.mark.parametrize(("from_hz", "to_hz"), RATES)
def test_it_is_as_good_as_soxr(from_hz: int, to_hz: int) -> None:
    """What comes out differs from soxr's best by less than µ-law does from the samples."""
    speech = babble(from_hz)
    stream = resampler(from_hz, to_hz)
    late = to_hz * 3 // 2000
    out = numbers(stream.process(speech) + stream.flush())
    assert len(out) == len(speech) // 2 * to_hz // from_hz
    out = out[late:]
    best = soxr.resample(numbers(speech), from_hz, to_hz, quality="VHQ")[:-late]
    middle = slice(len(out) // 10, -len(out) // 10)
    error = np.square(out[middle] - best[middle]).sum() / np.square(best[middle]).sum()
    assert 10 * np.log10(error) < -38


@pytest.mark.parametrize("hertz", [4700, 5500, 7300, 10_000])
def test_what_a_telephone_cannot_carry_is_left_out(hertz: int) -> None:
    """Sound above the band does not come back as another tone."""
    times = np.arange(24_000) / 24_000
    speech = (16_000 * np.sin(2 * np.pi * hertz * times)).astype("<i2").tobytes()
    out = numbers(resampler(24_000, 8000).process(speech))[100:]
    assert np.abs(out).max() < 16_000 * 10 ** (-50 / 20)


@given(st.sampled_from(RATES), st.lists(st.integers(0, 3000), max_size=20))
def test_it_does_not_depend_on_the_pieces(rates: tuple[int, int], sizes: list[int]) -> None:
    """However a stream is cut, even within a sample, the same comes out, and so does the next."""
    speech = babble(rates[0], 0.2)
    stream = resampler(*rates)
    wanted = stream.process(speech) + stream.flush()
    out, start = b"", 0
    for size in sizes:
        out += stream.process(speech[start : start + size])
        start += size
    out += stream.process(speech[start:]) + stream.flush()
    assert len(out) == len(wanted)
    assert np.abs(numbers(out) - numbers(wanted)).max() <= 1


@pytest.mark.parametrize(("from_hz", "to_hz"), RATES)
def test_it_waits_for_nothing(from_hz: int, to_hz: int) -> None:
    """Each 20 ms come out as 20 ms, at once."""
    stream, piece = resampler(from_hz, to_hz), babble(from_hz, 0.02)
    assert [len(stream.process(piece)) for _ in range(3)] == [to_hz // 25] * 3


@pytest.mark.parametrize("hertz", [8000, 11_025, 22_050, 44_100, 96_000])
def test_other_rates_are_converted_too(hertz: int) -> None:
    """A rate that is no small multiple of a telephone's is left to soxr."""
    assert isinstance(resampler(hertz, 8000), StreamResampler)
