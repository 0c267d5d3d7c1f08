"""Between the call's 8 kHz µ-law and what a voice provider speaks or wants to hear.

µ-law passes untouched, A-law (ITU-T G.711) goes through a table of 256 codes, linear samples go
through a streaming resampler. What a provider really sends is known from what it says of the
session, not from what was asked for; so both directions follow ``choose`` at any time.
"""

from typing import Final

import numpy as np

from opendeep.audio_processing_service import pcm
from opendeep.audio_processing_service.playout import PartKey
from opendeep.audio_processing_service.resampler import BlockResampler, resampler
from opendeep.common.errors import WireProtocolError

PCM_RATE: Final = 24_000
MULAW: Final = "audio/pcmu"
ALAW: Final = "audio/pcma"
PCM: Final = "audio/pcm"
_NAMES: Final = {
    MULAW: MULAW,
    "g711_ulaw": MULAW,
    ALAW: ALAW,
    "g711_alaw": ALAW,
    PCM: PCM,
    "pcm16": PCM,
}


def _alaw_samples() -> list[int]:
    samples = []
    for code in range(256):
        bits = code ^ 0x55
        exponent, mantissa = (bits >> 4) & 7, bits & 15
        size = (mantissa << 4) + 8 if exponent == 0 else ((mantissa << 4) + 0x108) << (exponent - 1)
        samples.append(size if bits & 0x80 else -size)
    return samples


_ALAW: Final = np.array(_alaw_samples(), np.int32)
_ALAW_TO_MULAW: Final = pcm.pcm_to_mulaw(_ALAW.astype("<i2").tobytes())
_MULAW: Final = np.frombuffer(pcm.mulaw_to_pcm(bytes(range(256))), "<i2").astype(np.int32)
_MULAW_TO_ALAW: Final = bytes(
    np.abs(_MULAW[:, None] - _ALAW[None, :]).argmin(axis=1).astype(np.uint8)
)


def format_of(name: str) -> str:
    """Return a format's present name, also for those of the beta protocol.

    Raises:
        WireProtocolError: a format that we cannot play.
    """
    if name not in _NAMES:
        raise WireProtocolError(f"The voice service speaks {name}.")
    return _NAMES[name]


class SpeechDecoder:
    """Turns the provider's audio into 8 kHz µ-law; one resampler for each content part.

    Args:
        rate: of linear samples.
    """

    __slots__ = (
        "_bytes_per_ms",
        "_part",
        "_rate",
        "_resampler",
        "format",
    )

    def __init__(self, rate: int = PCM_RATE) -> None:
        self.format = MULAW
        self._rate = rate
        self._bytes_per_ms = 2 * rate / 1000
        self._part: PartKey | None = None
        self._resampler: BlockResampler | pcm.StreamResampler | None = None

    def choose(self, format_name: str | None) -> None:
        """Follow what the server says it sends; None changes nothing.

        Raises:
            WireProtocolError: a format that we cannot play.
        """
        if format_name is not None:
            self.format = format_of(format_name)

    def decode(self, part: PartKey, audio: bytes) -> tuple[bytes, float]:
        """Return the µ-law and the length in ms by the provider's bytes."""
        if self.format == MULAW:
            return audio, len(audio) / pcm.MULAW_BYTES_PER_MS
        if self.format == ALAW:
            return audio.translate(_ALAW_TO_MULAW), len(audio) / pcm.MULAW_BYTES_PER_MS
        if self._resampler is None:
            self._resampler = resampler(self._rate, pcm.SAMPLE_RATE)
        tail = b""
        if part != self._part:
            tail = self.finish()
            self._part = part
        speech = tail + pcm.pcm_to_mulaw(self._resampler.process(audio))
        return speech, len(audio) / self._bytes_per_ms

    def finish(self) -> bytes:
        """Return what the resampler still holds of the part."""
        if self._part is None or self._resampler is None:
            return b""
        self._part = None
        return pcm.pcm_to_mulaw(self._resampler.flush())

    def drop(self) -> None:
        """Forget what the resampler holds."""
        self.finish()


class CallerEncoder:
    """Turns the callee's 8 kHz µ-law into what the provider hears.

    Args:
        rate: of linear samples.
    """

    __slots__ = (
        "_rate",
        "_resampler",
        "format",
    )

    def __init__(self, rate: int = PCM_RATE) -> None:
        self.format = MULAW
        self._rate = rate
        self._resampler: BlockResampler | pcm.StreamResampler | None = None

    def choose(self, format_name: str | None) -> None:
        """Follow what the server says it hears; None changes nothing.

        Raises:
            WireProtocolError: a format that we cannot make.
        """
        if format_name is not None:
            self.format = format_of(format_name)

    def encode(self, mulaw: bytes) -> bytes:
        """Return the audio in the provider's format; may be empty while the resampler fills."""
        if self.format == MULAW:
            return mulaw
        if self.format == ALAW:
            return mulaw.translate(_MULAW_TO_ALAW)
        if self._resampler is None:
            self._resampler = resampler(pcm.SAMPLE_RATE, self._rate)
        return self._resampler.process(pcm.mulaw_to_pcm(mulaw))
