"""What a voice AI's functions may not do, whoever talked it into it: too much, and secrets as keys.

Keys are words that no transcript shows, so what is pressed is looked at, in one piece or in
several: thirteen digits and more, or nine in the shape of a social security number, are refused
unless the user gave them for this call; a card number (by its first and its check digit) is refused
in any case. A star or hash ends a number. Pure; times are ms of any clock.
"""

import re
from typing import Final

from opendeep.common.errors import InvalidInputError

CALLS_A_MINUTE: Final = 30
MINUTE_MS: Final = 60_000
TOGETHER_MS: Final = 30_000
"""Keys that follow each other within so long may be one number."""
_CARD: Final = range(13, 20)
_SOCIAL_SECURITY: Final = re.compile(r"(?!000|666|9\d\d)\d{3}(?!00)\d{2}(?!0000)\d{4}")
_CARD_BEGIN: Final = re.compile(r"[3-6]|2[2-7]")
_DIGITS: Final = re.compile(r"\D+")
_KEPT: Final = 40


class ToolGuard:
    """Watches one call's functions.

    Args:
        instructions: what the AI was told; digits that stand there the user gave.

    Attributes:
        refused: how many calls came too fast.
    """

    def __init__(self, instructions: str) -> None:
        pieces = re.split(r"[^\d\s().+-]", instructions)
        self._given = [digits for piece in pieces if (digits := _DIGITS.sub("", piece))]
        self.refused = 0
        self._called_ms: list[int] = []
        self._pressed = ""
        self._pressed_ms = 0

    def check_rate(self, now_ms: int) -> None:
        """Count a function call.

        Raises:
            InvalidInputError: there were thirty within the last minute.
        """
        while self._called_ms and now_ms - self._called_ms[0] >= MINUTE_MS:
            del self._called_ms[0]
        if len(self._called_ms) >= CALLS_A_MINUTE:
            self.refused += 1
            raise InvalidInputError(
                "Too many functions were called within a minute. Talk, or end the call.",
                code="too_many_tool_calls",
            )
        self._called_ms.append(now_ms)

    def check_keys(self, keys: str, now_ms: int) -> None:
        """Look at keys before they are pressed.

        Raises:
            InvalidInputError: with those before, they are a number that must not be given away.
        """
        before = self._pressed if now_ms - self._pressed_ms <= TOGETHER_MS else ""
        first, *others = [_DIGITS.sub("", number) for number in re.split(r"[#*]", keys)]
        rows = [before + first, *others]
        if any(_ends_in_card(row) or self._is_secret(row) for row in rows):
            raise InvalidInputError(
                "These keys look like a card or social security number. They must not be given "
                "away. Say that you cannot, or choose another way.",
                code="secret_keys",
            )
        self._pressed = rows[-1][-_KEPT:]
        self._pressed_ms = now_ms

    def _is_secret(self, row: str) -> bool:
        shaped = len(row) >= _CARD.start or _SOCIAL_SECURITY.fullmatch(row) is not None
        return shaped and not any(row in given for given in self._given)


def _ends_in_card(row: str) -> bool:
    ends = (row[-size:] for size in _CARD if len(row) >= size)
    return any(_CARD_BEGIN.match(end) and _passes_luhn(end) for end in ends)


def _passes_luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value  # noqa: PLR2004 - the rule's own
    return total % 10 == 0
