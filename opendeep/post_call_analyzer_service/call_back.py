"""Finds when the callee asked to be called again, in the transcript alone.

The callee says so ("call me Tuesday after three"), or answers the AI's question for it with a time,
or with a plain yes to the time that the AI proposed. What comes last counts. Somebody who says that
*they* will call asks for nothing.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from opendeep.common.call_back import CallBack
from opendeep.common.data_models import Promise, Speaker
from opendeep.post_call_analyzer_service import stance_patterns as say
from opendeep.post_call_analyzer_service.heard import HeardLine
from opendeep.post_call_analyzer_service.spoken_numbers import canonical
from opendeep.post_call_analyzer_service.spoken_terms import Day, Moment, Slot, terms_of
from opendeep.post_call_analyzer_service.stance import Stance, read_line, split

_ASKS: Final = re.compile(
    r"(?<!the )(?<!your )(?<!this )(?<!for )\b(?:call|ring|phone|try)\b"
    r"|\b(?:rufen sie|ruf|versuchen sie es|probieren sie es|melden sie sich|anrufen|anzurufen"
    r"|zurückrufen|zurückzurufen)\b"
    r"|\b(?:llame|llámeme|llámenos|llamar|llamarme|llamarnos|inténtelo)\b"
    r"|\b(?:rappelez|rappeler|appelez|appeler|essayez|réessayez)\b"
)
_CALLS_US: Final = re.compile(
    r"\b(?:i|ill|im|we|well|were|he|hell|she|shell|they|theyll|someone|somebody|let me|let us)"
    r"(?: (?!you\b|if\b)\w+){0,3} (?:call|ring|phone|try)\b"
    r"|\b(?:call|ring|phone) you\b|\bgive you an?\b"
    r"|\b(?:ich|wir)\b|\b(?:yo|nosotros)\b|\b(?:je|nous) (?:vous|vais|allons)\b"
)
_AI_ASKS: Final = re.compile(
    r"\b(?:call|ring|phone|try|reach)\b.*\b(?:back|again|later|you|then|when|time)\b"
    r"|\b(?:when|what time|which (?:day|time))\b.*\b(?:call|ring|phone|try|reach)\b"
    r"|\b(?:wann|uhrzeit|wieder|erneut|zurück|nochmal)\b.*\b(?:an)?(?:zu)?rufen\b|\bzurückrufen\b"
    r"|\b(?:cuándo|volver|hora)\b.*\bllamar\b|\b(?:quand|heure)\b.*\b(?:r?appeler)\b|\brappeler\b"
)
_PIECES: Final = re.compile(r"[,;:]|\s[—–-]\s|\b(?:but|sondern|sino|mais)\b", re.IGNORECASE)  # noqa: RUF001
_NOT_BEFORE: Final = re.compile(
    r"\b(?:not before|not until|no earlier than|nicht vor|no antes de|pas avant)\b"
)
_AFTER: Final = re.compile(
    r"\b(?:after|from|since|ab|nach|a partir de|después de|après|à partir de)\b"
)
_BEFORE: Final = re.compile(
    r"\b(?:before|until|till|by|no later than|vor|bis|antes de|hasta|avant|jusqu\w*)\b"
)
_DELAY: Final = re.compile(
    r"\bin (?P<half>half an |einer halben )?(?P<amount>\d+|an?|another|einer?m?)? ?"
    r"(?P<unit>minute|hour|day|week|minuten|stunden?|tage?n?|wochen?)s?\b"
)
_UNITS: Final = (("min", 1), ("h", 60), ("stu", 60), ("d", 1440), ("t", 1440), ("w", 10080))
_BETWEEN: Final = re.compile(
    r"\b(?:between|from|zwischen|von|entre|de) (?:las )?(?P<first>\d{1,2})(?: uhr| heures)? "
    r"(?:and|to|till|until|und|bis|y|et|a|à) (?:las )?(?P<last>\d{1,2})\b(?: (?P<half>am|pm))?"
)
_ASKS_US: Final = re.compile(
    r"\b(?:could|can|would|will|might) you\b|\b(?:könnten|können|würden) sie\b"
    r"|\b(?:puede|podría|pouvez|pourriez)\b"
)
_TOMORROW: Final = re.compile(r"(?<!la )(?<!pasado )\bmañana\b(?! por la)|\bmañana por la\b")
_SPANISH_HOUR: Final = re.compile(r"\b(?:de|hasta|sobre|hacia) (?=las? )", re.IGNORECASE)
_NEXT_WEEK: Final = re.compile(
    r"\b(?:next week|nächste woche|nächster woche|próxima semana|semaine prochaine)\b"
)
_HOUR = 60
_NOON, _HOURS = 12, 23
_PARTS: Final = (
    (re.compile(r"\bafter lunch|mittagspause"), 13 * _HOUR, None),
    (
        re.compile(r"\b(?:afternoon|nachmittags?|por la tarde|laprès midi|après midi)\b"),
        12 * _HOUR,
        17 * _HOUR,
    ),
    (
        re.compile(r"\b(?:morning|vormittags?|morgens|por la mañana|matin)\b"),
        8 * _HOUR,
        12 * _HOUR,
    ),
    (re.compile(r"\b(?:evening|tonight|abends?|soir)\b"), 17 * _HOUR, None),
)
_AFTERNOON_UNTIL = 8
"""A bare "at three" is three in the afternoon; from eight on it is the morning."""


def find_call_back(
    lines: Sequence[HeardLine], *, language: str, said_at: datetime
) -> CallBack | None:
    """Return what the callee asked for last, or None.

    Args:
        lines: the transcript.
        language: of the call.
        said_at: when the call was.
    """
    language = language.lower().partition("-")[0]
    found: CallBack | None = None
    asked: list[str] = []
    callee_spoke = False
    for line in lines:
        if line.speaker is Speaker.AI:
            asked = [line.text] if callee_spoke else [*asked, line.text]
            callee_spoke = False
        elif line.speaker is Speaker.CALLEE:
            callee_spoke = True
            parts = _asked_for(line.text, " ".join(asked), language)
            if parts:
                found = CallBack(said_at=said_at, quote=line.text, seq=line.seq, **parts)
    return found


def promised_call_back(
    promises: Sequence[Promise], *, language: str, said_at: datetime
) -> CallBack | None:
    """Return the last promise of the analysis to call again at a time, or None.

    They were checked: somebody said them. This reads languages that :func:`find_call_back` cannot.
    """
    for made in reversed(promises):
        what = canonical(made.what, "en")
        they_call = _CALLS_US.search(canonical(made.quote, language))
        if made.due is None or they_call or not _ASKS.search(what):
            continue
        if parts := _parts(made.due, language) or _parts(made.due, "en"):
            return CallBack(said_at=said_at, quote=made.quote, seq=made.seq, **parts)
    return None


def _asked_for(text: str, asked: str, language: str) -> dict[str, Any]:
    read = read_line(text, language)
    if read.ignored:
        return {}
    question = _question(asked)
    ai_asks = bool(_AI_ASKS.search(canonical(question, language)))
    wanted = list(_wishes(text, language, ai_asks=ai_asks))
    if wanted:
        return wanted[-1]
    says_yes = read.has(Stance.AFFIRM, Stance.CONFIRM) and not read.has(
        Stance.NEGATE, Stance.DOUBT, Stance.QUESTION
    )
    return _parts(question, language) if ai_asks and says_yes else {}


def _question(asked: str) -> str:
    return " ".join(part for part in split(asked) if "?" in part)


def _wishes(text: str, language: str, *, ai_asks: bool) -> Iterator[dict[str, Any]]:
    """Yield what each sentence asks for; a sentence without a verb goes on with the one before."""
    asks = ai_asks
    for sentence in split(text):
        kept = ", ".join(
            piece for piece in _PIECES.split(sentence) if not _negated(piece, language)
        )
        plain = canonical(kept, language, breaks=True)
        if _CALLS_US.search(plain):
            asks = False
            continue
        asks = asks or bool(_ASKS.search(plain))
        wonders = "?" in sentence and not _ASKS_US.search(plain)
        parts = _parts(kept, language) if asks and not wonders else {}
        if parts:
            yield parts


def _negated(piece: str, language: str) -> bool:
    plain = _NOT_BEFORE.sub(" ", canonical(piece, language))
    return bool(say.NEGATION.search(say.HARMLESS_NEGATION.sub(" ", plain)))


def _parts(text: str, language: str) -> dict[str, Any]:
    """Return the fields of a wish that a text names; none where it names no time."""
    plain = canonical(text, language, breaks=True)
    if delay := _DELAY.search(plain):
        return _delay(delay)
    said = _SPANISH_HOUR.sub("a ", text) if language == "es" else text
    terms = terms_of(said, language)
    slots = terms.slots or ((Slot(),) if _part_of_day(plain) else ())
    if terms.broken:
        return {}
    if not slots:
        return _day(None, plain, language)
    day = next((slot.day for slot in slots if slot.day is not None), None)
    times = [slot.time for slot in slots if slot.time is not None and slot.day in {None, day}]
    return _day(day, plain, language) | _times(times, plain)


def _day(day: Day | None, plain: str, language: str) -> dict[str, Any]:
    if day is None and language == "es" and _TOMORROW.search(plain):
        return {"days_ahead": 1}
    if day is None:
        return {"weekday": 0} if _NEXT_WEEK.search(plain) else {}
    if day.ahead is not None:
        return {"days_ahead": day.ahead}
    if day.day is None and day.weekday is None:
        return {"day": 1, "month": day.month}
    known = {"weekday": day.weekday, "day": day.day, "month": day.month}
    return {name: value for name, value in known.items() if value is not None}


def _times(times: Sequence[Moment], plain: str) -> dict[str, Any]:
    if (between := _BETWEEN.search(plain)) and int(between["last"]) <= _HOURS:
        half = between["half"]
        first, last = (
            _minute(Moment(int(between[name]) % 12, 0, _half(int(between[name]), half)))
            for name in ("first", "last")
        )
        if first < last:
            return {"after": first, "before": last}
    if not times:
        part = _part_of_day(plain)
        return {} if part is None else part
    first = _minute(times[0])
    if len(times) > 1 and (last := _minute(times[-1])) > first:
        return {"after": first, "before": last}
    is_after = _NOT_BEFORE.search(plain) or _AFTER.search(plain)
    if _BEFORE.search(plain) and not is_after:
        return {"before": first}
    return {"after": first}


def _part_of_day(plain: str) -> dict[str, Any] | None:
    for pattern, after, before in _PARTS:
        if pattern.search(plain):
            return {"after": after} if before is None else {"after": after, "before": before}
    return None


def _minute(moment: Moment) -> int:
    is_morning = moment.hour >= _AFTERNOON_UNTIL if moment.half is None else moment.half == "am"
    return (moment.hour + (0 if is_morning else 12)) % 24 * _HOUR + moment.minute


def _half(hour: int, said: str | None) -> str | None:
    """Return the half of the day of one end of a span: a 24-hour clock tells its own."""
    if hour >= _NOON:
        return "pm"
    return said if said == "am" or hour < _AFTERNOON_UNTIL else None


def _delay(match: re.Match[str]) -> dict[str, Any]:
    unit = next(minutes for name, minutes in _UNITS if match["unit"].startswith(name))
    amount = int(match["amount"]) if (match["amount"] or "").isdecimal() else 1
    minutes = unit // 2 if match["half"] else unit * amount
    return {"delay_minutes": minutes} if 0 < minutes <= 60 * 1440 else {}
