"""Whether the callee takes the floor: a state machine over what is heard while the AI speaks.

At the provider's ``speech_started`` the AI falls silent at once, but only pauses: whether it has
been interrupted is decided by what follows. A murmur ("mm-hm") ends within a moment, and the AI
goes on where it paused. Speech that lasts takes the floor, and so do words with content, also when
they turn out only after the AI went on. A short turn without words stops nobody: they may be late.
Echo never stops the AI; noise and a line on which our own
ear hears nothing new stop it for a moment only.

States: quiet (nobody speaks over the AI) → holding (paused, undecided) ⇄ listening (the AI goes on
and the callee's turn is still open) → quiet. Pure; times are ms since the answer.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, assert_never

from opendeep.audio_processing_service.overlap import Sounds

LONGEST_MURMUR_MS: Final = 1100
"""Who speaks longer than this over the AI means to speak."""
SHORT_QUIET_MS: Final = 100
"""A murmur is over after so much quiet; a longer pause of the AI would sound like its end."""
DEAF_MS: Final = 300
"""How long the AI waits for a voice that its own ear does not hear."""
AGAIN_MS: Final = 100
"""So much voice makes the AI pause once more while the same turn goes on."""
WORDS_MS: Final = 6000
"""The text of a turn that is not there by now is not waited for: the turn was a murmur."""


class FloorAction(Enum):
    """What the AI's voice is to do."""

    NONE = auto()
    PAUSE = auto()
    GO_ON = auto()
    YIELD = auto()
    """Say no more; the turn goes on and is answered at its end."""
    ANSWER = auto()
    """Say no more, and answer: the turn is over already."""


class _State(Enum):
    QUIET = auto()
    HOLDING = auto()
    LISTENING = auto()


@dataclass(slots=True, kw_only=True)
class _Turn:
    """What is known of the turn that overlaps with the AI's speech."""

    item_id: str
    sounds: Sounds
    active_ms: int = 0
    run_ms: int = 0
    quiet_ms: int = 0
    stopped_ms: int | None = None


class BargeIn:
    """Decides about one turn of the callee after the other.

    Args:
        judge: says what the callee's side sounds like now; asked a few times a turn at most.
    """

    def __init__(self, judge: Callable[[], Sounds]) -> None:
        self._judge = judge
        self._state = _State.QUIET
        self._turn: _Turn | None = None

    @property
    def undecided(self) -> bool:
        """Whether the callee's present or last turn may still take the floor."""
        return self._turn is not None

    @property
    def turn_ended(self) -> bool:
        """Whether the turn in question is over on the provider's word."""
        return self._turn is not None and self._turn.stopped_ms is not None

    def started(self, item_id: str) -> FloorAction:
        """Take the beginning of a turn that overlaps with the AI's speech."""
        self._turn = _Turn(item_id=item_id, sounds=self._judge())
        if self._turn.sounds is Sounds.ECHO:
            # Should it be a voice after all, its words will tell.
            return self._go_on()
        return self._enter(_State.HOLDING)

    def frame(self, *, active: bool, frame_ms: int, now_ms: int) -> FloorAction:
        """Take a moment of the callee's side, voice or quiet; needed only while undecided."""
        turn = self._turn
        if turn is None:
            return FloorAction.NONE
        turn.active_ms += frame_ms if active else 0
        turn.run_ms = turn.run_ms + frame_ms if active else 0
        turn.quiet_ms = 0 if active else turn.quiet_ms + frame_ms
        if turn.stopped_ms is not None and now_ms - turn.stopped_ms >= WORDS_MS:
            return self._settle(takes_floor=False)
        match self._state:
            case _State.QUIET:
                return FloorAction.NONE
            case _State.HOLDING:
                return self._hold(turn)
            case _State.LISTENING:
                return self._listen(turn)
            case _:
                assert_never(self._state)

    def stopped(self, item_id: str, now_ms: int) -> None:
        """Note the end of a turn; its words decide."""
        if self._turn is not None and self._turn.item_id == item_id:
            self._turn.stopped_ms = now_ms

    def said(self, item_id: str, *, content: bool) -> FloorAction:
        """Take the words of a turn: whether they are more than a murmur."""
        if self._turn is None or self._turn.item_id != item_id:
            return FloorAction.NONE
        return self._settle(takes_floor=content)

    def forget(self) -> None:
        """Let the question rest: the AI has fallen silent for another reason."""
        self._turn = None
        self._state = _State.QUIET

    def _hold(self, turn: _Turn) -> FloorAction:
        if turn.active_ms >= LONGEST_MURMUR_MS:
            return self._settle(takes_floor=True) if self._is_voice(turn) else self._go_on()
        if turn.active_ms:
            return self._go_on() if turn.quiet_ms >= SHORT_QUIET_MS else FloorAction.NONE
        if turn.quiet_ms < DEAF_MS:
            return FloorAction.NONE
        if turn.sounds is Sounds.DEAD:
            # A line without even noise tells nothing against the provider.
            return self._settle(takes_floor=True)
        return self._go_on()

    def _listen(self, turn: _Turn) -> FloorAction:
        if turn.run_ms < AGAIN_MS or turn.stopped_ms is not None:
            return FloorAction.NONE
        turn.run_ms = 0
        return self._enter(_State.HOLDING) if self._is_voice(turn) else FloorAction.NONE

    def _is_voice(self, turn: _Turn) -> bool:
        turn.sounds = self._judge()
        return turn.sounds not in {Sounds.ECHO, Sounds.NOISE}

    def _go_on(self) -> FloorAction:
        return self._enter(_State.LISTENING)

    def _settle(self, *, takes_floor: bool) -> FloorAction:
        held, ended = self._state is _State.HOLDING, self.turn_ended
        self.forget()
        if takes_floor:
            return FloorAction.ANSWER if ended else FloorAction.YIELD
        return FloorAction.GO_ON if held else FloorAction.NONE

    def _enter(self, state: _State) -> FloorAction:
        self._state = state
        return FloorAction.PAUSE if state is _State.HOLDING else FloorAction.GO_ON
