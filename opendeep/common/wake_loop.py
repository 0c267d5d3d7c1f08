"""The loop of a background service: work at wake-ups, and by itself every few seconds.

The bus only makes it faster: a lost wake-up costs one poll, since the rows are the truth.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection

from opendeep.common.errors import UnavailableError
from opendeep.common.event_bus import EventBus
from opendeep.common.lifecycle import Nursery, wait_event
from opendeep.common.messages import WAKEUPS, Wakeup

MORE = True
"""What ``work`` returns when it stopped early and wants to go on at once."""


class WakeLoop:
    """Calls ``work`` until stopped; an error of the work ends the loop and goes to its owner.

    Args:
        bus: where wake-ups come from.
        works: which wake-ups matter.
        poll_seconds: how long to wait without one.
    """

    def __init__(self, bus: EventBus, *, works: Collection[str], poll_seconds: float) -> None:
        self._bus = bus
        self._works = frozenset(works)
        self._poll_seconds = poll_seconds
        self._wake = asyncio.Event()
        self._stopping = False
        self._deaf = ""

    def stop(self) -> None:
        """Ask :meth:`run` to return after the present round."""
        self._stopping = True
        self._wake.set()

    def wake(self) -> None:
        """Let the next round begin at once."""
        self._wake.set()

    async def run(self, work: Callable[[], Awaitable[bool | None]]) -> None:
        """Work until :meth:`stop`.

        Raises:
            UnavailableError: the bus failed. Whatever ``work`` raises passes through.
        """
        self._deaf = ""
        async with Nursery("wakeups", on_failure=self._on_failure) as nursery:
            if not self._stopping:
                nursery.start(self._listen(), name="listen")
            while not self._stopping:
                self._wake.clear()
                if await work() is not MORE and not self._stopping:
                    await wait_event(self._wake, self._poll_seconds)
                if self._deaf:
                    raise UnavailableError(f"Wake-ups do not come: {self._deaf}")

    async def _listen(self) -> None:
        async with self._bus.subscribe(WAKEUPS) as wakeups:
            async for message in wakeups:
                if isinstance(message, Wakeup) and message.work in self._works:
                    self._wake.set()

    def _on_failure(self, _name: str, error: BaseException) -> None:
        self._deaf = str(error) or type(error).__name__
        self._wake.set()
