"""Sends keys (DTMF) to a callee, one after the other."""

import asyncio
from collections import deque
from collections.abc import Callable

import structlog

from opendeep.call_processor_service.ami_actions import AmiAction
from opendeep.call_processor_service.asterisk_ami_client import AsteriskAmiClient
from opendeep.common.errors import ConflictError, ExchangeUnavailableError

log = structlog.get_logger(__name__)

KEY_SECONDS = 0.16
GAP_SECONDS = 0.09
WAIT_SECONDS = 0.5
QUEUE_LIMIT = 128
_WAIT_KEY = "w"


class KeyPlayer:
    """Plays queued keys on a call's channel while :meth:`run` runs.

    Asterisk takes one key an action, and answers when the key is over.

    Args:
        channel: names the channel at the moment a key is sent.
    """

    def __init__(self, keys: AsteriskAmiClient, *, channel: Callable[[], str]) -> None:
        self._keys = keys
        self._channel = channel
        self._queue: deque[str] = deque()
        self._ready = asyncio.Event()

    def play(self, digits: str) -> None:
        """Queue keys behind those that wait.

        Raises:
            ConflictError: too many keys wait already.
        """
        if len(self._queue) + len(digits) > QUEUE_LIMIT:
            raise ConflictError("Too many keys wait to be sent.")
        self._queue.extend(digits)
        self._ready.set()

    async def run(self) -> None:
        """Play for as long as the call lasts: until cancelled."""
        while True:
            while not self._queue:
                self._ready.clear()
                await self._ready.wait()
            await self._play_one(self._queue.popleft())

    async def _play_one(self, key: str) -> None:
        if key == _WAIT_KEY:
            await asyncio.sleep(WAIT_SECONDS)
            return
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + KEY_SECONDS
        action = AmiAction.play_dtmf(self._channel(), key, duration_ms=round(KEY_SECONDS * 1000))
        try:
            response = await self._keys.send_action(action)
            if not response.is_success:
                log.warning("key_refused", reason=response.get("Message"))
        except ExchangeUnavailableError as error:
            log.warning("key_not_sent", reason=error.message)
        # An exchange that answers at once must still get its keys one after the other.
        await asyncio.sleep(max(0.0, ends_at - loop.time()) + GAP_SECONDS)
