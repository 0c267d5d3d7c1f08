"""The line's ear: loudness, and fax machines against everything else."""

import numpy as np
import pytest

from opendeep.audio_processing_service import pcm
from opendeep.audio_processing_service.tones import LineEar
from tests.unit.audio_processing_service.test_pcm import tone


def samples(sound: bytes) -> pcm.Samples:
    """Return 16-bit sound as numbers."""
    return np.frombuffer(sound, "<i2").astype(np.float32)


def hear(ear: LineEar, sound: bytes) -> LineEar:
    """Let an ear hear a sound in frames."""
    for start in range(0, len(sound), 320):
        ear.hear(samples(sound[start : start + 320]))
    return ear


@pytest.mark.parametrize("hz", [2100, 1100])
@pytest.mark.parametrize("level", [0.05, 0.9])
def test_fax_tones(hz: int, level: float) -> None:
    """Both tones are recognised after 600 ms and not before, soft or loud."""
    ear = LineEar()
    sound = tone(hz, seconds=2, rate=8000, level=level)
    assert not hear(ear, sound[: 580 * 16]).fax
    assert hear(ear, sound[580 * 16 :]).fax
    assert hear(ear, pcm.PCM_SILENCE_FRAME).fax


def test_a_tone_through_mulaw_with_noise() -> None:
    """The tone is found on a real line: companded and with noise under it."""
    noise = np.random.default_rng(1).normal(0, 300, 8000)
    noisy = np.frombuffer(tone(2100, seconds=1, rate=8000, level=0.2), "<i2") + noise
    sound = noisy.astype("<i2").tobytes()
    assert hear(LineEar(), pcm.mulaw_to_pcm(pcm.pcm_to_mulaw(sound))).fax


@pytest.mark.parametrize(
    "sound",
    [
        bytes(32_000),
        tone(440, seconds=2, rate=8000),
        tone(2100, seconds=2, rate=8000, level=0.002),
        tone(2250, seconds=2, rate=8000),
        np.random.default_rng(2).normal(0, 8000, 16_000).astype("<i2").tobytes(),
        (tone(2100, seconds=0.3, rate=8000) + bytes(1600)) * 5,
        (tone(2100, seconds=0.4, rate=8000) + tone(1100, seconds=0.4, rate=8000)) * 3,
    ],
    ids=["silence", "dial tone", "faint", "near", "noise", "beeps", "warble"],
)
def test_other_sounds_are_no_fax(sound: bytes) -> None:
    """Silence, other tones, noise and short beeps are not taken for a fax."""
    assert not hear(LineEar(), sound).fax


def test_loudness_follows_the_line() -> None:
    """The level rises and falls within a fraction of a second."""
    ear = LineEar()
    assert ear.level_dbfs == pcm.SILENCE_DBFS
    hear(ear, tone(300, seconds=0.5, rate=8000))
    assert ear.level_dbfs == pytest.approx(-9, abs=1)
    hear(ear, bytes(16_000))
    assert ear.level_dbfs < -90


def test_odd_lengths_count_as_loudness_only() -> None:
    """A frame of another length moves the level and no tone."""
    ear = LineEar()
    for _ in range(60):
        ear.hear(samples(tone(2100, seconds=0.03, rate=8000)))
    ear.hear(samples(b""))
    assert not ear.fax
    assert ear.level_dbfs > -40
