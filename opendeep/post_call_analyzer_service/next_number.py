"""Which of a contact's numbers the next attempt dials: pure.

The number that was called goes to the end of the line, one that is not the contact's, or nobody's,
out of it. A number that this task has not tried yet waits for nothing but a minute; then each has
the pause of its own last end.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from opendeep.common.data_models import CallCause, TaskStatus
from opendeep.post_call_analyzer_service.outcome_rules import CAUSE_RULES, Chances, Decision

FRESH_PAUSE: Final = timedelta(minutes=1)

_NOT_REACHED: Final = frozenset(
    {
        CallCause.BUSY,
        CallCause.NO_ANSWER,
        CallCause.REJECTED,
        CallCause.CONGESTION,
        CallCause.VOICEMAIL,
        CallCause.SCREENED,
        CallCause.SILENCE,
    }
)
"""After these another number may reach the contact; this one comes again in its turn."""

_DEAD: Final = frozenset({CallCause.UNALLOCATED, CallCause.FAX})


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """A contact's numbers: the one that was called, the others in their order."""

    called: str
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How the attempt ended; ``wrong_number`` where somebody else answered."""

    cause: CallCause
    wrong_number: bool = False

    @property
    def is_dead(self) -> bool:
        """Whether the number cannot be the contact's telephone."""
        return self.wrong_number or self.cause in _DEAD


def after_call(
    decision: Decision,
    numbers: Numbers,
    ended: Ended,
    *,
    tried: Collection[str],
    chances: Chances,
) -> tuple[Decision, Numbers]:
    """Return what becomes of the task, and its numbers from now on.

    Args:
        decision: what would become of it with its one number.
        numbers: as they were for this call.
        ended: how it ended.
        tried: the numbers that the task's attempts were meant for, this one included.
        chances: what is left for the task.
    """
    if not numbers.others or not _takes_next(decision, ended):
        return decision, numbers
    first, *rest = numbers.others
    line = rest if ended.is_dead else [*rest, numbers.called]
    following = Numbers(called=first, others=tuple(line))
    own = decision.retry_after or CAUSE_RULES[ended.cause].retry_after or FRESH_PAUSE
    pause = own if first in tried else min(own, FRESH_PAUSE)
    if not chances.allow(pause):
        return decision, numbers
    return _retry(decision, ended, pause, is_fresh=first not in tried), following


def _takes_next(decision: Decision, ended: Ended) -> bool:
    if decision.blocks_number or decision.call_back is not None:
        return False
    if ended.is_dead:
        return decision.status is not TaskStatus.COMPLETED
    return ended.cause in _NOT_REACHED and decision.status is TaskStatus.RETRY_SCHEDULED


def _retry(decision: Decision, ended: Ended, pause: timedelta, *, is_fresh: bool) -> Decision:
    words = "The number is not theirs" if ended.wrong_number else CAUSE_RULES[ended.cause].words
    which = "the next number" if is_fresh else "another of their numbers"
    return replace(
        decision,
        status=TaskStatus.RETRY_SCHEDULED,
        reason=f"{words}. OpenDeep tries {which}.",
        retry_after=pause,
        question=None,
        options=(),
    )


def numbers_of(phone_number: str, alternatives: Sequence[str]) -> Numbers:
    """Return a task's numbers."""
    return Numbers(called=phone_number, others=tuple(alternatives))
