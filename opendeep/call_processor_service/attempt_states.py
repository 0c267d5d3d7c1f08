"""The life of one call attempt as a table, and the meaning of its end as another.

A call goes one way: reserved (``initiating``), sent (``originating``), ``ringing``, answered
(``in_progress``), over (``ended``, or ``lost`` where its fate is unknown). Asterisk may repeat
itself or tell things out of order, so a late RING or a second ANSWER changes nothing; what a final
state cannot take is an :class:`~opendeep.common.errors.InvalidTransitionError`. There is no edge
from ``initiating`` to an end: Originate was not sent, so such an attempt is released, not ended.

The end is judged from facts by :func:`classify_end`, first rule first: what we asked for, what
the answer made of it, a trunk that gave no sign at all, the network's SIP status where it says
more than its cause, that cause (ITU-T Q.850, in AMI's ``Hangup``), Dial's word (``DialEnd``),
Originate's reason, and whether it rang at all. AMI's ``OriginateResponse`` may come before
``Hangup`` and says little over PJSIP, so the judgement waits for ``Hangup``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from opendeep.common.data_models import CallCause, CallStatus
from opendeep.common.errors import InvalidTransitionError


class AttemptInput(StrEnum):
    """What can happen to an attempt."""

    SEND = "send"
    RING = "ring"
    ANSWER = "answer"
    END = "end"
    LOSE = "lose"


_LIVE_EDGES = {
    AttemptInput.ANSWER: CallStatus.IN_PROGRESS,
    AttemptInput.END: CallStatus.ENDED,
    AttemptInput.LOSE: CallStatus.LOST,
}

TABLE: Mapping[CallStatus, Mapping[AttemptInput, CallStatus]] = MappingProxyType(
    {
        CallStatus.INITIATING: {AttemptInput.SEND: CallStatus.ORIGINATING},
        CallStatus.ORIGINATING: {AttemptInput.RING: CallStatus.RINGING, **_LIVE_EDGES},
        CallStatus.RINGING: {AttemptInput.RING: CallStatus.RINGING, **_LIVE_EDGES},
        CallStatus.IN_PROGRESS: {AttemptInput.RING: CallStatus.IN_PROGRESS, **_LIVE_EDGES},
        CallStatus.ENDED: {},
        CallStatus.LOST: {},
    }
)

USED = frozenset({CallStatus.ORIGINATING, CallStatus.RINGING, CallStatus.IN_PROGRESS})
"""Live states in which Originate was or may have been sent: never dial again for such a row."""


def next_status(status: CallStatus, happening: AttemptInput) -> CallStatus:
    """Return what follows ``happening`` in ``status``; it may be the same.

    Raises:
        InvalidTransitionError: the table has no such edge.
    """
    following = TABLE[status].get(happening)
    if following is None:
        raise InvalidTransitionError("call attempt", status.value, happening.value)
    return following


@dataclass(frozen=True, slots=True, kw_only=True)
class EndFacts:
    """What is known about an attempt when it is over.

    Attributes:
        answered: whether the callee's side picked up.
        rang: whether Asterisk said that it rings.
        progressed: whether the network gave another sign, as an announcement before the answer.
        asked: the cause for which we hung up ourselves, if we did.
        hangup_cause: Q.850's number from ``Hangup``; None without one, 0 where Asterisk says none.
        dial_status: ``DialEnd``'s word, or an empty string.
        originate_reason: ``OriginateResponse``'s number, or None.
        sip_status: with which the network ended the call (RFC 3261), 0 where it did not.
    """

    answered: bool = False
    rang: bool = False
    progressed: bool = False
    asked: CallCause | None = None
    hangup_cause: int | None = None
    dial_status: str = ""
    originate_reason: int | None = None
    sip_status: int = 0


def _causes(groups: dict[CallCause, tuple[int, ...]]) -> Mapping[int, CallCause]:
    return MappingProxyType({code: cause for cause, codes in groups.items() for code in codes})


UNANSWERED_CAUSES = _causes(
    {
        # unallocated; number changed (SIP 410); invalid or incomplete number (SIP 484)
        CallCause.UNALLOCATED: (1, 22, 28),
        CallCause.BUSY: (17,),
        # no user responding; no answer
        CallCause.NO_ANSWER: (18, 19),
        # subscriber absent; rejected (SIP 603, 403); facility rejected; calls barred
        CallCause.REJECTED: (20, 21, 29, 52, 54, 55, 57),
        # destination out of order; no circuit; network or temporary failure; switch congestion;
        # access information; channel, resource, quality or bearer not available
        CallCause.CONGESTION: (27, 34, 38, 41, 42, 43, 44, 46, 47, 49, 58),
        # no route: our trunk, not the callee; wrong message for the state, timer, protocol error
        CallCause.EXCHANGE_FAILED: (2, 3, 50, 63, 65, 69, 79, 88, 98, 101, 102, 111),
    }
)
"""Q.850 causes that name a reason for a call nobody answered; 0, 16, 31, 127 and others do not."""

ANSWERED_FAILURES = frozenset({27, 34, 38, 41, 42, 44, 47, 63, 102, 111})
"""Q.850 causes after which an answered call was cut by the network, not ended by the callee."""

DIAL_STATUSES: Mapping[str, CallCause] = MappingProxyType(
    {
        "BUSY": CallCause.BUSY,
        "CONGESTION": CallCause.CONGESTION,
        "NOANSWER": CallCause.NO_ANSWER,
        # Asterisk's own time-out cancels the dialling.
        "CANCEL": CallCause.NO_ANSWER,
        "DONTCALL": CallCause.REJECTED,
        "TORTURE": CallCause.REJECTED,
        "CHANUNAVAIL": CallCause.EXCHANGE_FAILED,
        "INVALIDARGS": CallCause.EXCHANGE_FAILED,
    }
)

TIMED_OUT = 3
"""``OriginateResponse``'s reason when Originate's own time was over."""

ORIGINATE_REASONS: Mapping[int, CallCause] = MappingProxyType(
    {
        # Asterisk's control frames: hang-up, ringing until its time-out, busy, congestion.
        1: CallCause.NO_ANSWER,
        TIMED_OUT: CallCause.NO_ANSWER,
        5: CallCause.BUSY,
        8: CallCause.CONGESTION,
    }
)


SIP_STATUSES = _causes(
    {
        # Ask our trunk for a password: its settings are wrong, which Q.850 calls rejected.
        # Nobody answers at the trunk's address: to Q.850 the callee does not respond.
        CallCause.EXCHANGE_FAILED: (401, 407, 408),
        # Reached and not willing: to Q.850 this is the same as a callee who does not pick up.
        CallCause.REJECTED: (480,),
        # The network's servers: some of them are time-outs or protocol errors to Q.850.
        CallCause.CONGESTION: (500, 502, 503, 504),
    }
)
"""SIP statuses that say more than the cause Asterisk makes of them, as the first sign of all."""


def classify_end(facts: EndFacts) -> CallCause:
    """Say why a call ended; total, and pure.

    Source: ITU-T Q.850 and SIP's mapping to it in chan_pjsip; observed on Asterisk 22.10.1.
    """
    if facts.asked is not None:
        return facts.asked
    if facts.answered:
        cut = facts.hangup_cause in ANSWERED_FAILURES
        return CallCause.EXCHANGE_FAILED if cut else CallCause.CALLEE_HUNG_UP
    named = None
    if not (facts.rang or facts.progressed):
        if facts.originate_reason == TIMED_OUT:
            return CallCause.EXCHANGE_FAILED
        # After a sign of life the same statuses mean that nobody picked up, as Q.850 says.
        named = SIP_STATUSES.get(facts.sip_status)
    named = named or UNANSWERED_CAUSES.get(facts.hangup_cause or 0)
    named = named or DIAL_STATUSES.get(facts.dial_status.upper())
    named = named or ORIGINATE_REASONS.get(facts.originate_reason or 0)
    if named is not None:
        return named
    return CallCause.NO_ANSWER if facts.rang else CallCause.EXCHANGE_FAILED


EXPLANATIONS: Mapping[CallCause, str] = MappingProxyType(
    {
        CallCause.COMPLETED: "The call reached its end.",
        CallCause.CALLEE_HUNG_UP: "The other side hung up.",
        CallCause.AI_HUNG_UP: "The AI ended the call.",
        CallCause.USER_HUNG_UP: "You ended the call.",
        CallCause.BUSY: "The line was busy.",
        CallCause.NO_ANSWER: "Nobody answered.",
        CallCause.REJECTED: "The call was rejected.",
        CallCause.UNALLOCATED: "The number does not exist.",
        CallCause.CONGESTION: "The telephone network had no free line.",
        CallCause.VOICEMAIL: "A voicemail answered.",
        CallCause.SCREENED: "A call screening did not let the call through.",
        CallCause.FAX: "A fax machine answered.",
        CallCause.SILENCE: "Somebody answered and said nothing.",
        CallCause.TIME_LIMIT: "The call reached its time limit.",
        CallCause.AI_FAILED: "The voice AI failed during the call.",
        CallCause.AUDIO_FAILED: "The sound of the call failed.",
        CallCause.EXCHANGE_FAILED: "The telephone exchange failed to carry the call.",
        CallCause.CANCELLED: "The call was cancelled.",
        CallCause.LOST: "What became of the call is unknown.",
    }
)
"""What a person reads in ``status_reason`` after a call."""
