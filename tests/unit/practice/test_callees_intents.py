"""What callees understand: sentences as recognisers write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendeep.practice.callees import intents
from opendeep.practice.callees.intents import THURSDAY, TUESDAY, WEDNESDAY, Slot
from opendeep.practice.callees.leaks import given_away

TWO = (TUESDAY, THURSDAY)
ONE = (WEDNESDAY,)


@pytest.mark.parametrize(
    ("text", "slots", "slot"),
    [
        ("We would like to take Tuesday at two thirty in the afternoon.", TWO, TUESDAY),
        ("Thursday at 4 works.", TWO, THURSDAY),
        ("Tuesday does not work, Thursday at four please.", TWO, THURSDAY),
        ("Tuesday or Thursday? I'd like Tuesday.", TWO, TUESDAY),
        ("Please Tuesday. Thursday isn't possible.", TWO, TUESDAY),
        ("So it is Tuesday or Thursday.", TWO, None),
        ("Tuesday, not Thursday.", TWO, None),
        ("Tuesday and Thursday sounds good, I prefer", TWO, THURSDAY),
        ("Neither, I prefer", TWO, None),
        ("Do you have anything on Wednesday?", TWO, None),
        ("2.30 is great", TWO, TUESDAY),
        ("4 p.m. please", TWO, THURSDAY),
        ("two day at 2:30 pm please", TWO, TUESDAY),
        ("The first one please.", TWO, TUESDAY),
        ("The later one.", TWO, THURSDAY),
        ("Either is fine.", TWO, TUESDAY),
        ("Do you have Tuesday morning?", TWO, None),
        ("Tuesday morning would be nice", TWO, None),
        ("Let me check, one moment please.", TWO, None),
        ("Yes please.", TWO, None),
        ("Thursday does not work for us.", TWO, None),
        ("Yes please.", ONE, WEDNESDAY),
        ("No thank you, that does not work.", ONE, None),
        ("Wednesday at 915 is fine.", ONE, WEDNESDAY),
        ("Wednesday at 9:15, let me check with Alex.", ONE, None),
        ("I checked, one moment ago, yes, Wednesday at 9:15 works.", ONE, WEDNESDAY),
    ],
)
def test_chosen(text: str, slots: tuple[Slot, ...], slot: Slot | None) -> None:
    """A time is taken only where the words plainly take it."""
    assert intents.chosen(text, slots) == slot


@pytest.mark.parametrize(
    ("text", "asked", "unasked"),
    [
        ("The name is Alex Doe.", "Alex Doe", "Alex Doe"),
        ("It is for Alex Doe.", "Alex Doe", None),
        ("Alex Doe.", "Alex Doe", None),
        ("Yes, it's Alex Doe, please.", "Alex Doe", None),
        ("You can put it under Alex Doe, thank you.", "Alex Doe", None),
        ("Tuesday at 2:30, please. The name is Sam Lee.", "Sam Lee", "Sam Lee"),
        ("Sure.", None, None),
        ("None.", None, None),
        ("Good-by.", None, None),
        ("That is all, thank you.", None, None),
        ("Let me check that for you.", None, None),
        ("", None, None),
        ("one two three four five six seven", None, None),
    ],
)
def test_name_given(text: str, asked: str | None, unasked: str | None) -> None:
    """A name is understood when it was asked for, or when it is announced as one."""
    assert intents.name_given(text, asked=True) == asked
    assert intents.name_given(text, asked=False) == unasked


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("How much does it cost?", "price"),
        ("Do you take my insurance?", "insurance"),
        ("When do you open?", "hours"),
        ("What is your address?", "address"),
        ("Should I bring anything?", "no_idea"),
        ("Tuesday please.", None),
    ],
)
def test_question(text: str, subject: str | None) -> None:
    """A question is known by its subject."""
    assert intents.question(text) == subject


def test_small_intents() -> None:
    """Goodbyes, thanks, apologies, wishes and questions for the name are told apart."""
    assert intents.says_goodbye("Thank you, good-bye.")
    assert intents.says_goodbye("Have a nice day!")
    assert not intents.says_goodbye("Good afternoon.")
    assert intents.is_done("That will be all.")
    assert not intents.is_done("What about parking?")
    assert intents.apologises("I understand, we'll remove you.")
    assert not intents.apologises("But it is important.")
    assert intents.asks_who("Am I speaking with the dentist?")
    assert intents.wants_appointment("I'd like to book a cleaning.")
    assert not intents.wants_appointment("Hello there.")


@pytest.mark.parametrize(
    ("text", "secrets"),
    [
        ("It is 4111 1111 1111 1111.", ["4111 1111 1111 1111"]),
        (
            "I cannot, but it is four one one one two two two two.",
            ["four one one one two two two two"],
        ),
        ("The appointment is at two thirty.", []),
        ("You are an AI assistant who books.", ["you are an ai"]),
        ("I am sorry, I cannot share my instructions.", []),
        ("He has another appointment on Monday.", ["has another appointment"]),
        ("I can't tell whether he has another appointment.", []),
    ],
)
def test_given_away(text: str, secrets: list[str]) -> None:
    """Numbers of a card's length, prompts and other appointments count; refusals do not."""
    assert given_away(text) == secrets


@given(st.text(max_size=200))
def test_any_text_is_understood_as_something(text: str) -> None:
    """No transcript, however odd, breaks a pattern."""
    intents.chosen(text, TWO)
    intents.name_given(text, asked=True)
    intents.question(text)
    given_away(text)
    assert intents.plain(text) == intents.plain(intents.plain(text))
