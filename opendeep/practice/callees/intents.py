"""What a callee understands of a transcript: plain patterns that forgive mishearing.

Pure functions on text. Words are compared in lower case without punctuation; the recogniser
writes "2:30", "two thirty", "2.30 pm" or "two day" for the same speech.
"""

import re
from dataclasses import dataclass
from typing import Final


def _any(*alternatives: str) -> re.Pattern[str]:
    return re.compile("|".join(alternatives))


_APPOINTMENT: Final = _any(
    r"appointment",
    r"\b(?:book|schedul|reserv|availab|slot|clean|visit)",
    r"\b(?:opening|table|free time|next week|come in|set up|make an?)\b",
    r"\bcheck ?up",
)
_GOODBYE: Final = _any(
    r"\b(?:good ?)?bye\b|\bgood ?by\b",
    r"\bhave a (?:\w+ )?(?:day|one|afternoon|week|evening)",
    r"\btake care\b",
)
_HOLD: Final = _any(
    r"\b(?:hold on|please hold|bear with|hang on|please wait|moment please)\b",
    r"\b(?:one|a|just a|this) (?:short |quick )?(?:moment|second|minute)",
    r"\blet me (?:just |quickly )?(?:check|ask|see)",
    r"\bcheck with\b",
    r"\bi(?:'ll| will)? ?(?:need|have)? ?(?:to )?(?:check|ask)\b",
    r"\b(?:could|can|would) you (?:please )?(?:hold|wait)",
)
_AGREE: Final = _any(
    r"\b(?:yes|yeah|yep|works|work for|perfect|great|fine|okay|ok|sure|good)\b",
    r"\b(?:take it|take that|that one|sounds good|book it)\b",
    r"\b(?:accept|agree|confirm)",
)
_REFUSE: Final = _any(
    r"\b(?:no|not|neither|cannot|unfortunately|another time|none)\b", r"n't\b", r"\bdecline"
)
_DONE: Final = _any(
    r"\bthat(?: is|'s| was|'ll be| will be|) (?:all|it|everything)",
    r"\b(?:nothing|no|all set)\b",
    r"\bthank",
)
_APOLOGY: Final = _any(
    r"\b(?:sorry|of course|will not|won't|not call|not be called|take you off)\b",
    r"\b(?:apolog|underst|remove)",
    r"\boff (?:our|the|my|your) list",
)
_WHO: Final = _any(
    r"\b(?:is this|am i speaking|did i reach|have i reached|am i talking|who am i)\b"
)
_ASKS_OFFER: Final = _any(
    r"\b(?:do you have|is there|are there|have you|anything|any other)\b",
    r"\b(?:could you offer|what about|how about)\b",
)
_CHOOSES: Final = _any(
    r"\b(?:take|prefer|choose|book|like|go with|want|let'?s|please|yes|works?|pick|confirm)\b"
)
_EITHER: Final = _any(r"\b(?:either|whichever|any of)\b")
_NAME: Final = re.compile(
    r"\b(?:name(?: for the (?:appointment|booking))?(?: is| would be)|name'?s"
    r"|under the name(?: of)?|under|(?:it is|it's|appointment is|this is|booking is) for|for)"
    r"\s+(?P<name>.+)"
)
_NAME_END: Final = _any(
    r"\b(?:please|thank\w*|and|that|is|for|goodbye|at|on|spelled|next)\b",
    r"\b(?:tuesday|thursday|wednesday)\b",
)
_NOT_A_NAME: Final = re.compile(
    r"(?:the|a|an|my|our|this|that|it|i|your|you|me|us|him|her|one|two|next|tuesday|thursday"
    r"|wednesday|monday|friday|confirming|calling|waiting|asking|help|all|everything|now|sure|so"
    r"|sorry|let|let's|good|bye|goodbye|what|who|why|how|could|can|hello|thank|thanks|wait|hold"
    r"|just)\b"
)
_FILLER: Final = re.compile(
    r"^(?:(?:yes|okay|ok|sure|great|perfect|of course|certainly|it is|it's|that is|that's|please"
    r"|that would be|thank you|thanks|put it|well|so|um|uh|the|name)\s+)+"
)
_QUESTIONS: Final = {
    "price": _any(r"\b(?:cost|price)", r"\b(?:charge|how much|fee)\b"),
    "insurance": _any(r"\binsur", r"\bplans?\b.*\baccept", r"\baccept\b.*\bplan"),
    "hours": _any(r"\bopening hours\b", r"\bwhen (?:are|do) you (?:open|close)", r"\bhours are\b"),
    "address": _any(r"\b(?:address|where are you|located|parking)\b"),
}
_WANTS_TO_KNOW: Final = _any(
    r"\b(?:could|can) you tell me\b",
    r"\bdo (?:you|i) (?:know|need)\b",
    r"\bshould i\b",
    r"\bwhat (?:is|are|do)\b",
)
_LONGEST_NAME_WORDS: Final = 5


def plain(text: str) -> str:
    """Reduce a transcript to lower-case words; ``:`` stays between digits."""
    lowered = text.lower().replace("\u2019", "'")
    lowered = re.sub(r"(?<=\d)\.(?=\d)", ":", lowered)
    lowered = re.sub(r"(?<!\d):|:(?!\d)|[^\w:' -]", " ", lowered)
    return " ".join(lowered.replace("-", " ").split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A free time; ``booked_line`` confirms it.

    Attributes:
        day: what the day may be heard as.
        time: what the time may be heard as.
        other_part: the part of the day that the slot is not in.
    """

    name: str
    at: str
    booked_line: str
    day: re.Pattern[str]
    time: re.Pattern[str]
    other_part: str


TUESDAY: Final = Slot(
    name="Tuesday",
    at="14:30",
    booked_line="booked_tuesday",
    day=re.compile(r"\btues?d?a?y?s?\b|\btwo days?\b|\btoos? ?day|\bchews ?day|\btwos ?day"),
    time=re.compile(r"\b(?:2|14):?30\b|\b(?:2|two|to|too) (?:30|thirty)\b|\bhalf past two\b"),
    other_part="morning",
)
THURSDAY: Final = Slot(
    name="Thursday",
    at="16:00",
    booked_line="booked_thursday",
    day=re.compile(r"\bthurs?d?a?y?s?\b|\bthirst(?:y| day)\b|\bfirst day\b|\bthird(?:'s)? day\b"),
    time=re.compile(
        r"\bfour\b(?! (?:days|weeks|hours))|\b(?:4|16)(?::00)?(?: o'?clock| ?pm| p m| in\b|$)"
    ),
    other_part="morning",
)
WEDNESDAY: Final = Slot(
    name="Wednesday",
    at="09:15",
    booked_line="booked_wednesday",
    day=re.compile(r"\bwednes?d?a?y?s?\b|\bwens ?day|\bwhen(?:'s|s)? ?day"),
    time=re.compile(r"\b0?9:?15\b|\b(?:9|nine) (?:15|fifteen|fifty)\b|\bquarter past nine\b"),
    other_part="afternoon",
)


def wants_appointment(text: str) -> bool:
    """Tell whether the AI said that it wants an appointment."""
    return _APPOINTMENT.search(plain(text)) is not None


def says_goodbye(text: str) -> bool:
    """Tell whether the AI said goodbye."""
    return _GOODBYE.search(plain(text)) is not None


def asks_to_wait(text: str) -> bool:
    """Tell whether the AI asked the callee to hold; an agreement afterwards takes it back."""
    words = plain(text)
    found = list(_HOLD.finditer(words))
    return bool(found) and _AGREE.search(words, found[-1].end()) is None


def agrees(text: str) -> bool:
    """Tell whether the AI agreed."""
    return _AGREE.search(plain(text)) is not None


def refuses(text: str) -> bool:
    """Tell whether the AI refused or denied something."""
    return _REFUSE.search(plain(text)) is not None


def is_done(text: str) -> bool:
    """Tell whether the AI has no further wish."""
    return says_goodbye(text) or _DONE.search(plain(text)) is not None


def apologises(text: str) -> bool:
    """Tell whether the AI accepted a wish not to be called."""
    return _APOLOGY.search(plain(text)) is not None


def asks_who(text: str) -> bool:
    """Tell whether the AI asked whom it reached."""
    return _WHO.search(plain(text)) is not None


def question(text: str) -> str | None:
    """Return the subject of a question: a line's name, ``no_idea``, or None for no question."""
    words = plain(text)
    for subject, pattern in _QUESTIONS.items():
        if pattern.search(words):
            return subject
    return "no_idea" if _WANTS_TO_KNOW.search(words) else None


def chosen(text: str, slots: tuple[Slot, ...]) -> Slot | None:
    """Return the offered time that the AI takes, or None when that is not plain."""
    words = plain(text)
    if asks_to_wait(text) or (_ASKS_OFFER.search(words) and not agrees(text)):
        return None
    named = _mentions(words, slots)
    if len(named) > 1:
        return _preferred(words, named)
    if named:
        position, slot = named[0]
        return None if _turned_down(words, position) else slot
    if _EITHER.search(words) or re.search(r"\b(?:first|earlier) (?:one|time|option)\b", words):
        return slots[0]
    if re.search(r"\b(?:second|later|latter)(?: one| time| option)?\b", words):
        return slots[-1]
    return slots[0] if len(slots) == 1 and agrees(text) and not refuses(text) else None


def _mentions(words: str, slots: tuple[Slot, ...]) -> list[tuple[int, Slot]]:
    """Find where each time is named last, in the order of the sentence."""
    found = []
    for slot in slots:
        by_time = list(slot.time.finditer(words))
        by_day = list(slot.day.finditer(words))
        wrong_part = slot.other_part in words and not by_time
        if (by_day or by_time) and not wrong_part:
            found.append((max(match.start() for match in [*by_day, *by_time]), slot))
    return sorted(found, key=lambda mention: mention[0])


def _turned_down(words: str, position: int) -> bool:
    """Tell whether a mention stands in a refusal, as in "Thursday does not work"."""
    return _REFUSE.search(words, position, position + 60) is not None or bool(
        re.search(r"\bnot (?:on )?$", words[:position])
    )


def _preferred(words: str, named: list[tuple[int, Slot]]) -> Slot | None:
    """Of several times named, return the one that follows the last word of choice."""
    choices = [match.start() for match in _CHOOSES.finditer(words)]
    if not choices:
        return None
    after = [slot for position, slot in named if position > choices[-1]]
    if after:
        return after[0]
    before = [slot for position, slot in named if not _turned_down(words, position)]
    return before[-1] if before else None


def name_given(text: str, *, asked: bool) -> str | None:
    """Return the name for the booking; without ``asked`` only one that is announced as a name."""
    words = plain(text)
    match = _NAME.search(words)
    while match is not None:
        name = _cut_name(match["name"])
        announced = "name" in match[0][: match.start("name") - match.start()] or asked
        if name and announced:
            return name
        match = _NAME.search(words, match.start() + 1)
    if not asked:
        return None
    return _cut_name(_FILLER.sub("", words + " ").strip())


def _cut_name(words: str) -> str | None:
    name = _NAME_END.split(words, maxsplit=1)[0].strip()
    if not name or _NOT_A_NAME.match(name) or len(name.split()) > _LONGEST_NAME_WORDS:
        return None
    if _AGREE.fullmatch(name) or _REFUSE.fullmatch(name):
        return None
    return name.title()
