"""Whom the product talks to: the real services that are configured, else the practice network.

Product code gets addresses and never learns which of the two it talks to.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from opendeep.call_processor_service.ami_link import AmiConfig
from opendeep.common.ports import BrowserPhone
from opendeep.config.app_config import AppConfig
from opendeep.practice.network import (
    HOST,
    PracticeNetwork,
    PracticeNetworkConfig,
    network_elsewhere,
    practice_network,
)

PRACTICE_KEY = "practice"


@dataclass(frozen=True, slots=True, kw_only=True)
class FarEnds:
    """Addresses and keys of everything outside; ``network`` is None where nothing is practice."""

    ami: AmiConfig
    openai_base_url: str
    openai_key: str = field(repr=False)
    realtime_url: str
    realtime_key: str = field(repr=False)
    google_key: str = field(repr=False)
    gemini_base_url: str
    places_base_url: str
    network: PracticeNetwork | None

    @property
    def browser_phone(self) -> BrowserPhone | None:
        """The practice number that rings in a page, if the practice exchange runs."""
        return None if self.network is None else self.network.browser_phone


@asynccontextmanager
async def far_ends(config: AppConfig) -> AsyncIterator[FarEnds]:
    """Start what of the practice network is needed, and say where everything is."""
    practice_ai = config.practice_text or config.practice_voice or config.practice_directory
    if not (practice_ai or config.practice_exchange):
        yield _far_ends(config, None)
        return
    if config.opendeep_practice_ports:
        ai_port, ami_port = map(int, config.opendeep_practice_ports.split(","))
        yield _far_ends(config, network_elsewhere(ai_port=ai_port, ami_port=ami_port))
        return
    wanted = PracticeNetworkConfig(exchange=config.practice_exchange, ai=practice_ai)
    async with practice_network(wanted) as network:
        yield _far_ends(config, network)


def _far_ends(config: AppConfig, network: PracticeNetwork | None) -> FarEnds:
    openai_key = config.openai_api_key.get_secret_value()
    google_key = config.google_api_key.get_secret_value()
    text, voice, directory = (
        (config.practice_text, config.practice_voice, config.practice_directory)
        if network is not None
        else (False, False, False)
    )
    practice_url = "" if network is None else network.openai_base_url
    return FarEnds(
        ami=_ami(config, network),
        openai_base_url=practice_url if text else config.openai_base_url,
        openai_key=PRACTICE_KEY if text else openai_key,
        realtime_url=f"{practice_url.replace('http', 'ws', 1)}/realtime"
        if voice
        else config.realtime_url,
        realtime_key=PRACTICE_KEY if voice else openai_key,
        google_key=PRACTICE_KEY if directory else google_key,
        gemini_base_url=network.gemini_base_url
        if network is not None and directory
        else config.gemini_base_url,
        places_base_url=network.places_base_url
        if network is not None and directory
        else config.places_base_url,
        network=network,
    )


def _ami(config: AppConfig, network: PracticeNetwork | None) -> AmiConfig:
    if config.practice_exchange and network is not None:
        return AmiConfig(
            host=HOST,
            port=network.ami_port,
            username=network.ami_username,
            secret=network.ami_secret,
        )
    return AmiConfig(
        host=config.asterisk_ami_host,
        port=config.asterisk_ami_port,
        username=config.asterisk_ami_username,
        secret=config.asterisk_ami_secret.get_secret_value(),
        tls=config.asterisk_ami_tls,
        ca_file=config.asterisk_ami_ca_file,
        wire_log=config.log_level == "debug",
    )


def notices(config: AppConfig) -> tuple[str, ...]:
    """Return what every page says at its top: what is practice, and which guard is off."""
    found: list[str] = []
    if config.practice_text or config.practice_voice:
        found.append(
            "Practice AI: the assistant follows fixed rules and is no real model. "
            "Set OPENAI_API_KEY for the real one."
        )
    if config.practice_exchange:
        found.append("Practice telephone exchange: no real call is placed.")
    if config.practice_directory:
        found.append("Practice directory: its businesses are made up.")
    if config.app_test_mode:
        found.append(
            f"Test Mode: every call goes to extension {config.app_test_mode_redirect_number}."
        )
    if not config.calling_hours_enforced:
        found.append("Calling hours are off.")
    return tuple(found)
