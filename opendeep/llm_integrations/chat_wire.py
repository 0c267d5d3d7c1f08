"""Chat Completions as data: our shapes to a request's body, an answer's body to our shapes.

The portable subset only (no ``developer`` role, no forced ``tool_choice``, no ``strict``), since
this wire serves every OpenAI-compatible server. Answers are read as untrusted JSON: keys may be
missing, tool-call ids missing or repeated, arguments text or object, usage absent.
Source: OpenAI OpenAPI document, ``POST /v1/chat/completions``.
"""

import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, assert_never

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
    body: Json = {"messages": [_message(message) for message in messages]}
    if tools:
        body["tools"] = [
            {
                "type": "function",
                "function": {
                    "name": tool.name,
                    "description": tool.description,
                    "parameters": tool.parameters,
                },
            }
            for tool in tools
        ]
    return body


def json_format(name: str, schema: Json) -> Json:
    """Build the body's part that asks for an answer under ``schema``."""
    json_schema = {"name": name, "schema": schema, "strict": True}
    return {"response_format": {"type": "json_schema", "json_schema": json_schema}}


def _message(message: ModelMessage) -> Json:
    match message:
        case SystemMessage():
            return {"role": "system", "content": message.text}
        case UserMessage():
            return {"role": "user", "content": message.text}
        case ToolResultMessage():
            return {"role": "tool", "tool_call_id": message.tool_call_id, "content": message.text}
        case AssistantMessage():
            wire: Json = {"role": "assistant", "content": message.text}
            if message.tool_calls:
                wire["tool_calls"] = [_call(call) for call in message.tool_calls]
            return wire
        case _:
            assert_never(message)


def _call(call: ToolCall) -> Json:
    function = {"name": call.name, "arguments": json.dumps(call.arguments or {})}
    return {"id": call.id, "type": "function", "function": function}


def read_turn(body: object) -> ModelTurn | None:
    """Read an answer's body; None when it holds no message."""
    choice = first(get(body, "choices"))
    message = get(choice, "message")
    if not isinstance(message, Mapping):
        return None
    refusal = message.get("refusal")
    if isinstance(refusal, str) and refusal:
        return ModelTurn(text=refusal, refused=True, usage=read_usage(get(body, "usage")))
    raw_calls = message.get("tool_calls")
    return ModelTurn(
        text=text_of(message.get("content")),
        tool_calls=read_calls(raw_calls if isinstance(raw_calls, list) else []),
        usage=read_usage(get(body, "usage")),
        refused=get(choice, "finish_reason") == "content_filter",
    )


def read_calls(raw_calls: Sequence[object]) -> tuple[ToolCall, ...]:
    """Read tool calls; each gets an id of its own, whatever the server sent."""
    calls: list[ToolCall] = []
    for raw in raw_calls:
        function = get(raw, "function")
        name = get(function, "name")
        if not isinstance(name, str) or not name:
            continue
        call_id = unused_id(get(raw, "id"), calls)
        arguments = decode_arguments(get(function, "arguments"))
        calls.append(ToolCall(id=call_id, name=name, arguments=arguments))
    return tuple(calls)


def read_usage(raw: object) -> Usage:
    """Read ``usage``, which may be absent."""
    return Usage(
        input_tokens=count(get(raw, "prompt_tokens")),
        output_tokens=count(get(raw, "completion_tokens")),
        cached_tokens=count(get(get(raw, "prompt_tokens_details"), "cached_tokens")),
    )


class ChatStream:
    """Puts a streamed answer together: chunks in, text pieces out, the whole turn at the end."""

    def __init__(self) -> None:
        self._text: list[str] = []
        self._calls: dict[int, Json] = {}
        self._usage = Usage()
        self._finish: object = None

    def receive(self, chunk: object) -> str:
        """Take a decoded chunk; return the piece of text in it, often empty."""
        usage = get(chunk, "usage")
        if usage:
            self._usage = read_usage(usage)
        choice = first(get(chunk, "choices"))
        self._finish = get(choice, "finish_reason") or self._finish
        delta = get(choice, "delta")
        raw_calls = get(delta, "tool_calls")
        for raw in raw_calls if isinstance(raw_calls, list) else ():
            self._receive_call(raw)
        piece = text_of(get(delta, "content")) or text_of(get(delta, "refusal"))
        self._text.append(piece)
        return piece

    def _receive_call(self, raw: object) -> None:
        index = get(raw, "index")
        position = index if isinstance(index, int) else len(self._calls)
        call = self._calls.setdefault(position, {"id": None, "name": "", "arguments": ""})
        function = get(raw, "function")
        call["id"] = get(raw, "id") or call["id"]
        call["name"] += text_of(get(function, "name"))
        arguments = get(function, "arguments")
        if isinstance(arguments, str):
            call["arguments"] += arguments
        elif arguments is not None:
            call["arguments"] = json.dumps(arguments)

    def turn(self) -> ModelTurn:
        """Return the whole turn."""
        raw_calls = [
            {"id": call["id"], "function": {"name": call["name"], "arguments": call["arguments"]}}
            for _, call in sorted(self._calls.items())
        ]
        return ModelTurn(
            text="".join(self._text),
            tool_calls=read_calls(raw_calls),
            usage=self._usage,
            refused=self._finish == "content_filter",
        )

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all has come."""
        return not any(self._text) and not self._calls and self._finish is None


def get(value: object, key: str) -> Any:
    """Return ``value[key]`` of an object that may be none."""
    return value.get(key) if isinstance(value, Mapping) else None


def first(value: object) -> object:
    """Return the first item of a list that may be none."""
    return value[0] if isinstance(value, list) and value else None


def count(value: object) -> int:
    """Return a non-negative whole number, 0 for anything else."""
    return value if isinstance(value, int) and value > 0 else 0


def text_of(content: object) -> str:
    """Return the text of a message's content: a string, or a list of parts with ``text``."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "".join(text for part in parts if isinstance(text := get(part, "text"), str))


def unused_id(raw: object, calls: Sequence[ToolCall]) -> str:
    """Return the server's id for a tool call, or a new one where it is missing or repeated."""
    if isinstance(raw, str) and raw and all(call.id != raw for call in calls):
        return raw
    return f"call_{uuid.uuid4().hex}"
