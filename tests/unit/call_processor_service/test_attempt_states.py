"""Every state knows every input, and every end has a cause."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendeep.call_processor_service import attempt_states
from opendeep.call_processor_service.attempt_states import (
    AttemptInput,
    EndFacts,
    classify_end,
    next_status,
)
from opendeep.common.data_models import CallCause, CallStatus
from opendeep.common.errors import InvalidTransitionError

RANK = {status: rank for rank, status in enumerate(CallStatus)}

facts = st.builds(
    EndFacts,
    answered=st.booleans(),
    rang=st.booleans(),
    asked=st.none() | st.sampled_from(CallCause),
    hangup_cause=st.none() | st.integers(0, 130),
    dial_status=st.sampled_from(["", "ANSWER", "odd", *attempt_states.DIAL_STATUSES]),
    originate_reason=st.none() | st.integers(0, 10),
    progressed=st.booleans(),
    sip_status=st.sampled_from([0, 999, *attempt_states.SIP_STATUSES]),
)


@pytest.mark.parametrize("status", CallStatus)
@pytest.mark.parametrize("happening", AttemptInput)
def test_every_state_answers_every_input(status: CallStatus, happening: AttemptInput) -> None:
    """An input moves a call forward or not at all, or is refused by a typed error."""
    try:
        following = next_status(status, happening)
    except InvalidTransitionError as error:
        assert (error.state, error.event) == (status, happening)  # noqa: PT017
    else:
        assert RANK[following] >= RANK[status]


@given(st.lists(st.sampled_from(AttemptInput), max_size=12))
def test_nothing_is_sent_twice(happenings: list[AttemptInput]) -> None:
    """Whatever happens in whatever order, SEND is accepted at most once."""
    status, sent = CallStatus.INITIATING, 0
    for happening in happenings:
        try:
            status = next_status(status, happening)
        except InvalidTransitionError:
            continue
        sent += happening is AttemptInput.SEND
    assert sent <= 1
    assert (status in attempt_states.USED) == (sent == 1 and status.is_live)


@pytest.mark.parametrize(
    ("happenings", "status"),
    [
        ("send", CallStatus.ORIGINATING),
        ("send ring", CallStatus.RINGING),
        ("send ring answer", CallStatus.IN_PROGRESS),
        ("send answer ring", CallStatus.IN_PROGRESS),
        ("send ring answer answer end", CallStatus.ENDED),
        ("send lose", CallStatus.LOST),
    ],
)
def test_stories_end_where_they_should(happenings: str, status: CallStatus) -> None:
    """The usual stories, and the ones told out of order."""
    current = CallStatus.INITIATING
    for word in happenings.split():
        current = next_status(current, AttemptInput(word))
    assert current is status


@given(facts)
def test_every_end_has_a_cause(end: EndFacts) -> None:
    """The judgement is total, and what we asked for always wins."""
    cause = classify_end(end)
    assert isinstance(cause, CallCause)
    if end.asked is not None:
        assert cause is end.asked
    elif end.answered:
        assert cause in {CallCause.CALLEE_HUNG_UP, CallCause.EXCHANGE_FAILED}
    else:
        assert cause is not CallCause.CALLEE_HUNG_UP


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        (1, CallCause.UNALLOCATED),
        (22, CallCause.UNALLOCATED),
        (28, CallCause.UNALLOCATED),
        (3, CallCause.EXCHANGE_FAILED),
        (17, CallCause.BUSY),
        (18, CallCause.NO_ANSWER),
        (19, CallCause.NO_ANSWER),
        (21, CallCause.REJECTED),
        (34, CallCause.CONGESTION),
        (38, CallCause.CONGESTION),
        (42, CallCause.CONGESTION),
    ],
)
def test_network_causes_name_the_end(code: int, cause: CallCause) -> None:
    """A cause in Hangup goes before Dial's word and Originate's reason."""
    end = EndFacts(hangup_cause=code, dial_status="NOANSWER", originate_reason=5)
    assert classify_end(end) is cause


@pytest.mark.parametrize(
    ("end", "cause"),
    [
        (EndFacts(answered=True, hangup_cause=16), CallCause.CALLEE_HUNG_UP),
        (EndFacts(answered=True, hangup_cause=0), CallCause.CALLEE_HUNG_UP),
        (EndFacts(answered=True, hangup_cause=17), CallCause.CALLEE_HUNG_UP),
        (EndFacts(answered=True, hangup_cause=38), CallCause.EXCHANGE_FAILED),
        (EndFacts(hangup_cause=0, dial_status="busy"), CallCause.BUSY),
        (EndFacts(hangup_cause=16, dial_status="CANCEL"), CallCause.NO_ANSWER),
        (EndFacts(hangup_cause=0, dial_status="CHANUNAVAIL"), CallCause.EXCHANGE_FAILED),
        (EndFacts(originate_reason=5), CallCause.BUSY),
        (EndFacts(originate_reason=8), CallCause.CONGESTION),
        (EndFacts(rang=True, originate_reason=3), CallCause.NO_ANSWER),
        (EndFacts(progressed=True, originate_reason=3), CallCause.NO_ANSWER),
        (EndFacts(originate_reason=0), CallCause.EXCHANGE_FAILED),
        (EndFacts(rang=True, hangup_cause=127), CallCause.NO_ANSWER),
        (EndFacts(), CallCause.EXCHANGE_FAILED),
    ],
)
def test_vague_causes_leave_it_to_the_rest(end: EndFacts, cause: CallCause) -> None:
    """Where Hangup names nothing, Dial, then Originate, then the ringing decide."""
    assert classify_end(end) is cause


@pytest.mark.parametrize(
    ("sip_status", "hangup_cause", "cause"),
    [
        (480, 19, CallCause.REJECTED),
        (603, 21, CallCause.REJECTED),
        (403, 21, CallCause.REJECTED),
        (401, 21, CallCause.EXCHANGE_FAILED),
        (407, 21, CallCause.EXCHANGE_FAILED),
        (408, 18, CallCause.EXCHANGE_FAILED),
        (404, 1, CallCause.UNALLOCATED),
        (486, 17, CallCause.BUSY),
        (500, 38, CallCause.CONGESTION),
        (504, 102, CallCause.CONGESTION),
        (0, 19, CallCause.NO_ANSWER),
    ],
)
def test_the_network_s_status_may_say_more_than_its_cause(
    sip_status: int, hangup_cause: int, cause: CallCause
) -> None:
    """Where several SIP statuses share one Q.850 cause, the status decides."""
    end = EndFacts(sip_status=sip_status, hangup_cause=hangup_cause, dial_status="NOANSWER")
    assert classify_end(end) is cause


def test_a_phone_that_rang_and_then_gave_up_was_not_picked_up() -> None:
    """After a sign of life a 480 is no refusal but a callee who did not answer."""
    for end in (EndFacts(rang=True), EndFacts(progressed=True)):
        over = replace(end, sip_status=480, hangup_cause=19)
        assert classify_end(over) is CallCause.NO_ANSWER


def test_a_trunk_without_a_sign_is_our_exchange_s_fault() -> None:
    """A time-out before anything rang says nothing about the callee."""
    end = EndFacts(originate_reason=attempt_states.TIMED_OUT, hangup_cause=19)
    assert classify_end(end) is CallCause.EXCHANGE_FAILED


def test_every_cause_is_explained() -> None:
    """A person can read every cause as a sentence."""
    assert set(attempt_states.EXPLANATIONS) == set(CallCause)
    assert all(text.endswith(".") for text in attempt_states.EXPLANATIONS.values())
