"""How well a recorded call can be understood: word error rates against what was really said.

The truth of a side is what its own end knows, never what a recogniser of the product heard:

* callee: the sentences of its script, as the practice exchange put them on the line. Of one that
  was broken off, the words that fit in the time that it was spoken.
* AI: the words that the voice AI sent with its sound, as the transcript keeps them; of an
  interrupted line the product keeps the words that it believes were played. Were that belief or
  the recording wrong, the two would differ, and differences are what is counted.

The engine that listens (``whisper_ear``) finds the speech itself and is told neither words nor
times. Rates are micro-averaged: all errors over all words.
"""

import re
import warnings
import wave
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import jiwer
import numpy as np
import numpy.typing as npt
import soxr

from opendeep.audio_processing_service import pcm
from opendeep.practice.exchange_sounds import Clip
from opendeep.practice.records import SaidLine

with warnings.catch_warnings():
    # Its source has invalid escapes, which the compiler reports at the first import.
    warnings.simplefilter("ignore")
    from whisper_normalizer.english import EnglishTextNormalizer

Samples = npt.NDArray[np.float32]
EAR_RATE: Final = 16_000
CUT_MARK: Final = "—"
_FULL_SCALE: Final = 32_768.0
_STEREO: Final = 2
_SAME_CLIP_MS: Final = pcm.FRAME_MS

_normalise_english = EnglishTextNormalizer()
_BEFORE: Final = (
    (re.compile(r"\.{2,}|…"), " "),  # of "probably..." Whisper's normaliser leaves a word "."
    (re.compile(r"\b(\d{1,2})[:.]00\b"), r"\1"),  # 4:00, as "four"
    (re.compile(r"\b(\d{1,2})[:.](\d\d)\b"), r"\1 \2"),  # 2:30 or 2.30, as "two thirty"
    (re.compile(r"(?i)\b([ap])\.? ?m\b\.?"), r"\1m"),  # 3 p.m., as "3 PM"
    (re.compile(r"(?i)\ba\.\s?i\b\.?"), "ai"),
    (re.compile(r"(?i)\bo['\u2019]clock\b"), "oclock"),  # else "4 o'clock" becomes "40 clock"
    (re.compile(r"(?i)\bm+-?hm+\b"), "mhm"),  # a murmur, which the normaliser drops
)
_AFTER: Final = (
    (re.compile(r"(?<=\d) (?=\d)"), ""),  # "2 30", "230": one number, however it is grouped
    (re.compile(r"\blogin\b"), "log in"),
    (re.compile(r"\bcheckup\b"), "check up"),
    (re.compile(r"\bvoice mail\b"), "voicemail"),
    (re.compile(r"\bgood bye\b"), "goodbye"),
    (re.compile(r"\balright\b"), "all right"),
    (re.compile(r"\bokay\b"), "ok"),
)


class Recogniser(Protocol):
    """Whoever listens to a recording."""

    def transcribe(self, samples: Samples) -> str:
        """Return all that is said in one side of a call: 16 kHz, -1 to 1."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SideGrade:
    """One side of one call: the truth and what was understood, both normalised."""

    truth: str
    heard: str
    errors: int
    words: int

    @property
    def rate(self) -> float:
        """The word error rate; words where nothing was said count as one error each."""
        return self.errors / max(self.words, 1)

    def differences(self) -> str:
        """Show both texts, word under word."""
        if not self.truth:
            return f"nothing was said; understood: {self.heard}"
        return str(jiwer.visualize_alignment(_aligned(self.truth, self.heard), show_measures=False))


@dataclass(frozen=True, slots=True, kw_only=True)
class CallGrade:
    """Both sides of a recorded call."""

    callee: SideGrade
    ai: SideGrade

    @property
    def words(self) -> int:
        """How many words were really said."""
        return self.callee.words + self.ai.words

    @property
    def errors(self) -> int:
        """How many of them were not understood, and words that nobody said."""
        return self.callee.errors + self.ai.errors


def normalise(text: str) -> str:
    """Bring a text to the form in which it is compared.

    Whisper's English normaliser, and fixes for what sounds alike and is left different: times
    ("2:30", "two thirty"), "3 p.m.", and words that are written as one or as two ("log in").
    """
    for pattern, form in _BEFORE:
        text = pattern.sub(form, text)
    text = str(_normalise_english(text))
    for pattern, form in _AFTER:
        text = pattern.sub(form, text)
    return text.strip()


def grade_side(truth: str, heard: str) -> SideGrade:
    """Count the words that are wrong, missing or too many."""
    truth, heard = normalise(truth), normalise(heard)
    if not truth:
        errors = len(heard.split())
        return SideGrade(truth=truth, heard=heard, errors=errors, words=0)
    aligned = _aligned(truth, heard)
    return SideGrade(
        truth=truth,
        heard=heard,
        errors=aligned.substitutions + aligned.deletions + aligned.insertions,
        words=len(truth.split()),
    )


def _aligned(truth: str, heard: str) -> Any:
    return jiwer.process_words(truth, heard)


def micro_average(grades: Iterable[CallGrade]) -> tuple[float, int]:
    """Return the word error rate over all sides of all calls, and how many words were said."""
    all_grades = list(grades)
    words = sum(grade.words for grade in all_grades)
    return sum(grade.errors for grade in all_grades) / max(words, 1), words


def grade_call(recording: Path, *, callee: str, ai: str, recogniser: Recogniser) -> CallGrade:
    """Listen to a recording and compare it with what both sides said."""
    left, right = read_sides(recording)
    return CallGrade(
        callee=grade_side(callee, recogniser.transcribe(left)),
        ai=grade_side(ai, recogniser.transcribe(right)),
    )


def read_sides(path: Path) -> tuple[Samples, Samples]:
    """Read a recording: callee (left) and AI (right), each at 16 kHz, -1 to 1.

    Raises:
        ValueError: it is not stereo, 8 kHz, 16 bit.
    """
    with wave.open(str(path), "rb") as recording:
        form = (recording.getnchannels(), recording.getframerate(), recording.getsampwidth())
        frames = recording.readframes(recording.getnframes())
    if form != (_STEREO, pcm.SAMPLE_RATE, 2):
        raise ValueError(f"{path.name} must be stereo, 8 kHz, 16 bit; it is {form}.")
    sides = np.frombuffer(frames, "<i2").reshape(-1, _STEREO).astype(np.float32) / _FULL_SCALE
    left, right = (
        soxr.resample(np.ascontiguousarray(sides[:, side]), pcm.SAMPLE_RATE, EAR_RATE)
        for side in range(_STEREO)
    )
    return left.astype(np.float32), right.astype(np.float32)


def callee_truth(said: Sequence[SaidLine], clips: Mapping[str, Clip]) -> str:
    """Return what a callee really said.

    Args:
        said: its own record.
        clips: what callees speak with, by ``speaker/line``.
    """
    voices = Counter(
        clip_id.partition("/")[0]
        for line in said
        for clip_id, clip in clips.items()
        if line.complete
        and clip.text == line.text
        and abs(clip_ms(clip) - _lasted_ms(line)) <= _SAME_CLIP_MS
    )
    texts: list[str] = []
    for line in sorted(said, key=lambda line: line.start_ms):
        lengths = {
            voices[clip_id.partition("/")[0]]: clip_ms(clip)
            for clip_id, clip in clips.items()
            if clip.text == line.text
        }
        whole_ms = lengths[max(lengths)]
        texts.append(
            line.text if line.complete else spoken_part(line.text, _lasted_ms(line) / whole_ms)
        )
    return " ".join(texts)


def clip_ms(clip: Clip) -> float:
    """Return how long a clip is."""
    return len(clip.mulaw) / pcm.MULAW_BYTES_PER_MS


def _lasted_ms(line: SaidLine) -> int:
    return line.end_ms - line.start_ms


def spoken_part(text: str, fraction: float) -> str:
    """Return the words of a sentence of which only a part was spoken; long words take longer."""
    words = text.split()
    spoken_characters = fraction * sum(map(len, words))
    kept: list[str] = []
    for word in words:
        spoken_characters -= len(word)
        if spoken_characters < -len(word) / 2:
            break
        kept.append(word)
    return " ".join(kept)


def ai_truth(transcript: Sequence[Mapping[str, Any]]) -> str:
    """Return what the AI really said, from the lines of a call's transcript."""
    lines = sorted(
        (line for line in transcript if line["speaker"] == "ai"), key=lambda line: line["start_ms"]
    )
    return " ".join(str(line["text"]).removesuffix(CUT_MARK) for line in lines)
