"""The tones of the telephone network against speech, music and noise."""

import numpy as np
import numpy.typing as npt
import pytest

from opendeep.audio_processing_service.call_tones import BLOCK_SAMPLES, Tone, ToneEar, pitches_of
from tests.unit.audio_processing_service.test_overlap import voice

Signal = npt.NDArray[np.float64]


def tones(seconds: float, *hertz: float) -> Signal:
    """Return a mix of tones."""
    times = np.arange(int(seconds * 8000)) / 8000
    return np.asarray(np.sum([np.sin(2 * np.pi * hz * times) for hz in hertz], axis=0) * 3000)


def pause(seconds: float) -> Signal:
    """Return silence."""
    return np.zeros(int(seconds * 8000))


def heard(*parts: Signal, offset: int = 0) -> list[Tone]:
    """Return what an ear makes of these sounds, one after the other, on a line with hiss."""
    signal = np.concatenate((np.zeros(offset), *parts, pause(0.3)))
    signal = signal + np.random.default_rng(1).normal(0, 8, len(signal))
    ear, told = ToneEar(), []
    for start in range(0, len(signal) - BLOCK_SAMPLES + 1, BLOCK_SAMPLES):
        block = signal[start : start + BLOCK_SAMPLES].astype(np.float32)
        told.append(ear.hear(block if float(np.abs(block).max()) > 60 else None))
    return [tone for tone in told if tone is not None]


@pytest.mark.parametrize("offset", [0, 170, 420, 790])
@pytest.mark.parametrize(
    ("parts", "wanted"),
    [
        ((tones(0.3, 1000),), [Tone.BEEP]),
        ((tones(1.5, 440),), [Tone.BEEP]),
        ((tones(0.36, 950), tones(0.36, 1400), tones(0.38, 1777)), [Tone.OUT_OF_SERVICE]),
        ((tones(0.3, 985), tones(0.3, 1429), tones(0.38, 1777)), [Tone.OUT_OF_SERVICE]),
        ((tones(3.0, 2100),), [Tone.FAX]),
        ((tones(2.0, 440, 480),), [Tone.RINGING]),
        ((tones(1.0, 425), pause(1)), [Tone.RINGING]),
        ((tones(0.5, 480, 620), pause(0.5)) * 4, [Tone.BUSY, Tone.BUSY]),
        ((tones(0.3, 425), pause(0.3)) * 3, [Tone.BUSY]),
        ((tones(0.3, 697, 1209),), [Tone.KEY]),
        ((tones(5.0, 1000),), []),
        ((tones(2.0, 262, 330, 392),), []),
    ],
)
def test_tones(parts: tuple[Signal, ...], wanted: list[Tone], offset: int) -> None:
    """Each tone is known wherever it falls into the tenths of a second."""
    assert heard(*parts, offset=offset) == wanted


@pytest.mark.parametrize("seed", range(6))
def test_speech_and_noise_are_no_tones(seed: int) -> None:
    """Nothing is made of a voice or of a hiss."""
    hiss = np.random.default_rng(seed).normal(0, 2000, 24_000)
    assert heard(voice(seed, 24_000), pause(0.5), hiss) == []


def test_pitches() -> None:
    """A tone is measured to a few hertz; silence and three tones have no pitch."""
    (hertz,) = pitches_of(tones(0.1, 1234).astype(np.float32))
    assert hertz == pytest.approx(1234, abs=4)
    assert pitches_of(np.zeros(BLOCK_SAMPLES, np.float32)) == ()
    assert pitches_of(tones(0.1, 500, 1000, 2000).astype(np.float32)) == ()


def test_whether_a_tone_sounds() -> None:
    """It is known while it sounds, and not after."""
    ear = ToneEar()
    ear.hear(tones(0.1, 1000).astype(np.float32))
    assert ear.sounding
    ear.hear(None)
    assert not ear.sounding
