"""Keys that the callee presses, gathered into one message for the AI. Pure."""

from typing import Final

PAUSE_MS: Final = 1200
"""So long after the last key the callee is taken to be done."""
_MOST_KEYS: Final = 64


class Keypad:
    """The callee's keys that the AI was not told of yet; times are ms since the answer."""

    def __init__(self) -> None:
        self._keys = ""
        self._last_ms = 0

    def press(self, key: str, now_ms: int) -> None:
        """Add a key; more than anybody means are dropped."""
        self._keys = (self._keys + key)[:_MOST_KEYS]
        self._last_ms = now_ms

    def take(self, now_ms: int) -> str:
        """Return the keys once the callee has paused, else nothing."""
        if not self._keys or now_ms - self._last_ms < PAUSE_MS:
            return ""
        keys, self._keys = self._keys, ""
        return keys
