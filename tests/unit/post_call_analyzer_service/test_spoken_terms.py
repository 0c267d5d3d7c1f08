"""Days, times and numbers of a sentence."""

from datetime import date

import pytest

from opendeep.post_call_analyzer_service.spoken_terms import Day, Moment, Slot, terms_of

TUESDAY = Day(weekday=1)


@pytest.mark.parametrize(
    ("language", "text", "slots"),
    [
        ("en", "Tuesday at two thirty in the afternoon", [Slot(TUESDAY, Moment(2, 30, "pm"))]),
        ("en", "half past two on Tuesday", [Slot(TUESDAY, Moment(2, 30))]),
        ("en", "at quarter to five", [Slot(None, Moment(4, 45))]),
        (
            "en",
            "Tuesday at nine or Thursday at four p.m.",
            [Slot(TUESDAY, Moment(9, 0)), Slot(Day(weekday=3), Moment(4, 0, "pm"))],
        ),
        ("en", "14:30", [Slot(None, Moment(2, 30, "pm"))]),
        ("en", "the third of December at noon", [Slot(Day(day=3, month=12), Moment(0, 0))]),
        ("en", "seven in the evening for four people", [Slot(None, Moment(7, 0, "pm"))]),
        ("de", "Dienstag um halb drei", [Slot(TUESDAY, Moment(2, 30))]),
        ("es", "el martes a las dos y media de la tarde", [Slot(TUESDAY, Moment(2, 30, "pm"))]),
        ("fr", "mardi à seize heures trente", [Slot(TUESDAY, Moment(4, 30, "pm"))]),
        ("en", "we are four people", []),
    ],
)
def test_times_and_days_are_paired(language: str, text: str, slots: list[Slot]) -> None:
    """Each time belongs to the day that was said with it."""
    assert list(terms_of(text, language).slots) == slots


@pytest.mark.parametrize("text", ["25:00", "2026-13-40"])
def test_what_cannot_be_is_broken(text: str) -> None:
    """A date or a time that cannot be is told as such."""
    assert terms_of(text).broken


def test_numbers_that_are_no_times_are_kept() -> None:
    """A price is a number, and known to be money."""
    terms = terms_of("That is eighty-nine dollars for two people.")
    assert (terms.numbers, terms.money) == ((89, 2), True)


def test_days_are_compared_by_the_calendar() -> None:
    """A weekday is the same as its date in the two weeks that follow the call."""
    monday = date(2026, 11, 23)
    [right, wrong] = [terms_of(text).days[0] for text in ("2026-12-01", "2026-12-02")]
    assert right.matches(TUESDAY, monday)
    assert not wrong.matches(TUESDAY, monday)
    assert not Day(weekday=1, day=1, month=3, year=2027).matches(TUESDAY, monday)
    assert Day(ahead=1).matches(TUESDAY, monday)
    assert not Day(day=3).matches(TUESDAY)
