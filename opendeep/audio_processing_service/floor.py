"""Whose turn it is to speak: joins the barge-in rule to the sound of the call."""

from functools import partial
from typing import Final

from opendeep.audio_processing_service import overlap, pcm
from opendeep.audio_processing_service.back_channels import is_back_channel
from opendeep.audio_processing_service.barge_in import BargeIn, FloorAction
from opendeep.audio_processing_service.call_sound import CallSound

_RISE_DB: Final = 9.0
_BELOW_PEAK_DB: Final = 22.0
_FAINTEST_DBFS: Final = -55.0
_TAIL_BYTES: Final = 300 * pcm.MULAW_BYTES_PER_MS
"""When no more of the AI's speech is left at a turn's end, the turn comes after it."""
_OWN_ANSWER_MS: Final = 1000
"""So soon after a turn's end a provider begins an answer of its own."""


class Floor:
    """Pauses the AI's speech while the callee speaks over it, and says when to give way.

    Args:
        sound: the call's audio; of its ``overlap``, ``paused`` and ``watched`` are set only here.

    Attributes:
        callee_speaks: whether the callee's turn is open.
    """

    def __init__(self, sound: CallSound) -> None:
        self.callee_speaks = False
        self._sound = sound
        self._too_soon_ms = 0
        self._rule = BargeIn(partial(_sounds_now, sound))
        self._peak_dbfs = _FAINTEST_DBFS

    @property
    def undecided(self) -> bool:
        """Whether the callee's present or last turn may still take the floor."""
        return self._rule.undecided

    def started(self, item_id: str, *, talking: bool, making: bool) -> FloorAction:
        """Take the beginning of a turn of the callee.

        Args:
            item_id: the turn.
            talking: whether the AI's speech is being made or played.
            making: whether more of it is still to come.

        Returns:
            ``YIELD`` if the AI has to give way at once, else ``NONE``.
        """
        self.callee_speaks = True
        if not talking:
            self.release()
            return FloorAction.NONE
        # Nothing is lost of an answer that was not heard yet: what the callee adds belongs to it.
        if making and not self._sound.playout.begun:
            return FloorAction.YIELD
        self._peak_dbfs = _FAINTEST_DBFS
        return self._act(self._rule.started(item_id))

    def frame(self, now_ms: int) -> FloorAction:
        """Let 20 ms pass; needed while :attr:`undecided`. Returns as :meth:`said`."""
        level = pcm.energy_dbfs(self._sound.overlap.callee.last(pcm.FRAME_MS))
        self._peak_dbfs = max(self._peak_dbfs, level)
        limit = max(
            _FAINTEST_DBFS,
            self._sound.ear.floor_dbfs + _RISE_DB,
            self._peak_dbfs - _BELOW_PEAK_DB,
        )
        active = level > limit
        return self._act(self._rule.frame(active=active, frame_ms=pcm.FRAME_MS, now_ms=now_ms))

    def stopped(self, item_id: str, now_ms: int, *, making: bool) -> None:
        """Note the end of a turn; beside the AI's last word it is an ordinary one.

        Args:
            item_id: the turn.
            now_ms: ms since the answer.
            making: whether more of the AI's speech is still to come.
        """
        self.callee_speaks = False
        if not making and self._sound.playout.queued_bytes <= _TAIL_BYTES:
            self.release()
        self._rule.stopped(item_id, now_ms)
        if self._rule.turn_ended:
            self._too_soon_ms = now_ms + _OWN_ANSWER_MS

    def answers_too_soon(self, now_ms: int, *, talking: bool) -> bool:
        """Whether an answer that begins now was made for words that are not decided about yet.

        Told once for each turn. When the AI has finished, nothing is left to decide.
        """
        limit_ms, self._too_soon_ms = self._too_soon_ms, 0
        if not talking:
            self.release()
        return talking and now_ms < limit_ms

    def settle(self, *, talking: bool) -> None:
        """Let a turn be an ordinary one when the AI has finished before it."""
        if self.undecided and not (talking or self._rule.turn_ended):
            self.release()

    def said(self, item_id: str, text: str, *, greeting: bool) -> FloorAction:
        """Take the words of a turn; ``YIELD``, ``ANSWER``, or ``NONE`` where the AI goes on."""
        content = not is_back_channel(text, greeting=greeting)
        return self._act(self._rule.said(item_id, content=content))

    def turn_lost(self) -> None:
        """Forget the callee's turn: nobody will tell its end or its words."""
        self.callee_speaks = False
        self.release()

    def release(self) -> None:
        """Let the AI's voice be heard again: it has given way, or has something new to say."""
        self._rule.forget()
        self._sound.overlap.paused = False
        self._sound.overlap.watched = False

    def _act(self, action: FloorAction) -> FloorAction:
        self._sound.overlap.watched = self._rule.undecided
        if action is FloorAction.NONE:
            return action
        self._sound.overlap.paused = action is FloorAction.PAUSE
        gives_way = action in {FloorAction.YIELD, FloorAction.ANSWER}
        return action if gives_way else FloorAction.NONE


def _sounds_now(sound: CallSound) -> overlap.Sounds:
    return overlap.judge(
        sound.overlap.callee.last(overlap.LOOK_MS),
        sound.overlap.played.last(overlap.LOOK_MS + overlap.ECHO_DELAY_MS),
        floor_dbfs=sound.ear.floor_dbfs,
    )
