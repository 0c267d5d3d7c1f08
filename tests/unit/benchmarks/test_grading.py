"""The grader's arithmetic and its truth, without a speech model."""

import wave
from pathlib import Path

import numpy as np
import pytest

from opendeep.practice.exchange_sounds import Clip
from opendeep.practice.records import SaidLine
from tests.integration import grading

CLIPS = {
    "slow/hello": Clip(text="Hello there, how are you?", mulaw=bytes(8_000)),
    "fast/hello": Clip(text="Hello there, how are you?", mulaw=bytes(4_000)),
    "fast/bye": Clip(text="Goodbye.", mulaw=bytes(2_400)),
}


def said(text: str, start_ms: int, end_ms: int, *, complete: bool = True) -> SaidLine:
    """Make a line of a callee's record."""
    return SaidLine(text=text, start_ms=start_ms, end_ms=end_ms, complete=complete)


class Parrot:
    """Understands of a side how loud it is: a recogniser without a model."""

    def __init__(self, words: dict[bool, str]) -> None:
        self._words = words

    def transcribe(self, samples: grading.Samples) -> str:
        """Return the words for a loud or for a silent side."""
        return self._words[bool(np.abs(samples).max() > 0.1)]


def write_wav(path: Path, sides: "np.ndarray[tuple[int, int], np.dtype[np.int16]]") -> None:
    """Write samples, one column a side, at 8 kHz."""
    with wave.open(str(path), "wb") as recording:
        recording.setnchannels(sides.shape[1])
        recording.setsampwidth(2)
        recording.setframerate(8_000)
        recording.writeframes(sides.astype("<i2").tobytes())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Tuesday at two thirty in the afternoon.", "Tuesday at 2:30 in the afternoon"),
        ("at two thirty", "at 230"),
        ("at two thirty", "at 2.30"),
        ("at two thirty", "at 2 30"),
        ("at nine oh five", "at 905"),
        ("at four", "at 4:00"),
        ("three p.m.", "3 PM"),
        ("three p m", "3pm"),
        ("four o'clock", "4 o\u2019clock"),
        ("ninety five dollars", "$95"),
        ("log in", "login"),
        ("A check up and cleaning", "a checkup and cleaning"),
        ("the voicemail of", "the voice mail of"),
        ("Goodbye.", "Good bye!"),
        ("All right, okay", "alright ok"),
        ("an A.I. assistant", "an AI assistant"),
        ("I will probably", "I will probably..."),
        ("I will\u2026", "I will"),
        ("Mm-hm, yes.", "Mhm, yes."),
        ("I'm calling", "I am calling"),
    ],
)
def test_what_sounds_alike_is_alike(one: str, other: str) -> None:
    """Two spellings of the same sounds are normalised to the same words."""
    assert grading.normalise(one) == grading.normalise(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Tuesday at two thirty", "Thursday at two thirty"),
        ("at two thirty", "at two fifteen"),
        ("at four", "at five"),
        ("in the morning", "in the afternoon"),
        ("three p.m.", "three a.m."),
        ("do call again", "do not call again"),
    ],
)
def test_what_sounds_different_stays_different(one: str, other: str) -> None:
    """The fixes forgive no word that was misunderstood."""
    assert grading.normalise(one) != grading.normalise(other)


@pytest.mark.parametrize(
    ("truth", "heard", "errors", "words"),
    [
        ("yes this is it", "yes this is it", 0, 4),
        ("yes this is it", "yes that is it", 1, 4),
        ("yes this is it", "yes it", 2, 4),
        ("yes this is it", "oh yes this is really it", 2, 4),
        ("yes", "", 1, 1),
        ("", "beep beep", 2, 0),
        ("", "", 0, 0),
    ],
)
def test_errors_are_counted(truth: str, heard: str, errors: int, words: int) -> None:
    """Wrong, missing and invented words count one each."""
    side = grading.grade_side(truth, heard)
    assert (side.errors, side.words) == (errors, words)
    assert side.rate == pytest.approx(errors / max(words, 1))


def test_differences_are_shown() -> None:
    """Both texts are shown, and what was understood where nothing was said."""
    shown = grading.grade_side("at two", "at five").differences()
    assert "at 2" in shown
    assert "at 5" in shown
    assert "beep" in grading.grade_side("", "beep").differences()


def test_the_average_weighs_words() -> None:
    """A long call counts for more than a short one: all errors over all words."""
    right = grading.grade_side("one two three four five six seven eight nine", "")
    nothing = grading.grade_side("", "")
    perfect = grading.grade_side(*["hello again my dear old friend"] * 2)
    calls = [
        grading.CallGrade(callee=grading.grade_side("a b c", "a b x"), ai=nothing),
        grading.CallGrade(callee=perfect, ai=perfect),
    ]
    assert grading.micro_average(calls) == (pytest.approx(1 / 15), 15)
    assert grading.micro_average([]) == (0.0, 0)
    assert right.errors == right.words


def test_a_call_is_graded_by_its_sides(tmp_path: Path) -> None:
    """The left side is compared with the callee's words, the right one with the AI's."""
    sides = np.zeros((8_000, 2), np.int16)
    sides[:, 1] = 20_000 * np.sin(np.arange(8_000) / 3)
    write_wav(tmp_path / "call.wav", sides)

    grade = grading.grade_call(
        tmp_path / "call.wav",
        callee="good morning",
        ai="hello there",
        recogniser=Parrot({False: "good morning", True: "hello you there"}),
    )

    assert (grade.callee.errors, grade.ai.errors) == (0, 1)
    assert (grade.errors, grade.words) == (1, 4)


def test_sides_are_read_at_the_ear_rate(tmp_path: Path) -> None:
    """A second of a recording becomes a second at 16 kHz of each side."""
    write_wav(tmp_path / "call.wav", np.full((8_000, 2), (0, 16_384), np.int16))
    left, right = grading.read_sides(tmp_path / "call.wav")
    assert len(left) == len(right) == grading.EAR_RATE
    assert left[8_000] == pytest.approx(0.0)
    assert right[8_000] == pytest.approx(0.5, abs=0.01)


def test_another_form_is_refused(tmp_path: Path) -> None:
    """A recording that is not stereo is refused instead of being misread."""
    write_wav(tmp_path / "call.wav", np.zeros((80, 1), np.int16))
    with pytest.raises(ValueError, match="stereo"):
        grading.read_sides(tmp_path / "call.wav")


def test_the_callee_said_its_lines_in_time_order() -> None:
    """Complete lines are taken whole, by their beginnings."""
    record = [said("Goodbye.", 5_000, 5_300), said("Hello there, how are you?", 0, 500)]
    assert grading.callee_truth(record, CLIPS) == "Hello there, how are you? Goodbye."


@pytest.mark.parametrize(
    ("voice_ms", "expected"), [(1_000, "Hello there,"), (500, "Hello there, how are you?")]
)
def test_a_broken_line_is_cut_by_the_voice_that_spoke_it(voice_ms: int, expected: str) -> None:
    """Half a second is half of the slow voice's sentence and all of the fast one's."""
    record = [
        said("Hello there, how are you?", 0, voice_ms),
        said("Hello there, how are you?", 3_000, 3_500, complete=False),
    ]
    assert grading.callee_truth(record, CLIPS) == f"Hello there, how are you? {expected}"


@pytest.mark.parametrize(
    ("fraction", "expected"),
    [
        (0.0, ""),
        (0.2, "One"),
        (0.5, "One extraordinarily"),
        (0.9, "One extraordinarily long"),
        (1.0, "One extraordinarily long word"),
        (1.2, "One extraordinarily long word"),
    ],
)
def test_a_part_of_a_sentence(fraction: float, expected: str) -> None:
    """A word was spoken when half of its time was; a longer word takes longer."""
    assert grading.spoken_part("One extraordinarily long word", fraction) == expected


def test_the_ai_said_its_lines_without_what_was_cut() -> None:
    """The AI's truth is its transcript lines by time; the mark of a cut is no word."""
    transcript = [
        {"speaker": "callee", "text": "Hello?", "start_ms": 0},
        {"speaker": "ai", "text": "Thank you.", "start_ms": 900},
        {"speaker": "ai", "text": "Hello, I am calling\u2014", "start_ms": 500},
        {"speaker": "system", "text": "Keys sent: 2", "start_ms": 700},
    ]
    assert grading.ai_truth(transcript) == "Hello, I am calling Thank you."
