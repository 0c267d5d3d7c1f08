"""What is done about an answering machine: hang up, leave a message after its beep, or go on.

A pure state machine; times are ms since the answer. A message is spoken once the beep is over, or
once the line has been quiet for long after a greeting whose beep our ear missed. A machine that
does not stop talking gets none. Somebody who picks up while the message is recorded is a person
like any other.
"""

from enum import Enum, auto
from typing import Final

from opendeep.common.data_models import VoicemailPolicy

BEEP_WAIT_MS: Final = 30_000
"""So long is a beep waited for, from the moment at which the machine was recognised."""
AFTER_BEEP_MS: Final = 300
RECENT_MS: Final = 5000
"""So long after its beep a machine is taken to record still."""
TICK_MS: Final = 100
NO_BEEP_MS: Final = 4000
"""After so much quiet the machine records, whether it beeped or not."""
CUT_MS: Final = 2000
"""So long the words are waited for that cut a message off."""


class VoicemailAction(Enum):
    """What follows."""

    NONE = auto()
    HANG_UP = auto()
    """No message can or shall be left."""
    SPEAK = auto()
    """Say the message."""
    LEAVE = auto()
    """The message was said: end the call."""
    TALK = auto()
    """Somebody is there, or is to be taken for it: open the conversation."""


class _State(Enum):
    IDLE = auto()
    AWAITS_BEEP = auto()
    BEEPED = auto()
    SPEAKING = auto()
    CUT = auto()
    DONE = auto()


class Voicemail:
    """One call's answering machine.

    Args:
        policy: what the task wants.
    """

    def __init__(self, policy: VoicemailPolicy) -> None:
        self._policy = policy
        self._state = _State.IDLE
        self._since_ms = 0
        self._quiet_ms = 0

    @property
    def active(self) -> bool:
        """Whether a message is to be left, or is being said."""
        return self._state not in {_State.IDLE, _State.DONE}

    def found(self, now_ms: int, *, beeped_ms: int | None) -> VoicemailAction:
        """Note that a machine answered, and when it beeped last, if it did; idempotent."""
        if self._state is not _State.IDLE:
            return VoicemailAction.NONE
        match self._policy:
            case VoicemailPolicy.HANG_UP:
                return self._end(VoicemailAction.HANG_UP)
            case VoicemailPolicy.GO_ON:
                return self._end(VoicemailAction.TALK)
            case VoicemailPolicy.LEAVE_MESSAGE:
                beeped = beeped_ms is not None and now_ms - beeped_ms <= RECENT_MS
                self._enter(_State.BEEPED if beeped else _State.AWAITS_BEEP, now_ms)
                return VoicemailAction.NONE

    def tick(self, now_ms: int, *, quiet: bool, beeped_ms: int | None) -> VoicemailAction:
        """Let a tenth of a second pass: whether the line is quiet, and when it beeped last."""
        self._quiet_ms = self._quiet_ms + TICK_MS if quiet else 0
        waited_ms = now_ms - self._since_ms
        if self._state is _State.AWAITS_BEEP:
            if beeped_ms is not None and beeped_ms >= self._since_ms:
                self._enter(_State.BEEPED, now_ms)
            elif self._quiet_ms >= NO_BEEP_MS:
                return self._speak(now_ms)
            elif waited_ms >= BEEP_WAIT_MS:
                return self._end(VoicemailAction.HANG_UP)
        elif self._state is _State.BEEPED and waited_ms >= AFTER_BEEP_MS:
            return self._speak(now_ms)
        elif self._state is _State.CUT and waited_ms >= CUT_MS:
            return self._end(VoicemailAction.LEAVE)
        return VoicemailAction.NONE

    def spoken(self, now_ms: int, *, complete: bool) -> VoicemailAction:
        """Note that the message was played, or cut off by something on the line."""
        if self._state is not _State.SPEAKING:
            return VoicemailAction.NONE
        if complete:
            return self._end(VoicemailAction.LEAVE)
        self._enter(_State.CUT, now_ms)
        return VoicemailAction.NONE

    def person(self) -> VoicemailAction:
        """Note that a person's words were heard since the message began."""
        if self._state in {_State.SPEAKING, _State.CUT}:
            return self._end(VoicemailAction.TALK)
        return VoicemailAction.NONE

    def _speak(self, now_ms: int) -> VoicemailAction:
        self._enter(_State.SPEAKING, now_ms)
        return VoicemailAction.SPEAK

    def _end(self, action: VoicemailAction) -> VoicemailAction:
        self._state = _State.DONE
        return action

    def _enter(self, state: _State, now_ms: int) -> None:
        self._state = state
        self._since_ms = now_ms
        self._quiet_ms = 0
