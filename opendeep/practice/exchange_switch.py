"""The switch: makes channels for Originate, knows the live ones, and publishes their events."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from typing import Final

from opendeep.call_processor_service.ami_protocol import AmiMessage
from opendeep.common.lifecycle import Nursery
from opendeep.practice import exchange_events as events
from opendeep.practice.callees.catalogue import Profile, Refusal, profile_of, refused
from opendeep.practice.exchange_channel import DialPlan, ExchangeChannel
from opendeep.practice.exchange_events import ChannelFacts, Place
from opendeep.practice.exchange_originate import MUTE_TRUNK, REFUSED_TRUNK, DialOrder, leg_order
from opendeep.practice.exchange_telephones import Telephones
from opendeep.practice.exchange_transfer import BlindTransfer
from opendeep.practice.records import CalleeRecord

_REMEMBERED_RECORDS: Final = 1000

EventListener = Callable[[AmiMessage], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveChannel:
    """A channel and when it began, in the loop's seconds."""

    channel: ExchangeChannel
    began_at: float


def profile_at(order: DialOrder) -> Profile:
    """Say who answers at what was dialled."""
    if order.refused_by_dialplan:
        return refused("", Refusal.INCOMPLETE)
    if order.trunk == MUTE_TRUNK:
        return Profile(dd="", alerts=())
    if order.trunk == REFUSED_TRUNK:
        return refused("", Refusal.CONGESTION)
    return profile_of(order.number)


class Switch:
    """All channels of the exchange, one task each.

    Args:
        nursery: owns the channels' tasks.
        default_audiosocket: the media server for calls that name none.
        safe_message_seconds: how long the dialplan's own message takes.
    """

    def __init__(
        self,
        *,
        nursery: Nursery,
        telephones: Telephones,
        default_audiosocket: str,
        safe_message_seconds: float,
    ) -> None:
        self.records: list[CalleeRecord] = []
        self.listeners: set[EventListener] = set()
        self._nursery = nursery
        self._telephones = telephones
        self._default_audiosocket = default_audiosocket
        self._safe_message_seconds = safe_message_seconds
        self._live: dict[str, LiveChannel] = {}
        self._numbers = count(1)

    @property
    def live(self) -> list[LiveChannel]:
        """The live channels, in the order in which they began."""
        return list(self._live.values())

    def publish(self, event: AmiMessage) -> None:
        """Give an event to every listener."""
        for listener in tuple(self.listeners):
            listener(event)

    def find(self, name_or_id: str) -> ExchangeChannel | None:
        """Return a live channel by its name or unique id."""
        found = self._live.get(name_or_id)
        if found is not None:
            return found.channel
        named = (live.channel for live in self._live.values())
        return next((channel for channel in named if channel.facts.name == name_or_id), None)

    def originate(self, order: DialOrder, *, is_late: bool = False) -> None:
        """Make a channel and run it; an id in use fails as an event, like in Asterisk.

        Args:
            order: what to dial.
            is_late: the dialplan's guard refuses it, since it was held up on its way.
        """
        facts = self._facts(order)
        if facts.unique_id in self._live:
            self.publish(
                events.originate_response(facts, reason=events.REASON_FAILED, made_channel=False)
            )
            return
        if order.is_unreachable:
            self._fail(facts, order)
            return
        profile = refused("", Refusal.LATE) if is_late else profile_at(order)
        record = CalleeRecord(number=order.number, dd=profile.dd)
        if not (is_late or order.refused_by_dialplan):
            self._remember(record)
        channel = ExchangeChannel(
            facts=facts,
            plan=DialPlan(
                call_uuid=order.call_uuid,
                address=order.audiosocket or self._default_audiosocket,
                ring_limit_seconds=order.timeout_seconds,
                safe_message_seconds=self._safe_message_seconds,
            ),
            record=record,
            pick_up=partial(self._telephones.ring, profile),
            tell=self.publish,
        )
        began_at = asyncio.get_running_loop().time()
        self._live[facts.unique_id] = LiveChannel(channel=channel, began_at=began_at)
        self._nursery.start(self._run(channel), name=facts.name)

    def transfer(self, channel: ExchangeChannel, dialled: str, ring_seconds: float) -> bool:
        """Let the dialplan dial ``PJSIP/…`` for a channel; False where it has no sound to leave."""
        order = leg_order(dialled)
        profile = profile_at(order)
        record = CalleeRecord(number=order.number, dd=profile.dd)
        leg = replace(self._facts(order), linked_id=channel.facts.unique_id)
        transfer = BlindTransfer(
            leg=leg,
            record=record,
            pick_up=partial(self._telephones.ring, profile),
            ring_seconds=ring_seconds,
            tell=self.publish,
        )
        if not channel.join(transfer):
            return False
        self._remember(record)
        return True

    def _fail(self, facts: ChannelFacts, order: DialOrder) -> None:
        """Tell an Originate for which no far end can be made."""
        if order.is_local:
            self.publish(events.new_channel(facts))
        self.publish(events.originate_response(facts, reason=events.REASON_FAILED))
        if order.is_local:
            self.publish(events.hangup(facts, Place(), 0))

    async def _run(self, channel: ExchangeChannel) -> None:
        try:
            await channel.run()
        finally:
            del self._live[channel.facts.unique_id]

    def _facts(self, order: DialOrder) -> ChannelFacts:
        number = next(self._numbers)
        unique_id = order.channel_id or f"practice-{number}"
        socket = order.audiosocket or self._default_audiosocket
        return ChannelFacts(
            name=order.channel_name(number),
            unique_id=unique_id,
            linked_id=unique_id,
            requested=order.requested,
            dialled=order.dialled,
            context=order.context,
            exten=order.exten,
            application="AudioSocket",
            data=f"{order.call_uuid or ''},{socket}",
            action_id=order.action_id,
            caller_id=order.caller_id,
        )

    def _remember(self, record: CalleeRecord) -> None:
        self.records.append(record)
        del self.records[:-_REMEMBERED_RECORDS]
