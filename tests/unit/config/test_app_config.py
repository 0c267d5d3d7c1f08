"""Settings: defaults, refusals, and what is practice."""

from pathlib import Path

import pytest

from opendeep.common.errors import SettingsError
from opendeep.config.app_config import AppConfig, known_names, load_config

REAL = {
    "ASTERISK_AMI_HOST": "127.0.0.1",
    "OPENAI_API_KEY": "sk-test",
    "GOOGLE_API_KEY": "g-test",
}


def load(environ: dict[str, str]) -> AppConfig:
    """Load without a file, strictly."""
    return load_config(environ, env_file=None, strict=True)


def test_nothing_configured_is_all_practice():
    """Without any setting everything outside is the practice network, and hours are off."""
    config = load({})

    assert config.practice_exchange
    assert config.practice_text
    assert config.practice_voice
    assert config.practice_directory
    assert not config.calling_hours_enforced


def test_real_services_are_decided_separately():
    """A Realtime address alone makes the voice real and leaves the text practice."""
    config = load({"OPENAI_REALTIME_URL": "ws://127.0.0.1:9/v1/realtime"})

    assert config.practice_text
    assert not config.practice_voice


def test_the_voice_provider():
    """Gemini needs a key or an address, and is never practice; the local cascade always is."""
    with pytest.raises(SettingsError, match="GOOGLE_API_KEY"):
        load({"VOICE_PROVIDER": "gemini"})
    config = load({"VOICE_PROVIDER": "gemini", "GEMINI_BASE_URL": "http://127.0.0.1:9"})
    assert not config.practice_voice
    assert config.gemini_live_url.startswith("ws://127.0.0.1:9/ws/google.ai.generativelanguage")
    assert load({"VOICE_PROVIDER": "local", "OPENAI_API_KEY": "key"}).practice_voice


def test_realtime_address_is_derived():
    """The Realtime address follows the base URL's scheme and path."""
    assert load({}).realtime_url == "wss://api.openai.com/v1/realtime"
    config = load({"OPENAI_BASE_URL": "http://127.0.0.1:9/v1/"})
    assert config.realtime_url == "ws://127.0.0.1:9/v1/realtime"


def test_a_real_asterisk_enforces_hours():
    """With everything real, calling hours are enforced."""
    assert load(REAL).calling_hours_enforced


@pytest.mark.parametrize(
    ("environ", "word"),
    [
        ({"OPENDEEP_DATADIR": "x"}, "OPENDEEP_DATA_DIR"),
        ({"OPENDEEP_Q9Z": "x"}, "docs/settings.md"),
        ({"RING_SECONDS": "3"}, "RING_SECONDS"),
        ({"WEB_HOST": "192.0.2.1"}, "AUTH_MODE"),
        ({"WEB_HOST": "example.com"}, "AUTH_MODE"),
        ({"AUTH_MODE": "password"}, "AUTH_MODE"),
        ({"REDIS_URL": "127.0.0.1:6379"}, "REDIS_URL.*redis://"),
        ({"OPENDEEP_PRACTICE_PORTS": "8091"}, "OPENDEEP_PRACTICE_PORTS.*two ports"),
        ({"AUDIOSOCKET_BIND": "9092"}, "AUDIOSOCKET_BIND.*host:port"),
        ({"AUDIOSOCKET_ADVERTISE": "host:99999"}, "AUDIOSOCKET_ADVERTISE.*host:port"),
        ({"AUDIOSOCKET_ALLOWED_IPS": "10.0.0.0/8,foo"}, "AUDIOSOCKET_ALLOWED_IPS.*networks"),
        ({"OPENAI_BASE_URL": "api.openai.com"}, "OPENAI_BASE_URL.*address like http"),
        ({"OPENAI_REALTIME_URL": "http://x"}, "OPENAI_REALTIME_URL.*address like wss"),
        ({"ASTERISK_DIAL_TEMPLATE": "PJSIP/trunk"}, "ASTERISK_DIAL_TEMPLATE.*{number}"),
        ({"APP_TEST_MODE_REDIRECT_NUMBER": "7000\r\nAction: x"}, "extension"),
        ({"ASTERISK_CALLER_ID": "A\r\nAction: x"}, "ASTERISK_CALLER_ID.*one line"),
        ({"CALLS_PER_SECOND": "inf"}, "CALLS_PER_SECOND"),
        ({"MAX_CONCURRENT_CALLS": "99999999999999999999"}, "MAX_CONCURRENT_CALLS"),
        (REAL | {"OPENAI_API_KEY": ""}, "OPENAI_API_KEY"),
        (REAL | {"GOOGLE_API_KEY": ""}, "GOOGLE_API_KEY"),
        (REAL | {"CALLING_HOURS_POLICY": "off"}, "CALLING_HOURS_POLICY"),
    ],
)
def test_unusable_settings_name_the_remedy(environ: dict[str, str], word: str):
    """Each refused configuration names the setting or the page that helps."""
    with pytest.raises(SettingsError, match=word):
        load(environ)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path):
    """A settings file in another encoding is told by name, not by a traceback."""
    (tmp_path / ".env").write_bytes(b"\xff\xfeR=1")
    with pytest.raises(SettingsError, match="UTF-8"):
        load_config({}, env_file=tmp_path / ".env")


def test_addresses_of_both_families_are_taken():
    """Hosts may be names, IPv4 and bracketed IPv6 addresses; networks may be a list."""
    config = load(
        {
            "AUDIOSOCKET_BIND": "[::1]:9092",
            "AUDIOSOCKET_ADVERTISE": "opendeep.internal:9092",
            "AUDIOSOCKET_ALLOWED_IPS": "10.0.0.7, 10.1.0.0/16,",
        }
    )
    assert config.audiosocket_bind == "[::1]:9092"


def test_test_mode_allows_practice_ai_on_a_real_asterisk():
    """Test Mode is the one way to join the practice AI to a real Asterisk."""
    config = load({"ASTERISK_AMI_HOST": "127.0.0.1", "APP_TEST_MODE": "true"})

    assert config.practice_voice
    assert not config.practice_exchange


def test_localhost_is_loopback():
    """The name localhost may be bound in local mode."""
    assert load({"WEB_HOST": "localhost", "LOG_LEVEL": "INFO"}).log_level == "info"


def test_file_gives_way_to_environment(tmp_path: Path):
    """The environment wins over the file, the command line over both; file keys are checked."""
    file = tmp_path / ".env"
    file.write_text("WEB_PORT=9000\nMAX_CONCURRENT_CALLS=3\n")

    config = load_config({"WEB_PORT": "9001"}, env_file=file, strict=True)
    assert (config.web_port, config.max_concurrent_calls) == (9001, 3)
    assert load_config({}, env_file=file, overrides={"web_port": 9002}).web_port == 9002

    file.write_text("WEBPORT=1\n")
    with pytest.raises(SettingsError, match="WEB_PORT"):
        load_config({}, env_file=file, strict=True)


def test_secrets_do_not_show():
    """A secret's value is in no representation of the settings."""
    assert "sk-test" not in repr(load(REAL))


def test_names_are_the_environments():
    """Every setting has its upper-case name."""
    assert {"OPENAI_API_KEY", "MAX_CONCURRENT_CALLS"} <= known_names()


def test_countries_are_codes():
    """Codes in any case and spacing; nothing means the default of the number policy."""
    assert load({}).countries == frozenset()
    assert load({"OPENDEEP_COUNTRIES": "us, Ca,JM"}).countries == {"US", "CA", "JM"}
    with pytest.raises(SettingsError, match="OPENDEEP_COUNTRIES"):
        load({"OPENDEEP_COUNTRIES": "Jamaica"})
