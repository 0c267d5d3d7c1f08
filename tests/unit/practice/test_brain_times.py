"""Days and times in the words that recognisers write."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendeep.practice.brain_times import WEEKDAYS, Slot, slots_in, spoken_time, words_of


@pytest.mark.parametrize(
    ("text", "slots"),
    [
        ("I have Tuesday at two thirty in the afternoon.", [("tuesday", "14:30")]),
        ("Tuesday at two-thirty in the afternoon", [("tuesday", "14:30")]),
        ("Tuesday, 2:30 p.m.", [("tuesday", "14:30")]),
        ("2.30 pm on Tuesday", [("tuesday", "14:30")]),
        ("Too they, half past two", [("tuesday", "14:30")]),
        ("Thursday at 230", [("thursday", "14:30")]),
        ("quarter to four on Monday's", [("monday", "15:45")]),
        ("ten past nine on Friday", [("friday", "09:10")]),
        ("Friday ten o'clock or eleven", [("friday", "10:00"), ("friday", "11:00")]),
        ("Wednesday at nine oh five a. m.", [("wednesday", "09:05")]),
        ("Wednesday at nine fifteen in the morning", [("wednesday", "09:15")]),
        ("Wednesday afternoon at two", [("wednesday", "14:00")]),
        ("Friday at eight at night", [("friday", "20:00")]),
        ("Friday at ten on the morning", [("friday", "10:00")]),
        ("Monday at 15:45", [("monday", "15:45")]),
        ("Monday at 16 oclock", [("monday", "16:00")]),
        ("twelve noon on Friday", [("friday", "12:00")]),
        ("midday tomorrow", [("tomorrow", "12:00")]),
        ("at twelve thirty in the morning", [(None, "00:30")]),
        ("five forty five pm", [(None, "17:45")]),
        ("two 30 on Tuesday", [("tuesday", "14:30")]),
        (
            "nine in the morning on Tuesday or three in the afternoon on Friday",
            [("tuesday", "09:00"), ("friday", "15:00")],
        ),
        ("Tuesday or Wednesday at two", [("tuesday", None), ("wednesday", "14:00")]),
        ("Tuesday at ten or at three", [("tuesday", "10:00"), ("tuesday", "15:00")]),
        ("Monday the 24th of May 2 please", [("monday", None)]),
    ],
)
def test_slots_are_found(text: str, slots: list[tuple[str | None, str | None]]) -> None:
    """Each way of writing a day and a time gives the same slot, with its own day."""
    assert [(slot.day, slot.clock()) for slot in slots_in(text)] == slots


@pytest.mark.parametrize(
    "text",
    [
        "I have two times. Which one would you like?",
        "You are number two in the queue.",
        "Press one for appointments.",
        "We are at twelve Garden Street.",
        "a table for two people",
        "room 999 and 25:00",
        "half past",
        "half past green",
        "",
    ],
)
def test_counts_are_no_times(text: str) -> None:
    """Numbers that count, name streets or are out of range are not taken for times."""
    assert slots_in(text) == []


@given(day=st.sampled_from(WEEKDAYS), minutes=st.integers(min_value=0, max_value=287))
def test_what_is_spoken_is_understood(day: str, minutes: int) -> None:
    """A slot that is said in words is read as the same slot, for every five minutes of a day."""
    slot = Slot(day=day, minutes=minutes * 5)
    assert slots_in(slot.spoken()) == [slot]


@given(text=st.text(max_size=60))
def test_any_text_is_read(text: str) -> None:
    """No text makes the reader fail, and times are within a day."""
    assert all(slot.minutes is None or 0 <= slot.minutes < 1440 for slot in slots_in(text))


def test_parts_of_a_slot() -> None:
    """A slot says what is missing and fills it from another."""
    day, time = Slot(day="monday"), Slot(minutes=605)
    assert not day.is_whole
    assert day.clock() is None
    assert day.or_else(time) == Slot(day="monday", minutes=605)
    assert day.or_else(None) is day
    assert Slot(day="tomorrow", minutes=605).spoken() == "tomorrow at ten oh five in the morning"
    assert spoken_time(17 * 60 + 23) == "five twenty three in the evening"
    assert spoken_time(12 * 60) == "twelve noon"
    assert Slot().spoken() == ""
    assert words_of("At 2 P.M., o'clock") == ["at", "2", "pm", "oclock"]
