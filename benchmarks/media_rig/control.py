"""How ``benchmarks/media.py`` talks to a system under test: lines on standard input and output.

The system prints ``port N`` when it listens for AudioSocket connections. ``prepare N`` is answered
with N call ids on one line, ``release`` with ``released`` once their calls are over; the end of
the input ends the system.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable

Prepare = Callable[[int], Awaitable[list[str]]]
Release = Callable[[], Awaitable[None]]


async def obey(port: int, prepare: Prepare, release: Release) -> None:
    """Do what the benchmark says until it says no more."""
    lines = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    _tell(f"port {port}")
    while line := await lines.readline():
        match line.split():
            case [b"prepare", count]:
                _tell(" ".join(await prepare(int(count))))
            case [b"release"]:
                await release()
                _tell("released")
            case _:
                raise ValueError(line)


def _tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
