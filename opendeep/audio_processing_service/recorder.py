"""The recording of a call: stereo WAV, 8 kHz, 16 bit; left the callee, right the AI as played.

One thread writes the recordings of all calls (one for each would cost a wake-up a second and its
stack), and the media path only puts finished seconds into a queue that never waits. It is woken a
few times a second for the seconds of all calls together: each time it takes the interpreter away
from the calls for a moment. When the disk
is full or too slow, the recording ends and the call goes on. The file is complete after each
second, so that a killed process leaves a recording that plays.
"""

import asyncio
import functools
import os
import queue
import struct
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

import structlog

from opendeep.audio_processing_service import pcm

log = structlog.get_logger(__name__)

_CHUNK_BYTES: Final = pcm.SAMPLE_RATE
_WAITING_SECONDS: Final = 60
_CLOSE_SECONDS: Final = 1.5
_POLL_SECONDS: Final = 0.01
_GATHER_SECONDS: Final = 0.25
_HEADER: Final = struct.Struct("<4sI4s4sIHHIIHH4sI")
_FRAME_BYTES: Final = 4
_LARGEST_BYTES: Final = 2**32 - 64


class CallRecorder(Protocol):
    """Keeps both sides of a call."""

    def start(self) -> None:
        """Begin; no failure of the disk shows here."""
        ...

    def add(self, callee: bytes, ai: bytes) -> None:
        """Add the same stretch of both sides, µ-law of equal length; never waits."""
        ...

    async def close(self) -> Path | None:
        """Finish the file within 1.5 s; return it, or None if there is none."""
        ...


class RecordingThread:
    """Writes the recordings of all calls, in the order of the jobs; lives while there are any.

    Its methods are called on the loop and never wait.
    """

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[_Jobs | None] = queue.SimpleQueue()
        self._gathered: _Jobs = []
        self._timer: asyncio.TimerHandle | None = None
        self._recordings = 0

    def recorder(self, path: Path) -> "WavRecorder":
        """Make a recorder of one call (``MediaPorts.make_recorder``)."""
        return WavRecorder(path, self)

    def begin(self) -> None:
        """Note that a recording begins."""
        self._recordings += 1
        if self._recordings == 1:
            threading.Thread(
                target=_work, args=(self._jobs,), name="recordings", daemon=True
            ).start()

    def do(self, job: Callable[[], None]) -> None:
        """Have something done; jobs handle their own failures."""
        self._gathered.append(job)
        self._hand_over()

    def do_soon(self, job: Callable[[], None]) -> None:
        """Have something done in a quarter of a second, or before the next :meth:`do`."""
        self._gathered.append(job)
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(_GATHER_SECONDS, self._hand_over)

    def end(self) -> None:
        """Note that a recording has given its last job."""
        self._recordings -= 1
        if not self._recordings:
            self._jobs.put(None)

    def _hand_over(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        jobs, self._gathered = self._gathered, []
        self._jobs.put(jobs)


_Jobs = list[Callable[[], None]]


def _work(gathered: "queue.SimpleQueue[_Jobs | None]") -> None:
    while (jobs := gathered.get()) is not None:
        for job in jobs:
            job()


class WavRecorder:
    """Writes a WAV file by way of a thread.

    Args:
        path: where to; missing directories are made; only the owner may read the file.
        thread: writes.
    """

    def __init__(self, path: Path, thread: RecordingThread) -> None:
        self._path = path
        self._thread = thread
        self._callee = bytearray()
        self._ai = bytearray()
        self._started = False
        self._waiting = 0
        self._gave_up = threading.Event()
        self._done = threading.Event()
        self._file = -1
        self._written_bytes = 0

    def start(self) -> None:
        """Have the file made."""
        self._started = True
        self._thread.begin()
        self._thread.do(self._open)

    def add(self, callee: bytes, ai: bytes) -> None:
        """Collect a second, then hand it to the thread."""
        if not self._started or self._gave_up.is_set():
            return
        self._callee += callee
        self._ai += ai
        if len(self._ai) >= _CHUNK_BYTES:
            self._hand_over()

    async def close(self) -> Path | None:
        """Write the rest and wait for the thread, without blocking the loop."""
        if not self._started:
            return None
        self._started = False
        if self._ai:
            self._hand_over()
        self._thread.do(self._close)
        self._thread.end()
        waited = 0.0
        while not self._done.is_set() and waited < _CLOSE_SECONDS:
            await asyncio.sleep(_POLL_SECONDS)
            waited += _POLL_SECONDS
        return self._path if self._written_bytes else None

    def _hand_over(self) -> None:
        callee, self._callee = self._callee, bytearray()
        ai, self._ai = self._ai, bytearray()
        if self._waiting >= _WAITING_SECONDS:
            self._give_up("the disk is too slow")
            return
        self._waiting += 1
        self._thread.do_soon(functools.partial(self._write, callee, ai))

    def _give_up(self, reason: str) -> None:
        if not self._gave_up.is_set():
            self._gave_up.set()
            log.warning("recording_ended", reason=reason)

    # In the thread.

    def _open(self) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            # Only its owner may read it: a recording is personal.
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
            self._file = os.open(self._path, flags, 0o600)
            _write_all(self._file, _header(0))
        except OSError as error:
            self._give_up(error.strerror or type(error).__name__)

    def _write(self, callee: bytearray, ai: bytearray) -> None:
        self._waiting -= 1
        if self._gave_up.is_set():
            return
        sound = pcm.interleave(callee, ai)
        try:
            _write_all(self._file, sound)
            # The sizes last: what a killed process leaves is shorter, and whole.
            os.pwrite(self._file, _header(self._written_bytes + len(sound)), 0)
        except OSError as error:
            self._give_up(error.strerror or type(error).__name__)
        else:
            self._written_bytes += len(sound)

    def _close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
        self._done.set()


def _write_all(file: int, data: bytes) -> None:
    """Write everything; a full disk takes a part first and refuses the next."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest) :]


def _header(sound_bytes: int) -> bytes:
    """Return the 44 bytes before the sound (RIFF, ``fmt``, ``data``)."""
    size = min(sound_bytes, _LARGEST_BYTES)
    second = pcm.SAMPLE_RATE * _FRAME_BYTES
    form = (16, 1, 2, pcm.SAMPLE_RATE, second, _FRAME_BYTES, 16)
    return _HEADER.pack(b"RIFF", size + 36, b"WAVE", b"fmt ", *form, b"data", size)
