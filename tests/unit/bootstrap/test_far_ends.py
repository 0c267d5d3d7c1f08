"""Whom the product talks to, decided by settings alone."""

import pytest

from opendeep.bootstrap.far_ends import far_ends, notices
from opendeep.bootstrap.services import split_address
from opendeep.common.errors import SettingsError
from opendeep.config.app_config import AppConfig, load_config

REAL = {
    "ASTERISK_AMI_HOST": "127.0.0.1",
    "ASTERISK_AMI_USERNAME": "u",
    "ASTERISK_AMI_SECRET": "s",
    "OPENAI_API_KEY": "sk-test",
    "GOOGLE_API_KEY": "g-test",
}


def config(environ: dict[str, str]) -> AppConfig:
    """Load settings without a file."""
    return load_config(environ, env_file=None)


async def test_everything_real_starts_no_practice_network():
    """With every service configured, the addresses are the configured ones."""
    async with far_ends(config(REAL)) as ends:
        assert ends.network is None
        assert ends.browser_phone is None
        assert (ends.ami.host, ends.ami.username, ends.ami.secret) == ("127.0.0.1", "u", "s")
        assert ends.openai_base_url == "https://api.openai.com/v1"
        assert ends.realtime_url == "wss://api.openai.com/v1/realtime"
        assert (ends.openai_key, ends.google_key) == ("sk-test", "g-test")
        assert "sk-test" not in repr(ends)


def test_pages_say_what_is_practice():
    """Each practice part and each guard that is off has its notice; a real set-up has none."""
    assert notices(config(REAL)) == ()
    told = " ".join(notices(config({"APP_TEST_MODE": "true"})))
    for word in ("Practice AI", "exchange", "directory", "Test Mode", "7000", "Calling hours"):
        assert word in told


@pytest.mark.parametrize("text", ["", "9092", "host:", ":1", "h:99999", "h:x", "h:１"])  # noqa: RUF001
def test_addresses_must_be_host_and_port(text: str):
    """What is not host:port is refused with the setting's name."""
    with pytest.raises(SettingsError, match="AUDIOSOCKET_BIND"):
        split_address(text, "AUDIOSOCKET_BIND")


def test_addresses_are_split():
    """Host and port come apart, IPv6 brackets too."""
    assert split_address("127.0.0.1:0", "X") == ("127.0.0.1", 0)
    assert split_address("[::1]:9092", "X") == ("::1", 9092)
