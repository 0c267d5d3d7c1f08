"""What Python itself must not do to a process that plays sound every 20 ms."""

import gc
import sys
from typing import Final

_SWITCH_SECONDS: Final = 0.0005
"""So long may another thread (database, recordings) run Python while the loop has a frame to send.
Python's own 5 ms, several times in a turn of the loop, made every twentieth frame late."""


def calm_interpreter() -> None:
    """Shorten what other threads and the garbage collector may hold the loop up for.

    Call it once all is composed: what lives then lives as long as the process, so that no
    collection needs to look at it.
    """
    sys.setswitchinterval(_SWITCH_SECONDS)
    gc.collect()
    gc.freeze()
