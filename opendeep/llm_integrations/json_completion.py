"""Strict JSON answers from any model: the schema we send, the check we do, the one repair.

A server's promise of a strict schema is never trusted: each answer is validated here with
pydantic, and an invalid one goes back to the model once, with its faults.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from opendeep.common.errors import ModelUnavailableError
from opendeep.llm_integrations.text_model import (
    AssistantMessage,
    BoundTool,
    ModelMessage,
    ModelTurn,
    SchemaT,
    ToolCall,
    ToolResultMessage,
    Usage,
    UserMessage,
)

_TOOL_ROUNDS = 8
_REPAIRS = 1
_FAULTS_SHOWN = 10
# Keywords that strict mode does not take (OpenAI structured outputs); pydantic checks them here.
_LOCAL_KEYWORDS = frozenset(
    {"default", "title", "minLength", "maxLength", "minItems", "maxItems", "pattern", "format"}
    | {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "discriminator"}
)

Complete = Callable[[Sequence[ModelMessage]], Awaitable[ModelTurn]]
"""One request with the schema attached: the conversation in, the model's turn out."""


def to_strict_json_schema(model: type[BaseModel]) -> dict[str, Any]:
    """Return the model's JSON schema in the dialect that strict mode takes.

    Every object lists all its properties as required and refuses others; keywords outside the
    dialect are left out, since the answer is validated locally anyway.
    """
    schema: dict[str, Any] = _strict(model.model_json_schema(by_alias=True))
    return schema


def _strict(node: Any) -> Any:
    if isinstance(node, list):
        return [_strict(item) for item in node]
    if not isinstance(node, dict):
        return node
    strict = {
        key: {name: _strict(inner) for name, inner in value.items()}
        if key in {"properties", "$defs"}
        else _strict(value)
        for key, value in node.items()
        if key not in _LOCAL_KEYWORDS
    }
    if "oneOf" in strict:
        strict["anyOf"] = strict.pop("oneOf")
    if strict.get("type") == "object":
        strict["additionalProperties"] = False
        strict["properties"] = strict.get("properties", {})
        strict["required"] = list(strict["properties"])
    return strict


async def complete_json(
    complete: Complete,
    messages: Sequence[ModelMessage],
    schema: type[SchemaT],
    tools: Sequence[BoundTool] = (),
) -> tuple[SchemaT, Usage]:
    """Ask until the answer is valid: tools are run, an invalid answer is repaired once.

    Raises:
        ModelUnavailableError: not retryable: still invalid after the repair, or the model would
            not stop calling tools. Whatever ``complete`` raises passes through.
    """
    conversation = list(messages)
    usage = Usage()
    repairs = 0
    for _ in range(_TOOL_ROUNDS + _REPAIRS + 1):
        turn = await complete(conversation)
        usage += turn.usage
        if turn.refused:
            raise ModelUnavailableError("The model refused to answer.", retryable=False)
        conversation.append(AssistantMessage(text=turn.text, tool_calls=turn.tool_calls))
        if turn.tool_calls:
            conversation += [await _run(call, tools) for call in turn.tool_calls]
            continue
        try:
            return schema.model_validate_json(unfence(turn.text)), usage
        except ValidationError as error:
            if repairs == _REPAIRS:
                raise ModelUnavailableError(
                    "The model's answer stayed invalid after a repair.", retryable=False
                ) from error
            repairs += 1
            conversation.append(UserMessage(text=_repair_request(error)))
    raise ModelUnavailableError("The model did not stop calling tools.", retryable=False)


def unfence(text: str) -> str:
    """Take a JSON object out of a Markdown fence or of the prose around it."""
    start, end = text.find("{"), text.rfind("}")
    return text[start : end + 1] if 0 <= start < end else text


async def _run(call: ToolCall, tools: Sequence[BoundTool]) -> ToolResultMessage:
    tool = next((tool for tool in tools if tool.spec.name == call.name), None)
    if tool is None:
        text = '{"error": "There is no such tool."}'
    elif call.arguments is None:
        text = '{"error": "The arguments are not a JSON object."}'
    else:
        text = await tool.run(call.arguments)
    return ToolResultMessage(tool_call_id=call.id, text=text)


def _repair_request(error: ValidationError) -> str:
    faults = "\n".join(
        f"- {'.'.join(map(str, fault['loc'])) or 'answer'}: {fault['msg']}"
        for fault in error.errors(include_url=False)[:_FAULTS_SHOWN]
    )
    return (
        "Your answer does not fit the schema. Send the whole JSON object again, corrected, and "
        f"nothing else. Faults:\n{faults}"
    )
