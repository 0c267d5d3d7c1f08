"""Patterns of days, times and money in four languages, over texts in canonical form."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_WEEKDAYS: Final = tuple(
    names.split()
    for names in (
        "monday mon montag lunes lundi",
        "tuesday tue tues dienstag martes mardi",
        "wednesday wed mittwoch miércoles miercoles mercredi",
        "thursday thu thurs donnerstag jueves jeudi",
        "friday fri freitag viernes vendredi",
        "saturday samstag sonnabend sábado sabado samedi",
        "sunday sonntag domingo dimanche",
    )
)
_MONTHS: Final = tuple(
    names.split()
    for names in (
        "january januar jänner enero janvier",
        "february februar febrero février fevrier",
        "march märz marzo",
        "april abril avril",
        "may mai mayo",
        "june juni junio juin",
        "july juli julio juillet",
        "august agosto août aout",
        "september septiembre septembre",
        "october oktober octubre octobre",
        "november noviembre novembre",
        "december dezember diciembre décembre decembre",
    )
)
RELATIVE_DAYS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "today": 0,
        "tonight": 0,
        "heute": 0,
        "hoy": 0,
        "tomorrow": 1,
        "morgen": 1,
        "demain": 1,
        "the day after tomorrow": 2,
        "day after tomorrow": 2,
        "übermorgen": 2,
        "pasado mañana": 2,
        "après demain": 2,
    }
)
_DAY_NAMES = "|".join(name for names in _WEEKDAYS for name in names)
_MONTH_NAMES = "|".join(name for names in _MONTHS for name in names)
_RELATIVE = "|".join(sorted(RELATIVE_DAYS, key=len, reverse=True))
_NUMBER = r"\d{1,2}"
_OF = r"(?:of |de |den |der |the |le |el )?"

DAY_PATTERNS: Final = tuple(
    re.compile(pattern)
    for pattern in (
        r"\biso(?P<year>\d{4})x(?P<month>\d{2})x(?P<day>\d{2})\b",
        (
            rf"\b(?:(?P<weekday>{_DAY_NAMES})s? )?{_OF}(?P<day>{_NUMBER}) "
            rf"{_OF}(?P<month>{_MONTH_NAMES})"
            r"\b(?:(?: \|)? (?:de )?(?P<year>20\d\d))?"
        ),
        (
            rf"\b(?:(?P<weekday>{_DAY_NAMES})s? )?{_OF}(?P<month>{_MONTH_NAMES}) "
            rf"{_OF}(?P<day>{_NUMBER})"
            r"\b(?! (?:oclock|[ap]m)\b)(?:(?: \|)? (?P<year>20\d\d))?"
        ),
        rf"\b(?P<weekday>{_DAY_NAMES})s? (?:the|den|der|el|le) (?P<day>{_NUMBER})\b",
        rf"\b(?P<weekday>{_DAY_NAMES})s?\b",
        rf"\b(?P<relative>{_RELATIVE})\b",
        rf"\b(?P<month>(?!may\b|march\b|mai\b)(?:{_MONTH_NAMES}))\b",
    )
)
_UNIT = (
    r"(?! ?(?:\d|dollars?|euros?|bucks|pounds?|cents?|percent|minutes?|hours?|days?|weeks?|people"
    r"|persons?|street|avenue|road|times?|years?|minuten|stunden|personen|minutos|personas"
    r"|miles?|guests?|of (?:us|them))\b)"
)
_HOUR = r"(?P<hour>[01]?\d|2[0-3])"
_MINUTE = r"(?P<minute>[0-5]\d)"
_HALF = r"(?: (?P<half>am|pm))?\b"
_DIGITAL = (rf"\bclk(?P<hour>\d+)x(?P<minute>\d\d){_HALF}",)

TIME_PATTERNS: Final[Mapping[str, tuple[re.Pattern[str], ...]]] = MappingProxyType(
    {
        language: tuple(re.compile(pattern) for pattern in (*_DIGITAL, *patterns))
        for language, patterns in {
            "en": (
                rf"\b(?P<past>half) past {_HOUR}{_HALF}",
                rf"\b(?:a )?(?P<past>quarter) (?:past|after) {_HOUR}{_HALF}",
                rf"\b(?:a )?(?P<before>quarter) (?:to|of|before|till?) {_HOUR}{_HALF}",
                rf"\b(?P<minute>5|10|20|25) (?:minutes )?(?P<past>past|after) {_HOUR}{_HALF}",
                rf"(?<!from )\b(?P<minute>5|10|20|25) (?:minutes )?(?P<before>to) {_HOUR}{_HALF}",
                rf"\b{_HOUR} 0 (?P<minute>\d){_UNIT}{_HALF}",
                rf"(?<!\d )\b{_HOUR} {_MINUTE}\b{_UNIT}{_HALF}",
                rf"\b{_HOUR} (?:oclock|hundred)\b{_HALF}",
                rf"\b{_HOUR} (?P<half>am|pm)\b",
                rf"\b(?:at|by|around|till?|until|before|after) {_HOUR}\b{_UNIT}",
                rf"\b{_HOUR}(?= in the (?:morning|afternoon|evening)\b)",
                r"\b(?:noon|midday)\b",
                r"\b(?P<hour>[1-9]|1[0-2])(?P<minute>[0-5]\d)\b(?= (?:is|works|would|on|in|then))",
            ),
            "de": (
                rf"\b(?P<before>halb) {_HOUR}\b",
                rf"\b(?P<past>viertel) nach {_HOUR}\b",
                rf"\b(?P<before>viertel) vor {_HOUR}\b",
                rf"\b{_HOUR} uhr(?: {_MINUTE})?\b",
                rf"\bum {_HOUR}\b{_UNIT}",
            ),
            "es": (
                rf"\b{_HOUR} y (?P<past>media|cuarto)\b",
                rf"\b{_HOUR} (?P<before>menos cuarto)\b",
                rf"\ba las? {_HOUR} y (?P<minute>[0-5]?\d)\b",
                rf"\b(?:a las? )?{_HOUR} {_MINUTE}\b{_UNIT}",
                rf"\ba las? {_HOUR}\b{_UNIT}",
                r"\bmediodía\b",
            ),
            "fr": (
                rf"\b{_HOUR} heures? et (?P<past>demie|quart)\b",
                rf"\b{_HOUR} heures? (?P<before>moins le quart)\b",
                rf"\b{_HOUR} heures? {_MINUTE}\b{_UNIT}",
                rf"\b{_HOUR} (?:heures?|h)\b",
                r"(?<!après )\bmidi\b",
            ),
        }.items()
    }
)
QUARTERS: Final = frozenset(
    {"quarter", "viertel", "cuarto", "menos cuarto", "quart", "moins le quart"}
)

MONEY: Final = re.compile(
    r"\b(?:dollars?|euros?|bucks|pounds?|cents?|francs?|price|costs?|fee|fees|charges?|charged|rate"
    r"|deposit|refund(?:ed)?|total|kostet|kosten|preis|precio|cuesta|cuestan|prix|coûte)\b"
)
_HALVES: Final = (
    (re.compile(r"morning|morgens|vormittags?|früh|de la mañana|du matin|\bam\b"), "am"),
    (
        re.compile(
            r"afternoon|evening|tonight|night|nachmittags?|abends?|de la tarde|de la noche"
            r"|laprès midi"
            r"|du soir|\bpm\b"
        ),
        "pm",
    ),
)
_NEAR: Final = re.compile(r"^(?: [^|\s]+){0,4}")


def weekday_number(name: str | None) -> int | None:
    """Return 0 for Monday, None for no name."""
    return next((at for at, names in enumerate(_WEEKDAYS) if name in names), None)


def month_number(name: str | None) -> int | None:
    """Return 1 for January; a number stays one."""
    if name is not None and name.isdecimal():
        return int(name)
    return next((at for at, names in enumerate(_MONTHS, start=1) if name in names), None)


def half_of_day(plain: str, end: int) -> str | None:
    """Return which half of the day is meant by the words right after a time, if they say."""
    near = _NEAR.match(plain[end:])
    after = near[0] if near else ""
    until = re.search(r"\d|clk", after)
    after = after[: until.start()] if until else after
    for pattern, half in _HALVES:
        if pattern.search(after):
            return half
    return None
