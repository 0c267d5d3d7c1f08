"""When a telephone may ring: the hours of one callee, in every zone that it may be in.

A local day has spans in which calls are allowed. Persons have the house rule and what their state
and the country's holidays leave of it; a business has daytime and what its opening hours leave of
that. An instant is open when it is open in **all** zones; whatever search finds an instant, it is
checked by :func:`is_open` itself, so that no change of the clocks can put it outside.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from opendeep.task_manager.calling_hours_data import (
    BUSINESSES,
    FEDERAL,
    PERSONS,
    STATES,
    Hours,
    WeekHours,
)
from opendeep.task_manager.opening_hours import DAY_MINUTES, OpeningHours
from opendeep.task_manager.public_holidays import is_holiday

_LOOK_AHEAD = timedelta(days=15)
_HOUR = 60
_SATURDAY, _SUNDAY = 5, 6
_UNITED_STATES = "US"

Span = tuple[int, int]
"""Minutes of the local day, the end outside; within 0 to 1440."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Callee:
    """Whose hours they are.

    Attributes:
        country: ISO 3166 code, or None where the number has none.
        state: of the United States, where its hours differ from the federal ones.
        is_business: whether it is known to be one; who is unsure is a person.
        opening_hours: of a business, where they are known.
    """

    country: str | None = None
    state: str | None = None
    is_business: bool = False
    opening_hours: OpeningHours | None = None


def spans_on(callee: Callee, day: date) -> list[Span]:
    """Return when, on this day of the callee's calendar, the telephone may ring."""
    if callee.is_business:
        spans = _spans(BUSINESSES, day)
        hours = callee.opening_hours
        return spans if hours is None else _common(spans, hours.on(day.weekday()))
    spans = []
    on_holiday = callee.country is not None and is_holiday(callee.country, day)
    for number, rule in enumerate(_person_rules(callee)):
        found = [] if on_holiday and not rule.holidays else _spans(rule, day)
        spans = _common(spans, found) if number else found
    return spans


def is_open(callee: Callee, zones: Sequence[ZoneInfo], instant: datetime) -> bool:
    """Tell whether the telephone may ring at ``instant``, wherever of the zones it is."""
    return bool(zones) and all(_open_in(callee, zone, instant) for zone in zones)


def next_open(callee: Callee, zones: Sequence[ZoneInfo], start: datetime) -> datetime | None:
    """Return the first instant from ``start`` on (UTC) that is open in every zone.

    None means that there is none within a fortnight, or no zone is known.
    """
    instant: datetime | None = start
    while instant is not None and instant <= start + _LOOK_AHEAD and zones:
        if is_open(callee, zones, instant):
            return instant
        closed = (zone for zone in zones if not _open_in(callee, zone, instant))
        openings = [_next_in(callee, zone, instant) for zone in closed]
        known = [opening for opening in openings if opening is not None]
        instant = max(known) if len(known) == len(openings) else None
    return None


def _person_rules(callee: Callee) -> Iterator[WeekHours]:
    yield PERSONS
    if callee.country == _UNITED_STATES:
        yield FEDERAL
    if callee.state is not None and callee.state in STATES:
        yield STATES[callee.state]


def _spans(rule: WeekHours, day: date) -> list[Span]:
    special = {_SATURDAY: rule.saturday, _SUNDAY: rule.sunday}
    hours: Hours | None = special.get(day.weekday(), rule.weekdays)
    return [] if hours is None else [(hours[0] * _HOUR, hours[1] * _HOUR)]


def _common(one: Sequence[Span], other: Sequence[Span]) -> list[Span]:
    shared = (
        (max(start, opens), min(end, closes)) for start, end in one for opens, closes in other
    )
    return sorted(span for span in shared if span[0] < span[1])


def _open_in(callee: Callee, zone: ZoneInfo, instant: datetime) -> bool:
    local = instant.astimezone(zone)
    minute = local.hour * _HOUR + local.minute
    return any(opens <= minute < closes for opens, closes in spans_on(callee, local.date()))


def _next_in(callee: Callee, zone: ZoneInfo, instant: datetime) -> datetime | None:
    """Return the next beginning of a span in one zone (UTC); None within the fortnight."""
    first = instant.astimezone(zone).date()
    for ahead in range(_LOOK_AHEAD.days + 1):
        day = first + timedelta(days=ahead)
        for opens, _ in spans_on(callee, day):
            begins = time(opens // _HOUR, opens % _HOUR) if opens < DAY_MINUTES else time()
            found = datetime.combine(day, begins, tzinfo=zone).astimezone(UTC)
            # A beginning that the clocks skip is no instant of that day: look further.
            if found > instant and _open_in(callee, zone, found):
                return found
    return None
