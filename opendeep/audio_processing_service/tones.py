"""What the callee's line sounds like, besides words: how loud it is, and whether a fax answers.

A fax machine answers with 2,100 Hz (called, CED) and calls with 1,100 Hz (CNG; ITU-T T.30). A
Goertzel filter of 20 ms is exact for both: they fall on the bins 42 and 22 of 160 samples at 8 kHz.
"""

from typing import Final

import numpy as np

from opendeep.audio_processing_service import pcm

FAX_HZ: Final = (2100, 1100)
FAX_MS: Final = 600
_TONE_SHARE = 0.8
_KEPT = 0.8
"""So much of the loudness is that of before, from one frame to the next."""
_LOWEST_FLOOR_DBFS = -65.0
_FLOOR_RISE_DB = 0.12
_LOUD_ENERGY = 10 ** (-40 / 10) * pcm.FRAME_SAMPLES * 32_768.0**2
"""A frame's at -40 dB."""


def _probes() -> pcm.Samples:
    """Return a cosine and a sine for each frequency, as columns."""
    times = np.arange(pcm.FRAME_SAMPLES) / pcm.SAMPLE_RATE
    waves = [wave(2 * np.pi * hz * times) for hz in FAX_HZ for wave in (np.cos, np.sin)]
    return np.stack(waves, axis=1).astype(np.float32)


_PROBES = _probes()


class LineEar:
    """Listens to the callee's side.

    Attributes:
        level_dbfs: loudness, smoothed over about 100 ms.
        floor_dbfs: loudness while nobody speaks; falls at once and rises by 6 dB a second.
        fax: whether a fax tone was heard for 600 ms without a break; stays true.
    """

    def __init__(self) -> None:
        self.level_dbfs = pcm.SILENCE_DBFS
        self.floor_dbfs = _LOWEST_FLOOR_DBFS
        self.fax = False
        self._tone_hz = 0
        self._tone_ms = 0

    def hear(self, samples: pcm.Samples) -> None:
        """Take samples of 16-bit size, best a tenth of a second at a time.

        Of several frames only the last is searched for a tone, which then counts for all of them.
        What is no whole number of frames only counts as loudness.
        """
        if not len(samples) or len(samples) % pcm.FRAME_SAMPLES:
            self._follow_level([float(samples @ samples)], max(len(samples), 1))
            return
        frames = samples.reshape(-1, pcm.FRAME_SAMPLES)
        self.hear_frames(frames, pcm.energies_of(frames))

    def hear_frames(self, frames: pcm.Samples, energies: list[float]) -> None:
        """Take whole frames, at least one, whose energies are known."""
        self._follow_level(energies, pcm.FRAME_SAMPLES)
        if not self.fax:
            energy = energies[-1]
            tone_hz = self._tone(frames[-1], energy) if energy > _LOUD_ENERGY else 0
            self._follow_tone(tone_hz, len(energies) * pcm.FRAME_MS)

    def _follow_level(self, energies: list[float], samples: int) -> None:
        """Take the loudness of pieces, so many samples each, as if they came one by one."""
        level = pcm.power_dbfs(sum(energies), samples * len(energies))
        self.level_dbfs += (1 - _KEPT ** len(energies)) * (level - self.level_dbfs)
        quietest = max(pcm.power_dbfs(min(energies), samples), _LOWEST_FLOOR_DBFS)
        self.floor_dbfs = min(quietest, self.floor_dbfs + _FLOOR_RISE_DB * len(energies))

    def _follow_tone(self, tone_hz: int, ms: int) -> None:
        self._tone_ms = self._tone_ms + ms if tone_hz == self._tone_hz else ms
        self._tone_hz = tone_hz
        self.fax = bool(tone_hz) and self._tone_ms >= FAX_MS

    def _tone(self, samples: pcm.Samples, energy: float) -> int:
        """Return the frequency that carries nearly all energy, or 0."""
        parts: list[float] = (samples @ _PROBES).tolist()
        for index, hz in enumerate(FAX_HZ):
            cosine, sine = parts[2 * index], parts[2 * index + 1]
            share = 2 * (cosine * cosine + sine * sine) / (pcm.FRAME_SAMPLES * energy)
            if share > _TONE_SHARE:
                return hz
        return 0
