"""Numbers that save lives: known here once, for whoever is about to have one dialled. Pure."""

from functools import lru_cache

import phonenumbers
from phonenumbers import shortnumberinfo

_LIFELINES = frozenset({"988", "933", "116123", "116111", "116117", "116000", "116006"})
"""Crisis and social lines, and the number that tests emergency calls."""
_BEHIND_NINE = frozenset({"911", "112", "999", "000", "988", "933"})
_OUTSIDE_LINE = "9"


@lru_cache(maxsize=10_000)
def is_emergency(digits: str) -> bool:
    """Tell whether digits alone reach an emergency or crisis line, in any country of the world.

    The best known count also behind the 9 that takes an outside line.
    """
    if digits in _LIFELINES or digits.removeprefix(_OUTSIDE_LINE) in _BEHIND_NINE:
        return True
    return any(
        shortnumberinfo.is_emergency_number(digits, region)
        for region in phonenumbers.SUPPORTED_REGIONS
    )
