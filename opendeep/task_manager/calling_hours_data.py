"""When persons in the United States may be called, by state: dated data, no logic.

A state not listed has the federal hours. Who is unsure takes the narrower reading. The sources and
the date are in ``docs/calling-rules.md``; change :data:`PACK_VERSION` with every change here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

PACK_VERSION = "2026-11-22"

Hours = tuple[int, int]
"""From which full hour to which, in the callee's local time; the end itself is outside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekHours:
    """The hours of a week; None is a day without calls.

    Attributes:
        weekdays: Monday to Friday.
        holidays: whether a public holiday is like any other day.
    """

    weekdays: Hours
    saturday: Hours | None
    sunday: Hours | None
    holidays: bool = True


def _daily(opens: int, closes: int) -> WeekHours:
    return WeekHours(weekdays=(opens, closes), saturday=(opens, closes), sunday=(opens, closes))


def _no_sunday(opens: int, closes: int, *, holidays: bool) -> WeekHours:
    hours = (opens, closes)
    return WeekHours(weekdays=hours, saturday=hours, sunday=None, holidays=holidays)


PERSONS = WeekHours(weekdays=(9, 20), saturday=(9, 20), sunday=None, holidays=False)
"""The house rule for whoever is not known to be a business; every pack only narrows it."""

BUSINESSES = _daily(8, 20)
"""The house rule for businesses; their own opening hours, where known, narrow it."""

FEDERAL = _daily(8, 21)
"""47 CFR 64.1200(c)(1) and 16 CFR 310.4(c)."""

STATES: Mapping[str, WeekHours] = MappingProxyType(
    {
        "AL": _no_sunday(8, 20, holidays=False),
        "CT": _daily(9, 20),
        "FL": _daily(8, 20),
        "KY": _daily(10, 21),
        "LA": _no_sunday(8, 20, holidays=False),
        "MA": _daily(8, 20),
        "MD": _daily(8, 20),
        "MI": _daily(9, 21),
        "MN": _daily(9, 21),
        "MS": _no_sunday(8, 20, holidays=True),
        "NM": _daily(9, 21),
        "NV": _daily(9, 20),
        "OK": _daily(8, 20),
        "RI": WeekHours(weekdays=(9, 18), saturday=(10, 17), sunday=None, holidays=False),
        "TX": WeekHours(weekdays=(9, 21), saturday=(9, 21), sunday=(12, 21)),
        "WA": _daily(8, 20),
    }
)
"""By postal abbreviation; only states that say something else than the federal hours."""
