"""The sound of one call, frame by frame."""

from pathlib import Path

from opendeep.audio_processing_service import pcm
from opendeep.audio_processing_service.call_sound import CallSound
from opendeep.audio_processing_service.playout import PartKey
from tests.calls.audio_world import LOUD, MemoryRecorder

CALLEE = bytes([0xA0]) * 160
AI = bytes([0x80]) * 160
KEY = PartKey("i", 0)


def test_early_audio_is_kept_half_a_second() -> None:
    """What the callee said before the voice session was open is sent first, at most 500 ms."""
    sound = CallSound(None)
    for _ in range(100):
        sound.hear(LOUD)
    voice = bytearray()
    assert sound.open_voice(voice.extend) == 500
    assert bytes(voice) == CALLEE * 25
    sound.hear(LOUD)
    assert len(voice) == 26 * 160
    sound.close_voice()
    sound.hear(LOUD)
    assert len(voice) == 26 * 160
    assert sound.frames_in == 102
    assert CallSound(None).open_voice(voice.extend) == 0


def test_silence_stands_in_for_frames_that_do_not_come() -> None:
    """From 100 ms of lag on, the voice AI gets silence, so that its clock goes on."""
    sound = CallSound(None)
    voice = bytearray()
    sound.open_voice(voice.extend)
    for _ in range(20):
        sound.tick(0)
    assert bytes(voice) == pcm.MULAW_SILENCE_FRAME * 16
    assert sound.frames_in == 0
    assert sound.frames_out == 20


def test_both_sides_are_recorded_in_step() -> None:
    """What was heard and what was played in the same 20 ms stand side by side."""
    tape = MemoryRecorder(Path("x"))
    sound = CallSound(tape)
    sound.playout.add(KEY, AI, 20)
    sound.hear(LOUD)
    assert sound.tick(0) == AI
    sound.tick(0)
    assert tape.callee == CALLEE + pcm.MULAW_SILENCE_FRAME
    assert tape.ai == AI + pcm.MULAW_SILENCE_FRAME


def test_a_burst_of_the_callee_does_not_shift_the_recording() -> None:
    """More than 200 ms ahead of the pacer, the oldest sound is left out of the recording."""
    tape = MemoryRecorder(Path("x"))
    sound = CallSound(tape)
    for _ in range(30):
        sound.hear(LOUD)
    for _ in range(12):
        sound.tick(0)
    assert tape.callee == CALLEE * 10 + pcm.MULAW_SILENCE_FRAME * 2


def test_listening_in() -> None:
    """A listener gets both sides; without one nothing is kept."""
    sound = CallSound(None)
    sound.hear(LOUD)
    sound.tick(0)
    assert sound.take_heard_in() == (b"", b"")
    sound.listening = True
    sound.hear(LOUD)
    sound.tick(0)
    assert sound.take_heard_in() == (CALLEE, pcm.MULAW_SILENCE_FRAME)
    assert sound.take_heard_in() == (b"", b"")


def test_missed_frames_are_made_up_in_pauses() -> None:
    """After a stall the pause in the AI's speech is shortened by what was missed."""
    sound = CallSound(None)
    sound.playout.add(KEY, AI + pcm.MULAW_SILENCE_FRAME * 2 + AI, 80)
    assert sound.tick(1) == AI
    assert sound.tick(0) == pcm.MULAW_SILENCE_FRAME
    assert sound.tick(0) == AI
