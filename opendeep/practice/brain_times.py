"""Days and times in spoken English: what a recogniser writes, and what a voice should say.

"Tuesday at two thirty in the afternoon", "Tuesday, 2:30 p.m.", "two-thirty on Tuesday" and
"twosday half past 2" are the same slot.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

NOON: Final = 12 * 60
DAY_END: Final = 24 * 60
WEEKDAYS: Final = (
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
)  # fmt: skip
_MISHEARD: Final = {
    "twosday": "tuesday", "chewsday": "tuesday", "tosday": "tuesday", "tues": "tuesday",
    "tue": "tuesday", "two say": "tuesday", "too they": "tuesday", "two day": "tuesday",
    "choose day": "tuesday", "tues day": "tuesday", "two's day": "tuesday", "mon": "monday",
    "wends day": "wednesday", "when's day": "wednesday", "wensday": "wednesday",
    "wed": "wednesday", "thurs": "thursday", "thu": "thursday", "thirsday": "thursday",
    "thirst day": "thursday", "third day": "thursday", "thirsty": "thursday",
    "fri": "friday", "fry day": "friday", "moon day": "monday",
    "today": "today", "tonight": "today", "tomorrow": "tomorrow",
}  # fmt: skip
DAYS: Final = {**{day: day for day in WEEKDAYS}, **_MISHEARD}
_HOUR_WORDS: Final = (
    "twelve", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven",
)  # fmt: skip
_HOURS: Final = {word: number or 12 for number, word in enumerate(_HOUR_WORDS)}
_TEENS: Final = {
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15,
    "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19,
}  # fmt: skip
_TENS: Final = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50}
_PARTS: Final = {
    "am": "morning", "morning": "morning", "mornings": "morning", "pm": "afternoon",
    "afternoon": "afternoon", "afternoons": "afternoon", "evening": "afternoon",
    "evenings": "afternoon", "tonight": "afternoon", "night": "afternoon",
}  # fmt: skip
_MONTHS: Final = frozenset(
    {
        "january", "february", "march", "april", "may", "june", "july", "august", "september",
        "october", "november", "december",
    }
)  # fmt: skip
_STREETS: Final = frozenset({"street", "avenue", "road", "lane", "drive", "boulevard", "st"})
_TOKEN: Final = re.compile(r"\d{1,2}:\d{2}|\d+(?:st|nd|rd|th)\b|\d+|[a-z']+")
_AM_PM: Final = re.compile(r"\b([ap])\s?\.?\s?m\b\.?")
_DOTTED_TIME: Final = re.compile(r"\b(\d{1,2})\.(\d{2})\b")
_OFFICE_OPENS: Final = 7
_LAST_HOUR: Final = 23
_LAST_MINUTE: Final = 59


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A day, a time, or both, as far as they were said; ``minutes`` count from midnight."""

    day: str | None = None
    minutes: int | None = None

    @property
    def is_whole(self) -> bool:
        """Whether both the day and the time are known."""
        return self.day is not None and self.minutes is not None

    def or_else(self, other: "Slot | None") -> "Slot":
        """Fill what is missing here from ``other``."""
        if other is None:
            return self
        minutes = other.minutes if self.minutes is None else self.minutes
        return Slot(day=self.day or other.day, minutes=minutes)

    def spoken(self) -> str:
        """Say it: "Tuesday at two thirty in the afternoon"."""
        parts = []
        if self.day is not None:
            parts.append(self.day if self.day in {"today", "tomorrow"} else self.day.capitalize())
        if self.minutes is not None:
            parts.append(f"at {spoken_time(self.minutes)}")
        return " ".join(parts)

    def clock(self) -> str | None:
        """Return the time as ``HH:MM``, or None."""
        if self.minutes is None:
            return None
        return f"{self.minutes // 60:02d}:{self.minutes % 60:02d}"


def spoken_time(minutes: int) -> str:
    """Say a time of day in words that no recogniser can take for digits of something else."""
    hour, minute = divmod(minutes, 60)
    if minutes == NOON:
        return "twelve noon"
    part = "in the morning" if hour < 12 else "in the afternoon" if hour < 17 else "in the evening"  # noqa: PLR2004 - hours of the day
    words = [_HOUR_WORDS[hour % 12]]
    if minute:
        words.append(_spoken_minute(minute))
    return f"{' '.join(words)} {part}"


def _spoken_minute(minute: int) -> str:
    if minute < 10:  # noqa: PLR2004 - "oh five"
        return f"oh {_HOUR_WORDS[minute]}"
    teens = {number: word for word, number in _TEENS.items()}
    if minute in teens:
        return teens[minute]
    tens = {number: word for word, number in _TENS.items()}
    rest = minute % 10
    return tens[minute - rest] + (f" {_HOUR_WORDS[rest]}" if rest else "")


def words_of(text: str) -> list[str]:
    """Split a text in lower-case words, times (``2:30``) and numbers."""
    plain = text.lower().replace("\u2019", "'").replace("-", " ").replace("o'clock", "oclock")
    plain = _AM_PM.sub(r" \1m ", _DOTTED_TIME.sub(r"\1:\2", plain))
    return _TOKEN.findall(plain)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A day or a time in a text, and how many words it took."""

    length: int
    day: str | None = None
    minutes: int | None = None


def slots_in(text: str) -> list[Slot]:
    """Find the slots of a text in order; a time without a day gets the day said before or after."""
    words = words_of(text)
    found: list[_Found] = []
    index = 0
    while index < len(words):
        mention = _day_at(words, index) or _time_at(words, index, any(f.minutes for f in found))
        if mention is not None:
            found.append(mention)
        index += mention.length if mention is not None else 1
    return _paired(found)


def _paired(found: Sequence[_Found]) -> list[Slot]:
    """Give each time its day: the one before it, or after it where times come first."""
    times_first = bool(found) and found[0].day is None
    slots: list[Slot] = []
    day: str | None = None
    for mention in found:
        if mention.day is not None:
            day = mention.day
            if times_first:
                slots = [slot if slot.day else replace(slot, day=day) for slot in slots]
            if not times_first or not slots:
                slots.append(Slot(day=day))
        elif not times_first and slots and slots[-1].minutes is None:
            slots[-1] = replace(slots[-1], minutes=mention.minutes)
        else:
            slots.append(Slot(day=None if times_first else day, minutes=mention.minutes))
    if times_first:
        slots = [slot if slot.day else replace(slot, day=day) for slot in slots]
    return list(dict.fromkeys(slots))


def _day_at(words: Sequence[str], index: int) -> _Found | None:
    for length in (2, 1):
        name = " ".join(words[index : index + length])
        day = DAYS.get(name) or DAYS.get(name.removesuffix("'s")) or DAYS.get(name.rstrip("s"))
        if day is not None and len(words) >= index + length:
            return _Found(length=length, day=day)
    return None


def _time_at(words: Sequence[str], index: int, after_a_time: bool) -> _Found | None:
    word = words[index]
    if word in {"noon", "midday"}:
        return _Found(length=1, minutes=NOON)
    if word == "twelve" and words[index + 1 : index + 2] == ["noon"]:
        return _Found(length=2, minutes=NOON)
    relative = _relative_time(words, index)
    if relative is not None:
        return relative
    hour, minute, length = _clock_words(words, index)
    if hour is None:
        return None
    part = _part_of_day(words, index, index + length)
    suffixed = words[index + length : index + length + 1] == ["oclock"]
    sure = minute is not None or suffixed or part is not None or _led_in(words, index, after_a_time)
    if not sure:
        return None
    minutes = _in_day(hour, part) * 60 + (minute or 0)
    return _Found(length=length + suffixed, minutes=minutes)


def _relative_time(words: Sequence[str], index: int) -> _Found | None:
    """Read "half past two" and "quarter to four"."""
    amount = {"half": 30, "quarter": 15, "ten": 10, "twenty": 20}.get(words[index])
    side = words[index + 1] if index + 1 < len(words) else ""
    if amount is None or side not in {"past", "to", "after"} or index + 2 >= len(words):
        return None
    hour, _, _ = _clock_words(words[index + 2 : index + 3], 0)
    if hour is None:
        return None
    whole = _in_day(hour, _part_of_day(words, index, index + 3)) * 60
    minutes = whole - amount if side == "to" else whole + amount
    return _Found(length=3, minutes=minutes % DAY_END)


def _clock_words(words: Sequence[str], index: int) -> tuple[int | None, int | None, int]:
    """Read an hour and perhaps minutes; return them and the number of words."""
    word = words[index]
    if ":" in word:
        hour, minute = (int(part) for part in word.split(":"))
        return (
            (hour, minute, 1) if hour <= _LAST_HOUR and minute <= _LAST_MINUTE else (None, None, 1)
        )
    if word.isdigit() and len(word) in {3, 4}:
        hour, minute = int(word[:-2]), int(word[-2:])
        known = 1 <= hour <= _LAST_HOUR and minute <= _LAST_MINUTE and minute % 5 == 0
        return (hour, minute, 1) if known else (None, None, 1)
    hour_word = _HOURS.get(word) or (int(word) if word.isdigit() and len(word) < 3 else None)  # noqa: PLR2004 - digits
    if hour_word is None or not 1 <= hour_word <= _LAST_HOUR:
        return None, None, 1
    minute_word, length = _minute_words(words, index + 1)
    return hour_word, minute_word, 1 + length


def _minute_words(words: Sequence[str], index: int) -> tuple[int | None, int]:
    first, second, *_ = [*words[index : index + 2], "", ""]
    if first in {"oh", "o"} and second in _HOURS and _HOURS[second] < 10:  # noqa: PLR2004 - one digit
        return _HOURS[second], 2
    if first in _TENS:
        ones = _HOURS.get(second, 0)
        return (_TENS[first] + ones, 2) if 1 <= ones <= 9 else (_TENS[first], 1)  # noqa: PLR2004 - one digit
    if first in _TEENS:
        return _TEENS[first], 1
    if first.isdigit() and len(first) == 2 and int(first) <= _LAST_MINUTE:  # noqa: PLR2004 - digits
        return int(first), 1
    return None, 0


def _part_of_day(words: Sequence[str], begin: int, end: int) -> str | None:
    """Find "p.m.", "in the morning" after, or "afternoon at" before a time."""
    after = list(words[end : end + 4])
    after = after[1:] if after[:1] == ["oclock"] else after
    if after[:1] and after[0] in {"am", "pm"}:
        return _PARTS[after[0]]
    if after[:2] in (["in", "the"], ["on", "the"]) and len(after) > 2:  # noqa: PLR2004 - words
        return _PARTS.get(after[2])
    if after[:2] == ["at", "night"]:
        return "afternoon"
    before = [word for word in words[max(0, begin - 2) : begin] if word not in {"at", "around"}]
    return _PARTS.get(before[-1]) if before and before[-1] not in {"am", "pm"} else None


def _led_in(words: Sequence[str], index: int, after_a_time: bool) -> bool:
    """Whether the words before make a bare "two" a time and not a count."""
    before = words[index - 1] if index else ""
    following = words[index + 1] if index + 1 < len(words) else ""
    counted = {"times", "options", "people", "of", "more", "moment"}
    if before in _MONTHS or following in counted or _STREETS & set(words[index + 1 : index + 4]):
        return False
    if before in {"at", "around", "by", "until", "between", "after", "before", "from"}:
        return True
    if before in {"or", "and", "to"} and after_a_time:
        return True
    return before in WEEKDAYS


def _in_day(hour: int, part: str | None) -> int:
    """Put an hour of a 12-hour clock in the day; without a hint, into office hours."""
    if hour > 12:  # noqa: PLR2004 - hours of a clock
        return hour
    if part == "morning":
        return hour % 12
    if part == "afternoon":
        return hour % 12 + 12
    return hour if hour >= _OFFICE_OPENS else hour + 12
