"""The receptionist's side of booking an appointment, whoever speaks it.

Theory of :class:`BookingDesk`: four stages (greeted, offered, naming, booked); one heard text in
one stage decides the next line to say. The desk never waits and never knows how lines sound.
"""

from collections.abc import Generator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, assert_never

from opendeep.practice.callees import intents
from opendeep.practice.callees.intents import Slot
from opendeep.practice.callees.lines import LINES
from opendeep.practice.callees.steps import Outcome, Script, Step
from opendeep.practice.callees.talk import LISTEN_SECONDS, PATIENT_SECONDS, Reply, Talk
from opendeep.practice.records import CalleeRecord

_PATIENCE_FOR_MISUNDERSTANDINGS: Final = 6
FINAL_LINES: Final = frozenset({"goodbye", "not_booked", "give_up"})


class Stage(Enum):
    """How far the booking is."""

    GREETED = auto()
    OFFERED = auto()
    NAMING = auto()
    BOOKED = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """The free times and the lines that offer them.

    Attributes:
        first: says the times when an appointment is asked for.
        again: says them once more.
        nothing_else: answers the wish for another time.
    """

    slots: tuple[Slot, ...]
    first: str
    again: str
    nothing_else: str


TWO_AFTERNOONS: Final = Offer(
    slots=(intents.TUESDAY, intents.THURSDAY),
    first="offer",
    again="reoffer",
    nothing_else="only_these",
)
ONE_MORNING: Final = Offer(
    slots=(intents.WEDNESDAY,),
    first="offer_morning",
    again="offer_morning",
    nothing_else="only_morning",
)


class BookingDesk:
    """Decides what the receptionist says next; writes what was booked into the record."""

    def __init__(self, record: CalleeRecord, *, speaker: str, offer: Offer) -> None:
        self._record = record
        self._speaker = speaker
        self._offer = offer
        self._slot = offer.slots[0]
        self._failures = 0
        self._refusals = 0
        self.stage = Stage.GREETED

    def answer(self, reply: Reply) -> str:
        """Return the line that answers what was heard; one of ``FINAL_LINES`` ends the talk."""
        line = self._answer_in_stage(reply.text)
        if line is not None:
            self._failures = 0
            return line
        self._failures += 1
        if self._failures > _PATIENCE_FOR_MISUNDERSTANDINGS:
            return "give_up"
        return self._not_understood(interrupted=reply.interrupted)

    def _answer_in_stage(self, text: str) -> str | None:
        match self.stage:
            case Stage.GREETED:
                return self._greeted(text)
            case Stage.OFFERED:
                return self._offered(text)
            case Stage.NAMING:
                return self._naming(text)
            case Stage.BOOKED:
                return self._booked(text)
            case _:
                assert_never(self.stage)

    def _greeted(self, text: str) -> str | None:
        if intents.wants_appointment(text):
            self.stage = Stage.OFFERED
            return self._offer.first
        if intents.says_goodbye(text):
            return "not_booked"
        if intents.asks_who(text):
            return "yes_this_is"
        return self._aside(text)

    def _offered(self, text: str) -> str | None:
        slot = intents.chosen(text, self._offer.slots)
        if slot is not None:
            self._slot = slot
            name = intents.name_given(text, asked=False)
            self.stage = Stage.NAMING
            return "ask_name" if name is None else self._book(slot, name)
        aside = self._aside(text)
        if aside is not None:
            return aside
        if intents.says_goodbye(text):
            return "not_booked"
        if intents.refuses(text):
            self._refusals += 1
            return self._offer.nothing_else if self._refusals == 1 else "not_booked"
        if intents.agrees(text):
            return "which" if len(self._offer.slots) > 1 else self._offer.again
        return self._offer.again if intents.wants_appointment(text) else None

    def _naming(self, text: str) -> str | None:
        name = intents.name_given(text, asked=False)
        if name is not None:
            return self._book(self._slot, name)
        if intents.says_goodbye(text):
            return "not_booked"
        other = intents.chosen(text, self._offer.slots)
        if other is not None:
            self._slot = other
            return "ask_name"
        name = intents.name_given(text, asked=True)
        return self._aside(text) if name is None else self._book(self._slot, name)

    def _booked(self, text: str) -> str | None:
        if intents.says_goodbye(text):
            return "goodbye"
        slot = intents.chosen(text, self._offer.slots)
        if slot is not None and self._record.booked is not None:
            return self._read_back(slot, self._record.booked["name"])
        aside = self._aside(text)
        if aside is not None:
            return aside
        return "goodbye" if intents.is_done(text) or self._failures else None

    def _read_back(self, slot: Slot, name: str) -> str:
        """Agree to the time that is booked in the fewest words; say another one out."""
        if slot is self._slot:
            return "that_is_right"
        self._slot = slot
        return self._book(slot, name)

    def _aside(self, text: str) -> str | None:
        """Answer a question, or a wish to wait, that leaves the booking where it is."""
        if intents.asks_to_wait(text):
            return "take_your_time"
        subject = intents.question(text)
        if subject is None:
            return None
        return subject if subject in LINES[self._speaker] else "no_idea"

    def _book(self, slot: Slot, name: str) -> str:
        self.stage = Stage.BOOKED
        self._record.booked = {"day": slot.name, "time": slot.at, "name": name}
        return slot.booked_line

    def _not_understood(self, *, interrupted: bool) -> str:
        """Ask again; from the second failure on, say once more what is on offer."""
        if self._failures == 1 and not interrupted:
            return "help" if self.stage is Stage.GREETED else "pardon"
        match self.stage:
            case Stage.GREETED:
                self.stage = Stage.OFFERED
                return self._offer.first
            case Stage.OFFERED:
                return self._offer.again
            case Stage.NAMING:
                return "ask_name"
            case Stage.BOOKED:
                return "pardon"
            case _:
                assert_never(self.stage)


def book(
    record: CalleeRecord,
    *,
    speaker: str,
    opening: str = "greeting",
    offer: Offer = TWO_AFTERNOONS,
    polite: bool = True,
) -> Script:
    """Hold a receptionist's whole conversation, from the opening line to the goodbye."""
    talk = Talk(speaker, polite=polite)
    desk = BookingDesk(record, speaker=speaker, offer=offer)
    line = opening
    while line not in FINAL_LINES:
        line = yield from _next_line(talk, desk, line)
    yield from talk.part(line)


def _next_line(talk: Talk, desk: BookingDesk, line: str) -> Generator[Step, Outcome, str]:
    seconds = PATIENT_SECONDS if line == "take_your_time" else LISTEN_SECONDS
    reply = yield from talk.turn(line, seconds=seconds)
    if reply is None:
        return "goodbye" if desk.stage is Stage.BOOKED else "give_up"
    return desk.answer(reply)
