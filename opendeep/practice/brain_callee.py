"""What a callee's utterance is about, as far as rules can tell from a recogniser's words."""

import re
from dataclasses import dataclass
from typing import Final

from opendeep.practice.brain_patterns import PATTERNS, Intent
from opendeep.practice.brain_times import Slot, slots_in, words_of

_BACKCHANNEL_WORDS: Final = frozenset(
    {
        "mm", "mmm", "mhm", "hm", "hmm", "uh", "huh", "um", "aha", "ah", "oh", "mama", "mamma",
        "okay", "ok", "right", "yeah", "yep", "sure", "yes", "mom", "mum", "hum", "ha", "uhhuh",
        "mmhmm", "mhmm", "mmhm", "ma'am", "m", "really", "momma", "i", "see", "go", "on", "got",
        "it", "and", "a", "all", "alright",
    }
)  # fmt: skip
_LONGEST_BACKCHANNEL: Final = 5
_GREETINGS: Final = re.compile(
    r"^(?:hello|hi|hey|hullo|halo|hallo)(?: there)?"
    r"(?:[,.!? ]+(?:hello|hi|are you (?:still )?there|anyone there|anybody there|"
    r"is anyone there|who'?s there))*[.!?]*$"
    r"|^(?:hello[,.!? ]*)?(?:are you (?:still )?there|is (?:anyone|anybody) there|can you hear me)"
    r"[.!?]*$",
    re.IGNORECASE,
)
_LONGEST_GREETING: Final = 8
_NOISE: Final = re.compile(r"[\[(♪][^\])]*[\])♪]|♪")
_CONTENT: Final = frozenset(
    {Intent.OFFER, Intent.ASKS_NAME, Intent.CONFIRMS, Intent.ASKS_DETAIL, Intent.ROBOT, Intent.FULL}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One utterance, read: its words, what it does, and the slots it names."""

    text: str
    intents: frozenset[Intent]
    slots: tuple[Slot, ...]

    def has(self, *wanted: Intent) -> bool:
        """Whether it does any of these."""
        return not self.intents.isdisjoint(wanted)


def read(text: str) -> Heard:
    """Read one utterance of a callee."""
    plain = _NOISE.sub(" ", text.replace("\u2019", "'")).strip()
    slots = tuple(slots_in(plain))
    intents = {
        intent
        for intent, patterns in PATTERNS.items()
        if any(pattern.search(plain) for pattern in patterns)
    }
    if _GREETINGS.match(plain) and len(plain.split()) <= _LONGEST_GREETING:
        intents.add(Intent.HELLO)
    if _is_backchannel(words_of(plain)):
        intents.add(Intent.BACKCHANNEL)
    if Intent.HOURS in intents:
        slots = ()
    if any(slot.minutes is not None for slot in slots):
        intents.add(Intent.OFFER)
    return Heard(text=plain, intents=frozenset(_settled(intents)), slots=slots)


def _is_backchannel(words: list[str]) -> bool:
    if not words or len(words) > _LONGEST_BACKCHANNEL:
        return False
    return _BACKCHANNEL_WORDS.issuperset(words)


def _settled(intents: set[Intent]) -> set[Intent]:
    """Let the stronger reading win where two contradict each other."""
    if intents & _CONTENT:
        intents.discard(Intent.HOLD)
    if Intent.SCREENING in intents:
        intents -= {Intent.HOLD, Intent.ASKS_NAME, Intent.ASKS_WHO, Intent.VOICEMAIL}
    if Intent.MENU in intents:
        intents -= {Intent.HOLD, Intent.ATTACK, Intent.VOICEMAIL, Intent.OFFER}
    if Intent.ASKS_WHO in intents:
        intents.discard(Intent.ASKS_NAME)
    if Intent.ATTACK in intents:
        intents -= {Intent.CONFIRMS, Intent.ASKS_DETAIL, Intent.YES}
    if Intent.PATIENT in intents:
        intents.discard(Intent.YES)
    if Intent.DENIES in intents:
        intents -= {Intent.CONFIRMS, Intent.YES, Intent.BACKCHANNEL}
    if Intent.FULL in intents and Intent.OFFER not in intents:
        intents.discard(Intent.CONFIRMS)
    if Intent.DO_NOT_CALL in intents:
        intents.discard(Intent.WRONG_NUMBER)
    return intents


_TELLING_WORD: Final = 5
_KEYS: Final = {
    "zero": "0", "one": "1", "two": "2", "to": "2", "too": "2", "three": "3", "four": "4",
    "for": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9", "star": "*",
    "pound": "#",
}  # fmt: skip
_PRESS: Final = r"press(?:ed)? (?:the )?(?:number |key )?(\d|[a-z]+)"
_KEY_FIRST: Final = re.compile(
    rf"\b{_PRESS}[,]? (?:for|to|if|and)\b([^.;]*?)(?=[.;]|,? (?:or )?press|$)"
)
_KEY_LAST: Final = re.compile(rf"\b(?:for|to|if)\b([^.;]*?),? (?:please )?{_PRESS}\b")
_PERSON: Final = re.compile(r"appointment|booking|book|schedul|reserv")
_FALLBACK: Final = re.compile(
    r"reception|front desk|operator|representative|speak|someone|person|agent|staff"
)


def menu_key(text: str, goal: str = "") -> str | None:
    """Choose the key of a spoken menu: appointments first, words of the goal, then a person."""
    low = text.lower()
    entries = (
        [(match[1], match[2]) for match in _KEY_LAST.finditer(low)]
        if _names_key_last(low)
        else [(match[2], match[1]) for match in _KEY_FIRST.finditer(low)]
    )
    known = [(label, _KEYS.get(key, key)) for label, key in entries]
    known = [(label, key) for label, key in known if len(key) == 1]
    wanted = {word for word in words_of(goal) if len(word) >= _TELLING_WORD}
    for label, key in known:
        if _PERSON.search(label):
            return key
    for label, key in known:
        if wanted & set(words_of(label)):
            return key
    for label, key in known:
        if _FALLBACK.search(label):
            return key
    return None


def _names_key_last(menu: str) -> bool:
    """Whether a menu says "for appointments, press two", and not "press two for appointments"."""
    lead = re.split(r"[.!?]", menu[: menu.index("press")])[-1].replace("for calling", "")
    return re.search(r"\b(?:for|to|if)\b", lead) is not None
