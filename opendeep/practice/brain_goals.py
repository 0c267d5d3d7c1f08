"""What a user wants done by phone, read from plain sentences by rules."""

import re
from dataclasses import dataclass, replace
from typing import Final

_CALLING: Final = re.compile(
    r"\b(?:book|schedule|reserve|call|phone|ring|order|ask|tell|cancel|reschedule|remind|inform|"
    r"make (?:an?|the|my) (?:\w+ )?(?:appointment|reservation|booking)|find out|get me|arrange|"
    r"appointment|reservation)\b",
    re.IGNORECASE,
)
_BOOKING: Final = re.compile(
    r"\b(?:book|schedule|reserve|arrange|appointment|reservation|get me an?|make an?)\b",
    re.IGNORECASE,
)
_NUMBER: Final = re.compile(
    r"(?<![\w+])\+?\(?\d[\d\s().-]{5,}\d(?!\w)|(?<=call )\d{3,6}\b", re.IGNORECASE
)
_END: Final = (
    r"(?=\s+(?:next|this|on|tomorrow|today|for|and|to|in the|in|after|before|between|around|"
    r"sometime|please|as soon)\b|[,.!?;]|$)"
)
_AT: Final = re.compile(
    rf"\b(?:at|with|from)\s+(?:the\s+)?(?!\d|noon\b|least\b)(.+?){_END}", re.IGNORECASE
)
_CALLED: Final = re.compile(
    rf"\b(?:call|phone|ring)\s+(?:up\s+)?(?:the\s+)?(?!\+?\d|me\b|them\b|and\b)(.+?){_END}",
    re.IGNORECASE,
)
_NEEDS: Final = re.compile(r"\b(?:need|want|would like|i'd like)\b", re.IGNORECASE)
_SERVICE: Final = re.compile(
    r"\b(?:book|schedule|reserve|arrange|get|make|need|want|order)\s+(?:me\s+|us\s+|myself\s+)?"
    r"(?:an?\s+|the\s+|my\s+|some\s+)?(?!(?:at|with|from)\b)(.+?)"
    r"(?=\s+(?:at|with|from|next|this|on|tomorrow|today|for|in the|in|after|before|between|by)\b"
    r"|[,.!?;]|$)",
    re.IGNORECASE,
)
_DAY: Final = r"(?:mon|tues|wednes|thurs|fri|satur|sun)days?"
_DAYS: Final = re.compile(
    rf"\b(?:(?:any day |some ?time )?(?:next|this) (?:week(?:end)?|month|{_DAY})"
    rf"|tomorrow|today|weekdays?|weekends?|any day"
    rf"|(?:on )?{_DAY}(?:(?:,| or| and)+ {_DAY})*)\b",
    re.IGNORECASE,
)
_CLOCK: Final = r"(?:\d{1,2}(?::\d{2})?\s?(?:[ap]\.?m\.?)?|noon)"
_TIME: Final = re.compile(
    rf"\b(?:(?:in the |the )?(?:early |late )?(?:mornings?|afternoons?|evenings?)"
    rf"|(?:after|before|around|at|from) {_CLOCK}(?![\w])|between {_CLOCK} and {_CLOCK}"
    r"|any ?time)",
    re.IGNORECASE,
)
_NAME: Final = re.compile(
    r"\b(?:(?i:my name is|i am|i'm|(?:under|in) the name(?: of)?)|for(?= [A-Z][a-z]+ [A-Z]))\s+"
    r"([A-Z][\w'-]+(?:\s[A-Z][\w'-]+)*)"
)
_BARE_CALL: Final = re.compile(r"(?<=[.!?]) (?:please )?call ?[.!?]*$", re.IGNORECASE)
_OBJECT_NOISE: Final = re.compile(
    r"\b(?:book|schedule|reserve|call|phone|ring|order|please|a|an|the|me|my|some|for|i|want|would|"
    r"like|need|to|get|appointment|you|can|could)\b",
    re.IGNORECASE,
)
_TRAILING: Final = re.compile(r"\s+please$", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A wish; empty fields were not said.

    Attributes:
        text: the user's own words.
        numbers: as typed, made E.164 where that is plain.
    """

    text: str
    is_call: bool = False
    is_booking: bool = False
    service: str = ""
    business: str = ""
    numbers: tuple[str, ...] = ()
    days: str = ""
    time: str = ""
    name: str = ""

    def changed_by(self, other: "Goal") -> "Goal":
        """Take over what a later message says; the rest stays."""
        return replace(
            self,
            numbers=other.numbers or self.numbers,
            days=other.days or self.days,
            time=other.time or self.time,
            name=other.name or self.name,
            business=other.business or self.business,
        )

    @property
    def changes_something(self) -> bool:
        """Whether the message holds anything that a plan would take over."""
        return bool(self.numbers or self.days or self.time or self.name)

    @property
    def query(self) -> str:
        """Words to look the business up by."""
        if self.business:
            return self.business
        words = _OBJECT_NOISE.sub(" ", self.service or self.text)
        return " ".join(words.split()[:6]).strip(" .,!?") or self.text[:60]


def read_goal(text: str) -> Goal:
    """Read one message of the user."""
    numbers = tuple(dict.fromkeys(e164(found) for found in _NUMBER.findall(text)))
    plain = " ".join(_NUMBER.sub(" ", text).split())
    service, business = _service(plain), _business(plain)
    wishes = bool(service and business) and _NEEDS.search(plain) is not None
    is_booking = _question(plain) is None and (wishes or _BOOKING.search(plain) is not None)
    return Goal(
        text=" ".join(text.split()),
        is_call=bool(numbers) or wishes or _CALLING.search(plain) is not None,
        is_booking=is_booking,
        service=service,
        business=business,
        numbers=numbers,
        days=_first(_DAYS, plain).removeprefix("on ").removeprefix("On "),
        time=_time(plain),
        name=_first(_NAME, plain, group=1),
    )


def e164(number: str) -> str:
    """Write a number as E.164 where it is plain; a short or odd one keeps its digits."""
    digits = re.sub(r"\D", "", number)
    if number.strip().startswith("+") or len(digits) == 11:  # noqa: PLR2004 - 1 and ten digits
        return f"+{digits}"
    return f"+1{digits}" if len(digits) == 10 else digits  # noqa: PLR2004 - North America


def spoken_goal(text: str) -> str:
    """Turn "call +1… and ask whether X" into "Ask whether X"."""
    plain = _BARE_CALL.sub("", " ".join(_NUMBER.sub(" ", text).split())).strip()
    question = _question(plain)
    if question is not None:
        return question[0].upper() + question[1:]
    plain = re.sub(
        r"^(?:please |can you |could you |i (?:want|need) (?:you )?to |i'd like (?:you )?to )+",
        "",
        plain,
        flags=re.IGNORECASE,
    )
    plain = re.sub(r"^(?:call|phone|ring)\b\s*(?:and|,)?\s*", "", plain, flags=re.IGNORECASE)
    return plain[:1].upper() + plain[1:] if plain else " ".join(text.split())


def _question(text: str) -> str | None:
    match = re.search(
        r"\b((?:ask|find out|tell|inform|remind)\b.+)$", text, re.IGNORECASE | re.DOTALL
    )
    return match[1].strip() if match is not None else None


def _business(text: str) -> str:
    question = re.search(r"\b(?:and|to)\s+(?:ask|find out|tell|check)\b", text, re.IGNORECASE)
    head = text[: question.start()] if question is not None else text
    for pattern in (_CALLED, _AT):
        match = pattern.search(head)
        if match is not None:
            name = match[1].strip(" .,'\"")
            if name.lower() not in {"them", "someone", "somebody", "a", "number", "this number"}:
                return name
    return ""


def _service(text: str) -> str:
    match = _SERVICE.search(text)
    return _TRAILING.sub("", match[1].strip()) if match is not None else ""


def _time(text: str) -> str:
    found = _first(_TIME, text)
    found = re.sub(r"^(?:in )?the ", "", found, flags=re.IGNORECASE)
    return found.strip().lower()


def _first(pattern: re.Pattern[str], text: str, *, group: int = 0) -> str:
    match = pattern.search(text)
    return match[group].strip() if match is not None else ""
