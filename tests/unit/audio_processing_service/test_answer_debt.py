"""What is still owed after a session was lost in the middle of a second try."""

from opendeep.audio_processing_service.answer_debt import AnswerDebt
from opendeep.audio_processing_service.voice_agent import ResponseEnded, ResponseStarted


def test_words_that_were_asked_for_again_and_lost_are_owed_once() -> None:
    """Fixed words whose second try was lost with its session are settled when next they end."""
    debt = AnswerDebt()
    debt.says["hold"] = "One moment."
    debt.note(ResponseStarted(response_id="a", tag="hold"))
    debt.asked_again()
    assert debt.lose() is not None
    debt.says["hold"] = "One moment."
    debt.note(ResponseStarted(response_id="b", tag="hold"))
    debt.note(ResponseEnded(response_id="b", status="completed", tag="hold"))
    assert not debt.owed
