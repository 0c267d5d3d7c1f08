"""The end of an attempt, judged from what its channel and its media came to."""

from dataclasses import dataclass, field

from opendeep.call_processor_service.attempt_states import TIMED_OUT, EndFacts, classify_end
from opendeep.common.data_models import CallCause
from opendeep.common.ports import MediaReport

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
) -> AttemptEnd:
    """Say how an attempt ended.

    Args:
        facts: what the channel's events told.
        media: what the media came to.
        seen: whether the end was seen or asked for; otherwise the attempt broke off on our side.
        lost: whether the channel was found gone after events were missed.
        reason: why we asked for the end, if we did.
        hangup_text: Asterisk's words.
    """
    cause = classify_end(facts) if seen else CallCause.EXCHANGE_FAILED
    if lost:
        cause, reason = CallCause.EXCHANGE_FAILED, "Its manager was away when the call ended."
    elif cause is CallCause.EXCHANGE_FAILED and facts.originate_reason == TIMED_OUT:
        reason = "The telephone network gave no sign of life; check the trunk."
    elif cause is CallCause.CALLEE_HUNG_UP and not media.connected:
        # Asterisk connects the sound as soon as the callee answers, and hangs up if it cannot.
        cause, reason = CallCause.AUDIO_FAILED, "Asterisk did not connect the call's sound."
    return AttemptEnd(
        cause=cause, facts=facts, lost=lost, reason=reason, hangup_text=hangup_text, media=media
    )
