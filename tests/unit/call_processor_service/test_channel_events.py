"""What each of Asterisk's events means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendeep.call_processor_service.ami_protocol import AmiMessage
from opendeep.call_processor_service.channel_events import (
    ChannelAnswered,
    ChannelEvent,
    ChannelHungUp,
    ChannelMade,
    ChannelProgressed,
    ChannelRang,
    DialEnded,
    OriginateFailed,
    TransferDialled,
    read_event,
)


@pytest.mark.parametrize(
    ("headers", "meaning"),
    [
        ({"Event": "Newchannel", "Channel": "PJSIP/a-1"}, ChannelMade("PJSIP/a-1")),
        ({"Event": "Newstate", "ChannelState": "5"}, ChannelRang()),
        ({"Event": "Newstate", "ChannelState": "6"}, ChannelAnswered()),
        ({"Event": "Newstate", "ChannelState": "3"}, None),
        ({"Event": "Status", "ChannelState": "6"}, ChannelAnswered()),
        ({"Event": "DialState", "DialStatus": "RINGING"}, ChannelRang()),
        ({"Event": "DialState", "DialStatus": "PROGRESS"}, ChannelProgressed()),
        ({"Event": "DialState", "DialStatus": "PROCEEDING"}, ChannelProgressed()),
        ({"Event": "DialState", "DialStatus": "FORWARD"}, None),
        (
            {"Event": "DialEnd", "Uniqueid": "od-a", "DestUniqueid": "1.2", "DialStatus": "BUSY"},
            TransferDialled("BUSY"),
        ),
        ({"Event": "DialEnd", "DialStatus": "Busy"}, DialEnded("BUSY")),
        ({"Event": "OriginateResponse", "Response": "Success"}, ChannelAnswered()),
        (
            {"Event": "OriginateResponse", "Response": "Failure", "Reason": "5"},
            OriginateFailed(5),
        ),
        ({"Event": "OriginateResponse", "Response": "Failure"}, OriginateFailed(0)),
        (
            {"Event": "Hangup", "Cause": "17", "Cause-txt": "User busy"},
            ChannelHungUp(17, "User busy"),
        ),
        ({"Event": "Hangup", "Cause": "-1"}, ChannelHungUp(0, "")),
        (
            {"Event": "Hangup", "Channel": "PJSIP/a-1", "Cause": "21", "TechCause": "603"},
            ChannelHungUp(21, "", 603),
        ),
        (
            {"Event": "Hangup", "Channel": "DAHDI/1-1", "Cause": "21", "TechCause": "603"},
            ChannelHungUp(21, ""),
        ),
        ({"Event": "VarSet"}, None),
        ({"Response": "Success"}, None),
    ],
)
def test_events_mean(headers: dict[str, str], meaning: ChannelEvent | None) -> None:
    """Each event says one thing, or nothing."""
    assert read_event(AmiMessage.of(*headers.items())) == meaning


@given(
    st.sampled_from(["Newstate", "Hangup", "OriginateResponse", "DialEnd", "Newchannel"]),
    st.dictionaries(st.sampled_from(["ChannelState", "Cause", "Reason", "Response"]), st.text()),
)
def test_odd_values_are_no_error(name: str, headers: dict[str, str]) -> None:
    """Whatever Asterisk writes into a value, reading it does not fail."""
    read_event(AmiMessage.of(("Event", name), *headers.items()))
