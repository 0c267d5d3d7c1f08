"""The end of an attempt, judged from what its channel and its media came to."""

import math
from dataclasses import dataclass, field

from opendeep.call_processor_service.attempt_states import TIMED_OUT, EndFacts, classify_end
from opendeep.common.data_models import CallCause
from opendeep.common.ports import MediaReport

_TEMPORARY_FAILURE = 41
_AT_ONCE_SECONDS = 1.0

NO_MEDIA = MediaReport(connected=False, voice_ready=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptEnd:
    """How an attempt ended.

    Attributes:
        lost: whether its end was not seen, so that its fate is unknown.
        handed_over: whether the callee was left talking to somebody else.
        reason: more words for the person, where something of ours failed.
        hangup_text: Asterisk's words for the hang-up.
    """

    cause: CallCause
    facts: EndFacts
    lost: bool = False
    handed_over: bool = False
    reason: str = ""
    hangup_text: str = ""
    media: MediaReport = field(default=NO_MEDIA)


def judge_end(
    facts: EndFacts,
    media: MediaReport,
    *,
    seen: bool,
    lost: bool = False,
    reason: str = "",
    hangup_text: str = "",
    talk_seconds: float = math.inf,
) -> AttemptEnd:
    """Say how an attempt ended.

    Args:
        facts: what the channel's events told.
        media: what the media came to.
        seen: whether the end was seen or asked for; otherwise the attempt broke off on our side.
        lost: whether the channel was found gone after events were missed.
        reason: why we asked for the end, if we did.
        hangup_text: Asterisk's words.
        talk_seconds: from the answer to the end; whoever hangs up at once is faster than sound.
    """
    cause = classify_end(facts) if seen else CallCause.EXCHANGE_FAILED
    if lost:
        cause, reason = CallCause.EXCHANGE_FAILED, "Its manager was away when the call ended."
    elif cause is CallCause.EXCHANGE_FAILED and facts.originate_reason == TIMED_OUT:
        reason = "The telephone network gave no sign of life; check the trunk."
    elif _lacked_sound(facts, media, cause, talk_seconds):
        cause, reason = CallCause.AUDIO_FAILED, "Asterisk did not connect the call's sound."
    return AttemptEnd(
        cause=cause, facts=facts, lost=lost, reason=reason, hangup_text=hangup_text, media=media
    )


def _lacked_sound(
    facts: EndFacts, media: MediaReport, cause: CallCause, talk_seconds: float
) -> bool:
    """Whether Asterisk, which connects the sound at the answer and hangs up else, could not."""
    if media.connected or facts.asked is not None or not facts.answered:
        return False
    if cause is CallCause.EXCHANGE_FAILED:
        # The dialplan's own end after the safe message.
        return facts.hangup_cause == _TEMPORARY_FAILURE
    return talk_seconds > _AT_ONCE_SECONDS
