"""What an event of the channel adds to the facts of an attempt. Pure."""

from dataclasses import replace
from typing import Any, assert_never

from opendeep.call_processor_service.attempt_states import TIMED_OUT, EndFacts
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
)


def learn(facts: EndFacts, event: ChannelEvent) -> EndFacts:
    """Return the facts with what the event tells."""
    match event:
        case ChannelMade() | TransferDialled():
            learnt: dict[str, Any] = {}
        case ChannelRang():
            learnt = {"rang": True}
        case ChannelProgressed():
            learnt = {"progressed": True}
        case ChannelAnswered():
            learnt = {"answered": True}
        case DialEnded(status):
            learnt = {"dial_status": status}
        case OriginateFailed(reason):
            learnt = {"originate_reason": reason}
        case ChannelHungUp(cause, _, sip_status):
            # After its own time-out Asterisk writes a 480 there that nobody sent.
            timed_out = facts.originate_reason == TIMED_OUT
            learnt = {"hangup_cause": cause, "sip_status": 0 if timed_out else sip_status}
        case _:
            assert_never(event)
    return replace(facts, **learnt)
