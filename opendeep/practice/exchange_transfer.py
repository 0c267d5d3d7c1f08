"""Calls that are handed over: a channel leaves AudioSocket and talks to another telephone.

Theory: what follows AudioSocket for a channel is its company. :class:`BlindTransfer` is the
dialplan's ``opendeep-transfer``: it dials a leg and joins it. :class:`Joined` is AMI's ``Bridge``:
two channels talk until one of them ends; the other one goes on in its dialplan.
"""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final, Protocol

from opendeep.audio_processing_service import pcm
from opendeep.call_processor_service.ami_protocol import AmiMessage
from opendeep.common.lifecycle import Nursery, wait_event
from opendeep.practice import exchange_events as events
from opendeep.practice.callees.catalogue import Alert, Refusal
from opendeep.practice.exchange_callee import FRAME_SECONDS, FarEnd
from opendeep.practice.exchange_events import ChannelFacts, Place
from opendeep.practice.records import CalleeRecord

HANDED_OVER: Final = "OPENDEEP_HANDED_OVER"
_NORMAL_CLEARING: Final = 16
_DIAL_STATUS: Final = {Refusal.BUSY: "BUSY", Refusal.CONGESTION: "CONGESTION"}


class Party(Protocol):
    """A channel that is being handed over."""

    @property
    def facts(self) -> ChannelFacts:
        """Who it is."""
        ...

    @property
    def place(self) -> Place:
        """Where it stands."""
        ...

    @property
    def variables(self) -> dict[str, str]:
        """Its channel variables."""
        ...

    @property
    def hung_up(self) -> asyncio.Event:
        """Set when it ends."""
        ...

    @property
    def far_end(self) -> FarEnd | None:
        """Its callee, once answered."""
        ...

    def stand(self, place: Place) -> None:
        """Note where the dialplan has it now."""
        ...


class Company(Protocol):
    """What a channel does after its sound has left OpenDeep."""

    async def keep(self, party: Party) -> bool:
        """Last until the talk is over; return False where the callee is owed the safe message."""
        ...


async def carry(source: FarEnd, sink: FarEnd, ended: asyncio.Event) -> None:
    """Carry one direction's sound, a frame every 20 ms, until ``ended``."""
    loop = asyncio.get_running_loop()
    due = loop.time()
    while not ended.is_set():
        sink.hear(source.next_frame() or pcm.MULAW_SILENCE_FRAME)
        due += FRAME_SECONDS
        await wait_event(ended, max(0.0, due - loop.time()))


class Joined:
    """Two channels in one bridge."""

    def __init__(self, first: Party, second: Party) -> None:
        self._parties = (first, second)
        self._bridge_id = str(uuid.uuid4())
        self._ended = asyncio.Event()

    async def keep(self, party: Party) -> bool:
        """Talk until either channel ends."""
        other = next(one for one in self._parties if one is not party)
        party.stand(replace(party.place, bridge_id=self._bridge_id, application=""))
        async with Nursery("joined") as nursery:
            if party.far_end is not None and other.far_end is not None:
                nursery.start(carry(party.far_end, other.far_end, self._ended), name="sound")
            nursery.start(self._watch(party), name="end")
            await self._ended.wait()
        party.stand(replace(party.place, bridge_id=""))
        return party.variables.get(HANDED_OVER) == "1"

    async def _watch(self, party: Party) -> None:
        await party.hung_up.wait()
        self._ended.set()


class BlindTransfer:
    """The dialplan dials another number for a callee.

    Args:
        leg: the channel to be made for the other number.
        pick_up: lets the other number's telephone ring.
        ring_seconds: how long; None for as long as it takes.
    """

    def __init__(
        self,
        *,
        leg: ChannelFacts,
        record: CalleeRecord,
        pick_up: Callable[["BlindTransfer"], Awaitable[FarEnd | Refusal]],
        ring_seconds: float,
        tell: Callable[[AmiMessage], None],
    ) -> None:
        self.record = record
        self._leg = leg
        self._pick_up = pick_up
        self._ring_seconds = ring_seconds
        self._tell = tell
        self._place = Place()
        self._party: Party | None = None
        self._changed = asyncio.Event()
        self._answer: FarEnd | Refusal = Refusal.UNAVAILABLE

    async def keep(self, party: Party) -> bool:
        """Dial the leg, and talk until either side hangs up; return whether it was answered."""
        self._party = party
        party.stand(replace(party.place, application="Dial", data=self._leg.requested))
        self._tell(events.new_channel(self._leg))
        self._tell(self._dial("DialBegin", ("DialString", self._leg.dialled)))
        async with Nursery("transfer") as nursery:
            ringing = nursery.start(self._ring(), name="telephone")
            nursery.start(self._watch(party), name="end")
            await wait_event(self._changed, self._ring_seconds)
            ringing.cancel()
            answered = not isinstance(self._answer, Refusal) and not party.hung_up.is_set()
            if answered:
                await self._talk(nursery, party)
            elif party.hung_up.is_set():
                self._end("CANCEL", _NORMAL_CLEARING)
            elif isinstance(self._answer, Refusal):
                self._end(_DIAL_STATUS.get(self._answer, "NOANSWER"), self._answer.cause)
        return answered

    def alert(self, alert: Alert) -> None:
        """Tell what the other number says before it answers."""
        if alert is Alert.RINGING and self._place.state == events.STATE_DOWN:
            self._place = replace(self._place, state=events.STATE_RINGING)
            self._tell(events.new_state(self._leg, self._place))
        self._tell(self._dial("DialState", ("DialStatus", alert.value)))

    def press_from_callee(self, digit: str) -> None:
        """Pass a key of the other number's telephone on to the callee."""
        if self._party is not None and self._party.far_end is not None:
            self._party.far_end.press(digit)

    def put_on_hold(self, hold: bool) -> None:
        """Tell that the other number holds the call, or is back."""
        self._tell(events.held(self._leg, self._place, hold=hold))

    async def _ring(self) -> None:
        self._answer = await self._pick_up(self)
        self._changed.set()

    async def _watch(self, party: Party) -> None:
        await party.hung_up.wait()
        self._changed.set()

    async def _talk(self, nursery: Nursery, party: Party) -> None:
        other, callee = self._answer, party.far_end
        if isinstance(other, Refusal) or callee is None:
            return
        self._place = replace(self._place, state=events.STATE_UP)
        self._tell(events.new_state(self._leg, self._place))
        self._tell(self._dial("DialEnd", ("DialStatus", "ANSWER")))
        party.stand(replace(party.place, bridge_id=str(uuid.uuid4())))
        ended = asyncio.Event()
        nursery.start(carry(callee, other, ended), name="there")
        nursery.start(carry(other, callee, ended), name="back")
        nursery.start(self._converse(other, ended), name="other")
        nursery.start(self._end_with(party, ended), name="callee")
        await ended.wait()
        self._tell(events.hangup(self._leg, self._place, _NORMAL_CLEARING))

    async def _converse(self, other: FarEnd, ended: asyncio.Event) -> None:
        await other.converse()
        ended.set()

    async def _end_with(self, party: Party, ended: asyncio.Event) -> None:
        await party.hung_up.wait()
        ended.set()

    def _end(self, status: str, cause: int) -> None:
        self._tell(self._dial("DialEnd", ("DialStatus", status)))
        self._tell(events.hangup(self._leg, self._place, cause))

    def _dial(self, event: str, *more: tuple[str, str | int]) -> AmiMessage:
        caller = self._party
        of_caller = events.describe(caller.facts, caller.place) if caller is not None else []
        return AmiMessage.of(
            ("Event", event),
            ("Privilege", "call,all"),
            *of_caller,
            *events.describe(self._leg, self._place, "Dest"),
            *more,
        )
