"""The port to text models: what goes in, what comes out, for any vendor and any wire.

Consumers (the assistant, the analyzer, the summarizer) know :class:`TextModel` and these frozen
shapes alone. Two wires implement it in ``openai_form_client.py``; ``testing.py`` holds a scripted
one, which passes the same contract suite.

Whatever a model returns is data to be checked: tool arguments may be no JSON at all
(:attr:`ToolCall.arguments` is None then), texts may be empty, ids may be repeated.
"""

import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, assert_never

from pydantic import BaseModel, JsonValue

from opendeep.common.errors import InvalidInputError

SchemaT = TypeVar("SchemaT", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a request used, in the provider's tokens; zero where it did not say."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cached_tokens=self.cached_tokens + other.cached_tokens,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSpec:
    """A function that the model may ask for.

    Attributes:
        parameters: JSON schema of the arguments, an object.
    """

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """One use of a tool that the model asks for.

    Attributes:
        id: unique within the turn; the tool result names it.
        arguments: the decoded JSON object, or None when the model sent anything else.
    """

    id: str
    name: str
    arguments: dict[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemMessage:
    """Our rules to the model."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UserMessage:
    """What a person said, or the data to work on."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AssistantMessage:
    """What the model said before."""

    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolResultMessage:
    """What came of a tool call: JSON text, as the model shall read it."""

    tool_call_id: str
    text: str


ModelMessage = SystemMessage | UserMessage | AssistantMessage | ToolResultMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class TextDelta:
    """The next piece of the model's text, while it still writes."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelTurn:
    """The model's whole answer: text, tool calls, or both; ``refused`` if it would not answer."""

    text: str
    tool_calls: tuple[ToolCall, ...] = ()
    usage: Usage = Usage()
    refused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundTool:
    """A tool with the function that runs it: arguments in, JSON text for the model out."""

    spec: ToolSpec
    run: Callable[[dict[str, Any]], Awaitable[str]]


class TextModel(Protocol):
    """A text model. Stateless: each request carries its whole conversation."""

    async def chat_with_tools(
        self, messages: Sequence[ModelMessage], tools: Sequence[ToolSpec] = ()
    ) -> ModelTurn:
        """Return the model's next turn.

        Raises:
            ModelUnavailableError: the model is down, slow, refused us, or its answer is unusable;
                ``retryable`` says whether the same request may succeed later.
        """
        ...

    def stream_chat_with_tools(
        self, messages: Sequence[ModelMessage], tools: Sequence[ToolSpec] = ()
    ) -> AsyncGenerator[TextDelta | ModelTurn, None]:
        """Yield the text as it is written, then the whole :class:`ModelTurn` as the last item.

        Raises:
            ModelUnavailableError: as for :meth:`chat_with_tools`; pieces may have come before.
        """
        ...

    async def generate_json_completion_with_tools(
        self,
        messages: Sequence[ModelMessage],
        schema: type[SchemaT],
        *,
        schema_name: str,
        tools: Sequence[BoundTool] = (),
    ) -> tuple[SchemaT, Usage]:
        """Return an answer that is valid under ``schema``, checked here, after at most one repair.

        ``tools`` are run on the way, at most eight rounds.

        Raises:
            ModelUnavailableError: as for :meth:`chat_with_tools`; not retryable when the model
                refused or its answer stayed invalid after the repair.
        """
        ...


def decode_arguments(raw: object) -> dict[str, Any] | None:
    """Decode a tool call's arguments, which servers send as JSON text or as an object."""
    if isinstance(raw, str):
        try:
            raw = json.loads(raw or "{}")
        except (ValueError, RecursionError):
            return None
    return raw if isinstance(raw, dict) else None


def encode_message(message: ModelMessage) -> dict[str, JsonValue]:
    """Turn a message into the neutral JSON object that is stored with a chat."""
    match message:
        case SystemMessage():
            return {"role": "system", "text": message.text}
        case UserMessage():
            return {"role": "user", "text": message.text}
        case AssistantMessage():
            return {
                "role": "assistant",
                "text": message.text,
                "tool_calls": [
                    {"id": call.id, "name": call.name, "arguments": call.arguments}
                    for call in message.tool_calls
                ],
            }
        case ToolResultMessage():
            return {"role": "tool", "tool_call_id": message.tool_call_id, "text": message.text}
        case _:
            assert_never(message)


def decode_message(stored: Mapping[str, Any]) -> ModelMessage:
    """Turn a stored object back into a message.

    Raises:
        InvalidInputError: the object is none that :func:`encode_message` makes.
    """
    try:
        return _decode_known(stored)
    except (KeyError, TypeError) as error:
        raise InvalidInputError("A stored chat message cannot be read.") from error


def _decode_known(stored: Mapping[str, Any]) -> ModelMessage:
    role, text = stored["role"], str(stored["text"])
    if role == "system":
        return SystemMessage(text=text)
    if role == "user":
        return UserMessage(text=text)
    if role == "tool":
        return ToolResultMessage(tool_call_id=stored["tool_call_id"], text=text)
    if role == "assistant":
        calls = tuple(
            ToolCall(id=call["id"], name=call["name"], arguments=call["arguments"])
            for call in stored.get("tool_calls", ())
        )
        return AssistantMessage(text=text, tool_calls=calls)
    raise KeyError(role)
