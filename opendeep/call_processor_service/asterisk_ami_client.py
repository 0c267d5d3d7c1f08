"""The client of Asterisk's manager interface: stays connected, answers actions, routes events."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable

import structlog

from opendeep.call_processor_service.ami_actions import AmiAction
from opendeep.call_processor_service.ami_facts import RIGHTS_REMEDY, ExchangeFacts
from opendeep.call_processor_service.ami_link import AmiConfig, AmiLink, AmiUnavailableError
from opendeep.call_processor_service.ami_login import log_in
from opendeep.call_processor_service.ami_protocol import AmiMessage
from opendeep.call_processor_service.ami_subscription import (
    AmiLinkLost,
    AmiLinkRestored,
    AmiRouter,
    AmiSubscription,
)
from opendeep.common.errors import ExchangeUnavailableError
from opendeep.common.lifecycle import wait_event

log = structlog.get_logger(__name__)

_BACKOFF_FIRST_SECONDS = 0.5
_BACKOFF_MOST_SECONDS = 15.0


class AsteriskAmiClient:
    """Keeps one connection to Asterisk's manager while :meth:`run` runs.

    An action is sent once or not at all: what was in flight when the link was lost is told as
    unknown and never sent again. Subscribers of a channel hear when the link is lost and when it
    is back, and then ask for what they missed.

    Args:
        config: where and how.
        name: the service's name in logs.
        jitter: gives a number from 0 to 1 for each pause between tries.
    """

    def __init__(
        self,
        config: AmiConfig,
        *,
        name: str = "asterisk_ami",
        jitter: Callable[[], float] | None = None,
    ) -> None:
        self._config = config
        self._name = name
        self._jitter = jitter or random.SystemRandom().random
        self._router = AmiRouter()
        self._link: AmiLink | None = None
        self._connected = asyncio.Event()
        self._stopping = asyncio.Event()
        self._facts: ExchangeFacts | None = None
        self.fault: str | None = None

    @property
    def name(self) -> str:
        """The service's name."""
        return self._name

    @property
    def is_connected(self) -> bool:
        """Whether we are logged in now. ``fault`` says why not."""
        return self._link is not None

    @property
    def facts(self) -> ExchangeFacts | None:
        """What the last login told of the exchange; None before the first."""
        return self._facts

    async def wait_connected(self, seconds: float) -> bool:
        """Wait for the login, at most ``seconds``; return whether it is there."""
        return await wait_event(self._connected, seconds)

    async def run(self) -> None:
        """Stay connected until :meth:`stop`; then let calls hang up for a moment and close."""
        try:
            async with asyncio.TaskGroup() as group:
                keeper = group.create_task(self._keep_connected(), name=self._name)
                await self._stopping.wait()
                await wait_event(self._router.idle, self._config.stop_seconds)
                keeper.cancel()
        finally:
            self._drop("OpenDeep is stopping.")

    def stop(self) -> None:
        """Ask :meth:`run` to return."""
        self._stopping.set()

    async def connect_and_login(self) -> None:
        """Connect and log in, unless that is so already. :meth:`run` keeps it so.

        Raises:
            LoginRefusedError: Asterisk refused us, or allows only unsafe logins.
            ExchangeUnavailableError: it cannot be reached, or does not answer.
        """
        if self._link is not None:
            return
        async with contextlib.AsyncExitStack() as unless_logged_in:
            link = await AmiLink.open(self._config, on_events=self._router.route)
            unless_logged_in.callback(link.abort, "The login did not succeed.")
            facts = await log_in(link, self._config)
            unless_logged_in.pop_all()
        self._link = link
        self.fault = None
        self._connected.set()
        log.info("exchange_connected", host=self._config.host, version=facts.version)
        self._note(facts)
        self._router.tell_all(AmiLinkRestored())

    async def send_action(self, action: AmiAction) -> AmiMessage:
        """Send an action and return Asterisk's response, which may be a refusal.

        Raises:
            AmiUnavailableError: no answer; ``outcome_unknown`` tells whether it may have acted.
            InvalidInputError: the action holds what must not be sent.
        """
        return (await self._linked().request(action))[0]

    async def list_action(self, action: AmiAction) -> list[AmiMessage]:
        """Send an action that lists; return the listed events, empty when it was refused.

        Raises:
            AmiUnavailableError: no answer, or not to its end.
        """
        return (await self._linked().request(action, is_list=True))[1:]

    @contextlib.asynccontextmanager
    async def events_of(
        self, unique_id: str, *, into: AmiSubscription | None = None, linked: bool = False
    ) -> AsyncIterator[AmiSubscription]:
        """Collect the events of one channel while the block is open; works without a link too.

        Args:
            unique_id: the channel's.
            into: the subscription to fill, or None for a new one.
            linked: bring the events of channels whose ``Linkedid`` it is as well, unless they
                have subscribers of their own.
        """
        subscription = into or AmiSubscription()
        with self._router.subscribe(unique_id, subscription, linked=linked):
            yield subscription

    def _note(self, facts: ExchangeFacts) -> None:
        """Keep the facts, and tell what is wrong with them when they are new."""
        known, self._facts = self._facts, facts
        if facts == known:
            return
        if facts.missing:
            log.error("exchange_rights_missing", missing=facts.missing, remedy=RIGHTS_REMEDY)
        for warning in facts.warnings:
            log.warning("exchange_warning", warning=warning)

    def _linked(self) -> AmiLink:
        if self._link is None:
            raise AmiUnavailableError(self.fault or "The telephone exchange is not connected.")
        return self._link

    async def _keep_connected(self) -> None:
        pause_seconds = _BACKOFF_FIRST_SECONDS
        while True:
            try:
                await self.connect_and_login()
                pause_seconds = _BACKOFF_FIRST_SECONDS
                self._drop(await self._serve(self._linked()))
            except ExchangeUnavailableError as error:
                self.fault = error.message
                log.warning("exchange_unavailable", reason=error.message)
            await asyncio.sleep(pause_seconds * (0.5 + self._jitter() / 2))
            pause_seconds = min(pause_seconds * 2, _BACKOFF_MOST_SECONDS)

    async def _serve(self, link: AmiLink) -> str:
        async with asyncio.TaskGroup() as group:
            pinger = group.create_task(self._keep_alive(link), name=f"{self._name}:ping")
            reason = await link.closed()
            pinger.cancel()
        return reason

    async def _keep_alive(self, link: AmiLink) -> None:
        while True:
            await asyncio.sleep(self._config.ping_seconds)
            try:
                await link.request(AmiAction.ping())
            except AmiUnavailableError as error:
                link.abort(error.message)
                return

    def _drop(self, reason: str) -> None:
        link, self._link = self._link, None
        if link is None:
            return
        self._connected.clear()
        link.abort(reason)
        self.fault = "The connection to the telephone exchange was lost."
        if not self._stopping.is_set():
            log.warning("exchange_link_lost", reason=reason)
        self._router.tell_all(AmiLinkLost(reason))
