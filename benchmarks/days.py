# ruff: noqa: INP001 - a script, run by its path
"""Thirty days of 50 users with 20 tasks each, in virtual time: is any task forgotten?

    python benchmarks/days.py --json

The services are the real ones, over SQLite in memory; the exchange, the people and the text model
are simulated, and each of them, and the database, fails at times. The rules that must hold on every
write are triggers in the database (``days_rig/rules_of_rows.py``). Exit 0 only when no task was
forgotten on any day, no rule was broken, and every user's tokens stayed within every day's limit.
"""

import argparse
import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.days_rig.verdict import look_for_forgotten, verdict
from benchmarks.days_rig.world import Size, open_world
from opendeep.common.logger_setup import setup_logging


async def run(size: Size) -> dict[str, Any]:
    """Let the days pass and return what came of them."""
    begun = time.monotonic()
    async with open_world(size) as world:
        found: list[str] = []
        steps_a_day = int(24 * 3600 / size.step.total_seconds())
        for _ in range(size.days):
            for _ in range(steps_a_day):
                await world.step()
            found += await look_for_forgotten(world)
        came = await verdict(world, found)
    return {**came, "seconds": round(time.monotonic() - begun, 1)}


def good(came: dict[str, Any]) -> bool:
    """Whether a run came out as it must."""
    return not (came["forgotten"] or came["violations"] or came["days_over_tokens"])


def main() -> int:
    """Run as the arguments say and print the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--tasks", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given = parser.parse_args()
    setup_logging(log_format="json", level="error")
    size = Size(days=given.days, users=given.users, tasks=given.tasks, seed=given.seed)
    came = asyncio.run(run(size))
    sys.stdout.write(json.dumps(came, indent=None if given.json else 2) + "\n")
    return 0 if good(came) else 1


if __name__ == "__main__":
    sys.exit(main())
