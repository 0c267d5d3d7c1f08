"""The fixed first words in each language."""

import string

import pytest

from opendeep.task_manager.disclosure import (
    WORDINGS,
    introduce,
    language_of,
    say_booking,
    say_reason,
)

AN_AI = {
    "en": "automated AI assistant",
    "de": "automatischer Assistent mit künstlicher Intelligenz",
    "es": "asistente automático de inteligencia artificial",
    "fr": "assistant automatique, une intelligence artificielle",
    "it": "assistente automatico basato sull'intelligenza artificiale",
    "pt": "assistente automático de inteligência artificial",
    "nl": "automatische assistent met kunstmatige intelligentie",
    "pl": "automatyczny asystent oparty na sztucznej inteligencji",
}
ON_BEHALF = {
    "en": "on behalf of Greta Holm.",
    "de": "im Auftrag von Greta Holm an.",
    "es": "en nombre de Greta Holm.",
    "fr": "de la part de Greta Holm.",
    "it": "per conto di Greta Holm.",
    "pt": "em nome de Greta Holm.",
    "nl": "namens Greta Holm.",
    "pl": "w imieniu następującej osoby: Greta Holm.",
}


def test_each_language_is_proven_here() -> None:
    """No language is in the table without its words being checked."""
    assert set(WORDINGS) == set(AN_AI) == set(ON_BEHALF)


@pytest.mark.parametrize("language", WORDINGS)
def test_it_says_that_it_is_an_ai_and_for_whom(language: str) -> None:
    """The first sentences name the AI and the person, also where no name is known."""
    named = introduce(language, " Greta  Holm. ")
    assert AN_AI[language] in named
    assert named.endswith(ON_BEHALF[language])
    assert AN_AI[language] in introduce(language, None)
    assert "Greta" not in introduce(language, None)


@pytest.mark.parametrize("language", WORDINGS)
def test_every_sentence_is_whole(language: str) -> None:
    """Each sentence ends as one, and has exactly the place that is filled in."""
    wording = WORDINGS[language]
    places = {
        wording.introduction: ["name"],
        wording.before_vowel or "{name}.": ["name"],
        wording.anonymous: [],
        wording.recorded: [],
        wording.booking: ["service"],
        wording.reason: ["title"],
    }
    for sentence, expected in places.items():
        found = [name for _, name, _, _ in string.Formatter().parse(sentence) if name]
        assert (found, sentence[-1]) == (expected, ".")


def test_values_are_data() -> None:
    """Braces in a name or a title stay what they are."""
    assert introduce("en", "{title}").endswith("on behalf of {title}.")
    assert say_reason("de", "{name}") == "Es geht um Folgendes: {name}."
    assert say_booking("nl", "tafel") == "Ik wil graag het volgende boeken: tafel."


def test_french_elides() -> None:
    """Before a vowel "de" loses its own."""
    assert introduce("fr", "Élise").endswith("de la part d'Élise.")
    assert introduce("de", "Élise").endswith("von Élise an.")


@pytest.mark.parametrize(
    ("tag", "language"),
    [("de-AT", "de"), ("PT-BR", "pt"), ("sv", "en"), ("?", "en"), ("", "en"), (None, "en")],
)
def test_what_is_not_here_is_english(tag: str | None, language: str) -> None:
    """A dialect has its language's words; an unknown language has the English ones."""
    assert language_of(tag) == language
