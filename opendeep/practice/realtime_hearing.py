"""The input audio buffer of a Realtime session: bytes in the negotiated format, utterances out."""

from typing import Any, Final

import numpy as np
import soxr  # type: ignore[import-untyped]

from opendeep.practice.speech import (
    EAR_RATE,
    Ear,
    Samples,
    SpeechEngines,
    SpeechStarted,
    SpeechStopped,
    decode_mulaw,
)

Json = dict[str, Any]
_FULL_SCALE: Final = 32_768.0
_RATES: Final = {"audio/pcmu": 8_000, "audio/pcm": 24_000}
_BYTES_PER_MS: Final = {"audio/pcmu": 8, "audio/pcm": 48}
_SEMANTIC_SILENCE_MS: Final = 700
SHORTEST_COMMIT_MS: Final = 100


class Hearing:
    """Listens to one caller; with turn detection it finds utterances, without it it only keeps.

    Args:
        engines: where detectors come from.
        audio_input: the session's ``audio.input``.
    """

    def __init__(self, engines: SpeechEngines, audio_input: Json) -> None:
        self._engines = engines
        self._input = audio_input
        self._ear: Ear | None = None
        self._received_ms = 0.0
        self._renew()

    def configure(self, audio_input: Json) -> None:
        """Follow a session update; the stream goes on where nothing of it changed."""
        old, self._input = self._input, audio_input
        same_format = old["format"] == audio_input["format"]
        if not same_format or _detector(old) != _detector(audio_input):
            self._renew()

    def _renew(self) -> None:
        rate = _RATES[self._input["format"]["type"]]
        self._begin_ms = self._received_ms
        self._kept: list[Samples] = []
        self._odd = b""
        self._resampler = soxr.ResampleStream(rate, EAR_RATE, 1, dtype="float32")
        detector = _detector(self._input)
        self._ear = None
        if detector is not None:
            silence_ms, threshold, prefix_ms = detector
            self._ear = self._engines.new_ear(
                silence_ms=silence_ms, threshold=threshold, prefix_ms=prefix_ms
            )

    def append(self, audio: bytes) -> list[SpeechStarted | SpeechStopped]:
        """Take audio in the input format; times are ms since the session's first audio."""
        kind = self._input["format"]["type"]
        self._received_ms += len(audio) / _BYTES_PER_MS[kind]
        samples: Samples = self._resampler.resample_chunk(self._decode(kind, audio))
        if self._ear is None:
            self._kept.append(samples)
            return []
        return [self._dated(event) for event in self._ear.hear_samples(samples)]

    def _decode(self, kind: str, audio: bytes) -> Samples:
        if kind == "audio/pcmu":
            return decode_mulaw(audio)
        data = self._odd + audio
        whole = len(data) & ~1
        self._odd = data[whole:]
        return np.frombuffer(data[:whole], "<i2").astype(np.float32) / np.float32(_FULL_SCALE)

    def _dated(self, event: SpeechStarted | SpeechStopped) -> SpeechStarted | SpeechStopped:
        at_ms = int(event.at_ms + self._begin_ms)
        if isinstance(event, SpeechStarted):
            return SpeechStarted(at_ms=at_ms)
        return SpeechStopped(at_ms=at_ms, pcm16k=event.pcm16k)

    def commit(self) -> Samples | None:
        """Take what is buffered as one utterance; None when it is under 100 ms."""
        if self._ear is not None:
            return self._ear.flush()
        samples = np.concatenate(self._kept) if self._kept else np.zeros(0, np.float32)
        if len(samples) < EAR_RATE * SHORTEST_COMMIT_MS // 1_000:
            return None
        self._kept = []
        return samples

    def clear(self) -> None:
        """Forget what is buffered."""
        self._kept = []
        if self._ear is not None:
            self._ear.clear()


def _detector(audio_input: Json) -> tuple[int, float, int] | None:
    """Return silence in ms, threshold and prefix in ms of the turn detection, or None."""
    turns = audio_input["turn_detection"]
    if turns is None:
        return None
    if turns["type"] == "semantic_vad":
        return _SEMANTIC_SILENCE_MS, 0.5, 300
    return turns["silence_duration_ms"], turns["threshold"], turns["prefix_padding_ms"]
