"""How one run of ``benchmarks/ami.py`` is measured."""

import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What one run took, in seconds by the wall clock and of this process's CPU."""

    wall_seconds: float
    cpu_seconds: float


def measured(began: float, used: float) -> Measured:
    """Return what went by since ``perf_counter`` and ``process_time`` showed these."""
    return Measured(
        wall_seconds=time.perf_counter() - began, cpu_seconds=time.process_time() - used
    )
