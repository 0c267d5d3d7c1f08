"""Which line of the call shows a claim: the quote that a model gives, or the line found for it.

A quote that is given must stand word for word in the line that it names, and that line, or the
turn before it, must have the claim's days, times and numbers: else the claim is rejected. A claim
without a quote gets the line that shows it, or none. Times are the transcript's own.
"""

from collections.abc import Sequence

from opendeep.common.data_models import Evidence, Speaker
from opendeep.post_call_analyzer_service.claims import Claims
from opendeep.post_call_analyzer_service.heard import HeardLine
from opendeep.post_call_analyzer_service.settlement import Settlement
from opendeep.post_call_analyzer_service.spoken_numbers import contains_words, words
from opendeep.post_call_analyzer_service.stance import read_line

_TELLING_CHARACTERS = 4
"""Shorter words ("the", "at") are in every line and show nothing."""


class Quotes:
    """The lines of one call, as witnesses.

    Args:
        lines: the transcript.
        settlement: what the callee settled.
        claims: the call's words.
        language: of the call.
    """

    def __init__(
        self, lines: Sequence[HeardLine], settlement: Settlement, claims: Claims, language: str
    ) -> None:
        self._settled = settlement.settled
        self._claims = claims
        self.callee = {
            line.seq: line
            for line in lines
            if line.speaker is Speaker.CALLEE and not read_line(line.text, language).ignored
        }
        ai = {line.seq: line for line in lines if line.speaker is Speaker.AI}
        self._everybody = dict(sorted((self.callee | ai).items()))

    def of_callee(self, claim: str, quote: str, seq: int) -> Evidence | None:
        """Return a claim with the callee's words that show it; None where they do not."""
        return self._given(claim, quote, self.callee.get(seq))

    def of_anybody(self, claim: str, quote: str, seq: int) -> Evidence | None:
        """Return a claim with whoever's words show it: a promise may be the AI's own."""
        return self._given(claim, quote, self._everybody.get(seq))

    def found(self, claim: str) -> Evidence | None:
        """Return a claim with the callee's line that shows it, the one that settled it first."""
        if self._settled is not None and self._claims.fit_line(claim, self._settled.seq):
            return _shown(claim, self.callee[self._settled.seq])
        return self.latest(claim)

    def latest(self, claim: str) -> Evidence | None:
        """Return a claim with the callee's last line that shows it."""
        return self._latest(claim, self.callee)

    def found_anywhere(self, claim: str) -> Evidence | None:
        """Return a claim with the last line, whoever's, that shows it."""
        return self._latest(claim, self._everybody)

    def _given(self, claim: str, quote: str, line: HeardLine | None) -> Evidence | None:
        if line is None or not contains_words(line.text, quote):
            return None
        return _shown(claim, line, quote) if self._claims.fit_line(claim, line.seq) else None

    def _latest(self, claim: str, lines: dict[int, HeardLine]) -> Evidence | None:
        telling = {word for word in words(claim) if len(word) >= _TELLING_CHARACTERS}
        for line in reversed(lines.values()):
            if telling & set(words(line.text)) and self._claims.fit_line(claim, line.seq):
                return _shown(claim, line)
        return None


def _shown(claim: str, line: HeardLine, quote: str | None = None) -> Evidence:
    return Evidence(
        claim=claim,
        quote=line.text if quote is None else quote,
        seq=line.seq,
        start_ms=line.start_ms,
    )
