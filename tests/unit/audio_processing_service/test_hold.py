"""Music against voices, and when a hold begins and ends."""

from collections.abc import Iterator

import numpy as np
import pytest

from opendeep.audio_processing_service import pcm
from opendeep.audio_processing_service.call_sound import CallSound
from opendeep.audio_processing_service.hold import (
    LONGEST_MS,
    MUSIC_MS,
    QUIET_MS,
    VOICE_MS,
    Hold,
    HoldAction,
    LineKind,
    MusicEar,
)
from opendeep.audio_processing_service.opening import Opening
from opendeep.practice.exchange_sounds import load_clips, sound
from tests.unit.audio_processing_service.test_dialogue import Voice

MUSIC = sound("music", 20.0)
SPEECH = b"".join(load_clips()[f"michael/{line}"].mulaw for line in ("greeting", "offer", "hello"))
SILENCE = pcm.MULAW_SILENCE_FRAME * 50


def blocks(mulaw: bytes) -> Iterator[bytes]:
    """Return whole tenths of a second."""
    return (mulaw[start : start + 800] for start in range(0, len(mulaw) - 799, 800))


@pytest.mark.parametrize("gain", [0.1, 1.0])
def test_music_and_voices(gain: float) -> None:
    """After a second, music is music and a voice is a voice, soft or loud; silence is neither."""
    for mulaw, kind in ((MUSIC, LineKind.MUSIC), (SPEECH, LineKind.VOICE)):
        ear, heard = MusicEar(), []
        for block in blocks(mulaw):
            samples = np.frombuffer(pcm.mulaw_to_pcm(block), "<i2").astype(np.float32) * gain
            quiet = float(np.abs(samples).max()) < 300 * gain
            heard.append(ear.hear(None if quiet else samples))
        assert heard.count(kind) > 0.8 * len(heard)
        other = {LineKind.MUSIC, LineKind.VOICE} - {kind}
        assert not other & set(heard[10:])
    assert MusicEar().hear(None) is LineKind.QUIET


class Bench:
    """A hold rule upon the sound of a call."""

    def __init__(self) -> None:
        self.sound = CallSound(None)
        self.sent = bytearray()
        self.sound.open_voice(self.sent.extend)
        self.hold = Hold(self.sound)
        self.voice = Hearer(self.sent)
        self.opening = Opening()
        self.ms = 0
        self.events: list[str] = []

    def hear(self, mulaw: bytes, *, talking: bool = False) -> list[HoldAction]:
        """Hear a sound; follow what is decided."""
        actions = []
        for block in blocks(mulaw):
            self.ms += 100
            for start in range(0, 800, 160):
                self.sound.hear(pcm.mulaw_to_pcm(block[start : start + 160]))
            action = self.hold.look(self.ms, talking=talking)
            self.follow(action)
            actions.append(action)
        return [action for action in actions if action is not HoldAction.NONE]

    def follow(self, action: HoldAction) -> None:
        """Do what follows."""
        event = self.hold.follow(action, self.voice, self.opening, self.ms)
        if event is not None:
            self.events.append(event)


class Hearer(Voice):
    """A voice session that keeps the audio it gets."""

    def __init__(self, sent: bytearray) -> None:
        super().__init__()
        self._sent = sent

    def send_caller_audio(self, mulaw: bytes) -> None:
        """Keep it."""
        self._sent += mulaw


def test_music_begins_a_hold_and_a_voice_ends_it() -> None:
    """Nothing is sent meanwhile but the two seconds before the voice was certain."""
    bench = Bench()
    assert bench.hear(MUSIC) == [HoldAction.BEGIN]
    sent = len(bench.sent)
    assert sent <= (MUSIC_MS + 1500) * 8
    assert bench.hear(MUSIC[: 8000 * 10]) == []
    assert len(bench.sent) == sent
    before = bench.ms
    bench.hear(SPEECH)
    assert bench.events == ["hold_began", "hold_ended"]
    assert bench.hold.doubtful
    assert bench.ms - before == len(SPEECH) // 800 * 100
    assert bench.hold.offset_ms == bench.ms - len(bench.sent) // 8
    assert len(bench.sent) - sent > len(SPEECH) - 2000 * 8 - VOICE_MS * 8


def test_music_while_the_ai_talks() -> None:
    """What sounds beside the AI's own speech begins no hold."""
    assert Bench().hear(MUSIC, talking=True) == []


def test_a_person_who_asks_to_wait() -> None:
    """Once the AI talks with somebody, words alone begin no hold."""
    words = "Please hold for the next person."
    assert Bench().hold.said(words, in_talk=True) is HoldAction.NONE
    assert Bench().hold.said(words, in_talk=False) is HoldAction.BEGIN


def test_the_words_of_a_queue() -> None:
    """They begin a hold, and one more when it was a queue that ended it."""
    bench = Bench()
    assert bench.hold.said("", in_talk=False) is HoldAction.NONE
    assert bench.hold.said("Hello?", in_talk=False) is HoldAction.NONE
    bench.follow(bench.hold.said("Please hold for the next person.", in_talk=False))
    bench.hear(MUSIC[: 8000 * 5])
    bench.hear(SPEECH)
    bench.follow(bench.hold.said("Your call is important to us.", in_talk=False))
    assert bench.hold.active
    bench.follow(bench.hold.said("Your call is important to us.", in_talk=False))
    assert bench.events == ["hold_began", "hold_ended", "hold_began"]
    assert bench.voice.did == ["automatic False"] * 2


@pytest.mark.parametrize("opened", [True, False])
def test_a_person_after_a_hold(*, opened: bool) -> None:
    """In mid-talk the AI is told and answers; before the disclosure the opening goes on."""
    bench = Bench()
    if opened:
        bench.opening.person_came(0)
        bench.opening.disclosure_ended(1.0, 0)
    bench.follow(HoldAction.BEGIN)
    bench.hear(SPEECH)
    action = bench.hold.said("Thank you for waiting, this is Michael.", in_talk=False)
    assert action is HoldAction.END
    bench.follow(action)
    assert bench.hold.said("How can I help?", in_talk=False) is HoldAction.NONE
    after = bench.voice.did[1:]
    assert [did.partition(" ")[0] for did in after] == (
        ["note", "automatic", "respond"] if opened else []
    )


def test_silence_and_the_longest_hold() -> None:
    """A silent line is no hold after ten seconds; music is one for a quarter of an hour."""
    bench = Bench()
    bench.follow(HoldAction.BEGIN)
    assert bench.hear(SILENCE * (QUIET_MS // 1000 + 1)) == [HoldAction.END]
    bench.follow(HoldAction.BEGIN)
    bench.ms += LONGEST_MS
    assert bench.hear(MUSIC[:800]) == [HoldAction.GIVE_UP]


def test_a_hold_that_ends_by_quiet_teaches_nothing() -> None:
    """Music that no voice interrupted is no announcement: the first voice after it is heard out."""
    bench = Bench()
    bench.hear(MUSIC)
    bench.hear(SILENCE * (QUIET_MS // 1000 + 1))
    bench.follow(bench.hold.said("Your call is important to us.", in_talk=False))
    assert bench.events == ["hold_began", "hold_ended", "hold_began"]
    bench.hear(SPEECH[: 8000 * 3 // 2])
    assert bench.events[3:] == ["hold_ended"]
