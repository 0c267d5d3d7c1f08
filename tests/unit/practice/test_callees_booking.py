"""The receptionist's desk, one heard text at a time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendeep.practice.callees.booking import (
    FINAL_LINES,
    ONE_MORNING,
    TWO_AFTERNOONS,
    BookingDesk,
    Stage,
)
from opendeep.practice.callees.lines import LINES
from opendeep.practice.callees.talk import Reply
from opendeep.practice.records import CalleeRecord

WISH = "I would like to book an appointment."


def desk(speaker: str = "bella", *, morning: bool = False) -> tuple[BookingDesk, CalleeRecord]:
    """Make a desk and its record."""
    record = CalleeRecord(number="+12015550100", dd="00")
    offer = ONE_MORNING if morning else TWO_AFTERNOONS
    return BookingDesk(record, speaker=speaker, offer=offer), record


def lines(a_desk: BookingDesk, *texts: str) -> list[str]:
    """Return the desk's answer to each text."""
    return [a_desk.answer(Reply(text=text, interrupted=False)) for text in texts]


@pytest.mark.parametrize(
    ("texts", "answers"),
    [
        (
            (WISH, "Tuesday at 2:30.", "Alex Doe.", "No, thank you."),
            ("offer", "ask_name", "booked_tuesday", "goodbye"),
        ),
        (
            (WISH, "Thursday, the name is Sam Lee.", "Wait, Tuesday at 2:30 please.", "Bye."),
            ("offer", "booked_thursday", "booked_tuesday", "goodbye"),
        ),
        (
            ("Is this the dentist?", "Bananas.", "Bananas.", "Yes.", "Bananas.", "Bananas."),
            ("yes_this_is", "help", "offer", "which", "pardon", "reoffer"),
        ),
        (("Goodbye.",), ("not_booked",)),
        (("How much is it?", WISH), ("price", "offer")),
        ((WISH, "No, another time.", "No."), ("offer", "only_these", "not_booked")),
        ((WISH, "Goodbye."), ("offer", "not_booked")),
        ((WISH, "I need an appointment."), ("offer", "reoffer")),
        ((WISH, "Hold on please."), ("offer", "take_your_time")),
        (
            (WISH, "The first one.", "Thursday at four works.", "Sure.", "Sam Lee.", "Good-bye."),
            ("offer", "ask_name", "ask_name", "pardon", "booked_thursday", "goodbye"),
        ),
        ((WISH, "The first one.", "Goodbye."), ("offer", "ask_name", "not_booked")),
        ((WISH, "The first one.", "Just a moment."), ("offer", "ask_name", "take_your_time")),
        (
            (WISH, "The first one.", "Sure.", "Okay."),
            ("offer", "ask_name", "pardon", "ask_name"),
        ),
        (
            (WISH, "The first one.", "Alex Doe", "Where are you located?", "Hmm.", "Hmm."),
            ("offer", "ask_name", "booked_tuesday", "address", "pardon", "goodbye"),
        ),
    ],
)
def test_conversations(texts: tuple[str, ...], answers: tuple[str, ...]) -> None:
    """Each conversation goes as told."""
    a_desk, _ = desk()
    assert tuple(lines(a_desk, *texts)) == answers


def test_a_read_back_is_agreed_to_or_put_right() -> None:
    """The booked time read back gets a plain yes, another offered time is booked instead."""
    a_desk, record = desk()
    lines(a_desk, WISH, "Tuesday at 2:30.", "Alex Doe.")
    assert lines(a_desk, "So that is Tuesday at 2:30, correct?") == ["that_is_right"]
    assert lines(a_desk, "So that is Thursday at 4 pm, correct?") == ["booked_thursday"]
    assert record.booked == {"day": "Thursday", "time": "16:00", "name": "Alex Doe"}
    assert lines(a_desk, "So that is Thursday at 4 pm, correct?") == ["that_is_right"]


def test_the_morning_offer() -> None:
    """One time is taken by a plain yes, asked again after a vague word, refused once or twice."""
    a_desk, record = desk("emma", morning=True)
    assert lines(a_desk, WISH, "Yes please.", "Alex Doe") == [
        "offer_morning",
        "ask_name",
        "booked_wednesday",
    ]
    assert record.booked == {"day": "Wednesday", "time": "09:15", "name": "Alex Doe"}
    other, _ = desk("emma", morning=True)
    assert lines(other, WISH, "Do you have an afternoon? Not good.", "No.") == [
        "offer_morning",
        "only_morning",
        "not_booked",
    ]


def test_a_speaker_without_the_answer_has_no_idea() -> None:
    """Only some receptionists know the price."""
    a_desk, _ = desk("michael")
    assert lines(a_desk, "How much is it?") == ["no_idea"]


def test_an_interruption_is_followed_by_what_was_being_said() -> None:
    """After an interruption that was not understood the offer comes again, not a pardon."""
    a_desk, _ = desk()
    lines(a_desk, WISH)
    assert a_desk.answer(Reply(text="Bananas.", interrupted=True)) == "reoffer"
    lines(a_desk, "The first one.", "Alex Doe")
    assert a_desk.answer(Reply(text="Bananas.", interrupted=True)) == "pardon"


def test_the_desk_gives_up_at_last() -> None:
    """Seven misunderstandings in a row end the conversation."""
    a_desk, _ = desk()
    answers = lines(a_desk, *["Bananas."] * 8)
    assert answers[-1] not in FINAL_LINES or "give_up" in answers
    assert "give_up" in answers


SENTENCES = st.sampled_from(
    [
        WISH,
        "Tuesday please.",
        "Thursday at four.",
        "Alex Doe.",
        "The name is Sam Lee.",
        "Yes.",
        "No.",
        "Hold on.",
        "Bananas.",
        "Goodbye.",
        "How much is it?",
        "",
    ]
)


@given(st.lists(st.tuples(SENTENCES, st.booleans()), max_size=30), st.booleans())
def test_every_answer_is_a_line_that_the_speaker_has(
    turns: list[tuple[str, bool]], morning: bool
) -> None:
    """Whatever is heard, the desk answers with an existing clip, and books only with a name."""
    speaker = "emma" if morning else "fenrir"
    a_desk, record = desk(speaker, morning=morning)
    for text, interrupted in turns:
        line = a_desk.answer(Reply(text=text, interrupted=interrupted))
        assert line in LINES[speaker]
        if line in FINAL_LINES:
            break
    assert (record.booked is not None) == (a_desk.stage is Stage.BOOKED)
    assert record.booked is None or record.booked["name"]
