"""A calendar file (RFC 5545) of what a task booked, for any calendar program.

What was agreed is words ("Tuesday, December 8", "2:30 PM"): only what can be read without a guess
becomes an appointment.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from opendeep.common.data_models import TaskStatus
from opendeep.database.models import Call, Task

_DATE_KEYS = ("date", "day", "appointment_date", "appointment", "date_time", "datetime", "when")
_TIME_KEYS = ("time", "appointment_time", *_DATE_KEYS)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_ISO = re.compile(r"\b(\d{4})-(\d\d)-(\d\d)\b")
_NAMED = "|".join(_MONTHS)
_REST = r"(?:uary|ruary|ch|il|e|y|ust|t|tember|ober|ember)?\b"  # "maybe 3" is no third of May.
_MONTH_FIRST = re.compile(
    rf"\b({_NAMED}){_REST}\.?\s+(\d{{1,2}})(?:st|nd|rd|th)?\b(?:,?\s+(\d{{4}}))?"
)
_DAY_FIRST = re.compile(
    rf"\b(\d{{1,2}})(?:st|nd|rd|th|\.)?\s+(?:of\s+)?({_NAMED}){_REST}\.?(?:,?\s+(\d{{4}}))?"
)
_CLOCK = re.compile(r"\b(\d{1,2})(?::(\d\d))?\s*([ap])\.?\s*m\b|\b([01]?\d|2[0-3]):([0-5]\d)\b")
_YEARS = range(2000, 2200)  # What is far outside is a slip, and an hour more may have no name.
_HALF_DAY = 12
_FOLD_OCTETS = 74
_LENGTH = timedelta(hours=1)


def booked_at(agreed: Mapping[str, Any], said_on: date, zone: str | None) -> datetime | None:
    """Return when the agreed appointment is; None where date or time is not plain.

    Args:
        agreed: names and values, as the analysis has them.
        said_on: the day of the call: dates without a year, and weekdays, come after it.
        zone: the callee's time zone; UTC where there is none.
    """
    words = {name.lower(): str(value).lower() for name, value in agreed.items()}
    days = [_day(words[key], said_on) for key in _DATE_KEYS if key in words]
    times = [_time(words[key]) for key in _TIME_KEYS if key in words]
    on, at = next(filter(None, days), None), next((one for one in times if one is not None), None)
    if on is None or at is None:
        return None
    return datetime.combine(on, at, tzinfo=_zone(zone))


def appointment_of(task: Task, calls: Sequence[Call], zone: str | None) -> datetime | None:
    """Return when a completed task booked its appointment; None where that is not plain."""
    if task.status is not TaskStatus.COMPLETED:
        return None
    agreed = (task.outcome or {}).get("agreed") or {}
    said_at = next((call.ended_at for call in reversed(calls) if call.ended_at), task.updated_at)
    return booked_at(agreed, said_at.astimezone(_zone(zone)).date(), zone)


def _day(text: str, said_on: date) -> date | None:
    if match := _ISO.search(text):
        return _date(int(match[1]), int(match[2]), int(match[3]))
    for pattern, month, day in ((_MONTH_FIRST, 1, 2), (_DAY_FIRST, 2, 1)):
        if match := pattern.search(text):
            number = _MONTHS.index(match[month]) + 1
            year = int(match[3]) if match[3] else said_on.year
            found = _date(year, number, int(match[day]))
            passed = found is not None and found < said_on and not match[3]
            return _date(year + 1, number, int(match[day])) if passed else found
    named = [place for place, name in enumerate(_DAYS) if re.search(rf"\b{name}\b", text)]
    if len(named) != 1:
        return None  # None, or two: which one was meant is a guess.
    return said_on + timedelta(days=(named[0] - said_on.weekday() - 1) % 7 + 1)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        found = date(year, month, day)
    except ValueError:
        return None
    return found if year in _YEARS else None


def _time(text: str) -> time | None:
    matches = list(_CLOCK.finditer(text))
    if len(matches) != 1:
        return None  # None, or two: which one was meant is a guess.
    match = matches[0]
    if match[4] is not None:
        return time(int(match[4]), int(match[5]))
    hour, minute = int(match[1]), int(match[2] or 0)
    if not 1 <= hour <= _HALF_DAY or minute > 59:  # noqa: PLR2004 - minutes of an hour
        return None
    return time(hour % _HALF_DAY + (_HALF_DAY if match[3] == "p" else 0), minute)


def _zone(name: str | None) -> ZoneInfo:
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def calendar_of(task: Task, begins: datetime, *, made_at: datetime) -> str:
    """Return the calendar file of a task's appointment; a later version replaces an earlier one."""
    whom = task.business_name or task.contact_name or task.phone_number
    outcome = task.outcome or {}
    agreed = [f"{name}: {value}" for name, value in (outcome.get("agreed") or {}).items()]
    details = [outcome.get("summary") or "", *agreed, f"Phone: {task.phone_number}"]
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//OpenDeep//OpenDeep//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        "BEGIN:VEVENT",
        f"UID:task-{task.id}-user-{task.user_id}@opendeep",
        f"DTSTAMP:{_utc(made_at)}",
        f"DTSTART:{_utc(begins)}",
        f"DTEND:{_utc(begins + _LENGTH)}",
        f"SEQUENCE:{task.version}",
        "STATUS:CONFIRMED",
        f"SUMMARY:{_text(f'{task.title} ({whom})')}",
        f"DESCRIPTION:{_text(chr(10).join(filter(None, details)))}",
        f"LOCATION:{_text(whom)}",
        "BEGIN:VALARM",
        "ACTION:DISPLAY",
        f"DESCRIPTION:{_text(task.title)}",
        "TRIGGER:-PT2H",
        "END:VALARM",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return "".join(f"{_fold(line)}\r\n" for line in lines)


def _utc(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(value: str) -> str:
    """Escape a text value (RFC 5545, 3.3.11); control signs that are no line break go."""
    plain = "".join(sign for sign in value.replace("\r\n", "\n") if sign >= " " or sign == "\n")
    for sign in ("\\", ";", ","):
        plain = plain.replace(sign, f"\\{sign}")
    return plain.replace("\n", "\\n")


def _fold(line: str) -> str:
    """Break a line into parts of at most 75 octets, never inside a sign (RFC 5545, 3.1)."""
    parts, part, size = [], "", 0
    for sign in line:
        octets = len(sign.encode())
        if size + octets > _FOLD_OCTETS:
            parts.append(part)
            part, size = " ", 1
        part, size = part + sign, size + octets
    return "\r\n".join([*parts, part])
