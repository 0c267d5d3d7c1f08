"""Gemini with Google Search grounding: questions about the world, answered with sources.

Grounding works through Google's own protocol only, hence ``google-genai``. It takes 4 to 45 s, so
it serves research before a call, never the conversation.
Source: Gemini API ``models.generateContent``, ``GroundingMetadata``.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

import httpx
from google import genai
from google.genai import errors as genai_errors
from google.genai import types

from opendeep.common.errors import ModelUnavailableError
from opendeep.llm_integrations.grounding import GeminiConfig, GroundedAnswer, SearchSource

_TRY_LATER = frozenset({408, 429})
_SERVER_FAULT = 500
_REFUSED = frozenset({401, 403})
_UNREADABLE = (ValueError, TypeError, KeyError, AttributeError)
"""What the SDK's converters raise for a body of another shape."""


class GoogleGeminiClient:
    """Asks Gemini; open it with ``async with``."""

    def __init__(self, config: GeminiConfig) -> None:
        self._config = config
        self._stack = AsyncExitStack()
        self._client: genai.Client | None = None

    async def __aenter__(self) -> Self:
        http_client = await self._stack.enter_async_context(
            httpx.AsyncClient(timeout=self._config.timeout_seconds)
        )
        self._client = genai.Client(
            api_key=self._config.api_key or "none",
            http_options=types.HttpOptions(
                base_url=self._config.base_url,
                timeout=round(self._config.timeout_seconds * 1000),
                retry_options=types.HttpRetryOptions(attempts=1),
                httpx_async_client=http_client,
            ),
        )
        self._stack.push_async_callback(self._client.aio.aclose)
        self._stack.callback(self._client.close)
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._client = None
        await self._stack.aclose()

    async def search(self, question: str, *, system_prompt: str) -> GroundedAnswer:
        """Answer ``question`` from a Google search.

        Raises:
            ModelUnavailableError: Gemini is down, slow, out of quota, or answered nothing.
        """
        if self._client is None:
            raise ModelUnavailableError("The web search's client is closed.")
        config = types.GenerateContentConfig(
            system_instruction=system_prompt,
            tools=[types.Tool(google_search=types.GoogleSearch())],
        )
        try:
            async with asyncio.timeout(self._config.timeout_seconds):
                response = await self._client.aio.models.generate_content(
                    model=self._config.model, contents=question, config=config
                )
        except genai_errors.APIError as error:
            raise _unavailable(error) from error
        except TimeoutError as error:
            raise ModelUnavailableError("The web search did not answer in time.") from error
        except httpx.HTTPError as error:
            raise ModelUnavailableError("The web search cannot be reached.") from error
        except _UNREADABLE as error:
            raise ModelUnavailableError("The web search's answer cannot be read.") from error
        return _read(response)


def _read(response: types.GenerateContentResponse) -> GroundedAnswer:
    candidate = response.candidates[0] if response.candidates else None
    content = candidate.content if candidate else None
    parts = (content.parts if content else None) or []
    text = "".join(part.text for part in parts if part.text and not part.thought)
    if candidate is None or not text.strip():
        raise ModelUnavailableError("The web search answered nothing.")
    metadata = candidate.grounding_metadata
    if metadata is None:
        return GroundedAnswer(text=text)
    sources = _sources(text, metadata.grounding_chunks or [], metadata.grounding_supports or [])
    return GroundedAnswer(text=text, sources=tuple(sources))


def _sources(
    text: str,
    chunks: Sequence[types.GroundingChunk],
    supports: Sequence[types.GroundingSupport],
) -> Iterator[SearchSource]:
    quotes: dict[int, list[str]] = {}
    for support in supports:
        quote = _quote(text, support.segment)
        for index in support.grounding_chunk_indices or ():
            if quote:
                quotes.setdefault(index, []).append(quote)
    for index, chunk in enumerate(chunks):
        if chunk.web is not None and chunk.web.uri:
            yield SearchSource(
                title=chunk.web.title or chunk.web.uri,
                uri=chunk.web.uri,
                quotes=tuple(quotes.get(index, ())),
            )


def _quote(text: str, segment: types.Segment | None) -> str:
    """Cut a segment out of the text: its offsets count UTF-8 bytes, and 0 may be left out."""
    if segment is None:
        return ""
    cut = text.encode()[segment.start_index or 0 : segment.end_index or 0]
    return cut.decode(errors="ignore").strip() or (segment.text or "").strip()


def _unavailable(error: genai_errors.APIError) -> ModelUnavailableError:
    if error.code in _REFUSED or "API_KEY_INVALID" in str(error.details):
        return ModelUnavailableError("Google refused the API key.", retryable=False)
    retryable = error.code in _TRY_LATER or error.code >= _SERVER_FAULT
    return ModelUnavailableError(
        f"The web search refused the request (HTTP {error.code}).", retryable=retryable
    )
