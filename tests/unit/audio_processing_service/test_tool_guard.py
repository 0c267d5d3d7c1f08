"""What a voice AI's functions may not do: too much, and giving secrets away as keys."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendeep.audio_processing_service.tool_guard import CALLS_A_MINUTE, MINUTE_MS, ToolGuard
from opendeep.common.errors import InvalidInputError

FACTS = '<task>{"facts": {"policy": "123 45-6789", "order": "90000000000017"}}</task>'


@pytest.mark.parametrize(
    "keys",
    [
        "4111111111111111", "4111w1111w1111w1111#", "378282246310005", "5555555555554444",
        "12345678901234", "078051120", "078w05w1120#", "6011111111111117",
    ],
)  # fmt: skip
def test_secrets_are_not_pressed(keys: str) -> None:
    """Cards, long numbers that the user did not give, and social security numbers are refused."""
    with pytest.raises(InvalidInputError, match="must not be given away"):
        ToolGuard(FACTS).check_keys(keys, 0)


@pytest.mark.parametrize(
    "keys", ["2", "1#", "*0w5", "5550142", "12125550142", "000000000", "12345678"]
)
def test_menus_and_numbers_are_pressed(keys: str) -> None:
    """Choices, extensions and telephone numbers pass."""
    ToolGuard(FACTS).check_keys(keys, 0)


def test_what_the_user_gave_is_pressed() -> None:
    """Digits of the task's facts pass, however they are written there."""
    guard = ToolGuard(FACTS)
    guard.check_keys("123456789", 0)
    guard.check_keys("90000000000017", 60_000)


def test_a_secret_in_pieces() -> None:
    """A card number that is pressed piece by piece is never completed; pauses begin anew."""
    guard = ToolGuard("")
    for piece, at_ms in (("4111", 0), ("1111", 5000), ("1111", 10_000)):
        guard.check_keys(piece, at_ms)
    with pytest.raises(InvalidInputError):
        guard.check_keys("1111", 15_000)
    guard.check_keys("1111", 60_000)


def test_thirty_functions_a_minute() -> None:
    """The thirty-first within a minute is refused, and the first after it passes again."""
    guard = ToolGuard("")
    for number in range(CALLS_A_MINUTE):
        guard.check_rate(number * 1000)
    with pytest.raises(InvalidInputError, match="within a minute"):
        guard.check_rate(30_000)
    assert guard.refused == 1
    guard.check_rate(MINUTE_MS)


@given(st.lists(st.integers(0, 5000), max_size=200))
def test_never_more_than_thirty(gaps: list[int]) -> None:
    """Whatever the pace, no minute holds more than thirty."""
    guard = ToolGuard("")
    passed: list[int] = []
    now_ms = 0
    for gap in gaps:
        now_ms += gap
        try:
            guard.check_rate(now_ms)
        except InvalidInputError:
            continue
        passed.append(now_ms)
        assert sum(now_ms - at_ms < MINUTE_MS for at_ms in passed) <= CALLS_A_MINUTE
