"""What was booked, as a calendar reads it."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendeep.common.data_models import TaskStatus
from opendeep.database.models import Task
from opendeep.follow_up_service.calendar_file import appointment_of, booked_at, calendar_of
from tests.fixtures.finished_calls import open_world

MONDAY = date(2026, 11, 30)
AT = datetime(2026, 12, 8, 22, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("agreed", "at"),
    [
        ({"date": "Tuesday, December 8", "time": "2:30 PM"}, AT),
        ({"date": "2026-12-08", "time": "14:30"}, AT),
        ({"Day": "8 December 2026", "Time": "2:30 p.m."}, AT),
        ({"appointment": "Tuesday, Dec 8th at 2:30pm"}, AT),
        ({"day": "Tuesday", "time": "14:30"}, AT.replace(day=1)),
        ({"day": "Monday", "time": "12 AM"}, datetime(2026, 12, 7, 8, tzinfo=UTC)),
        ({"date": "Tuesday", "time": "maybe 2:30 pm"}, AT.replace(day=1)),
        ({"date": "Tuesday, maybe 2:30 pm"}, AT.replace(day=1)),
        ({"date": "January 5", "time": "9 am"}, datetime(2027, 1, 5, 17, tzinfo=UTC)),
    ],
)
def test_plain_words_become_an_instant(agreed: dict[str, Any], at: datetime) -> None:
    """Dates and times as people say them are read in the callee's zone."""
    assert booked_at(agreed, MONDAY, "America/Los_Angeles") == at


@pytest.mark.parametrize(
    "agreed",
    [
        {},
        {"date": "next week", "time": "2:30 PM"},
        {"date": "Tuesday"},
        {"time": "2:30 PM"},
        {"date": "Tuesday", "time": "2 PM or 3 PM"},
        {"date": "Tuesday or Friday", "time": "2 PM"},
        {"date": "February 30", "time": "2 PM"},
        {"date": "9999-12-31", "time": "23:30"},
        {"date": "0001-01-01", "time": "00:30"},
        {"date": "Tuesday", "time": "25:99"},
        {"date": "Tuesday", "time": "13 PM"},
    ],
)
def test_what_is_not_plain_is_no_appointment(agreed: dict[str, Any]) -> None:
    """Nothing is guessed into a calendar."""
    assert booked_at(agreed, MONDAY, None) is None


@given(st.dictionaries(st.sampled_from(["date", "time", "day", "x"]), st.text(max_size=40)))
def test_any_agreement_is_read(agreed: dict[str, str]) -> None:
    """Whatever a callee says, there is an instant or none."""
    found = booked_at(agreed, MONDAY, "Nowhere/Land")
    assert found is None or found.tzinfo is not None


async def a_task(**changes: Any) -> Task:
    """Make a task that booked something."""
    async with open_world() as world:
        [task] = await world.tasks(await world.campaign())
    outcome = {"summary": "Booked.", "agreed": {"time": "2:30 PM"}}
    return task.model_copy(update={"status": TaskStatus.COMPLETED, "outcome": outcome, **changes})


async def test_a_weekday_is_the_next_one_where_the_call_was() -> None:
    """On Monday evening in Los Angeles, Tuesday is tomorrow, although it is Tuesday in UTC."""
    outcome = {"summary": "Booked.", "agreed": {"day": "Tuesday", "time": "14:30"}}
    task = await a_task(outcome=outcome, updated_at=datetime(2026, 12, 1, 2, tzinfo=UTC))
    assert appointment_of(task, [], "America/Los_Angeles") == AT.replace(day=1)


async def test_the_file_is_as_the_standard_says() -> None:
    """Lines end with CR LF, instants are in UTC, texts are escaped, long lines are folded."""
    title = "Zahnarzt; Prüfung, jährlich\nBEGIN:VEVENT " + "ä" * 80
    text = calendar_of(await a_task(title=title), AT, made_at=AT)
    lines = text.split("\r\n")
    assert lines[-1] == ""
    assert "\n" not in text.replace("\r\n", "")
    assert max(len(line.encode()) for line in lines) <= 75
    unfolded = text.replace("\r\n ", "").split("\r\n")
    assert "DTSTART:20261208T223000Z" in unfolded
    assert "DTEND:20261208T233000Z" in unfolded
    [summary] = [line for line in unfolded if line.startswith("SUMMARY:")]
    assert summary.startswith("SUMMARY:Zahnarzt\\; Prüfung\\, jährlich\\nBEGIN:VEVENT ä")
    assert unfolded.count("BEGIN:VEVENT") == 1


async def test_a_later_file_replaces_an_earlier_one() -> None:
    """The appointment keeps its identity while its sequence rises."""
    first = calendar_of(await a_task(version=3), AT, made_at=AT)
    second = calendar_of(await a_task(version=4), AT, made_at=AT)
    uid = next(line for line in first.split("\r\n") if line.startswith("UID:"))
    assert uid in second
    assert "SEQUENCE:4" in second
