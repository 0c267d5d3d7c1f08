"""From a Realtime conversation to the practice brain's turns, and back to its moves."""

import json
import re
from collections.abc import Sequence
from typing import Any, Final

from opendeep.practice.brain_dialogue import decide
from opendeep.practice.brain_recognition import recognised
from opendeep.practice.brain_turns import (
    Act,
    AgentSaid,
    CalleeSaid,
    Move,
    Say,
    ToolUsed,
    Turn,
    UserHint,
    brief_of,
    words_to_say,
)
from opendeep.practice.realtime_items import Item

Json = dict[str, Any]
_HINT_LEAD: Final = re.compile(r"^the user\b[^:]{0,80}:\s*", re.IGNORECASE)
_NO_TASK: Final = (
    "This is OpenDeep's practice assistant. It follows rules and needs a task to talk about."
)


def moves_for(instructions: str, tools: Sequence[Json], items: Sequence[Item]) -> list[Move]:
    """Decide what an answer consists of; an empty list is an answer without output.

    Args:
        instructions: the response's own, else the session's.
        tools: the tools that may be called.
        items: the conversation.
    """
    words = words_to_say(instructions)
    if words is not None:
        return [Say(text=words, act=Act.SAID)]
    brief = brief_of(instructions)
    if brief is None:
        return [Say(text=_NO_TASK, act=Act.SAID)]
    names = frozenset(str(tool.get("name")) for tool in tools)
    return decide(brief, names, turns_of(items))


def turns_of(items: Sequence[Item]) -> list[Turn]:
    """Read a conversation as the brain's turns; what the callee did not hear is not in it."""
    outputs = {
        item.wire["call_id"]: item.wire["output"]
        for item in items
        if item.wire["type"] == "function_call_output"
    }
    turns: list[Turn] = []
    for item in items:
        match item.wire:
            case {"type": "function_call", "call_id": call_id, "name": name}:
                arguments = _arguments(item.wire.get("arguments"))
                output = outputs.get(call_id)
                turns.append(ToolUsed(name=name, arguments=arguments, output=output))
            case {"type": "message", "role": "assistant"}:
                turns += _said(item)
            case {"type": "message", "role": "system"}:
                turns.append(UserHint(text=_HINT_LEAD.sub("", _text(item))))
            case {"type": "message"}:
                text = item.transcript if item.transcript is not None else _text(item)
                turns.append(CalleeSaid(text=text))
            case _:
                pass
    return turns


def _said(item: Item) -> list[Turn]:
    if item.says:
        return [AgentSaid(say=say, heard=item.heard(index)) for index, say in enumerate(item.says)]
    return [AgentSaid(say=recognised(_text(item)))]


def _text(item: Item) -> str:
    parts = item.wire.get("content") or []
    return " ".join(str(part.get("text") or part.get("transcript") or "") for part in parts).strip()


def _arguments(raw: object) -> Json:
    try:
        arguments = json.loads(str(raw))
    except ValueError:
        return {}
    return arguments if isinstance(arguments, dict) else {}
