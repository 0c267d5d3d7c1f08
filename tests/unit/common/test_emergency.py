"""Which digits reach an emergency or crisis line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendeep.common.emergency import is_emergency

EMERGENCY = (
    "911 9911 112 9112 999 9999 000 9000 110 119 15 17 18 113 122 190 988 9988 933 "
    "116123 116117 1669 10111"
)


@pytest.mark.parametrize(
    "digits",
    EMERGENCY.split(),
)
def test_emergency_numbers_of_the_world(digits: str) -> None:
    """Each country's own count everywhere, and the best known also behind an outside-line 9."""
    assert is_emergency(digits)


@pytest.mark.parametrize("digits", ["7000", "7001", "200", "4711", "", "12125550100", "9110000"])
def test_ordinary_digits(digits: str) -> None:
    """Extensions and whole numbers do not."""
    assert not is_emergency(digits)


@given(st.text(max_size=12))
def test_any_text_is_judged(text: str) -> None:
    """Any text gets an answer."""
    assert is_emergency(text) in {True, False}
