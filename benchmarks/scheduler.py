# ruff: noqa: INP001 - a script, run by its path
"""How fast due tasks are claimed and finished, beside the bare statement and procrastinate.

    python benchmarks/scheduler.py --json
    python benchmarks/scheduler.py --engine sqlite --rows 100000

With a million due rows: claims per second by 1 and 4 workers (processes), 1, 10 and 100 tasks a
commit; claimed and finished in hundreds; what a poll costs with 10,000 and with all rows, and how
the database runs it; and when a user with 10 tasks is first dialled beside one with 100,000. The
bare statement is the same UPDATE on the same rows, without turns between users, straight through
the driver. PostgreSQL is one of our own, with its defaults.
"""

import argparse
import importlib.util
import json
import multiprocessing
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.scheduler_rig import fairness, loops, poll
from benchmarks.scheduler_rig.loops import Job
from benchmarks.scheduler_rig.rows import Rows, run_async, sqlite_url
from opendeep.common.logger_setup import setup_logging
from tests.postgres import new_postgres_database, running_postgres

_WORKERS: Final = (1, 4)
_COUNTS: Final = {1: 2_000, 10: 10_000, 100: 40_000}
_FEW: Final = 10_000
_PROCRASTINATE_SECONDS: Final = 8.0

Loop = Callable[..., tuple[int, float]]


def in_processes(loop: Loop, workers: int, *args: Any) -> float:
    """Run ``loop`` in so many processes at once; return tasks per second of all together."""
    spawn = multiprocessing.get_context("spawn")
    with spawn.Manager() as manager, spawn.Pool(workers) as pool:
        barrier = manager.Barrier(workers)
        found = pool.starmap(loop, [(*args, barrier.wait)] * workers)
    return sum(done for done, _ in found) / max(elapsed for _, elapsed in found)


def claims(rows: Rows, rounds: int) -> dict[str, Any]:
    """Measure claiming, ours and the bare statement in turn."""
    figures: dict[str, Any] = {}
    cases = [(batch, workers, False) for batch in _COUNTS for workers in _WORKERS]
    cases += [(100, workers, True) for workers in _WORKERS]
    for batch, workers, finishes in cases:
        job = Job(url=rows.url, count=_COUNTS[batch] // workers, batch=batch, finishes=finishes)
        both: dict[str, list[float]] = {"opendeep": [], "raw": []}
        for _ in range(rounds):
            both["raw"].append(in_processes(loops.raw, workers, job))
            both["opendeep"].append(in_processes(loops.ours, workers, job))
        name = f"{'claimed and finished' if finishes else 'claimed'}, {batch} a commit, {workers}"
        medians = {side: round(statistics.median(each)) for side, each in both.items()}
        figures[name] = {**medians, "ratio": round(medians["opendeep"] / medians["raw"], 2)}
        sys.stderr.write(f"{name}: {figures[name]}\n")
    return figures


def procrastinate_figures(url: str, rows: int) -> dict[str, Any]:
    """Measure procrastinate, where it is installed (``make bench``)."""
    if importlib.util.find_spec("procrastinate") is None:
        return {"left_out": "make bench"}
    from benchmarks.scheduler_rig import procrastinate_jobs as jobs  # noqa: PLC0415 - if it is there

    run_async(jobs.seed(url, rows))
    return {
        f"fetched, run and finished, {workers}": round(
            in_processes(jobs.work, workers, url, _PROCRASTINATE_SECONDS)
        )
        for workers in _WORKERS
    }


@contextmanager
def addresses(engine: str) -> Iterator[Callable[[str], str]]:
    """Yield what makes the address of a new database by name."""
    with ExitStack() as stack:
        if engine == "postgresql":
            server = stack.enter_context(running_postgres("shared_buffers=512MB"))
            yield lambda name: new_postgres_database(server, name)
        else:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            yield lambda name: sqlite_url(folder, name)


def measured(engine: str, options: argparse.Namespace) -> dict[str, Any]:
    """Measure one engine."""
    with addresses(engine) as address:
        few, many = Rows(address("few")), Rows(address("many"))
        few.make(_FEW)
        many.make(options.rows)
        figures: dict[str, Any] = {
            "poll": {
                str(_FEW): run_async(poll.costs(few)),
                str(options.rows): run_async(poll.costs(many)),
                "plan": run_async(poll.plans(many)),
            },
            "claims": claims(many, options.rounds),
        }
        crowd = Rows(address("crowd"))
        figures["first dial of the small user"] = run_async(fairness.first_dials(crowd))
        if engine == "postgresql":
            figures["procrastinate"] = procrastinate_figures(address("jobs"), options.rows)
    return figures


def main() -> None:
    """Measure what the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--engine", choices=["sqlite", "postgresql"], action="append")
    options = parser.parse_args()
    setup_logging(level="error", log_format="json")
    engines = options.engine or ["sqlite", "postgresql"]
    figures = {engine: measured(engine, options) for engine in engines}
    sys.stdout.write(json.dumps(figures, indent=None if options.json else 2) + "\n")


if __name__ == "__main__":
    main()
