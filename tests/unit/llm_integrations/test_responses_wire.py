"""Responses bodies: what we send is the SDK's own shape, what comes is read with doubt."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.responses import response_create_params
from pydantic import TypeAdapter

from opendeep.llm_integrations import responses_wire
from opendeep.llm_integrations.text_model import ModelTurn, SystemMessage, ToolCall, Usage
from tests.unit.llm_integrations.test_chat_wire import CONVERSATION, TOOL

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "output",
                    "type",
                    "content",
                    "name",
                    "arguments",
                    "call_id",
                    "usage",
                    "status",
                    "response",
                    "delta",
                    "incomplete_details",
                    "reason",
                    "text",
                    "error",
                    "message",
                ]
            ),
            inner
            | st.sampled_from(
                [
                    "message",
                    "function_call",
                    "response.completed",
                    "response.failed",
                    "error",
                    "response.output_text.delta",
                    "refusal",
                ]
            ),
            max_size=4,
        )
    ),
    max_leaves=15,
)


def test_request_is_the_sdks_shape() -> None:
    """The body is valid under the SDK's parameter types, and nothing is stored at OpenAI."""
    body = responses_wire.request_body([*CONVERSATION, SystemMessage(text="more")], [TOOL])
    body |= responses_wire.json_format("report", {"type": "object"})
    shape = response_create_params.ResponseCreateParamsNonStreaming
    TypeAdapter(shape).validate_python({**body, "model": "m"})
    assert body["store"] is False
    assert body["instructions"] == "rules\n\nmore"
    assert [item.get("type", item.get("role")) for item in body["input"]] == [
        "user", "function_call", "function_call_output", "assistant",
    ]  # fmt: skip
    assert body["tools"][0]["strict"] is False


def test_without_rules_and_tools() -> None:
    """Without a system message and tools their keys are left out."""
    assert responses_wire.request_body([], []) == {"input": [], "store": False}


def answer(*output: Any, **more: Any) -> dict[str, Any]:
    """Make an answer's body."""
    usage = {
        "input_tokens": 9,
        "output_tokens": 4,
        "input_tokens_details": {"cached_tokens": 3},
    }
    return {"status": "completed", "output": list(output), "usage": usage, **more}


SAID = {"type": "message", "content": [{"type": "output_text", "text": "Hello"}]}


def test_text_and_calls() -> None:
    """Text and calls are read from the output items; reasoning items are passed over."""
    call = {"type": "function_call", "call_id": "c1", "name": "look", "arguments": '{"a": 1}'}
    nameless = {"type": "function_call", "call_id": "c2"}
    body = answer({"type": "reasoning", "summary": []}, SAID, call, {**call}, nameless, 5)
    turn = responses_wire.read_turn(body)
    assert turn is not None
    assert (turn.text, turn.refused) == ("Hello", False)
    assert turn.usage == Usage(input_tokens=9, output_tokens=4, cached_tokens=3)
    assert turn.tool_calls[0] == ToolCall(id="c1", name="look", arguments={"a": 1})
    assert len({call.id for call in turn.tool_calls}) == 2


def test_refusals() -> None:
    """A refusal part and a content filter are marked."""
    refusal = {"type": "message", "content": [{"type": "refusal", "refusal": "No."}]}
    turn = responses_wire.read_turn(answer(refusal))
    assert turn is not None
    assert (turn.text, turn.refused) == ("No.", True)
    filtered = answer(SAID, incomplete_details={"reason": "content_filter"})
    turn = responses_wire.read_turn(filtered)
    assert turn is not None
    assert turn.refused


@pytest.mark.parametrize("body", [None, {}, {"output": 5}, {"output": [], "status": "failed"}])
def test_no_answer(body: object) -> None:
    """A body that failed or holds no output is none."""
    assert responses_wire.read_turn(body) is None


@given(_JSON)
def test_any_body_is_read(body: object) -> None:
    """Any JSON is read without an error, as an answer and as an event."""
    responses_wire.read_turn(body)
    stream = responses_wire.ResponsesStream()
    stream.receive(body)
    stream.turn()


def test_stream() -> None:
    """Deltas are pieces of text; the completed response is the turn."""
    stream = responses_wire.ResponsesStream()
    events = [
        {"type": "response.created"},
        {"type": "response.output_text.delta", "delta": "Hel"},
        {"type": "response.output_text.delta", "delta": "lo"},
        {"type": "response.completed", "response": answer(SAID)},
    ]
    assert "".join(stream.receive(event) for event in events) == "Hello"
    turn = stream.turn()
    assert isinstance(turn, ModelTurn)
    assert turn.text == "Hello"


@pytest.mark.parametrize(
    ("event", "failure"),
    [
        ({"type": "response.failed", "response": {"error": {"message": "Broken"}}}, "Broken"),
        ({"type": "response.failed"}, "the response failed"),
        ({"type": "error", "message": "Odd"}, "Odd"),
        ({"type": "error"}, "the stream failed"),
    ],
)
def test_failures(event: dict[str, Any], failure: str) -> None:
    """A failed response or stream says why, or at least that."""
    stream = responses_wire.ResponsesStream()
    assert stream.receive(event) == ""
    assert stream.failure == failure
    assert stream.turn() is None
