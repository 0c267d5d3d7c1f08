"""A talk that goes round in circles: a callee who only repeats, two machines that never part.

Pure. A callee who says nearly the same for the fourth time within a dozen turns, or eight lines in
a row of thanks and goodbyes from both sides, are no conversation any more, and each costs money.
Few words are said again in any talk ("one moment, please"): they may come seven times, a short yes
or no ("yes, that is right") always. A queue's announcements are a hold's own matter.
"""

from collections import deque
from collections.abc import Sequence
from typing import Final

from opendeep.audio_processing_service.back_channels import is_back_channel, words_of
from opendeep.audio_processing_service.machine_phrases import Speaker as Kind
from opendeep.audio_processing_service.machine_phrases import speaker_of
from opendeep.common.data_models import Speaker

SAME_MOST: Final = 3
"""So often may the callee say a thing within the last :data:`REMEMBERED` turns."""
REMEMBERED: Final = 12
FAREWELLS_MOST: Final = 7
SHORT_MOST: Final = 7
"""The same of a thing said in few words."""
_ALIKE: Final = 0.8
_LEAST_WORDS: Final = 3
_FEW_WORDS: Final = 5
_LONGEST_FAREWELL: Final = 14
_THANKS: Final = """
goodbye bye thank thanks welcome wiedersehen wiederhören tschüss danke dank gracias adiós
merci revoir grazie arrivederci obrigado obrigada adeus ziens dag dziękuję widzenia
"""
_DENIALS: Final = frozenset(["no", "nope", "not", "nein", "non", "não", "nie", "nee"])
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
            speaker is Speaker.CALLEE and self._repeats(words, text)
        )

    def _repeats(self, said: Sequence[str], text: str) -> bool:
        words = frozenset(said)
        if len(words) < _LEAST_WORDS or speaker_of(text) is Kind.QUEUE:
            return False
        is_short = len(words) <= _FEW_WORDS
        if is_short and (said[0] in _DENIALS or is_back_channel(said[0])):
            return False
        same = sum(len(words & other) >= _ALIKE * len(words | other) for other in self._callee)
        self._callee.append(words)
        return same >= (SHORT_MOST if is_short else SAME_MOST)
