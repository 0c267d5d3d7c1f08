"""Wishes in plain sentences, as far as rules read them."""

import pytest

from opendeep.practice.brain_goals import Goal, e164, read_goal, spoken_goal


def test_the_demo_sentence() -> None:
    """The sentence of the first page gives all facts of a booking."""
    goal = read_goal("Book me a dental cleaning at Bright Smile Dental next week, afternoons")
    assert goal == Goal(
        text="Book me a dental cleaning at Bright Smile Dental next week, afternoons",
        is_call=True,
        is_booking=True,
        service="dental cleaning",
        business="Bright Smile Dental",
        days="next week",
        time="afternoons",
    )
    assert goal.query == "Bright Smile Dental"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "call +14155550113 and ask whether they are open on Sunday",
            {"is_booking": False, "numbers": ("+14155550113",), "business": ""},
        ),
        ("call (415) 555-0116 and tell them I am late", {"numbers": ("+14155550116",)}),
        ("Call 911", {"numbers": ("911",), "is_call": True}),
        (
            "Call +14155550100 and +14155550107 and ask if they deliver",
            {"numbers": ("+14155550100", "+14155550107"), "business": ""},
        ),
        ("order a pizza", {"is_call": True, "is_booking": False, "query": "pizza"}),
        (
            "Please call City Library and ask what time they close today",
            {"business": "City Library", "is_booking": False},
        ),
        (
            "I need a haircut at corner hair studio on Tuesday or Thursday after 3 pm",
            {
                "is_booking": True,
                "business": "corner hair studio",
                "days": "Tuesday or Thursday",
                "time": "after 3 pm",
            },
        ),
        (
            "Reserve a table for two at Harbor Pizza tomorrow in the evening",
            {"is_booking": True, "days": "tomorrow", "time": "evening"},
        ),
        ("My name is Alex Doe", {"name": "Alex Doe", "is_call": False}),
        ("Book a cut for Sam Lee please", {"name": "Sam Lee"}),
        ("call someone", {"business": ""}),
        ("hi", {"is_call": False, "changes_something": False}),
        ("make it mornings instead", {"is_call": False, "changes_something": True}),
        ("Book an appointment", {"query": "Book an appointment"}),
    ],
)
def test_what_a_sentence_says(text: str, expected: dict[str, object]) -> None:
    """Numbers, businesses, days, times and names are found where they are plain."""
    goal = read_goal(text)
    assert {name: getattr(goal, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("text", "goal"),
    [
        ("call +14155550113 and ask whether it rains", "Ask whether it rains"),
        ("please call and order a pizza", "Order a pizza"),
        ("Call 911", "Call 911"),
        ("Ask if it rains. Call +14155550100.", "Ask if it rains."),
    ],
)
def test_the_goal_in_words(text: str, goal: str) -> None:
    """The number and the calling itself are left out of the goal."""
    assert spoken_goal(text) == goal


def test_numbers_are_made_e164() -> None:
    """North American numbers get their country code; an odd number keeps its digits."""
    assert e164("415-555-0113") == "+14155550113"
    assert e164("1 415 555 0113") == "+14155550113"
    assert e164("+44 20 7946 0000") == "+442079460000"
    assert e164("555-0113") == "5550113"
