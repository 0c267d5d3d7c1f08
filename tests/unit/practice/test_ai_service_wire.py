"""Requests of OpenAI's text APIs to the brain's shape, and its answers back to theirs."""

from typing import Any

import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from opendeep.practice.ai_service_wire import (
    BadRequestError,
    chat_chunks,
    chat_completion,
    read_chat,
    read_responses,
    response_events,
    response_object,
)
from opendeep.practice.brain_chat import AssistantSaid, ChatAnswer, ToolResult, UserSaid, use

Json = dict[str, Any]
CALL = {"id": "c1", "function": {"name": "ask_user", "arguments": '{"title": "x"}'}}
TURNS = [
    UserSaid(text="Hi there"),
    AssistantSaid(text="Hello"),
    ToolResult(name="ask_user", arguments={"title": "x"}, result={"name": "Al"}),
]


def test_a_chat_request() -> None:
    """Messages, tool calls with results, tools and the schema are read."""
    request = read_chat(
        {
            "messages": [
                {"role": "system", "content": "Be nice."},
                {"role": "user", "content": [{"type": "text", "text": "Hi "}, {"text": "there"}]},
                {"role": "assistant", "content": "Hello"},
                {"role": "assistant", "content": None, "tool_calls": [CALL]},
                {"role": "tool", "tool_call_id": "c1", "content": '{"name": "Al"}'},
            ],
            "tools": [{"type": "function", "function": {"name": "ask_user"}}],
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "call_analysis", "schema": {"type": "object"}},
            },
        }
    )
    assert request.system == "Be nice."
    assert request.turns == TURNS
    assert request.tools == {"ask_user"}
    assert (request.schema_name, request.schema) == ("call_analysis", {"type": "object"})


def test_a_responses_request() -> None:
    """Items, instructions, tools and the format are read; unknown items are left out."""
    request = read_responses(
        {
            "instructions": "Be nice.",
            "input": [
                {"role": "user", "content": [{"type": "input_text", "text": "Hi there"}]},
                {"type": "reasoning"},
                {"type": "message", "role": "assistant", "content": "Hello"},
                {
                    "type": "function_call",
                    "call_id": "c",
                    "name": "ask_user",
                    "arguments": {"title": "x"},
                },
                {"type": "function_call_output", "call_id": "c", "output": "plain words"},
            ],
            "tools": [{"type": "function", "name": "ask_user"}],
            "tool_choice": "none",
            "text": {"format": {"type": "json_schema"}},
        }
    )
    assert request.system == "Be nice."
    assert request.turns == [
        *TURNS[:2],
        ToolResult(name="ask_user", arguments={"title": "x"}, result="plain words"),
    ]
    assert request.tools == frozenset()
    assert (request.schema_name, request.schema) == ("answer", {})
    assert read_responses({"input": "Hi"}).turns == [UserSaid(text="Hi")]


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": ["x"]}, "messages[0]"),
        ({"messages": [{"role": "ghost"}]}, "messages[0].role"),
        ({"messages": [{"role": "tool", "tool_call_id": "x"}]}, "messages[0].tool_call_id"),
    ],
)
def test_faulty_chats(body: Json, param: str) -> None:
    """A fault names the key that is wrong."""
    with pytest.raises(BadRequestError) as caught:
        read_chat(body)
    assert caught.value.param == param


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "input"),
        ({"input": [3]}, "input[0]"),
        ({"input": [{"type": "function_call_output", "call_id": 1}]}, "input[0].call_id"),
    ],
)
def test_faulty_responses(body: Json, param: str) -> None:
    """A fault names the key that is wrong."""
    with pytest.raises(BadRequestError) as caught:
        read_responses(body)
    assert caught.value.param == param


ANSWERS = [
    ChatAnswer(text="A somewhat longer answer that takes several pieces."),
    use("ask_user", title="x", text="Just one thing."),
    use("ask_user", title="x"),
]


@pytest.mark.parametrize("answer", ANSWERS)
def test_chat_answers(answer: ChatAnswer) -> None:
    """Whole and streamed answers are valid under OpenAI's types and say the same."""
    body: Json = {"model": "m", "messages": [], "stream_options": {"include_usage": True}}
    completion = chat_completion(body, answer, 1)
    whole = ChatCompletion.model_validate(completion)
    usage = whole.usage
    assert usage is not None
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    chunks = [ChatCompletionChunk.model_validate(c) for c in chat_chunks(body, completion)]
    assert chunks[-1].choices == []
    deltas = [chunk.choices[0].delta for chunk in chunks[:-1]]
    assert "".join(delta.content or "" for delta in deltas) == (answer.text or "")
    calls = [call for delta in deltas for call in delta.tool_calls or []]
    arguments = "".join(call.function.arguments or "" for call in calls if call.function)
    assert bool(arguments) == bool(answer.calls)
    assert chunks[-2].choices[0].finish_reason == ("tool_calls" if answer.calls else "stop")
    assert len(list(chat_chunks({}, completion))) == len(chunks) - 1


@pytest.mark.parametrize("answer", ANSWERS)
def test_responses_answers(answer: ChatAnswer) -> None:
    """Whole and streamed answers are valid under OpenAI's types, with numbered events."""
    response = response_object({"model": "m"}, answer, 1)
    whole = Response.model_validate(response)
    assert whole.output_text == (answer.text or "")
    events = list(response_events(response))
    adapter: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
    for number, event in enumerate(events):
        assert adapter.validate_python(event).type == event["type"]
        assert event["sequence_number"] == number
    assert events[0]["type"] == "response.created"
    assert events[-1]["response"] == response
