"""The caller's turns by our own ear, for providers that do not tell them.

A turn begins with 120 ms that are clearly louder than the line, and ends with 700 ms that are not.
The words come from the provider, in pieces and late; they belong to the turn that was heard last.
"""

from typing import Final

from opendeep.audio_processing_service import pcm, voice_agent

BEGIN_MS: Final = 120
END_MS: Final = 700
_RISE_DB: Final = 12.0
_FAINTEST_DBFS: Final = -48.0
_FLOOR_RISES: Final = 0.002
_FLOOR_FALLS: Final = 0.2


class CallerEar:
    """Tells the beginnings, ends and words of the caller's turns.

    Args:
        emit: takes the voice events.
    """

    def __init__(self, emit: voice_agent.VoiceListener) -> None:
        self._emit = emit
        self._floor_dbfs = -70.0
        self._heard_ms = 0
        self._loud_ms = 0
        self._quiet_ms = 0
        self._speaks = False
        self._turns = 0
        self._words = ""
        self._rest = b""

    def hear(self, mulaw: bytes) -> None:
        """Take audio, 8 kHz µ-law, pieces of any length."""
        data = self._rest + mulaw
        whole = len(data) - len(data) % pcm.FRAME_SAMPLES
        self._rest = data[whole:]
        for start in range(0, whole, pcm.FRAME_SAMPLES):
            self._frame(pcm.energy_dbfs(data[start : start + pcm.FRAME_SAMPLES]))

    def words(self, text: str) -> None:
        """Take a piece of what the caller said."""
        self._words += text

    def flush(self) -> None:
        """Give out the words that came: the model goes on to something else."""
        text, self._words = self._words.strip(), ""
        if not text:
            return
        if self._turns == 0:
            self._begin()
            self._end()
        self._emit(voice_agent.CallerTranscript(item_id=self._item_id, text=text))

    @property
    def _item_id(self) -> str:
        return f"turn-{self._turns}"

    def _frame(self, level: float) -> None:
        self._heard_ms += pcm.FRAME_MS
        loud = level > max(self._floor_dbfs + _RISE_DB, _FAINTEST_DBFS)
        share = _FLOOR_FALLS if level < self._floor_dbfs else _FLOOR_RISES
        self._floor_dbfs += share * (level - self._floor_dbfs)
        self._loud_ms = self._loud_ms + pcm.FRAME_MS if loud else 0
        self._quiet_ms = 0 if loud else self._quiet_ms + pcm.FRAME_MS
        if not self._speaks and self._loud_ms >= BEGIN_MS:
            self._begin()
        elif self._speaks and self._quiet_ms >= END_MS:
            self._end()

    def _begin(self) -> None:
        self._speaks = True
        self._turns += 1
        at_ms = max(self._heard_ms - BEGIN_MS, 0)
        self._emit(voice_agent.CallerSpeechStarted(item_id=self._item_id, at_ms=at_ms))

    def _end(self) -> None:
        self._speaks = False
        at_ms = max(self._heard_ms - END_MS, 0)
        self._emit(voice_agent.CallerSpeechStopped(item_id=self._item_id, at_ms=at_ms))
