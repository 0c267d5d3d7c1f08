"""The practice network as one thing: exchange, callees, AI service and directory on loopback.

Everything it offers is an address; whoever connects cannot tell it from the real services.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from opendeep.common.errors import UnavailableError
from opendeep.practice.ai_service import AiServiceConfig, PracticeAiService
from opendeep.practice.browser_phone import PracticeBrowserPhone
from opendeep.practice.exchange import ExchangeConfig, PracticeExchange
from opendeep.practice.exchange_sounds import load_clips
from opendeep.practice.records import CalleeRecord
from opendeep.practice.speech import SpeechEngines, load_engines

HOST = "127.0.0.1"
USERNAME = "opendeep"
SECRET = "practice"  # noqa: S105 - guards a loopback exchange that reaches nobody


@dataclass(frozen=True, slots=True, kw_only=True)
class PracticeNetworkConfig:
    """Which halves run, and on which ports (0 takes any free one)."""

    exchange: bool = True
    ai: bool = True
    ai_port: int = 0
    ami_port: int = 0
    audiosocket: str = "127.0.0.1:9092"


@dataclass(frozen=True, slots=True, kw_only=True)
class PracticeNetwork:
    """The running network; what is not running has port 0."""

    ai_port: int
    ami_port: int
    ami_username: str
    ami_secret: str
    browser_phone: PracticeBrowserPhone | None
    exchange: PracticeExchange | None
    engines: SpeechEngines | None = None

    @property
    def openai_base_url(self) -> str:
        """The address of the practice AI, as ``OPENAI_BASE_URL``."""
        return f"http://{HOST}:{self.ai_port}/v1"

    @property
    def gemini_base_url(self) -> str:
        """The address of the practice search, as ``GEMINI_BASE_URL``."""
        return f"http://{HOST}:{self.ai_port}/gemini"

    @property
    def places_base_url(self) -> str:
        """The address of the practice directory, as ``PLACES_BASE_URL``."""
        return f"http://{HOST}:{self.ai_port}/places"

    @property
    def records(self) -> list[CalleeRecord]:
        """What really happened at the callees' ends."""
        return [] if self.exchange is None else self.exchange.records


def network_elsewhere(*, ai_port: int, ami_port: int) -> PracticeNetwork:
    """Return the practice network that another process on this machine runs."""
    return PracticeNetwork(
        ai_port=ai_port,
        ami_port=ami_port,
        ami_username=USERNAME,
        ami_secret=SECRET,
        browser_phone=None,
        exchange=None,
    )


@asynccontextmanager
async def practice_network(config: PracticeNetworkConfig) -> AsyncIterator[PracticeNetwork]:
    """Run the practice network while the block is open.

    Raises:
        SettingsError: a speech engine is missing on this machine; the message names the remedy.
        UnavailableError: a port is taken.
    """
    async with AsyncExitStack() as stack:
        engines = load_engines()
        stack.callback(engines.close)
        phone = PracticeBrowserPhone()
        exchange = PracticeExchange(
            ExchangeConfig(
                username=USERNAME,
                secret=SECRET,
                port=config.ami_port,
                audiosocket=config.audiosocket,
            ),
            hearing=engines,
            clips=load_clips(),
            browser_phone=phone,
        )
        service = PracticeAiService(AiServiceConfig(port=config.ai_port), engines)
        try:
            if config.ai:
                await stack.enter_async_context(service.serve())
            if config.exchange:
                await stack.enter_async_context(exchange.serve())
        except OSError as error:
            raise UnavailableError(
                f"The practice network cannot listen: {error.strerror}. Stop what uses the port, "
                "or choose another."
            ) from error
        yield PracticeNetwork(
            ai_port=service.port if config.ai else 0,
            ami_port=exchange.port if config.exchange else 0,
            ami_username=USERNAME,
            ami_secret=SECRET,
            browser_phone=phone if config.exchange else None,
            exchange=exchange if config.exchange else None,
            engines=engines,
        )
