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


def test_frames_that_come_together_are_one_piece_for_the_voice_ai() -> None:
    """A process that is behind sends fewer messages, and each frame is still counted."""
    sound = CallSound(None)
    pieces: list[bytes] = []
    sound.open_voice(pieces.append)
    sound.hear(LOUD * 3)
    assert pieces == [CALLEE * 3]
    assert sound.frames_in == 3


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
    sound.finish()
    assert tape.callee == CALLEE + pcm.MULAW_SILENCE_FRAME
    assert tape.ai == AI + pcm.MULAW_SILENCE_FRAME


def test_a_stall_costs_no_word_of_the_recording() -> None:
    """Frames that come in a burst after a stall stand beside the silence that the AI fell into."""
    for read_first in (True, False):
        tape = MemoryRecorder(Path("x"))
        sound = CallSound(tape)
        voice = bytearray()
        sound.open_voice(voice.extend)
        for stalled in (0, 29):
            sound.playout.add(KEY, AI, 20)
            for _ in range(1 + stalled if read_first else 0):
                sound.hear(LOUD)
            sound.tick(stalled)
            for _ in range(0 if read_first else 1 + stalled):
                sound.hear(LOUD)
        sound.finish()
        assert bytes(voice) == tape.callee == CALLEE * 31
        assert tape.ai == AI + pcm.MULAW_SILENCE_FRAME * 29 + AI


def test_a_callee_that_is_ahead_falls_into_step_in_its_pauses() -> None:
    """More than 200 ms ahead of the pacer, pauses are left out of the recording, words are not."""
    tape = MemoryRecorder(Path("x"))
    sound = CallSound(tape)
    for samples in (LOUD, pcm.PCM_SILENCE_FRAME, LOUD):
        for _ in range(20):
            sound.hear(samples)
    for _ in range(60):
        sound.tick(0)
    assert tape.callee.count(CALLEE) == 40
    assert tape.callee[: 20 * 160] == CALLEE * 20
    assert len(tape.callee) == len(tape.ai)
    assert tape.callee.rindex(CALLEE) < 50 * 160


def test_a_flood_of_the_callee_is_bounded() -> None:
    """Of frames that come far faster than time, the last two seconds wait."""
    tape = MemoryRecorder(Path("x"))
    sound = CallSound(tape)
    for _ in range(500):
        sound.hear(LOUD)
    for _ in range(5):
        sound.tick(0)
    sound.tick(100)
    assert len(tape.callee) == (5 + 100) * 160


def test_silence_catches_up_with_a_stall() -> None:
    """After a stall, silence stands in for a phone that sends nothing, two frames at a time."""
    sound = CallSound(None)
    voice = bytearray()
    sound.open_voice(voice.extend)
    sound.tick(9)
    assert bytes(voice) == b""
    for _ in range(20):
        sound.tick(0)
    assert bytes(voice) == pcm.MULAW_SILENCE_FRAME * 26


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
    sound.playout.add(KEY, AI + pcm.MULAW_SILENCE_FRAME * 6 + AI, 160)
    assert sound.tick(1) == AI
    for _ in range(5):
        assert sound.tick(0) == pcm.MULAW_SILENCE_FRAME
    assert sound.tick(0) == AI
