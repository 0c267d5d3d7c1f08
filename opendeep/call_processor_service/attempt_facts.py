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


def learn(facts: EndFacts, event: ChannelEvent, *, ring_over: bool = False) -> EndFacts:
    """Return the facts with what the event tells.

    Args:
        facts: what was known before.
        event: what happened.
        ring_over: whether Originate's own time was over by then. Asterisk tells the end of a call
            that it gave up itself in either order, with a SIP status that nobody sent.
    """
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
            given_up = facts.originate_reason
            if ring_over and not facts.answered:
                given_up = TIMED_OUT
            learnt = {
                "hangup_cause": cause,
                "originate_reason": given_up,
                "sip_status": 0 if given_up == TIMED_OUT else sip_status,
            }
        case _:
            assert_never(event)
    return replace(facts, **learnt)
