"""Every setting, its default and its meaning; read once, by ``bootstrap``.

Values come from the environment, then from a ``.env`` file in the working directory. An unknown
key is refused with the nearest known one, since a misspelt safety setting is worse than none.
"""

import difflib
import ipaddress
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from dotenv import dotenv_values
from pydantic import (
    AfterValidator,
    Field,
    PositiveInt,
    SecretStr,
    ValidationError,
    field_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from opendeep.common.errors import SettingsError

OPENAI_DEFAULT_BASE_URL = "https://api.openai.com/v1"
GEMINI_DEFAULT_BASE_URL = "https://generativelanguage.googleapis.com"
GEMINI_LIVE_METHOD = "google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent"
PLACES_DEFAULT_BASE_URL = "https://places.googleapis.com"
GUARDED_PREFIXES = ("OPENDEEP_", "ASTERISK_", "AUDIOSOCKET_", "APP_TEST_")

_ADDRESS = re.compile(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):(\d{1,5})", re.ASCII)
_WEB_ADDRESS = re.compile(r"https?://[^\s/]+\S*")
_SOCKET_ADDRESS = re.compile(r"wss?://[^\s/]+\S*")
_DIAL_TEMPLATE = re.compile(r"[A-Za-z0-9]+/[A-Za-z0-9@._/:-]*\{number\}[A-Za-z0-9@._/:-]*")


def _address(text: str) -> str:
    match = _ADDRESS.fullmatch(text)
    if text and (match is None or int(match[2]) > _PORT_MOST):
        raise ValueError("it must be host:port, as in 127.0.0.1:9092")
    return text


def _networks(text: str) -> str:
    try:
        for part in filter(None, map(str.strip, text.split(","))):
            ipaddress.ip_network(part)
    except ValueError as error:
        raise ValueError("it must be addresses or networks, as in 10.0.0.7,10.1.0.0/16") from error
    return text


def _matching(pattern: re.Pattern[str], words: str) -> AfterValidator:
    def check(text: str) -> str:
        if text and not pattern.fullmatch(text):
            raise ValueError(f"it must be {words}")
        return text

    return AfterValidator(check)


_PORT_MOST = 65535
Usd = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]
Port = Annotated[int, Field(ge=0, le=_PORT_MOST)]
Address = Annotated[str, AfterValidator(_address)]
OneLine = Annotated[str, _matching(re.compile(r"[^\x00-\x1f\x7f]+"), "one line of text")]
WebAddress = Annotated[str, _matching(_WEB_ADDRESS, "an address like http://127.0.0.1:8091/v1")]
SocketAddress = Annotated[
    str, _matching(_SOCKET_ADDRESS, "an address like wss://api.openai.com/v1/realtime")
]
RedisAddress = Annotated[
    str, _matching(re.compile(r"(rediss?|unix)://\S+"), "an address like redis://127.0.0.1:6379/0")
]
PortPair = Annotated[
    str, _matching(re.compile(r"\d{1,5},\d{1,5}", re.ASCII), "two ports, as in 8091,5038")
]
DialTemplate = Annotated[
    str, _matching(_DIAL_TEMPLATE, "like PJSIP/{number}@trunk, with {number} in it")
]


class AppConfig(BaseSettings):
    """The settings of CONTRACT §3, each named as its environment variable in lower case."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True
    )

    opendeep_data_dir: Path = Path("data")
    database_url: str = ""
    redis_url: RedisAddress = ""
    opendeep_node: OneLine = ""
    opendeep_practice_ports: PortPair = ""
    web_host: str = "127.0.0.1"
    web_port: Port = 8000
    auth_mode: Literal["local", "password"] = "local"

    openai_api_key: SecretStr = SecretStr("")
    openai_base_url: WebAddress = OPENAI_DEFAULT_BASE_URL
    openai_realtime_url: SocketAddress = ""
    openai_realtime_model: str = "gpt-realtime-2.1"
    openai_realtime_voice: str = "marin"
    openai_text_model: str = "gpt-6.1-terra"
    openai_small_text_model: str = "gpt-6-luna"
    openai_api_style: Literal["auto", "responses", "chat"] = "auto"

    voice_provider: Literal["openai", "gemini", "local"] = "openai"
    gemini_live_model: str = "gemini-3.8-live"
    gemini_live_voice: str = "Kore"

    google_api_key: SecretStr = SecretStr("")
    gemini_base_url: WebAddress = GEMINI_DEFAULT_BASE_URL
    gemini_model: str = "gemini-3.8-flash"
    places_base_url: WebAddress = PLACES_DEFAULT_BASE_URL

    asterisk_ami_host: str = ""
    asterisk_ami_port: Port = 5038
    asterisk_ami_username: str = ""
    asterisk_ami_secret: SecretStr = SecretStr("")
    asterisk_ami_tls: bool = False
    asterisk_ami_ca_file: str = ""
    asterisk_dial_template: DialTemplate = "PJSIP/{number}@trunk"
    asterisk_number_format: Literal["e164", "digits", "national"] = "e164"
    asterisk_caller_id: OneLine = ""
    asterisk_context: OneLine = "opendeep"

    audiosocket_bind: Address = "127.0.0.1:9092"
    audiosocket_advertise: Address = ""
    audiosocket_allowed_ips: Annotated[str, AfterValidator(_networks)] = "127.0.0.0/8,::1/128"

    max_concurrent_calls: Annotated[int, Field(ge=1, le=10_000)] = 10
    max_concurrent_calls_per_user: Annotated[int, Field(ge=1, le=10_000)] = 5
    max_concurrent_calls_per_campaign: Annotated[int, Field(ge=0, le=10_000)] = 0
    canary_calls: Annotated[int, Field(ge=0, le=100)] = 0
    calls_per_second: Annotated[float, Field(gt=0, le=1000)] = 1.0
    scheduler_poll_seconds: Annotated[float, Field(gt=0, le=3600)] = 1.0

    app_test_mode: bool = False
    app_test_mode_redirect_number: Annotated[
        str, _matching(re.compile(r"[0-9]{1,15}"), "an extension of 1 to 15 digits")
    ] = "7000"
    asterisk_test_dial_template: DialTemplate = "PJSIP/{number}"

    opendeep_countries: Annotated[
        str,
        _matching(re.compile(r"[A-Za-z]{2}( *, *[A-Za-z]{2})*"), "codes of countries, as in US,CA"),
    ] = ""
    calling_hours_policy: Literal["", "enforce", "off"] = ""
    global_dnd_threshold: PositiveInt = 3
    budget_campaign_usd: Usd = 0.0
    budget_user_day_usd: Usd = 0.0
    budget_day_usd: Usd = 0.0
    call_estimate_usd: Usd = 0.3
    lifecycle_tokens_per_user_day: Annotated[int, Field(ge=0, le=100_000_000)] = 50_000
    smtp_host: OneLine = ""
    smtp_port: Port = 587
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_username: OneLine = ""
    smtp_password: SecretStr = SecretStr("")
    smtp_from: OneLine = ""
    max_call_seconds: Annotated[int, Field(ge=10, le=3300)] = 600
    ring_seconds: Annotated[int, Field(ge=15, le=60)] = 30
    feedback_timeout_seconds: Annotated[int, Field(ge=5, le=120)] = 60
    record_calls: bool = False
    call_consult: bool = False

    log_format: Literal["", "console", "json"] = ""
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take values only from the mapping that :func:`load_config` read."""
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)

    @field_validator("log_level", mode="before")
    @classmethod
    def _lower(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @property
    def practice_exchange(self) -> bool:
        """Whether calls go to the practice telephone exchange."""
        return not self.asterisk_ami_host

    @property
    def practice_text(self) -> bool:
        """Whether the practice AI answers text requests."""
        return not self._openai_key and self.openai_base_url == OPENAI_DEFAULT_BASE_URL

    @property
    def practice_voice(self) -> bool:
        """Whether the practice AI holds the conversations."""
        if self.voice_provider == "openai":
            return self.practice_text and not self.openai_realtime_url
        return self.voice_provider == "local"

    @property
    def practice_directory(self) -> bool:
        """Whether business look-ups go to the practice directory."""
        return not self.google_api_key.get_secret_value() and (
            self.gemini_base_url == GEMINI_DEFAULT_BASE_URL
            and self.places_base_url == PLACES_DEFAULT_BASE_URL
        )

    @property
    def countries(self) -> frozenset[str]:
        """The countries that may be called, as ISO 3166 codes; empty for the default."""
        return frozenset(filter(None, map(str.strip, self.opendeep_countries.upper().split(","))))

    @property
    def calling_hours_enforced(self) -> bool:
        """Whether calls stay within the callee's hours; off by default on the practice exchange."""
        if self.calling_hours_policy:
            return self.calling_hours_policy == "enforce"
        return not self.practice_exchange

    @property
    def _openai_key(self) -> str:
        return self.openai_api_key.get_secret_value()

    @property
    def realtime_url(self) -> str:
        """The Realtime WebSocket's address: given, or derived from ``OPENAI_BASE_URL``."""
        if self.openai_realtime_url:
            return self.openai_realtime_url
        scheme, _, rest = self.openai_base_url.rstrip("/").partition("://")
        return f"{'ws' if scheme == 'http' else 'wss'}://{rest}/realtime"

    @property
    def gemini_live_url(self) -> str:
        """The Live WebSocket's address, at the host of ``GEMINI_BASE_URL``."""
        scheme, _, rest = self.gemini_base_url.rstrip("/").partition("://")
        return f"{'ws' if scheme == 'http' else 'wss'}://{rest}/ws/{GEMINI_LIVE_METHOD}"

    def check(self) -> None:
        """Refuse combinations that are unsafe or cannot work.

        Raises:
            SettingsError: with the setting's name and the remedy.
        """
        if self.auth_mode == "local" and not _is_loopback(self.web_host):
            raise SettingsError(
                f"WEB_HOST={self.web_host} is reachable from outside, but AUTH_MODE=local has no "
                "passwords: bind a loopback address such as 127.0.0.1."
            )
        no_key = not self.google_api_key.get_secret_value()
        if (
            self.voice_provider == "gemini"
            and no_key
            and self.gemini_base_url == GEMINI_DEFAULT_BASE_URL
        ):
            raise SettingsError(
                "VOICE_PROVIDER=gemini needs GOOGLE_API_KEY: there is no practice Gemini Live."
            )
        if self.auth_mode == "password":
            raise SettingsError(
                "AUTH_MODE=password is not available in this version: use AUTH_MODE=local on a "
                "loopback address."
            )
        if not self.practice_exchange and not self.app_test_mode:
            self._check_real_calls()

    def _check_real_calls(self) -> None:
        if self.practice_text or self.practice_voice:
            raise SettingsError(
                "ASTERISK_AMI_HOST names a real Asterisk but the AI is the practice one: set "
                "OPENAI_API_KEY (or OPENAI_BASE_URL), or APP_TEST_MODE=true."
            )
        if self.practice_directory:
            raise SettingsError(
                "ASTERISK_AMI_HOST names a real Asterisk but the business directory is the "
                "practice one: set GOOGLE_API_KEY, or APP_TEST_MODE=true."
            )
        if self.calling_hours_policy == "off":
            raise SettingsError(
                "CALLING_HOURS_POLICY=off is refused with a real Asterisk: remove it, or set "
                "APP_TEST_MODE=true."
            )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def known_names() -> frozenset[str]:
    """Return the names of all settings as they stand in the environment."""
    return frozenset(name.upper() for name in AppConfig.model_fields)


def environment_with(**settings: str) -> dict[str, str]:
    """Return this process's environment with some settings changed, for a child."""
    return {**os.environ, **{name.upper(): value for name, value in settings.items()}}


def load_config(
    environ: Mapping[str, str] | None = None,
    *,
    env_file: Path | None = Path(".env"),
    strict: bool = False,
    overrides: Mapping[str, object] | None = None,
) -> AppConfig:
    """Read the settings once.

    Args:
        environ: the environment; the process's own by default.
        env_file: a file of ``NAME=value`` lines; the environment wins over it.
        strict: also refuse unknown names (``serve`` and ``doctor`` do).
        overrides: values from the command line, by field name; None means not given.

    Raises:
        SettingsError: a value or name cannot be used; the message says what to do.
    """
    environment = dict(os.environ if environ is None else environ)
    from_file = _read_file(env_file) if env_file else {}
    if strict:
        _refuse_unknown(environment, from_file)
    values: dict[str, Any] = {}
    for name in AppConfig.model_fields:
        text = environment.get(name.upper(), from_file.get(name.upper(), ""))
        if text != "":
            values[name] = text
    values.update({name: value for name, value in (overrides or {}).items() if value is not None})
    try:
        config = AppConfig(**values)
    except ValidationError as error:
        raise SettingsError(_first_fault(error)) from error
    config.check()
    return config


def _read_file(env_file: Path) -> dict[str, str]:
    try:
        return {name: value or "" for name, value in dotenv_values(env_file).items()}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"The settings file {env_file} cannot be read: it must be UTF-8 text of NAME=value "
            "lines."
        ) from error


def _refuse_unknown(environment: Mapping[str, str], from_file: Mapping[str, str]) -> None:
    names = known_names()
    unknown = [name for name in from_file if name not in names]
    unknown += [
        name for name in environment if name.startswith(GUARDED_PREFIXES) and name not in names
    ]
    if not unknown:
        return
    nearest = difflib.get_close_matches(unknown[0], names, n=1, cutoff=0.75)
    hint = f" Did you mean {nearest[0]}?" if nearest else " See docs/settings.md for all names."
    raise SettingsError(f"Unknown setting {unknown[0]}.{hint}")


def _first_fault(error: ValidationError) -> str:
    fault = error.errors(include_url=False, include_input=False)[0]
    name = str(fault["loc"][0]).upper() if fault["loc"] else "settings"
    reason = fault["msg"].removeprefix("Value error, ")
    return f"{name} cannot be used: {reason}."
