"""Public holidays against calendars that are published."""

from datetime import date

import pytest

from opendeep.task_manager.public_holidays import easter, is_holiday


@pytest.mark.parametrize(
    "sunday", ["2024-03-31", "2025-04-20", "2026-04-05", "2027-03-28", "2038-04-25", "2285-03-22"]
)
def test_easter(sunday: str) -> None:
    """Easter falls where the calendars have it, at its earliest and latest too."""
    day = date.fromisoformat(sunday)
    assert easter(day.year) == day


@pytest.mark.parametrize(
    ("country", "days"),
    [
        (
            "US",
            (
                "2026-01-01 2026-01-19 2026-02-16 2026-05-25 2026-06-19 2026-07-03 2026-07-04 "
                "2026-09-07 2026-10-12 2026-11-11 2026-11-26 2026-12-25"
            ),
        ),
        # The year after begins on a Saturday.
        ("US", "2027-06-18 2027-07-05 2027-12-24 2027-12-31"),
        (
            "GB",
            (
                "2026-01-01 2026-04-03 2026-04-06 2026-05-04 2026-05-25 2026-08-31 2026-12-25 "
                "2026-12-26 2026-12-28"
            ),
        ),
        ("GB", "2022-12-25 2022-12-26 2022-12-27 2022-01-03 2027-12-27 2027-12-28 2023-01-02"),
        (
            "DE",
            (
                "2026-01-01 2026-04-03 2026-04-06 2026-05-01 2026-05-14 2026-05-25 2026-10-03 "
                "2026-12-25 2026-12-26"
            ),
        ),
    ],
)
def test_holidays(country: str, days: str) -> None:
    """Each day of the published lists is a holiday, the stand-in days too."""
    assert [day for day in days.split() if not is_holiday(country, date.fromisoformat(day))] == []


@pytest.mark.parametrize(
    ("country", "day"),
    [
        ("US", "2026-11-27"),
        ("US", "2026-12-26"),
        ("GB", "2026-11-26"),
        ("GB", "2022-12-28"),
        ("DE", "2026-12-24"),
        ("FR", "2026-07-14"),
    ],
)
def test_other_days(country: str, day: str) -> None:
    """Other days are none, and a country that is not in the table has none."""
    assert not is_holiday(country, date.fromisoformat(day))
