"""Processes beside the benchmark: started with one JSON argument, heard line by line."""

import json
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

ROOT = Path(__file__).parent.parent.parent
_STOP_SECONDS = 20.0
_LOOK_SECONDS = 0.05

FoundT = TypeVar("FoundT")


class Child:
    """A running process and what it printed.

    Args:
        process: with pipes for its output.
    """

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.lines: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """The process's id."""
        return self.process.pid

    def line(self, seconds: float = 20.0) -> str:
        """Return the next line that it prints.

        Raises:
            TimeoutError: none came.
            EOFError: it has ended.
        """
        try:
            found = self.lines.get(timeout=seconds)
        except queue.Empty:
            raise TimeoutError(f"{self.process.args!r} says nothing.") from None
        if found is None:
            self.lines.put(None)
            raise EOFError(f"{self.process.args!r} has ended; its log says why.")
        return found

    def stop(self) -> list[str]:
        """Have it end with SIGTERM; return the lines that were not read."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(_STOP_SECONDS)
        self.process.kill()
        self.process.wait()
        self._reader.join()
        found = []
        while not self.lines.empty():
            found.append(self.lines.get())
        return [line for line in found if line is not None]

    def _read(self) -> None:
        output = self.process.stdout
        assert output is not None  # noqa: S101 - it was started with a pipe
        for line in output:
            self.lines.put(line.strip())
        self.lines.put(None)


@contextmanager
def running(command: Sequence[str], log: Path) -> Iterator[Child]:
    """Run a command while the block is open; its errors go to ``log``."""
    with (
        log.open("ab") as errors,
        subprocess.Popen(  # noqa: S603 - our own programs
            list(command),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        child = Child(process)
        try:
            yield child
        finally:
            child.stop()


def module(name: str, config: dict[str, Any]) -> list[str]:
    """Return the command that runs a module of this package with a configuration."""
    return [sys.executable, "-m", f"benchmarks.asterisk_rig.{name}", json.dumps(config)]


def until(
    look: Callable[[], FoundT | None], what: str, seconds: float, every: float = _LOOK_SECONDS
) -> FoundT:
    """Look again and again until something is found.

    Raises:
        TimeoutError: nothing was found in time; names what.
    """
    deadline = time.monotonic() + seconds
    while (found := look()) is None:
        if time.monotonic() > deadline:
            raise TimeoutError(f"Not within {seconds:.0f} s: {what}")
        time.sleep(every)
    return found
