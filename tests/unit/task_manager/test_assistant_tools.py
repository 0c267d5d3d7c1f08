"""The tools as the model sees them, and forms read from what it sends."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from opendeep.common.data_models import CampaignPlan
from opendeep.task_manager.assistant_tools import TOOLS, SearchArguments, explain, read_form

QUESTION = {"id": "days", "label": "Which days?", "type": "text", "hint": "unknown key"}


def test_a_form() -> None:
    """A form is read; keys that the model invented are left out, a missing title is filled in."""
    form = read_form({"questions": [QUESTION]}, "f1")
    assert (form.id, form.title) == ("f1", "A few questions")
    assert (form.questions[0].id, form.questions[0].required) == ("days", True)


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"questions": []},
        {"questions": ["Which days?"]},
        {"questions": [{"id": "days"}]},
        {"questions": [QUESTION, QUESTION]},
        {"questions": [{**QUESTION, "type": "choice"}]},
        {"questions": [{**QUESTION, "type": "slider"}]},
    ],
)
def test_no_form(arguments: dict[str, Any]) -> None:
    """What makes no form is explained in one line for the model."""
    with pytest.raises(ValueError, match=r".") as caught:
        read_form(arguments, "f1")
    assert "\n" not in explain(caught.value)


def test_explanation_names_the_field() -> None:
    """The explanation says which field is wrong and how."""
    with pytest.raises(ValidationError) as caught:
        SearchArguments.model_validate({"query": " "})
    assert explain(caught.value).startswith("query: ")


def test_schemas_are_whole() -> None:
    """Each tool's schema is JSON, and each reference in it can be followed."""
    for tool in TOOLS:
        text = json.dumps(tool.parameters)
        assert tool.parameters["type"] == "object"
        for name in tool.parameters.get("$defs", {}):
            assert f"#/$defs/{name}" in text
    plan = TOOLS[-1].parameters["properties"]["plan"]
    assert set(plan["properties"]) == set(CampaignPlan.model_fields)
