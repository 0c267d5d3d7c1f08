# ruff: noqa: INP001 - a script, run by its path
"""Real calls with two Asterisks and OpenDeep on one machine: thousands of them, or many at once.

    python benchmarks/asterisk_calls.py soak --json
    python benchmarks/asterisk_calls.py load --calls 120 --json

``soak`` places calls that end in every way, and compares each call's row with its callee and with
what the network saw. ``load`` keeps many calls up with speech both ways and measures, at the
network, when each RTP packet came. Both need a C compiler and root, and Debian or Ubuntu for the
tests' Asterisk. ``soak`` exits with 1 where a call was judged wrongly or something was left behind.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.asterisk_rig import load, soak
from tests.integration.asterisk.servers import exchange_pair

WAYS = ("alone", "tone", "opendeep")


def main() -> None:
    """Run what is asked for; print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    kinds = parser.add_subparsers(dest="kind", required=True)
    soaking = kinds.add_parser("soak", help="calls of every kind, judged one by one")
    soaking.add_argument("--calls", type=int, default=2000)
    soaking.add_argument("--at-once", type=int, default=50)
    soaking.add_argument("--per-second", type=float, default=25.0)
    soaking.add_argument("--trace", action="store_true", help="trace Python's memory (slow)")
    soaking.add_argument("--keep", type=Path, help="a folder where rows and logs stay")
    soaking.add_argument("--json", action="store_true", help="print one JSON object")
    loading = kinds.add_parser("load", help="many calls at once, as the network hears them")
    loading.add_argument("--calls", type=int, action="append", help="repeat for several sizes")
    loading.add_argument("--way", action="append", choices=WAYS, help="default: all three")
    loading.add_argument("--seconds", type=float, default=30.0)
    loading.add_argument("--callee", default="38", help="38 talks without end, 30 echoes")
    loading.add_argument("--record", action="store_true", help="OpenDeep records the calls")
    loading.add_argument("--nice", type=int, default=0, help="OpenDeep's niceness")
    loading.add_argument("--keep", type=Path, help="a folder where rows and logs stay")
    loading.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    found = _soak(arguments) if arguments.kind == "soak" else _load(arguments)
    sys.stdout.write(json.dumps(found, indent=None if arguments.json else 1) + "\n")
    if any(found.get(name) for name in soak.MUST_BE_NONE):
        sys.exit(1)


def _soak(arguments: argparse.Namespace) -> dict[str, Any]:
    plan = soak.SoakPlan(
        calls=arguments.calls,
        at_once=arguments.at_once,
        per_second=arguments.per_second,
        trace=arguments.trace,
        keep=arguments.keep,
    )
    with exchange_pair() as pair:
        return soak.run(pair, plan, tell=_tell)


def _load(arguments: argparse.Namespace) -> dict[str, Any]:
    runs = []
    with exchange_pair() as pair:
        for calls in arguments.calls or [120]:
            plan = load.LoadPlan(
                calls=calls,
                seconds=arguments.seconds,
                callee=arguments.callee,
                record=arguments.record,
                keep=arguments.keep,
                nice=arguments.nice,
            )
            for way in arguments.way or WAYS:
                runs.append(load.run(pair, plan, way, tell=_tell))
                _tell(json.dumps(runs[-1]))
    return {"seconds": arguments.seconds, "callee": arguments.callee, "runs": runs}


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    main()
