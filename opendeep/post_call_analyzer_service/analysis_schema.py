"""What the text model must answer about a call, and how it becomes our own record.

Strict JSON schemas allow no free keys, so on the wire ``agreed`` is a list of names and values;
inside it is a dictionary again. What the model says is a proposal: ``evidence_check.py`` decides
what of it stands.
"""

from typing import Annotated

from pydantic import Field, StringConstraints

from opendeep.common.data_models import (
    CallAnalysis,
    Evidence,
    Frozen,
    LongText,
    NextStep,
    Promise,
    QuotedFact,
    ShortText,
    Verdict,
)

SCHEMA_NAME = "call_analysis"

_Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
_Value = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
_Quote = Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000)]


class NamedFact(Frozen):
    """One thing that the callee agreed to or said, such as ``time`` and ``Tuesday, 2:30 PM``.

    ``quote`` is copied from the transcript line ``seq``.
    """

    name: _Name
    value: _Value
    quote: _Quote = ""
    seq: int = 0


class PromiseMade(Frozen):
    """What somebody undertook to do, in their words; ``due`` is null when no time was named."""

    what: _Value
    due: ShortText | None
    quote: _Quote = ""
    seq: int = 0


class QuotedEvidence(Frozen):
    """A claim with the words that show it, copied from the transcript line ``seq``."""

    claim: _Value
    quote: _Quote
    seq: int
    start_ms: int


class CallAnalysisAnswer(Frozen):
    """The model's whole answer (schema ``call_analysis``)."""

    verdict: Verdict
    summary: LongText
    agreed: list[NamedFact] = Field(max_length=50)
    facts: list[NamedFact] = Field(default_factory=list, max_length=50)
    promises: list[PromiseMade] = Field(max_length=20)
    next_step: NextStep
    evidence: list[QuotedEvidence] = Field(max_length=50)
    confidence: Annotated[float, Field(ge=0, le=1)]
    dnd: bool
    question_for_user: ShortText | None


def to_call_analysis(answer: CallAnalysisAnswer) -> CallAnalysis:
    """Turn the wire form into the stored form; a name given twice keeps its last value."""
    return CallAnalysis(
        verdict=answer.verdict,
        summary=answer.summary,
        agreed={fact.name: fact.value for fact in answer.agreed},
        facts=[
            QuotedFact(
                name=fact.name, value=fact.value, agreed=agreed, quote=fact.quote, seq=fact.seq
            )
            for agreed, facts in ((True, answer.agreed), (False, answer.facts))
            for fact in facts
        ],
        promises=[
            Promise(what=made.what, due=made.due or None, quote=made.quote, seq=made.seq)
            for made in answer.promises
        ],
        next_step=answer.next_step,
        evidence=[
            Evidence(claim=item.claim, quote=item.quote, seq=item.seq, start_ms=item.start_ms)
            for item in answer.evidence
        ],
        confidence=answer.confidence,
        dnd=answer.dnd,
        question_for_user=answer.question_for_user or None,
    )
