"""What the benchmark of recordings prints."""

from pathlib import Path

import pytest

from benchmarks import recordings
from opendeep.bootstrap.rehearsal import RehearsalResult
from tests.integration import grading


def grade(callee: tuple[str, str], ai: tuple[str, str]) -> grading.CallGrade:
    """Grade two pairs of truth and heard."""
    return grading.CallGrade(callee=grading.grade_side(*callee), ai=grading.grade_side(*ai))


GRADES = {
    "15": grade(("yes hello", "yes hello"), ("good day to you", "good day for you")),
    "00": grade(("a b", "a b"), ("c d", "c d")),
}


def test_figures_are_rates_by_callee_and_over_all() -> None:
    """Each callee has both rates and its words; the total is micro-averaged."""
    assert recordings.figures(GRADES, 61.23) == {
        "callees": {
            "00": {"wer_callee": 0.0, "wer_ai": 0.0, "words": 4},
            "15": {"wer_callee": 0.0, "wer_ai": 0.25, "words": 6},
        },
        "wer": 0.1,
        "words": 10,
        "seconds": 61.2,
    }


def test_the_table_has_a_row_a_callee() -> None:
    """People read the same figures as a table."""
    shown = recordings.table(recordings.figures(GRADES, 1.0)).splitlines()
    assert shown[2:] == [
        "| `00` | 0.0% | 0.0% | 4 |",
        "| `15` | 0.0% | 25.0% | 6 |",
        "| **all** | **10.0%** over both sides | | 10 |",
    ]


def test_a_call_without_recording_is_an_error() -> None:
    """A call that left nothing to listen to is no perfect call."""
    result = RehearsalResult(
        callee="00",
        task_status="failed",
        cause=None,
        seconds=1.0,
        transcript=[],
        faults=["no call reached the callee"],
        recording=Path("call.wav"),
    )
    with pytest.raises(ValueError, match="no call reached"):
        recordings.grade_calls([result], recogniser=_Deaf())


class _Deaf:
    def transcribe(self, samples: grading.Samples) -> str:
        del samples
        return ""
