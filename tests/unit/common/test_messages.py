"""Bus messages and identifiers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from opendeep.common import ids, messages
from opendeep.common.ids import CallId, UserId
from opendeep.common.messages import MESSAGE_ADAPTER, AudioChunk, GiveAnswer, SendDtmf


@given(st.text(alphabet="0123456789*#ABCDw", min_size=1, max_size=32))
def test_dtmf_takes_keys(digits: str):
    """Every string of up to 32 keys is accepted and survives the wire."""
    message = SendDtmf(digits=digits)

    assert MESSAGE_ADAPTER.validate_json(message.model_dump_json()) == message


@pytest.mark.parametrize("digits", ["", "1" * 33, "x", "1\r\n", "\uff11"])
def test_dtmf_refuses_the_rest(digits: str):
    """No key, too many keys and anything that is not a key are refused."""
    with pytest.raises(ValidationError):
        SendDtmf(digits=digits)


def test_messages_are_told_apart_by_type():
    """The adapter gives back the class that was sent."""
    answer = GiveAnswer(tool_call_id="c1", answer=None)

    assert MESSAGE_ADAPTER.validate_python(answer.model_dump()) == answer
    assert AudioChunk(side="ai", mulaw=b"\xff").mulaw == b"\xff"


def test_channels_name_their_call():
    """Channel names carry the id that DESIGN gives them."""
    call_id = CallId("c")

    assert messages.call_commands(call_id) == "call_commands:c"
    assert messages.voice_commands(call_id) == "voice_commands:c"
    assert messages.call_events(call_id) == "call_events:c"
    assert messages.call_audio(call_id) == "call_audio:c"
    assert messages.user_events(UserId(7)) == "user_events:7"


def test_channel_ids_go_both_ways():
    """A call's channel id leads back to the call, and a foreign channel to none."""
    call_id = ids.new_call_id()

    assert ids.call_id_of_channel(ids.channel_id(call_id)) == call_id
    assert ids.call_id_of_channel("1700000000.12") is None
    assert call_id == call_id.lower()
    assert ids.new_chat_session_id() != ids.new_chat_session_id()
