"""A text request to the practice brain and its answer, free of any wire's shapes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

Json = dict[str, Any]

HONESTY: Final = "I am OpenDeep's practice assistant: I follow simple rules and am not a real AI."


@dataclass(frozen=True, slots=True, kw_only=True)
class UserSaid:
    """What the user typed."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AssistantSaid:
    """What the assistant answered."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolResult:
    """A tool call with its result: decoded JSON, or the text where it is none."""

    name: str
    arguments: Json
    result: object


ChatTurn = UserSaid | AssistantSaid | ToolResult


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest:
    """What a text model is asked.

    Attributes:
        schema_name: the name of the JSON schema that the answer must follow, or None.
    """

    system: str = ""
    turns: Sequence[ChatTurn] = ()
    tools: frozenset[str] = frozenset()
    schema_name: str | None = None
    schema: Json | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """A tool that the assistant wants used."""

    name: str
    arguments: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatAnswer:
    """A text, or tool calls."""

    text: str | None = None
    calls: tuple[ToolCall, ...] = ()


def say(text: str) -> ChatAnswer:
    """Answer with a text."""
    return ChatAnswer(text=text)


def use(name: str, *, text: str | None = None, **arguments: object) -> ChatAnswer:
    """Answer with one tool call, and perhaps words beside it."""
    return ChatAnswer(text=text, calls=(ToolCall(name=name, arguments=arguments),))
