"""What events add to the facts of an attempt."""

import pytest

from opendeep.call_processor_service.attempt_facts import learn
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


@pytest.mark.parametrize(
    ("event", "facts"),
    [
        (ChannelMade("PJSIP/a-1"), EndFacts()),
        (TransferDialled("BUSY"), EndFacts()),
        (ChannelRang(), EndFacts(rang=True)),
        (ChannelProgressed(), EndFacts(progressed=True)),
        (ChannelAnswered(), EndFacts(answered=True)),
        (DialEnded("BUSY"), EndFacts(dial_status="BUSY")),
        (OriginateFailed(5), EndFacts(originate_reason=5)),
        (ChannelHungUp(21, "Call Rejected", 603), EndFacts(hangup_cause=21, sip_status=603)),
    ],
)
def test_each_event_adds_its_fact(event: ChannelEvent, facts: EndFacts) -> None:
    """One event, one fact; what a transfer dials says nothing about the call itself."""
    assert learn(EndFacts(), event) == facts


def test_a_status_after_our_own_time_out_is_nobody_s() -> None:
    """Asterisk writes a 480 into the Hangup of a call that it gave up itself."""
    timed_out = learn(EndFacts(rang=True), OriginateFailed(TIMED_OUT))
    assert learn(timed_out, ChannelHungUp(19, "", 480)).sip_status == 0


def test_an_end_after_our_own_time_needs_no_word_of_originate() -> None:
    """Hangup may come before OriginateResponse: then the time itself tells who gave up."""
    ended = learn(EndFacts(), ChannelHungUp(19, "", 480), ring_over=True)
    assert (ended.originate_reason, ended.sip_status) == (TIMED_OUT, 0)
    talked = learn(EndFacts(answered=True), ChannelHungUp(16, ""), ring_over=True)
    assert talked.originate_reason is None
