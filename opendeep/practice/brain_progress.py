"""How far a call has come: a fold over its turns, with no decision in it."""

import json
from collections.abc import Sequence
from typing import Final, assert_never

from opendeep.practice.brain_callee import Heard, read
from opendeep.practice.brain_patterns import Intent
from opendeep.practice.brain_times import Slot
from opendeep.practice.brain_turns import (
    Act,
    AgentSaid,
    CalleeSaid,
    Say,
    ToolUsed,
    Turn,
    UserHint,
)

_ROUND_MINUTES: Final = 5
_OWED: Final = frozenset(
    {Intent.ROBOT, Intent.ATTACK, Intent.ASKS_WHO, Intent.ASKS_NAME, Intent.ASKS_DETAIL}
)
_PAYS: Final[dict[Act, set[Intent]]] = {
    Act.ROBOT: {Intent.ROBOT, Intent.ASKS_WHO},
    Act.REFUSAL: {Intent.ATTACK},
    Act.IDENTITY: {Intent.ASKS_WHO},
    Act.NAME: {Intent.ASKS_NAME},
    Act.DETAIL: {Intent.ASKS_DETAIL},
}
_OUTLASTS: Final = (Intent.DO_NOT_CALL, Intent.VOICEMAIL, Intent.WRONG_NUMBER, Intent.MENU)
"""What is not answered by fixed words that were said after it."""
_MACHINES: Final = (Intent.MENU, Intent.SCREENING, Intent.HOLD)


class Booking:
    """The appointment: what is on offer, what we chose, what the callee confirmed."""

    def __init__(self) -> None:
        self.offers: list[Slot] = []
        self.choice: Slot | None = None
        self.declined: set[Slot] = set()
        self.confirmed = False
        self.read_back: Slot | None = None
        self.verified = False
        self.doubted = False
        self.full = False

    def hear(self, heard: Heard) -> None:
        """Take in what the callee said."""
        times = [slot for slot in heard.slots if slot.minutes is not None]
        self.full = self.full or heard.has(Intent.FULL)
        if self.choice is None:
            self._collect(times, heard.slots)
        elif heard.has(Intent.NO) and not heard.has(Intent.CONFIRMS):
            self._doubt(times)
        elif times and self.choice not in times and not self._binds(heard):
            self.offers, self.choice = list(times), None
        else:
            self._settle(heard, times, self.choice)

    def _binds(self, heard: Heard) -> bool:
        """Whether a time that is not our choice is a statement about it, and not a new offer."""
        return heard.has(Intent.CONFIRMS) or self.confirmed or self.read_back is not None

    def _collect(self, times: list[Slot], slots: tuple[Slot, ...]) -> None:
        lone_days = [slot for slot in slots if slot.minutes is None]
        if not times and len(lone_days) == 1 and self.offers and not self.offers[-1].is_whole:
            self.offers[-1] = self.offers[-1].or_else(lone_days[0])
            return
        self.offers += [slot for slot in times if slot not in self.offers]

    def _doubt(self, times: list[Slot]) -> None:
        self.verified = self.confirmed = False
        self.read_back = None
        if times:
            self.offers = [slot.or_else(self.choice) for slot in times]
            self.choice = None
        else:
            self.doubted = True

    def _settle(self, heard: Heard, times: list[Slot], choice: Slot) -> None:
        self.doubted = self.doubted and not times
        named = times[-1].or_else(choice) if times else None
        if named is None and heard.slots:
            named = heard.slots[-1].or_else(choice)
        if named is not None and _is_slip(named, choice):
            named = choice
        agrees = heard.has(Intent.YES, Intent.BACKCHANNEL, Intent.CONFIRMS)
        if self.read_back is not None:
            repeated = named == self.read_back and not heard.has(Intent.DENIES)
            self.verified = self.verified or agrees or repeated
            if named not in {None, self.read_back}:
                self.choice, self.read_back, self.verified = named, None, False
                self.confirmed = True
            return
        if heard.has(Intent.CONFIRMS):
            self.confirmed = True
            self.choice = named or choice

    def say(self, say: Say) -> None:
        """Take in what the callee heard us say."""
        match say.act:
            case Act.CHOOSE | Act.ASK_DAY if say.slot is not None:
                self.choice = say.slot
                self.doubted = False
            case Act.READ_BACK if say.slot is not None:
                self.read_back = self.choice = say.slot
                self.doubted = False
            case Act.COUNTER:
                self.declined |= set(self.offers)
                self.offers = []
                self.full = False
            case _:
                pass


def _is_slip(named: Slot, choice: Slot) -> bool:
    """Whether a time was misheard: nobody offers an appointment at nine sixteen."""
    if named.minutes is None or named.day != choice.day:
        return False
    return named.minutes % _ROUND_MINUTES != 0


class Progress:
    """All that the dialogue decides by.

    Attributes:
        new: what the callee said since we were last heard.
        owes: questions of the callee that we have not answered yet.
        last_reply: what we said last, with the part that was heard.
        tools: every tool that was used, in order.
        hints: the user's words that the callee has not heard yet.
    """

    def __init__(self) -> None:
        self.booking = Booking()
        self.new: list[Heard] = []
        self.owes: set[Intent] = set()
        self.last_reply: list[AgentSaid] = []
        self.tools: list[ToolUsed] = []
        self.hints: list[str] = []
        self.requests = 0
        self.named = False
        self.asked: list[str] = []
        self.counters = 0
        self.answer_used = False
        self._reply_open = False

    def of(self, name: str) -> ToolUsed | None:
        """Return the last use of a tool."""
        return next((used for used in reversed(self.tools) if used.name == name), None)

    def heard_any(self, *intents: Intent) -> bool:
        """Whether the callee's new words do any of these."""
        return any(heard.has(*intents) for heard in self.new)

    @property
    def new_text(self) -> str:
        """The callee's new words."""
        return " ".join(heard.text for heard in self.new)

    @property
    def was_cut(self) -> bool:
        """Whether the callee missed a part of what we said last."""
        return any(said.heard < 1 for said in self.last_reply)

    @property
    def last_act(self) -> Act | None:
        """What the last thing that we said was for."""
        return self.last_reply[-1].say.act if self.last_reply else None

    def answer(self) -> str | None:
        """Return the user's answer to the question we put, "" for none, None while it is open."""
        used = self.of("request_user_feedback")
        if used is None or used.output is None:
            return None
        try:
            output = json.loads(used.output)
        except ValueError:
            return used.output
        if not isinstance(output, dict) or output.get("status") != "answered":
            return ""
        return str(output.get("answer") or "")

    @property
    def waits(self) -> bool:
        """Whether the user or the second agent was asked and has not answered yet."""
        asked = [self.of(name) for name in ("request_user_feedback", "consult")]
        return any(used is not None and used.output is None for used in asked)

    @property
    def advised(self) -> bool:
        """Whether the second agent has answered and nothing was done upon it yet."""
        used = self.of("consult")
        return used is not None and used.output is not None and self.booking.choice is None

    def take(self, turn: Turn) -> None:
        """Take in the next turn."""
        self._reply_open = self._reply_open and isinstance(turn, AgentSaid)
        match turn:
            case CalleeSaid(text=text):
                self._hear(read(text))
            case AgentSaid():
                self._said(turn)
            case ToolUsed():
                self.tools.append(turn)
                if turn.name == "send_dtmf":
                    self.new = []
            case UserHint(text=text):
                self.hints.append(text)
            case _:
                assert_never(turn)

    def _hear(self, heard: Heard) -> None:
        if not heard.text:
            return
        self.new.append(heard)
        self.owes |= heard.intents & _OWED
        self.booking.hear(heard)
        if heard.has(*_MACHINES) and not self.booking.offers:
            self.requests = 0

    def _said(self, turn: AgentSaid) -> None:
        if not self._reply_open:
            self.last_reply = []
            self._reply_open = True
        self.last_reply.append(turn)
        if not turn.counts:
            return
        say = turn.say
        kept = say.act is Act.SAID
        self.new = [heard for heard in self.new if kept and heard.has(*_OUTLASTS)]
        self.owes -= _PAYS.get(say.act, set())
        self.booking.say(say)
        self._note(say)

    def _note(self, say: Say) -> None:
        match say.act:
            case Act.SAID:
                self._said_exactly(say.text)
            case Act.REQUEST:
                self.requests += 1
            case Act.NAME:
                self.named = True
            case Act.ASK if say.topic is not None:
                self.asked.append(say.topic)
            case Act.COUNTER:
                self.counters += 1
                self.answer_used = True
            case Act.CHOOSE:
                self.answer_used = True
            case Act.HINT:
                self.hints = []
            case _:
                pass

    def _said_exactly(self, text: str) -> None:
        """Fixed words that name an AI have answered who and what we are."""
        if " AI " in f" {text} " or "artificial" in text:
            self.owes -= {Intent.ROBOT, Intent.ASKS_WHO}


def progress_of(turns: Sequence[Turn]) -> Progress:
    """Fold the turns of a call."""
    progress = Progress()
    for turn in turns:
        progress.take(turn)
    return progress
