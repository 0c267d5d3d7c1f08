# ruff: noqa: INP001 - a script, run by its path
"""How often a call is told to have succeeded that did not: labelled calls, honest and lying models.

    python benchmarks/analysis.py --json

puts every labelled transcript (``tests/fixtures/transcripts``, made by hand, and as many dealt by a
generator as ``--dealt`` says) before the product's own judge, once with a model that answers the
truth and many times with models that lie: they claim a success with full confidence, with invented
quotes, the AI's quotes, other terms, quotes cut out of a "no", merged quotes, a false summary, and
with every line and every time that anybody named. Half of the calls are held out by a seed: the
rules were not made by looking at them. Exit code 1 where a false success was told, an opt-out was
missed, or less than 95 % of the true successes were kept.
"""

import argparse
import asyncio
import json
import logging
import sys
from pathlib import Path
from typing import Any

import structlog

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.fixtures.judging import opt_out_figures, score
from tests.fixtures.labelled_calls import SEED, all_calls

LEAST_RECALL = 0.95


async def measure(dealt: int, seed: int) -> dict[str, Any]:
    """Judge everything; return the figures of each half and of the opt-outs."""
    calls = all_calls(dealt)
    seen = await score(call for call in calls if not call.held_out(seed))
    held_out = await score(call for call in calls if call.held_out(seed))
    return {
        "calls": len(calls),
        "seen": seen.figures(),
        "held_out": held_out.figures(),
        "false_successes": len(seen.believed)
        + len(seen.honest_false)
        + len(held_out.believed)
        + len(held_out.honest_false),
        "success_recall": round(
            (seen.kept + held_out.kept) / max(seen.successes + held_out.successes, 1), 4
        ),
        **opt_out_figures(),
        "examples": [*seen.believed, *held_out.believed][:5] + [*seen.lost, *held_out.lost][:20],
    }


def main() -> int:
    """Measure, print, and say by the exit code whether the goals are met."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dealt", type=int, default=400, help="calls made by the generator")
    parser.add_argument("--seed", type=int, default=SEED, help="which half is held out")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    figures = asyncio.run(measure(options.dealt, options.seed))
    if options.json:
        sys.stdout.write(f"{json.dumps(figures)}\n")
    else:
        for name, value in figures.items():
            sys.stdout.write(f"{name}: {value}\n")
    good = figures["false_successes"] == 0 and figures["opt_out_recall"] == 1.0
    return 0 if good and figures["success_recall"] >= LEAST_RECALL else 1


if __name__ == "__main__":
    sys.exit(main())
