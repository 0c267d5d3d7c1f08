"""When nobody says anything: ask once, then take leave.

A pure rule over what is going on: it counts how long nobody spoke **and** the line was quiet. Music
on hold is not quiet, so it never counts; neither does the time in which the AI makes an answer or
the user is being asked.
"""

from enum import Enum, auto

import msgspec

PATIENCE_MS = 6000
CONTINUE_MS = 2000
QUIET_DBFS = -42.0


class SilenceAction(Enum):
    """What the handler is to do now."""

    NONE = auto()
    CONTINUE = auto()
    ASK = auto()
    GIVE_UP = auto()


class LineState(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is going on at one moment; made ten times a second, and cheaper than a dataclass.

    Attributes:
        ai_busy: the AI's speech is being made or played, or a question to the user is open.
        callee_speaks: the callee's voice is heard.
        level_dbfs: loudness of the callee's side.
    """

    ai_busy: bool
    callee_speaks: bool
    level_dbfs: float

    @property
    def quiet(self) -> bool:
        """Whether nothing at all happens."""
        return not (self.ai_busy or self.callee_speaks or self.level_dbfs > QUIET_DBFS)


class SilenceRule:
    """Counts silence; the callee's voice begins everything anew."""

    def __init__(self) -> None:
        self._quiet_since_ms: int | None = None
        self._asked = False
        self._continued = True

    def expect_continuation(self) -> None:
        """After the disclosure: let the AI go on by itself when the callee says nothing."""
        self._continued = False

    def observe(self, line: LineState, now_ms: int) -> SilenceAction:
        """Take the line's state; call it every 100 ms or so."""
        if line.callee_speaks:
            self._asked = False
            self._continued = True
        if not line.quiet:
            self._quiet_since_ms = None
            return SilenceAction.NONE
        if self._quiet_since_ms is None:
            self._quiet_since_ms = now_ms
        quiet_ms = now_ms - self._quiet_since_ms
        if not self._continued and quiet_ms >= CONTINUE_MS:
            self._continued = True
            return SilenceAction.CONTINUE
        if quiet_ms < PATIENCE_MS:
            return SilenceAction.NONE
        self._quiet_since_ms = None
        if self._asked:
            return SilenceAction.GIVE_UP
        self._asked = True
        return SilenceAction.ASK
