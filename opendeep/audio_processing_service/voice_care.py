"""Nobody listens to silence because the voice AI is slow, stuck or gone. Pure; times are ms.

A rule that is asked ten times a second. While an answer is owed, or there is no session, a short
fixed sentence is played before the callee has heard nothing for three seconds. An answer that does
not come is asked for again, then the session is given up for lost. A callee who spoke without the
provider telling anything at all makes it show a sign of life, or be given up.
"""

from enum import Enum, auto
from typing import Final

import msgspec

QUIET_MS: Final = 2200
"""So long may nothing be heard while an answer is owed; a turn's end is known 0.7 s late."""
GAP_MS: Final = 300
"""So long may nothing be heard once the session is lost."""
ASK_AGAIN_MS: Final = 5000
"""An owed answer of which nothing is heard for so long is asked for again."""
GIVE_UP_MS: Final = 9000
"""... and for so long shows that the session is stuck."""
_SPOKE_MS: Final = 600
_UNANSWERED_MS: Final = 1300
_PROBE_MS: Final = 1000
_LOUD_DBFS: Final = -42.0
_LOOK_MS: Final = 100


class CareAction(Enum):
    """What is to be done now."""

    NONE = auto()
    FILL = auto()
    ASK_AGAIN = auto()
    PROBE = auto()
    RENEW = auto()


class VoiceState(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is going on at one moment; made ten times a second, and cheaper than a dataclass.

    Attributes:
        owed: an answer should be coming.
        lost: there is no session.
        progress: changes with everything that the provider tells.
        sounds: changes with all speech that the provider sends.
        talking: something of the AI's side is being played.
        callee_speaks: by the provider's voice detector.
        level_dbfs: loudness of the callee's side, by our own ear.
        probes: the provider can be asked for a sign of life.
    """

    owed: bool
    lost: bool
    progress: int
    sounds: int
    talking: bool
    callee_speaks: bool
    level_dbfs: float
    probes: bool = True


class VoiceCare:
    """Watches over the voice of one call.

    Attributes:
        trouble: whether the callee waits for the voice AI.
    """

    def __init__(self) -> None:
        self.trouble = False
        self._quiet_since_ms = 0
        self._sounds = -1
        self._waits_since_ms: int | None = None
        self._asked_again = False
        self._filled = False
        self._hurry = False
        self._deafness = _Deafness()

    def look(self, state: VoiceState, now_ms: int) -> CareAction:
        """Take the present state; say what follows."""
        # Speech that comes no faster than it is played does not wait, and is heard all the same.
        if state.talking or state.callee_speaks or state.sounds != self._sounds:
            self._quiet_since_ms = now_ms
        if state.sounds != self._sounds or not state.owed or state.lost:
            self._hurry = self._hurry and state.sounds == self._sounds
            self._sounds = state.sounds
            self._waits_since_ms = None
            self._asked_again = False
        elif self._waits_since_ms is None:
            self._waits_since_ms = now_ms
        self.trouble = state.owed or state.lost or self._hurry
        self._filled = self._filled and self.trouble
        for action in (self._deafness.look(state, now_ms), self._stuck(now_ms)):
            if action is not CareAction.NONE:
                return action
        return self._fill(state, now_ms)

    def hurry(self) -> None:
        """Note that an answer failed: the next gap is bridged at once."""
        self._hurry = True

    def _stuck(self, now_ms: int) -> CareAction:
        if self._waits_since_ms is None:
            return CareAction.NONE
        waited_ms = now_ms - self._waits_since_ms
        if waited_ms >= GIVE_UP_MS:
            return CareAction.RENEW
        if waited_ms >= ASK_AGAIN_MS and not self._asked_again:
            self._asked_again = True
            return CareAction.ASK_AGAIN
        return CareAction.NONE

    def _fill(self, state: VoiceState, now_ms: int) -> CareAction:
        hurry = (state.lost or self._hurry) and not self._filled
        limit_ms = GAP_MS if hurry else QUIET_MS
        if not self.trouble or now_ms - self._quiet_since_ms < limit_ms:
            return CareAction.NONE
        self._filled = True
        self._quiet_since_ms = now_ms
        return CareAction.FILL


class _Deafness:
    """Whether the provider says nothing although the callee spoke."""

    def __init__(self) -> None:
        self._progress = -1
        self._loud_ms = 0
        self._quiet_ms = 0
        self._probed_ms: int | None = None

    def look(self, state: VoiceState, now_ms: int) -> CareAction:
        if state.progress != self._progress or state.lost or state.talking or not state.probes:
            self._progress = state.progress
            self._loud_ms = self._quiet_ms = 0
            self._probed_ms = None
            return CareAction.NONE
        if self._probed_ms is not None:
            return CareAction.RENEW if now_ms - self._probed_ms >= _PROBE_MS else CareAction.NONE
        if state.level_dbfs > _LOUD_DBFS:
            self._loud_ms += _LOOK_MS
            self._quiet_ms = 0
        elif self._loud_ms:
            self._quiet_ms += _LOOK_MS
        if self._loud_ms >= _SPOKE_MS and self._quiet_ms >= _UNANSWERED_MS:
            self._probed_ms = now_ms
            return CareAction.PROBE
        return CareAction.NONE
