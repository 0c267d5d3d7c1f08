"""The practice assistant's sentences on the telephone."""

import re
from typing import Final

from opendeep.practice.brain_times import Slot
from opendeep.practice.brain_turns import Act, CallBrief, Say

_VOWELS: Final = "aeiou"
ADVICE_QUESTION: Final = "Which of the offered times suits the task best, and may it be taken?"
_PARTS: Final = {
    "afternoons": "in the afternoon",
    "afternoon": "in the afternoon",
    "mornings": "in the morning",
    "morning": "in the morning",
    "evenings": "in the evening",
    "evening": "in the evening",
}
_BOOK: Final = re.compile(
    r"^(?:please )?(?:to )?(?:book|schedule|reserve|make|get|arrange)(?: me| us)?"
    r" (?:an? |the )?(.+?)(?: (?:at|with|from|for|next|on|this|in)\b.*)?[.]?$",
    re.IGNORECASE,
)
_ASKS: Final = re.compile(
    r"(?:ask|find out|check)(?: them| him| her)?"
    r" ((?:if|whether|what|when|where|which|who|why|how|for|about)\b.+)",
    re.IGNORECASE,
)
_TELLS: Final = re.compile(r"(?:tell|inform|remind) (?:them|him|her)(?: that)? (.+)", re.IGNORECASE)


def service_of(brief: CallBrief) -> str:
    """Name what is to be booked, with its article."""
    service = brief.facts.get("service", "").strip()
    if not service:
        match = _BOOK.match(brief.goal.strip())
        service = match[1] if match is not None else "appointment"
    if re.match(r"(?:an?|the|some|my|two|three|\d)\b", service, re.IGNORECASE):
        return service
    return f"{'an' if service[0].lower() in _VOWELS else 'a'} {service}"


def wish_words(brief: CallBrief) -> str:
    """Say when it should be: "next week, in the afternoon"."""
    days = brief.facts.get("preferred_days", "").strip()
    time = brief.facts.get("preferred_time", "").strip()
    words = [words for words in (days, _PARTS.get(time.lower(), time)) if words]
    return ", ".join(words)


def purpose(brief: CallBrief) -> str:
    """Say what the call is for, as the end of "I'm calling …"."""
    if brief.is_booking:
        return f"to book {service_of(brief)}"
    return f"about this: {brief.goal.rstrip('.')}" if brief.goal else "with a question"


def request(brief: CallBrief, *, again: bool) -> Say:
    """Ask for the appointment."""
    wish = wish_words(brief)
    begin = "I would like to book" if not again else "As I said, I would like to book"
    whom = f" for {brief.booking_name}" if brief.booking_name else ""
    when = f" Do you have a free time {wish}?" if wish else " Which times are free?"
    return Say(text=f"{begin} {service_of(brief)}{whom}.{when}", act=Act.REQUEST)


def wish(brief: CallBrief) -> Say:
    """Answer when it would suit."""
    words = wish_words(brief) or "at any time"
    return Say(text=f"The best would be {words}. Do you have a free time then?", act=Act.WISH)


def choose(slot: Slot, *, after_asking: bool, brief: CallBrief) -> Say:
    """Take an offered slot."""
    spoken = _sentence(slot)
    if slot.day is None:
        text = f"{spoken} sounds good. Which day is that?"
        return Say(text=text, act=Act.ASK_DAY, slot=slot)
    if after_asking:
        text = (
            f"Thank you for waiting. {brief.principal} says yes. {spoken} works, I would take that."
        )
    else:
        text = f"{spoken} would be perfect. I would take that, please."
    return Say(text=text, act=Act.CHOOSE, slot=slot)


def give_name(brief: CallBrief, *, again: bool) -> Say:
    """Give the name for the booking."""
    if not brief.booking_name:
        text = "I was not given a name. Please book it without one."
        return Say(text=text, act=Act.NAME)
    if again:
        return Say(text=f"{brief.booking_name}. The name is {brief.booking_name}.", act=Act.NAME)
    return Say(text=f"Please put it under the name {brief.booking_name}.", act=Act.NAME)


def offer_name(brief: CallBrief) -> Say:
    """Bring up the name when nobody asks for it."""
    text = f"The name for the appointment is {brief.booking_name}. Is it booked?"
    return Say(text=text, act=Act.NAME)


def read_back(slot: Slot, brief: CallBrief) -> Say:
    """Repeat what was agreed and ask whether it is right."""
    whom = f", for {brief.booking_name}" if brief.booking_name else ""
    return Say(text=f"So that is {slot.spoken()}{whom}, correct?", act=Act.READ_BACK, slot=slot)


def ask_again() -> Say:
    """Ask for the day and time once more."""
    text = "I am sorry, then I misunderstood. Could you tell me the day and the time again, please?"
    return Say(text=text, act=Act.CLARIFY)


def consult(brief: CallBrief) -> Say:
    """Ask the callee to wait while the user is asked."""
    text = f"One moment please, let me check that with {brief.principal}."
    return Say(text=text, act=Act.CONSULT)


def consider() -> Say:
    """Keep talking while the second agent is asked."""
    text = "Thank you. One moment please, let me check which of that suits best."
    return Say(text=text, act=Act.CONSULT)


def consult_question(slot: Slot, brief: CallBrief) -> str:
    """Put the offer to the user."""
    place = brief.business_name or "The callee"
    hoped = wish_words(brief)
    instead = f", and you asked for {hoped}" if hoped else ""
    return f"{place} offers only {slot.spoken()}{instead}. Shall I take it?"


def patience() -> Say:
    """Keep the callee on the line while the user thinks."""
    return Say(text="Yes, I am still here. One more moment, please.", act=Act.PATIENCE)


def counter(brief: CallBrief, answer: str, *, after_asking: bool) -> Say:
    """Turn an offer down and ask for another."""
    thanks = "Thank you for waiting. " if after_asking else ""
    wanted = answer or wish_words(brief)
    when = f" {wanted}" if wanted else ""
    text = (
        f"{thanks}I am sorry, that time does not suit {brief.principal}. "
        f"Do you have anything else{when}?"
    )
    return Say(text=text, act=Act.COUNTER)


def robot(brief: CallBrief) -> Say:
    """Tell the truth about being a machine."""
    text = f"Yes, I am an AI assistant, calling on behalf of {brief.principal}."
    return Say(text=text, act=Act.ROBOT)


def identity(brief: CallBrief) -> Say:
    """Say who calls."""
    text = f"This is an AI assistant, calling on behalf of {brief.principal}."
    return Say(text=text, act=Act.IDENTITY)


def refusal(brief: CallBrief) -> Say:
    """Refuse what is not part of the task."""
    text = f"I am sorry, I cannot help with that. I am only calling {purpose(brief)}."
    return Say(text=text, act=Act.REFUSAL)


def detail(brief: CallBrief, asked: str) -> Say:
    """Give a fact that the plan holds, or say that it is not known."""
    low = asked.lower()
    for name, value in brief.facts.items():
        label = name.replace("_", " ").lower()
        if value and (label in low or label.removesuffix(" number") in low):
            return Say(text=f"The {label} is {value}.", act=Act.DETAIL)
    text = "I am sorry, I was not given that. It can be added later."
    return Say(text=text, act=Act.DETAIL)


def screened(brief: CallBrief) -> Say:
    """Answer a screening service."""
    text = f"I am an AI assistant calling on behalf of {brief.principal}, {purpose(brief)}."
    return Say(text=text, act=Act.SCREENED)


def ask(question: str, *, first: bool) -> Say:
    """Put one of the task's questions."""
    lead = "I have a short question. " if first else "Thank you. "
    return Say(text=f"{lead}{_as_question(question)}", act=Act.ASK, topic=question)


def state_goal(brief: CallBrief) -> Say:
    """Say what the call is for where there is no list of questions."""
    goal = re.sub(r"^(?:please |to )+", "", brief.goal.strip().rstrip("."), flags=re.IGNORECASE)
    asks, tells = _ASKS.match(goal), _TELLS.match(goal)
    if asks is not None:
        text = f"I would like to ask {asks[1]}."
    elif tells is not None:
        text = f"I was asked to tell you: {tells[1]}."
    else:
        text = f"My request is this: {goal}. Can you help me with that?"
    return Say(text=text, act=Act.ASK, topic=brief.goal)


def hint(words: str, brief: CallBrief) -> Say:
    """Weave in what the user typed."""
    text = words.strip().rstrip(".")
    end = "" if text.endswith(("?", "!")) else "."
    return Say(text=f"One more thing from {brief.principal}: {text}{end}", act=Act.HINT)


def farewell(text: str) -> Say:
    """Say goodbye."""
    return Say(text=f"{text} Goodbye.", act=Act.FAREWELL)


def _as_question(question: str) -> str:
    text = question.strip()
    return text if text.endswith("?") else f"{text.rstrip('.')}?"


def _sentence(slot: Slot) -> str:
    spoken = slot.spoken().removeprefix("at ")
    return spoken[0].upper() + spoken[1:]
