"""Recorded practice calls can be understood by an engine that is not the product's own."""

import sys
from pathlib import Path

import pytest

from benchmarks import recordings
from tests.integration import whisper_ear

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

IN_CI = ("00", "06")
HIGHEST_RATE = 0.10


def test_the_model_is_the_published_one() -> None:
    """The grader's model has the published hash."""
    assert (whisper_ear.verified_model() / "model.bin").is_file()


def test_both_sides_of_recordings_are_understood(tmp_path: Path) -> None:
    """The word error rate of two recorded calls is at most 10 %, over both sides."""
    results = recordings.place_calls(IN_CI, tmp_path, tell=print)
    assert {result.callee: result.faults for result in results} == {dd: [] for dd in IN_CI}

    grades = recordings.grade_calls(results, whisper_ear.WhisperEar())

    for grade in grades.values():
        sys.stdout.write(f"{grade.callee.differences()}\n{grade.ai.differences()}\n")
    found = recordings.figures(grades, seconds=0.0)
    assert found["words"] > 100
    assert all(grade.callee.words and grade.ai.words for grade in grades.values())
    assert found["wer"] <= HIGHEST_RATE, found
