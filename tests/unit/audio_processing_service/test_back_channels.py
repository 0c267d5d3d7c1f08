"""Murmurs against words with content."""

import pytest

from opendeep.audio_processing_service.back_channels import is_back_channel


@pytest.mark.parametrize(
    "text",
    ["", "Mm-hm.", "Mum,, yes.", "Uh-huh, right.", "Yes, okay, I see.", "Right, right.", "Got it.",
     "Ja, genau.", "D\N{RIGHT SINGLE QUOTATION MARK}accord.", "Sí, claro.", "Oui, voilà.",
     "Sì, capisco.", "Pois, pois.", "Ja, precies.", "Tak, rozumiem.", "Mm-hmm.", "…"],
)  # fmt: skip
def test_murmurs(text: str) -> None:
    """Short words of consent, in several languages and spellings, only say "go on"."""
    assert is_back_channel(text)


@pytest.mark.parametrize(
    "text",
    ["Wait.", "No.", "Stop, please.", "What?", "Who is this?", "Yes, but which day?",
     "Right, but wait.", "Tak, ale kiedy?", "Sí, pero no.",
     "Nein, danke.", "Yes yes yes yes yes.", "Okay, Tuesday."],
)  # fmt: skip
def test_words_with_content(text: str) -> None:
    """Anything that asks, refuses or tells something is no murmur, and neither is a long row."""
    assert not is_back_channel(text)


def test_hello_beside_an_introduction() -> None:
    """A greeting is a murmur only where it was asked for."""
    assert not is_back_channel("Hello?")
    assert is_back_channel("Hello?", greeting=True)
