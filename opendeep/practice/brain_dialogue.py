"""The practice assistant on the telephone: what to say or do next, by rules.

:func:`decide` is a pure function of the task and of the turns so far. It knows of the callee
only what a recogniser wrote. The rules run from the strongest claim on the call (a wish never to
be called) to the ordinary course of a booking or of a list of questions.
"""

import re
from collections.abc import Sequence
from typing import Final

from opendeep.practice import brain_phrases as phrases
from opendeep.practice.brain_callee import menu_key
from opendeep.practice.brain_patterns import Intent
from opendeep.practice.brain_progress import progress_of
from opendeep.practice.brain_times import Slot
from opendeep.practice.brain_turns import Act, CallBrief, Move, Say, Turn, UseTool
from opendeep.practice.brain_wishes import wish_of
from opendeep.practice.speech_text import sentences

_MOST_REQUESTS: Final = 5
_MOST_COUNTERS: Final = 1
_TAKE: Final = re.compile(
    r"\b(?:take|yes|yeah|ok|okay|accept|sure|fine|go ahead|book|good|works)\b", re.IGNORECASE
)
_DECLINE: Final = re.compile(
    r"\b(?:no|not|don'?t|decline|refuse|never|reject|skip)\b", re.IGNORECASE
)
_WAITED_FOR: Final = frozenset({None, Act.SAID, Act.CONSULT})
_ANSWERED_BY_MURMUR: Final = frozenset({None, Act.SAID, Act.READ_BACK, Act.ASK})


class Dialogue:
    """One decision about one call.

    Args:
        brief: the task.
        tools: names of the tools that may be used.
        turns: the conversation so far.
    """

    def __init__(self, brief: CallBrief, tools: frozenset[str], turns: Sequence[Turn]) -> None:
        self._brief = brief
        self._tools = tools
        self._progress = progress_of(turns)
        self._booking = self._progress.booking

    def decide(self) -> list[Move]:
        """Return what to do now; an empty list is to stay silent."""
        if self._progress.of("end_call") is not None:
            return []
        for rule in (self._end_at_once, self._machine, self._nothing_new, self._repair):
            moves = rule()
            if moves is not None:
                return moves
        return self._answer()

    def _end(self, reason: str, summary: str) -> list[Move]:
        return self._use("end_call", reason=reason, summary=summary)

    def _use(self, tool: str, **arguments: object) -> list[Move]:
        return [UseTool(name=tool, arguments=arguments)] if tool in self._tools else []

    # Rules in the order of their strength; None is "does not apply".

    def _end_at_once(self) -> list[Move] | None:
        progress = self._progress
        if progress.heard_any(Intent.DO_NOT_CALL):
            words = progress.new_text
            sorry = (
                "I understand, and I am sorry to have bothered you. You will not be called again."
            )
            return [
                *self._use("mark_do_not_call", words=words),
                phrases.farewell(sorry),
                *self._end("callee_refused", f"The callee does not want calls: {words}"),
            ]
        if progress.heard_any(Intent.VOICEMAIL):
            return self._end("voicemail", "A voicemail greeting answered.")
        if progress.heard_any(Intent.WRONG_NUMBER):
            return [
                phrases.farewell("I am sorry, then I have the wrong number."),
                *self._end("wrong_number", f"The callee said: {progress.new_text}"),
            ]
        return None

    def _machine(self) -> list[Move] | None:
        progress = self._progress
        if progress.heard_any(Intent.MENU):
            key = menu_key(progress.new_text, self._brief.goal)
            return self._use("send_dtmf", digits=key) if key is not None else []
        if progress.heard_any(Intent.SCREENING):
            return [phrases.screened(self._brief)]
        return None

    def _nothing_new(self) -> list[Move] | None:
        """Stay silent unless something waits to be said."""
        progress = self._progress
        if progress.waits:
            asked = progress.heard_any(Intent.HELLO, Intent.UNCLEAR)
            return [phrases.patience()] if asked else []
        if progress.hints or self._answered():
            return None
        if not progress.new:
            opening = progress.last_act in {None, Act.SAID} and not progress.requests
            return None if opening and not self._booking.offers else self._go_on()
        waits = (
            (Intent.HOLD, Intent.PATIENT) if progress.last_act in _WAITED_FOR else (Intent.HOLD,)
        )
        if all(heard.has(*waits) for heard in progress.new):
            return []
        murmured = all(heard.has(Intent.BACKCHANNEL) for heard in progress.new)
        if murmured and (progress.was_cut or progress.last_act not in _ANSWERED_BY_MURMUR):
            return self._go_on()
        return None

    def _repair(self) -> list[Move] | None:
        """Say it again to somebody who did not hear it."""
        progress = self._progress
        if progress.hints or self._answered() or not progress.new:
            return None
        if progress.last_act in {None, Act.SAID} or self._booking.verified:
            return None
        if progress.heard_any(Intent.OFFER, Intent.CONFIRMS, *_ASKING):
            return None
        if progress.heard_any(Intent.UNCLEAR, Intent.HELLO, Intent.PATIENT):
            return [said.say for said in progress.last_reply]
        return None

    def _go_on(self) -> list[Move]:
        """Say the rest of what was interrupted."""
        rest: list[Move] = []
        for said in self._progress.last_reply:
            if said.heard >= 1 or said.say.act is Act.SAID:
                continue
            text = _unheard(said.say.text, said.heard)
            say = said.say
            rest.append(Say(text=text, act=say.act, slot=say.slot, topic=say.topic))
        return rest

    # The ordinary course: answers that are owed, then the next step.

    def _answer(self) -> list[Move]:
        progress, brief = self._progress, self._brief
        owed: list[Move] = []
        if Intent.ROBOT in progress.owes:
            owed.append(phrases.robot(brief))
        elif Intent.ASKS_WHO in progress.owes:
            owed.append(phrases.identity(brief))
        if Intent.ATTACK in progress.owes:
            owed.append(phrases.refusal(brief))
        if Intent.ASKS_DETAIL in progress.owes:
            owed.append(phrases.detail(brief, progress.new_text))
        hints: list[Move] = [phrases.hint(words, brief) for words in progress.hints]
        step = self._step()
        if hints:
            step = [] if _ends(step) or not progress.new else step
        if Intent.ATTACK in progress.owes and not self._booking.choice:
            step = []
        return [*owed, *hints, *step]

    def _step(self) -> list[Move]:
        if not self._brief.is_booking:
            return self._next_question()
        if self._user_has_answered():
            return self._after_user()
        if self._progress.heard_any(Intent.GOODBYE):
            return self._part()
        if self._booking.choice is not None:
            return self._after_choice(self._booking.choice)
        if Intent.ASKS_NAME in self._progress.owes:
            taken = self._before_choice() if self._booking.offers else []
            return [*taken, phrases.give_name(self._brief, again=self._progress.named)]
        return self._before_choice()

    def _before_choice(self) -> list[Move]:
        booking = self._booking
        offers = [slot for slot in booking.offers if slot not in booking.declined]
        fitting = [slot for slot in offers if self._fits(slot)]
        if fitting:
            chosen = next((slot for slot in fitting if slot.is_whole), fitting[0])
            return self._ask_adviser() or [
                phrases.choose(chosen, after_asking=False, brief=self._brief)
            ]
        if offers:
            return self._ask_user(offers[0])
        if booking.full:
            return self._refused_time()
        return self._ask_for_times()

    def _ask_for_times(self) -> list[Move]:
        progress = self._progress
        if progress.heard_any(Intent.ASKS_WHEN) and progress.requests:
            return [phrases.wish(self._brief)]
        if progress.requests >= _MOST_REQUESTS:
            return self._give_up("We do not seem to get any further, so I will tell")
        again = progress.requests > 0 and not progress.heard_any(Intent.ASKS_PURPOSE)
        return [phrases.request(self._brief, again=again)]

    def _after_choice(self, choice: Slot) -> list[Move]:
        progress, booking = self._progress, self._booking
        if Intent.ASKS_NAME in progress.owes:
            return [phrases.give_name(self._brief, again=progress.named)]
        if booking.verified:
            return self._done()
        if booking.doubted:
            return [phrases.ask_again()]
        if choice.day is None:
            return [phrases.choose(choice, after_asking=False, brief=self._brief)]
        if booking.confirmed or progress.named:
            return [phrases.read_back(choice, self._brief)]
        return self._unconfirmed(choice)

    def _unconfirmed(self, choice: Slot) -> list[Move]:
        """A time is chosen, and the callee said something that is neither a yes nor a question."""
        if self._progress.heard_any(Intent.YES) and self._brief.booking_name:
            return [phrases.offer_name(self._brief)]
        return [phrases.choose(choice, after_asking=False, brief=self._brief)]

    def _ask_user(self, slot: Slot) -> list[Move]:
        question = self._use(
            "request_user_feedback",
            question=phrases.consult_question(slot, self._brief),
            options=["Take it", "Decline"],
        )
        if not question:
            return self._refused_time()
        return [phrases.consult(self._brief), *question]

    def _ask_adviser(self) -> list[Move]:
        """Ask the second agent, once, before an offer is taken; empty where there is none."""
        if self._progress.of("consult") is not None:
            return []
        asked = self._use("consult", question=phrases.ADVICE_QUESTION)
        return [phrases.consider(), *asked] if asked else []

    def _after_user(self) -> list[Move]:
        answer = self._progress.answer() or ""
        offers = [slot for slot in self._booking.offers if slot not in self._booking.declined]
        fitting = [slot for slot in offers if self._fits(slot)]
        if fitting:
            return [phrases.choose(fitting[0], after_asking=False, brief=self._brief)]
        if answer and offers and _TAKE.search(answer) and not _DECLINE.search(answer):
            return [phrases.choose(offers[0], after_asking=True, brief=self._brief)]
        if not answer:
            return self._give_up("Thank you for waiting. I could not get an answer, so I will tell")
        plain = _DECLINE.search(answer) is not None or len(answer.split()) < 2  # noqa: PLR2004 - a word
        return [phrases.counter(self._brief, "" if plain else answer, after_asking=True)]

    def _refused_time(self) -> list[Move]:
        if self._progress.counters < _MOST_COUNTERS:
            return [phrases.counter(self._brief, "", after_asking=False)]
        return self._give_up("All right, then I will tell")

    def _give_up(self, lead: str) -> list[Move]:
        return [
            phrases.farewell(f"{lead} {self._brief.principal}. Thank you for your help."),
            *self._end("callee_unavailable", "No time could be agreed on."),
        ]

    def _done(self) -> list[Move]:
        choice = self._booking.choice
        when = choice.spoken() if choice is not None else "as agreed"
        summary = f"Booked {phrases.service_of(self._brief)}: {when}"
        return [
            phrases.farewell("Wonderful, thank you very much for your help."),
            *self._end("goal_reached", summary),
        ]

    def _part(self) -> list[Move]:
        if self._booking.confirmed:
            return self._done()
        return [
            phrases.farewell("Thank you for your time."),
            *self._end("callee_said_goodbye", f"The callee said: {self._progress.new_text}"),
        ]

    # Goals other than a booking.

    def _next_question(self) -> list[Move]:
        progress, brief = self._progress, self._brief
        asks_back = progress.heard_any(*_ASKING, Intent.ATTACK)
        if progress.asked and asks_back:
            return [said.say for said in progress.last_reply if said.say.act is Act.ASK]
        answered = bool(progress.asked and progress.new)
        noted = self._noted() if answered else []
        parting = progress.heard_any(Intent.GOODBYE)
        left = [question for question in brief.questions if question not in progress.asked]
        if left and not parting:
            return [phrases.ask(left[0], first=not progress.asked), *noted]
        if not progress.asked and not parting:
            return [phrases.state_goal(brief)]
        if not answered and not parting:
            return []
        thanks = phrases.farewell("Thank you very much, that is all I wanted to know.")
        reason = "callee_said_goodbye" if left or not answered else "goal_reached"
        return [thanks, *noted, *self._end(reason, f"The callee said: {progress.new_text}")]

    def _noted(self) -> list[Move]:
        topic, words = self._progress.asked[-1], self._progress.new_text
        return self._use("note_fact", name=topic[:80], value=words[:400])

    def _fits(self, slot: Slot) -> bool:
        facts = self._brief.facts
        wish = wish_of(
            facts.get("preferred_days", ""),
            facts.get("preferred_time", ""),
            weekday=self._brief.weekday,
        )
        return wish.is_met_by(slot, weekday=self._brief.weekday)

    def _user_has_answered(self) -> bool:
        return self._progress.answer() is not None and not self._progress.answer_used

    def _answered(self) -> bool:
        return self._user_has_answered() or self._progress.advised


_ASKING: Final = (
    Intent.ROBOT, Intent.ASKS_NAME, Intent.ASKS_WHO, Intent.ASKS_DETAIL, Intent.ASKS_PURPOSE,
)  # fmt: skip


def _ends(moves: Sequence[Move]) -> bool:
    return any(isinstance(move, UseTool) and move.name == "end_call" for move in moves)


def _unheard(text: str, heard: float) -> str:
    """Return a text from the sentence on in which it was cut."""
    position = int(len(text) * heard)
    parts = sentences(text)
    while len(parts) > 1 and position >= len(parts[0]):
        position -= len(parts[0]) + 1
        parts = parts[1:]
    return " ".join(parts)


def decide(brief: CallBrief, tools: frozenset[str], turns: Sequence[Turn]) -> list[Move]:
    """Decide what to say and which tools to use after these turns; empty means silence."""
    return Dialogue(brief, tools, turns).decide()
