# ruff: noqa: INP001 - a script, run by its path
"""What the second agent behind the voice (``CALL_CONSULT``) costs a call, on the practice callees.

    python benchmarks/consult.py --json

places the same practice calls without and with it (the whole product) and prints how they ended,
how often it was asked, its tokens, how long its answers took, and the longest time in which neither
side spoke. The practice text model answers at once and knows nothing to advise, so ``--think``
seconds are put before each of its answers: what is measured is what the callee has to bear.
"""

import argparse
import asyncio
import json
import sqlite3
import sys
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from opendeep.bootstrap.rehearsal import RehearsalResult, rehearse
from opendeep.common.ids import CallId
from opendeep.common.ports import Advice
from opendeep.config.app_config import load_config
from opendeep.task_manager.call_consultant import CONSULTED_EVENT, CallConsultant

CALLEES: Final = ("00", "04", "13", "15")
GOAL: Final = "Book me a dental cleaning at Bright Smile Dental next week, afternoons"
_ANSWER: Final = "Take it"


def think_for(seconds: float) -> None:
    """Have the second agent take so long for each answer from now on."""
    original = CallConsultant.consult

    async def consult(self: CallConsultant, call_id: CallId, question: str) -> Advice:
        await asyncio.sleep(seconds)
        return await original(self, call_id, question)

    CallConsultant.consult = consult  # type: ignore[method-assign]


def place_calls(callees: Sequence[str], folder: Path, *, consult: bool) -> list[RehearsalResult]:
    """Call these callees side by side; everything stays in ``folder``."""
    like = load_config({}, env_file=None, overrides={"call_consult": consult})

    def tell(line: str) -> None:
        sys.stderr.write(f"{'with' if consult else 'without'}: {line}\n")

    return asyncio.run(rehearse(GOAL, callees, (_ANSWER,), tell=tell, keep=folder, like=like))


def consults_in(folder: Path) -> list[dict[str, Any]]:
    """Return what each question to the second agent came to."""
    (path,) = folder.glob("*.db")
    with closing(sqlite3.connect(path)) as database:
        rows = database.execute(
            "SELECT detail FROM call_events WHERE name = ?", (CONSULTED_EVENT,)
        ).fetchall()
    return [json.loads(detail) for (detail,) in rows]


def longest_silence_ms(transcript: Sequence[dict[str, Any]]) -> int:
    """Return the longest time between two lines in which neither side spoke."""
    spoken = sorted(
        (line["start_ms"], line["end_ms"]) for line in transcript if line["speaker"] != "system"
    )
    heard_to = spoken[0][0] if spoken else 0
    longest = 0
    for start, end in spoken:
        longest = max(longest, start - heard_to)
        heard_to = max(heard_to, end)
    return longest


def figures(results: Sequence[RehearsalResult], consults: list[dict[str, Any]]) -> dict[str, Any]:
    """Return one run as the benchmark's JSON has it."""
    return {
        "callees": {
            result.callee: {
                "task_status": result.task_status,
                "as_expected": result.as_expected,
                "seconds": round(result.seconds, 1),
                "longest_silence_ms": longest_silence_ms(result.transcript),
            }
            for result in sorted(results, key=lambda one: one.callee)
        },
        "consults": len(consults),
        "tokens": sum(one["tokens"] for one in consults),
        "model_seconds": [one["seconds"] for one in consults],
    }


def main() -> None:
    """Place the calls both ways and print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--callee", action="append", help="two digits; repeat")
    parser.add_argument("--think", type=float, default=4.0, help="seconds before each answer")
    parser.add_argument("--json", action="store_true", help="print one line")
    arguments = parser.parse_args()
    think_for(arguments.think)
    found: dict[str, Any] = {"think_seconds": arguments.think}
    for name, consult in (("without", False), ("with", True)):
        with tempfile.TemporaryDirectory(prefix="opendeep-consult-") as folder:
            results = place_calls(arguments.callee or CALLEES, Path(folder), consult=consult)
            found[name] = figures(results, consults_in(Path(folder)))
    json.dump(found, sys.stdout, indent=None if arguments.json else 2)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
