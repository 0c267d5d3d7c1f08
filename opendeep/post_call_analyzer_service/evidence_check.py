"""Nothing counts as reached unless the callee's own words show it: pure checks, no model.

A model can be wrong or can lie. Rules, applied to whatever it answers:

1. A quote counts only if it stands, word for word, in a line of the callee; the AI's own words, a
   machine's, and words that are addressed to the judge show nothing.
2. A claim whose day, time or number is not in the words around its quote is dropped with it.
3. What is "agreed" must have been said: its days, times, prices, numbers and names. Of an
   appointment the day and time must be those that the callee confirmed last (``settlement.py``).
4. Each fact and promise is judged by its own quote in the same way (``quotes.py``).
5. A success needs a settlement that stands at the end of the call (for a question: an answer), a
   quote, no claim that had to be dropped from what was agreed, and the model's own confidence.
6. A success in a language whose yes and no are not known here is left to the user.

What is taken back is ``unresolved``, never followed by a redial, and comes with a reason that the
user reads on the review card.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from opendeep.common.data_models import (
    CallAnalysis,
    Evidence,
    NextStep,
    Promise,
    QuotedFact,
    Verdict,
)
from opendeep.post_call_analyzer_service.claims import Claims
from opendeep.post_call_analyzer_service.heard import HeardLine
from opendeep.post_call_analyzer_service.quotes import Quotes
from opendeep.post_call_analyzer_service.settlement import settle
from opendeep.post_call_analyzer_service.task_kind import TaskKind

LEAST_CONFIDENCE = 0.6
"""A model that is less sure than this has not seen a success."""

_DOUBTFUL_CONFIDENCE = 0.5
_NOT_LIKE_THAT = "What the analysis calls agreed was not confirmed like that"
_CONFIRMED = "The callee confirmed it."


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the call was for, as the check needs it.

    Attributes:
        facts: names and numbers that the user gave, which the AI may have said.
        called_on: the callee's date at the time of the call.
    """

    kind: TaskKind = TaskKind.BOOK
    language: str = "en"
    facts: tuple[str, ...] = ()
    called_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedAnalysis:
    """What of an analysis stands.

    Attributes:
        doubt: why a success or partial success that was claimed is not shown; None where none was
            taken back.
        dropped_quotes: how many quotes were not the callee's words, or did not show their claim.
        dropped_facts: names of agreed facts that nobody said or confirmed.
    """

    analysis: CallAnalysis
    doubt: str | None = None
    dropped_quotes: int = 0
    dropped_facts: tuple[str, ...] = ()

    @property
    def taken_back(self) -> bool:
        """Whether a success or partial success was claimed and not shown."""
        return self.doubt is not None


class EvidenceCheck:
    """The words of one call, against which any number of analyses can be held."""

    def __init__(self, lines: Sequence[HeardLine], wanted: Wanted | None = None) -> None:
        self._wanted = wanted or Wanted()
        language, called_on = self._wanted.language, self._wanted.called_on
        self._settlement = settle(
            lines, language=language, kind=self._wanted.kind, called_on=called_on
        )
        self._claims = Claims(lines, self._settlement, language, self._wanted.facts, called_on)
        self._quotes = Quotes(lines, self._settlement, self._claims, language)

    def check(self, analysis: CallAnalysis) -> CheckedAnalysis:
        """Keep of ``analysis`` what was said; ``start_ms`` of a quote is its line's own."""
        claims, quotes = self._claims, self._quotes
        kept = [
            found
            for item in analysis.evidence
            if (found := quotes.of_callee(item.claim, item.quote, item.seq))
        ]
        misquoted = {
            fact.name for fact in analysis.facts if fact.agreed and self._is_misquoted(fact)
        }
        dropped = tuple(
            name
            for name, value in analysis.agreed.items()
            if name in misquoted or not claims.stands(name, str(value))
        )
        agreed = {name: value for name, value in analysis.agreed.items() if name not in dropped}
        doubt = self._doubt(analysis, kept, dropped)
        changes: dict[str, object] = {
            "evidence": self._with_the_yes(analysis, kept) if doubt is None else kept,
            "agreed": agreed,
            "facts": [shown for fact in analysis.facts if (shown := self._fact(fact, agreed))],
            "promises": [known for made in analysis.promises if (known := self._promise(made))],
        }
        if dropped or doubt:
            changes["confidence"] = min(analysis.confidence, _DOUBTFUL_CONFIDENCE)
        if doubt is not None:
            changes |= {"verdict": Verdict.UNRESOLVED, "next_step": NextStep.GIVE_UP}
        if doubt is not None or not claims.was_said(analysis.summary):
            changes["summary"] = doubt or _plain_summary(analysis.verdict, agreed)
        return CheckedAnalysis(
            analysis=analysis.model_copy(update=changes),
            doubt=doubt,
            dropped_quotes=len(analysis.evidence) - len(kept),
            dropped_facts=dropped,
        )

    def _is_misquoted(self, fact: QuotedFact) -> bool:
        return bool(fact.quote) and not self._quotes.of_callee(fact.value, fact.quote, fact.seq)

    def _fact(self, fact: QuotedFact, agreed: dict[str, object]) -> QuotedFact | None:
        """Return a fact with the callee's words that show it; None where it is not shown."""
        if fact.agreed and agreed.get(fact.name) != fact.value:
            return None
        if not (fact.agreed or self._claims.was_heard(fact.value)):
            return None
        if fact.quote:
            found = self._quotes.of_callee(fact.value, fact.quote, fact.seq)
        else:
            quotes = self._quotes
            found = (quotes.found if fact.agreed else quotes.latest)(fact.value)
        return None if found is None else fact.model_copy(update=_where(found))

    def _promise(self, made: Promise) -> Promise | None:
        """Return a promise with the words that make it; None where nobody said them."""
        claim = " ".join(filter(None, (made.what, made.due)))
        if not self._claims.was_said(claim):
            return None
        if made.quote:
            found = self._quotes.of_anybody(claim, made.quote, made.seq)
        else:
            found = self._quotes.found_anywhere(claim)
        return None if found is None else made.model_copy(update=_where(found))

    def _with_the_yes(self, analysis: CallAnalysis, kept: list[Evidence]) -> list[Evidence]:
        """Let the words that settled the matter be among the quotes of a success."""
        settled = self._settlement.settled
        asked = self._wanted.kind is TaskKind.ASK
        if analysis.verdict is not Verdict.SUCCESS or settled is None or asked:
            return kept
        if any(item.seq == settled.seq for item in kept):
            return kept
        line = self._quotes.callee[settled.seq]
        words = {"quote": line.text, "seq": line.seq, "start_ms": line.start_ms}
        return [*kept, Evidence.model_validate({"claim": _CONFIRMED, **words})]

    def _doubt(
        self, analysis: CallAnalysis, kept: Sequence[Evidence], dropped: Sequence[str]
    ) -> str | None:
        """Return why a success that is claimed is not shown, or None."""
        if analysis.verdict not in {Verdict.SUCCESS, Verdict.PARTIAL}:
            return None
        if not kept:
            return "The analysis names no words of the callee that show it."
        if analysis.verdict is Verdict.PARTIAL:
            return None
        if analysis.confidence < LEAST_CONFIDENCE:
            return "The analysis itself is not sure of it."
        return self._unproven({item.seq for item in kept}) or self._differs(analysis, dropped)

    def _unproven(self, quoted: set[int]) -> str | None:
        settlement = self._settlement
        if not settlement.understood:
            return "What the callee said cannot be checked in this language."
        if self._wanted.kind is TaskKind.ASK:
            answered = bool(quoted & settlement.answers)
            return None if answered else "The callee's words quoted are no answer that stands."
        if settlement.settled is not None:
            return None
        if settlement.revoked_by is not None:
            return "What the callee had agreed to was taken back or changed later in the call."
        return "The callee did not plainly confirm it."

    def _differs(self, analysis: CallAnalysis, dropped: Sequence[str]) -> str | None:
        if dropped:
            named = f"{_NOT_LIKE_THAT}: {', '.join(dropped)}."
            # A name is the model's own word too: one with a figure may be a claim in disguise.
            return named if self._claims.was_said(named) else f"{_NOT_LIKE_THAT}."
        is_booking = self._wanted.kind is TaskKind.BOOK
        if is_booking and not self._claims.names_the_slot(analysis.agreed):
            return "The analysis does not name the day or time that was confirmed."
        return None


def check_evidence(
    analysis: CallAnalysis, lines: Sequence[HeardLine], wanted: Wanted | None = None
) -> CheckedAnalysis:
    """Keep of one ``analysis`` what the transcript shows."""
    return EvidenceCheck(lines, wanted).check(analysis)


def _where(found: Evidence) -> dict[str, object]:
    return {"quote": found.quote, "seq": found.seq, "start_ms": found.start_ms}


def _plain_summary(verdict: Verdict, agreed: dict[str, object]) -> str:
    """Say what stands, where the model's own sentence names what nobody said."""
    said = "; ".join(f"{name}: {value}" for name, value in agreed.items())
    reached = {
        Verdict.SUCCESS: _CONFIRMED,
        Verdict.PARTIAL: "Part of it was reached.",
        Verdict.FAILURE: "The goal was not reached.",
        Verdict.UNRESOLVED: "It is not clear what came of the call.",
    }[verdict]
    return f"{reached} {said[:3000]}.".strip() if said else reached
