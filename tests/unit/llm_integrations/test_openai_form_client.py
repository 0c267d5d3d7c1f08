"""The client on real sockets: both wires, streams, what servers do not know, and failures."""

from typing import Any, Literal

import pytest
from pydantic import BaseModel

from opendeep.common.errors import ModelUnavailableError
from opendeep.llm_integrations.openai_form_client import OpenAIFormClient, OpenAIFormConfig
from opendeep.llm_integrations.text_model import (
    ModelTurn,
    SystemMessage,
    TextDelta,
    UserMessage,
)
from tests.fixtures.http_server import Answer, ScriptedHttpServer
from tests.unit.llm_integrations.test_chat_wire import TOOL, chunk
from tests.unit.llm_integrations.test_chat_wire import answer as chat_answer
from tests.unit.llm_integrations.test_responses_wire import SAID
from tests.unit.llm_integrations.test_responses_wire import answer as responses_answer

HELLO = [SystemMessage(text="rules"), UserMessage(text="hi")]
Style = Literal["auto", "responses", "chat"]


class Verdict(BaseModel):
    """A small answer."""

    good: bool


def client(
    server: ScriptedHttpServer, style: Style = "auto", timeout_seconds: float = 5.0
) -> OpenAIFormClient:
    """Make a client of the scripted server."""
    return OpenAIFormClient(
        OpenAIFormConfig(
            base_url=f"{server.url}/v1",
            api_key="secret",
            model="m",
            api_style=style,
            timeout_seconds=timeout_seconds,
        )
    )


def refusal(status: int, message: str, code: str | None = None) -> Answer:
    """Make an error answer in OpenAI's form."""
    return Answer(status=status, body={"error": {"message": message, "code": code}})


async def streamed(model: OpenAIFormClient) -> tuple[str, ModelTurn]:
    """Read a stream to its end."""
    items = [item async for item in model.stream_chat_with_tools(HELLO, [TOOL])]
    turn = items[-1]
    assert isinstance(turn, ModelTurn)
    return "".join(item.text for item in items[:-1] if isinstance(item, TextDelta)), turn


@pytest.mark.parametrize(
    ("base_url", "style", "uses_responses"),
    [
        ("https://api.openai.com/v1", "auto", True),
        ("https://eu.api.openai.com/v1", "auto", True),
        ("https://api.openai.com.evil.example/v1", "auto", False),
        ("http://127.0.0.1:8080/v1", "auto", False),
        ("http://127.0.0.1:8080/v1", "responses", True),
        ("https://api.openai.com/v1", "chat", False),
        ("", "auto", False),
    ],
)
def test_which_wire(base_url: str, style: Style, *, uses_responses: bool) -> None:
    """OpenAI itself is spoken to in Responses, everybody else in Chat Completions."""
    config = OpenAIFormConfig(base_url=base_url, api_key="", model="m", api_style=style)
    assert config.uses_responses is uses_responses


async def test_chat(server: ScriptedHttpServer) -> None:
    """A turn over Chat Completions carries the key, the model, the tools and a token limit."""
    server.will(chat_answer(content="Hello"))
    async with client(server) as model:
        turn = await model.chat_with_tools(HELLO, [TOOL])
    assert turn.text == "Hello"
    [request] = server.requests
    assert (request.method, request.path) == ("POST", "/v1/chat/completions")
    assert request.headers["authorization"] == "Bearer secret"
    assert request.body["model"] == "m"
    assert request.body["max_completion_tokens"] > 0
    assert request.body["tools"][0]["function"]["name"] == "look"


async def test_responses(server: ScriptedHttpServer) -> None:
    """A turn over Responses stores nothing."""
    server.will(responses_answer(SAID))
    async with client(server, "responses") as model:
        turn = await model.chat_with_tools(HELLO)
    assert turn.text == "Hello"
    [request] = server.requests
    assert request.path == "/v1/responses"
    assert request.body["store"] is False
    assert request.body["max_output_tokens"] > 0
    assert request.body["instructions"] == "rules"


async def test_chat_stream(server: ScriptedHttpServer) -> None:
    """Pieces come as they are written, then the whole turn."""
    server.will([chunk(content="Hel"), chunk(content="lo"), chunk("stop"), "[DONE]"])
    async with client(server) as model:
        text, turn = await streamed(model)
    assert (text, turn.text) == ("Hello", "Hello")
    assert server.requests[0].body["stream"] is True
    assert server.requests[0].body["stream_options"] == {"include_usage": True}


async def test_responses_stream(server: ScriptedHttpServer) -> None:
    """The same over Responses."""
    server.will(
        [
            {"type": "response.output_text.delta", "delta": "Hello"},
            {"type": "response.completed", "response": responses_answer(SAID)},
        ]
    )
    async with client(server, "responses") as model:
        text, turn = await streamed(model)
    assert (text, turn.text) == ("Hello", "Hello")


@pytest.mark.parametrize("first", [["[DONE]"], chat_answer(content="Hello")])
async def test_server_that_cannot_stream(server: ScriptedHttpServer, first: Any) -> None:
    """A stream without anything in it is asked for once more, plainly."""
    server.will(first, chat_answer(content="Hello"))
    async with client(server) as model:
        text, turn = await streamed(model)
    assert (text, turn.text) == ("", "Hello")
    assert "stream" not in server.requests[1].body


async def test_responses_stream_without_an_end(server: ScriptedHttpServer) -> None:
    """A stream that ends without its response is asked for once more, plainly."""
    server.will([{"type": "response.created"}], responses_answer(SAID))
    async with client(server, "responses") as model:
        assert (await streamed(model))[1].text == "Hello"


async def test_responses_stream_that_fails(server: ScriptedHttpServer) -> None:
    """A failed response is an error with its reason."""
    failed = {"type": "response.failed", "response": {"error": {"message": "Out of order"}}}
    server.will([failed])
    async with client(server, "responses") as model:
        with pytest.raises(ModelUnavailableError, match="Out of order"):
            await streamed(model)


@pytest.mark.parametrize("streaming", [False, True])
async def test_old_name_of_the_token_limit(server: ScriptedHttpServer, *, streaming: bool) -> None:
    """A server that knows only max_tokens is asked again by that name, and it is remembered."""
    server.will(
        refusal(400, "Unknown parameter: max_completion_tokens"),
        chat_answer(content="Hello"),
        chat_answer(content="Hello"),
    )
    async with client(server) as model:
        if streaming:
            await streamed(model)
        else:
            await model.chat_with_tools(HELLO)
        await model.chat_with_tools(HELLO)
    assert ["max_tokens" in request.body for request in server.requests] == [False, True, True]


async def test_json_over_both_wires(server: ScriptedHttpServer) -> None:
    """A JSON answer is asked for under a strict schema and checked here."""
    server.will(chat_answer(content='{"good": true}'))
    said = {"type": "message", "content": [{"type": "output_text", "text": '{"good": false}'}]}
    server.will(responses_answer(said))
    for style, expected in (("chat", True), ("responses", False)):
        async with client(server, style) as model:  # type: ignore[arg-type]
            parsed, usage = await model.generate_json_completion_with_tools(
                HELLO, Verdict, schema_name="verdict"
            )
        assert parsed.good is expected
        assert usage.input_tokens == 9
    asked = server.requests[0].body["response_format"]["json_schema"]
    assert (asked["name"], asked["strict"]) == ("verdict", True)
    assert asked["schema"]["additionalProperties"] is False
    assert server.requests[1].body["text"]["format"]["name"] == "verdict"


async def test_server_without_schemas(server: ScriptedHttpServer) -> None:
    """A server that knows no schemas is asked in words, from then on."""
    server.will(
        refusal(400, "response_format is not supported"),
        chat_answer(content='```json\n{"good": true}\n```'),
        chat_answer(content='{"good": true}'),
    )
    async with client(server) as model:
        for _ in range(2):
            parsed, _ = await model.generate_json_completion_with_tools(
                HELLO, Verdict, schema_name="verdict"
            )
            assert parsed.good
    assert ["response_format" in r.body for r in server.requests] == [True, False, False]
    assert "schema" in server.requests[1].body["messages"][0]["content"]


async def test_json_failure_passes_through(server: ScriptedHttpServer) -> None:
    """Another refusal of a JSON request is an error as it is."""
    server.will(refusal(400, "No."))
    async with client(server) as model:
        with pytest.raises(ModelUnavailableError, match="HTTP 400"):
            await model.generate_json_completion_with_tools(HELLO, Verdict, schema_name="verdict")


@pytest.mark.parametrize(
    ("answers", "words", "retryable"),
    [
        ([refusal(400, "No.")], "HTTP 400", False),
        ([refusal(401, "Bad key")], "API key", False),
        ([refusal(403, "Not yours")], "API key", False),
        ([refusal(404, "No such model")], "HTTP 404", False),
        ([refusal(429, "Slow down")] * 2, "HTTP 429", True),
        ([refusal(429, "Pay", "insufficient_quota")] * 2, "quota", False),
        ([refusal(503, "Down")] * 2, "HTTP 503", True),
        ([Answer(body="<html>")], "not JSON", True),
        ([Answer(body={"odd": 1})], "no message", True),
        ([Answer(body="{", cut=True)] * 2, "cannot be reached", True),
    ],
)
async def test_failures(
    server: ScriptedHttpServer, answers: list[Answer], words: str, *, retryable: bool
) -> None:
    """Each failure says what it is and whether to try again; one retry is the SDK's."""
    server.will(*answers)
    async with client(server) as model:
        with pytest.raises(ModelUnavailableError, match=words) as caught:
            await model.chat_with_tools(HELLO)
    assert caught.value.retryable is retryable
    assert len(server.requests) == len(answers)


async def test_time_out(server: ScriptedHttpServer) -> None:
    """A server that does not answer in time is given up, after one retry."""
    server.will(Answer(delay_seconds=0.3), Answer(delay_seconds=0.3))
    async with client(server, timeout_seconds=0.1) as model:
        with pytest.raises(ModelUnavailableError, match="in time"):
            await model.chat_with_tools(HELLO)


async def test_stream_failures(server: ScriptedHttpServer) -> None:
    """A refused stream, and one that is cut or talks junk, are errors of the model."""
    server.will(refusal(401, "Bad key"))
    server.will(Answer(body=[chunk(content="Hel")], cut=True))
    server.will(["{junk"])
    server.will([{"error": {"message": "Overloaded"}}])
    async with client(server) as model:
        for words in ("API key", "cannot be reached", "cannot be read", "Overloaded"):
            with pytest.raises(ModelUnavailableError, match=words):
                await streamed(model)


async def test_closed_client(server: ScriptedHttpServer) -> None:
    """A client that is not open answers nothing; it may be opened again."""
    model = client(server)
    server.will(chat_answer(content="Hello"))
    async with model:
        await model.chat_with_tools(HELLO)
    with pytest.raises(ModelUnavailableError, match="closed"):
        await model.chat_with_tools(HELLO)
