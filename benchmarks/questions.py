# ruff: noqa: INP001 - a script, run by its path
"""Questions of many live calls at once: how soon a page shows them, how soon a call has its answer.

    python benchmarks/questions.py --json

lets 100 calls of two users ask in the same moment, on the real web server, its WebSockets, the
feedback manager and SQLite in a file. Each user has two pages; one is closed and reopened
meanwhile, every tenth callee hangs up, both pages of a user answer every question differently in
the same moment (all of them within ``--spread`` seconds), and the other user tries to answer, too.
Exit code 1 where an answer was applied twice or
not at all, a foreign or late one was taken, or a page or a call waited longer than the goals say.

    python benchmarks/questions.py --spoken 6 --json

makes practice calls instead, and measures from the user's answer to its first sound on the line.
"""

import argparse
import asyncio
import json
import logging
import math
import sys
import tempfile
from pathlib import Path
from typing import Any

import structlog

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.spoken_answers import spoken
from tests.integration.questions_rig import play

PAGE_MOST_MS = 1000
CALL_MOST_MS = 2000


def is_good(figures: dict[str, Any]) -> bool:
    """Say whether the goals are met."""
    answered = figures["answers_taken"]
    exact = figures["calls_with_exactly_one_answer"] == answered == figures["answers_refused"]
    strict = set(figures["foreign_answers"]) == {"404"} and not figures["calls_with_more"]
    late = set(figures["answers_after_the_hang_up"]) == {"409"}
    page, call = figures["question_to_page_p95_ms"], figures["answer_to_call_p95_ms"]
    shown = figures["each_page_saw_all_of_its_user"]
    return exact and strict and late and shown and page <= PAGE_MOST_MS and call <= CALL_MOST_MS


def spoken_in_time(figures: dict[str, Any]) -> bool:
    """Say whether 19 of 20 answers were on the line in time, and every call asked and was heard."""
    waits = figures["answer_to_spoken_ms"]
    if figures["practice_questions_answered"] != figures["practice_calls"] or not waits:
        return False
    p95 = waits[max(0, math.ceil(0.95 * len(waits)) - 1)]
    return not figures["answers_never_heard"] and p95 <= CALL_MOST_MS


def main() -> int:
    """Measure, print, and say by the exit code whether the goals are met."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=100, help="calls that ask at once (even)")
    parser.add_argument("--spread", type=float, default=20.0, help="seconds all answers take")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--spoken", type=int, metavar="N", help="N practice calls, heard to speak")
    parser.add_argument("--at-once", type=int, default=2, help="of them at once")
    options = parser.parse_args()
    if options.spoken:
        heard = asyncio.run(spoken(options.spoken, options.at_once))
        sys.stdout.write(f"{json.dumps(heard)}\n")
        return 0 if spoken_in_time(heard) else 1
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with tempfile.TemporaryDirectory() as directory:
        figures = asyncio.run(play(Path(directory), options.calls, spread_seconds=options.spread))
    if options.json:
        sys.stdout.write(f"{json.dumps(figures)}\n")
    else:
        sys.stdout.writelines(f"{name}: {value}\n" for name, value in figures.items())
    return 0 if is_good(figures) else 1


if __name__ == "__main__":
    sys.exit(main())
