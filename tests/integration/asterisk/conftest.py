"""The real exchange, one pair for a whole run, and the exchanges that conformance is asked of.

A test that takes ``address`` runs twice: as ``[practice]`` against the practice exchange, in
exact virtual time, and as ``[asterisk]`` against the real one, marked ``integration``. The mark
``wall_clock`` keeps the practice exchange on the real clock too, for tests whose parts (SQLite,
threads) know no other. Other asynchronous tests of this folder run once, on the real clock.
"""

import asyncio
import os
import warnings
from collections.abc import AsyncIterator, Callable, Iterator, Mapping

import async_solipsism
import pytest

from tests.integration.asterisk.addresses import (
    ExchangeAddress,
    NetworkWitness,
    own_exchange,
    practice_exchange,
)
from tests.integration.asterisk.caller import Caller, open_caller
from tests.integration.asterisk.manager import open_manager
from tests.integration.asterisk.servers import AsteriskMissingError, ExchangePair, exchange_pair

PRACTICE, ASTERISK = "practice", "asterisk"
LoopFactory = Callable[[], asyncio.AbstractEventLoop]


def pytest_configure(config: pytest.Config) -> None:
    """Name the mark of this folder."""
    config.addinivalue_line("markers", "wall_clock: no virtual time for the practice exchange")


def pytest_asyncio_loop_factories(item: pytest.Item) -> Mapping[str, LoopFactory]:
    """Run what is asked of an exchange once for each exchange."""
    if "address" not in item.fixturenames:  # type: ignore[attr-defined]
        return {"real": asyncio.new_event_loop}
    real_time = item.get_closest_marker("wall_clock") is not None
    return {
        PRACTICE: asyncio.new_event_loop if real_time else virtual_loop,
        ASTERISK: asyncio.new_event_loop,
    }


def virtual_loop() -> async_solipsism.EventLoop:
    """Make a loop whose clock jumps to whatever is due next."""
    # Two timers may lie closer together than the virtual clock can tell apart: no harm.
    warnings.simplefilter("ignore", async_solipsism.ResolutionWarning)
    return async_solipsism.EventLoop()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs the real exchange."""
    for item in items:
        if _exchange_of(item) == ASTERISK:
            item.add_marker(pytest.mark.integration)


def _exchange_of(item: pytest.Item) -> str:
    spec = getattr(item, "callspec", None)
    if spec is None or "address" not in item.fixturenames:  # type: ignore[attr-defined]
        return ""
    return ASTERISK if ASTERISK in spec.id.split("-") else PRACTICE


@pytest.fixture(scope="session")
def exchange() -> Iterator[ExchangePair]:
    """Start an exchange with the network behind it; skip where there is none, but not in CI.

    At the end it fails where a log holds an error that no test meant to cause.
    """
    try:
        with exchange_pair() as found:
            yield found
            complaints = found.pbx.complaints() + found.network.complaints()
            assert not complaints, "\n".join(complaints)
    except AsteriskMissingError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))


@pytest.fixture
async def address(request: pytest.FixtureRequest) -> AsyncIterator[ExchangeAddress]:
    """Return the exchange under test."""
    if _exchange_of(request.node) == PRACTICE:
        async with practice_exchange() as found:
            yield found
        return
    own = own_exchange()
    if own is not None:
        yield own
        return
    pair: ExchangePair = request.getfixturevalue("exchange")
    async with open_manager("127.0.0.1", pair.network.ami_port) as network:
        await network.log_in("witness", pair.secret)
        yield ExchangeAddress(
            host="127.0.0.1",
            port=pair.ami_port,
            username=pair.username,
            secret=pair.secret,
            template=pair.template,
            witness=NetworkWitness(network),
        )


@pytest.fixture
async def caller(address: ExchangeAddress) -> AsyncIterator[Caller]:
    """Log in to the exchange and listen for its AudioSocket."""
    async with open_caller(address) as found:
        yield found
