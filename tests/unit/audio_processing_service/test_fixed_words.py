"""The clip for when there is no voice."""

from opendeep.audio_processing_service import pcm
from opendeep.audio_processing_service.fixed_words import apology


def test_the_apology() -> None:
    """It is there, audible, and short enough to be played to its end before the call is cut."""
    words = apology()
    assert words.text.endswith("Goodbye.")
    assert 3000 < words.ms < 8000
    assert words.ms == len(words.mulaw) // 8
    assert -35 < pcm.energy_dbfs(words.mulaw) < -10
    assert apology() is words
