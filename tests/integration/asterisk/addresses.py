"""Where an exchange listens: the practice exchange, the tests' real Asterisk, or a user's own."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from opendeep.practice.exchange import ExchangeConfig, PracticeExchange
from opendeep.practice.exchange_sounds import load_clips
from tests.unit.practice.exchange_world import ToneHearing

OWN_EXCHANGE = "CONFORMANCE_EXCHANGE"
"""Names a user's own Asterisk: ``host:port,username,secret,template``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeAddress:
    """Where an exchange listens and how it dials.

    Attributes:
        template: as in ``ASTERISK_DIAL_TEMPLATE``.
        is_own: whether it is a user's own Asterisk, which has not every trunk of the tests.
        is_practice: whether it is the practice exchange.
    """

    host: str
    port: int
    username: str
    secret: str
    template: str = "PJSIP/{number}@trunk"
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
