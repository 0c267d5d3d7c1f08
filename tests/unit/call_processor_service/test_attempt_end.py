"""The end of an attempt, judged from channel and media together."""

from opendeep.call_processor_service.attempt_end import NO_MEDIA, judge_end
from opendeep.call_processor_service.attempt_states import EndFacts
from opendeep.common.data_models import CallCause
from opendeep.common.ports import MediaReport

CONNECTED = MediaReport(connected=True, voice_ready=True)


def test_an_end_that_nobody_saw_is_ours() -> None:
    """An attempt that broke off in our own process is never blamed on the callee."""
    end = judge_end(EndFacts(answered=True), CONNECTED, seen=False)
    assert (end.cause, end.lost) == (CallCause.EXCHANGE_FAILED, False)


def test_a_lost_channel_is_the_exchange_s() -> None:
    """A channel that was gone when we looked again is lost, and says why."""
    end = judge_end(EndFacts(answered=True, hangup_cause=16), CONNECTED, seen=True, lost=True)
    assert (end.cause, end.lost) == (CallCause.EXCHANGE_FAILED, True)
    assert end.reason == "Its manager was away when the call ended."


def test_sound_that_never_came_goes_before_the_callee() -> None:
    """An answered call hung up without sound failed for its sound; with sound, by the callee."""
    facts = EndFacts(answered=True, hangup_cause=16)
    assert judge_end(facts, NO_MEDIA, seen=True).cause is CallCause.AUDIO_FAILED
    assert judge_end(facts, CONNECTED, seen=True).cause is CallCause.CALLEE_HUNG_UP
    assert judge_end(facts, NO_MEDIA, seen=True, talk_seconds=0.3).cause is CallCause.CALLEE_HUNG_UP


def test_the_dialplan_s_own_end_tells_that_sound_never_came() -> None:
    """Cause 41 after the safe message is the sound's failure where none came, else the line's."""
    facts = EndFacts(answered=True, hangup_cause=41)
    assert judge_end(facts, NO_MEDIA, seen=True, talk_seconds=0.3).cause is CallCause.AUDIO_FAILED
    assert judge_end(facts, CONNECTED, seen=True).cause is CallCause.EXCHANGE_FAILED
    cut = EndFacts(answered=True, hangup_cause=38)
    assert judge_end(cut, NO_MEDIA, seen=True).cause is CallCause.EXCHANGE_FAILED


def test_what_we_asked_for_keeps_its_reason() -> None:
    """Our own cause and its words pass through, whatever the media came to."""
    facts = EndFacts(answered=True, asked=CallCause.AI_FAILED, hangup_cause=16)
    end = judge_end(facts, NO_MEDIA, seen=True, reason="gone", hangup_text="Normal Clearing")
    assert (end.cause, end.reason) == (CallCause.AI_FAILED, "gone")
    assert (end.hangup_text, end.media) == ("Normal Clearing", NO_MEDIA)


def test_a_trunk_that_gave_no_sign_is_named() -> None:
    """The user reads that the trunk is to be looked at."""
    end = judge_end(EndFacts(originate_reason=3, hangup_cause=19), NO_MEDIA, seen=True)
    assert end.cause is CallCause.EXCHANGE_FAILED
    assert "check the trunk" in end.reason
