"""A second load of AudioSocket calls, written apart from the one in C: uvloop, exact frames.

A frame is known by all of its bytes: three of its samples say its number, at levels that µ-law
keeps exactly. Takes and prints what ``audiosocket_load.c`` does, so that either can be used.

    python -m benchmarks.media_rig.second_load --port N --ramp-ms N --settle-ms N --measure-ms N
"""

import argparse
import asyncio
import json
import struct
import sys
import uuid
from collections import Counter
from typing import Any, Final

import uvloop

from opendeep.audio_processing_service import pcm

_FRAME: Final = 323
_NUMBERS: Final = 1000
_TALK: Final = 60
_CYCLE: Final = 80
_PHASES: Final = 40
_FRAME_SECONDS: Final = 0.02
_LEVELS: Final = struct.unpack("<16h", pcm.mulaw_to_pcm(bytes(range(0x10, 0x20))))


def _frame(number: int) -> bytes:
    digits = [_LEVELS[number >> shift & 15] for shift in (8, 4, 0)]
    return b"\x10\x01\x40" + struct.pack("<160h", *digits, *([_LEVELS[7], _LEVELS[9]] * 79)[:157])


_SILENT: Final = b"\x10\x01\x40" + bytes(320)
_FRAMES: Final = [_frame(number) for number in range(_NUMBERS)]
_NUMBER_OF: Final = {frame: number for number, frame in enumerate(_FRAMES)}


class Seen:
    """What all calls saw."""

    def __init__(self) -> None:
        self.window = False
        self.sent = 0
        self.came_back = 0
        self.ended = 0
        self.latency: Counter[int] = Counter()
        self.gaps: Counter[int] = Counter()
        self.lateness: Counter[int] = Counter()


class Call(asyncio.Protocol):
    """One call."""

    def __init__(self, call_id: str, seen: Seen) -> None:
        self._call_id = call_id
        self._seen = seen
        self._rest = b""
        self._sent_at: dict[int, float] = {}
        self._last = 0.0
        self._turn = 0
        self._transport: Any = None

    def connection_made(self, transport: Any) -> None:
        """Say which call this is."""
        transport.write(b"\x01\x00\x10" + uuid.UUID(self._call_id).bytes)
        self._transport = transport

    def connection_lost(self, _exc: Exception | None) -> None:
        """Count it."""
        self._seen.ended += 1
        self._transport = None

    def send(self, now: float) -> None:
        """Send the next frame."""
        if self._transport is None:
            return
        turn, self._turn = self._turn, self._turn + 1
        if turn % _CYCLE >= _TALK:
            self._transport.write(_SILENT)
            return
        number = turn % _NUMBERS
        self._transport.write(_FRAMES[number])
        if self._seen.window:
            self._seen.sent += 1
            self._sent_at[number] = now

    def data_received(self, data: bytes) -> None:
        """Look for frames that come back."""
        seen, now = self._seen, asyncio.get_running_loop().time()
        if self._rest:
            data = self._rest + data
        for start in range(0, len(data) - _FRAME + 1, _FRAME):
            if seen.window and self._last:
                seen.gaps[int((now - self._last) * 10_000)] += 1
            self._last = now
            sent_at = self._sent_at.pop(_NUMBER_OF.get(data[start : start + _FRAME], -1), None)
            if sent_at is not None:
                seen.came_back += 1
                seen.latency[int((now - sent_at) * 10_000)] += 1
        self._rest = data[len(data) - len(data) % _FRAME :]


async def _pace(calls: list[Call], seen: Seen) -> None:
    loop = asyncio.get_running_loop()
    due, turn = loop.time(), 0
    while True:
        now = loop.time()
        for call in calls[turn % _PHASES :: _PHASES]:
            call.send(loop.time())
        if seen.window:
            seen.lateness[max(int((now - due) * 10_000), 0)] += 1
        turn += 1
        due += _FRAME_SECONDS / _PHASES
        await asyncio.sleep(max(due - loop.time(), 0))


async def main(options: argparse.Namespace) -> None:
    """Place the calls, measure, and print."""
    seen, loop = Seen(), asyncio.get_running_loop()
    calls: list[Call] = []
    ids = sys.stdin.read().split()
    async with asyncio.TaskGroup() as group:
        pacer = group.create_task(_pace(calls, seen))
        for call_id in ids:
            call = Call(call_id, seen)
            await loop.create_connection(lambda call=call: call, options.host, options.port)  # type: ignore[misc]
            calls.append(call)
            await asyncio.sleep(options.ramp_ms / 1000 / len(ids))
        await asyncio.sleep(options.settle_ms / 1000)
        for line in ("measuring", "measured"):
            seen.window = line == "measuring"
            sys.stdout.write(line + "\n")
            sys.stdout.flush()
            await asyncio.sleep(options.measure_ms / 1000 if seen.window else 1)
        pacer.cancel()
    names = ("latency", "gaps", "lateness")
    counts = {"sent": seen.sent, "came_back": seen.came_back, "ended": seen.ended, "blocked": 0}
    sys.stdout.write(json.dumps(counts | {name: getattr(seen, name) for name in names}) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    for name in ("port", "ramp-ms", "settle-ms", "measure-ms"):
        parser.add_argument(f"--{name}", type=int, required=True)
    uvloop.run(main(parser.parse_args()))
