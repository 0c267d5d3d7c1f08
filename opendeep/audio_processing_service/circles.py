"""A talk that goes round in circles: a callee who only repeats, two machines that never part.

Pure. A callee who says nearly the same for the fourth time within a dozen turns, or eight lines in
a row of thanks and goodbyes from both sides, are no conversation any more, and each costs money.
Murmurs and short answers repeat in any talk, and a queue's announcements are a hold's own matter.
"""

from collections import deque
from typing import Final

from opendeep.audio_processing_service.back_channels import words_of
from opendeep.audio_processing_service.machine_phrases import Speaker as Kind
from opendeep.audio_processing_service.machine_phrases import speaker_of
from opendeep.common.data_models import Speaker

SAME_MOST: Final = 3
"""So often may the callee say a thing within the last :data:`REMEMBERED` turns."""
REMEMBERED: Final = 12
FAREWELLS_MOST: Final = 7
_ALIKE: Final = 0.8
_LEAST_WORDS: Final = 3
_LONGEST_FAREWELL: Final = 14
_THANKS: Final = """
goodbye bye thank thanks welcome wiedersehen wiederhören tschüss danke dank gracias adiós
merci revoir grazie arrivederci obrigado obrigada adeus ziens dag dziękuję widzenia
"""
_FAREWELL_WORDS: Final = frozenset(_THANKS.split())


class Circles:
    """What was said in one call, as far as it may repeat."""

    def __init__(self) -> None:
        self._callee: deque[frozenset[str]] = deque(maxlen=REMEMBERED)
        self._farewells = 0

    def said(self, speaker: Speaker, text: str) -> bool:
        """Take a line of the talk; True where it leads nowhere any more."""
        if speaker is Speaker.SYSTEM:
            return False
        words = words_of(text)
        farewell = len(words) <= _LONGEST_FAREWELL and not _FAREWELL_WORDS.isdisjoint(words)
        self._farewells = self._farewells + 1 if farewell else 0
        return self._farewells > FAREWELLS_MOST or (
            speaker is Speaker.CALLEE and self._repeats(frozenset(words), text)
        )

    def _repeats(self, words: frozenset[str], text: str) -> bool:
        if len(words) < _LEAST_WORDS or speaker_of(text) is Kind.QUEUE:
            return False
        same = sum(len(words & other) >= _ALIKE * len(words | other) for other in self._callee)
        self._callee.append(words)
        return same >= SAME_MOST
