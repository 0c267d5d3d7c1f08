# ruff: noqa: INP001 - a script, run by its path
"""How well recorded practice calls can be understood by an engine that is not the product's own.

    python benchmarks/recordings.py --json

runs real practice calls (the whole product, recording on), lets Whisper listen to each side of
each recording, and prints the word error rates against what was really said. What the truth is and
how texts are compared stands in ``tests/integration/grading.py``.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from opendeep.bootstrap.rehearsal import RehearsalResult, rehearse
from opendeep.practice.exchange_sounds import load_clips
from tests.integration import grading
from tests.integration.whisper_ear import WhisperEar

CALLEES: Final = ("00", "04", "05", "06", "08", "09", "13", "15", "16", "17")
GOAL: Final = "Book me a dental cleaning at Bright Smile Dental next week, afternoons"
_ANSWER: Final = "Take it"

Grades = dict[str, grading.CallGrade]
Tell = Callable[[str], None]


def place_calls(callees: Sequence[str], keep: Path, *, tell: Tell) -> list[RehearsalResult]:
    """Call these callees side by side; everything stays in ``keep``."""
    return asyncio.run(rehearse(GOAL, callees, (_ANSWER,), tell=tell, keep=keep))


def grade_calls(results: Sequence[RehearsalResult], recogniser: grading.Recogniser) -> Grades:
    """Listen to the recordings of calls and compare them with what was said.

    Raises:
        ValueError: a call left no recording or no record of its callee.
    """
    clips = load_clips()
    grades: Grades = {}
    for result in results:
        if result.recording is None or result.record is None:
            raise ValueError(f"The call to {result.callee} left no recording: {result.faults}")
        grades[result.callee] = grading.grade_call(
            result.recording,
            callee=grading.callee_truth(result.record.said, clips),
            ai=grading.ai_truth(result.transcript),
            recogniser=recogniser,
        )
    return grades


def figures(grades: Grades, seconds: float) -> dict[str, Any]:
    """Return the result as the benchmark's JSON has it; rates are fractions of 1."""
    rate, words = grading.micro_average(grades.values())
    return {
        "callees": {
            dd: {
                "wer_callee": round(grade.callee.rate, 4),
                "wer_ai": round(grade.ai.rate, 4),
                "words": grade.words,
            }
            for dd, grade in sorted(grades.items())
        },
        "wer": round(rate, 4),
        "words": words,
        "seconds": round(seconds, 1),
    }


def table(found: dict[str, Any]) -> str:
    """Return the result as a table for people."""
    rows = ["| Callee | callee's side | AI's side | words |", "|---|---|---|---|"]
    rows += [
        f"| `{dd}` | {one['wer_callee']:.1%} | {one['wer_ai']:.1%} | {one['words']} |"
        for dd, one in found["callees"].items()
    ]
    rows.append(f"| **all** | **{found['wer']:.1%}** over both sides | | {found['words']} |")
    return "\n".join(rows)


def main() -> None:
    """Place the calls, grade them, print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--callee", action="append", choices=CALLEES, help="one of them; repeat")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--differences", action="store_true", help="show wrong words on stderr")
    parser.add_argument("--keep", type=Path, help="an empty folder where recordings stay")
    arguments = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="opendeep-recordings-") as folder:
        keep = arguments.keep or Path(folder)
        results = place_calls(arguments.callee or CALLEES, keep, tell=_tell)
        grades = grade_calls(results, WhisperEar())
    for result in results:
        _tell(result.summary_line())
    if arguments.differences:
        _show_differences(grades)
    found = figures(grades, time.monotonic() - began)
    sys.stdout.write((json.dumps(found) if arguments.json else table(found)) + "\n")


def _show_differences(grades: Grades) -> None:
    for dd, grade in grades.items():
        for name, side in (("callee", grade.callee), ("ai", grade.ai)):
            if side.errors:
                _tell(f"{dd} {name}: {side.errors} of {side.words}\n{side.differences()}")


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    main()
