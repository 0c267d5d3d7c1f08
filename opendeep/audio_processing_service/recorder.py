"""The recording of a call: stereo WAV, 8 kHz, 16 bit; left the callee, right the AI as played.

A thread of its own writes, and the media path only puts finished seconds into a queue that never
waits. When the disk is full or too slow, the recording ends and the call goes on. The file is
complete after each second, so that a killed process leaves a recording that plays.
"""

import asyncio
import os
import queue
import threading
import wave
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import structlog

from opendeep.audio_processing_service import pcm

log = structlog.get_logger(__name__)

_CHUNK_BYTES: Final = pcm.SAMPLE_RATE
_QUEUE_SECONDS: Final = 60
_CLOSE_SECONDS: Final = 1.5
_POLL_SECONDS: Final = 0.01


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


class WavRecorder:
    """Writes a WAV file in a thread.

    Args:
        path: where to; missing directories are made; only the owner may read the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._callee = bytearray()
        self._ai = bytearray()
        self._chunks: queue.Queue[tuple[bytes, bytes] | None] = queue.Queue(_QUEUE_SECONDS)
        self._thread: threading.Thread | None = None
        self._gave_up = threading.Event()
        self._written = threading.Event()

    def start(self) -> None:
        """Start the writing thread."""
        self._thread = threading.Thread(target=self._write, name="recorder", daemon=True)
        self._thread.start()

    def add(self, callee: bytes, ai: bytes) -> None:
        """Collect a second, then hand it to the thread."""
        if self._gave_up.is_set() or self._thread is None:
            return
        self._callee += callee
        self._ai += ai
        if len(self._ai) >= _CHUNK_BYTES:
            self._hand_over()

    async def close(self) -> Path | None:
        """Write the rest and wait for the thread, without blocking the loop."""
        thread, self._thread = self._thread, None
        if thread is None:
            return None
        if self._ai:
            self._hand_over()
        self._put(None)
        waited = 0.0
        while thread.is_alive() and waited < _CLOSE_SECONDS:
            await asyncio.sleep(_POLL_SECONDS)
            waited += _POLL_SECONDS
        return self._path if self._written.is_set() else None

    def _hand_over(self) -> None:
        self._put((bytes(self._callee), bytes(self._ai)))
        self._callee.clear()
        self._ai.clear()

    def _put(self, chunk: tuple[bytes, bytes] | None) -> None:
        try:
            self._chunks.put_nowait(chunk)
        except queue.Full:
            self._gave_up.set()
            log.warning("recording_ended", reason="the disk is too slow")

    def _write(self) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with (
                os.fdopen(_open_private(self._path), "wb") as file,
                wave.open(file, "wb") as recording,
            ):
                recording.setnchannels(2)
                recording.setsampwidth(2)
                recording.setframerate(pcm.SAMPLE_RATE)
                while not self._gave_up.is_set():
                    chunk = self._chunks.get()
                    if chunk is None:
                        break
                    recording.writeframes(_interleave(*chunk))
                    file.flush()
                    self._written.set()
        except OSError as error:
            self._gave_up.set()
            log.warning("recording_ended", reason=error.strerror or type(error).__name__)


def _open_private(path: Path) -> int:
    """Open a new file that only its owner may read: a recording is personal."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)


def _interleave(callee: bytes, ai: bytes) -> bytes:
    sides = [np.frombuffer(pcm.mulaw_to_pcm(side), "<i2") for side in (callee, ai)]
    return np.stack(sides, axis=1).tobytes()
