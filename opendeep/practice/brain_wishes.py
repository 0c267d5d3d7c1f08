"""What times a user wants, and whether an offered slot is among them."""

import re
from dataclasses import dataclass
from typing import Final

from opendeep.practice.brain_times import DAY_END, DAYS, NOON, WEEKDAYS, Slot, slots_in, words_of

_EVENING: Final = 17 * 60
_WINDOWS: Final = (
    (re.compile(r"\bmornings?\b"), (0, NOON - 1)),
    (re.compile(r"\bafternoons?\b"), (NOON, 18 * 60)),
    (re.compile(r"\b(evenings?|tonight|after work)\b"), (_EVENING, DAY_END)),
    (re.compile(r"\b(noon|midday|lunch\w*)\b"), (11 * 60, 14 * 60)),
)
_SLACK: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """The days and the window of time that suit the user; an empty set means any day.

    Attributes:
        days: names of weekdays.
        earliest: minutes from midnight.
        latest: minutes from midnight, inclusive.
    """

    days: frozenset[str] = frozenset()
    earliest: int = 0
    latest: int = DAY_END

    def is_met_by(self, slot: Slot, *, weekday: str = "") -> bool:
        """Whether the slot's known parts suit; ``weekday`` is today's, for "tomorrow"."""
        if self.days and slot.day is not None and weekday_of(slot.day, weekday) not in self.days:
            return False
        return slot.minutes is None or self.earliest <= slot.minutes <= self.latest


def weekday_of(day: str, today: str) -> str:
    """Turn "today" and "tomorrow" into a weekday's name, if today's weekday is known."""
    known = today.lower()
    if day not in {"today", "tomorrow"} or known not in WEEKDAYS:
        return day
    return WEEKDAYS[(WEEKDAYS.index(known) + (day == "tomorrow")) % 7]


def wish_of(days: str, time: str, *, weekday: str = "") -> Wish:
    """Read a wish from the words of a plan, as in "next week" and "afternoons"."""
    earliest, latest = _window(time or days)
    return Wish(days=_days(days, weekday), earliest=earliest, latest=latest)


def _days(text: str, weekday: str) -> frozenset[str]:
    words = words_of(text)
    named = {DAYS[word] for word in words if word in DAYS} | {
        DAYS[word[:-1]] for word in words if word.endswith("s") and word[:-1] in DAYS
    }
    if {"weekday", "weekdays"} & set(words):
        named |= set(WEEKDAYS[:5])
    if {"weekend", "weekends"} & set(words):
        named |= set(WEEKDAYS[5:])
    if re.search(r"\b(not|except|but)\b", text.lower()):
        return frozenset(set(WEEKDAYS) - named)
    return frozenset(weekday_of(day, weekday) for day in named)


def _window(text: str) -> tuple[int, int]:
    low = text.lower()
    times = [slot.minutes for slot in slots_in(f"at {low}") if slot.minutes is not None]
    if times and re.search(r"\b(after|from|later than|not before)\b", low) and len(times) == 1:
        return times[0], DAY_END
    if times and re.search(r"\b(before|until|by|no later)\b", low) and len(times) == 1:
        return 0, times[0]
    if len(times) > 1:
        return min(times), max(times)
    for pattern, window in _WINDOWS:
        if pattern.search(low):
            return window
    return (times[0] - _SLACK, times[0] + _SLACK) if times else (0, DAY_END)
