"""Clips, tones, the jitter buffer and the mouth."""

import hashlib
import json
from importlib.resources import files

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendeep.audio_processing_service import pcm
from opendeep.practice.callees.catalogue import PROFILES
from opendeep.practice.callees.lines import LINES, VOICES, clip_id
from opendeep.practice.callees.steps import SoundName
from opendeep.practice.exchange_callee import JitterBuffer
from opendeep.practice.exchange_mouth import Mouth
from opendeep.practice.exchange_sounds import load_clips, sound
from opendeep.practice.records import CalleeRecord
from tests.unit.practice.exchange_world import pitch_of

MOST_BYTES = 5_000_000


def test_the_clips_are_the_lines() -> None:
    """Every line has a clip with its exact text and voice, and no clip is left over."""
    folder = files("opendeep.practice") / "voices"
    entries = json.loads((folder / "index.json").read_text(encoding="utf-8"))["clips"]
    packed = (folder / "clips.ulaw").read_bytes()
    wanted = {
        clip_id(speaker, line): (VOICES[speaker], text)
        for speaker, lines in LINES.items()
        for line, text in lines.items()
    }
    assert {entry["id"]: (entry["voice"], entry["text"]) for entry in entries} == wanted
    for entry in entries:
        clip = packed[entry["offset"] :][: entry["bytes"]]
        assert hashlib.sha256(clip).hexdigest() == entry["sha256"]
    assert sum(entry["bytes"] for entry in entries) == len(packed) < MOST_BYTES


def test_no_callee_has_the_voice_of_the_ai() -> None:
    """The practice AI's own voice is not among the callees'."""
    assert "af_heart" not in VOICES.values()
    assert {voice[1] for voice in VOICES.values()} == {"f", "m"}


def test_clips_are_loud_enough() -> None:
    """Every clip holds speech at a telephone's usual level."""
    for clip in load_clips().values():
        assert -32 < pcm.energy_dbfs(clip.mulaw) < -8
        assert len(clip.mulaw) > 3000


def test_murmurs_exist() -> None:
    """Every back-channel names a clip."""
    clips = load_clips()
    murmurs = [murmur for profile in PROFILES.values() for murmur in profile.back_channels]
    assert murmurs
    assert all(murmur.clip in clips for murmur in murmurs)


@pytest.mark.parametrize(("name", "hertz"), [("beep", 1000), ("fax_answer", 2100)])
def test_pure_tones(name: SoundName, hertz: int) -> None:
    """The beep and the fax tone have their pitch and their length."""
    mulaw = sound(name, 0.5)
    assert len(mulaw) == 4000
    assert pitch_of(pcm.mulaw_to_pcm(mulaw)) == pytest.approx(hertz, abs=2)


@pytest.mark.parametrize("name", ["fax_data", "music", "ringback"])
def test_mixed_sounds(name: SoundName) -> None:
    """Fax data, music and ringback are loud, and as long as asked."""
    mulaw = sound(name, 2.3)
    assert len(mulaw) == pytest.approx(18_400, abs=1)
    assert pcm.energy_dbfs(mulaw) > -30


def test_music_has_energy_all_along() -> None:
    """No second of the hold music is silent."""
    mulaw = sound("music", 10.0)
    assert min(pcm.energy_dbfs(mulaw[at : at + 8000]) for at in range(0, 72_000, 8000)) > -30


def test_the_jitter_buffer_waits_for_three_frames() -> None:
    """It plays silence until 60 ms are there, then everything without a gap."""
    buffer = JitterBuffer()
    buffer.put(b"\x01" * 160)
    buffer.put(b"\x02" * 160)
    assert buffer.next_frame() == pcm.MULAW_SILENCE_FRAME
    buffer.put(b"\x03" * 100)
    assert buffer.next_frame() == pcm.MULAW_SILENCE_FRAME
    buffer.put(b"\x03" * 60)
    played = [buffer.next_frame()[0] for _ in range(4)]
    assert played == [1, 2, 3, 0xFF]


def test_the_jitter_buffer_is_bounded() -> None:
    """Thirty seconds are kept; older audio goes first."""
    buffer = JitterBuffer()
    for second in range(40):
        buffer.put(bytes([second]) * 8000)
    assert buffer.next_frame() == b"\x0a" * 160


@given(st.lists(st.integers(min_value=0, max_value=500), max_size=30))
def test_the_jitter_buffer_loses_and_adds_nothing(sizes: list[int]) -> None:
    """What comes out, less the silence, is what went in, in its order."""
    buffer = JitterBuffer()
    counter = np.arange(sum(sizes)) % 200
    put = counter.astype(np.uint8).tobytes()
    at = 0
    for size in sizes:
        buffer.put(put[at : at + size])
        at += size
    buffer.put(b"\xc8" * 480)
    frames = [buffer.next_frame() for _ in range(len(put) // 160 + 8)]
    assert all(len(frame) == 160 for frame in frames)
    assert b"".join(frames).replace(b"\xff", b"") == put + b"\xc8" * 480


def test_the_mouth_records_what_it_says() -> None:
    """A line is recorded with its times; stopping leaves it incomplete; sounds are not recorded."""
    record = CalleeRecord(number="+12015550100", dd="00")
    mouth = Mouth(record)
    first = mouth.say(b"\x01" * 400, "One.")
    second = mouth.say(b"\x02" * 800, "Two.")
    mouth.say(b"\x03" * 160, None)
    frames = [mouth.next_frame() for _ in range(4)]
    assert frames[2] == (b"\x01" * 80).ljust(160, b"\xff")
    assert first.ended.is_set()
    mouth.stop()
    assert (first.complete, second.complete) == (True, False)
    assert mouth.next_frame() is None
    assert not mouth.speaking
    assert [(line.text, line.start_ms, line.end_ms, line.complete) for line in record.said] == [
        ("One.", 0, 60, True),
        ("Two.", 60, 80, False),
    ]
