"""A callee who asks not to be called again, in words of the list: noted at once, the call ended.

Pure; times are ms since the answer. The AI may apologise and end the call by itself; it is not
waited for longer than a few seconds (a call has to end within ten of the wish).
"""

from typing import Final

from opendeep.common.opt_out_words import asks_to_stop

PATIENCE_MS: Final = 5000
NOTE: Final = (
    "The callee asked not to be called again; that is noted already. Say in one sentence that you "
    "are sorry and that they will not be called again, then end the call with callee_refused."
)


class OptingOut:
    """Whether one callee has asked for it.

    Attributes:
        asked_ms: when, or None.
    """

    def __init__(self) -> None:
        self.asked_ms: int | None = None

    def said(self, text: str, now_ms: int) -> bool:
        """Take the callee's words; True where they ask for it for the first time."""
        if self.asked_ms is not None or not asks_to_stop(text):
            return False
        self.asked_ms = now_ms
        return True

    def overdue(self, now_ms: int) -> bool:
        """Whether the AI has had its time to end the call."""
        return self.asked_ms is not None and now_ms - self.asked_ms >= PATIENCE_MS
