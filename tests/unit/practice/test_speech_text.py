"""Sentences and telephone numbers before they are spoken."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendeep.practice.speech_text import sentences, spell_numbers


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("Call +14155550113.", "Call plus one, four one five, five five five, zero one one three."),
        ("(415) 555-0113", "(four one five, five five five, zero one one three"),
        ("555-0113", "five five five, zero one one three"),
        ("It is 2:30 on 24 11 2026", "It is 2:30 on two four, one one, two zero two six"),
        ("12 3 45", "12 3 45"),
        ("Order 12345678901234567890", "Order 12345678901234567890"),
        ("At 2:30 for 95 dollars", "At 2:30 for 95 dollars"),
    ],
)
def test_numbers_are_spelled(text: str, spoken: str) -> None:
    """Telephone numbers are read digit by digit in groups; other numbers stay."""
    assert spell_numbers(text) == spoken


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Hello. How are you? Fine!", ["Hello.", "How are you?", "Fine!"]),
        ("Dr. Smith lives on St. John at 3 p.m. today.", None),
        ("One.\nTwo", ["One.", "Two"]),
        ("", []),
    ],
)
def test_sentences(text: str, parts: list[str] | None) -> None:
    """A text is cut at the ends of sentences, and not after abbreviations."""
    assert sentences(text) == ([text] if parts is None else parts)


def test_long_sentences_are_cut_at_clauses() -> None:
    """A very long sentence becomes several parts at its commas."""
    text = ", ".join(["a clause of some length that goes on"] * 12)
    parts = sentences(text)
    assert len(parts) > 1
    assert all(len(part) <= 220 for part in parts)
    assert " ".join(parts) == text


@given(text=st.text(max_size=300))
def test_no_word_is_lost(text: str) -> None:
    """Cutting a text keeps every visible character, in order, but closing quotes at an end."""
    marks = str.maketrans("", "", "\"\u201d\u2019')]")
    kept = "".join("".join(sentences(text)).split()).translate(marks)
    assert kept == "".join(text.split()).translate(marks)
