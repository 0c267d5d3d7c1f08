"""How a call is brought to its end: decided once, last words played, then told.

Pure; times are ms since the answer. The first cause wins, whatever follows.
"""

from typing import Final

from opendeep.common.data_models import CallCause

LAST_WORDS_MS: Final = 10_000
"""So long may the AI's last words take before the call is ended anyway."""
AFTER_LAST_WORD_MS: Final = 300
"""The last frame is still on its way to the callee."""


class CallEnding:
    """The end of one call.

    Attributes:
        cause: why, once it is decided.
        reason: the same in words, for the log.
        told: whether the attempt handler was asked to end the call, or need not be.
        goodbye: whether words of leave have still to be made.
        closed: whether the last lines were given out, and nothing is taken any more.
    """

    __slots__ = (
        "_deadline_ms",
        "_silent_since_ms",
        "cause",
        "closed",
        "goodbye",
        "reason",
        "told",
    )

    def __init__(self) -> None:
        self.cause: CallCause | None = None
        self.reason = ""
        self.told = False
        self.goodbye = False
        self.closed = False
        self._deadline_ms = 0
        self._silent_since_ms: int | None = None

    @property
    def decided(self) -> bool:
        """Whether the call is to end."""
        return self.cause is not None

    def decide(self, cause: CallCause, reason: str, now_ms: int) -> bool:
        """Decide that the call ends; return False if that was decided before."""
        if self.cause is not None:
            return False
        self.cause = cause
        self.reason = reason
        self._deadline_ms = now_ms + LAST_WORDS_MS
        return True

    def due(self, now_ms: int, *, talking: bool) -> bool:
        """Whether the call is to be ended now: the last words were played, or take too long."""
        if self.cause is None or self.told:
            return False
        if talking or self.goodbye:
            self._silent_since_ms = None
        elif self._silent_since_ms is None:
            self._silent_since_ms = now_ms
        silent_ms = 0 if self._silent_since_ms is None else now_ms - self._silent_since_ms
        return silent_ms >= AFTER_LAST_WORD_MS or now_ms >= self._deadline_ms
