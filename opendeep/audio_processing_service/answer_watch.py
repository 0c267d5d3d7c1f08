"""Watches who answers: brings the sound of a call's first half minute to the classifier."""

from typing import Final

from opendeep.audio_processing_service.answer_classifier import (
    LONGEST_MS,
    Answer,
    AnswerClassifier,
)
from opendeep.audio_processing_service.call_sound import CallSound
from opendeep.audio_processing_service.call_tones import BLOCK_MS, Tone, ToneEar
from opendeep.common.data_models import CallCause

END_CAUSES: Final = {
    Answer.VOICEMAIL: CallCause.VOICEMAIL,
    Answer.OUT_OF_SERVICE: CallCause.UNALLOCATED,
    Answer.BUSY: CallCause.BUSY,
    Answer.FAX: CallCause.FAX,
}
"""How a call ends whose line says by its tones who answered."""
LATEST_WORDS_MS: Final = 60_000
"""The words of a first utterance may come so late, where it is a long menu."""
LATEST_BEEP_MS: Final = 120_000
"""So long a machine's beep is listened for."""
_RISE_DB: Final = 9.0
_FAINTEST_DBFS: Final = -45.0


class AnswerWatch:
    """Who answered one call.

    Args:
        sound: the call's audio.

    Attributes:
        beeped_ms: when the last beep ended, or None before the first.
    """

    def __init__(self, sound: CallSound) -> None:
        self.beeped_ms: int | None = None
        self._sound = sound
        self._tones = ToneEar()
        self._classifier = AnswerClassifier()
        self._told = Answer.UNKNOWN

    @property
    def answer(self) -> Answer:
        """Who answered, as far as is known."""
        return self._classifier.answer

    @property
    def decided_ms(self) -> int:
        """When that became known, ms since the answer."""
        return self._classifier.decided_ms

    def look(self, now_ms: int) -> Answer | None:
        """Take the last tenth of a second; call it every 100 ms. Returns as :meth:`said`."""
        machine = self._is_machine()
        if now_ms > (LATEST_BEEP_MS if machine else LONGEST_MS + BLOCK_MS):
            return None
        tenth = self._sound.last_tenth()
        if not tenth.whole:
            return None
        limit_dbfs = max(_FAINTEST_DBFS, self._sound.ear.floor_dbfs + _RISE_DB)
        loud = tenth.level_dbfs > limit_dbfs
        tone = self._tones.hear(tenth.samples if loud else None)
        if tone is Tone.BEEP:
            self.beeped_ms = now_ms
        if machine:
            return None
        active = loud and not self._tones.sounding
        self._classifier.hear(active=active, tone=tone, block_ms=BLOCK_MS, now_ms=now_ms)
        return self._news()

    def said(self, text: str, now_ms: int) -> Answer | None:
        """Take the callee's words; return who answered, where that is new."""
        if now_ms <= LATEST_WORDS_MS and not self._is_machine():
            self._classifier.said(text, now_ms)
        return self._news()

    def _is_machine(self) -> bool:
        return self._classifier.certain and self.answer is not Answer.PERSON

    def _news(self) -> Answer | None:
        if self.answer is self._told:
            return None
        self._told = self.answer
        return self.answer
