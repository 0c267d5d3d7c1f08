"""Times, days and amounts that a sentence names, in a form that can be compared.

Two terms are the same if nothing that both of them say differs, and they have something in common:
"half past two" is 14:30, and "Tuesday" is 2026-12-01, but "at two" is not 2:30.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from opendeep.post_call_analyzer_service.spoken_numbers import canonical
from opendeep.post_call_analyzer_service.term_patterns import (
    DAY_PATTERNS,
    MONEY,
    QUARTERS,
    RELATIVE_DAYS,
    TIME_PATTERNS,
    half_of_day,
    month_number,
    weekday_number,
)

_NOON = 12
_DAY_HOURS = 24
_HOUR_MINUTES = 60
_QUARTER = 15
_NEAR_DAYS = 14
_NUMBER = re.compile(r"\b\d{1,15}\b")


@dataclass(frozen=True, slots=True)
class Moment:
    """A time of day; ``half`` is "am" or "pm" where it is known, ``hour`` on the 12-hour dial."""

    hour: int
    minute: int
    half: str | None = None

    def matches(self, other: "Moment") -> bool:
        """Whether both are the same time, as far as both say."""
        same_half = self.half is None or other.half is None or self.half == other.half
        return (self.hour, self.minute) == (other.hour, other.minute) and same_half

    def spoken(self) -> str:
        """Say it as the pages do."""
        return f"{self.hour or _NOON}:{self.minute:02} {(self.half or '').upper()}".strip()


@dataclass(frozen=True, slots=True)
class Day:
    """A day, by whatever was said of it; ``ahead`` is 1 for tomorrow."""

    weekday: int | None = None
    day: int | None = None
    month: int | None = None
    year: int | None = None
    ahead: int | None = None

    def matches(self, other: "Day", called_on: date | None = None) -> bool:
        """Whether both can be the same day, and something that both say is equal."""
        if called_on is not None:
            mine, theirs = self.dates(called_on), other.dates(called_on)
            if mine is not None and theirs is not None:
                return bool(mine & theirs)
        pairs = [
            (self.weekday, other.weekday),
            (self.day, other.day),
            (self.month, other.month),
            (self.year, other.year),
            (self.ahead, other.ahead),
        ]
        known = [(a, b) for a, b in pairs if a is not None and b is not None]
        return bool(known) and all(a == b for a, b in known)

    def dates(self, called_on: date) -> frozenset[date] | None:
        """Return the dates that can be meant; None where it is too little to say."""
        if self.ahead is not None:
            return frozenset({called_on + timedelta(days=self.ahead)})
        if self.day is not None and self.month is not None:
            years = [self.year] if self.year else [called_on.year, called_on.year + 1]
            found = {made for year in years if (made := _date(year, self.month, self.day))}
            return frozenset(found)
        near = (called_on + timedelta(days=days) for days in range(_NEAR_DAYS + 1))
        if self.weekday is not None:
            fits = {d for d in near if d.weekday() == self.weekday}
            return frozenset(d for d in fits if self.day in {None, d.day}) or None
        return None


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Slot:
    """A day, a time, or both, that belong together."""

    day: Day | None = None
    time: Moment | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """What one sentence names.

    Attributes:
        slots: days and times, paired as they were said.
        numbers: all else that is a number, in order.
        money: whether it speaks of a price.
        broken: whether something looks like a date or a time that cannot be.
    """

    slots: tuple[Slot, ...] = ()
    numbers: tuple[int, ...] = ()
    money: bool = False
    broken: bool = False

    @property
    def days(self) -> tuple[Day, ...]:
        """All days."""
        return tuple(slot.day for slot in self.slots if slot.day is not None)

    @property
    def times(self) -> tuple[Moment, ...]:
        """All times."""
        return tuple(slot.time for slot in self.slots if slot.time is not None)


def terms_of(text: str, language: str = "en") -> Terms:
    """Read the days, times and numbers of a sentence, or of an agreed value."""
    plain = canonical(text, language, breaks=True)
    found: list[tuple[int, Day | Moment]] = []
    broken = False
    rest = plain
    for at, end, part in _parts(plain, language):
        if part is None:
            broken = True
        else:
            found.append((at, part))
        rest = rest[:at] + " " * (end - at) + rest[end:]
    return Terms(
        slots=tuple(_paired([part for _, part in sorted(found, key=lambda item: item[0])])),
        numbers=tuple(int(number) for number in _NUMBER.findall(rest)),
        money=bool(MONEY.search(plain)) or any(sign in text for sign in "$€£"),
        broken=broken,
    )


def _parts(plain: str, language: str) -> Iterator[tuple[int, int, Day | Moment | None]]:
    taken: list[tuple[int, int]] = []
    for pattern in DAY_PATTERNS:
        for match in pattern.finditer(plain):
            if not _overlaps(taken, match.span()):
                taken.append(match.span())
                yield *match.span(), _day(match)
    for pattern in TIME_PATTERNS[language if language in TIME_PATTERNS else "en"]:
        for match in pattern.finditer(plain):
            if not _overlaps(taken, match.span()):
                taken.append(match.span())
                yield *match.span(), _moment(match, plain)


def _overlaps(taken: list[tuple[int, int]], span: tuple[int, int]) -> bool:
    return any(start < span[1] and span[0] < end for start, end in taken)


def _day(match: re.Match[str]) -> Day | None:
    facts = match.groupdict()
    if word := facts.get("relative"):
        return Day(ahead=RELATIVE_DAYS[word])
    weekday = weekday_number(facts.get("weekday"))
    month = month_number(facts.get("month"))
    day, year = (int(facts[k]) if facts.get(k) else None for k in ("day", "year"))
    if day is not None and month is not None and year is not None:
        whole = _date(year, month, day)
        if whole is None:
            return None
        weekday = whole.weekday() if weekday is None else weekday
    if day is not None and not 1 <= day <= 31:  # noqa: PLR2004 - days of a month
        return None
    return Day(weekday=weekday, day=day, month=month, year=year)


def _moment(match: re.Match[str], plain: str) -> Moment | None:
    facts = match.groupdict()
    hour, minute = int(facts.get("hour") or _NOON), int(facts.get("minute") or 0)
    if part := facts.get("before") or facts.get("past"):
        minute = minute or (_QUARTER if part in QUARTERS else 2 * _QUARTER)
    if facts.get("before"):
        hour, minute = (hour or _DAY_HOURS) - 1, _HOUR_MINUTES - minute
    if hour < 0 or hour >= _DAY_HOURS or minute >= _HOUR_MINUTES:
        return None
    half = facts.get("half") or half_of_day(plain, match.end())
    if hour > _NOON:
        half = "pm"
    elif hour == 0:
        half = "am"
    return Moment(hour % _NOON, minute, half)


def _paired(parts: list[Day | Moment]) -> Iterator[Slot]:
    """Give each time the day before it; days go after a time where none was before all times."""
    days_last = bool(parts) and isinstance(parts[0], Moment)
    ordered = list(reversed(parts)) if days_last else parts
    slots: list[Slot] = []
    day: Day | None = None
    used = True
    for part in ordered:
        if isinstance(part, Day):
            if not used:
                slots.append(Slot(day=day))
            day, used = part, False
        else:
            slots.append(Slot(day=day, time=part))
            used = True
    if not used:
        slots.append(Slot(day=day))
    yield from (reversed(slots) if days_last else slots)
