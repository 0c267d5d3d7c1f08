"""Wishes for a time, and what meets them."""

import pytest

from opendeep.practice.brain_times import Slot
from opendeep.practice.brain_wishes import Wish, weekday_of, wish_of


@pytest.mark.parametrize(
    ("days", "time", "wish"),
    [
        ("next week", "afternoons", Wish(earliest=720, latest=1080)),
        ("next week, mornings", "", Wish(earliest=0, latest=719)),
        ("", "evenings", Wish(earliest=1020, latest=1440)),
        ("", "around lunch", Wish(earliest=660, latest=840)),
        ("", "after 3 pm", Wish(earliest=900, latest=1440)),
        ("", "before noon", Wish(earliest=0, latest=720)),
        ("", "between 2 and 4 pm", Wish(earliest=840, latest=960)),
        ("", "3 pm", Wish(earliest=870, latest=930)),
        ("", "any time", Wish()),
        ("Tuesdays or Thursday", "", Wish(days=frozenset({"tuesday", "thursday"}))),
        ("tomorrow", "", Wish(days=frozenset({"monday"}))),
        ("the weekend", "", Wish(days=frozenset({"saturday", "sunday"}))),
        (
            "weekdays",
            "",
            Wish(days=frozenset({"monday", "tuesday", "wednesday", "thursday", "friday"})),
        ),
        (
            "any day but Monday",
            "",
            Wish(
                days=frozenset({"tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"})
            ),
        ),
    ],
)
def test_wishes_are_read(days: str, time: str, wish: Wish) -> None:
    """Plain words for days and times become a set of weekdays and a window."""
    assert wish_of(days, time, weekday="Sunday") == wish


def test_slots_meet_a_wish() -> None:
    """A slot's known parts must suit; what is not known does not count against it."""
    wish = wish_of("Tuesday", "afternoons")
    assert wish.is_met_by(Slot(day="tuesday", minutes=870))
    assert wish.is_met_by(Slot(minutes=870))
    assert wish.is_met_by(Slot(day="tuesday"))
    assert not wish.is_met_by(Slot(day="tuesday", minutes=600))
    assert not wish.is_met_by(Slot(day="friday", minutes=870))
    assert wish.is_met_by(Slot(day="tomorrow", minutes=870), weekday="Monday")


def test_days_relative_to_today() -> None:
    """Today and tomorrow become weekdays if today's is known, and stay as they are else."""
    assert weekday_of("tomorrow", "Sunday") == "monday"
    assert weekday_of("today", "Friday") == "friday"
    assert weekday_of("today", "") == "today"
    assert weekday_of("friday", "Monday") == "friday"
