"""What is dialled for a number, and what never is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendeep.call_processor_service.dialing import DialConfig, DialTarget, dial_target
from opendeep.common.errors import InvalidInputError


@pytest.mark.parametrize(
    ("number_format", "dialled"),
    [("e164", "+12125550100"), ("digits", "12125550100"), ("national", "2125550100")],
)
def test_numbers_are_formatted(number_format: str, dialled: str) -> None:
    """Each format fills the template with its own form."""
    config = DialConfig(template="PJSIP/{number}@carrier", number_format=number_format)  # type: ignore[arg-type]
    target = dial_target("+12125550100", config)
    assert target == DialTarget(f"PJSIP/{dialled}@carrier", dialled)


def test_test_mode_redirects_every_number() -> None:
    """In Test Mode even an unusable number becomes the redirect number."""
    config = DialConfig(test_mode=True, redirect_number="7001")
    assert dial_target("nonsense", config) == DialTarget("PJSIP/7001", "7001")


@pytest.mark.parametrize(
    "number", ["12125550100", "+1", "+0212555010", "+1212555010x", "+1212,5550", "+1212&5550100"]
)
def test_other_numbers_are_refused(number: str) -> None:
    """Nothing but E.164 is dialled."""
    with pytest.raises(InvalidInputError):
        dial_target(number, DialConfig())


def test_a_number_of_no_country_has_no_national_form() -> None:
    """A country code that does not exist is refused where the country matters."""
    with pytest.raises(InvalidInputError):
        dial_target("+999123456789", DialConfig(number_format="national"))


@pytest.mark.parametrize(
    "config",
    [
        DialConfig(template="PJSIP/trunk"),
        DialConfig(template="PJSIP/{number}@a&PJSIP/b"),
        DialConfig(template="{number}"),
        DialConfig(test_mode=True, redirect_number="7000&1"),
        DialConfig(test_mode=True, redirect_number="911"),
        DialConfig(test_mode=True, redirect_number="9112"),
    ],
)
def test_other_templates_are_refused(config: DialConfig) -> None:
    """A template is one channel with the number in it."""
    with pytest.raises(InvalidInputError):
        dial_target("+12125550100", config)


@given(st.text(max_size=20))
def test_a_channel_is_made_of_safe_characters(number: str) -> None:
    """Whatever the text, either it is refused or only digits reach the channel."""
    try:
        target = dial_target(number, DialConfig(number_format="digits"))
    except InvalidInputError:
        return
    assert target.number.isascii()
    assert target.number.isdigit()
