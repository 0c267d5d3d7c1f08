"""Words and numbers of a transcript in one form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendeep.post_call_analyzer_service.spoken_numbers import (
    canonical,
    contains_words,
    digit_run,
    words,
)


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "Tuesday the twenty-fourth at two thirty", "tuesday the 24 at 2 30"),
        ("en", "at 2:30 p.m. or 4pm", "at clk2x30 pm or 4 pm"),
        ("en", "the 24th, 2026-12-01T14:30:00+01:00", "the 24 iso2026x12x01 clk14x30"),
        ("en", "one hundred twenty dollars, $1,250 or $12.50", "120 dollars 1250 or 12 50"),
        ("en", "oh, two oh five", "oh 2 0 5"),
        ("en", "hundred thousand", "100000"),
        ("de", "um halb drei, fünfundneunzig Euro, 14.30 Uhr", "um halb 3 95 euro clk14x30 uhr"),
        ("de", "am einunddreissigsten", "am 31"),
        ("es", "treinta y cinco, veintidós", "35 22"),
        ("fr", "quatre-vingt-quinze, seize heures trente, 14h30", "95 16 heures 30 clk14x30"),
        ("fi", "kaksi 14:30", "kaksi clk14x30"),
    ],
)
def test_numbers_are_written_as_digits(language: str, text: str, expected: str) -> None:
    """Numbers in digits and in the words of four languages come out alike."""
    assert canonical(text, language) == expected


def test_digits_run_together() -> None:
    """A phone number said digit by digit becomes one run."""
    assert digit_run("It's two one two, 555, oh one zero zero") == "2125550100"


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
    assert all(letter.isdecimal() for letter in digit_run(text))
    assert canonical(text).split() == canonical(text).lower().split()
    assert contains_words(text, quote) in {True, False}
