"""OpenDeep's processes as they run in production, to be killed at will."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

_ROOT = Path(__file__).parent.parent.parent
_OURS = re.compile(
    r"(OPENDEEP|ASTERISK|AUDIOSOCKET|APP_TEST|OPENAI|GOOGLE|GEMINI|PLACES|WEB|DATABASE|REDIS)_"
)


def environment(settings: dict[str, str]) -> dict[str, str]:
    """Return this process's environment with these settings and no others of OpenDeep's."""
    kept = {name: value for name, value in os.environ.items() if not _OURS.match(name)}
    return {**kept, **settings}


class Processes:
    """``opendeep serve`` once for the scheduler and insight, once for the workers with the calls.

    Whoever is killed here is started again: the workers by their parent, the parents by us, as a
    service manager does.
    """

    def __init__(self, folder: Path, settings: dict[str, str], workers: int) -> None:
        self._folder = folder
        self._environment = environment(settings)
        self._commands = {
            "scheduler and insight": ["--role", "scheduler", "--role", "insight"],
            "calls": ["--role", "calls", "--workers", str(workers)],
        }
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str) -> None:
        """Start a parent."""
        with (self._folder / f"{name.split(maxsplit=1)[0]}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                [sys.executable, "-m", "opendeep", "serve", *self._commands[name]],
                env=self._environment, cwd=self._folder, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log,
            )  # fmt: skip

    def start_all(self) -> None:
        """Start both parents."""
        for name in self._commands:
            self.start(name)

    def keep(self) -> None:
        """Start again whoever is dead."""
        for name, process in list(self._running.items()):
            if process.poll() is not None:
                self.start(name)

    def workers(self, *, older_than_seconds: float) -> list[int]:
        """Return the process ids of workers that have lived so long."""
        try:
            children = _children(self._running["calls"].pid).split()
            return [int(pid) for pid in children if _age_seconds(int(pid)) > older_than_seconds]
        except OSError:
            return []

    def kill_parent(self, name: str) -> None:
        """Kill a parent without warning."""
        self._running[name].kill()
        self._running[name].wait()

    def stop(self) -> None:
        """End both as Ctrl-C does."""
        for process in self._running.values():
            process.terminate()
        deadline = time.monotonic() + 15
        for process in self._running.values():
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


class Diallers:
    """Processes of the call side alone (``crash_child``), which need no Redis and know no hours."""

    def __init__(self, folder: Path, arguments: list[str], count: int) -> None:
        self._folder = folder
        self._arguments = arguments
        self._names = [f"dialler-{number}" for number in range(count)]
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start_all(self) -> None:
        """Start every one."""
        for name in self._names:
            self._start(name)

    def _start(self, name: str) -> None:
        with (self._folder / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                [sys.executable, "-m", "tests.chaos.crash_child", *self._arguments, name],
                cwd=_ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def keep(self) -> None:
        """Start again whoever is dead."""
        for name, process in list(self._running.items()):
            if process.poll() is not None:
                self._start(name)

    def workers(self, *, older_than_seconds: float) -> list[int]:
        """Return the process ids of those that have lived so long."""
        living = [one.pid for one in self._running.values() if one.poll() is None]
        return [pid for pid in living if _age_seconds(pid) > older_than_seconds]

    def stop(self) -> None:
        """Kill them all: what they were doing is over by then."""
        for process in self._running.values():
            process.kill()
            process.wait()


def kill(pid: int) -> bool:
    """Kill a process without warning; False when it is gone already."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def _children(pid: int) -> str:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text()


def _age_seconds(pid: int) -> float:
    started = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    up = float(Path("/proc/uptime").read_text().split()[0])
    return up - started / os.sysconf("SC_CLK_TCK")
