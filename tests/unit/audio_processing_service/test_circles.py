"""Talks that lead nowhere, and talks that do."""

import pytest

from opendeep.audio_processing_service.circles import (
    FAREWELLS_MOST,
    REMEMBERED,
    SHORT_MOST,
    Circles,
)
from opendeep.common.data_models import Speaker


def test_a_callee_who_only_repeats() -> None:
    """The fourth time is one too many, also with other words of the AI between and a word off."""
    circles = Circles()
    for number in range(3):
        assert not circles.said(Speaker.CALLEE, "We are the best pizza place in the town.")
        assert not circles.said(Speaker.AI, f"I would like to ask question {number}.")
    assert circles.said(Speaker.CALLEE, "we are the best pizza place in town")


def test_what_was_said_long_ago() -> None:
    """A repetition counts within the callee's last dozen turns alone."""
    circles = Circles()
    for round_number in range(4):
        assert not circles.said(Speaker.CALLEE, "What did you say your name was?")
        for number in range(REMEMBERED):
            assert not circles.said(
                Speaker.CALLEE, f"item{'x' * number} of {'y' * round_number}z a"
            )


@pytest.mark.parametrize("text", ["Yes.", "Mm-hm.", "Right, right.", "No."])
def test_short_answers_repeat_in_any_talk(text: str) -> None:
    """A callee may say yes as often as they are asked."""
    circles = Circles()
    assert not any(circles.said(Speaker.CALLEE, text) for _ in range(20))


@pytest.mark.parametrize(
    "text",
    [
        "Yes, that's correct.",
        "Ja, das ist richtig.",
        "Sí, es correcto.",
        "No, I don't think so.",
    ],
)
def test_a_list_is_confirmed_in_the_same_words(text: str) -> None:
    """Who is asked about one detail after the other may answer each alike."""
    circles = Circles()
    assert not any(circles.said(Speaker.CALLEE, text) for _ in range(20))


@pytest.mark.parametrize("text", ["One moment, please.", "Sorry, could you repeat that?"])
def test_few_words_are_said_again(text: str) -> None:
    """A polite receptionist is not hung up on; who says nothing else any more is."""
    circles = Circles()
    assert not any(circles.said(Speaker.CALLEE, text) for _ in range(SHORT_MOST))
    assert circles.said(Speaker.CALLEE, text)


def test_a_queue_repeats_itself() -> None:
    """Announcements are no talk: the hold has its own bound."""
    circles = Circles()
    words = "All of our agents are busy. Please stay on the line."
    assert not any(circles.said(Speaker.CALLEE, words) for _ in range(20))


def test_two_machines_that_never_part() -> None:
    """Thanks and goodbyes may go to and fro seven times, whatever their words."""
    circles = Circles()
    lines = [(Speaker.AI, "Thank you, goodbye."), (Speaker.CALLEE, "You are welcome, bye bye.")]
    for number in range(FAREWELLS_MOST):
        speaker, text = lines[number % 2]
        assert not circles.said(speaker, f"{text} {'again ' * number}")
        assert not circles.said(Speaker.SYSTEM, "The AI pressed 1.")
    assert circles.said(Speaker.CALLEE, "Thanks!")


def test_thanks_amid_a_talk() -> None:
    """A line without thanks begins the count anew."""
    circles = Circles()
    for number in range(6):
        assert not circles.said(Speaker.AI, f"Thanks. And what about {'so ' * number}Tuesday?")
        assert not circles.said(Speaker.CALLEE, f"At {number} o'clock we have {'x' * number}.")
