"""What the kernel knows of a process: its processor time, memory, files and UDP ports."""

import os
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
        self._whole = _machine_seconds()
        self._before = {name: cpu_seconds(pid) for name, pid in pids.items()}

    def percent(self, seconds: float) -> dict[str, float]:
        """Return each process's percentage of one core since the start, ``seconds`` ago.

        ``others`` is what everything else on the machine used, ``stolen`` what the host of a
        virtual machine kept for itself: figures are only worth as much as these are small.
        """
        found = {
            name: (cpu_seconds(pid) - self._before[name]) / seconds * 100
            for name, pid in self._pids.items()
        }
        busy, stolen = (
            (now - before) / seconds * 100
            for now, before in zip(_machine_seconds(), self._whole, strict=True)
        )
        found |= {"others": busy - sum(found.values()), "stolen": stolen}
        return {name: round(percent, 1) for name, percent in found.items()}


def _machine_seconds() -> tuple[float, float]:
    """Return the busy seconds of all cores, and those that were stolen."""
    line = Path("/proc/stat").read_text(encoding="ascii").partition("\n")[0]
    user, nice, system, _idle, _wait, irq, softirq, steal = map(int, line.split()[1:9])
    return (user + nice + system + irq + softirq) / _TICKS, steal / _TICKS
