"""Area codes of the states whose hours differ, against the data of ``phonenumbers``."""

import phonenumbers
import pytest
from phonenumbers import geocoder

from opendeep.task_manager.area_codes import AREA_CODES, state_of
from opendeep.task_manager.calling_hours_data import STATES

NAMES = {
    "AL": "Alabama", "CT": "Connecticut", "FL": "Florida", "KY": "Kentucky", "LA": "Louisiana",
    "MA": "Massachusetts", "MD": "Maryland", "MI": "Michigan", "MN": "Minnesota",
    "MS": "Mississippi", "NM": "New Mexico", "NV": "Nevada", "OK": "Oklahoma",
    "RI": "Rhode Island", "TX": "Texas", "WA": "Washington",
}  # fmt: skip


def test_every_state_of_the_pack_has_area_codes() -> None:
    """The two tables are about the same states; no area code is in two of them."""
    assert AREA_CODES.keys() == STATES.keys() == NAMES.keys()
    codes = " ".join(AREA_CODES.values()).split()
    assert len(codes) == len(set(codes))


def test_the_library_says_the_same() -> None:
    """Each area code is where ``phonenumbers`` has it, and each of the state's is here."""
    listed = {code: state for state, codes in AREA_CODES.items() for code in codes.split()}
    for area in range(200, 1000):
        number = phonenumbers.PhoneNumber(country_code=1, national_number=area * 10**7 + 2000000)
        found = geocoder.description_for_number(number, "en")
        states = {s for s, n in NAMES.items() if found == n or found.endswith(f", {s}")}
        if str(area) in listed and states:
            assert {listed[str(area)]} == states, area


@pytest.mark.parametrize(
    ("number", "state"),
    [
        ("+14015550100", "RI"),
        ("+12065550100", "WA"),
        ("+12125550100", None),
        ("+442065550100", None),
        ("+1", None),
        ("nonsense", None),
    ],
)
def test_state_of(number: str, state: str | None) -> None:
    """A number's state comes from its area code, and only behind +1."""
    assert state_of(number) == state
