"""The life of a task as a table: every state, every input, and what follows.

A task is the objective; a call is one attempt at it. The circle is: *due* (pending,
retry_scheduled or on_hold with a time) → claimed (queued_for_call) → a call (in_progress) →
awaiting_analysis → done, or due again. Two waits need a person: on_hold without a time, and
awaiting_user. Final states are left only by the user's explicit
retry, and an unresolved one by the user's word that it is done.

Who causes what: the scheduler and policy (CLAIM … REFUSE), the call side (ATTEMPT … CALL_LOST),
the analyzer (FIND_…), the user (HOLD … ACCEPT, UNDO), the overseer (POSTPONE, ASK, CLOSE,
EXPIRE_…). Each input becomes one
guarded update whose expected states are :func:`sources_of` that input, so two of them never both
win. A pair that is missing here is an :class:`~opendeep.common.errors.InvalidTransitionError`.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from opendeep.common.data_models import TaskStatus as S
from opendeep.common.errors import InvalidTransitionError


class TaskInput(StrEnum):
    """What can happen to a task."""

    CLAIM = "claim"
    GIVE_BACK = "give_back"
    WAIT = "wait"
    REFUSE = "refuse"
    REFUSE_DND = "refuse_dnd"
    START_ATTEMPT = "start_attempt"
    RELEASE_ATTEMPT = "release_attempt"
    END_CALL = "end_call"
    FIND_DONE = "find_done"
    FIND_RETRY = "find_retry"
    FIND_QUESTION = "find_question"
    FIND_HOPELESS = "find_hopeless"
    FIND_UNCLEAR = "find_unclear"
    FIND_DND = "find_dnd"
    HOLD = "hold"
    RESUME = "resume"
    RETRY = "retry"
    CANCEL = "cancel"
    ANSWER = "answer"
    ACCEPT = "accept"
    POSTPONE = "postpone"
    ASK = "ask"
    CLOSE = "close"
    UNDO = "undo"
    EXPIRE_CALL = "expire_call"
    EXPIRE_ANALYSIS = "expire_analysis"


RESTORED = None
"""In the table: the state that the task had before it was claimed."""

_DUE = (S.PENDING, S.RETRY_SCHEDULED, S.ON_HOLD)
_WAITING = (*_DUE, S.AWAITING_USER)
_WITH_ANALYZER = S.AWAITING_ANALYSIS
_FINAL = tuple(status for status in S if status.is_final)
_LIVE = (S.QUEUED_FOR_CALL, S.IN_PROGRESS, S.AWAITING_ANALYSIS)

TABLE: Mapping[tuple[S, TaskInput], S | None] = MappingProxyType(
    {
        **{(status, TaskInput.CLAIM): S.QUEUED_FOR_CALL for status in _DUE},
        (S.QUEUED_FOR_CALL, TaskInput.GIVE_BACK): RESTORED,
        (S.QUEUED_FOR_CALL, TaskInput.WAIT): S.RETRY_SCHEDULED,
        (S.QUEUED_FOR_CALL, TaskInput.REFUSE): S.ON_HOLD,
        **{(status, TaskInput.REFUSE_DND): S.CANCELLED_DND for status in _WAITING},
        (S.QUEUED_FOR_CALL, TaskInput.REFUSE_DND): S.CANCELLED_DND,
        (S.QUEUED_FOR_CALL, TaskInput.START_ATTEMPT): S.IN_PROGRESS,
        (S.IN_PROGRESS, TaskInput.RELEASE_ATTEMPT): RESTORED,
        (S.IN_PROGRESS, TaskInput.END_CALL): _WITH_ANALYZER,
        (_WITH_ANALYZER, TaskInput.FIND_DONE): S.COMPLETED,
        (_WITH_ANALYZER, TaskInput.FIND_RETRY): S.RETRY_SCHEDULED,
        (_WITH_ANALYZER, TaskInput.FIND_QUESTION): S.AWAITING_USER,
        (_WITH_ANALYZER, TaskInput.FIND_HOPELESS): S.FAILED,
        (_WITH_ANALYZER, TaskInput.FIND_UNCLEAR): S.UNRESOLVED,
        (_WITH_ANALYZER, TaskInput.FIND_DND): S.CANCELLED_DND,
        **{(status, TaskInput.HOLD): S.ON_HOLD for status in (*_WAITING, S.QUEUED_FOR_CALL)},
        **{(status, TaskInput.RESUME): S.PENDING for status in (S.ON_HOLD, S.AWAITING_USER)},
        **{
            (status, TaskInput.RETRY): S.PENDING
            for status in (*_WAITING, *_FINAL)
            if status is not S.CANCELLED_DND
        },
        **{(status, TaskInput.CANCEL): S.CANCELLED for status in (*_WAITING, *_LIVE)},
        (S.AWAITING_USER, TaskInput.ANSWER): S.PENDING,
        (S.UNRESOLVED, TaskInput.ACCEPT): S.COMPLETED,
        **{(status, TaskInput.POSTPONE): S.ON_HOLD for status in (S.PENDING, S.RETRY_SCHEDULED)},
        **{(status, TaskInput.ASK): S.AWAITING_USER for status in _DUE},
        **{(status, TaskInput.CLOSE): S.UNRESOLVED for status in _WAITING},
        **{(status, TaskInput.UNDO): RESTORED for status in (S.ON_HOLD, S.AWAITING_USER)},
        (S.IN_PROGRESS, TaskInput.EXPIRE_CALL): _WITH_ANALYZER,
        (S.IN_PROGRESS, TaskInput.EXPIRE_ANALYSIS): S.UNRESOLVED,
        (_WITH_ANALYZER, TaskInput.EXPIRE_ANALYSIS): S.UNRESOLVED,
    }
)


def next_status(status: S, event: TaskInput, *, before_claim: S | None = None) -> S:
    """Return the state that follows ``event`` in ``status``.

    A restoring input goes back to ``before_claim``; to pending when that is unknown.

    Raises:
        InvalidTransitionError: the table has no such edge.
    """
    try:
        follows = TABLE[status, event]
    except KeyError as error:
        raise InvalidTransitionError("task", status, event) from error
    if follows is RESTORED:
        return before_claim if before_claim in _DUE else S.PENDING
    return follows


def sources_of(event: TaskInput) -> frozenset[S]:
    """Return the states in which the input is allowed: the guard of its update."""
    return frozenset(status for status, known in TABLE if known is event)


def target_of(event: TaskInput) -> S:
    """Return the one state that the input leads to.

    Raises:
        InvalidTransitionError: the input restores an earlier state, so there is no one target.
    """
    targets = {follows for (_, known), follows in TABLE.items() if known is event}
    if len(targets) != 1 or (target := targets.pop()) is RESTORED:
        raise InvalidTransitionError("task", "any", event)
    return target
