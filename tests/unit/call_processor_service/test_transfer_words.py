"""What people hear and read about a transfer."""

import pytest

from opendeep.call_processor_service.transfer_words import briefing, failure_words
from opendeep.common.data_models import CallCause


@pytest.mark.parametrize("language", ["en", "de-AT", "es", "fr", "xx", ""])
def test_the_briefing_says_who_calls_and_how_to_take_it(language: str) -> None:
    """It begins with the call's own disclosure, and asks for a 1."""
    words = briefing("This is an AI calling for {ada}.", language)
    assert words.startswith("This is an AI calling for {ada}. ")
    assert "1" in words


@pytest.mark.parametrize("cause", CallCause)
def test_every_failure_ends_a_sentence(cause: CallCause) -> None:
    """Whatever became of the other line, the words follow a number."""
    assert failure_words(cause).split()[0] in {"was", "did", "declined", "is", "could"}
