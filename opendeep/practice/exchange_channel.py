"""One call in the practice exchange, from Originate to Hangup, with Asterisk's order of events.

Theory of :class:`ExchangeChannel`: it is refused, rings in vain, or is answered; an answered
channel runs the dialplan (AudioSocket, then the safe message when the media server is gone). It
ends once: the first call of ``_finish`` gives the cause, and ``run`` reports it last.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, assert_never

from opendeep.call_processor_service.ami_protocol import AmiMessage
from opendeep.common.lifecycle import Nursery, wait_event
from opendeep.practice import exchange_events as events
from opendeep.practice.callees.catalogue import Refusal
from opendeep.practice.exchange_callee import FarEnd
from opendeep.practice.exchange_events import ChannelFacts
from opendeep.practice.exchange_media import MediaBridge, MediaEnd
from opendeep.practice.records import CalleeRecord, Ender

NORMAL_CLEARING: Final = 16
CALL_REJECTED: Final = 21
UNKNOWN: Final = 0
_DIAL_STATUS: Final = {Refusal.BUSY: "BUSY", Refusal.CONGESTION: "CONGESTION"}
_REFUSAL_SECONDS: Final = 0.1


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """The callee pressed the red button instead of the green one."""


PickUp = Callable[["ExchangeChannel"], Awaitable[FarEnd | Rejected]]


class ExchangeChannel:
    """A live channel.

    Args:
        refusal: the network's answer instead of ringing.
        pick_up: rings the callee's telephone until it is answered or rejected.
        tell: publishes a manager event.
    """

    def __init__(
        self,
        *,
        facts: ChannelFacts,
        plan: DialPlan,
        refusal: Refusal | None,
        record: CalleeRecord,
        pick_up: PickUp,
        tell: Callable[[AmiMessage], None],
    ) -> None:
        self.facts = facts
        self.record = record
        self.state = events.STATE_DOWN
        self._plan = plan
        self._refusal = refusal
        self._pick_up = pick_up
        self._tell = tell
        self._changed = asyncio.Event()
        self._hung_up = asyncio.Event()
        self._answer: FarEnd | Rejected | None = None
        self._far_end: FarEnd | None = None
        self._bridge: MediaBridge | None = None

    async def run(self) -> None:
        """Live from Newchannel to Hangup."""
        self._tell(events.new_channel(self.facts))
        self._tell(events.dial_begin(self.facts))
        try:
            async with Nursery("channel") as nursery:
                far_end = await self._reach(nursery)
                if far_end is not None:
                    await self._talk(nursery, far_end)
        finally:
            self._finish("exchange", UNKNOWN)
            self._tell(events.hangup(self.facts, self.state, self.record.cause or UNKNOWN))

    def hang_up(self, cause: int) -> None:
        """End the channel for the caller; idempotent, the first cause wins."""
        self._finish("caller", cause)

    def press(self, digit: str) -> None:
        """Send a key to the callee; before the answer it goes nowhere."""
        if self._far_end is not None:
            self._far_end.press(digit)
            self._tell_digit(digit, "Sent")

    def press_from_callee(self, digit: str) -> None:
        """Pass on a key of the callee's own telephone."""
        if self._bridge is not None:
            self._tell_digit(digit, "Received")
            self._bridge.send_digit(digit)

    def _tell_digit(self, digit: str, direction: str) -> None:
        for begin in (True, False):
            self._tell(events.dtmf(self.facts, begin=begin, digit=digit, direction=direction))

    async def _reach(self, nursery: Nursery) -> FarEnd | None:
        """Ring; return who answered, or None after the failure was told."""
        if self._refusal is not None:
            await asyncio.sleep(_REFUSAL_SECONDS)
            self._fail(_DIAL_STATUS.get(self._refusal, "NOANSWER"), self._refusal.value)
            return None
        self.state = events.STATE_RINGING
        self._tell(events.new_state(self.facts, self.state))
        ringing = nursery.start(self._ring(), name="telephone")
        in_time = await wait_event(self._changed, self._plan.ring_limit_seconds)
        ringing.cancel()
        answer = self._answer
        if self._hung_up.is_set() or not in_time or answer is None:
            reason = events.REASON_FAILED if in_time else events.REASON_NO_ANSWER
            self._tell(events.originate_response(self.facts, reason=reason))
            return None
        if isinstance(answer, Rejected):
            self._fail("NOANSWER", CALL_REJECTED)
            return None
        return answer

    async def _ring(self) -> None:
        self._answer = await self._pick_up(self)
        self._changed.set()

    def _fail(self, dial_status: str, cause: int) -> None:
        self._tell(events.dial_end(self.facts, self.state, dial_status))
        self._tell(events.originate_response(self.facts, reason=events.REASON_FAILED))
        self._finish("exchange", cause)

    async def _talk(self, nursery: Nursery, far_end: FarEnd) -> None:
        """Run the dialplan of an answered channel."""
        self.state = events.STATE_UP
        self.record.answered = True
        self._tell(events.originate_response(self.facts, reason=events.REASON_ANSWERED))
        self._tell(events.new_state(self.facts, self.state))
        self._tell(events.dial_end(self.facts, self.state, "ANSWER"))
        self._far_end = far_end
        self._bridge = MediaBridge(far_end)
        nursery.start(self._converse(far_end), name="callee")
        match await self._run_media(self._bridge):
            case MediaEnd.SERVER_CLOSED:
                await self._play_safe_message()
            case MediaEnd.BROKEN:
                self._finish("exchange", UNKNOWN)
            case MediaEnd.STOPPED:
                pass
            case never:
                assert_never(never)

    async def _run_media(self, bridge: MediaBridge) -> MediaEnd:
        call_uuid = self._plan.call_uuid
        if call_uuid is None:
            return MediaEnd.SERVER_CLOSED
        self.record.call_id = call_uuid
        return await bridge.run(self._plan.address, call_uuid)

    async def _converse(self, far_end: FarEnd) -> None:
        await far_end.converse()
        self._finish("callee", NORMAL_CLEARING)

    async def _play_safe_message(self) -> None:
        """Go on in the dialplan: tell the callee that the call cannot go on, then hang up."""
        if self._hung_up.is_set():
            return
        self.record.safe_message = True
        await wait_event(self._hung_up, self._plan.safe_message_seconds)
        self._finish("caller", UNKNOWN)

    def _finish(self, ender: Ender, cause: int) -> None:
        if self._hung_up.is_set():
            return
        self.record.hung_up_by = ender
        self.record.cause = cause
        self._hung_up.set()
        self._changed.set()
        if self._bridge is not None:
            self._bridge.stop()
