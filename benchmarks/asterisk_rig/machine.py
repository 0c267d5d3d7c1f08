"""What the kernel knows of a process: its processor time, memory, files and UDP ports."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_PAGE_KB: Final = os.sysconf("SC_PAGE_SIZE") // 1024


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has used, all its threads together."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    user, system = fields.rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / _TICKS


def rss_kb(pid: int) -> int:
    """Return a process's resident memory."""
    return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * _PAGE_KB


def open_files(pid: int) -> int:
    """Return how many files and sockets a process holds."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def udp_ports(pid: int) -> set[int]:
    """Return the UDP ports (IPv4) that a process holds."""
    held = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            held.add(str(link.readlink()))
        except OSError:
            continue  # closed meanwhile
    rows = Path(f"/proc/{pid}/net/udp").read_text(encoding="ascii").splitlines()[1:]
    sockets = [row.split() for row in rows]
    return {int(row[1].rpartition(":")[2], 16) for row in sockets if f"socket:[{row[9]}]" in held}


class CpuMeter:
    """The processor time of some processes over a stretch of time.

    Args:
        pids: the processes by name.
    """

    def __init__(self, pids: dict[str, int]) -> None:
        self._pids = pids
        self._before = _all_processes()

    def percent(self, seconds: float) -> dict[str, float]:
        """Return each process's percentage of one core since the start, ``seconds`` ago.

        ``others`` is what all other processes used: figures are worth as much as it is small.
        """
        used = {pid: now - self._before.get(pid, 0.0) for pid, now in _all_processes().items()}
        found = {name: used.pop(pid, 0.0) for name, pid in self._pids.items()}
        found["others"] = sum(used.values())
        return {name: round(one / seconds * 100, 1) for name, one in found.items()}


def _all_processes() -> dict[int, float]:
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError):
                found[int(folder.name)] = cpu_seconds(int(folder.name))
    return found
