"""The recording: both sides, in a thread, never in the way."""

import stat
import wave
from pathlib import Path

import numpy as np
import pytest

from opendeep.audio_processing_service import pcm, recorder
from opendeep.audio_processing_service.recorder import WavRecorder

CALLEE, AI = bytes([0xA0]) * 160, bytes([0x20]) * 160


async def test_stereo_file(tmp_path: Path) -> None:
    """Left is the callee, right the AI; only the owner may read the file."""
    path = tmp_path / "new" / "call.wav"
    tape = WavRecorder(path)
    tape.start()
    for _ in range(75):
        tape.add(CALLEE, AI)
    assert await tape.close() == path
    with wave.open(str(path), "rb") as file:
        assert (file.getnchannels(), file.getframerate(), file.getsampwidth()) == (2, 8000, 2)
        assert file.getnframes() == 75 * 160
        frames = np.frombuffer(file.readframes(75 * 160), "<i2").reshape(-1, 2)
    assert set(frames[:, 0]) == set(np.frombuffer(pcm.mulaw_to_pcm(CALLEE), "<i2"))
    assert set(frames[:, 1]) == set(np.frombuffer(pcm.mulaw_to_pcm(AI), "<i2"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_a_file_is_whole_while_it_grows(tmp_path: Path) -> None:
    """After each second the file can be played, so that a killed process leaves a recording."""
    path = tmp_path / "call.wav"
    tape = WavRecorder(path)
    tape.start()
    for _ in range(50):
        tape.add(CALLEE, AI)
    assert tape._written.wait(5)
    with wave.open(str(path), "rb") as file:
        assert file.getnframes() == 8000
    await tape.close()


async def test_nothing_recorded_is_no_recording(tmp_path: Path) -> None:
    """A recorder that never started, or never got a sound, returns no file."""
    idle = WavRecorder(tmp_path / "a.wav")
    idle.add(CALLEE, AI)
    assert await idle.close() is None
    empty = WavRecorder(tmp_path / "b.wav")
    empty.start()
    assert await empty.close() is None
    assert await empty.close() is None


async def test_a_disk_that_fails_ends_the_recording_only(tmp_path: Path) -> None:
    """Where no file can be made the call goes on, and there is no recording."""
    blocker = tmp_path / "file"
    blocker.write_bytes(b"")
    tape = WavRecorder(blocker / "call.wav")
    tape.start()
    assert tape._gave_up.wait(5)
    for _ in range(100):
        tape.add(CALLEE, AI)
    assert await tape.close() is None


async def test_a_slow_disk_ends_the_recording_only(tmp_path: Path) -> None:
    """When the queue is full the recording gives up and never waits."""
    tape = WavRecorder(tmp_path / "call.wav")
    while not tape._chunks.full():
        tape._chunks.put_nowait((CALLEE, AI))
    tape._hand_over()
    assert tape._gave_up.is_set()
    tape.start()
    tape.add(CALLEE, AI)
    assert not tape._ai
    assert await tape.close() is None


async def test_a_disk_that_hangs_does_not_hold_the_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Closing gives up on a thread that does not end in time."""
    tape = WavRecorder(tmp_path / "call.wav")
    tape.start()
    monkeypatch.setattr(recorder, "_CLOSE_SECONDS", 0.02)
    monkeypatch.setattr(tape, "_put", lambda _chunk: None)
    assert await tape.close() is None
    tape._chunks.put_nowait(None)
