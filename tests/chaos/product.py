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
        self._greetings = {"scheduler and insight": "insight, scheduler", "calls": "workers"}
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._log_began: dict[str, int] = {}
        self.nodes = [f"{settings['OPENDEEP_NODE']}-calls-{one + 1}" for one in range(workers)]

    def start(self, name: str) -> None:
        """Start a parent."""
        with self._log(name).open("ab") as log:
            self._log_began[name] = log.tell()
            self._running[name] = subprocess.Popen(
                [sys.executable, "-m", "opendeep", "serve", *self._commands[name]],
                env=self._environment, cwd=self._folder, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True,
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

    def workers(self) -> dict[str, int]:
        """Return the process id of each worker that lives, by its node's name."""
        return {
            node: pid for pid in _children(self._running["calls"].pid) if (node := _node_of(pid))
        }

    def kill_parent(self, name: str) -> bool:
        """Kill a parent without warning; False when it has not come up."""
        if not self._is_up(name):
            return False
        self._running[name].kill()
        self._running[name].wait()
        return True

    def _is_up(self, name: str) -> bool:
        """Whether its present process has told that it runs."""
        if self._running[name].poll() is not None:
            return False
        with self._log(name).open("rb") as log:
            log.seek(self._log_began[name])
            return f"OpenDeep runs here: {self._greetings[name]}.".encode() in log.read()

    def _log(self, name: str) -> Path:
        return self._folder / f"{name.split(maxsplit=1)[0]}.log"

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
        self.nodes = [f"dialler-{number}" for number in range(count)]
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start_all(self) -> None:
        """Start every one."""
        for name in self.nodes:
            self._start(name)

    def _start(self, name: str) -> None:
        with (self._folder / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                [sys.executable, "-m", "tests.chaos.crash_child", *self._arguments, name],
                cwd=_ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def keep(self) -> None:
        """Start again whoever is dead."""
        for name, process in list(self._running.items()):
            if process.poll() is not None:
                self._start(name)

    def workers(self) -> dict[str, int]:
        """Return the process id of each that lives, by its node's name."""
        return {name: one.pid for name, one in self._running.items() if one.poll() is None}

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


def _children(pid: int) -> list[int]:
    try:
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _node_of(pid: int) -> str:
    """Return the node's name that a process was started with; nothing when it is gone."""
    try:
        words = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return ""
    found = [word for word in words if word.startswith(b"OPENDEEP_NODE=")]
    return found[0].partition(b"=")[2].decode() if found else ""
