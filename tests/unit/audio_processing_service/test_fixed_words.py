"""The clips for when there is no voice."""

import pytest

from opendeep.audio_processing_service import pcm
from opendeep.audio_processing_service.fixed_words import apology, introduction


def test_the_apology() -> None:
    """It is there, audible, and short enough to be played to its end before the call is cut."""
    words = apology()
    assert words.text.endswith("Goodbye.")
    assert 3000 < words.ms < 8000
    assert words.ms == len(words.mulaw) // 8
    assert -35 < pcm.energy_dbfs(words.mulaw) < -10
    assert apology() is words


@pytest.mark.parametrize("language", ["en", "de-DE", "es", "fr", "it", "pt-BR", "nl", "pl"])
def test_the_introduction(language: str) -> None:
    """It names an AI in each language before it asks for patience, audibly."""
    words = introduction(language)
    first = words.text.split(". ")[0]
    names = ("AI", "KI-", "artificial", "artificielle", "artificiale", "sztucznej inteligencji")
    assert any(name in first for name in names)
    assert 2500 < words.ms < 7000
    assert -30 < pcm.energy_dbfs(words.mulaw) < -10
