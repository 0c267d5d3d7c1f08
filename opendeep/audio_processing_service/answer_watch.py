"""Watches who answers: brings the sound of a call's first half minute to the classifier."""

from typing import Final

from opendeep.audio_processing_service import pcm
from opendeep.audio_processing_service.answer_classifier import (
    LONGEST_MS,
    Answer,
    AnswerClassifier,
)
from opendeep.audio_processing_service.call_sound import CallSound
from opendeep.audio_processing_service.call_tones import BLOCK_MS, Tone, ToneEar, pitches_of_each
from opendeep.audio_processing_service.overlap import LastTenth
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
LATEST_BEEP_MS: Final = 300_000
"""So long a machine's beeps and the ringing behind it are listened for."""
_MOST_LATER: Final = 10
_TWO_BLOCKS_MS: Final = 3 * BLOCK_MS // 2
_RISE_DB: Final = 9.0
_FAINTEST_DBFS: Final = -45.0


class AnswerWatch:
    """Who answered one call.

    Args:
        sound: the call's audio.

    Attributes:
        beeped_ms: when the last beep ended, or None before the first.
        rang_ms: when another telephone was last heard ringing, or None.
    """

    def __init__(self, sound: CallSound) -> None:
        self.beeped_ms: int | None = None
        self.rang_ms: int | None = None
        self._sound = sound
        self._tones = ToneEar()
        self._classifier = AnswerClassifier()
        self._later: list[tuple[bytes, int]] = []
        self._told = Answer.UNKNOWN
        self._looked_ms = 0

    @property
    def answer(self) -> Answer:
        """Who answered, as far as is known."""
        return self._classifier.answer

    @property
    def decided_ms(self) -> int:
        """When that became known, ms since the answer."""
        return self._classifier.decided_ms

    def look(self, now_ms: int) -> Answer | None:
        """Take what came since the last look, one tenth of a second or two; as :meth:`said`."""
        machine = self._is_machine()
        if now_ms > (LATEST_BEEP_MS if machine else LONGEST_MS + BLOCK_MS):
            return None
        news = None
        if now_ms - self._looked_ms > _TWO_BLOCKS_MS:
            news = self._hear(self._sound.tenth_before(), now_ms - BLOCK_MS)
        self._looked_ms = now_ms
        return self._hear(self._sound.last_tenth(), now_ms) or news

    def _hear(self, tenth: LastTenth, now_ms: int) -> Answer | None:
        machine = self._is_machine()
        if not tenth.whole:
            return None
        limit_dbfs = max(_FAINTEST_DBFS, self._sound.ear.floor_dbfs + _RISE_DB)
        loud = tenth.level_dbfs > limit_dbfs
        if self._classifier.certain and not machine:
            # A person; should it prove to be a machine after all, its last beep will be asked for.
            self._later.append((tenth.mulaw if loud else b"", now_ms))
            if len(self._later) >= _MOST_LATER:
                self._catch_up()
            return None
        tone = self._tones.hear(tenth.samples if loud else None)
        self._note(tone, now_ms)
        if machine:
            return None
        active = loud and not self._tones.sounding
        self._classifier.hear(active=active, tone=tone, block_ms=BLOCK_MS, now_ms=now_ms)
        return self._news()

    def said(self, text: str, now_ms: int) -> Answer | None:
        """Take the callee's words; return who answered, where that is new."""
        if now_ms <= LATEST_WORDS_MS and not self._is_machine():
            self._classifier.said(text, now_ms)
            if self._is_machine():
                self._catch_up()
        return self._news()

    def _catch_up(self) -> None:
        """Listen to what was put off, all at once, which costs a fifth."""
        later, self._later = self._later, []
        loud = [mulaw for mulaw, _ in later if mulaw]
        pitches = iter(pitches_of_each(pcm.mulaw_to_samples(b"".join(loud))))
        for mulaw, at_ms in later:
            self._note(self._tones.follow(next(pitches) if mulaw else ()), at_ms)

    def _note(self, tone: Tone | None, now_ms: int) -> None:
        if tone is Tone.BEEP:
            self.beeped_ms = now_ms
        elif tone is Tone.RINGING:
            self.rang_ms = now_ms

    def _is_machine(self) -> bool:
        return self._classifier.certain and self.answer is not Answer.PERSON

    def _news(self) -> Answer | None:
        if self.answer is self._told:
            return None
        self._told = self.answer
        return self.answer
