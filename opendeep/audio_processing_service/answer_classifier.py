"""Who answered the call: a person or which machine, from the line's sound and the first words.

Pure. Tones are certain at once (fax, SIT, the beep after a greeting), words as soon as they are
known, and of the sound of speech only the shape of a person's greeting is trusted: something short
and then quiet. What is not certain counts as a person, since nobody may be kept waiting or be hung
up on for a doubt. The AI listens meanwhile; a verdict never waits for anything.
"""

from enum import Enum
from typing import Final

from opendeep.audio_processing_service.call_tones import Tone
from opendeep.audio_processing_service.machine_phrases import Speaker, speaker_of

GREETING_MS: Final = 3000
"""A person who answers says less than this before they wait for a reply."""
PAUSE_MS: Final = 700
MACHINE_SPEECH_MS: Final = 2000
"""Before its beep an answering machine has said at least so much."""
BEEP_SILENCE_MS: Final = 400
"""After its beep an answering machine listens; music goes on."""
LONGEST_MS: Final = 25_000
"""Whoever is not known by now is a person."""


class Answer(Enum):
    """Who answered."""

    UNKNOWN = "unknown"
    PERSON = "person"
    VOICEMAIL = "voicemail"
    MENU = "menu"
    SCREENING = "screening"
    QUEUE = "queue"
    FAX = "fax"
    OUT_OF_SERVICE = "out_of_service"
    BUSY = "busy"


_BY_WORDS: Final = {
    Speaker.PERSON: Answer.PERSON,
    Speaker.VOICEMAIL: Answer.VOICEMAIL,
    Speaker.SCREENING: Answer.SCREENING,
    Speaker.MENU: Answer.MENU,
    Speaker.QUEUE: Answer.QUEUE,
    Speaker.NETWORK: Answer.OUT_OF_SERVICE,
}
_BY_TONE: Final = {
    Tone.FAX: Answer.FAX,
    Tone.OUT_OF_SERVICE: Answer.OUT_OF_SERVICE,
    Tone.BUSY: Answer.BUSY,
}


class AnswerClassifier:
    """Follows the first half minute of a call.

    Attributes:
        answer: who answered, as far as is known.
        certain: whether words or tones said so; a person by the sound alone may still prove to be
            a machine.
        decided_ms: when ``answer`` was last set.
    """

    def __init__(self) -> None:
        self.answer = Answer.UNKNOWN
        self.certain = False
        self.decided_ms = 0
        self._speech_ms = 0
        self._quiet_ms = 0
        self._beep_ms: int | None = None

    def hear(self, *, active: bool, tone: Tone | None, block_ms: int, now_ms: int) -> None:
        """Take a tenth of a second: whether somebody speaks, and a tone that became certain."""
        if self.certain:
            return
        self._speech_ms += block_ms if active else 0
        self._quiet_ms = 0 if active else self._quiet_ms + block_ms
        if tone in _BY_TONE:
            self._settle(_BY_TONE[tone], now_ms, certain=True)
        elif tone is Tone.BEEP and self._speech_ms >= MACHINE_SPEECH_MS:
            self._beep_ms = 0
            self._quiet_ms = 0
        elif self._beep_ms is not None:
            self._after_the_beep(active=active, block_ms=block_ms, now_ms=now_ms)
        elif self.answer is Answer.UNKNOWN:
            self._judge_greeting(now_ms)

    def said(self, text: str, now_ms: int) -> None:
        """Take the words of an utterance; the first that are a machine's settle it."""
        if not text or (self.certain and self.answer is not Answer.PERSON):
            return
        answer = _BY_WORDS[speaker_of(text)]
        if answer is not Answer.PERSON or not self.certain:
            self._settle(answer, now_ms, certain=True)

    def _after_the_beep(self, *, active: bool, block_ms: int, now_ms: int) -> None:
        if active or self._beep_ms is None:
            self._beep_ms = None
            return
        self._beep_ms += block_ms
        if self._beep_ms >= BEEP_SILENCE_MS:
            self._settle(Answer.VOICEMAIL, now_ms, certain=True)

    def _judge_greeting(self, now_ms: int) -> None:
        paused = self._speech_ms > 0 and self._quiet_ms >= PAUSE_MS
        if paused and self._speech_ms <= GREETING_MS:
            self._settle(Answer.PERSON, now_ms, certain=False)
        elif now_ms >= LONGEST_MS:
            self._settle(Answer.PERSON, now_ms, certain=True)

    def _settle(self, answer: Answer, now_ms: int, *, certain: bool) -> None:
        if answer is not self.answer:
            self.decided_ms = now_ms
        self.answer = answer
        self.certain = certain
