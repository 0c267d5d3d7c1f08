"""The least that an AudioSocket server can be: it plays a tone to every call and hears nothing.

    python -m benchmarks.asterisk_rig.tone_server '{}'

Prints its port. It bounds from below what any server in this language costs the machine.
"""

import asyncio
import math
import struct
import sys
from typing import Any

import uvloop

_RATE = 8000
_SAMPLES = 160
_FRAME_SECONDS = 0.02
_SLOTS = 4
_TONE = struct.pack(
    f"<{_SAMPLES}h",
    *(round(8000 * math.sin(2 * math.pi * 400 * n / _RATE)) for n in range(_SAMPLES)),
)
_FRAME = bytes((0x10, len(_TONE) >> 8, len(_TONE) & 255)) + _TONE


class Tone(asyncio.Protocol):
    """One call."""

    def __init__(self, slots: list[set[asyncio.Transport]]) -> None:
        self._slots = slots
        self._transport: Any = None  # uvloop's has the methods and not the class

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Play from now on."""
        self._transport = transport
        min(self._slots, key=len).add(self._transport)

    def data_received(self, data: bytes) -> None:
        """Hear nothing."""

    def connection_lost(self, _exc: Exception | None) -> None:
        """Play no more."""
        for slot in self._slots:
            slot.discard(self._transport)


async def main() -> None:
    """Serve until killed."""
    slots: list[set[asyncio.Transport]] = [set() for _ in range(_SLOTS)]
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Tone(slots), "127.0.0.1", 0)
    sys.stdout.write(f"port {server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    due = loop.time()
    for turn in range(sys.maxsize):
        due += _FRAME_SECONDS / _SLOTS
        await asyncio.sleep(max(due - loop.time(), 0))
        for transport in slots[turn % _SLOTS]:
            transport.write(_FRAME)


if __name__ == "__main__":
    uvloop.run(main())
