"""Which of a contact's numbers is dialled next."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendeep.common.data_models import CallCause, TaskStatus
from opendeep.post_call_analyzer_service.next_number import (
    FRESH_PAUSE,
    Ended,
    Numbers,
    after_call,
    numbers_of,
)
from opendeep.post_call_analyzer_service.outcome_rules import (
    WRONG_NUMBER_QUESTION,
    Chances,
    Decision,
    judge_by_cause,
    judge_opt_out,
)

FIRST, SECOND, THIRD = "+12125550100", "+12125550101", "+12125550102"
MANY = Chances(attempts_left=5)
BOTH = numbers_of(FIRST, [SECOND])


def test_a_busy_line_gives_way_to_the_next_number() -> None:
    """A number that was not tried yet is dialled in a minute; the busy one waits behind it."""
    busy = judge_by_cause(CallCause.BUSY, MANY)
    decision, numbers = after_call(
        busy, BOTH, Ended(cause=CallCause.BUSY), tried={FIRST}, chances=MANY
    )
    assert (decision.status, decision.retry_after) == (TaskStatus.RETRY_SCHEDULED, FRESH_PAUSE)
    assert numbers == Numbers(called=SECOND, others=(FIRST,))
    assert "next number" in decision.reason


def test_once_all_were_tried_the_usual_pause_holds() -> None:
    """Nobody is called every minute because they have two numbers."""
    unanswered = judge_by_cause(CallCause.NO_ANSWER, MANY)
    decision, numbers = after_call(
        unanswered,
        numbers_of(SECOND, [FIRST]),
        Ended(cause=CallCause.NO_ANSWER),
        tried={FIRST, SECOND},
        chances=MANY,
    )
    assert decision.retry_after == timedelta(hours=2)
    assert numbers.called == FIRST


@pytest.mark.parametrize("cause", [CallCause.UNALLOCATED, CallCause.FAX])
def test_a_dead_number_is_not_tried_again(cause: CallCause) -> None:
    """Nobody's number, or a fax machine's, is dropped; with no other one the task fails."""
    failed = judge_by_cause(cause, MANY)
    decision, numbers = after_call(failed, BOTH, Ended(cause=cause), tried={FIRST}, chances=MANY)
    assert decision.status is TaskStatus.RETRY_SCHEDULED
    assert numbers == Numbers(called=SECOND)
    last, same = after_call(failed, numbers, Ended(cause=cause), tried={FIRST}, chances=MANY)
    assert (last, same) == (failed, numbers)


def test_a_wrong_number_asks_nobody_while_there_is_another() -> None:
    """Somebody else's number is dropped, and the user is not asked for one that is known."""
    asks = Decision(
        status=TaskStatus.AWAITING_USER, reason="Wrong.", question=WRONG_NUMBER_QUESTION
    )
    ended = Ended(cause=CallCause.AI_HUNG_UP, wrong_number=True)
    decision, numbers = after_call(asks, BOTH, ended, tried={FIRST}, chances=MANY)
    assert (decision.status, decision.question) == (TaskStatus.RETRY_SCHEDULED, None)
    assert numbers == Numbers(called=SECOND)


@pytest.mark.parametrize(
    ("decision", "cause"),
    [
        (judge_opt_out(), CallCause.CALLEE_HUNG_UP),
        (judge_by_cause(CallCause.LOST, MANY), CallCause.LOST),
        (judge_by_cause(CallCause.USER_HUNG_UP, MANY), CallCause.USER_HUNG_UP),
        (judge_by_cause(CallCause.AI_FAILED, MANY), CallCause.AI_FAILED),
        (judge_by_cause(CallCause.BUSY, Chances(attempts_left=0)), CallCause.BUSY),
    ],
)
def test_what_does_not_lead_to_another_number(decision: Decision, cause: CallCause) -> None:
    """Whoever wants no calls, an unknown fate and our own faults change no number."""
    found = after_call(decision, BOTH, Ended(cause=cause), tried={FIRST}, chances=MANY)
    assert found == (decision, BOTH)


@given(
    causes=st.lists(st.sampled_from(CallCause), max_size=30),
    count=st.integers(1, 5),
)
def test_no_number_is_lost_or_invented(causes: list[CallCause], count: int) -> None:
    """Over any run of ends, numbers leave the line only when they are dead, and one stays."""
    all_numbers = [FIRST, SECOND, THIRD, "+12125550103", "+12125550104"][:count]
    numbers = numbers_of(all_numbers[0], all_numbers[1:])
    tried: set[str] = set()
    for cause in causes:
        tried.add(numbers.called)
        before = {numbers.called, *numbers.others}
        ended = Ended(cause=cause)
        decision, after = after_call(
            judge_by_cause(cause, MANY), numbers, ended, tried=tried, chances=MANY
        )
        line = [after.called, *after.others]
        assert len(set(line)) == len(line)
        gone = before - set(line)
        assert set(line) <= before
        assert gone <= {numbers.called}
        assert not gone or ended.is_dead
        assert (decision.retry_after is not None) == (decision.status is TaskStatus.RETRY_SCHEDULED)
        numbers = after
