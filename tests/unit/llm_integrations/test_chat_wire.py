"""Chat Completions bodies: what we send is the SDK's own shape, what comes is read with doubt."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat import completion_create_params
from pydantic import TypeAdapter

from opendeep.llm_integrations import chat_wire
from opendeep.llm_integrations.text_model import (
    AssistantMessage,
    ModelTurn,
    SystemMessage,
    ToolCall,
    ToolResultMessage,
    ToolSpec,
    Usage,
    UserMessage,
)

CONVERSATION = [
    SystemMessage(text="rules"),
    UserMessage(text="hi"),
    AssistantMessage(text="", tool_calls=(ToolCall(id="c1", name="look", arguments={"a": 1}),)),
    ToolResultMessage(tool_call_id="c1", text="{}"),
    AssistantMessage(text="done"),
]
TOOL = ToolSpec(name="look", description="Look.", parameters={"type": "object", "properties": {}})
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "choices",
                    "message",
                    "content",
                    "tool_calls",
                    "function",
                    "name",
                    "arguments",
                    "id",
                    "usage",
                    "delta",
                    "refusal",
                    "index",
                    "text",
                    "prompt_tokens",
                    "finish_reason",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)


def test_request_is_the_sdks_shape() -> None:
    """The body of a request is valid under the SDK's parameter types."""
    body = chat_wire.request_body(CONVERSATION, [TOOL])
    body |= chat_wire.json_format("report", {"type": "object"})
    shape = completion_create_params.CompletionCreateParamsNonStreaming
    TypeAdapter(shape).validate_python({**body, "model": "m"})
    assert [message["role"] for message in body["messages"]] == [
        "system", "user", "assistant", "tool", "assistant",
    ]  # fmt: skip
    assert body["messages"][2]["tool_calls"][0]["function"]["arguments"] == '{"a": 1}'


def test_no_tools_no_key() -> None:
    """Without tools the key is left out, since some servers refuse an empty list."""
    assert "tools" not in chat_wire.request_body(CONVERSATION, [])


def answer(**message: Any) -> dict[str, Any]:
    """Make an answer's body."""
    return {
        "choices": [{"message": {"role": "assistant", **message}, "finish_reason": "stop"}],
        "usage": {
            "prompt_tokens": 9,
            "completion_tokens": 4,
            "prompt_tokens_details": {"cached_tokens": 3},
        },
    }


def test_text_answer() -> None:
    """A text answer is read with its usage."""
    assert chat_wire.read_turn(answer(content="Hello")) == ModelTurn(
        text="Hello", usage=Usage(input_tokens=9, output_tokens=4, cached_tokens=3)
    )


def test_content_as_parts() -> None:
    """Content may come as a list of parts."""
    turn = chat_wire.read_turn(answer(content=[{"type": "text", "text": "a"}, {"text": "b"}, 5]))
    assert turn is not None
    assert turn.text == "ab"


def test_refusals() -> None:
    """A refusal and a content filter are marked."""
    refused = chat_wire.read_turn(answer(content=None, refusal="No."))
    assert refused is not None
    assert (refused.text, refused.refused) == ("No.", True)
    body = answer(content="")
    body["choices"][0]["finish_reason"] = "content_filter"
    filtered = chat_wire.read_turn(body)
    assert filtered is not None
    assert filtered.refused


def test_careless_tool_calls() -> None:
    """Ids may be missing or repeated, arguments an object, text or junk; nameless calls go."""
    raw = [
        {"id": "c1", "function": {"name": "look", "arguments": '{"a": 1}'}},
        {"id": "c1", "function": {"name": "look", "arguments": {"a": 2}}},
        {"function": {"name": "look", "arguments": "{"}},
        {"id": "c4", "function": {"name": "", "arguments": "{}"}},
        "junk",
    ]
    turn = chat_wire.read_turn(answer(content=None, tool_calls=raw))
    assert turn is not None
    assert [call.arguments for call in turn.tool_calls] == [{"a": 1}, {"a": 2}, None]
    assert len({call.id for call in turn.tool_calls}) == 3
    assert turn.tool_calls[0].id == "c1"


@pytest.mark.parametrize("body", [None, [], {}, {"choices": []}, {"choices": [{"message": 5}]}])
def test_no_message(body: object) -> None:
    """A body without a message is none."""
    assert chat_wire.read_turn(body) is None


@given(_JSON)
def test_any_body_is_read(body: object) -> None:
    """Any JSON is read without an error, as an answer and as a chunk."""
    chat_wire.read_turn(body)
    stream = chat_wire.ChatStream()
    stream.receive(body)
    stream.turn()


def chunk(finish: str | None = None, **delta: Any) -> dict[str, Any]:
    """Make a chunk."""
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


def test_stream_puts_calls_together() -> None:
    """Pieces of text and of two tool calls become one turn, with the usage of the last chunk."""
    stream = chat_wire.ChatStream()
    assert stream.is_empty
    pieces = [
        stream.receive(event)
        for event in (
            chunk(role="assistant", content="Let me "),
            chunk(content="look."),
            chunk(tool_calls=[{"index": 0, "id": "a", "function": {"name": "look"}}]),
            chunk(tool_calls=[{"index": 0, "function": {"arguments": '{"x"'}}]),
            chunk(tool_calls=[{"index": 1, "id": "b", "function": {"name": "jump"}}]),
            chunk(tool_calls=[{"index": 0, "function": {"arguments": ": 1}"}}]),
            chunk(tool_calls=[{"index": 1, "function": {"arguments": {"y": 2}}}]),
            chunk("tool_calls"),
            {"choices": [], "usage": {"prompt_tokens": 7}},
        )
    ]
    assert "".join(pieces) == "Let me look."
    assert not stream.is_empty
    assert stream.turn() == ModelTurn(
        text="Let me look.",
        tool_calls=(
            ToolCall(id="a", name="look", arguments={"x": 1}),
            ToolCall(id="b", name="jump", arguments={"y": 2}),
        ),
        usage=Usage(input_tokens=7),
    )


def test_stream_without_indexes() -> None:
    """A server that sends whole calls without an index is understood."""
    stream = chat_wire.ChatStream()
    for name in ("look", "jump"):
        stream.receive(chunk(tool_calls=[{"function": {"name": name, "arguments": "{}"}}]))
    assert [call.name for call in stream.turn().tool_calls] == ["look", "jump"]


def test_stream_that_is_filtered() -> None:
    """A stream that the content filter ended is marked as refused."""
    stream = chat_wire.ChatStream()
    stream.receive(chunk("content_filter", refusal="No."))
    assert (stream.turn().text, stream.turn().refused) == ("No.", True)
    assert json.dumps(chat_wire.json_format("r", {}))
