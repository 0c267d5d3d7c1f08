"""What becomes of a task after a call: pure tables, no model, no clock.

Two roads lead here. A call in which nobody spoke to us is judged from its cause alone
(:func:`judge_by_cause`). A conversation is judged from its checked analysis
(:func:`judge_by_analysis`). Both return one :class:`Decision`, and a few rules stand above both:

- whoever asked not to be called again, or is on the list already, ends ``cancelled_dnd``;
- after a call whose fate is unknown (``lost``), or that the user ended, nothing is dialled unasked;
- ``completed`` needs a success that the evidence check let stand.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from types import MappingProxyType
from typing import assert_never

from opendeep.common.call_back import CallBack
from opendeep.common.data_models import CallAnalysis, CallCause, NextStep, TaskStatus, Verdict

FOLLOW_UP_AFTER = timedelta(hours=24)
RETRY_AFTER_TALK = timedelta(hours=2)

WRONG_NUMBER_QUESTION = (
    "The number belongs to somebody else. Should OpenDeep call another number for this, and which?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseRule:
    """What a cause means for a call without a conversation.

    Attributes:
        words: what happened, for the user, as the beginning of a sentence.
        retry_after: the pause before the next attempt, or None where none may follow.
        final: what the task becomes without a next attempt.
    """

    words: str
    retry_after: timedelta | None
    final: TaskStatus = TaskStatus.FAILED


def _retry(words: str, **pause: float) -> CauseRule:
    return CauseRule(words=words, retry_after=timedelta(**pause))


CAUSE_RULES: Mapping[CallCause, CauseRule] = MappingProxyType(
    {
        CallCause.BUSY: _retry("The line was busy", minutes=10),
        CallCause.NO_ANSWER: _retry("Nobody answered", hours=2),
        CallCause.REJECTED: _retry("The call was declined", hours=2),
        CallCause.CONGESTION: _retry("The telephone network was congested", minutes=5),
        # The policy moves it into the callee's next calling window.
        CallCause.VOICEMAIL: _retry("Voicemail answered", hours=1),
        CallCause.SCREENED: _retry("Call screening did not put us through", hours=4),
        CallCause.SILENCE: _retry("Somebody answered but nobody spoke", hours=1),
        CallCause.CALLEE_HUNG_UP: _retry("The callee hung up early", hours=1),
        CallCause.AI_HUNG_UP: _retry(
            "The assistant ended the call without a conversation", hours=1
        ),
        CallCause.TIME_LIMIT: _retry("Nobody spoke to us within the longest call time", hours=1),
        CallCause.AI_FAILED: _retry("The voice AI failed", minutes=5),
        CallCause.AUDIO_FAILED: _retry("The call's audio failed", minutes=5),
        CallCause.EXCHANGE_FAILED: _retry(
            "The telephone exchange could not place the call", minutes=5
        ),
        # A cancelled task is not ours any more, so this was a shutdown in mid-call.
        CallCause.CANCELLED: _retry("OpenDeep was stopped during the call", minutes=10),
        CallCause.UNALLOCATED: CauseRule(words="The number is not in service", retry_after=None),
        CallCause.FAX: CauseRule(words="A fax machine answered", retry_after=None),
        # A person stopped it: only a person starts it again.
        CallCause.USER_HUNG_UP: CauseRule(
            words="You ended the call", retry_after=None, final=TaskStatus.UNRESOLVED
        ),
        # No words of the callee, so no evidence, whatever the assistant believed.
        CallCause.COMPLETED: CauseRule(
            words="The assistant reported success, but the callee said nothing that shows it",
            retry_after=None,
            final=TaskStatus.UNRESOLVED,
        ),
        CallCause.LOST: CauseRule(
            words="OpenDeep lost sight of the call, so what came of it is unknown",
            retry_after=None,
            final=TaskStatus.UNRESOLVED,
        ),
    }
)

NEVER_BY_ITSELF = frozenset({CallCause.LOST, CallCause.USER_HUNG_UP})
"""Causes after which nothing is dialled without the user's word, whatever a model proposes."""

MACHINE_CAUSES = frozenset(
    {
        CallCause.BUSY,
        CallCause.NO_ANSWER,
        CallCause.REJECTED,
        CallCause.CONGESTION,
        CallCause.UNALLOCATED,
        CallCause.VOICEMAIL,
        CallCause.SCREENED,
        CallCause.FAX,
    }
)
"""Causes where whatever was heard came from a machine: judged from the cause, transcript or not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chances:
    """What is left for a task.

    Attributes:
        attempts_left: attempts that were not made yet.
        time_left: until the task's latest time, or None where it has none.
    """

    attempts_left: int
    time_left: timedelta | None = None

    def allow(self, pause: timedelta) -> bool:
        """Whether another attempt after ``pause`` is possible."""
        return self.attempts_left > 0 and (self.time_left is None or pause <= self.time_left)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenQuestion:
    """What the user was asked last during the call, and did not answer in time."""

    question: str
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the task becomes.

    Attributes:
        retry_after: with ``retry_scheduled`` alone, the pause before the next attempt.
        call_back: with ``retry_scheduled`` alone, when the callee asked to be called again; the
            dialling policy finds the instant.
        reason: one or two plain sentences for the user.
        question: with ``awaiting_user`` alone, what the user is asked.
        options: the answers to choose from, if there are any.
        blocks_number: the number goes on the user's do-not-call list.
    """

    status: TaskStatus
    reason: str
    retry_after: timedelta | None = None
    call_back: CallBack | None = None
    question: str | None = None
    options: tuple[str, ...] = ()
    blocks_number: bool = False


def judge_opt_out(words: str | None = None) -> Decision:
    """The callee asked not to be called again (with these words), or is on the list already."""
    said = f" They said: “{words}”" if words else ""
    return Decision(
        status=TaskStatus.CANCELLED_DND,
        reason=f"The callee does not want to be called again.{said}",
        blocks_number=True,
    )


def judge_by_cause(cause: CallCause, chances: Chances) -> Decision:
    """Decide for a call without a conversation."""
    rule = CAUSE_RULES[cause]
    if rule.retry_after is None:
        return Decision(status=rule.final, reason=f"{rule.words}.{_what_now(rule.final)}")
    return _again(rule.words, rule.retry_after, chances, rule.final)


def judge_by_analysis(
    analysis: CallAnalysis,
    cause: CallCause,
    chances: Chances,
    *,
    wrong_number: bool = False,
    unanswered: OpenQuestion | None = None,
    call_back: CallBack | None = None,
) -> Decision:
    """Decide for a conversation from its analysis, which the evidence check has seen.

    ``wrong_number`` is the voice AI's own report; the user is asked then, unless a success was
    shown. ``unanswered`` is what the call asked the user in vain: the task waits for that answer,
    and the callee is called back with it. ``call_back`` is what the callee asked for: it is due
    then, also where the model would give up or chose another time.
    """
    if analysis.dnd:
        return judge_opt_out()
    if analysis.verdict is Verdict.SUCCESS:
        return Decision(status=TaskStatus.COMPLETED, reason=_sentence(analysis.summary))
    if cause in NEVER_BY_ITSELF:
        return judge_by_cause(cause, chances)
    if unanswered is not None and not wrong_number:
        return Decision(
            status=TaskStatus.AWAITING_USER,
            reason=_sentence(analysis.summary) + " OpenDeep calls back once you have answered.",
            question=unanswered.question,
            options=unanswered.options,
        )
    if wrong_number or analysis.next_step is NextStep.ASK_USER:
        default = WRONG_NUMBER_QUESTION if wrong_number else _sentence(analysis.summary)
        return Decision(
            status=TaskStatus.AWAITING_USER,
            reason=_sentence(analysis.summary) + " OpenDeep asked you how to go on.",
            question=analysis.question_for_user or default,
        )
    return _judge_rest(analysis, cause, chances, call_back)


def _call_back(analysis: CallAnalysis, call_back: CallBack, chances: Chances) -> Decision:
    words = "The callee asked to be called again"
    final = TaskStatus.FAILED if analysis.verdict is Verdict.FAILURE else TaskStatus.UNRESOLVED
    decision = _again(words, timedelta(0), chances, final)
    if decision.status is not TaskStatus.RETRY_SCHEDULED:
        return decision
    reason = f"{words}: “{call_back.quote}”"
    return replace(decision, reason=reason, call_back=call_back)


def _judge_rest(
    analysis: CallAnalysis, cause: CallCause, chances: Chances, call_back: CallBack | None
) -> Decision:
    if call_back is not None:
        return _call_back(analysis, call_back, chances)
    summary = analysis.summary.strip().removesuffix(".") or "The call did not reach its goal"
    final = TaskStatus.FAILED if analysis.verdict is Verdict.FAILURE else TaskStatus.UNRESOLVED
    rule = CAUSE_RULES[cause]
    match analysis.next_step:
        case NextStep.RETRY:
            return _again(summary, rule.retry_after or RETRY_AFTER_TALK, chances, final)
        case NextStep.FOLLOW_UP:
            return _again(summary, FOLLOW_UP_AFTER, chances, final)
        case NextStep.GIVE_UP | NextStep.DONE | NextStep.ASK_USER:
            return Decision(status=final, reason=f"{summary}.{_what_now(final)}")
        case _:
            assert_never(analysis.next_step)


def _again(words: str, pause: timedelta, chances: Chances, final: TaskStatus) -> Decision:
    if chances.allow(pause):
        return Decision(
            status=TaskStatus.RETRY_SCHEDULED,
            reason=f"{words}. OpenDeep tries again in {in_words(pause)}.",
            retry_after=pause,
        )
    why = (
        "No attempts are left."
        if chances.attempts_left <= 0
        else "The task's latest time comes before another attempt could be made."
    )
    return Decision(status=final, reason=f"{words}. {why}")


def _what_now(status: TaskStatus) -> str:
    if status is TaskStatus.UNRESOLVED:
        return " OpenDeep does not call again by itself; retry the task if it should."
    return ""


def _sentence(text: str) -> str:
    plain = text.strip() or "The call is over"
    return plain if plain[-1] in ".!?" else f"{plain}."


def in_words(pause: timedelta) -> str:
    """Say a pause as people do, in full minutes or hours."""
    minutes = max(round(pause.total_seconds() / 60), 1)
    amount, unit = (minutes // 60, "hour") if minutes % 60 == 0 else (minutes, "minute")
    return f"{amount} {unit}" if amount == 1 else f"{amount} {unit}s"
