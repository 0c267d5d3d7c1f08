"""Voices and languages are closed sets."""

import pytest

from opendeep.task_manager.speech_choices import VOICES, primary_language


@pytest.mark.parametrize(
    ("tag", "primary"),
    [
        ("en", "en"),
        ("de-AT", "de"),
        ("PT-br", "pt"),
        ("zh-Hant-TW", "zh"),
        ("yue", "yue"),
        ("en-x-legal", "en"),
        ("xx", None),
        ("english", None),
        ("en_US", None),
        ("e", None),
        ("", None),
        ("en\n", None),
    ],
)
def test_the_primary_language_of_a_tag(tag: str, primary: str | None) -> None:
    """A well-formed tag of a known language has one; nothing else has."""
    assert primary_language(tag) == primary


def test_the_default_voice_is_one_of_them() -> None:
    """The recommended voices are known, those for text-to-speech alone are not."""
    assert {"marin", "cedar"} < set(VOICES)
    assert not {"fable", "onyx", "nova"} & set(VOICES)
