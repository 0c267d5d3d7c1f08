"""The end of a call: decided once, last words played, then told."""

from opendeep.audio_processing_service.ending import AFTER_LAST_WORD_MS, LAST_WORDS_MS, CallEnding
from opendeep.common.data_models import CallCause


def test_the_first_cause_wins() -> None:
    """A second cause does not replace the first."""
    ending = CallEnding()
    assert not ending.due(0, talking=False)
    assert ending.decide(CallCause.SILENCE, "a", 0)
    assert not ending.decide(CallCause.FAX, "b", 0)
    assert (ending.cause, ending.reason, ending.decided) == (CallCause.SILENCE, "a", True)


def test_last_words_are_played_out() -> None:
    """The end is due a little after the last word, or when the words take too long."""
    ending = CallEnding()
    ending.decide(CallCause.COMPLETED, "", 0)
    assert not ending.due(1000, talking=True)
    assert not ending.due(1100, talking=False)
    assert not ending.due(1200, talking=True)
    assert not ending.due(1300, talking=False)
    assert ending.due(1300 + AFTER_LAST_WORD_MS, talking=False)
    assert ending.due(LAST_WORDS_MS, talking=True)
    ending.told = True
    assert not ending.due(LAST_WORDS_MS, talking=True)


def test_a_goodbye_is_waited_for() -> None:
    """While a goodbye has still to be made, silence does not end the call."""
    ending = CallEnding()
    ending.decide(CallCause.TIME_LIMIT, "", 0)
    ending.goodbye = True
    assert not ending.due(0, talking=False)
    assert not ending.due(5000, talking=False)
    assert ending.due(LAST_WORDS_MS, talking=False)
