"""A business's opening hours, as a task's facts may carry them.

Two forms are read, both of Google Places (New): ``regularOpeningHours.periods`` and the seven
``weekdayDescriptions`` in English ("Monday: 9:00 AM - 5:00 PM", with any dash). What cannot be
read is unknown, not closed: opening hours only ever narrow when a business is called.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

DAY_MINUTES = 24 * 60
_WEEK = 7
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SPAN = re.compile(
    r"(\d{1,2})(?::(\d\d))?\s*([ap]m)?\s*(?:-|to)\s*(\d{1,2})(?::(\d\d))?\s*([ap]m)?\Z", re.ASCII
)
_ODD_SPACES = re.compile(r"\s+")
_DASHES = re.compile("[\u2010-\u2015]")
_NOON, _HOUR = 12, 60
_MOST_CHARACTERS = 200

Period = tuple[int, int, int]
"""Weekday (0 is Monday), and from which to which minute of that day; the end is outside."""


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """When a business is open, in its own time; a day without a period is closed."""

    periods: tuple[Period, ...]

    def on(self, weekday: int) -> list[tuple[int, int]]:
        """Return the minutes in which it is open on a weekday (0 is Monday)."""
        return [(opens, closes) for day, opens, closes in self.periods if day == weekday]


def read_opening_hours(facts: Mapping[str, object]) -> OpeningHours | None:
    """Return what a task's facts say under ``opening_hours``; None where that is unknown."""
    written = facts.get("opening_hours")
    if isinstance(written, Mapping):
        written = written.get("periods") or written.get("weekdayDescriptions")
    if not isinstance(written, list) or not written:
        return None
    read = _from_texts if isinstance(written[0], str) else _from_periods
    try:
        periods = read(written)
    except ValueError:
        return None
    return OpeningHours(tuple(sorted(set(periods))))


def _from_texts(lines: Sequence[object]) -> list[Period]:
    """Read weekday descriptions; all seven days must be there.

    Raises:
        ValueError: a line says something else.
    """
    periods: list[Period] = []
    seen: set[int] = set()
    for line in lines:
        text = _plain(line)
        name, _, hours = text.partition(":")
        day = _DAYS.index(name.strip())
        seen.add(day)
        periods += _from_words(day, hours.strip())
    if len(seen) != _WEEK:
        raise ValueError("A day is missing.")
    return periods


def _plain(line: object) -> str:
    if not isinstance(line, str) or len(line) > _MOST_CHARACTERS:
        raise ValueError("That is no line of opening hours.")
    return _DASHES.sub("-", _ODD_SPACES.sub(" ", line)).casefold()


def _from_words(day: int, hours: str) -> list[Period]:
    if hours == "closed":
        return []
    if hours == "open 24 hours":
        return [(day, 0, DAY_MINUTES)]
    periods: list[Period] = []
    for part in hours.split(","):
        match = _SPAN.match(part.strip())
        if match is None:
            raise ValueError("That is no span of opening hours.")
        closes = _minute(match[4], match[5], match[6])
        opens = _minute(match[1], match[2], match[3] or match[6])
        periods += _over_days(day, opens, closes if closes > opens else closes + DAY_MINUTES)
    return periods


def _minute(hour: str, minute: str | None, half: str | None) -> int:
    hours = int(hour)
    if half is not None:
        if not 1 <= hours <= _NOON:
            raise ValueError("No such hour.")
        hours = hours % _NOON + (_NOON if half == "pm" else 0)
    return _checked(hours, int(minute or 0))


def _checked(hour: int, minute: int) -> int:
    total = hour * _HOUR + minute
    if not (0 <= minute < _HOUR and 0 <= total <= DAY_MINUTES):
        raise ValueError("No such time.")
    return total


def _from_periods(periods: Sequence[object]) -> list[Period]:
    """Read Places' periods: day 0 is Sunday; one without ``close`` is always open.

    Raises:
        ValueError: a period has another form.
    """
    read: list[Period] = []
    for period in periods:
        if not isinstance(period, Mapping):
            raise ValueError("That is no period.")  # noqa: TRY004 - one kind of fault for all
        day, opens = _point(period.get("open"))
        if period.get("close") is None:
            return [(each, 0, DAY_MINUTES) for each in range(_WEEK)]
        until, closes = _point(period["close"])
        days = (until - day) % _WEEK
        if days == 0 and closes <= opens:
            days = _WEEK
        read += _over_days(day, opens, closes + days * DAY_MINUTES)
    return read


def _point(value: object) -> tuple[int, int]:
    numbers = value if isinstance(value, Mapping) else {}
    day, hour, minute = (numbers.get(name, 0) for name in ("day", "hour", "minute"))
    if not all(type(number) is int for number in (day, hour, minute)) or "day" not in numbers:
        raise ValueError("That is no point of a week.")
    if not 0 <= day < _WEEK:
        raise ValueError("No such day.")
    return (day - 1) % _WEEK, _checked(hour, minute)


def _over_days(day: int, opens: int, closes: int) -> list[Period]:
    """Cut a span that goes over midnight into one for each day."""
    periods: list[Period] = []
    while closes > 0:
        if opens < DAY_MINUTES:
            periods.append((day % _WEEK, opens, min(closes, DAY_MINUTES)))
        day, opens, closes = day + 1, max(0, opens - DAY_MINUTES), closes - DAY_MINUTES
    return periods
