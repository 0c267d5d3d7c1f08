"""What the callee's line sounds like, besides words: how loud it is, and whether a fax answers.

A fax machine answers with 2,100 Hz (called, CED) and calls with 1,100 Hz (CNG; ITU-T T.30). A
Goertzel filter of 20 ms is exact for both: they fall on the bins 42 and 22 of 160 samples at 8 kHz.
"""

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from opendeep.audio_processing_service import pcm

FAX_HZ: Final = (2100, 1100)
FAX_MS: Final = 600
_TONE_SHARE = 0.8
_LOUD_DBFS = -40.0
_SMOOTHING = 0.2


def _probes() -> npt.NDArray[np.float32]:
    """Return a cosine and a sine for each frequency, as columns."""
    times = np.arange(pcm.FRAME_SAMPLES) / pcm.SAMPLE_RATE
    waves = [wave(2 * np.pi * hz * times) for hz in FAX_HZ for wave in (np.cos, np.sin)]
    return np.stack(waves, axis=1).astype(np.float32)


_PROBES = _probes()


class LineEar:
    """Listens to the callee's side in 20 ms frames.

    Attributes:
        level_dbfs: loudness, smoothed over about 100 ms.
        fax: whether a fax tone was heard for 600 ms without a break; stays true.
    """

    def __init__(self) -> None:
        self.level_dbfs = pcm.SILENCE_DBFS
        self.fax = False
        self._tone_hz = 0
        self._tone_ms = 0

    def hear(self, frame: bytes) -> None:
        """Take 20 ms of signed 16-bit little endian audio; other lengths only count as loudness."""
        samples = np.frombuffer(frame, "<i2").astype(np.float32) / np.float32(32_768)
        energy = float(samples @ samples)
        power = energy / max(len(samples), 1)
        level = 10 * math.log10(power) if power > 0 else pcm.SILENCE_DBFS
        level = max(level, pcm.SILENCE_DBFS)
        self.level_dbfs += _SMOOTHING * (level - self.level_dbfs)
        if len(samples) == pcm.FRAME_SAMPLES and not self.fax:
            self._follow_tone(samples, energy, level)

    def _follow_tone(self, samples: npt.NDArray[np.float32], energy: float, level: float) -> None:
        tone_hz = self._tone(samples, energy) if level > _LOUD_DBFS else 0
        self._tone_ms = self._tone_ms + pcm.FRAME_MS if tone_hz == self._tone_hz else pcm.FRAME_MS
        self._tone_hz = tone_hz
        self.fax = bool(tone_hz) and self._tone_ms >= FAX_MS

    def _tone(self, samples: npt.NDArray[np.float32], energy: float) -> int:
        """Return the frequency that carries nearly all energy, or 0."""
        parts = samples @ _PROBES
        for index, hz in enumerate(FAX_HZ):
            cosine, sine = float(parts[2 * index]), float(parts[2 * index + 1])
            share = 2 * (cosine * cosine + sine * sine) / (pcm.FRAME_SAMPLES * energy)
            if share > _TONE_SHARE:
                return hz
        return 0
