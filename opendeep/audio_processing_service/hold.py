"""On hold: nothing is sent to the voice AI while music or a queue's announcements play.

The line is listened to by our own ear meanwhile, which costs no tokens. Music keeps its spectrum
from one tenth of a second to the next, speech does not. A hold begins with the words of a queue
("please stay on the line") or with music that lasts, and ends with a voice: the AI is given the
last two seconds and listens again. Were those a queue's words again, the hold goes on, and the
announcement is known by its print from then on: it wakes nobody a second time.
"""

from enum import Enum, auto
from typing import Final

import numpy as np
import numpy.typing as npt

from opendeep.audio_processing_service import pcm
from opendeep.audio_processing_service.announcements import Announcements
from opendeep.audio_processing_service.call_sound import CallSound
from opendeep.audio_processing_service.machine_phrases import Speaker, speaker_of
from opendeep.audio_processing_service.opening import Opening
from opendeep.audio_processing_service.voice_agent import VoiceAgent

BLOCK_MS: Final = 100
MUSIC_MS: Final = 3000
"""So much music begins a hold."""
VOICE_MS: Final = 500
"""So much of a voice ends it."""
DOUBT_MS: Final = 12_000
"""So long the words are waited for that tell who ended a hold."""
QUIET_MS: Final = 10_000
"""A line that is silent for so long is no hold any more."""
RECORDING_OVER_MS: Final = 700
"""A known recording is over when so much of something else was heard."""
LONGEST_MS: Final = 900_000
"""Nobody waits longer."""
BACK: Final = (
    "You were on hold. Somebody speaks again; it may be another person, who does not know yet that "
    "you are an AI and on whose behalf you call."
)
_BLOCKS: Final = 10
_LEAST_ACTIVE: Final = 4
_MUSIC_FROM: Final = 0.72
_VOICE_UP_TO: Final = 0.62
_FAINTEST_DBFS: Final = -45.0
_BLOCK_BYTES: Final = BLOCK_MS * pcm.MULAW_BYTES_PER_MS
_KEPT_BLOCKS: Final = 20
_WINDOW: Final = np.hanning(_BLOCK_BYTES).astype(np.float32)
_BAND: Final = slice(20, 350)

Samples = npt.NDArray[np.float32]


class LineKind(Enum):
    """What a line has sounded like for the last second."""

    QUIET = auto()
    VOICE = auto()
    MUSIC = auto()
    UNCLEAR = auto()


class MusicEar:
    """Tells voices from music, by how much the spectrum changes."""

    def __init__(self) -> None:
        self._last: Samples | None = None
        self._alike: list[float | None] = []

    def hear(self, samples: Samples | None) -> LineKind:
        """Take a tenth of a second, None where it is quiet."""
        if samples is None:
            self._last = None
            self._alike.append(None)
        else:
            spectrum = np.sqrt(np.abs(np.fft.rfft(samples * _WINDOW)[_BAND])).astype(np.float32)
            spectrum -= spectrum.mean()
            spectrum /= max(float(np.sqrt(spectrum @ spectrum)), 1e-9)
            self._alike.append(0.0 if self._last is None else float(spectrum @ self._last))
            self._last = spectrum
        del self._alike[:-_BLOCKS]
        active = [alike for alike in self._alike if alike is not None]
        if len(active) < _LEAST_ACTIVE:
            return LineKind.QUIET
        mean = sum(active) / len(active)
        if mean >= _MUSIC_FROM:
            return LineKind.MUSIC
        return LineKind.VOICE if mean <= _VOICE_UP_TO else LineKind.UNCLEAR


class HoldAction(Enum):
    """What follows."""

    NONE = auto()
    BEGIN = auto()
    END = auto()
    GIVE_UP = auto()


class Hold:
    """Whether one call is on hold.

    Args:
        sound: the call's audio, whose way to the voice AI is closed meanwhile.

    Attributes:
        active: whether nothing is sent to the voice AI.
        doubtful: a voice ended the hold, and its words are not known yet.
        offset_ms: where in the call the voice session's audio begins, with what it did not hear.
    """

    def __init__(self, sound: CallSound) -> None:
        self.active = False
        self.doubtful = False
        self.offset_ms = 0
        self._sound = sound
        self._ear = MusicEar()
        self._kind = LineKind.QUIET
        self._kind_ms = 0
        self._began_ms = 0
        self._ended_ms = 0
        self._kept: list[bytes] = []
        self._heard_to = 0
        self._announcements = Announcements()
        self._ignores = False

    def look(self, now_ms: int, *, talking: bool) -> HoldAction:
        """Take the last tenth of a second; call it every 100 ms.

        Args:
            now_ms: ms since the answer.
            talking: whether the AI speaks, which is no time for a hold to begin.
        """
        if talking and not self.active:
            self._kind_ms = 0
            return HoldAction.NONE
        tenth = self._sound.last_tenth()
        loud = tenth.whole and tenth.level_dbfs >= _FAINTEST_DBFS
        kind = self._ear.hear(tenth.samples if loud else None)
        self._kind_ms = self._kind_ms + BLOCK_MS if kind is self._kind else BLOCK_MS
        self._kind = kind
        mulaw, self._heard_to = self._sound.heard_since(self._heard_to)
        if self.active and kind is LineKind.VOICE and self._kind_ms == BLOCK_MS:
            self._announcements.begin()
        if self.active or self.doubtful:
            self._announcements.add(mulaw)
        if not self.active:
            if self.doubtful and now_ms - self._ended_ms >= DOUBT_MS:
                self.doubtful = False
                return HoldAction.END
            lasts = kind is LineKind.MUSIC and self._kind_ms >= MUSIC_MS
            return HoldAction.BEGIN if lasts else HoldAction.NONE
        self._kept.append(mulaw)
        del self._kept[:-_KEPT_BLOCKS]
        if now_ms - self._began_ms >= LONGEST_MS:
            return HoldAction.GIVE_UP
        return HoldAction.END if self._is_over(kind) else HoldAction.NONE

    def _is_over(self, kind: LineKind) -> bool:
        """Whether what is heard ends a hold: a voice that is no known recording, or silence."""
        if kind is not LineKind.VOICE:
            self._ignores &= self._kind_ms < RECORDING_OVER_MS
            return kind is LineKind.QUIET and self._kind_ms >= QUIET_MS
        if self._ignores or self._kind_ms < VOICE_MS:
            return False
        known = self._announcements.is_known()
        self._ignores = known is True
        return known is False

    def said(self, text: str, *, in_talk: bool) -> HoldAction:
        """Take the callee's words: a queue's begin a hold, others end the doubt.

        Args:
            text: the words.
            in_talk: whether the AI talks with somebody already. People say "hold on" as well; of
                a talk, only music makes a hold.
        """
        if text and (self.doubtful or not in_talk) and speaker_of(text) is Speaker.QUEUE:
            if self.doubtful:
                self._announcements.remember()
            return HoldAction.BEGIN
        if self.doubtful:
            # Also where nothing was understood: nobody may be left without an answer for that.
            self.doubtful = False
            return HoldAction.END
        return HoldAction.NONE

    def follow(
        self, action: HoldAction, voice: VoiceAgent, opening: Opening, now_ms: int
    ) -> str | None:
        """Do what follows from an action.

        Returns:
            The event's name for the call's list, or None where nothing changed.
        """
        match action:
            case HoldAction.BEGIN if not self.active:
                voice.answer_turns(automatic=False)
                self._begin(now_ms)
                return "hold_began"
            case HoldAction.END if self.active:
                self._end(voice, now_ms)
                opening.begin_anew(now_ms)
                return "hold_ended"
            case HoldAction.END if opening.done:
                voice.note(BACK, respond=False)
                voice.answer_turns(automatic=True)
                voice.respond()
            case _:
                pass
        return None

    def renewed(self, now_ms: int, sent_ms: int) -> None:
        """Note that another voice session begins, which was given ``sent_ms`` of what was said."""
        self.offset_ms = self._began_ms if self.active else max(now_ms - sent_ms, 0)

    def _begin(self, now_ms: int) -> None:
        self.active = True
        self.doubtful = False
        self._began_ms = now_ms
        self._kind_ms = 0
        self._kept.clear()
        self._sound.close_voice()

    def _end(self, voice: VoiceAgent, now_ms: int) -> None:
        self.active = False
        self.doubtful = True
        self._ended_ms = now_ms
        kept = b"".join(self._kept)
        self._sound.open_voice(lambda _kept: None)
        voice.send_caller_audio(kept)
        self._sound.open_voice(voice.send_caller_audio)
        kept_ms = len(kept) // pcm.MULAW_BYTES_PER_MS
        self.offset_ms += max(now_ms - self._began_ms - kept_ms, 0)
