"""Every crash point, many times: ``python -m tests.chaos.crashes --runs N``.

Each run has a database of its own. A process is killed at the point; a second one, without a
fuse, finds what was left. Then the far end's own log is asked. The last line sums up; exit code 1
if a promise was broken.
"""

import argparse
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from opendeep.call_processor_service.ami_link import AmiConfig
from opendeep.database import migrate
from opendeep.practice.network import SECRET, USERNAME
from tests.chaos.crash_child import Dialler, forked
from tests.chaos.crash_points import MAYBE_UNSEEN, UNSENT, CrashPoint
from tests.chaos.far_end import calls_that_came

ROOT = Path(__file__).parent.parent.parent
NUMBER = "+1{area}5550139"
SIDE_BY_SIDE = 65
_CRASH_SECONDS = 60.0
_SETTLE_SECONDS = 90.0
_LOOK_SECONDS = 0.1
_SETTLED = {"failed", "unresolved"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one run came to; ``fault`` is empty when every promise was kept."""

    point: CrashPoint
    fault: str
    rings: int


@dataclass(slots=True, kw_only=True)
class Run:
    """One run: its files, and the process that is at work on them."""

    point: CrashPoint
    folder: Path
    pid: int = 0
    before: list[tuple[str, str]] = field(default_factory=list)

    @property
    def file(self) -> Path:
        """Its database."""
        return self.folder / "opendeep.db"

    def fork(self, port: int, point: CrashPoint | None) -> None:
        """Let a process work on it."""
        ami = AmiConfig(host="127.0.0.1", port=port, username=USERNAME, secret=SECRET)
        dialler = Dialler(url=f"sqlite:///{self.file}", ami=ami, point=point)
        self.pid = forked(dialler, self.folder / f"{'second' if point is None else 'first'}.log")


def begin(folder: Path, number: int, point: CrashPoint) -> Run:
    """Make a database with one due task."""
    run = Run(point=point, folder=folder / str(number))
    run.folder.mkdir()
    run.file.write_bytes((folder / "empty.db").read_bytes())
    _execute(run.file, "INSERT INTO users (username) VALUES ('ada')")
    _execute(
        run.file,
        "INSERT INTO tasks (user_id, title, phone_number, goal, max_attempts)"
        " VALUES (1, 'Call', ?, 'ask for the time', 1)",
        NUMBER.format(area=212 + number % 90),
    )
    return run


def batch(runs: list[Run], port: int, recorder_log: Path) -> list[Finding]:
    """Kill a process at each run's point, let another find what is left, and judge."""
    for run in runs:
        run.fork(port, run.point)
    deadline = time.monotonic() + _CRASH_SECONDS
    codes = [_wait(run.pid, deadline) for run in runs]
    for run in runs:
        run.before = _rows(run.file)
        run.fork(port, None)
    deadline = time.monotonic() + _SETTLE_SECONDS
    while time.monotonic() < deadline and not all(_is_settled(_rows(run.file)) for run in runs):
        time.sleep(_LOOK_SECONDS)
    for run in runs:
        os.kill(run.pid, signal.SIGKILL)
        os.waitpid(run.pid, 0)
    came = calls_that_came(recorder_log)
    return [_judge(run, code, came) for run, code in zip(runs, codes, strict=True)]


def _judge(run: Run, code: int, came: Counter[str]) -> Finding:
    after = _rows(run.file)
    ids = {call for call, _ in run.before[1:] + after[1:]}
    rings = [came.get(f"od-{call}", 0) for call in ids]
    fault = _fault(run.point, after, rings)
    if code != signal.SIGKILL:
        fault = "the point was not reached"
    return Finding(point=run.point, fault=fault, rings=sum(rings))


def _fault(point: CrashPoint, rows: list[tuple[str, str]], rings: list[int]) -> str:
    (status, _), *calls = rows
    if not _is_settled(rows):
        return f"not settled: {rows}"
    if max(rings, default=0) > 1 or sum(rings) > 1:
        return f"rang {sum(rings)} times"
    if sum(rings) != (0 if point in MAYBE_UNSEEN else 1):
        return f"rang {sum(rings)} times"
    expected = "ended" if point in UNSENT or point is CrashPoint.AFTER_END_COMMIT else "lost"
    if [state for _, state in calls] != [expected]:
        return f"calls {calls}"
    return "" if status == ("unresolved" if expected == "lost" else "failed") else f"task {status}"


def _is_settled(rows: list[tuple[str, str]]) -> bool:
    """Whether the task has its one call, and that is over."""
    return rows[0][0] in _SETTLED and len(rows) > 1


def _rows(file: Path) -> list[tuple[str, str]]:
    """Return the task's status, then each call's id and status."""
    with sqlite3.connect(file, timeout=10) as connection:
        task = connection.execute("SELECT status, '' FROM tasks").fetchall()
        calls = connection.execute("SELECT id, status FROM calls").fetchall()
    connection.close()
    return [*task, *calls]


def _execute(file: Path, statement: str, *values: str) -> None:
    with sqlite3.connect(file, timeout=10) as connection:
        connection.execute(statement, values)
    connection.close()


def _wait(pid: int, deadline: float) -> int:
    """Wait for a process's end; return the signal that ended it, or 0."""
    while time.monotonic() < deadline:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        time.sleep(_LOOK_SECONDS / 5)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return 0


def crash_everywhere(runs: int, points: list[CrashPoint]) -> list[Finding]:
    """Run every point so many times."""
    with tempfile.TemporaryDirectory(prefix="opendeep-crash-") as name, ExitStack() as stack:
        folder = Path(name)
        migrate.upgrade(f"sqlite:///{folder / 'empty.db'}")
        log, address = folder / "far_end.log", str(folder / "far_end.socket")
        log.touch()
        _child(stack, ["tests.chaos.far_end", address, str(log)])
        port = int(_child(stack, ["tests.chaos.exchange_child", address]).split()[1])
        points = points * runs
        jobs = [begin(folder, number, point) for number, point in enumerate(points)]
        parts = [jobs[at : at + SIDE_BY_SIDE] for at in range(0, len(jobs), SIDE_BY_SIDE)]
        return [finding for part in parts for finding in batch(part, port, log)]


def _child(stack: ExitStack, module: list[str]) -> str:
    process = subprocess.Popen(
        [sys.executable, "-m", *module], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    stack.callback(process.wait)
    stack.callback(process.kill)
    assert process.stdout is not None
    return process.stdout.readline()


def main() -> None:
    """Read the command line, run, and sum up."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--point", action="append", choices=[str(p) for p in CrashPoint])
    options = parser.parse_args()
    points = [CrashPoint(point) for point in options.point or CrashPoint]
    findings = crash_everywhere(options.runs, points)
    for point in points:
        mine = [finding for finding in findings if finding.point is point]
        faults = Counter(finding.fault for finding in mine if finding.fault)
        kept = sum(not finding.fault for finding in mine)
        sys.stdout.write(f"{point}: {kept} of {len(mine)} kept {dict(faults) or ''}\n")
    kept = sum(not finding.fault for finding in findings)
    sys.stdout.write(
        f"crash points: {kept} of {len(findings)} runs kept every promise"
        f" ({len(points)} points, {options.runs} runs each)\n"
    )
    sys.exit(0 if kept == len(findings) else 1)


if __name__ == "__main__":
    main()
