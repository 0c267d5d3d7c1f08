"""Text models of OpenAI's form: OpenAI itself, or any server that speaks its protocol.

Two wires behind one port: Responses for OpenAI's own address, since its newer models take tools
only there, and Chat Completions for every other, since that is what compatible servers speak.
The SDK carries the bytes, retries once and honours Retry-After; bodies are read as untrusted JSON.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import urlsplit

import openai
import structlog

from opendeep.common.errors import ModelUnavailableError
from opendeep.llm_integrations import chat_wire, responses_wire
from opendeep.llm_integrations.json_completion import complete_json, to_strict_json_schema
from opendeep.llm_integrations.text_model import (
    BoundTool,
    ModelMessage,
    ModelTurn,
    SchemaT,
    SystemMessage,
    TextDelta,
    ToolSpec,
    Usage,
)

log = structlog.get_logger(__name__)

Json = dict[str, Any]
_CONNECT_SECONDS = 5.0
_QUOTA_CODES = frozenset({"insufficient_quota", "billing_hard_limit_reached"})
_TRY_LATER = frozenset({408, 409, 429})
_SERVER_FAULT = 500
_UNREADABLE = (ValueError, TypeError, AttributeError)
"""What the SDK's stream raises for events that are no JSON objects."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAIFormConfig:
    """What the client needs to know.

    Attributes:
        base_url: with ``/v1``, as in ``https://api.openai.com/v1``.
        api_style: ``auto`` chooses by the address.
        timeout_seconds: for one request, answer included.
        max_output_tokens: reasoning included.
    """

    base_url: str
    api_key: str
    model: str
    api_style: Literal["auto", "responses", "chat"] = "auto"
    timeout_seconds: float = 90.0
    max_output_tokens: int = 16_000

    @property
    def uses_responses(self) -> bool:
        """Whether the Responses wire is spoken."""
        if self.api_style != "auto":
            return self.api_style == "responses"
        host = urlsplit(self.base_url).hostname or ""
        return host == "api.openai.com" or host.endswith(".api.openai.com")


class OpenAIFormClient:
    """A :class:`~opendeep.llm_integrations.text_model.TextModel`; open it with ``async with``.

    What a server turned out not to know (``max_completion_tokens``, JSON schemas) is remembered
    for the life of the client.
    """

    def __init__(self, config: OpenAIFormConfig) -> None:
        self._config = config
        self._stack = AsyncExitStack()
        self._client: openai.AsyncOpenAI | None = None
        self._old_limit_name = False
        self._schema_on_wire = True

    async def __aenter__(self) -> Self:
        client = openai.AsyncOpenAI(
            base_url=self._config.base_url,
            api_key=self._config.api_key or "none",
            timeout=openai.Timeout(self._config.timeout_seconds, connect=_CONNECT_SECONDS),
            max_retries=1,
        )
        self._client = await self._stack.enter_async_context(client)
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._client = None
        await self._stack.aclose()

    async def chat_with_tools(
        self, messages: Sequence[ModelMessage], tools: Sequence[ToolSpec] = ()
    ) -> ModelTurn:
        """Return the model's next turn; see the port."""
        return await self._complete(self._body(messages, tools))

    async def stream_chat_with_tools(
        self, messages: Sequence[ModelMessage], tools: Sequence[ToolSpec] = ()
    ) -> AsyncGenerator[TextDelta | ModelTurn, None]:
        """Yield text pieces, then the whole turn; see the port."""
        body = self._body(messages, tools)
        stream = (
            responses_wire.ResponsesStream()
            if self._config.uses_responses
            else chat_wire.ChatStream()
        )
        try:
            async with aclosing(self._events(body)) as events:
                async for event in events:
                    if piece := stream.receive(event):
                        yield TextDelta(text=piece)
        except openai.OpenAIError as error:
            if not self._learn(error):
                raise _unavailable(error) from error
        if isinstance(stream, chat_wire.ChatStream):
            # Some servers ignore "stream" or end an empty stream: ask once more, plainly.
            yield await self._complete(body) if stream.is_empty else stream.turn()
            return
        if stream.failure is not None:
            raise ModelUnavailableError(f"The text model failed: {stream.failure}.")
        yield stream.turn() or await self._complete(body)

    async def generate_json_completion_with_tools(
        self,
        messages: Sequence[ModelMessage],
        schema: type[SchemaT],
        *,
        schema_name: str,
        tools: Sequence[BoundTool] = (),
    ) -> tuple[SchemaT, Usage]:
        """Return an answer that is valid under ``schema``; see the port."""
        specs = [tool.spec for tool in tools]
        strict = to_strict_json_schema(schema)

        async def complete(conversation: Sequence[ModelMessage]) -> ModelTurn:
            body = self._json_body(conversation, specs, schema_name, strict)
            had_schema = self._schema_on_wire
            try:
                return await self._complete(body)
            except ModelUnavailableError:
                if self._schema_on_wire is had_schema:
                    raise
            return await self._complete(self._json_body(conversation, specs, schema_name, strict))

        return await complete_json(complete, messages, schema, tools)

    def _body(self, messages: Sequence[ModelMessage], tools: Sequence[ToolSpec]) -> Json:
        if self._config.uses_responses:
            body = responses_wire.request_body(messages, tools)
            return {**body, "max_output_tokens": self._config.max_output_tokens}
        return chat_wire.request_body(messages, tools)

    def _json_body(
        self, messages: Sequence[ModelMessage], tools: Sequence[ToolSpec], name: str, schema: Json
    ) -> Json:
        if self._config.uses_responses:
            return {**self._body(messages, tools), **responses_wire.json_format(name, schema)}
        if self._schema_on_wire:
            return {**self._body(messages, tools), **chat_wire.json_format(name, schema)}
        rule = SystemMessage(text=f"Answer with one JSON object under this schema: {schema}")
        return self._body([rule, *messages], tools)

    async def _complete(self, body: Json) -> ModelTurn:
        try:
            answer = await self._post(body)
        except openai.OpenAIError as error:
            if not self._learn(error):
                raise _unavailable(error) from error
            return await self._complete(body)
        read_turn = responses_wire.read_turn if self._config.uses_responses else chat_wire.read_turn
        turn = read_turn(answer)
        if turn is None:
            raise ModelUnavailableError("The text model's answer holds no message.")
        log.debug(
            "model_answered",
            model=self._config.model,
            input_tokens=turn.usage.input_tokens,
            output_tokens=turn.usage.output_tokens,
            tool_calls=len(turn.tool_calls),
        )
        return turn

    def _learn(self, error: openai.OpenAIError) -> bool:
        """Remember what the server does not know; return whether a second try makes sense."""
        if not isinstance(error, openai.BadRequestError | openai.UnprocessableEntityError):
            return False
        text = str(error)
        if "max_completion_tokens" in text and not self._old_limit_name:
            self._old_limit_name = True
            return True
        if "response_format" in text or "json_schema" in text:
            # The body in hand still asks for the schema: its owner builds a new one.
            self._schema_on_wire = False
        return False

    async def _post(self, body: Json) -> object:
        client = self._open_client()
        create: Any = client.chat.completions.with_raw_response.create
        if self._config.uses_responses:
            create = client.responses.with_raw_response.create
        response = await create(**self._request(body))
        try:
            return response.http_response.json()
        except ValueError as error:
            raise ModelUnavailableError("The text model's answer is not JSON.") from error

    async def _events(self, body: Json) -> AsyncGenerator[object, None]:
        client = self._open_client()
        create: Any = client.responses.create
        request = {**self._request(body), "stream": True}
        if not self._config.uses_responses:
            create = client.chat.completions.create
            request["stream_options"] = {"include_usage": True}
        try:
            async with await create(**request) as events:
                async for event in events:
                    yield event.to_dict()
        except _UNREADABLE as error:
            raise ModelUnavailableError("The text model's answer cannot be read.") from error

    def _open_client(self) -> openai.AsyncOpenAI:
        if self._client is None:
            raise ModelUnavailableError("The text model's client is closed.")
        return self._client

    def _request(self, body: Json) -> Json:
        request = {**body, "model": self._config.model}
        if not self._config.uses_responses:
            limit_name = "max_tokens" if self._old_limit_name else "max_completion_tokens"
            request[limit_name] = self._config.max_output_tokens
        return request


def _unavailable(error: openai.OpenAIError) -> ModelUnavailableError:
    """Say what failed, and whether to try again."""
    if isinstance(error, openai.APITimeoutError):
        return ModelUnavailableError("The text model did not answer in time.")
    if isinstance(error, openai.APIConnectionError):
        return ModelUnavailableError("The text model cannot be reached.")
    if not isinstance(error, openai.APIStatusError):
        return ModelUnavailableError(f"The text model failed: {error}")
    status = error.status_code
    if error.code in _QUOTA_CODES:
        return ModelUnavailableError("The text model's quota is used up.", retryable=False)
    if isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError):
        return ModelUnavailableError("The text model refused the API key.", retryable=False)
    retryable = status in _TRY_LATER or status >= _SERVER_FAULT
    return ModelUnavailableError(
        f"The text model refused the request (HTTP {status}).", retryable=retryable
    )
