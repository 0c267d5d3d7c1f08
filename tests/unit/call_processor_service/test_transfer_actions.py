"""What is sent to Asterisk to hand a callee over."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendeep.call_processor_service import transfer_actions
from opendeep.common.errors import InvalidInputError

CHANNEL = "PJSIP/trunk-00000001"


def test_the_actions_say_what_asterisk_needs() -> None:
    """Each action names its channel and its one purpose."""
    dial = transfer_actions.set_dial_string(CHANNEL, "PJSIP/+12125550100@trunk")
    assert dict(dial.headers) == {
        "Channel": CHANNEL,
        "Variable": "OPENDEEP_TRANSFER_TO",
        "Value": "PJSIP/+12125550100@trunk",
    }
    mark = transfer_actions.set_number(CHANNEL, transfer_actions.HANDED_OVER, "")
    assert dict(mark.headers)["Value"] == ""
    redirect = transfer_actions.redirect_blind(CHANNEL)
    assert redirect.headers[1:] == (
        ("Context", "opendeep-transfer"),
        ("Exten", "blind"),
        ("Priority", "1"),
    )
    bridge = transfer_actions.bridge(CHANNEL, "odt-1")
    assert bridge.headers == (("Channel1", CHANNEL), ("Channel2", "odt-1"), ("Tone", "no"))
    limit = transfer_actions.absolute_timeout(CHANNEL, 60)
    assert limit.headers == (("Channel", CHANNEL), ("Timeout", "60"))


@pytest.mark.parametrize(
    "dial_string",
    [
        "PJSIP/1@trunk&PJSIP/2@trunk",
        "PJSIP/1@trunk,30,U(x)",
        "PJSIP/${SHELL(id)}",
        "PJSIP/1@trunk\r\nAction: Originate",
        "PJSIP",
        "",
    ],
)
def test_one_destination_without_options(dial_string: str) -> None:
    """A second number, an option of Dial, a function or a header never reaches Asterisk."""
    with pytest.raises(InvalidInputError):
        transfer_actions.set_dial_string(CHANNEL, dial_string)


@given(st.text())
def test_numbers_are_short_digits(value: str) -> None:
    """A variable is set to digits or to nothing."""
    try:
        action = transfer_actions.set_number(CHANNEL, transfer_actions.RING_SECONDS, value)
    except InvalidInputError:
        return
    assert dict(action.headers)["Value"].isascii()
    assert value == "" or value.isdigit()


@given(st.text(alphabet="&,\r\n\0 ${}()\"'", min_size=1))
def test_channels_hold_no_sign_that_asterisk_reads_otherwise(channel: str) -> None:
    """A channel's name is checked too, wherever it came from."""
    with pytest.raises(InvalidInputError):
        transfer_actions.redirect_blind(channel)
