"""Nothing counts as reached unless the callee's own words show it: pure checks, no model.

A model can be wrong or can lie. Three rules, applied to whatever it answers:

1. A quote counts only if it stands, word for word, in the transcript line that it names.
2. A success or a partial success without one valid quote *of the callee* is ``unresolved``.
3. A date, time or other number in ``agreed`` must have been said in the call. One that was not is
   taken out; if it was the date or time of a success, the success is ``unresolved`` too.

A verdict taken back is never followed by a redial: what was reached is unknown then.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from opendeep.common.data_models import CallAnalysis, Evidence, NextStep, Speaker, Verdict
from opendeep.post_call_analyzer_service.spoken_numbers import (
    contains_words,
    digits,
    numbers,
    words,
)

_DOUBTFUL_CONFIDENCE = 0.5
_LONG_NUMBER_DIGITS = 6
_NOON = 12
_DAY_HOURS = 24
_MONTHS = words(
    "january february march april may june july august september october november december"
)
_WEEKDAYS = words("monday tuesday wednesday thursday friday saturday sunday")
_RELATIVE_DAYS = frozenset({"today", "tomorrow", "tonight"})
_CALENDAR_WORDS = frozenset(_WEEKDAYS) | (frozenset(_MONTHS) - {"may", "march"})
_ISO_DATE = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})(?=\b|T)")
_CLOCK = re.compile(r"\b(\d{1,2}):(\d{2})(?::\d{2})?\b|\b(\d{1,2})\s*[ap]\.?\s?m\b", re.IGNORECASE)
_ZONE = re.compile(r"(?<=:\d\d)(?:[+-]\d{2}:?\d{2}|Z)\b")
_LONG_NUMBER = re.compile(r"\+?\d[\d\s().-]{4,}\d")


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardLine:
    """One line of the transcript, as the check needs it."""

    seq: int
    speaker: Speaker
    text: str
    start_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedAnalysis:
    """What of an analysis stands.

    Attributes:
        taken_back: a success or partial success was claimed and not shown.
        dropped_quotes: how many quotes were not in their line.
        dropped_facts: names of agreed facts whose dates or numbers nobody said.
    """

    analysis: CallAnalysis
    taken_back: bool = False
    dropped_quotes: int = 0
    dropped_facts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Spoken:
    """Everything that was said by people or the AI, in comparable form."""

    words: frozenset[str] = field(default_factory=frozenset)
    numbers: frozenset[int] = field(default_factory=frozenset)
    digit_runs: tuple[str, ...] = ()


def check_evidence(
    analysis: CallAnalysis, lines: Sequence[HeardLine], *, language: str = "en"
) -> CheckedAnalysis:
    """Keep of ``analysis`` what the transcript shows.

    ``start_ms`` of each kept quote is the line's own. Number words are read in English only: in
    another ``language`` a date that was not found is left out, but does not undo the verdict.
    """
    by_seq = {line.seq: line for line in lines}
    kept = [checked for item in analysis.evidence if (checked := _checked(item, by_seq))]
    spoken = _spoken(lines)
    dropped = [name for name, value in analysis.agreed.items() if not _was_said(value, spoken)]
    shown = any(by_seq[item.seq].speaker is Speaker.CALLEE for item in kept)
    broken_date = language.lower().startswith("en") and any(
        _is_date_or_time(str(analysis.agreed[name])) for name in dropped
    )
    claims_something = analysis.verdict in {Verdict.SUCCESS, Verdict.PARTIAL}
    taken_back = claims_something and (
        not shown or (broken_date and analysis.verdict is Verdict.SUCCESS)
    )
    changes: dict[str, object] = {
        "evidence": kept,
        "agreed": {k: v for k, v in analysis.agreed.items() if k not in dropped},
    }
    if dropped or taken_back:
        changes["confidence"] = min(analysis.confidence, _DOUBTFUL_CONFIDENCE)
    if taken_back:
        changes |= {"verdict": Verdict.UNRESOLVED, "next_step": NextStep.GIVE_UP}
    return CheckedAnalysis(
        analysis=analysis.model_copy(update=changes),
        taken_back=taken_back,
        dropped_quotes=len(analysis.evidence) - len(kept),
        dropped_facts=tuple(dropped),
    )


def _checked(item: Evidence, by_seq: dict[int, HeardLine]) -> Evidence | None:
    line = by_seq.get(item.seq)
    if line is None or not contains_words(line.text, item.quote):
        return None
    return item.model_copy(update={"start_ms": line.start_ms})


def _spoken(lines: Sequence[HeardLine]) -> _Spoken:
    texts = [line.text for line in lines if line.speaker is not Speaker.SYSTEM]
    return _Spoken(
        frozenset(form for text in texts for word in words(text) for form in _forms(word)),
        frozenset(number for text in texts for number in numbers(text)),
        tuple(digits(text) for text in texts),
    )


def _forms(word: str) -> tuple[str, str]:
    """A word as it is and without a plural's or possessive's s: "Tuesdays", "Tuesday's"."""
    return word, word.removesuffix("s")


def _is_date_or_time(value: str) -> bool:
    return bool(
        _ISO_DATE.search(value) or _CLOCK.search(value) or _CALENDAR_WORDS & set(words(value))
    )


def _was_said(value: object, spoken: _Spoken) -> bool:
    """Whether each date, time and number of an agreed value was said in some form."""
    rest = _ZONE.sub("", str(value))
    for year, month, day in _ISO_DATE.findall(rest):
        if not _date_was_said(int(year), int(month), int(day), spoken):
            return False
    rest = _ISO_DATE.sub(" ", rest).replace("T", " ")
    for hour, minute, bare_hour in _CLOCK.findall(rest):
        if not _time_was_said(int(hour or bare_hour), int(minute or 0), spoken):
            return False
    rest = _CLOCK.sub(" ", rest)
    for run in _LONG_NUMBER.findall(rest):
        only = "".join(filter(str.isdecimal, run))
        if len(only) >= _LONG_NUMBER_DIGITS:
            if not _run_was_said(only, spoken):
                return False
            rest = rest.replace(run, " ")
    if not (_CALENDAR_WORDS & set(words(rest))) <= spoken.words:
        return False
    return all(number in spoken.numbers for number in _written_numbers(rest))


def _written_numbers(text: str) -> list[int]:
    """Numbers in digits; ``.00`` of a price and a year beside a date are not said aloud."""
    plain = re.sub(r"(?<=\d)[.,]00?\b", " ", text)
    joined = re.sub(r"(?<=\d),(?=\d{3}\b)", "", plain)
    found = [int(digits) for digits in re.findall(r"\d+", joined)]
    has_month = bool(set(words(text)) & set(_MONTHS))
    return [n for n in found if not (has_month and len(found) > 1 and _is_year(n))]


def _is_year(number: int) -> bool:
    return 2000 <= number < 2200  # noqa: PLR2004 - the years an appointment can be in


def _date_was_said(year: int, month: int, day: int, spoken: _Spoken) -> bool:
    """By its day's number, or by its weekday, or as today or tomorrow."""
    try:
        weekday = _WEEKDAYS[date(year, month, day).weekday()]
    except ValueError:
        return False
    return day in spoken.numbers or weekday in spoken.words or bool(_RELATIVE_DAYS & spoken.words)


def _time_was_said(hour: int, minute: int, spoken: _Spoken) -> bool:
    """On either dial; full hours need no minutes; "quarter to" and "half past" are understood."""
    if hour >= _DAY_HOURS or minute >= 60:  # noqa: PLR2004 - minutes of an hour
        return False
    said = {number % _NOON for number in spoken.numbers if number <= _DAY_HOURS}
    compact = {hour * 100 + minute, (hour % _NOON or _NOON) * 100 + minute}
    if compact & spoken.numbers:
        return True
    if hour % _NOON in said and (minute == 0 or minute in spoken.numbers):
        return True
    before_the_hour = "to" in spoken.words and 60 - minute in spoken.numbers
    return before_the_hour and (hour + 1) % _NOON in said


def _run_was_said(run: str, spoken: _Spoken) -> bool:
    """A long number, with or without the country code 1, in one line."""
    return any(run in said or run.removeprefix("1") in said for said in spoken.digit_runs)
