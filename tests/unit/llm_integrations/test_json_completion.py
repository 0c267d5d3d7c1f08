"""Strict schemas, the local check, the one repair, the tools on the way."""

import json
from collections.abc import Iterator
from enum import StrEnum
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field

from opendeep.common.errors import ModelUnavailableError
from opendeep.llm_integrations.json_completion import to_strict_json_schema, unfence
from opendeep.llm_integrations.testing import ScriptedTextModel
from opendeep.llm_integrations.text_model import (
    BoundTool,
    ModelTurn,
    ToolCall,
    ToolResultMessage,
    ToolSpec,
    UserMessage,
)


class Mood(StrEnum):
    """How it went."""

    GOOD = "good"
    BAD = "bad"


class Part(BaseModel):
    """A nested object with a property named like a keyword."""

    title: str = "untitled"
    default: int = Field(default=1, ge=0)


class Report(BaseModel):
    """An answer with everything that strict mode is particular about."""

    mood: Mood
    note: str | None = None
    parts: list[Part] = Field(default_factory=list, max_length=3)
    kind: Literal["a", "b"] = "a"
    score: float = Field(default=0.0, ge=0, le=1)


def objects(schema: object) -> Iterator[dict[str, Any]]:
    """Find every object schema."""
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            yield schema
        for inner in schema.values():
            yield from objects(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from objects(inner)


def test_schema_is_strict() -> None:
    """Every object closes its keys and requires them all; foreign keywords are gone."""
    schema = to_strict_json_schema(Report)
    found = list(objects(schema))
    assert len(found) == 2
    for item in found:
        assert item["additionalProperties"] is False
        assert item["required"] == list(item["properties"])
    text = json.dumps(schema)
    for keyword in ("minimum", "maximum", "maxItems"):
        assert keyword not in text
    assert set(schema["$defs"]["Part"]["properties"]) == {"title", "default"}


def test_discriminated_union_becomes_any_of() -> None:
    """The dialect has no oneOf."""

    class A(BaseModel):
        kind: Literal["a"]

    class B(BaseModel):
        kind: Literal["b"]

    class Either(BaseModel):
        value: A | B = Field(discriminator="kind")

    value = to_strict_json_schema(Either)["properties"]["value"]
    assert set(value) == {"anyOf"}


async def ask(model: ScriptedTextModel, *tools: BoundTool) -> Report:
    """Ask for a report."""
    parsed, _ = await model.generate_json_completion_with_tools(
        [UserMessage(text="Report!")], Report, schema_name="report", tools=tools
    )
    return parsed


@pytest.mark.parametrize(
    "text",
    [
        '{"mood": "good"}',
        '```json\n{"mood": "good"}\n```',
        'Here it is: {"mood": "good"} - enjoy',
    ],
)
async def test_good_answer(text: str) -> None:
    """A good answer is read, also out of a fence or of prose."""
    assert (await ask(ScriptedTextModel([text]))).mood is Mood.GOOD


async def test_one_repair() -> None:
    """An invalid answer goes back once, with its faults; usage counts both requests."""
    model = ScriptedTextModel(["nothing", Report(mood=Mood.BAD)])
    parsed, usage = await model.generate_json_completion_with_tools(
        [UserMessage(text="Report!")], Report, schema_name="report"
    )
    assert parsed.mood is Mood.BAD
    assert usage.input_tokens == 20
    request = model.requests[1][-1]
    assert isinstance(request, UserMessage)
    assert "Faults:" in request.text


async def test_only_one_repair() -> None:
    """A second invalid answer is final."""
    with pytest.raises(ModelUnavailableError, match="stayed invalid") as caught:
        await ask(ScriptedTextModel(['{"mood": "grey"}', '{"mood": "grey"}']))
    assert not caught.value.retryable


async def test_refusal() -> None:
    """A refusal is not repaired."""
    with pytest.raises(ModelUnavailableError, match="refused"):
        await ask(ScriptedTextModel([ModelTurn(text="I will not.", refused=True)]))


async def test_tools_on_the_way() -> None:
    """Tools are run and their results shown; what cannot be run is told."""

    async def look(arguments: dict[str, Any]) -> str:
        return json.dumps({"seen": arguments["what"]})

    spec = ToolSpec(name="look", description="Look.", parameters={"type": "object"})
    calls = (
        ToolCall(id="1", name="look", arguments={"what": "x"}),
        ToolCall(id="2", name="look", arguments=None),
        ToolCall(id="3", name="jump", arguments={}),
    )
    model = ScriptedTextModel([ModelTurn(text="", tool_calls=calls), Report(mood=Mood.GOOD)])
    await ask(model, BoundTool(spec=spec, run=look))
    results = [m.text for m in model.requests[1] if isinstance(m, ToolResultMessage)]
    assert results[0] == '{"seen": "x"}'
    assert "JSON object" in results[1]
    assert "no such tool" in results[2]
    assert model.tools_offered == [["look"], ["look"]]


async def test_tools_without_end() -> None:
    """A model that never stops calling tools is given up."""
    turn = ModelTurn(text="", tool_calls=(ToolCall(id="1", name="jump", arguments={}),))
    with pytest.raises(ModelUnavailableError, match="did not stop"):
        await ask(ScriptedTextModel([turn] * 20))


def test_unfence_leaves_other_text() -> None:
    """A text without an object stays as it is."""
    assert unfence("} no {") == "} no {"
