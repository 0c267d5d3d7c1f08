"""Chat Completions and Responses as data: requests to the brain's shape, answers back to theirs.

Source: OpenAI OpenAPI document, ``POST /v1/chat/completions`` and ``POST /v1/responses``.
"""

import json
import secrets
from collections.abc import Iterator, Mapping
from typing import Any

from opendeep.common.errors import InvalidInputError
from opendeep.practice.brain_chat import (
    AssistantSaid,
    ChatAnswer,
    ChatRequest,
    ChatTurn,
    ToolResult,
    UserSaid,
)

Json = dict[str, Any]


class BadRequestError(InvalidInputError):
    """A request that OpenAI would refuse with 400; ``param`` names the key at fault."""

    def __init__(self, message: str, param: str, *, code: str = "invalid_value") -> None:
        super().__init__(message, code=code)
        self.param = param


def new_id(prefix: str) -> str:
    """Make an id."""
    return f"{prefix}{secrets.token_hex(12)}"


def decoded(text: object) -> object:
    """Decode JSON in a string; what is no JSON stays as it is."""
    if not isinstance(text, str):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _text(content: object) -> str:
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "".join(str(part.get("text") or "") for part in parts if isinstance(part, dict))


def _arguments(raw: object) -> Json:
    value = decoded(raw)
    return value if isinstance(value, dict) else {}


class _Turns:
    """Collects a conversation; a tool's call and its result become one turn."""

    def __init__(self) -> None:
        self.system: list[str] = []
        self.turns: list[ChatTurn] = []
        self._calls: dict[str, tuple[str, Json]] = {}

    def message(self, role: object, content: object, index: int) -> None:
        """Take a message."""
        text = _text(content)
        match role:
            case "system" | "developer":
                self.system.append(text)
            case "user":
                self.turns.append(UserSaid(text=text))
            case "assistant":
                if text:
                    self.turns.append(AssistantSaid(text=text))
            case _:
                raise BadRequestError(f"Invalid value: {role!r}.", f"messages[{index}].role")

    def call(self, call_id: object, name: object, arguments: object) -> None:
        """Take a tool call."""
        self._calls[str(call_id)] = (str(name), _arguments(arguments))

    def result(self, call_id: object, output: object, param: str) -> None:
        """Take a tool's result."""
        known = self._calls.get(str(call_id))
        if known is None:
            message = f"No tool call found for function call output with call_id {call_id}."
            raise BadRequestError(message, param)
        name, arguments = known
        self.turns.append(ToolResult(name=name, arguments=arguments, result=decoded(_text(output))))


def read_chat(body: Mapping[str, Any]) -> ChatRequest:
    """Read a Chat Completions request.

    Raises:
        BadRequestError: it is no such request.
    """
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        message = "Missing required parameter: 'messages'."
        raise BadRequestError(message, "messages", code="missing_required_parameter")
    turns = _Turns()
    for index, message in enumerate(messages):
        if not isinstance(message, dict):
            raise BadRequestError("A message is an object.", f"messages[{index}]")
        if message.get("role") == "tool":
            param = f"messages[{index}].tool_call_id"
            turns.result(message.get("tool_call_id"), message.get("content"), param)
            continue
        turns.message(message.get("role"), message.get("content"), index)
        for call in message.get("tool_calls") or []:
            function = call.get("function") or {}
            turns.call(call.get("id"), function.get("name"), function.get("arguments"))
    form = body.get("response_format") or {}
    wanted = form.get("json_schema") if form.get("type") == "json_schema" else None
    functions = [tool.get("function") or {} for tool in body.get("tools") or []]
    return _request(turns, functions, wanted, body.get("tool_choice"))


def read_responses(body: Mapping[str, Any]) -> ChatRequest:
    """Read a Responses request.

    Raises:
        BadRequestError: it is no such request.
    """
    given = body.get("input")
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    if not isinstance(items, list) or not items:
        message = "Missing required parameter: 'input'."
        raise BadRequestError(message, "input", code="missing_required_parameter")
    turns = _Turns()
    if isinstance(body.get("instructions"), str):
        turns.system.append(str(body["instructions"]))
    for index, item in enumerate(items):
        if not isinstance(item, dict):
            raise BadRequestError("An item is an object.", f"input[{index}]")
        match item.get("type", "message"):
            case "message":
                turns.message(item.get("role"), item.get("content"), index)
            case "function_call":
                turns.call(item.get("call_id"), item.get("name"), item.get("arguments"))
            case "function_call_output":
                turns.result(item.get("call_id"), item.get("output"), f"input[{index}].call_id")
            case _:
                continue
    form = (body.get("text") or {}).get("format") or {}
    wanted = form if form.get("type") == "json_schema" else None
    return _request(turns, body.get("tools") or [], wanted, body.get("tool_choice"))


def _request(
    turns: _Turns, functions: list[Json], wanted: Json | None, tool_choice: object
) -> ChatRequest:
    names = frozenset(str(function.get("name")) for function in functions)
    return ChatRequest(
        system="\n".join(turns.system),
        turns=turns.turns,
        tools=frozenset() if tool_choice == "none" else names,
        schema_name=str(wanted.get("name") or "answer") if wanted is not None else None,
        schema=(wanted.get("schema") or {}) if wanted is not None else None,
    )


def _tokens(body: Mapping[str, Any], answer: ChatAnswer) -> tuple[int, int]:
    told = (answer.text or "") + "".join(json.dumps(call.arguments) for call in answer.calls)
    return len(json.dumps(dict(body), default=str)) // 4 + 1, len(told) // 4 + 1


def chat_completion(body: Mapping[str, Any], answer: ChatAnswer, created: int) -> Json:
    """Return the whole answer of Chat Completions."""
    asked, told = _tokens(body, answer)
    message: Json = {"role": "assistant", "content": answer.text, "refusal": None}
    if answer.calls:
        message["tool_calls"] = [
            {
                "id": new_id("call_"),
                "type": "function",
                "function": {"name": call.name, "arguments": json.dumps(call.arguments)},
            }
            for call in answer.calls
        ]
    reason = "tool_calls" if answer.calls else "stop"
    return {
        "id": new_id("chatcmpl-"),
        "object": "chat.completion",
        "created": created,
        "model": str(body.get("model")),
        "choices": [{"index": 0, "message": message, "finish_reason": reason, "logprobs": None}],
        "usage": {
            "prompt_tokens": asked,
            "completion_tokens": told,
            "total_tokens": asked + told,
            "prompt_tokens_details": {"cached_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0},
        },
    }


def chat_chunks(body: Mapping[str, Any], completion: Json) -> Iterator[Json]:
    """Cut a whole answer in the chunks of a stream, in order."""
    head = {key: completion[key] for key in ("id", "created", "model")}
    head["object"] = "chat.completion.chunk"
    choice = completion["choices"][0]
    message = choice["message"]

    def chunk(delta: Json, reason: str | None = None) -> Json:
        part = {"index": 0, "delta": delta, "finish_reason": reason, "logprobs": None}
        return {**head, "choices": [part], "usage": None}

    yield chunk({"role": "assistant", "content": ""})
    for piece in _pieces(message["content"] or ""):
        yield chunk({"content": piece})
    for index, call in enumerate(message.get("tool_calls") or []):
        function = call["function"]
        start = {**call, "index": index, "function": {"name": function["name"], "arguments": ""}}
        yield chunk({"tool_calls": [start]})
        for piece in _pieces(function["arguments"]):
            yield chunk({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
    yield chunk({}, choice["finish_reason"])
    if (body.get("stream_options") or {}).get("include_usage"):
        yield {**head, "choices": [], "usage": completion["usage"]}


def _pieces(text: str) -> list[str]:
    """Cut a text in pieces of a few words, as a model streams it."""
    size = 24
    return [text[begin : begin + size] for begin in range(0, len(text), size)]


def response_object(body: Mapping[str, Any], answer: ChatAnswer, created: int) -> Json:
    """Return the whole answer of Responses."""
    asked, told = _tokens(body, answer)
    output: list[Json] = [
        {
            "id": new_id("fc_"),
            "type": "function_call",
            "status": "completed",
            "call_id": new_id("call_"),
            "name": call.name,
            "arguments": json.dumps(call.arguments),
        }
        for call in answer.calls
    ]
    if answer.text is not None:
        part = {"type": "output_text", "text": answer.text, "annotations": [], "logprobs": []}
        output.append(
            {
                "id": new_id("msg_"),
                "type": "message",
                "status": "completed",
                "role": "assistant",
                "content": [part],
            }
        )
    return {
        "id": new_id("resp_"),
        "object": "response",
        "created_at": created,
        "status": "completed",
        "error": None,
        "incomplete_details": None,
        "instructions": body.get("instructions"),
        "metadata": body.get("metadata") or {},
        "model": str(body.get("model")),
        "output": output,
        "parallel_tool_calls": bool(body.get("parallel_tool_calls", True)),
        "temperature": 1.0,
        "top_p": 1.0,
        "tool_choice": body.get("tool_choice") or "auto",
        "tools": body.get("tools") or [],
        "text": body.get("text") or {"format": {"type": "text"}},
        "store": False,
        "usage": {
            "input_tokens": asked,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": told,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": asked + told,
        },
    }


def response_events(response: Json) -> Iterator[Json]:
    """Cut a whole answer in the events of a stream, in order and numbered."""
    started = {**response, "status": "in_progress", "output": [], "usage": None}
    events: list[Json] = [
        {"type": "response.created", "response": started},
        {"type": "response.in_progress", "response": started},
    ]
    for index, item in enumerate(response["output"]):
        is_call = item["type"] == "function_call"
        events += (_call_events if is_call else _message_events)(index, item)
    events.append({"type": "response.completed", "response": response})
    for number, event in enumerate(events):
        yield {**event, "sequence_number": number}


def _call_events(index: int, item: Json) -> Iterator[Json]:
    ids = {"item_id": item["id"], "output_index": index}
    name = "response.function_call_arguments"
    empty = {**item, "status": "in_progress", "arguments": ""}
    yield {"type": "response.output_item.added", "output_index": index, "item": empty}
    for piece in _pieces(item["arguments"]):
        yield {"type": f"{name}.delta", **ids, "delta": piece}
    yield {"type": f"{name}.done", **ids, "name": item["name"], "arguments": item["arguments"]}
    yield {"type": "response.output_item.done", "output_index": index, "item": item}


def _message_events(index: int, item: Json) -> Iterator[Json]:
    part = item["content"][0]
    ids = {"item_id": item["id"], "output_index": index, "content_index": 0}
    empty = {**item, "status": "in_progress", "content": []}
    yield {"type": "response.output_item.added", "output_index": index, "item": empty}
    yield {"type": "response.content_part.added", **ids, "part": {**part, "text": ""}}
    for piece in _pieces(part["text"]):
        yield {"type": "response.output_text.delta", **ids, "delta": piece, "logprobs": []}
    yield {"type": "response.output_text.done", **ids, "text": part["text"], "logprobs": []}
    yield {"type": "response.content_part.done", **ids, "part": part}
    yield {"type": "response.output_item.done", "output_index": index, "item": item}
