"""Where an exchange listens: the practice exchange, the tests' real Asterisk, or a user's own."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from opendeep.practice.exchange import ExchangeConfig, PracticeExchange
from opendeep.practice.exchange_sounds import load_clips
from tests.integration.asterisk.manager import Manager
from tests.unit.practice.exchange_world import ToneHearing

OWN_EXCHANGE = "CONFORMANCE_EXCHANGE"
"""Names a user's own Asterisk: ``host:port,username,secret,template``."""


class Witness(Protocol):
    """What the far end saw, told by itself."""

    async def callee_was_spoken_to(self) -> None:
        """Wait until callee 37 has heard somebody speak."""
        ...

    def calls_that_came(self) -> int:
        """Return how many calls came to the network since the test began."""
        ...


class PracticeWitness:
    """Asks the practice exchange's own records."""

    def __init__(self, exchange: PracticeExchange) -> None:
        self._exchange = exchange

    async def callee_was_spoken_to(self) -> None:
        """Look whether the last call got the safe message."""
        assert self._exchange.records[-1].safe_message

    def calls_that_came(self) -> int:
        """Count the records."""
        return len(self._exchange.records)


class NetworkWitness:
    """Asks the manager of the tests' telephone network."""

    def __init__(self, manager: Manager) -> None:
        self._manager = manager

    async def callee_was_spoken_to(self) -> None:
        """Wait for the talk detector of callee 37."""
        await self._manager.event("ChannelTalkingStart")

    def calls_that_came(self) -> int:
        """Count what the network's dialplan told."""
        return sum(message.get("UserEvent") == "CallCame" for message in self._manager.messages)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeAddress:
    """Where an exchange listens and how it dials.

    Attributes:
        template: as in ``ASTERISK_DIAL_TEMPLATE``.
        witness: the far end's own account; None where the far end is not ours.
        is_own: whether it is a user's own Asterisk, which has not every trunk of the tests.
        is_practice: whether it is the practice exchange.
    """

    host: str
    port: int
    username: str
    secret: str
    template: str = "PJSIP/{number}@trunk"
    witness: Witness | None = None
    is_own: bool = False
    is_practice: bool = False


@asynccontextmanager
async def practice_exchange() -> AsyncIterator[ExchangeAddress]:
    """Serve the practice exchange on a free port."""
    config = ExchangeConfig()
    exchange = PracticeExchange(config, hearing=ToneHearing(), clips=load_clips())
    async with exchange.serve():
        yield ExchangeAddress(
            host="127.0.0.1",
            port=exchange.port,
            username=config.username,
            secret=config.secret,
            witness=PracticeWitness(exchange),
            is_practice=True,
        )


def own_exchange() -> ExchangeAddress | None:
    """Return the user's own Asterisk, where one is named."""
    told = os.environ.get(OWN_EXCHANGE)
    if not told:
        return None
    where, username, secret, template = told.split(",")
    host, _, port = where.rpartition(":")
    return ExchangeAddress(
        host=host,
        port=int(port),
        username=username,
        secret=secret,
        template=template,
        is_own=True,
    )
