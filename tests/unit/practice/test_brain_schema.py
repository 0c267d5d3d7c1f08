"""Answers under a schema, and the brain's one entrance for text."""

import json
from typing import Any

import pytest
from pydantic import BaseModel, Field

from opendeep.practice import brain
from opendeep.practice.brain_chat import ChatRequest, UserSaid
from opendeep.practice.brain_schema import conformed, smallest
from opendeep.practice.brain_summary import summarise

Json = dict[str, Any]


class Inner(BaseModel):
    """A nested object of the example schema."""

    name: str = Field(min_length=2, max_length=4)
    amount: int | None
    kind: str = "x"


class Outer(BaseModel):
    """The example schema."""

    inner: Inner
    many: list[Inner] = Field(min_length=1)
    flag: bool
    share: float = Field(ge=0)
    either: Inner | str
    free: Json


def test_the_smallest_instance_is_valid() -> None:
    """Every required key is there with a value of its type."""
    value = smallest(Outer.model_json_schema())
    assert Outer.model_validate(value)
    assert set(value) == {"inner", "many", "flag", "share", "either", "free"}


def test_a_value_is_cut_to_its_schema() -> None:
    """Unknown keys go, texts are cut, wrong types are replaced, missing keys are filled."""
    given = {
        "inner": {"name": "abcdef", "amount": 3, "more": 1},
        "many": [{"name": 5, "amount": "no"}],
        "flag": "yes",
        "share": 0.5,
        "either": "text",
        "free": {"a": 1},
    }
    value = conformed(Outer.model_json_schema(), given)
    assert Outer.model_validate(value)
    assert value["inner"] == {"name": "abcd", "amount": 3}
    assert value["many"] == [{"name": "--", "amount": None}]
    assert value["flag"] is False
    assert value["either"] == "text"
    assert value["free"] == {"a": 1}


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"const": 3}, 3),
        ({"enum": ["a", "b"]}, "a"),
        ({"type": ["string", "null"]}, None),
        ({"type": ["integer", "string"]}, 0),
        ({}, ""),
        ({"properties": {}}, {}),
        ({"anyOf": [{"type": "integer"}, {"type": "boolean"}]}, 0),
        ({"$ref": "#/no/where"}, ""),
        ({"$ref": "#/type", "type": "x"}, ""),
        ({"$ref": "#"}, ""),
        ({"anyOf": [{"type": ["null", "string"]}]}, None),
        ({"$defs": {"a": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"}, ""),
        ({"type": "array"}, []),
        ({"type": "null"}, None),
    ],
)
def test_small_schemas(schema: Json, value: object) -> None:
    """Each kind of schema has its smallest instance, also where references lead nowhere."""
    assert smallest(schema) == value


def test_endless_schemas_end() -> None:
    """A schema that requires itself is cut off."""
    node: Json = {"type": "object", "properties": {"next": {"$ref": "#"}}, "required": ["next"]}
    text = json.dumps(smallest(node))
    assert text.endswith("null" + "}" * text.count("{"))


def test_kept_values() -> None:
    """A value that is allowed stays."""
    assert conformed({"enum": ["a", "b"]}, "b") == "b"
    assert conformed({"type": ["string", "null"]}, "x") == "x"
    assert conformed({"type": "boolean"}, value=True) is True


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("call_analysis", "verdict"),
        ("campaign_summary", "headline"),
        ("consult_answer", "answer"),
        ("other", "x"),
    ],
)
def test_the_entrance(name: str, key: str) -> None:
    """Each schema's name leads to its rules, and any other to the smallest instance."""
    schema = {"type": "object", "properties": {key: {"type": "string"}}, "required": [key]}
    turns = [UserSaid(text="Please.")]
    request = ChatRequest(turns=turns, schema_name=name, schema=schema)
    assert set(json.loads(str(brain.answer(request).text))) == {key}
    bare = ChatRequest(turns=turns, schema_name=name)
    assert json.loads(str(brain.answer(bare).text)) is not None


def test_chat_is_the_planners() -> None:
    """A request without a schema is a chat."""
    assert "practice assistant" in str(brain.answer(ChatRequest(turns=[UserSaid(text="hi")])).text)


def test_a_summary() -> None:
    """It counts the tasks, copies their outcomes and says what to do next."""
    tasks = [
        {"title": "A", "status": "completed", "outcome": {"summary": "Booked for Tuesday"}},
        {"title": "B", "status": "failed", "status_reason": "The number is not in service."},
        {"title": "C", "status": "awaiting_user"},
        3,
    ]
    campaign = {"title": "Dentist", "tasks": tasks}
    assert summarise(f"<campaign>{json.dumps(campaign)}</campaign>") == {
        "headline": "1 of 3 tasks completed: Dentist",
        "summary": "Booked for Tuesday. The number is not in service.",
        "next_steps": [
            "Decide whether to try B in another way.",
            "Answer the open question about C.",
        ],
    }


@pytest.mark.parametrize(
    "prompt", ["", "<campaign>{junk</campaign>", '<campaign>{"tasks":1}</campaign>']
)
def test_a_summary_of_nothing(prompt: str) -> None:
    """Without tasks the figures say so."""
    assert summarise(prompt)["summary"] == "Tasks by status: none."
