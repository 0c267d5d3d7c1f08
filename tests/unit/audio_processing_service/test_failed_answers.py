"""Answers that failed are asked for again, a few times."""

from opendeep.audio_processing_service.failed_answers import RETRY_MS, FailedAnswers


def test_a_failed_answer_is_asked_for_again_once() -> None:
    """The next try is due after a pause, and only for an answer that may be repeated."""
    failures = FailedAnswers()
    assert not failures.retry_is_due(10_000)
    assert not failures.ended(failed=True, retry=False, now_ms=0)
    assert not failures.retry_is_due(RETRY_MS)
    assert not failures.ended(failed=True, retry=True, now_ms=0)
    assert not failures.retry_is_due(RETRY_MS - 1)
    assert failures.retry_is_due(RETRY_MS)
    assert not failures.retry_is_due(RETRY_MS)


def test_the_third_in_a_row_is_one_too_many() -> None:
    """An answer that was made forgives the failures before it."""
    failures = FailedAnswers()
    told = [failures.ended(failed=True, retry=True, now_ms=0) for _ in range(2)]
    told.append(failures.ended(failed=False, retry=True, now_ms=0))
    told += [failures.ended(failed=True, retry=True, now_ms=0) for _ in range(3)]
    assert told == [False, False, False, False, False, True]
