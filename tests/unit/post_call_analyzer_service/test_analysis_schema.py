"""The model's answer and what becomes of it."""

import pytest
from pydantic import ValidationError

from opendeep.common.data_models import CallAnalysis, NextStep, Promise, Verdict
from opendeep.llm_integrations.json_completion import to_strict_json_schema
from opendeep.post_call_analyzer_service.analysis_schema import (
    CallAnalysisAnswer,
    to_call_analysis,
)

ANSWER = {
    "verdict": "success",
    "summary": "Booked for Tuesday.",
    "agreed": [{"name": "day", "value": "Monday"}, {"name": "day", "value": "Tuesday"}],
    "facts": [{"name": "person", "value": "Maria", "quote": "I am Maria", "seq": 2}],
    "promises": [{"what": "send a confirmation", "due": ""}],
    "next_step": "done",
    "evidence": [{"claim": "booked", "quote": "Tuesday it is", "seq": 3, "start_ms": 900}],
    "confidence": 0.9,
    "dnd": False,
    "question_for_user": None,
}


def test_the_wire_form_becomes_the_stored_form() -> None:
    """Names and values become a dictionary, where the last value of a name counts."""
    analysis = to_call_analysis(CallAnalysisAnswer.model_validate(ANSWER))
    assert analysis.agreed == {"day": "Tuesday"}
    assert analysis.promises == [Promise(what="send a confirmation")]
    assert (analysis.verdict, analysis.next_step) == (Verdict.SUCCESS, NextStep.DONE)
    assert analysis.evidence[0].quote == "Tuesday it is"
    assert [(fact.value, fact.agreed) for fact in analysis.facts] == [
        ("Monday", True),
        ("Tuesday", True),
        ("Maria", False),
    ]


@pytest.mark.parametrize(
    "broken", [{"verdict": "great"}, {"confidence": 1.5}, {"extra": 1}, {"dnd": "perhaps"}]
)
def test_anything_else_is_refused(broken: dict[str, object]) -> None:
    """Unknown words, keys and numbers out of range do not pass."""
    with pytest.raises(ValidationError):
        CallAnalysisAnswer.model_validate(ANSWER | broken)


def test_the_wire_schema_names_every_stored_field() -> None:
    """The strict schema requires exactly the fields of the stored analysis."""
    schema = to_strict_json_schema(CallAnalysisAnswer)
    assert set(schema["required"]) == set(CallAnalysis.model_fields)
    assert schema["additionalProperties"] is False
