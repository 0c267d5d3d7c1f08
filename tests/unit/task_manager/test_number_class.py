"""Which numbers are never dialled, and where a number may ring."""

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendeep.task_manager.number_class import (
    TOLL_FRAUD_REGIONS,
    candidate_zones,
    number_fault,
)


@pytest.mark.parametrize(
    ("number", "rule"),
    [
        ("911", "number.emergency"),
        ("112", "number.emergency"),
        ("999", "number.emergency"),
        ("000", "number.emergency"),
        ("988", "number.emergency"),
        ("9911", "number.emergency"),
        ("110", "number.emergency"),
        ("119", "number.emergency"),
        ("933", "number.emergency"),
        ("+44999", "number.emergency"),
        ("+49116117", "number.emergency"),
        ("+1911", "number.emergency"),
        ("+1988", "number.emergency"),
        ("+33112", "number.emergency"),
        ("+19005550100", "number.premium"),
        ("+12129765555", "number.premium"),
        ("+447012345678", "number.premium"),
        ("+491805123456", "number.premium"),
        ("+12115550100", "number.service_code"),
        ("+19115550100", "number.service_code"),
        ("+12129115555", "number.service_code"),
        ("+12125551212", "number.service_code"),
        ("+18092345678", "number.toll_fraud"),
        ("+18762345678", "number.toll_fraud"),
        ("+14734072345", "number.toll_fraud"),
        ("+5371234567", "number.toll_fraud"),
        ("+870773111632", "number.satellite"),
        ("+881612345678", "number.satellite"),
        ("+88213300000", "number.satellite"),
        ("+88312345678", "number.satellite"),
        ("+97912345678", "number.satellite"),
        ("+1212555010", "number.invalid"),
        ("+15555555555", "number.invalid"),
        ("+99955501000", "number.invalid"),
        ("7000", "number.not_e164"),
        ("2125550100", "number.not_e164"),
        ("+1 212 555 0100", "number.not_e164"),
        ("+12125550100\n", "number.not_e164"),
        ("+1212555\u0660100", "number.not_e164"),
        ("tel:+12125550100", "number.not_e164"),
        ("", "number.not_e164"),
    ],
)
def test_refused_numbers(number: str, rule: str) -> None:
    """Emergency, costly, impossible and badly written numbers are refused by their rule."""
    fault = number_fault(number)
    assert fault is not None
    assert fault.rule_id == rule
    assert fault.message


@pytest.mark.parametrize(
    "number",
    ["+12125550100", "+12125550199", "+13035550113", "+442079460000", "+80012345678"],
)
def test_ordinary_numbers(number: str) -> None:
    """Ordinary, fictional and free-phone numbers may be dialled."""
    assert number_fault(number) is None


@given(st.integers(200, 999), st.integers(0, 99))
def test_every_fictional_number_but_premium_and_service(area: int, last: int) -> None:
    """The fictional range is open in every area code but 900, 976 and N11."""
    refused = area in {900, 976} or area % 100 == 11
    assert (number_fault(f"+1{area}55501{last:02}") is not None) is refused


@given(st.text(max_size=30))
def test_any_text_is_judged(text: str) -> None:
    """Any text gets a judgement, and only E.164 passes."""
    if number_fault(text) is None:
        assert text.startswith("+")
        assert text[1:].isascii()
        assert text[1:].isdigit()


@pytest.mark.parametrize(
    ("number", "countries", "rule"),
    [
        ("+18762345678", "JM", None),
        ("+18762345678", "US CA", "number.country"),
        ("+442079460000", "US CA", "number.country"),
        ("+442079460000", "GB", None),
        ("+80012345678", "US", None),
        ("+447012345678", "GB", "number.premium"),
        ("+12125550100", "GB", None),
    ],
)
def test_an_installation_names_its_countries(number: str, countries: str, rule: str | None) -> None:
    """Countries that are named may be called and no others; free-phone and fiction always."""
    fault = number_fault(number, frozenset(countries.split()))
    assert (fault and fault.rule_id) == rule


def test_toll_fraud_regions_are_known() -> None:
    """A misspelt country would open its door."""
    assert set(phonenumbers.SUPPORTED_REGIONS) >= TOLL_FRAUD_REGIONS


def test_zones_of_a_number() -> None:
    """A city's number has its zone, a free-phone number has many, nonsense has none."""
    assert candidate_zones("+12125550100") == ("America/New_York",)
    assert len(candidate_zones("+18005550100")) > 10
    assert candidate_zones("+12115550100") == ()
    assert candidate_zones("nonsense") == ()
