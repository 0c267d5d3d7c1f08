"""Public holidays, computed for any year: on these days nobody calls persons.

The whole country's holidays alone, observed days included; a country that is not here has none
that we know of. The sources are in ``docs/calling-rules.md``.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from functools import lru_cache
from types import MappingProxyType

_MONDAY, _THURSDAY, _SATURDAY, _SUNDAY = 0, 3, 5, 6
_DAY = timedelta(days=1)


def is_holiday(country: str, day: date) -> bool:
    """Tell whether ``day`` is a public holiday of the whole country (ISO 3166 code)."""
    return day in _holidays(country, day.year)


@lru_cache(maxsize=64)
def _holidays(country: str, year: int) -> frozenset[date]:
    rule = _COUNTRIES.get(country)
    if rule is None:
        return frozenset()
    # A holiday may be observed on the last day of the year before.
    days = (day for near in (year, year + 1) for day in rule(near))
    return frozenset(day for day in days if day.year == year)


def easter(year: int) -> date:
    """Return Easter Sunday of the Gregorian calendar.

    Source: the anonymous algorithm as Meeus, "Astronomical Algorithms", chapter 8, gives it.
    """
    golden = year % 19
    century, of_century = divmod(year, 100)
    leaps, after_leap = divmod(century, 4)
    lunar_shift = (century - (century + 8) // 25 + 1) // 3
    moon = (19 * golden + century - leaps - lunar_shift + 15) % 30
    short_leaps, after_short = divmod(of_century, 4)
    to_sunday = (32 + 2 * after_leap + 2 * short_leaps - moon - after_short) % 7
    late = (golden + 11 * moon + 22 * to_sunday) // 451
    month, day = divmod(moon + to_sunday - 7 * late + 114, 31)
    return date(year, month, day + 1)


def _nth(year: int, month: int, weekday: int, count: int) -> date:
    """Return the ``count``-th such weekday of a month; -1 is the last."""
    if count > 0:
        first = date(year, month, 1)
        return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (count - 1))
    last = date(year + month // 12, month % 12 + 1, 1) - _DAY
    return last - timedelta(days=(last.weekday() - weekday) % 7)


def _united_states(year: int) -> Iterator[date]:
    """Yield the days of 5 U.S.C. 6103, and the Friday or Monday on which they are observed."""
    yield _nth(year, 1, _MONDAY, 3)
    yield _nth(year, 2, _MONDAY, 3)
    yield _nth(year, 5, _MONDAY, -1)
    yield _nth(year, 9, _MONDAY, 1)
    yield _nth(year, 10, _MONDAY, 2)
    yield _nth(year, 11, _THURSDAY, 4)
    for month, day in ((1, 1), (6, 19), (7, 4), (11, 11), (12, 25)):
        fixed = date(year, month, day)
        yield fixed
        if fixed.weekday() == _SATURDAY:
            yield fixed - _DAY
        if fixed.weekday() == _SUNDAY:
            yield fixed + _DAY


def _united_kingdom(year: int) -> Iterator[date]:
    """Yield the bank holidays of England and Wales, and the days that stand in for them."""
    sunday = easter(year)
    yield from (sunday - 2 * _DAY, sunday + _DAY)
    yield from (_nth(year, 5, _MONDAY, 1), _nth(year, 5, _MONDAY, -1), _nth(year, 8, _MONDAY, -1))
    new_year = date(year, 1, 1)
    yield new_year
    if new_year.weekday() >= _SATURDAY:
        yield new_year + (7 - new_year.weekday()) * _DAY
    christmas = date(year, 12, 25)
    yield from (christmas, christmas + _DAY)
    # Each of the two that falls on a weekend moves to the next free weekday.
    if christmas.weekday() in {_SATURDAY, _SUNDAY}:
        yield christmas + 2 * _DAY
    if (christmas + _DAY).weekday() in {_SATURDAY, _SUNDAY}:
        yield christmas + 3 * _DAY


def _germany(year: int) -> Iterator[date]:
    """Yield the holidays of all sixteen states."""
    sunday = easter(year)
    for after in (-2, 1, 39, 50):
        yield sunday + after * _DAY
    for month, day in ((1, 1), (5, 1), (10, 3), (12, 25), (12, 26)):
        yield date(year, month, day)


_COUNTRIES: Mapping[str, Callable[[int], Iterator[date]]] = MappingProxyType(
    {"US": _united_states, "GB": _united_kingdom, "DE": _germany}
)
