"""Opening hours as tasks carry them: both of Places' forms, and whatever else stands there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendeep.task_manager.opening_hours import OpeningHours, read_opening_hours

DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
DASH, NARROW = "\u2013", "\u202f"


def week(hours: str) -> list[str]:
    """Write the same hours for each day."""
    return [f"{day}: {hours}" for day in DAYS]


@pytest.mark.parametrize(
    ("words", "monday"),
    [
        (f"9:00{NARROW}AM {DASH} 5:00{NARROW}PM", [(540, 1020)]),
        ("9:00 AM - 12:00 PM, 1:30 - 6:00 PM", [(540, 720), (810, 1080)]),
        ("Closed", []),
        ("Open 24 hours", [(0, 1440)]),
        ("12:00 AM - 12:30 PM", [(0, 750)]),
        ("9:00 to 17:00", [(540, 1020)]),
        ("6:00 PM - 2:00 AM", [(0, 120), (1080, 1440)]),
    ],
)
def test_weekday_descriptions(words: str, monday: list[tuple[int, int]]) -> None:
    """The lines that Places writes are read; a night goes over into the next day."""
    hours = read_opening_hours({"opening_hours": week(words)})
    assert hours is not None
    assert hours.on(0) == monday


def point(day: int, hour: int, minute: int = 0) -> dict[str, int]:
    """Write a point of Places' week, which begins on Sunday."""
    return {"day": day, "hour": hour, "minute": minute}


@pytest.mark.parametrize(
    ("periods", "weekday", "spans"),
    [
        ([{"open": point(1, 9), "close": point(1, 17, 30)}], 0, [(540, 1050)]),
        ([{"open": point(6, 22), "close": point(0, 2)}], 6, [(0, 120)]),
        ([{"open": point(6, 22), "close": point(0, 2)}], 5, [(1320, 1440)]),
        ([{"open": point(0, 0)}], 3, [(0, 1440)]),
        ([{"open": point(0, 10), "close": point(0, 10)}], 3, [(0, 1440)]),
        ([{"open": {"day": 2}, "close": point(2, 12)}], 1, [(0, 720)]),
    ],
)
def test_periods(
    periods: list[dict[str, object]], weekday: int, spans: list[tuple[int, int]]
) -> None:
    """Places' periods are read, alone or as its object has them."""
    for written in (periods, {"periods": periods}):
        hours = read_opening_hours({"opening_hours": written})
        assert hours is not None
        assert hours.on(weekday) == spans


@pytest.mark.parametrize(
    "written",
    [
        None,
        "daily",
        [],
        {},
        week("9 to noon"),
        week("13:00 AM - 5 PM"),
        week("9:75 - 17:00"),
        week("25:00 - 26:00"),
        week("Closed")[:6],
        ["Montag: geschlossen"],
        ["x" * 300],
        [*week("Closed")[:6], 7],
        [{"open": {"hour": 9}, "close": point(1, 17)}],
        [{"open": point(7, 9), "close": point(1, 17)}],
        [{"open": point(1, True), "close": point(1, 17)}],
        [{"open": point(1, 9), "close": "17:00"}],
        [{"open": point(1, 9), "close": point(1, 17)}, "x"],
    ],
)
def test_unreadable_is_unknown(written: object) -> None:
    """What cannot be read is unknown, not closed."""
    assert read_opening_hours({"opening_hours": written}) is None
    assert read_opening_hours({}) is None


def test_closed_all_week_is_closed() -> None:
    """A week of closed days is known, and has no hour."""
    assert read_opening_hours({"opening_hours": week("Closed")}) == OpeningHours(())


_POINTS = st.fixed_dictionaries(
    {"day": st.integers(-1, 7), "hour": st.integers(-1, 24), "minute": st.integers(-1, 60)}
)


@given(
    st.one_of(
        st.lists(st.fixed_dictionaries({"open": _POINTS}, optional={"close": _POINTS})),
        st.lists(st.text(max_size=40), max_size=8),
        st.recursive(st.one_of(st.none(), st.text(max_size=5)), st.lists, max_leaves=5),
    )
)
def test_never_outside_a_day(written: object) -> None:
    """Whatever stands there, no error comes out, and every span lies within a day."""
    hours = read_opening_hours({"opening_hours": written})
    for day, opens, closes in hours.periods if hours else ():
        assert 0 <= day < 7
        assert 0 <= opens < closes <= 1440
