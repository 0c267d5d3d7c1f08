"""A callee who waits for another line."""

from opendeep.audio_processing_service.holding import HOLD_TAG, BesideTalk
from opendeep.audio_processing_service.keypad import PAUSE_MS
from opendeep.audio_processing_service.phrases import phrases_for
from opendeep.audio_processing_service.playout import Playout
from tests.unit.audio_processing_service.test_dialogue import Voice

PHRASES = phrases_for("en")


def test_a_callee_is_asked_to_wait_and_told_of_failure() -> None:
    """While the callee waits the AI is quiet; in vain, it says so and goes on."""
    voice, beside = Voice(), BesideTalk(Playout())
    assert beside.told
    beside.hold(voice, PHRASES)
    assert (beside.waits, beside.told) == (True, False)
    beside.response_ended("other")
    assert not beside.told
    beside.response_ended(HOLD_TAG)
    assert beside.told
    beside.resume(voice, PHRASES, "They were busy.", answer=True)
    assert not beside.waits
    assert voice.did == [
        "automatic False",
        f"say {HOLD_TAG}: {PHRASES.connecting}",
        "note The callee was not connected: They were busy. Go on with the call. False",
        f"say not-connected: {PHRASES.not_connected}",
        "automatic True",
    ]


def test_who_does_not_wait_is_told_nothing() -> None:
    """A transfer that fails twice is told once."""
    voice, beside = Voice(), BesideTalk(Playout())
    beside.resume(voice, PHRASES, "They were busy.", answer=True)
    assert voice.did == []


def test_the_ai_hears_of_keys() -> None:
    """The AI answers to keys in the talk, and only notes them before it or while one waits."""
    voice, beside = Voice(), BesideTalk(Playout())
    beside.tell_keys(voice, PAUSE_MS, answer=True)
    assert voice.did == []
    beside.keypad.press("1", 0)
    beside.tell_keys(voice, PAUSE_MS, answer=True)
    beside.waits = True
    beside.keypad.press("2", 0)
    beside.tell_keys(voice, PAUSE_MS, answer=True)
    assert voice.did == [
        "note The callee pressed 1 on their telephone. True",
        "note The callee pressed 2 on their telephone. False",
    ]


def test_a_callee_who_waits_for_the_user_hears_a_word_now_and_then() -> None:
    """Every 15 s of quiet, from the first one on, and never while somebody talks."""
    beside = BesideTalk(Playout())
    heard = [
        now_ms
        for now_ms in range(0, 60_000, 100)
        if beside.keep_warm(now_ms, asking=True, busy=now_ms < 5000)
    ]
    assert heard == [19_900, 34_900, 49_900]
    assert not beside.keep_warm(60_000, asking=False, busy=False)
    assert not beside.keep_warm(99_000, asking=True, busy=False)
