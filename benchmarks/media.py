# ruff: noqa: INP001 - a script, run by its path
"""How many calls one core carries, and how late their sound is.

    python benchmarks/media.py --json

One core is given to the system under test, the other to the far ends: a load of AudioSocket calls
(``media_rig/audiosocket_load.c``) and a Realtime server that echoes (``media_rig/
realtime_server.c``). In one run, one after the other: the product's media path with transcript,
events and recording; the minimal paced relay (uvloop, picows); a plain relay (asyncio streams,
``websockets``, ``json``); the product with PCM of 24 kHz from the voice service; the product with
ten more calls begun each second, of which only those are measured that ran before; and once more,
with a load and a Realtime server that were written apart from the first (``media_rig/second_*``,
uvloop), product, minimal relay, and the product over TLS. A level of calls *holds* when no frame
is lost, the 99th percentile is at most 20 ms above the unloaded one (10 calls), and no frame is
later than the unloaded median by 60 ms.

``calls`` is how many the product held; ``p50_ms``, ``p99_ms``, ``lost`` and ``late`` are of that
level, ``cpu_ratio`` is the product's processor time a call over the minimal relay's, at the most
calls at which both were measured and held.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.media_rig import build

UNLOADED: Final = 10
LEVELS: Final = {
    "product": (10, 100, 200, 300, 400),
    "relay_minimal": (10, 100, 200, 300, 400, 500, 600),
    "relay_plain": (10, 100, 200),
    "product_pcm": (10, 200),
    "product_arriving": (10, 100),
    "second_product": (10, 200),
    "second_relay_minimal": (10, 200),
    "second_product_tls": (10, 200),
}
ARRIVALS: Final = 10
ADDED_MS: Final = 20.0
LATE_MS: Final = 60.0
_FAR_CORE: Final = 1
_TICKS: Final = os.sysconf("SC_CLK_TCK")


class Child:
    """A process that is spoken to by lines, pinned to a core."""

    audio_port = 0

    def __init__(self, command: Sequence[str], core: int) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own programs
            ["taskset", "-c", str(core), *command],  # noqa: S607
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def tell(self, line: str) -> None:
        """Send a line."""
        assert self._process.stdin is not None  # noqa: S101 - piped above
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def hear(self) -> str:
        """Return the next line.

        Raises:
            RuntimeError: the process ended instead.
        """
        assert self._process.stdout is not None  # noqa: S101 - piped above
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._process.args!r} ended with {self._process.wait()}.")
        return line.strip()

    def end_input(self) -> None:
        """Say that no more lines come."""
        assert self._process.stdin is not None  # noqa: S101 - piped above
        self._process.stdin.close()

    def port(self) -> int:
        """Return the port that the process tells first."""
        return int(self.hear().removeprefix("port "))

    def cpu_seconds(self) -> float:
        """Return the processor time used so far."""
        stat = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(stat[11]) + int(stat[12])) / _TICKS

    def memory_kb(self) -> int:
        """Return the resident memory."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0])

    def stop(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.wait()


@contextmanager
def child(command: Sequence[str], core: int) -> Iterator[Child]:
    """Run a process while the block is open."""
    process = Child(command, core)
    try:
        yield process
    finally:
        process.stop()


def percentile(histogram: dict[str, int], share: float) -> float:
    """Return a percentile in ms of a histogram in tenths of a ms; 0 of an empty one."""
    left = sum(histogram.values()) * share
    for tenths in sorted(map(int, histogram)):
        left -= histogram[str(tenths)]
        if left <= 0:
            return tenths / 10
    return 0.0


@dataclass(frozen=True, slots=True)
class Rig:
    """One system and its far ends."""

    name: str

    @property
    def second(self) -> bool:
        """Whether the far ends are those that were written apart."""
        return self.name.startswith("second_")

    def load(self) -> list[str]:
        """Return the command of the load."""
        if self.second:
            return [sys.executable, "-m", "benchmarks.media_rig.second_load"]
        return [str(build.compiled("audiosocket_load"))]

    def voice(self, directory: Path) -> list[str]:
        """Return the command of the Realtime server; makes its certificate where it needs one."""
        if not self.second:
            return [str(build.compiled("realtime_server")), "--mode", "echo"]
        command = [sys.executable, "-m", "benchmarks.media_rig.second_server"]
        return [*command, "--tls", *_certificate(directory)] if self.tls else command

    @property
    def arriving(self) -> bool:
        """Whether more calls begin while a level is measured."""
        return self.name.endswith("_arriving")

    @property
    def tls(self) -> bool:
        """Whether the Realtime server is reached over TLS."""
        return self.name.endswith("_tls")

    def system(self, voice_port: int, directory: Path) -> list[str]:
        """Return the command of the system under test."""
        kind = self.name.removeprefix("second_")
        for suffix in ("_tls", "_pcm", "_arriving"):
            kind = kind.removesuffix(suffix)
        scheme = "wss" if self.tls else "ws"
        url = f"{scheme}://localhost:{voice_port}/v1/realtime"
        form = ["audio/pcm"] if self.name.endswith("_pcm") else []
        module = f"benchmarks.media_rig.{kind}"
        trust = ["env", f"SSL_CERT_FILE={directory}/certificate.pem"] if self.tls else []
        return [*trust, sys.executable, "-m", module, url, str(directory), *form]


def _certificate(directory: Path) -> list[str]:
    """Make a certificate for localhost; return its path and its key's."""
    paths = [str(directory / "certificate.pem"), str(directory / "key.pem")]
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "2"]
    files = ["-nodes", "-out", paths[0], "-keyout", paths[1]]
    subprocess.run([*command, *subject, *files], check=True, capture_output=True)  # noqa: S603
    return paths


def measure(rig: Rig, system: Child, calls: int, seconds: int) -> dict[str, Any]:
    """Load a system with calls; return what the far end saw and what it cost."""
    system.tell(f"prepare {calls}")
    ids = system.hear().split()
    load = [*rig.load(), "--port", str(system.audio_port)]
    arriving = rig.arriving and calls > UNLOADED
    if arriving:
        load += ["--first", str(calls)]
    times = ["--ramp-ms", str(calls * 10), "--settle-ms", "5000"]
    with child([*load, *times, "--measure-ms", str(seconds * 1000)], _FAR_CORE) as far:
        for call_id in ids:
            far.tell(call_id)
        if not arriving:
            far.end_input()
        far.hear()
        cpu = -system.cpu_seconds()
        if arriving:
            _arrive(system, far, seconds)
        far.hear()
        cpu += system.cpu_seconds()
        memory_kb = system.memory_kb()
        seen = json.loads(far.hear())
    system.tell("release")
    system.hear()
    return {
        "calls": calls,
        "cpu_per_call_percent": round(100 * cpu / seconds / calls, 4),
        "cpu_percent": round(100 * cpu / seconds, 1),
        "p50_ms": percentile(seen["latency"], 0.5),
        "p99_ms": percentile(seen["latency"], 0.99),
        "max_ms": percentile(seen["latency"], 1),
        "gap_p99_ms": percentile(seen["gaps"], 0.99),
        "sent": seen["sent"],
        "lost": seen["sent"] - seen["came_back"],
        "ended": seen["ended"],
        "blocked": seen["blocked"],
        "memory_kb": memory_kb,
        "load_late_p99_ms": percentile(seen["lateness"], 0.99),
        "latency": seen["latency"],
    }


def _arrive(system: Child, far: Child, seconds: int) -> None:
    """Begin ten more calls a second, each with its rows, its voice session and its connection."""
    due = time.monotonic()
    for _ in range(ARRIVALS * (seconds - 1)):
        system.tell("prepare 1")
        far.tell(system.hear().split()[-1])
        due += 1 / ARRIVALS
        time.sleep(max(due - time.monotonic(), 0))


def judge(level: dict[str, Any], unloaded: dict[str, Any]) -> dict[str, Any]:
    """Add whether a level holds, against the unloaded one."""
    latest = unloaded["p50_ms"] + LATE_MS
    late = sum(n for tenths, n in level.pop("latency").items() if int(tenths) / 10 > latest)
    added_ms = round(level["p99_ms"] - unloaded["p99_ms"], 1)
    holds = not (late or level["lost"] or level["ended"]) and added_ms <= ADDED_MS
    return {**level, "late": late, "added_p99_ms": added_ms, "holds": holds}


def run_system(name: str, levels: Sequence[int], seconds: int, core: int) -> list[dict[str, Any]]:
    """Measure a system level by level, until two in a row do not hold."""
    results: list[dict[str, Any]] = []
    rig = Rig(name)
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        voice = stack.enter_context(child(rig.voice(directory), _FAR_CORE))
        system = stack.enter_context(child(rig.system(voice.port(), directory), core))
        system.audio_port = system.port()
        for calls in levels:
            level = measure(rig, system, calls, seconds)
            unloaded = results[0] if results else {**level}
            results.append(judge(level, unloaded))
            sys.stderr.write(json.dumps({"system": name, **results[-1]}) + "\n")
            if [r["holds"] for r in results[-2:]] == [False, False]:
                break
    return results


def summary(levels: list[dict[str, Any]]) -> dict[str, Any]:
    """Say in a few figures what a system carries."""
    held = [level for level in levels if level["holds"]]
    most = held[-1] if held else levels[0]
    more_kb = (most["memory_kb"] - levels[0]["memory_kb"]) / max(most["calls"] - UNLOADED, 1)
    return {
        "calls": most["calls"] if held else 0,
        "cpu_per_call_percent": most["cpu_per_call_percent"],
        "unloaded_p50_ms": levels[0]["p50_ms"],
        "unloaded_p99_ms": levels[0]["p99_ms"],
        "p50_ms": most["p50_ms"],
        "p99_ms": most["p99_ms"],
        "lost": most["lost"],
        "late": most["late"],
        "memory_kb_per_call": round(more_kb, 1),
        "levels": levels,
    }


def cpu_ratio(found: dict[str, Any], product: str, relay: str) -> float | None:
    """Compare processor time at the same number of calls: a busy loop does more at a time."""
    if product not in found or relay not in found:
        return None
    other = {level["calls"]: level for level in found[relay]["levels"]}
    both = [one for one in found[product]["levels"] if one["calls"] in other]
    held = [one for one in both if one["holds"] and other[one["calls"]]["holds"]]
    if not both:
        return None
    most = (held or both)[-1]
    return round(most["cpu_per_call_percent"] / other[most["calls"]]["cpu_per_call_percent"], 2)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object (the only form)")
    parser.add_argument("--systems", nargs="+", default=list(LEVELS), choices=list(LEVELS))
    parser.add_argument("--levels", nargs="+", type=int, help="instead of each system's own")
    parser.add_argument("--seconds", type=int, default=10, help="measured time of a level")
    parser.add_argument("--core", type=int, default=0, help="the core of the system under test")
    options = parser.parse_args()
    found = {
        name: summary(
            run_system(name, options.levels or LEVELS[name], options.seconds, options.core)
        )
        for name in options.systems
    }
    figures: dict[str, Any] = dict(found.get("product", {}))
    figures.pop("levels", None)
    figures["cpu_ratio"] = cpu_ratio(found, "product", "relay_minimal")
    second = cpu_ratio(found, "second_product", "second_relay_minimal")
    sys.stdout.write(json.dumps({**figures, "second_cpu_ratio": second, "systems": found}) + "\n")


if __name__ == "__main__":
    main()
