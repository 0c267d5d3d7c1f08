"""Hearing on a telephone line: µ-law in, the beginnings and ends of speech out.

Sans-IO and one object a stream. Resampling from 8 to 16 kHz is done by ``soxr``: with linear
interpolation the recogniser hears "two day" for "Tuesday". Frames that are practically silent
never reach the voice activity detector, which is what keeps an idle line almost free.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt
import soxr  # type: ignore[import-untyped]

from opendeep.audio_processing_service import pcm

Samples = npt.NDArray[np.float32]

LINE_RATE: Final = 8_000
EAR_RATE: Final = 16_000
_WINDOW: Final = 512
_WINDOW_MS: Final = _WINDOW * 1_000 / EAR_RATE
_FULL_SCALE: Final = 32_768.0
_QUIET_PEAK: Final = 0.004
_ONSET_WINDOWS: Final = 2


class Vad(Protocol):
    """A voice activity detector with the memory of one stream."""

    def probability(self, window: Samples) -> float:
        """Return how likely 512 samples at 16 kHz (float, -1 to 1) hold speech, 0 to 1."""
        ...


VadFactory = Callable[[], Vad]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechStarted:
    """Somebody began to speak; ``at_ms`` counts from the stream's start, less the prefix."""

    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechStopped:
    """Somebody fell silent for the ear's ``silence_ms``.

    Attributes:
        at_ms: when the silence was long enough, from the stream's start.
        pcm16k: the utterance with its prefix and the silence after it, 16 kHz, -1 to 1.
    """

    at_ms: int
    pcm16k: Samples


def decode_mulaw(mulaw: bytes) -> Samples:
    """Decode G.711 µ-law bytes to floats between -1 and 1, one per byte."""
    pcm16 = np.frombuffer(pcm.mulaw_to_pcm(mulaw), dtype="<i2")
    return pcm16.astype(np.float32) / np.float32(_FULL_SCALE)


class Ear:
    """Finds utterances in one stream of audio.

    Args:
        vad: the stream's own detector.
        silence_ms: so much silence ends an utterance.
        threshold: probability from which a window of 32 ms counts as speech.
        prefix_ms: so much audio before the onset belongs to the utterance.
        max_seconds: an utterance is cut here, so that endless speech is bounded in memory.
    """

    def __init__(
        self,
        *,
        vad: Vad,
        silence_ms: int = 600,
        threshold: float = 0.5,
        prefix_ms: int = 300,
        max_seconds: float = 30.0,
    ) -> None:
        self._vad = vad
        self._silence_windows = max(1, round(silence_ms / _WINDOW_MS))
        self._threshold = threshold
        self._prefix_windows = max(0, round(prefix_ms / _WINDOW_MS))
        self._max_windows = int(max_seconds * 1_000 / _WINDOW_MS)
        self._resampler: soxr.ResampleStream | None = None
        self._rest: Samples = np.zeros(0, np.float32)
        self._kept: list[Samples] = []
        self._windows = 0
        self._onset = 0
        self._silent = 0
        self.speaking = False

    @property
    def heard_ms(self) -> int:
        """How much audio was judged so far."""
        return int(self._windows * _WINDOW_MS)

    def hear(self, mulaw: bytes) -> list[SpeechStarted | SpeechStopped]:
        """Take µ-law at 8 kHz, any length; return what it settled, in order."""
        return self.hear_samples(decode_mulaw(mulaw), rate=LINE_RATE)

    def hear_samples(
        self, samples: Samples, *, rate: int = EAR_RATE
    ) -> list[SpeechStarted | SpeechStopped]:
        """Take floats between -1 and 1 at ``rate``, which must stay the same for the stream."""
        if rate != EAR_RATE:
            if self._resampler is None:
                self._resampler = soxr.ResampleStream(rate, EAR_RATE, 1, dtype="float32")
            samples = self._resampler.resample_chunk(samples)
        pending = np.concatenate((self._rest, samples)) if len(self._rest) else samples
        found: list[SpeechStarted | SpeechStopped] = []
        full = len(pending) - len(pending) % _WINDOW
        for begin in range(0, full, _WINDOW):
            found += self._judge(pending[begin : begin + _WINDOW])
        self._rest = pending[full:]
        return found

    def flush(self) -> Samples | None:
        """Take the utterance that is being spoken as if it had ended now, or None."""
        if not self.speaking:
            return None
        return self._end().pcm16k

    def clear(self) -> None:
        """Forget what is kept; the stream's clock runs on."""
        self._kept = []
        self._onset = self._silent = 0
        self.speaking = False

    def _judge(self, window: Samples) -> list[SpeechStarted | SpeechStopped]:
        self._windows += 1
        self._kept.append(window)
        loud = float(np.abs(window).max()) > _QUIET_PEAK
        is_speech = loud and self._vad.probability(window) >= self._threshold
        if self.speaking:
            return self._go_on(is_speech=is_speech)
        del self._kept[: -(self._prefix_windows + _ONSET_WINDOWS)]
        self._onset = self._onset + 1 if is_speech else 0
        if self._onset < _ONSET_WINDOWS:
            return []
        self.speaking = True
        self._silent = 0
        begin = self._windows - len(self._kept)
        return [SpeechStarted(at_ms=int(begin * _WINDOW_MS))]

    def _go_on(self, *, is_speech: bool) -> list[SpeechStarted | SpeechStopped]:
        self._silent = 0 if is_speech else self._silent + 1
        if self._silent < self._silence_windows and len(self._kept) < self._max_windows:
            return []
        return [self._end()]

    def _end(self) -> SpeechStopped:
        utterance = np.concatenate(self._kept)
        self.clear()
        return SpeechStopped(at_ms=self.heard_ms, pcm16k=utterance)
