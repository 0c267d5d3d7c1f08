"""``opendeep practice-network``: the practice AI and exchange alone, for any client to try."""

import asyncio
import signal
from collections.abc import Callable

from opendeep.bootstrap.services import split_address
from opendeep.common.logger_setup import setup_logging
from opendeep.practice.network import HOST, PracticeNetworkConfig, practice_network


async def serve_practice_network(
    *, ai_port: int, ami_port: int, audiosocket: str, announce: Callable[[str], None]
) -> None:
    """Run the practice network until SIGINT or SIGTERM.

    Raises:
        SettingsError: ``audiosocket`` is not ``host:port``, or a speech engine is missing.
        UnavailableError: a port is taken.
    """
    split_address(audiosocket, "--audiosocket")
    setup_logging(log_format="console", level="warning")
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    config = PracticeNetworkConfig(ai_port=ai_port, ami_port=ami_port, audiosocket=audiosocket)
    async with practice_network(config) as network:
        announce(f"OPENAI_BASE_URL={network.openai_base_url}")
        announce(f"GEMINI_BASE_URL={network.gemini_base_url}")
        announce(f"PLACES_BASE_URL={network.places_base_url}")
        announce(f"ASTERISK_AMI_HOST={HOST} ASTERISK_AMI_PORT={network.ami_port}")
        announce(
            f"ASTERISK_AMI_USERNAME={network.ami_username} ASTERISK_AMI_SECRET={network.ami_secret}"
        )
        setup_logging(log_format="console", level="info")
        announce("Numbers: +1 NXX 555 0100 to 0117; audio goes to " + audiosocket)
        await stopping.wait()
