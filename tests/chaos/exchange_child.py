"""The practice exchange as a process of its own, whose telephones tell the far end's recorder.

``python -m tests.chaos.exchange_child SOCKET`` prints the manager's port and runs until killed.
"""

import asyncio
import socket
import sys

from opendeep.common.logger_setup import setup_logging
from opendeep.practice.browser_phone import PracticeBrowserPhone
from opendeep.practice.callees.catalogue import Profile, Refusal
from opendeep.practice.exchange import ExchangeConfig, PracticeExchange
from opendeep.practice.exchange_callee import FarEnd
from opendeep.practice.exchange_channel import ExchangeChannel
from opendeep.practice.exchange_sounds import load_clips
from opendeep.practice.exchange_telephones import CallingSide, Telephones
from opendeep.practice.speech import load_engines


class CountedTelephones(Telephones):
    """Telephones that tell each call that comes in, before they ring."""

    def __init__(self, recorder: socket.socket, telephones: Telephones) -> None:
        self._recorder = recorder
        self._telephones = telephones

    async def ring(self, profile: Profile, line: CallingSide) -> FarEnd | Refusal:
        """Tell it, and ring."""
        assert isinstance(line, ExchangeChannel)
        self._recorder.send(line.facts.unique_id.encode())
        return await self._telephones.ring(profile, line)


class CountedExchange(PracticeExchange):
    """A practice exchange with such telephones."""

    recorder: socket.socket

    def _telephones(self) -> Telephones:
        return CountedTelephones(self.recorder, super()._telephones())


async def run(address: str) -> None:
    """Serve until killed."""
    setup_logging(log_format="console", level="error")
    exchange = CountedExchange(
        ExchangeConfig(ring_factor=0.2),
        hearing=load_engines(),
        clips=load_clips(),
        browser_phone=PracticeBrowserPhone(),
    )
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as recorder:
        recorder.connect(address)
        exchange.recorder = recorder
        async with exchange.serve():
            sys.stdout.write(f"port {exchange.port}\n")
            sys.stdout.flush()
            await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1]))
