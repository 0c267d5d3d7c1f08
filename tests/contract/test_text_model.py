"""The port to text models: the scripted model and both wires answer one suite alike."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import pytest
from pydantic import BaseModel

from opendeep.common.errors import ModelUnavailableError
from opendeep.llm_integrations.openai_form_client import OpenAIFormClient, OpenAIFormConfig
from opendeep.llm_integrations.testing import ScriptedTextModel
from opendeep.llm_integrations.text_model import (
    ModelTurn,
    TextDelta,
    TextModel,
    ToolCall,
    ToolSpec,
    UserMessage,
)
from tests.fixtures.http_server import Answer, ScriptedHttpServer, http_server

ASK = [UserMessage(text="hi")]
TOOLS = [ToolSpec(name="look", description="Look.", parameters={"type": "object"})]
CALL = ToolCall(id="c1", name="look", arguments={"what": "door"})


class Mood(BaseModel):
    """A small answer."""

    good: bool


class Peer(Protocol):
    """What stands behind a model: it says next what a test wants it to."""

    @property
    def model(self) -> TextModel:
        """The model under test."""
        ...

    def says(self, text: str, *calls: ToolCall) -> None:
        """Answer the next request with this."""
        ...

    def fails(self) -> None:
        """Refuse the next request for good."""
        ...


@dataclass
class ScriptedPeer:
    """The script of the scripted model."""

    model: ScriptedTextModel

    def says(self, text: str, *calls: ToolCall) -> None:
        """Append a turn."""
        self.model.steps.append(ModelTurn(text=text, tool_calls=calls))

    def fails(self) -> None:
        """Append an error."""
        self.model.steps.append(ModelUnavailableError("Key.", retryable=False))


@dataclass
class HttpPeer:
    """A scripted server that speaks one of OpenAI's wires, streaming where asked to."""

    model: TextModel
    server: ScriptedHttpServer
    style: str
    streaming: bool = False

    def says(self, text: str, *calls: ToolCall) -> None:
        """Append an answer on the wire."""
        body = _chat(text, calls) if self.style == "chat" else _responses(text, calls)
        if self.streaming:
            self.server.will(_events(self.style, body))
        else:
            self.server.will(body)

    def fails(self) -> None:
        """Append a refusal."""
        self.server.will(Answer(status=401, body={"error": {"message": "Key."}}))


def _chat(text: str, calls: tuple[ToolCall, ...]) -> dict[str, Any]:
    wire_calls = [
        {
            "index": index,
            "id": call.id,
            "type": "function",
            "function": {"name": call.name, "arguments": '{"what": "door"}'},
        }
        for index, call in enumerate(calls)
    ]
    message = {"role": "assistant", "content": text, "tool_calls": wire_calls or None}
    return {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}


def _responses(text: str, calls: tuple[ToolCall, ...]) -> dict[str, Any]:
    said = {"type": "message", "content": [{"type": "output_text", "text": text}]}
    asked = [
        {
            "type": "function_call",
            "call_id": call.id,
            "name": call.name,
            "arguments": '{"what": "door"}',
        }
        for call in calls
    ]
    return {"status": "completed", "output": [said, *asked]}


def _events(style: str, body: dict[str, Any]) -> list[Any]:
    if style == "responses":
        text = body["output"][0]["content"][0]["text"]
        return [
            {"type": "response.output_text.delta", "delta": text},
            {"type": "response.completed", "response": body},
        ]
    choice = body["choices"][0]
    delta = {"index": 0, "delta": choice["message"], "finish_reason": None}
    return [{"choices": [delta]}, {"choices": [{**delta, "delta": {}, "finish_reason": "stop"}]}]


@pytest.fixture(params=["scripted", "chat", "responses"])
async def peer(request: pytest.FixtureRequest) -> AsyncIterator[Peer]:
    """Open one of the models with what stands behind it."""
    if request.param == "scripted":
        yield ScriptedPeer(ScriptedTextModel())
        return
    style: Literal["chat", "responses"] = request.param
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(http_server())
        config = OpenAIFormConfig(
            base_url=f"{server.url}/v1", api_key="", model="m", api_style=style
        )
        model = await stack.enter_async_context(OpenAIFormClient(config))
        yield HttpPeer(model=model, server=server, style=style)


async def test_words_and_tool_calls(peer: Peer) -> None:
    """A turn holds the text and the tool calls."""
    peer.says("Let me look.", CALL)
    turn = await peer.model.chat_with_tools(ASK, TOOLS)
    assert (turn.text, turn.tool_calls, turn.refused) == ("Let me look.", (CALL,), False)


async def test_stream_ends_with_the_turn(peer: Peer) -> None:
    """The pieces of a stream are the turn's text, and the turn is its last item, once."""
    if isinstance(peer, HttpPeer):
        peer.streaming = True
    peer.says("Let me look.", CALL)
    items = [item async for item in peer.model.stream_chat_with_tools(ASK, TOOLS)]
    pieces, turn = items[:-1], items[-1]
    assert isinstance(turn, ModelTurn)
    assert (turn.text, turn.tool_calls) == ("Let me look.", (CALL,))
    assert all(isinstance(piece, TextDelta) for piece in pieces)
    assert "".join(piece.text for piece in pieces if isinstance(piece, TextDelta)).strip() == (
        turn.text
    )


async def test_json_is_repaired_once(peer: Peer) -> None:
    """An answer that does not fit is asked for again; the second one counts."""
    peer.says("no JSON")
    peer.says('{"good": true}')
    parsed, _ = await peer.model.generate_json_completion_with_tools(ASK, Mood, schema_name="mood")
    assert parsed.good


async def test_failure_is_one_kind_of_error(peer: Peer) -> None:
    """A refusal for good is the same error from every way of asking."""
    for _ in range(3):
        peer.fails()
    with pytest.raises(ModelUnavailableError) as caught:
        await peer.model.chat_with_tools(ASK)
    assert not caught.value.retryable
    with pytest.raises(ModelUnavailableError):
        [item async for item in peer.model.stream_chat_with_tools(ASK)]
    with pytest.raises(ModelUnavailableError):
        await peer.model.generate_json_completion_with_tools(ASK, Mood, schema_name="mood")
