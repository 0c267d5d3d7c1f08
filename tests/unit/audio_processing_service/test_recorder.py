"""The recording: both sides, in a thread, never in the way."""

import os
import stat
import threading
import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from opendeep.audio_processing_service import pcm, recorder
from opendeep.audio_processing_service.recorder import RecordingThread, WavRecorder

CALLEE, AI = bytes([0xA0]) * 160, bytes([0x20]) * 160


def recorder_of(path: Path) -> WavRecorder:
    """Make a recorder with a thread of its own."""
    return RecordingThread().recorder(path)


def read(path: Path) -> "npt.NDArray[np.int16]":
    """Return a file's sound, one row for each moment."""
    with wave.open(str(path), "rb") as file:
        assert (file.getnchannels(), file.getframerate(), file.getsampwidth()) == (2, 8000, 2)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)


async def test_stereo_file(tmp_path: Path) -> None:
    """Left is the callee, right the AI; only the owner may read the file."""
    path = tmp_path / "new" / "call.wav"
    tape = recorder_of(path)
    tape.start()
    for _ in range(75):
        tape.add(CALLEE, AI)
    assert await tape.close() == path
    frames = read(path)
    assert len(frames) == 75 * 160
    assert set(frames[:, 0]) == set(np.frombuffer(pcm.mulaw_to_pcm(CALLEE), "<i2"))
    assert set(frames[:, 1]) == set(np.frombuffer(pcm.mulaw_to_pcm(AI), "<i2"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.stat().st_size == 44 + 75 * 640


async def test_a_file_is_whole_while_it_grows(tmp_path: Path) -> None:
    """After each second the file can be played, so that a killed process leaves a recording."""
    path = tmp_path / "call.wav"
    tape = recorder_of(path)
    tape.start()
    for _ in range(50):
        tape.add(CALLEE, AI)
    second = threading.Event()
    tape._thread.do(second.set)
    assert second.wait(5)
    assert len(read(path)) == 8000
    await tape.close()


async def test_one_thread_writes_all_recordings(tmp_path: Path) -> None:
    """However many calls are recorded, one thread writes, and it ends with the last of them."""
    thread = RecordingThread()
    for _round in range(2):
        tapes = [thread.recorder(tmp_path / f"{number}.wav") for number in range(20)]
        for tape in tapes:
            tape.start()
        assert sum(one.name == "recordings" for one in threading.enumerate()) == 1
        for tape in tapes:
            tape.add(CALLEE, AI)
        assert [await tape.close() for tape in tapes] == [tape._path for tape in tapes]
        for one in threading.enumerate():
            if one.name == "recordings":
                one.join(5)
        assert all(one.name != "recordings" for one in threading.enumerate())
    assert all(len(read(tape._path)) == 160 for tape in tapes)


async def test_nothing_recorded_is_no_recording(tmp_path: Path) -> None:
    """A recorder that never started, or never got a sound, returns no file."""
    idle = recorder_of(tmp_path / "a.wav")
    idle.add(CALLEE, AI)
    assert await idle.close() is None
    empty = recorder_of(tmp_path / "b.wav")
    empty.start()
    assert await empty.close() is None
    assert await empty.close() is None


async def test_a_disk_that_fails_ends_the_recording_only(tmp_path: Path) -> None:
    """Where no file can be made the call goes on, there is no recording, and others are written."""
    blocker = tmp_path / "file"
    blocker.write_bytes(b"")
    thread = RecordingThread()
    other = thread.recorder(tmp_path / "other.wav")
    other.start()
    tape = thread.recorder(blocker / "call.wav")
    tape.start()
    assert tape._gave_up.wait(5)
    for _ in range(100):
        tape.add(CALLEE, AI)
        other.add(CALLEE, AI)
    assert await tape.close() is None
    assert await other.close() == tmp_path / "other.wav"


async def test_a_full_disk_ends_the_recording_only(tmp_path: Path) -> None:
    """What was written before the disk was full is kept and can be played."""
    path = tmp_path / "call.wav"
    tape = recorder_of(path)
    tape.start()
    for _ in range(50):
        tape.add(CALLEE, AI)
    opened = threading.Event()
    tape._thread.do(opened.set)
    assert opened.wait(5)
    os.close(tape._file)
    tape._file = os.open("/dev/full", os.O_WRONLY)
    for _ in range(100):
        tape.add(CALLEE, AI)
    assert await tape.close() == path
    assert tape._gave_up.is_set()
    assert len(read(path)) == 8000


async def test_a_slow_disk_ends_the_recording_only(tmp_path: Path) -> None:
    """When a minute waits to be written the recording gives up; the call never waits."""
    tape = recorder_of(tmp_path / "call.wav")
    hang = threading.Event()
    tape.start()
    tape._thread.do(lambda: [hang.wait(5), None][1])
    for _ in range(61 * 50):
        tape.add(CALLEE, AI)
    assert tape._gave_up.is_set()
    assert not tape._ai
    hang.set()
    assert await tape.close() is None


async def test_a_disk_that_hangs_does_not_hold_the_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Closing gives up on a thread that does not come to it in time."""
    tape = recorder_of(tmp_path / "call.wav")
    hang = threading.Event()
    tape.start()
    tape._thread.do(lambda: [hang.wait(5), None][1])
    monkeypatch.setattr(recorder, "_CLOSE_SECONDS", 0.02)
    tape.add(CALLEE, AI)
    assert await tape.close() is None
    hang.set()
    assert tape._done.wait(5)
