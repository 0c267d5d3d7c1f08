"""Answers that the voice AI could not make: asked for again, a few times. Pure."""

from typing import Final

RETRY_MS: Final = 1000
MOST_IN_A_ROW: Final = 3


class FailedAnswers:
    """The failures of one call since the last answer that was made; times are ms."""

    def __init__(self) -> None:
        self._in_a_row = 0
        self._retry_at_ms: int | None = None

    def ended(self, *, failed: bool, retry: bool, now_ms: int) -> bool:
        """Note how an answer ended; return whether it was one failure too many.

        Args:
            failed: it could not be made.
            retry: it may be asked for again.
            now_ms: the present.
        """
        if not failed:
            self._in_a_row = 0
            return False
        self._in_a_row += 1
        if self._in_a_row >= MOST_IN_A_ROW:
            return True
        if retry:
            self._retry_at_ms = now_ms + RETRY_MS
        return False

    def retry_is_due(self, now_ms: int) -> bool:
        """Return whether to ask again now; told once."""
        due = self._retry_at_ms is not None and now_ms >= self._retry_at_ms
        if due:
            self._retry_at_ms = None
        return due
