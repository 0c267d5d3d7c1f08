"""What the callee's side sounds like while the AI speaks."""

import numpy as np
import numpy.typing as npt
import pytest

from opendeep.audio_processing_service import pcm
from opendeep.audio_processing_service.overlap import LastMoments, Sounds, judge

Signal = npt.NDArray[np.float64]
LOOK = 3200
PLAYED = 8000
FLOOR = -60.0


def voice(seed: int, samples: int, *, level: float = 4000.0) -> Signal:
    """Return something like speech: a gliding pitch with harmonics, syllable by syllable."""
    rng = np.random.default_rng(seed)
    pitch = 120 + 60 * np.sin(np.linspace(0, rng.uniform(5, 9), samples))
    phase = 2 * np.pi * np.cumsum(pitch) / pcm.SAMPLE_RATE
    wave = sum(np.sin(n * phase + rng.uniform(0, 6)) * rng.uniform(0.2, 1) for n in range(1, 12))
    syllables = 0.3 + np.abs(np.sin(np.linspace(0, rng.uniform(8, 14), samples)))
    return np.asarray(wave * syllables * level / 4)


def mulaw(signal: Signal) -> bytes:
    """Encode a signal."""
    return pcm.pcm_to_mulaw(np.clip(signal, -32_000, 32_000).astype("<i2").tobytes())


SILENT = mulaw(np.zeros(PLAYED))
SPEECH = mulaw(voice(1, PLAYED))


@pytest.mark.parametrize("seed", range(5))
def test_a_voice_over_the_ai(seed: int) -> None:
    """Another voice is a voice, soft or loud, with noise under it or without."""
    rng = np.random.default_rng(seed)
    own = voice(seed + 10, LOOK, level=rng.uniform(500, 6000)) + rng.normal(0, 30, LOOK)
    assert judge(mulaw(own), SPEECH, floor_dbfs=FLOOR) is Sounds.VOICE


@pytest.mark.parametrize("delay_ms", [5, 80, 250, 600])
@pytest.mark.parametrize("loss_db", [6, 25])
def test_the_ais_own_echo(delay_ms: int, loss_db: int) -> None:
    """A delayed, softer and filtered copy of what was played is an echo."""
    played = voice(2, PLAYED)
    filtered = np.convolve(played, [1, 0.4, -0.2, 0.1])[:PLAYED] * 10 ** (-loss_db / 20)
    end = PLAYED - delay_ms * 8
    heard = filtered[end - LOOK : end] + np.random.default_rng(3).normal(0, 10, LOOK)
    assert judge(mulaw(heard), mulaw(played), floor_dbfs=FLOOR) is Sounds.ECHO


def test_noise() -> None:
    """A hiss has no pitch."""
    hiss = np.random.default_rng(4).normal(0, 2000, LOOK)
    assert judge(mulaw(hiss), SPEECH, floor_dbfs=FLOOR) is Sounds.NOISE


def test_a_line_that_is_as_loud_as_always() -> None:
    """What does not rise over the floor is nothing new; a dead line tells nothing at all."""
    hum = np.random.default_rng(5).normal(0, 100, LOOK)
    assert judge(mulaw(hum), SILENT, floor_dbfs=-50.0) is Sounds.NOTHING
    assert judge(SILENT[:LOOK], SPEECH, floor_dbfs=FLOOR) is Sounds.DEAD


def test_a_constant_and_the_beginning_of_a_call() -> None:
    """A constant is not taken for noise; what was played may be shorter than what is looked at."""
    assert judge(bytes([0xA0]) * LOOK, SPEECH[:100], floor_dbfs=FLOOR) is Sounds.VOICE


def test_the_last_moments_are_bounded() -> None:
    """Only the last second is kept."""
    moments = LastMoments()
    assert moments.last(400) == b""
    for number in range(500):
        moments.mulaw += bytes([number % 256]) * 160
        moments.trim()
    assert moments.last(20) == bytes([499 % 256]) * 160
    assert len(moments.last(60_000)) <= 9600
