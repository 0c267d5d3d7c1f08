"""What is heard while the AI speaks: a voice, the AI's own echo, noise, or nothing.

A provider's detector fires on anything loud. Here the last moments of both directions are kept,
and looked at only when the callee seems to speak over the AI, so an ordinary frame costs two
copies. An echo is a delayed, quieter copy of what was played: its waveform correlates. A voice has
a pitch: within 40 ms it repeats itself 60 to 400 times a second, which noise does not.
"""

from enum import Enum, auto
from typing import Final

import numpy as np

from opendeep.audio_processing_service import pcm
from opendeep.audio_processing_service.pcm import Samples

ECHO_DELAY_MS: Final = 600
"""The longest way of the AI's voice through the network and back."""
LOOK_MS: Final = 400
"""So much of the callee's side is looked at."""
TENTH_BYTES: Final = 100 * pcm.MULAW_BYTES_PER_MS
ECHO_CORRELATION: Final = 0.5
"""Unrelated voices reach 0.35; the echo of a telephone line is above 0.6."""
VOICED_CORRELATION: Final = 0.5
_VOICED_SHARE: Final = 0.2
_KEPT_BYTES: Final = (ECHO_DELAY_MS + LOOK_MS) * pcm.MULAW_BYTES_PER_MS
_MOST_BYTES: Final = _KEPT_BYTES + 200 * pcm.MULAW_BYTES_PER_MS
_PITCH_WINDOW: Final = 320
_SHORTEST_PITCH: Final = pcm.SAMPLE_RATE // 400
_LONGEST_PITCH: Final = pcm.SAMPLE_RATE // 60
_RISE_DB: Final = 9.0
_FULL_SCALE: Final = 32_768.0


class LastMoments:
    """The last second of one direction, µ-law.

    Attributes:
        mulaw: what is kept, always in the same place; whoever has more simply appends it.
    """

    __slots__ = ("mulaw",)

    def __init__(self) -> None:
        self.mulaw = bytearray()

    def last(self, ms: int) -> bytes:
        """Return the last ``ms`` (a second at most), less at the beginning of a call."""
        return self.last_bytes(ms * pcm.MULAW_BYTES_PER_MS)

    def last_bytes(self, count: int) -> bytes:
        """Return the last ``count`` bytes, or as many as there are."""
        return bytes(self.mulaw[-count:]) if count else b""

    def trim(self) -> None:
        """Give back the memory of what is older than a second."""
        if len(self.mulaw) > _MOST_BYTES:
            del self.mulaw[:-_KEPT_BYTES]


class LastTenth:
    """The last tenth of a second of the callee, for all who look at it.

    Attributes:
        mulaw: less at the beginning of a call.
    """

    __slots__ = ("_energies", "_level_dbfs", "_samples", "mulaw")

    def __init__(self, mulaw: bytes) -> None:
        self.mulaw = mulaw
        self._samples: Samples | None = None
        self._energies: list[float] | None = None
        self._level_dbfs: float | None = None

    @property
    def whole(self) -> bool:
        """Whether it is a whole tenth of a second."""
        return len(self.mulaw) == TENTH_BYTES

    @property
    def samples(self) -> Samples:
        """The same as numbers; decoded once."""
        if self._samples is None:
            self._samples = pcm.mulaw_to_samples(self.mulaw)
        return self._samples

    @property
    def level_dbfs(self) -> float:
        """How loud it is."""
        if self._level_dbfs is None:
            self._level_dbfs = pcm.frames_dbfs(self.energies)
        return self._level_dbfs

    @property
    def frames(self) -> Samples:
        """The samples, 20 ms in each row; what is left of a shorter beginning is left out."""
        rows = len(self.mulaw) // pcm.FRAME_SAMPLES
        return self.samples[: rows * pcm.FRAME_SAMPLES].reshape(rows, pcm.FRAME_SAMPLES)

    @property
    def energies(self) -> list[float]:
        """The sum of squares of each of the frames."""
        if self._energies is None:
            self._energies = pcm.energies_of(self.frames)
        return self._energies


class Overlap:
    """What is needed to judge two voices at a time.

    Attributes:
        callee: the last moments of the callee's side.
        played: the last moments of the AI's side, as they were played.
        paused: whether the AI's speech waits; silence is played meanwhile.
        watched: whether each frame is looked at, since the callee may take the floor.
    """

    __slots__ = ("callee", "paused", "played", "watched")

    def __init__(self) -> None:
        self.callee = LastMoments()
        self.played = LastMoments()
        self.paused = False
        self.watched = False


class Sounds(Enum):
    """What the callee's side sounds like."""

    VOICE = auto()
    ECHO = auto()
    NOISE = auto()
    NOTHING = auto()
    """No louder than the line was before."""
    DEAD = auto()
    """Digital silence: the line tells nothing, not even noise."""


def judge(callee: bytes, played: bytes, *, floor_dbfs: float) -> Sounds:
    """Say what the last moments of the callee's side hold.

    Args:
        callee: µ-law, usually :data:`LOOK_MS`.
        played: µ-law that was played up to the same moment, longer by :data:`ECHO_DELAY_MS`.
        floor_dbfs: how loud the line is when nobody speaks.
    """
    heard = _samples(callee)
    if not heard.any():
        return Sounds.DEAD
    loud = _loud_windows(heard, floor_dbfs + _RISE_DB)
    if not loud:
        return Sounds.NOTHING
    if _echoes(heard, _samples(played)):
        return Sounds.ECHO
    voiced = sum(_is_voiced(window) for window in loud)
    return Sounds.VOICE if voiced >= max(1, _VOICED_SHARE * len(loud)) else Sounds.NOISE


def _samples(mulaw: bytes) -> Samples:
    return pcm.mulaw_to_samples(mulaw) / np.float32(_FULL_SCALE)


def _loud_windows(samples: Samples, limit_dbfs: float) -> list[Samples]:
    count = len(samples) // _PITCH_WINDOW
    windows = samples[len(samples) - count * _PITCH_WINDOW :].reshape(count, _PITCH_WINDOW)
    limit = 10 ** (limit_dbfs / 10)
    return [window for window in windows if float(window @ window) / _PITCH_WINDOW > limit]


def _echoes(heard: Samples, played: Samples) -> bool:
    """Whether what is heard is a delayed copy of what was played."""
    if len(played) < len(heard) or not played.any():
        return False
    size = 1 << (len(heard) + len(played) - 1).bit_length()
    spectrum = np.fft.rfft(played, size) * np.conj(np.fft.rfft(heard, size))
    products = np.fft.irfft(spectrum, size)[: len(played) - len(heard) + 1]
    sums = np.concatenate(([0.0], np.cumsum(played.astype(np.float64) ** 2)))
    energies = sums[len(heard) :] - sums[: len(sums) - len(heard)]
    scale = np.sqrt(np.maximum(energies, 1e-9) * float(heard @ heard))
    return bool(np.max(np.abs(products) / scale) >= ECHO_CORRELATION)


def _is_voiced(window: Samples) -> bool:
    centred = window - window.mean()
    energy = float(centred @ centred)
    if energy <= 0:
        return True  # a constant is no noise
    spectrum = np.fft.rfft(centred, 2 * _PITCH_WINDOW)
    similar = np.fft.irfft(np.abs(spectrum) ** 2)[_SHORTEST_PITCH:_LONGEST_PITCH]
    # Fewer samples overlap at a longer lag; without this, low voices would count as noise.
    overlap = 1 - np.arange(_SHORTEST_PITCH, _LONGEST_PITCH) / _PITCH_WINDOW
    return bool(np.max(similar / overlap) / energy >= VOICED_CORRELATION)
