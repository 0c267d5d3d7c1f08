"""What the dialogue remembers of a call: turns in, moves out.

A conversation is a list of turns; the dialogue is a function of it, as a model is of its
context. So a truncated, cancelled or deleted answer needs no special care: it is simply not
among what was heard.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from opendeep.practice.brain_times import Slot

HEARD_ENOUGH: Final = 0.6
"""From this part on, something we said counts as said."""


_QUESTION: Final = re.compile(r"\s*(?:ask|find out|tell|inform|remind)\b", re.IGNORECASE)
_BOOKS: Final = re.compile(r"\b(?:book|reserve|schedule|appointment|reservation)\b", re.IGNORECASE)
_NOBODY: Final = frozenset({"", "default", "the user", "user", "a customer"})
"""What a profile without a name calls its owner."""


class Act(StrEnum):
    """What one thing that we say is for."""

    SAID = "said"
    REQUEST = "request"
    WISH = "wish"
    CHOOSE = "choose"
    NAME = "name"
    READ_BACK = "read_back"
    ASK_DAY = "ask_day"
    CONSULT = "consult"
    PATIENCE = "patience"
    COUNTER = "counter"
    ROBOT = "robot"
    REFUSAL = "refusal"
    IDENTITY = "identity"
    DETAIL = "detail"
    SCREENED = "screened"
    ASK = "ask"
    HINT = "hint"
    CLARIFY = "clarify"
    FAREWELL = "farewell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """A move: words for the callee.

    Attributes:
        slot: the slot that the words name.
        topic: the question that the words ask.
    """

    text: str
    act: Act
    slot: Slot | None = None
    topic: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UseTool:
    """A move: a call of an offered tool."""

    name: str
    arguments: dict[str, Any]


Move = Say | UseTool


@dataclass(frozen=True, slots=True, kw_only=True)
class CalleeSaid:
    """A turn: what the recogniser wrote of the callee's words; empty for noise."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSaid:
    """A turn: something of ours, and the part of it (0 to 1) that the callee heard."""

    say: Say
    heard: float = 1.0

    @property
    def counts(self) -> bool:
        """Whether the callee heard enough of it."""
        return self.heard >= HEARD_ENOUGH


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolUsed:
    """A turn: a tool that we called; ``output`` is None until its answer came."""

    name: str
    arguments: dict[str, Any]
    output: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UserHint:
    """A turn: words that the user typed during the call."""

    text: str


Turn = CalleeSaid | AgentSaid | ToolUsed | UserHint


@dataclass(frozen=True, slots=True, kw_only=True)
class CallBrief:
    """The call's task, as the instructions give it; nothing else is known about the call."""

    on_behalf_of: str = ""
    business_name: str = ""
    contact_name: str = ""
    goal: str = ""
    facts: dict[str, str] = field(default_factory=dict)
    questions: tuple[str, ...] = ()
    weekday: str = ""

    @property
    def principal(self) -> str:
        """Whom to name as the one we call for."""
        if self.on_behalf_of.lower() not in _NOBODY:
            return self.on_behalf_of
        return self.facts.get("name_for_booking") or "my client"

    @property
    def booking_name(self) -> str:
        """Whom to book for."""
        name = self.facts.get("name_for_booking")
        return name or ("" if self.on_behalf_of.lower() in _NOBODY else self.on_behalf_of)

    @property
    def is_booking(self) -> bool:
        """Whether the call is to agree on a time."""
        if {"preferred_days", "preferred_time", "service"} & set(self.facts):
            return True
        if self.questions or _QUESTION.match(self.goal) is not None:
            return False
        return _BOOKS.search(self.goal) is not None


def tagged(text: str, tag: str) -> str | None:
    """Return what stands in the last ``<tag>…</tag>`` of a prompt, or None."""
    head, found, tail = text.rpartition(f"<{tag}>{{")
    del head
    if not found:
        return None
    return "{" + tail.partition(f"</{tag}>")[0]


def brief_of(instructions: str) -> CallBrief | None:
    """Read the ``<task>`` in a system prompt, or return None where there is none."""
    found = tagged(instructions, "task")
    if found is None:
        return None
    try:
        task = json.loads(found)
    except ValueError:
        return None
    return brief_of_task(task) if isinstance(task, dict) else None


def brief_of_task(task: dict[str, Any]) -> CallBrief:
    """Read a task's data; keys may be missing."""
    facts = task.get("facts")
    return CallBrief(
        on_behalf_of=_text(task.get("on_behalf_of")),
        business_name=_text(task.get("business_name")),
        contact_name=_text(task.get("contact_name")),
        goal=_text(task.get("goal")),
        facts=(
            {str(name): _text(value) for name, value in facts.items()}
            if isinstance(facts, dict)
            else {}
        ),
        questions=_questions(task.get("questions_for_callee")),
        weekday=_text(task.get("weekday")),
    )


def _text(value: object) -> str:
    if value is None:
        return ""
    return ", ".join(str(entry) for entry in value) if isinstance(value, list) else str(value)


def _questions(value: object) -> tuple[str, ...]:
    return tuple(str(entry) for entry in value) if isinstance(value, Sequence) and value else ()


_EXACT: Final = re.compile(r"^Say exactly the following words[^:]*: \"(.*)\"\s*$", re.DOTALL)


def words_to_say(instructions: str) -> str | None:
    """Return the words of "Say exactly the following words and nothing else", or None."""
    match = _EXACT.match(instructions.strip())
    return match[1] if match is not None else None
