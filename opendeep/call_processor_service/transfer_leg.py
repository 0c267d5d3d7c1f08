"""The second call of an attended transfer: to the person who may take the callee over.

It has an id of its own, written down before it is dialled, and is dialled once. The person hears
who calls and why, and takes the call with a 1, so that no voicemail is given a callee.

=================  ==============================  ===========================================
Acquired           where                           released
=================  ==============================  ===========================================
event queue        ``events_of``                   exit stack of ``open``
command channel    ``bus.serve``                   the same
media              ``media.prepare``               ``_release``, within 2 s
the channel        Originate                       ``_release``, unless it was joined
=================  ==============================  ===========================================
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog

from opendeep.call_processor_service.ami_actions import AmiAction
from opendeep.call_processor_service.ami_link import AmiUnavailableError
from opendeep.call_processor_service.ami_protocol import AmiMessage
from opendeep.call_processor_service.ami_subscription import AmiSubscription
from opendeep.call_processor_service.attempt_facts import learn
from opendeep.call_processor_service.attempt_states import EndFacts, classify_end
from opendeep.call_processor_service.call_ports import AttemptConfig, CallPorts
from opendeep.call_processor_service.channel_events import (
    ChannelAnswered,
    ChannelHungUp,
    ChannelMade,
    OriginateFailed,
    read_event,
)
from opendeep.call_processor_service.dialing import DialTarget
from opendeep.call_processor_service.placement import SendLease
from opendeep.call_processor_service.transfer_words import NOT_TAKEN, failure_words
from opendeep.common import messages
from opendeep.common.data_models import CallStatus
from opendeep.common.errors import InvalidInputError, UnavailableError
from opendeep.common.ids import CallId, leg_channel_id
from opendeep.common.lifecycle import Nursery, finish_within
from opendeep.common.messages import CallEvent, EndCall, Message
from opendeep.common.ports import CallMediaConfig

log = structlog.get_logger(__name__)

ACCEPT_KEY = "1"
BRIEFING_SECONDS = 45.0
_RING_GRACE_SECONDS = 5.0
_RING_SLACK_SECONDS = 0.2
_FAILURE_GRACE_SECONDS = 2.0
_RELEASE_SECONDS = 4.5
_HANGUP_SECONDS = 2.0
_HANGUP_TRIES = 3
_HANGUP_PAUSE_SECONDS = 0.4


class TransferFailedError(UnavailableError):
    """The callee could not be handed over; the message is the end of a sentence about whom."""

    code = "transfer_failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class LegOrder:
    """What a leg needs to know.

    Attributes:
        media: its sound; its ``call_id`` is the leg's own id.
        target: whom to dial.
    """

    media: CallMediaConfig
    target: DialTarget

    @property
    def leg_id(self) -> CallId:
        """The leg's id, which names its sound and its channel."""
        return self.media.call_id


class TransferLeg:
    """One leg; :meth:`open` it, then :meth:`accepted` tells how it went."""

    def __init__(self, order: LegOrder, *, config: AttemptConfig, ports: CallPorts) -> None:
        self._order = order
        self._config = config
        self._ports = ports
        self._inbox = AmiSubscription()
        self._facts = EndFacts()
        self._sent = False
        self._sent_at = 0.0
        self._over = False
        self._joined = False
        self._taken = False
        self._refusal = ""
        self.channel = leg_channel_id(order.leg_id)

    @asynccontextmanager
    async def open(self) -> AsyncIterator["TransferLeg"]:
        """Hold what the leg needs while the block is open; hang up after it, unless joined."""
        leg_id, ports = self._order.leg_id, self._ports
        async with (
            ports.ami.events_of(self.channel, into=self._inbox),
            ports.bus.serve(messages.call_commands(leg_id), self._command),
            Nursery("leg") as nursery,
        ):
            nursery.start(self._listen_to_keys(), name="keys")
            try:
                yield self
            finally:
                await finish_within(_RELEASE_SECONDS, self._release(), name=f"leg:{leg_id}")

    async def accepted(self) -> None:
        """Dial once, have the person told who is on the line, and wait until they take the call.

        Raises:
            TransferFailedError: they did not; the message says what became of it.
            UnavailableError: no sound for the leg, or no exchange.
        """
        await self._dial()
        seconds = self._config.ring_seconds + _RING_GRACE_SECONDS
        try:
            async with asyncio.timeout(seconds) as limit:
                while not self._taken:
                    news = await self._inbox.get()
                    left = await self._take(news) if isinstance(news, AmiMessage) else None
                    if left is not None:
                        limit.reschedule(asyncio.get_running_loop().time() + left)
                    if self._refusal or self._over:
                        raise TransferFailedError(self._refusal or self._failure())
        except TimeoutError as error:
            raise TransferFailedError(self._failure()) from error

    def joined(self) -> None:
        """Leave the channel alone when the block ends: it talks to the callee now."""
        self._joined = True

    async def _dial(self) -> None:
        leg_id = self._order.leg_id
        lease = SendLease.begin(self._ports.clock)
        address = await self._ports.media.prepare(self._order.media)
        action = AmiAction.originate(
            channel=self._order.target.channel,
            channel_id=self.channel,
            context=self._config.context,
            exten=self._config.exten,
            timeout_ms=round(self._config.ring_seconds * 1000),
            variables={"OPENDEEP_CALL_ID": leg_id, "OPENDEEP_AUDIOSOCKET": address},
            caller_id=self._config.caller_id,
        )
        self._sent = True
        self._sent_at = self._ports.clock.monotonic()
        try:
            response = await self._ports.ami.send_action(lease.limit(action))
        except AmiUnavailableError as error:
            if not error.outcome_unknown:
                raise
            log.warning("leg_outcome_unknown", leg_id=leg_id)
        else:
            if not response.is_success:
                raise TransferFailedError(failure_words(classify_end(self._facts)))
        await self._ports.media.open_voice(leg_id)

    async def _take(self, message: AmiMessage) -> float | None:
        """Learn from an event; return how much longer to wait for the other, where that changes."""
        event = read_event(message)
        if event is None:
            return None
        answered = self._facts.answered
        waited = self._ports.clock.monotonic() - self._sent_at
        ring_over = waited >= self._config.ring_seconds - _RING_SLACK_SECONDS
        self._facts = learn(self._facts, event, ring_over=ring_over)
        match event:
            case ChannelMade(channel):
                self.channel = channel
            case ChannelAnswered() if not answered:
                # The media expects its sound from now on.
                news = CallEvent(name=CallStatus.IN_PROGRESS.value)
                await self._ports.bus.publish(messages.call_events(self._order.leg_id), news)
                return BRIEFING_SECONDS
            case OriginateFailed():
                return _FAILURE_GRACE_SECONDS
            case ChannelHungUp():
                self._over = True
            case _:
                pass  # A fact like others.
        return None

    def _failure(self) -> str:
        return NOT_TAKEN if self._facts.answered else failure_words(classify_end(self._facts))

    async def _listen_to_keys(self) -> None:
        channel = messages.call_events(self._order.leg_id)
        async with self._ports.bus.subscribe(channel) as events:
            async for event in events:
                if event == CallEvent(name="key_pressed", detail=ACCEPT_KEY):
                    self._taken = True
                    self._inbox.wake()

    async def _command(self, message: Message) -> None:
        match message:
            case EndCall(cause=cause):
                self._refusal = failure_words(cause)
                self._inbox.wake()
            case _:
                raise InvalidInputError("A transfer's second call takes no such command.")

    async def _release(self) -> None:
        if self._sent and not self._joined and not self._over:
            try:
                async with asyncio.timeout(_HANGUP_SECONDS):
                    await self._hang_up()
            except (AmiUnavailableError, TimeoutError):
                log.warning("leg_hangup_not_answered", leg_id=self._order.leg_id)
        await self._ports.media.finish(self._order.leg_id)

    async def _hang_up(self) -> None:
        """Hang up; a channel that Asterisk is only about to make is waited for a little."""
        for _ in range(_HANGUP_TRIES):
            response = await self._ports.ami.send_action(AmiAction.hangup(self.channel))
            if response.is_success or self._facts.originate_reason is not None:
                return
            await asyncio.sleep(_HANGUP_PAUSE_SECONDS)
