"""What becomes of a task: the tables are whole and keep their promises."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendeep.common.data_models import CallAnalysis, CallCause, NextStep, TaskStatus, Verdict
from opendeep.post_call_analyzer_service.outcome_rules import (
    CAUSE_RULES,
    NEVER_BY_ITSELF,
    WRONG_NUMBER_QUESTION,
    Chances,
    Decision,
    OpenQuestion,
    in_words,
    judge_by_analysis,
    judge_by_cause,
    judge_opt_out,
)

MANY = Chances(attempts_left=2)
_CHANCES = st.builds(
    Chances,
    attempts_left=st.integers(-1, 20),
    time_left=st.none() | st.timedeltas(timedelta(days=-2), timedelta(days=30)),
)


def analysis(**changes: object) -> CallAnalysis:
    """Make an analysis of a refused wish."""
    values: dict[str, object] = {
        "verdict": Verdict.FAILURE,
        "summary": "They have no free time",
        "next_step": NextStep.RETRY,
        "confidence": 0.9,
    }
    return CallAnalysis.model_validate(values | changes)


def is_whole(decision: Decision) -> bool:
    """Whether a decision says all that it must and nothing that it must not."""
    retries = decision.status is TaskStatus.RETRY_SCHEDULED
    asks = decision.status is TaskStatus.AWAITING_USER
    return (
        bool(decision.reason.strip())
        and (decision.retry_after is not None) == retries
        and (decision.question is not None) == asks
        and decision.blocks_number == (decision.status is TaskStatus.CANCELLED_DND)
        and (decision.status.is_final or retries or asks)
    )


def test_every_cause_has_a_rule() -> None:
    """No call ends in a way that the table does not know."""
    assert set(CAUSE_RULES) == set(CallCause)


@pytest.mark.parametrize(
    ("cause", "pause"),
    [
        (CallCause.BUSY, timedelta(minutes=10)),
        (CallCause.NO_ANSWER, timedelta(hours=2)),
        (CallCause.VOICEMAIL, timedelta(hours=1)),
        (CallCause.CONGESTION, timedelta(minutes=5)),
        (CallCause.SILENCE, timedelta(hours=1)),
        (CallCause.CALLEE_HUNG_UP, timedelta(hours=1)),
    ],
)
def test_pauses_before_the_next_attempt(cause: CallCause, pause: timedelta) -> None:
    """Each cause has its own pause."""
    decision = judge_by_cause(cause, MANY)
    assert (decision.status, decision.retry_after) == (TaskStatus.RETRY_SCHEDULED, pause)
    assert in_words(pause) in decision.reason


@pytest.mark.parametrize("cause", [CallCause.UNALLOCATED, CallCause.FAX])
def test_hopeless_numbers_fail_at_once(cause: CallCause) -> None:
    """A number that cannot work is not tried again, whatever is left."""
    assert judge_by_cause(cause, MANY).status is TaskStatus.FAILED


def test_used_up_attempts_fail() -> None:
    """Busy for the last time is a failure that says why."""
    decision = judge_by_cause(CallCause.BUSY, Chances(attempts_left=0))
    assert decision.status is TaskStatus.FAILED
    assert "No attempts are left" in decision.reason


def test_no_attempt_after_the_latest_time() -> None:
    """An attempt that would come after the task's latest time is not scheduled."""
    chances = Chances(attempts_left=2, time_left=timedelta(minutes=9))
    decision = judge_by_cause(CallCause.BUSY, chances)
    assert decision.status is TaskStatus.FAILED
    assert "latest time" in decision.reason


@given(st.sampled_from(CallCause), _CHANCES)
def test_every_cause_and_chance_is_decided(cause: CallCause, chances: Chances) -> None:
    """Each cause with any chances gives one whole decision, and never a success."""
    decision = judge_by_cause(cause, chances)
    assert is_whole(decision)
    assert decision.status is not TaskStatus.COMPLETED
    if decision.status is TaskStatus.RETRY_SCHEDULED:
        assert chances.attempts_left > 0


_ANALYSES = st.builds(
    CallAnalysis,
    verdict=st.sampled_from(Verdict),
    summary=st.text(max_size=30),
    next_step=st.sampled_from(NextStep),
    confidence=st.floats(0, 1),
    dnd=st.booleans(),
    question_for_user=st.none() | st.text(min_size=1, max_size=20),
)


@given(_ANALYSES, st.sampled_from(CallCause), _CHANCES, st.booleans())
def test_every_analysis_is_decided(
    given_analysis: CallAnalysis, cause: CallCause, chances: Chances, wrong_number: bool
) -> None:
    """Each analysis, cause and chance gives one whole decision that keeps the promises."""
    decision = judge_by_analysis(given_analysis, cause, chances, wrong_number=wrong_number)
    assert is_whole(decision)
    if given_analysis.dnd:
        assert decision.status is TaskStatus.CANCELLED_DND
    if decision.status is TaskStatus.COMPLETED:
        assert given_analysis.verdict is Verdict.SUCCESS
    if decision.status is TaskStatus.RETRY_SCHEDULED:
        assert cause not in NEVER_BY_ITSELF
        assert chances.allow(decision.retry_after or timedelta())


def test_a_success_completes() -> None:
    """A success that the evidence shows completes the task in its own words."""
    decision = judge_by_analysis(analysis(verdict=Verdict.SUCCESS), CallCause.COMPLETED, MANY)
    assert decision == Decision(status=TaskStatus.COMPLETED, reason="They have no free time.")


@pytest.mark.parametrize(
    ("next_step", "chances", "status"),
    [
        (NextStep.RETRY, MANY, TaskStatus.RETRY_SCHEDULED),
        (NextStep.FOLLOW_UP, MANY, TaskStatus.RETRY_SCHEDULED),
        (NextStep.RETRY, Chances(attempts_left=0), TaskStatus.UNRESOLVED),
        (NextStep.DONE, MANY, TaskStatus.UNRESOLVED),
        (NextStep.GIVE_UP, MANY, TaskStatus.UNRESOLVED),
        (NextStep.ASK_USER, MANY, TaskStatus.AWAITING_USER),
    ],
)
def test_what_follows_a_partial_success(
    next_step: NextStep, chances: Chances, status: TaskStatus
) -> None:
    """A partial success goes on where it can, and is never called complete."""
    partly = analysis(verdict=Verdict.PARTIAL, next_step=next_step)
    assert judge_by_analysis(partly, CallCause.AI_HUNG_UP, chances).status is status


def test_a_failure_that_gives_up_fails() -> None:
    """A refused goal fails though attempts are left."""
    refused = analysis(next_step=NextStep.GIVE_UP)
    assert judge_by_analysis(refused, CallCause.AI_HUNG_UP, MANY).status is TaskStatus.FAILED


def test_a_wrong_number_asks_the_user() -> None:
    """A wrong number becomes a question, the model's own if it has one."""
    found = judge_by_analysis(analysis(), CallCause.AI_HUNG_UP, MANY, wrong_number=True)
    assert (found.status, found.question) == (TaskStatus.AWAITING_USER, WRONG_NUMBER_QUESTION)
    asked = analysis(next_step=NextStep.ASK_USER, question_for_user="Which number?")
    assert judge_by_analysis(asked, CallCause.AI_HUNG_UP, MANY).question == "Which number?"


def test_a_question_without_an_answer_waits_for_it() -> None:
    """What the user was asked in vain is asked again, and the callee is called back with it."""
    asked = OpenQuestion(question="Friday at nine?", options=("yes", "no"))
    found = judge_by_analysis(
        analysis(next_step=NextStep.RETRY), CallCause.AI_HUNG_UP, MANY, unanswered=asked
    )
    assert (found.status, found.question) == (TaskStatus.AWAITING_USER, "Friday at nine?")
    assert found.options == ("yes", "no")
    done = analysis(verdict=Verdict.SUCCESS)
    kept = judge_by_analysis(done, CallCause.COMPLETED, MANY, unanswered=asked)
    assert kept.status is TaskStatus.COMPLETED


def test_a_lost_call_is_not_redialled() -> None:
    """After a lost call, a model's wish to retry counts for nothing."""
    assert judge_by_analysis(analysis(), CallCause.LOST, MANY).status is TaskStatus.UNRESOLVED


def test_opt_out_quotes_the_callee() -> None:
    """The reason of an opt-out holds the callee's words, where they are known."""
    assert "Never again" in judge_opt_out("Never again").reason
    assert judge_opt_out().blocks_number


def test_an_empty_summary_still_gives_a_reason() -> None:
    """A model that sums up nothing leaves the user with a sentence all the same."""
    silent = analysis(summary="", next_step=NextStep.GIVE_UP)
    assert judge_by_analysis(silent, CallCause.AI_HUNG_UP, MANY).reason == (
        "The call did not reach its goal."
    )


@pytest.mark.parametrize(
    ("pause", "words"),
    [
        (timedelta(minutes=1), "1 minute"),
        (timedelta(minutes=10), "10 minutes"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(hours=24), "24 hours"),
        (timedelta(seconds=1), "1 minute"),
    ],
)
def test_pauses_in_words(pause: timedelta, words: str) -> None:
    """Pauses are said as people say them."""
    assert in_words(pause) == words
