"""How simulated calls go, and a text model that judges them honestly and oversees wildly."""

import json
import re
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any, Final

from benchmarks.days_rig.outages import MovedClock, Outages
from opendeep.common.data_models import CallCause, Speaker
from opendeep.common.errors import ModelUnavailableError
from opendeep.llm_integrations.text_model import (
    BoundTool,
    ModelMessage,
    ModelTurn,
    SchemaT,
    TextDelta,
    ToolSpec,
    Usage,
    UserMessage,
)
from opendeep.task_manager.oversight_proposal import SCHEMA_NAME as OVERSIGHT

_JUNK: Final = 0.02
_HALF: Final = 0.5
_FOREIGN: Final = 0.05
_BOOKED = "Yes, Tuesday at 3 PM it is, you are booked."
_PARTLY = "The doctor must look at it first. Please call again on Thursday."
_REFUSED = "No, I am sorry, we do not take new patients."
_OTHER = "We only have Monday at 8 AM."
_STOP = "Please never call this number again."
_UNCLEAR = "Mm. I see. Well."


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """How a call goes."""

    weight: int
    cause: CallCause
    callee: str | None = None


TALKS: Final = (
    Talk(weight=22, cause=CallCause.AI_HUNG_UP, callee=_BOOKED),
    Talk(weight=12, cause=CallCause.AI_HUNG_UP, callee=_PARTLY),
    Talk(weight=4, cause=CallCause.AI_HUNG_UP, callee=_REFUSED),
    Talk(weight=7, cause=CallCause.AI_HUNG_UP, callee=_OTHER),
    Talk(weight=2, cause=CallCause.AI_HUNG_UP, callee=_STOP),
    Talk(weight=4, cause=CallCause.CALLEE_HUNG_UP, callee=_UNCLEAR),
    Talk(weight=14, cause=CallCause.BUSY),
    Talk(weight=16, cause=CallCause.NO_ANSWER),
    Talk(weight=8, cause=CallCause.VOICEMAIL, callee="Please leave a message after the tone."),
    Talk(weight=3, cause=CallCause.CONGESTION),
    Talk(weight=2, cause=CallCause.SILENCE),
    Talk(weight=1, cause=CallCause.UNALLOCATED),
    Talk(weight=2, cause=CallCause.AI_FAILED),
    Talk(weight=2, cause=CallCause.LOST),
)


def lines_of(talk: Talk) -> list[tuple[Speaker, str]]:
    """Return what was said."""
    if talk.callee is None:
        return []
    asked = "Could you do Tuesday at 3 PM?"
    return [(Speaker.CALLEE, "Hello?"), (Speaker.AI, asked), (Speaker.CALLEE, talk.callee)]


def choose(random: Random) -> Talk:
    """Choose how a call goes."""
    return random.choices(TALKS, weights=[talk.weight for talk in TALKS])[0]


_JUDGED: Final[dict[str, dict[str, Any]]] = {
    _BOOKED: {"verdict": "success", "next_step": "done"},
    _PARTLY: {"verdict": "partial", "next_step": "follow_up"},
    _REFUSED: {"verdict": "failure", "next_step": "give_up"},
    _OTHER: {"verdict": "partial", "next_step": "ask_user"},
    _STOP: {"verdict": "failure", "next_step": "give_up", "dnd": True},
}


class SimulatedModel:
    """Away at times; an honest judge of the talks above; an overseer that proposes by chance."""

    def __init__(self, random: Random, outages: Outages, clock: MovedClock) -> None:
        self._random = random
        self._outages = outages
        self._clock = clock
        self.requests = 0

    async def chat_with_tools(
        self, messages: Sequence[ModelMessage], tools: Sequence[ToolSpec] = ()
    ) -> ModelTurn:
        """Nobody chats here."""
        raise NotImplementedError

    def stream_chat_with_tools(
        self, messages: Sequence[ModelMessage], tools: Sequence[ToolSpec] = ()
    ) -> AsyncGenerator[TextDelta | ModelTurn, None]:
        """Nobody chats here."""
        raise NotImplementedError

    async def generate_json_completion_with_tools(
        self,
        messages: Sequence[ModelMessage],
        schema: type[SchemaT],
        *,
        schema_name: str,
        tools: Sequence[BoundTool] = (),
    ) -> tuple[SchemaT, Usage]:
        """Answer by the schema's name.

        Raises:
            ModelUnavailableError: an outage, or junk by chance.
        """
        del tools
        self.requests += 1
        if self._outages.away("model", self._clock.now()) or self._random.random() < _JUNK:
            raise ModelUnavailableError("The simulated model is away.")
        text = "".join(one.text for one in messages if isinstance(one, UserMessage))
        found = re.search(r"<(\w+)>\s*(.*?)\s*</\1>", text, re.DOTALL)
        data = json.loads(found[2]) if found else {}
        if schema_name == OVERSIGHT:
            answer: dict[str, Any] = {"actions": self._proposals(data)}
        elif schema_name == "call_analysis":
            answer = _judged(data)
        else:
            raise ModelUnavailableError("The simulated model words no reports.")
        usage = Usage(input_tokens=len(text) // 4, output_tokens=self._random.randint(20, 1500))
        return schema.model_validate(answer), usage

    def _proposals(self, data: dict[str, Any]) -> list[dict[str, Any]]:
        """Propose something for half of the tasks: sensible, wild, or for somebody else's task."""
        chosen = [task for task in data.get("tasks", []) if self._random.random() < _HALF]
        return [self._proposal(task) for task in chosen][:30]

    def _proposal(self, task: dict[str, Any]) -> dict[str, Any]:
        hours = self._random.choice([-5, 2, 30, 100, 2000])
        parts = [{"title": "Part", "goal": "A part."}, {"title": "Rest", "goal": "The rest."}]
        kinds: list[dict[str, Any]] = [
            {"kind": "set_priority", "priority": self._random.randint(-1, 10)},
            {"kind": "hold", "at": (self._clock.now() + timedelta(hours=hours)).isoformat()},
            {
                "kind": "set_next_time",
                "at": (self._clock.now() + timedelta(hours=hours)).isoformat(),
            },
            {"kind": "revise_instructions", "text": "Ask for Kim at the desk."},
            {"kind": "split", "parts": parts},
            {"kind": "check_in", "text": "Would another day do?"},
            {"kind": "close_unresolved"},
            {"kind": "new_phase", "attempts": self._random.randint(0, 5)},
            {"kind": "remember", "facts": [{"name": "desk", "value": "x" * 300}]},
        ]
        foreign = self._random.random() < _FOREIGN
        task_id = task["task_id"] + (1 if foreign else 0)
        return {"task_id": task_id, "reason": "By chance.", **self._random.choice(kinds)}


def _judged(data: dict[str, Any]) -> dict[str, Any]:
    lines = data.get("transcript", [])
    said = next((line for line in reversed(lines) if line["speaker"] == "callee"), None)
    known = _JUDGED.get(said["text"], {}) if said else {}
    evidence = []
    if said and known:
        place = {"quote": said["text"], "seq": said["seq"], "start_ms": said["start_ms"]}
        evidence = [{"claim": "what they said", **place}]
        if known["verdict"] == "success":
            evidence += [{"claim": name, **place} for name in ("day", "time")]
    agreed = [{"name": "day", "value": "Tuesday"}, {"name": "time", "value": "3 PM"}]
    booked = known.get("verdict") == "success"
    promised = known.get("next_step") == "follow_up"
    return {
        "verdict": known.get("verdict", "unresolved"),
        "summary": said["text"] if said else "Nobody spoke.",
        "agreed": agreed if booked else [],
        "promises": [{"what": "The doctor looks at it.", "due": "Thursday"}] if promised else [],
        "next_step": known.get("next_step", "retry"),
        "evidence": evidence,
        "confidence": 0.9 if known else 0.3,
        "dnd": known.get("dnd", False),
        "question_for_user": "Only Monday at 8 AM is free. Shall I take it?"
        if known.get("next_step") == "ask_user"
        else None,
    }
