"""Grounded search on a real socket: sources by byte offsets, and failures."""

from typing import Any

import pytest

from opendeep.common.errors import ModelUnavailableError
from opendeep.llm_integrations.google_gemini_client import (
    GeminiConfig,
    GoogleGeminiClient,
    SearchSource,
)
from tests.fixtures.http_server import Answer, ScriptedHttpServer

TEXT = "Das Café öffnet um 9 Uhr. Es schließt um 18 Uhr."
FIRST = "Das Café öffnet um 9 Uhr."


def client(server: ScriptedHttpServer, timeout_seconds: float = 5.0) -> GoogleGeminiClient:
    """Make a client of the scripted server."""
    return GoogleGeminiClient(
        GeminiConfig(
            base_url=server.url,
            api_key="secret",
            model="gemini-3.8-flash",
            timeout_seconds=timeout_seconds,
        )
    )


def candidate(text: str = TEXT, **more: Any) -> dict[str, Any]:
    """Make an answer's body."""
    return {"candidates": [{"content": {"role": "model", "parts": [{"text": text}]}, **more}]}


async def search(server: ScriptedHttpServer, timeout_seconds: float = 5.0) -> Any:
    """Ask a question."""
    async with client(server, timeout_seconds) as gemini:
        return await gemini.search("When does it open?", system_prompt="rules")


async def test_sources(server: ScriptedHttpServer) -> None:
    """Sources carry the parts of the text that rest on them, cut by UTF-8 bytes."""
    whole = len(TEXT.encode())
    begin = len(f"{FIRST} ".encode())
    metadata = {
        "groundingChunks": [
            {"web": {"uri": "https://a.example", "title": "a.example"}},
            {"web": {"uri": "https://b.example"}},
            {"web": {"title": "no address"}},
            {"maps": {"uri": "https://maps.example", "placeId": "p"}},
        ],
        "groundingSupports": [
            {"segment": {"endIndex": len(FIRST.encode())}, "groundingChunkIndices": [0]},
            {
                "segment": {"startIndex": begin, "endIndex": whole},
                "groundingChunkIndices": [0, 1],
            },
            {"segment": {"startIndex": 5, "endIndex": 5}, "groundingChunkIndices": [0]},
            {"groundingChunkIndices": [0]},
            {"segment": {"endIndex": 3}},
        ],
    }
    server.will(candidate(groundingMetadata=metadata))
    answer = await search(server)
    assert answer.text == TEXT
    second = "Es schließt um 18 Uhr."
    assert answer.sources == (
        SearchSource(title="a.example", uri="https://a.example", quotes=(FIRST, second)),
        SearchSource(title="https://b.example", uri="https://b.example", quotes=(second,)),
    )
    [request] = server.requests
    assert request.path.endswith("/models/gemini-3.8-flash:generateContent")
    assert request.headers["x-goog-api-key"] == "secret"
    assert request.body["tools"] == [{"googleSearch": {}}]


async def test_answer_without_a_search(server: ScriptedHttpServer) -> None:
    """An answer without grounding has no sources; thoughts are not part of the text."""
    body = candidate("Hello")
    body["candidates"][0]["content"]["parts"].insert(0, {"text": "Hm.", "thought": True})
    server.will(body)
    answer = await search(server)
    assert (answer.text, answer.sources) == ("Hello", ())


@pytest.mark.parametrize(
    ("answer", "words", "retryable"),
    [
        (Answer(status=400, body={"error": {"message": "No", "code": 400}}), "HTTP 400", False),
        (
            Answer(status=400, body={"error": {"details": [{"reason": "API_KEY_INVALID"}]}}),
            "API key",
            False,
        ),
        (Answer(status=403, body={"error": {"message": "No", "code": 403}}), "API key", False),
        (Answer(status=429, body={"error": {"message": "Slow", "code": 429}}), "HTTP 429", True),
        (Answer(status=503, body="down"), "HTTP 503", True),
        (Answer(body={}), "nothing", True),
        (Answer(body=candidate(" ")), "nothing", True),
        (Answer(body={"candidates": [{}]}), "nothing", True),
        (Answer(body="{junk"), "cannot be read", True),
        (Answer(body={"candidates": 5}), "cannot be read", True),
        (Answer(body="{", cut=True), "cannot be reached", True),
    ],
)
async def test_failures(
    server: ScriptedHttpServer, answer: Answer, words: str, *, retryable: bool
) -> None:
    """Each failure says what it is and whether to try again."""
    server.will(answer)
    with pytest.raises(ModelUnavailableError, match=words) as caught:
        await search(server)
    assert caught.value.retryable is retryable
    assert len(server.requests) == 1


async def test_time_out(server: ScriptedHttpServer) -> None:
    """A search that takes too long is given up."""
    server.will(Answer(delay_seconds=0.5))
    with pytest.raises(ModelUnavailableError, match="in time"):
        await search(server, timeout_seconds=0.1)


async def test_closed_client(server: ScriptedHttpServer) -> None:
    """A client that is not open searches nothing."""
    with pytest.raises(ModelUnavailableError, match="closed"):
        await client(server).search("?", system_prompt="")
