"""Words and numbers of a transcript in one form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendeep.post_call_analyzer_service.spoken_numbers import (
    contains_words,
    digits,
    numbers,
    words,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Tuesday the twenty-fourth at two thirty", [24, 2, 30]),
        ("at 2:30 p.m.", [2, 30]),
        ("half past two", [30, 2]),
        ("quarter to three", [15, 3]),
        ("the 24th of November 2026", [24, 2026]),
        ("one hundred dollars, two thousand", [100, 2000]),
        ("hundred", []),
        ("noon", [12]),
        ("nothing here", []),
        ("thirty two", [32]),
        ("two zero two", [2, 0, 2]),
    ],
)
def test_numbers_are_read(text: str, expected: list[int]) -> None:
    """Numbers in digits and in English words come out alike."""
    assert numbers(text) == expected


def test_digits_run_together() -> None:
    """A phone number said digit by digit becomes one run."""
    assert digits("It's two one two, 555, oh one zero zero") == "2125550100"


def test_words_lose_case_and_punctuation() -> None:
    """Case, punctuation and kinds of apostrophe do not matter."""
    assert words("Don't — WE’RE “open”, really!") == ["dont", "were", "open", "really"]  # noqa: RUF001


def test_scripts_without_spaces_can_be_quoted_in_part() -> None:
    """A part of a sentence without spaces is found in it."""
    assert contains_words("我们星期二可以", "星期二")


def test_a_word_inside_a_word_is_no_quote() -> None:
    """A quote must match whole words."""
    assert not contains_words("I cannot do Tuesday", "can")


def test_an_empty_quote_is_in_nothing() -> None:
    """A quote without a word proves nothing."""
    assert not contains_words("Yes.", "...")


@given(st.text(max_size=60))
def test_every_text_contains_itself(text: str) -> None:
    """A text that has a word contains itself, however it is written."""
    assert contains_words(text, text) == bool(words(text))


@given(st.text(max_size=40), st.text(max_size=40))
def test_reading_never_fails(text: str, quote: str) -> None:
    """Any text can be read."""
    assert all(number >= 0 for number in numbers(text))
    assert all(letter.isdecimal() for letter in digits(text))
    assert contains_words(text, quote) in {True, False}
