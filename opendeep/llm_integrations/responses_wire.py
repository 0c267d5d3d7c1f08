"""The Responses API as data: our shapes to a request's body, an answer's body to our shapes.

Used with OpenAI itself, whose newer models take tools only here. Nothing is stored there
(``store: false``); each request carries its whole conversation.
Source: OpenAI OpenAPI document, ``POST /v1/responses``.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any, assert_never

from opendeep.llm_integrations.chat_wire import count, get, text_of, unused_id
from opendeep.llm_integrations.text_model import (
    AssistantMessage,
    ModelMessage,
    ModelTurn,
    SystemMessage,
    ToolCall,
    ToolResultMessage,
    ToolSpec,
    Usage,
    UserMessage,
    decode_arguments,
)

Json = dict[str, Any]


def request_body(messages: Sequence[ModelMessage], tools: Sequence[ToolSpec]) -> Json:
    """Build the part of the body that holds the conversation and the tools."""
    instructions = [message.text for message in messages if isinstance(message, SystemMessage)]
    body: Json = {
        "input": [item for message in messages for item in _items(message)],
        "store": False,
    }
    if instructions:
        body["instructions"] = "\n\n".join(instructions)
    if tools:
        body["tools"] = [
            {
                "type": "function",
                "name": tool.name,
                "description": tool.description,
                "parameters": tool.parameters,
                "strict": False,
            }
            for tool in tools
        ]
    return body


def json_format(name: str, schema: Json) -> Json:
    """Build the body's part that asks for an answer under ``schema``."""
    form = {"type": "json_schema", "name": name, "schema": schema, "strict": True}
    return {"text": {"format": form}}


def _items(message: ModelMessage) -> Iterator[Json]:
    match message:
        case SystemMessage():
            return
        case UserMessage():
            yield {"role": "user", "content": message.text}
        case ToolResultMessage():
            yield {
                "type": "function_call_output",
                "call_id": message.tool_call_id,
                "output": message.text,
            }
        case AssistantMessage():
            if message.text:
                yield {"role": "assistant", "content": message.text}
            for call in message.tool_calls:
                yield {
                    "type": "function_call",
                    "call_id": call.id,
                    "name": call.name,
                    "arguments": json.dumps(call.arguments or {}),
                }
        case _:
            assert_never(message)


def read_turn(body: object) -> ModelTurn | None:
    """Read an answer's body; None when it failed or holds no output."""
    output = get(body, "output")
    if not isinstance(output, list) or get(body, "status") == "failed":
        return None
    texts: list[str] = []
    calls: list[ToolCall] = []
    refused = get(get(body, "incomplete_details"), "reason") == "content_filter"
    for item in output:
        match get(item, "type"):
            case "message":
                texts.append(text_of(get(item, "content")))
                refused = refused or _take_refusal(item, texts)
            case "function_call":
                calls += _call(item, calls)
            case _:
                pass
    usage = _usage(get(body, "usage"))
    return ModelTurn(text="".join(texts), tool_calls=tuple(calls), usage=usage, refused=refused)


def _take_refusal(item: object, texts: list[str]) -> bool:
    content = get(item, "content")
    parts = content if isinstance(content, list) else []
    refusals = [get(part, "refusal") for part in parts if get(part, "type") == "refusal"]
    texts += [refusal for refusal in refusals if isinstance(refusal, str)]
    return bool(refusals)


def _call(item: object, calls: Sequence[ToolCall]) -> Iterator[ToolCall]:
    name = get(item, "name")
    if isinstance(name, str) and name:
        call_id = unused_id(get(item, "call_id"), calls)
        arguments = decode_arguments(get(item, "arguments"))
        yield ToolCall(id=call_id, name=name, arguments=arguments)


def _usage(raw: object) -> Usage:
    return Usage(
        input_tokens=count(get(raw, "input_tokens")),
        output_tokens=count(get(raw, "output_tokens")),
        cached_tokens=count(get(get(raw, "input_tokens_details"), "cached_tokens")),
    )


class ResponsesStream:
    """Follows a streamed answer: events in, text pieces out, the whole turn at the end."""

    def __init__(self) -> None:
        self._response: object = None
        self.failure: str | None = None

    def receive(self, event: object) -> str:
        """Take a decoded event; return the piece of text in it, often empty."""
        match get(event, "type"):
            case "response.output_text.delta" | "response.refusal.delta":
                return text_of(get(event, "delta"))
            case "response.completed" | "response.incomplete":
                self._response = get(event, "response")
            case "response.failed":
                error = get(get(event, "response"), "error")
                self.failure = text_of(get(error, "message")) or "the response failed"
            case "error":
                self.failure = text_of(get(event, "message")) or "the stream failed"
            case _:
                pass
        return ""

    def turn(self) -> ModelTurn | None:
        """Return the whole turn; None when the stream ended without one."""
        return read_turn(self._response)
