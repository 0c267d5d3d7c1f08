"""The practice telephone exchange: what OpenDeep dials when no Asterisk is configured.

It speaks Asterisk's manager interface and AudioSocket on loopback, so the product runs the same
code as with a real exchange; behind it are the callees of ``practice/callees``.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from opendeep.common.clock import Clock, SystemClock
from opendeep.common.lifecycle import Nursery
from opendeep.practice.browser_phone import PracticeBrowserPhone
from opendeep.practice.exchange_actions import Account, Actions
from opendeep.practice.exchange_ami import AmiServer
from opendeep.practice.exchange_person import Hearing
from opendeep.practice.exchange_sounds import Clips
from opendeep.practice.exchange_switch import Switch
from opendeep.practice.exchange_telephones import Telephones
from opendeep.practice.records import CalleeRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeConfig:
    """How the practice exchange listens and how patient its callees are.

    Attributes:
        port: of the manager interface; 0 takes any.
        rights: the manager's write classes.
        audiosocket: the media server for calls whose Originate names none, ``host:port``.
        ring_factor: multiplies ringing times, for tests.
        wait_factor: multiplies music, tones and pauses, for tests.
    """

    username: str = "opendeep"
    secret: str = "practice"  # noqa: S105 - a loopback exchange that reaches nobody
    host: str = "127.0.0.1"
    port: int = 0
    rights: frozenset[str] = frozenset({"originate", "call", "reporting"})
    audiosocket: str = "127.0.0.1:9092"
    safe_message_seconds: float = 3.0
    ring_factor: float = 1.0
    wait_factor: float = 1.0


class PracticeExchange:
    """Serves the practice telephone network.

    Args:
        hearing: gives callees their ears (the practice speech engines).
        clips: the callees' sentences, from ``exchange_sounds.load_clips``.
        browser_phone: rings for ``99`` and ``7000``, where a page may offer it.
    """

    def __init__(
        self,
        config: ExchangeConfig,
        *,
        hearing: Hearing,
        clips: Clips,
        browser_phone: PracticeBrowserPhone | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._config = config
        self._hearing = hearing
        self._clips = clips
        self._browser_phone = browser_phone
        self._clock = clock or SystemClock()
        self._switch: Switch | None = None
        self.port = config.port

    @property
    def records(self) -> list[CalleeRecord]:
        """What happened at the callees' ends, oldest first; the last thousand calls."""
        return self._switch.records if self._switch is not None else []

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[None]:
        """Listen while the block is open; ``port`` is the real one inside it.

        Leaving hangs up every call and drops every manager.
        """
        config = self._config
        account = Account(username=config.username, secret=config.secret, rights=config.rights)
        async with Nursery("practice-exchange") as nursery:
            switch = self._switch = Switch(
                nursery=nursery,
                telephones=self._telephones(),
                default_audiosocket=config.audiosocket,
                safe_message_seconds=config.safe_message_seconds,
            )
            actions = Actions(switch=switch, account=account, clock=self._clock)
            ami = AmiServer(nursery=nursery, actions=actions, account=account, switch=switch)
            server = await ami.listen(config.host, config.port)
            self.port = server.sockets[0].getsockname()[1]
            try:
                yield
            finally:
                server.close()

    def _telephones(self) -> Telephones:
        return Telephones(
            clips=self._clips,
            hearing=self._hearing,
            browser_phone=self._browser_phone,
            ring_factor=self._config.ring_factor,
            wait_factor=self._config.wait_factor,
        )
