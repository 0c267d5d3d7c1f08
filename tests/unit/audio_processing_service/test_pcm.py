"""Sound as numbers: the µ-law tables, loudness and the resampler."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendeep.audio_processing_service import pcm


def tone(hz: float, *, seconds: float, rate: int, level: float = 0.5) -> bytes:
    """Make a sine as signed 16-bit little endian."""
    times = np.arange(int(seconds * rate)) / rate
    return (level * 32767 * np.sin(2 * np.pi * hz * times)).astype("<i2").tobytes()


def test_every_code_survives() -> None:
    """Each code comes back as itself; only the negative zero becomes the positive one."""
    codes = bytes(range(256))
    back = pcm.pcm_to_mulaw(pcm.mulaw_to_pcm(codes))
    assert {a: b for a, b in zip(codes, back, strict=True) if a != b} == {0x7F: 0xFF}


@pytest.mark.parametrize(
    ("code", "sample"), [(0xFF, 0), (0x80, 32124), (0x00, -32124), (0xF0, 120), (0x9A, 10876)]
)
def test_known_codes(code: int, sample: int) -> None:
    """Codes decode as ITU-T G.711 says."""
    assert np.frombuffer(pcm.mulaw_to_pcm(bytes([code])), "<i2").tolist() == [sample]


@given(st.lists(st.integers(-32768, 32767), max_size=200))
def test_encoding_is_close(samples: list[int]) -> None:
    """A sample comes back within half a step of its segment, and within the clip at the ends."""
    given_samples = np.array(samples, "<i2")
    back = np.frombuffer(pcm.mulaw_to_pcm(pcm.pcm_to_mulaw(given_samples.tobytes())), "<i2")
    wanted = np.clip(given_samples.astype(int), -32635, 32635)
    assert (np.abs(back - wanted) <= np.abs(wanted) / 16 + 8).all()


def test_odd_bytes_are_refused() -> None:
    """Half a sample cannot be encoded."""
    with pytest.raises(ValueError, match="buffer size"):
        pcm.pcm_to_mulaw(b"\0\0\0")


def test_loudness() -> None:
    """Loudness goes from digital silence to full scale."""
    assert pcm.energy_dbfs(b"") == pcm.SILENCE_DBFS
    assert pcm.energy_dbfs(pcm.MULAW_SILENCE_FRAME) == pcm.SILENCE_DBFS
    assert pcm.energy_dbfs(bytes([0x80]) * 160) == pytest.approx(-0.17, abs=0.01)
    half = pcm.pcm_to_mulaw(tone(400, seconds=0.1, rate=8000))
    assert pcm.energy_dbfs(half) == pytest.approx(-9.0, abs=0.2)


def test_silence_is_silence() -> None:
    """The two silence frames are the same 20 ms."""
    assert pcm.pcm_to_mulaw(pcm.PCM_SILENCE_FRAME) == pcm.MULAW_SILENCE_FRAME
    assert len(pcm.MULAW_SILENCE_FRAME) == pcm.FRAME_SAMPLES


@given(st.lists(st.integers(1, 3000), min_size=1, max_size=20))
def test_resampling_does_not_depend_on_the_chunks(sizes: list[int]) -> None:
    """However a stream is cut, even within a sample, the same comes out."""
    speech = tone(440, seconds=0.3, rate=24_000)
    whole = pcm.StreamResampler(24_000, 8000)
    wanted = whole.process(speech) + whole.flush()
    parts = pcm.StreamResampler(24_000, 8000)
    out, start = b"", 0
    for size in sizes:
        out += parts.process(speech[start : start + size])
        start += size
    out += parts.process(speech[start:]) + parts.flush()
    assert len(out) == len(wanted) == len(speech) // 3
    difference = np.frombuffer(out, "<i2").astype(int) - np.frombuffer(wanted, "<i2")
    assert np.abs(difference).max() <= 2


def test_resampler_keeps_the_tone_and_begins_anew() -> None:
    """A tone keeps its pitch and level, and after a flush a new stream gives the same again."""
    resampler = pcm.StreamResampler(24_000, 8000)
    speech = tone(1000, seconds=0.5, rate=24_000)
    first = resampler.process(speech) + resampler.flush()
    second = resampler.process(speech) + resampler.flush()
    assert first == second
    spectrum = np.abs(np.fft.rfft(np.frombuffer(first, "<i2")))
    assert spectrum.argmax() * 2 == 1000
    assert pcm.energy_dbfs(pcm.pcm_to_mulaw(first)) == pytest.approx(-9.0, abs=0.3)


def test_half_a_sample_waits() -> None:
    """A single byte gives nothing yet."""
    assert pcm.StreamResampler(24_000, 8000).process(b"\1") == b""
