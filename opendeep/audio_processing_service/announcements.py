"""The announcements of one queue: a recording that has woken the AI once wakes it no more.

Each is known by the print of its first 1.6 s of voice. While none is known nothing is waited for;
then a voice has to be heard for so long before it may end the hold. Pure.
"""

from typing import Final

from opendeep.audio_processing_service import pcm, sound_print

HEARD_MS: Final = 1600
MOST: Final = 6
_HEARD_BYTES: Final = HEARD_MS * pcm.MULAW_BYTES_PER_MS


class Announcements:
    """What one call has heard in vain."""

    def __init__(self) -> None:
        self._prints: list[bytes] = []
        self._heard = bytearray()
        self._is_voice = False

    def begin(self) -> None:
        """Note that a voice begins."""
        self._heard.clear()
        self._is_voice = True

    def add(self, mulaw: bytes) -> None:
        """Take what the voice goes on to say; what comes before any voice is nobody's."""
        if self._is_voice and len(self._heard) < _HEARD_BYTES:
            self._heard += mulaw

    def is_known(self) -> bool | None:
        """Whether this voice is a known recording; None while that cannot be told yet."""
        if not self._prints:
            return False
        if len(self._heard) < _HEARD_BYTES:
            return None
        heard = self._print()
        return any(sound_print.alike(known, heard) for known in self._prints)

    def remember(self) -> None:
        """Note that the last voice was a queue's."""
        heard = self._print()
        if heard and len(self._prints) < MOST:
            self._prints.append(heard)
        self._heard.clear()
        self._is_voice = False

    def _print(self) -> bytes:
        if len(self._heard) < _HEARD_BYTES:
            return b""
        return sound_print.print_of(bytes(self._heard[:_HEARD_BYTES]))
