"""A callee at the level of text: takes the practice assistant's moves and keeps the turns."""

import json

from opendeep.practice.brain_dialogue import decide
from opendeep.practice.brain_turns import (
    Act,
    AgentSaid,
    CallBrief,
    CalleeSaid,
    Move,
    Say,
    ToolUsed,
    Turn,
    UseTool,
)

TOOLS = frozenset(
    {"send_dtmf", "end_call", "request_user_feedback", "mark_do_not_call", "note_fact"}
)
BOOKING = CallBrief(
    on_behalf_of="Alex Doe",
    business_name="Bright Smile Dental",
    goal="Book a dental cleaning.",
    facts={
        "service": "dental cleaning",
        "preferred_days": "next week",
        "preferred_time": "afternoons",
        "name_for_booking": "Alex Doe",
    },
    weekday="Sunday",
)
DISCLOSURE = "Hello, this is an automated AI assistant calling on behalf of Alex Doe."
TWO_TIMES = "I have Tuesday at two thirty in the afternoon, or Thursday at four in the afternoon."
MORNING = "I only have one free time next week. It is on Wednesday at nine fifteen in the morning."


class Telephone:
    """Plays the callee: takes the assistant's moves and keeps the turns.

    Attributes:
        ended: the reason of ``end_call``.
    """

    def __init__(
        self, brief: CallBrief = BOOKING, tools: frozenset[str] = TOOLS, *, disclose: bool = True
    ) -> None:
        self.brief = brief
        self.tools = tools
        self.turns: list[Turn] = []
        self.used: list[UseTool] = []
        if disclose:
            self.turns.append(AgentSaid(say=Say(text=DISCLOSURE, act=Act.SAID)))

    def hears(self, *texts: str, heard: float = 1.0) -> str:
        """Say something to the assistant; return what it says, of which ``heard`` is heard."""
        self.turns += [CalleeSaid(text=text) for text in texts]
        return self.answers(heard=heard)

    def answers(self, *, heard: float = 1.0) -> str:
        """Let the assistant answer."""
        moves: list[Move] = decide(self.brief, self.tools, self.turns)
        said = [move for move in moves if isinstance(move, Say)]
        self.turns += [AgentSaid(say=say, heard=heard) for say in said]
        for move in moves:
            if isinstance(move, UseTool):
                self.used.append(move)
                waits = move.name in {"request_user_feedback", "consult"}
                output = None if waits else '{"status":"ok"}'
                self.turns.append(ToolUsed(name=move.name, arguments=move.arguments, output=output))
        return " ".join(say.text for say in said)

    def user_answers(self, output: str) -> str:
        """Give the open question's output; return what the assistant says then."""
        index = max(i for i, turn in enumerate(self.turns) if isinstance(turn, ToolUsed))
        asked = self.turns[index]
        assert isinstance(asked, ToolUsed)
        self.turns[index] = ToolUsed(name=asked.name, arguments=asked.arguments, output=output)
        return self.answers()

    @property
    def ended(self) -> str | None:
        """Why the call was ended, if it was."""
        return next((use.arguments["reason"] for use in self.used if use.name == "end_call"), None)


def answered(answer: str) -> str:
    """Return the output of a question that the user answered."""
    return json.dumps({"status": "answered", "answer": answer})
