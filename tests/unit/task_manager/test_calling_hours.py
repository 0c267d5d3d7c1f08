"""The hours of a callee: golden instants for every rule, and both nights of the clocks."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from opendeep.task_manager.calling_hours import Callee, is_open, next_open, spans_on
from opendeep.task_manager.calling_hours_data import FEDERAL, STATES
from opendeep.task_manager.opening_hours import OpeningHours

MONDAY = date(2026, 11, 23)
SATURDAY = date(2026, 11, 28)
SUNDAY = date(2026, 11, 29)
THANKSGIVING = date(2026, 11, 26)
BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")


def person(state: str | None = None) -> Callee:
    """Make a person in the United States."""
    return Callee(country="US", state=state)


def hours(opens: int, closes: int) -> list[tuple[int, int]]:
    """Write a span in full hours."""
    return [(opens * 60, closes * 60)]


@pytest.mark.parametrize(
    ("state", "monday", "saturday"),
    [
        (None, (9, 20), (9, 20)),
        ("AL", (9, 20), (9, 20)),
        ("CT", (9, 20), (9, 20)),
        ("FL", (9, 20), (9, 20)),
        ("KY", (10, 20), (10, 20)),
        ("LA", (9, 20), (9, 20)),
        ("MA", (9, 20), (9, 20)),
        ("MD", (9, 20), (9, 20)),
        ("MI", (9, 20), (9, 20)),
        ("MN", (9, 20), (9, 20)),
        ("MS", (9, 20), (9, 20)),
        ("NM", (9, 20), (9, 20)),
        ("NV", (9, 20), (9, 20)),
        ("OK", (9, 20), (9, 20)),
        ("RI", (9, 18), (10, 17)),
        ("TX", (9, 20), (9, 20)),
        ("WA", (9, 20), (9, 20)),
    ],
)
def test_the_narrower_wins(
    state: str | None, monday: tuple[int, int], saturday: tuple[int, int]
) -> None:
    """A person's hours are the house rule's, less what the state does not allow."""
    assert spans_on(person(state), MONDAY) == hours(*monday)
    assert spans_on(person(state), SATURDAY) == hours(*saturday)
    assert spans_on(person(state), SUNDAY) == []
    assert spans_on(person(state), THANKSGIVING) == []


def test_each_state_of_the_pack_is_tested() -> None:
    """The pack holds the states of the golden table, and none allows more than the federal rule."""
    assert len(STATES) == 16
    for rule in (*STATES.values(), FEDERAL):
        assert rule.weekdays[0] >= 8
        assert rule.weekdays[1] <= 21


@pytest.mark.parametrize(
    ("opening", "spans"),
    [
        (None, [(480, 1200)]),
        (OpeningHours(((0, 420, 600), (0, 660, 1260))), [(480, 600), (660, 1200)]),
        (OpeningHours(((1, 420, 600),)), []),
        (OpeningHours(((0, 1260, 1440),)), []),
    ],
)
def test_a_business(opening: OpeningHours | None, spans: list[tuple[int, int]]) -> None:
    """A business is called in daytime while it is open, also where that is in two parts."""
    callee = Callee(country="US", state="RI", is_business=True, opening_hours=opening)
    assert spans_on(callee, MONDAY) == spans


def test_a_holiday_counts_where_the_callee_is() -> None:
    """Thanksgiving is a day like any other in Germany, and German Unity Day in New York."""
    unity = date(2026, 10, 2), date(2028, 10, 3)
    assert spans_on(Callee(country="DE"), THANKSGIVING) == hours(9, 20)
    assert spans_on(Callee(country="DE"), unity[1]) == []
    assert spans_on(person(), unity[1]) == hours(9, 20)
    assert spans_on(Callee(), unity[1]) == hours(9, 20)


@pytest.mark.parametrize(
    ("start", "opening"),
    [
        ("2026-11-25T18:59:59", "2026-11-25T18:59:59"),  # Wednesday, 19:59:59
        ("2026-11-25T19:00:00", "2026-11-26T08:00:00"),
        ("2026-11-28T19:00:00", "2026-11-30T08:00:00"),  # over Sunday
        ("2027-03-27T22:00:00", "2027-03-30T07:00:00"),  # over Easter, into summer time
        ("2026-10-24T19:00:00", "2026-10-26T08:00:00"),  # into winter time
    ],
)
def test_the_next_opening(start: str, opening: str) -> None:
    """The search finds the first open instant in Berlin, over nights, holidays and clocks."""
    begin = datetime.fromisoformat(f"{start}+00:00")
    found = next_open(Callee(country="DE"), [BERLIN], begin)
    assert found == datetime.fromisoformat(f"{opening}+00:00")
    assert is_open(Callee(country="DE"), [BERLIN], found)


def test_all_zones_at_once() -> None:
    """Berlin and New York share the afternoon of the one and the morning of the other."""
    zones = [BERLIN, NEW_YORK]
    found = next_open(Callee(), zones, datetime(2026, 11, 23, tzinfo=UTC))
    assert found == datetime(2026, 11, 23, 14, tzinfo=UTC)
    assert next_open(Callee(), zones, datetime(2026, 11, 23, 19, tzinfo=UTC)) == datetime(
        2026, 11, 24, 14, tzinfo=UTC
    )


@pytest.mark.parametrize("zones", [[], [ZoneInfo("Pacific/Auckland"), ZoneInfo("Europe/London")]])
def test_no_opening(zones: list[ZoneInfo]) -> None:
    """Without a zone, or without a common hour, there is no opening; nothing is open either."""
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert next_open(Callee(), zones, now) is None
    assert not is_open(Callee(), zones, now)


def test_a_business_that_is_never_open() -> None:
    """A week without any opening hour ends the search."""
    callee = Callee(is_business=True, opening_hours=OpeningHours(()))
    assert next_open(callee, [BERLIN], datetime(2026, 11, 23, 12, tzinfo=UTC)) is None


def test_arizona_keeps_its_time() -> None:
    """Phoenix does not change its clocks, Denver does: in summer they are an hour apart."""
    phoenix, denver = ZoneInfo("America/Phoenix"), ZoneInfo("America/Denver")
    summer = datetime(2026, 7, 6, 15, 30, tzinfo=UTC)  # 8:30 and 9:30
    assert not is_open(person(), [phoenix], summer)
    assert is_open(person(), [denver], summer)


def test_half_an_hour_beside() -> None:
    """A zone at half an hour opens at half past in UTC."""
    found = next_open(Callee(), [ZoneInfo("Asia/Kolkata")], datetime(2026, 11, 23, tzinfo=UTC))
    assert found == datetime(2026, 11, 23, 3, 30, tzinfo=UTC)
