"""Speech engines for tests: loudness is speech, transcripts are scripted, a voice of one tone."""

import asyncio
from collections import deque

import numpy as np

from opendeep.practice.speech import Samples, SpeechEngines


class LoudnessVad:
    """Takes every loud window for speech."""

    def probability(self, window: Samples) -> float:
        """Return 1 for a loud window and 0 else."""
        return float(np.abs(window).mean() > 0.05)


class ScriptedTranscriber:
    """Gives the scripted texts one after the other, then empty ones.

    Attributes:
        texts: what is still to be said; an error is raised.
        gate: transcripts wait for it.
    """

    def __init__(self) -> None:
        self.texts: deque[str | Exception] = deque()
        self.gate = asyncio.Event()
        self.gate.set()
        self.closed = 0
        self.warm = 0

    async def transcribe(self, pcm16k: Samples) -> str:
        """Return the next text."""
        del pcm16k
        await self.gate.wait()
        text = self.texts.popleft() if self.texts else ""
        if isinstance(text, Exception):
            raise text
        return text

    async def warm_up(self) -> None:
        """Count."""
        self.warm += 1

    def close(self) -> None:
        """Count."""
        self.closed += 1


class ToneSynthesizer:
    """Speaks a tone of 50 ms a character."""

    def __init__(self) -> None:
        self.spoken: list[str] = []
        self.closed = 0
        self.warm = 0
        self.error: Exception | None = None

    async def speak(self, text: str) -> Samples:
        """Return the tone."""
        return await self.speak_sentence(text)

    async def speak_sentence(self, sentence: str) -> Samples:
        """Return the tone."""
        if self.error is not None:
            raise self.error
        self.spoken.append(sentence)
        return np.full(1_200 * len(sentence), 0.25, np.float32)

    async def warm_up(self) -> None:
        """Count."""
        self.warm += 1

    def close(self) -> None:
        """Count."""
        self.closed += 1


def fake_engines() -> tuple[SpeechEngines, ScriptedTranscriber, ToneSynthesizer]:
    """Return engines of fakes, and the fakes."""
    transcriber, synthesizer = ScriptedTranscriber(), ToneSynthesizer()
    engines = SpeechEngines(
        vad_factory=LoudnessVad, transcriber=transcriber, synthesizer=synthesizer
    )
    return engines, transcriber, synthesizer


LOUD = (b"\x8f" * 8 + b"\x0f" * 8) * 10
"""20 ms of µ-law that is speech to :class:`LoudnessVad`."""

SILENT = b"\xff" * 160
"""20 ms of µ-law silence."""
