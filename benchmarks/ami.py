# ruff: noqa: INP001 - a script, run by its path
"""How fast manager events are read and routed, and calls asked for, beside other clients.

    python benchmarks/ami.py --json

One peer, one traffic, one run: each client in turn, as often as ``--rounds`` says; the medians are
the figures. The peer is a process of its own that replays bytes (``ami_rig/peer.py``); the events
are real ones (``ami_rig/traffic.py``). Routed means: in the queue of the channel concerned. The
other clients come with ``make bench``; without them our own figures are printed.
"""

import argparse
import importlib
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.ami_rig import ours
from benchmarks.ami_rig.figures import Measured
from benchmarks.ami_rig.traffic import Traffic, build
from opendeep.common.logger_setup import setup_logging

_RIG: Final = Path(__file__).parent / "ami_rig"
_OTHERS: Final = {
    "asterisk-ami 0.1.7": "benchmarks.ami_rig.asterisk_ami",
    "panoramisk 1.4": "benchmarks.ami_rig.panoramisk_client",
}
_INSTALL: Final = "make bench, or: uv pip install asterisk-ami==0.1.7 panoramisk==1.4"
_OURS: Final = "OpenDeep"
_ORIGINATES: Final = 6_400
_IN_FLIGHT: Final = (1, 64)

Run = Callable[[], Measured]


@contextmanager
def peer(traffic: Traffic) -> Iterator[int]:
    """Start the peer; yields its port."""
    with tempfile.TemporaryDirectory() as folder:
        files = (Path(folder) / "traffic", Path(folder) / "call")
        for file, data in zip(files, (traffic.data, traffic.call), strict=True):
            file.write_bytes(data)
        command = [sys.executable, str(_RIG / "peer.py"), *map(str, files)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:  # noqa: S603
            try:
                yield int((process.stdout or sys.stdin.buffer).readline())
            finally:
                process.kill()


def runs(port: int, traffic: Traffic, count: int) -> tuple[dict[str, Run], dict[str, Run]]:
    """Return what is measured: the replays, and the Originates, by name."""
    wanted = traffic.routed * count
    events = (port, traffic.ids, count, wanted)
    replays: dict[str, Run] = {
        _OURS: partial(ours.replay, *events),
        f"{_OURS}, name and 2 headers read": partial(
            ours.replay_and_read, *events, reader=ours.read_as_calls_do
        ),
        f"{_OURS}, all headers in a dict": partial(
            ours.replay_and_read, *events, reader=ours.read_everything
        ),
    }
    originates: dict[str, Run] = {
        f"{_OURS}, {number} at once": partial(ours.originates, port, _ORIGINATES, number)
        for number in _IN_FLIGHT
    }
    for name, module_name in _OTHERS.items():
        try:
            module = importlib.import_module(module_name)
        except ImportError:
            sys.stderr.write(f"{name} is not installed: {_INSTALL}\n")
            continue
        replays[name] = partial(module.replay, *events)
        for number in _IN_FLIGHT:
            originates[f"{name}, {number} at once"] = partial(
                module.originates, port, _ORIGINATES, number
            )
    return replays, originates


def figures(results: dict[str, list[Measured]], things: int) -> dict[str, dict[str, float]]:
    """Return things a second and CPU for each, the medians of the rounds."""
    return {
        name: {
            "per_second": round(things / statistics.median(r.wall_seconds for r in rounds)),
            "cpu_us": round(statistics.median(r.cpu_seconds for r in rounds) / things * 1e6, 2),
        }
        for name, rounds in results.items()
    }


def measure(rounds: int, count: int) -> dict[str, Any]:
    """Run everything in turn."""
    traffic = build(_RIG)
    with peer(traffic) as port:
        replays, originates = runs(port, traffic, count)
        events: dict[str, list[Measured]] = {name: [] for name in replays}
        calls: dict[str, list[Measured]] = {name: [] for name in originates}
        for _ in range(rounds):
            for name, run in replays.items():
                events[name].append(run())
            for name, run in originates.items():
                calls[name].append(run())
    found_events = figures(events, traffic.events * count)
    found_calls = figures(calls, _ORIGINATES)
    return {
        "traffic": {
            "events": traffic.events * count,
            "routed": traffic.routed * count,
            "channels_subscribed": len(traffic.ids),
            "headers_per_event": round(traffic.headers, 1),
            "bytes_per_event": round(len(traffic.data) / traffic.events),
        },
        "rounds": rounds,
        "events": found_events,
        "originates": found_calls,
        "times_as_fast_as": ratios(found_events) | ratios(found_calls),
    }


def ratios(found: dict[str, dict[str, float]]) -> dict[str, float]:
    """Return how many times as fast as each other client ours is at the same thing."""
    return {
        name: round(found[name.replace(other, _OURS)]["per_second"] / figure["per_second"], 2)
        for other in _OTHERS
        for name, figure in found.items()
        if name.startswith(other)
    }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--count", type=int, default=20, help="how often the traffic is replayed")
    options = parser.parse_args()
    setup_logging(log_format="console", level="warning")
    found = measure(options.rounds, options.count)
    sys.stdout.write(json.dumps(found, indent=None if options.json else 2) + "\n")


if __name__ == "__main__":
    main()
