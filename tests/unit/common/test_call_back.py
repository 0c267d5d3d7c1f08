"""What a wish to be called again means on a clock."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from opendeep.common.call_back import CallBack

NEW_YORK = ZoneInfo("America/New_York")
THURSDAY = datetime(2026, 11, 26, 17, tzinfo=UTC)  # noon in New York


@pytest.mark.parametrize(
    ("wish", "spoken", "begins"),
    [
        ({"weekday": 1, "after": 900}, "Tue 15:00", "2026-12-01T15:00"),
        ({"weekday": 3, "after": 900}, "Thu 3 Dec 15:00", "2026-12-03T15:00"),
        ({"days_ahead": 1, "before": 720}, "Fri before 12:00", "2026-11-27T00:00"),
        ({"weekday": 4, "after": 840, "before": 960}, "Fri 14:00-16:00", "2026-11-27T14:00"),
        ({"day": 3, "month": 12, "after": 960}, "Thu 3 Dec 16:00", "2026-12-03T16:00"),
        ({"day": 26, "month": 11, "after": 960}, "Thu 16:00", "2026-11-26T16:00"),
        ({"weekday": 1, "day": 8}, "Tue 8 Dec", "2026-12-08T00:00"),
        ({"after": 900}, "Thu 15:00", "2026-11-26T15:00"),
        ({"after": 600}, "Fri 10:00", "2026-11-27T10:00"),
        ({"delay_minutes": 90}, "Thu 13:30", "2026-11-26T13:30"),
        ({"day": 31, "month": 2}, "Fri", "2026-11-27T00:00"),
    ],
)
def test_from_when(wish: dict[str, Any], spoken: str, begins: str) -> None:
    """A weekday is the next one, a time that has passed is tomorrow's, a date is this year's."""
    call_back = CallBack(said_at=THURSDAY, **wish)
    expected = datetime.fromisoformat(begins).replace(tzinfo=NEW_YORK)
    assert call_back.spoken(NEW_YORK) == spoken
    assert call_back.window(NEW_YORK)[0] == expected


def test_tomorrow_is_the_callees_tomorrow() -> None:
    """Late in Los Angeles it is the next day in UTC; the callee's own date counts."""
    late = datetime(2026, 11, 25, 3, tzinfo=UTC)
    begin, end = CallBack(said_at=late, days_ahead=1, before=600).window(
        ZoneInfo("America/Los_Angeles")
    )
    assert begin == datetime(2026, 11, 25, 8, tzinfo=UTC)
    assert end == begin + timedelta(hours=10)


def test_an_instant_without_a_zone_is_refused() -> None:
    """What was said at nobody knows when has no tomorrow."""
    with pytest.raises(ValidationError):
        CallBack.model_validate({"said_at": "2026-11-26T17:00:00", "days_ahead": 1})
