"""What ``opendeep practice`` takes over from the settings."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from opendeep.bootstrap import rehearsal
from opendeep.config.app_config import AppConfig


@pytest.mark.parametrize(
    ("like", "voice", "consult"),
    [
        (None, "openai", False),
        (AppConfig(voice_provider="local"), "local", False),
        (AppConfig(call_consult=True), "openai", True),
        (AppConfig(voice_provider="gemini", google_api_key=SecretStr("key")), "openai", False),
    ],
)
def test_a_rehearsal_reaches_nothing_outside(
    tmp_path: Path, like: AppConfig | None, voice: str, consult: bool
) -> None:
    """A rehearsal has the configured kind of voice only where that needs no service outside."""
    config = rehearsal._practice_config(tmp_path, record=False, like=like)

    assert (config.voice_provider, config.call_consult) == (voice, consult)
    assert config.practice_voice
    assert config.practice_text
    assert config.practice_exchange
