"""One call in the practice exchange, from Originate to Hangup, with Asterisk's order of events.

Theory of :class:`ExchangeChannel`: it is refused, rings in vain, or is answered; an answered
channel runs the dialplan of ``deploy/asterisk`` (AudioSocket, then the safe message when the media
server is gone). It ends once: the first call of ``_finish`` gives the cause, and ``run`` reports
it last. A real exchange tells ``DialEnd``, ``OriginateResponse`` and ``Hangup`` of a failed call in
any order, since two threads race there; this one tells them in the commonest.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final, assert_never

from opendeep.call_processor_service.ami_protocol import AmiMessage
from opendeep.common.lifecycle import Nursery, wait_event
from opendeep.practice import exchange_events as events
from opendeep.practice.callees.catalogue import Alert, Refusal
from opendeep.practice.exchange_callee import FarEnd
from opendeep.practice.exchange_events import ChannelFacts, Place
from opendeep.practice.exchange_media import MediaBridge, MediaEnd
from opendeep.practice.exchange_transfer import Company
from opendeep.practice.records import CalleeRecord, Ender

NORMAL_CLEARING: Final = 16
TEMPORARY_FAILURE: Final = 41
UNKNOWN: Final = 0
_DIAL_STATUS: Final = {Refusal.BUSY: "BUSY", Refusal.CONGESTION: "CONGESTION"}
_MEDIA_PRIORITY: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class DialPlan:
    """What a channel does before and after the answer.

    Attributes:
        call_uuid: names the call to the media server; None plays the safe message at once.
        address: the media server, ``host:port``.
        ring_limit_seconds: Originate's ``Timeout``.
        safe_message_seconds: how long the dialplan's own message takes.
    """

    call_uuid: str | None
    address: str
    ring_limit_seconds: float
    safe_message_seconds: float


PickUp = Callable[["ExchangeChannel"], Awaitable[FarEnd | Refusal]]


class ExchangeChannel:
    """A live channel.

    Args:
        pick_up: lets the callee's telephone ring until it is answered or the call refused.
        tell: publishes a manager event.
    """

    def __init__(
        self,
        *,
        facts: ChannelFacts,
        plan: DialPlan,
        record: CalleeRecord,
        pick_up: PickUp,
        tell: Callable[[AmiMessage], None],
    ) -> None:
        self.facts = facts
        self.record = record
        self.place = Place()
        self._plan = plan
        self._pick_up = pick_up
        self._tell = tell
        self._changed = asyncio.Event()
        self.hung_up = asyncio.Event()
        self._progressed = False
        self._answer: FarEnd | Refusal | None = None
        self.far_end: FarEnd | None = None
        self._bridge: MediaBridge | None = None
        self._company: Company | None = None
        self.variables: dict[str, str] = {}

    async def run(self) -> None:
        """Live from Newchannel to Hangup."""
        self._tell(events.new_channel(self.facts))
        self._tell(events.dial_begin(self.facts))
        sip = None
        try:
            async with Nursery("channel") as nursery:
                reached = await self._reach(nursery)
                if isinstance(reached, Refusal):
                    sip = reached.sip
                elif reached is not None:
                    await self._talk(nursery, reached)
        finally:
            self._finish("exchange", UNKNOWN)
            if self.place.state == events.STATE_UP:
                self._tell(events.soft_hangup_request(self.facts, self.place))
            cause = self.record.cause or UNKNOWN
            self._tell(events.hangup(self.facts, self.place, cause, sip))

    def hang_up(self, cause: int) -> None:
        """End the channel for the caller; idempotent, the first cause wins."""
        self._finish("caller", cause)

    def alert(self, alert: Alert) -> None:
        """Tell what the far end says before it answers."""
        rings = alert is Alert.RINGING and not self._progressed
        self._progressed |= not rings
        if rings and self.place.state == events.STATE_DOWN:
            self._enter(events.STATE_RINGING)
        status = alert.value if rings else Alert.PROGRESS.value
        self._tell(events.dial_state(self.facts, self.place, status))

    def press(self, digit: str) -> None:
        """Send a key to the callee; before the answer it goes nowhere."""
        if self.far_end is not None:
            self.far_end.press(digit)

    def press_from_callee(self, digit: str) -> None:
        """Pass on a key of the callee's own telephone."""
        if self._bridge is not None:
            for begin in (True, False):
                self._tell(events.dtmf(self.facts, self.place, digit, begin=begin))
            self._bridge.send_digit(digit)

    def put_on_hold(self, hold: bool) -> None:
        """Tell that the callee holds the call, or is back."""
        self._tell(events.held(self.facts, self.place, hold=hold))

    def stand(self, place: Place) -> None:
        """Note where the dialplan has the channel now."""
        self.place = place

    def stand_at(self, context: str, exten: str) -> None:
        """Note that AMI sent the channel elsewhere."""
        self.place = replace(self.place, context=context, exten=exten, priority=1)

    def join(self, company: Company) -> bool:
        """Leave AudioSocket for a company; return False for a call that has no sound."""
        if self._bridge is None or self._company is not None:
            return False
        self._company = company
        self._bridge.stop()
        return True

    def _enter(self, state: int) -> None:
        self.place = replace(self.place, state=state)
        self._tell(events.new_state(self.facts, self.place))

    async def _reach(self, nursery: Nursery) -> FarEnd | Refusal | None:
        """Ring; return who answered, or what came instead once it was told (None: we hung up)."""
        ringing = nursery.start(self._ring(), name="telephone")
        in_time = await wait_event(self._changed, self._plan.ring_limit_seconds)
        ringing.cancel()
        if self.hung_up.is_set():
            self._tell(events.dial_end(self.facts, self.place, "NOANSWER"))
            self._fail(events.REASON_FAILED)
            return None
        if not in_time or self._answer is None:
            # Asterisk gives up: no DialEnd, and the cause is that of SIP's 480.
            self._fail(events.REASON_NO_ANSWER)
            self._finish("exchange", Refusal.UNAVAILABLE.cause)
            return Refusal.UNAVAILABLE
        if isinstance(self._answer, Refusal):
            self._refuse(self._answer)
        return self._answer

    async def _ring(self) -> None:
        self._answer = await self._pick_up(self)
        self._changed.set()

    def _refuse(self, refusal: Refusal) -> None:
        status = _DIAL_STATUS.get(refusal, "NOANSWER")
        told = events.hangup_request(self.facts, self.place, refusal.cause, refusal.sip)
        self._tell(told)
        self._tell(events.dial_end(self.facts, self.place, status))
        self._fail(events.REASON_FAILED)
        self._finish("exchange", refusal.cause)

    def _fail(self, reason: int) -> None:
        self._tell(events.originate_response(self.facts, reason=reason))

    async def _talk(self, nursery: Nursery, far_end: FarEnd) -> None:
        """Run the dialplan of an answered channel."""
        self._enter(events.STATE_UP)
        self.record.answered = True
        self._tell(events.dial_end(self.facts, self.place, "ANSWER"))
        self._tell(events.originate_response(self.facts, reason=events.REASON_ANSWERED))
        self.place = Place(
            state=events.STATE_UP,
            context=self.facts.context,
            exten=self.facts.exten,
            priority=_MEDIA_PRIORITY,
            application=self.facts.application,
            data=self.facts.data,
        )
        self.far_end = far_end
        self._bridge = MediaBridge(far_end)
        nursery.start(self._converse(far_end), name="callee")
        match await self._run_media(self._bridge):
            case MediaEnd.SERVER_CLOSED:
                await self._play_safe_message("caller")
            case MediaEnd.BROKEN:
                await self._play_safe_message("exchange")
            case MediaEnd.STOPPED:
                await self._go_on()
            case never:
                assert_never(never)

    async def _go_on(self) -> None:
        """After AudioSocket was left for somebody else's company."""
        if self._company is None:
            return
        if await self._company.keep(self):
            self._finish("exchange", NORMAL_CLEARING)
        else:
            await self._play_safe_message("exchange")

    async def _run_media(self, bridge: MediaBridge) -> MediaEnd:
        call_uuid = self._plan.call_uuid
        if call_uuid is None:
            return MediaEnd.SERVER_CLOSED
        self.record.call_id = call_uuid
        return await bridge.run(self._plan.address, call_uuid)

    async def _converse(self, far_end: FarEnd) -> None:
        await far_end.converse()
        if not self.hung_up.is_set():
            self._tell(events.hangup_request(self.facts, self.place, NORMAL_CLEARING, None))
        self._finish("callee", NORMAL_CLEARING)

    async def _play_safe_message(self, ender: Ender) -> None:
        """Go on in the dialplan: tell the callee that the call cannot go on, then hang up."""
        if self.hung_up.is_set():
            return
        self.record.safe_message = True
        await wait_event(self.hung_up, self._plan.safe_message_seconds)
        self._finish(ender, TEMPORARY_FAILURE)

    def _finish(self, ender: Ender, cause: int) -> None:
        if self.hung_up.is_set():
            return
        self.record.hung_up_by = ender
        self.record.cause = cause
        self.hung_up.set()
        self._changed.set()
        if self._bridge is not None:
            self._bridge.stop()
