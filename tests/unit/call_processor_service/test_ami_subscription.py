"""Who hears what."""

import asyncio

from opendeep.call_processor_service.ami_protocol import AmiMessage
from opendeep.call_processor_service.ami_subscription import (
    AmiLinkLost,
    AmiLinkRestored,
    AmiRouter,
    AmiSubscription,
)
from opendeep.common.lifecycle import Nursery


def event(**headers: str) -> AmiMessage:
    """Make an event."""
    return AmiMessage.of(("Event", "Any"), *headers.items())


async def test_events_reach_their_channel_alone() -> None:
    """An event is routed by any of the headers that can name its channel."""
    router, ours, theirs = AmiRouter(), AmiSubscription(), AmiSubscription()
    with router.subscribe("od-1", ours), router.subscribe("od-2", theirs):
        sent = [
            event(Uniqueid="od-1"),
            event(DestUniqueid="od-1"),
            event(Uniqueid="<null>", ActionID="od-1"),
        ]
        for message in [*sent, event(Uniqueid="od-2"), event(Uniqueid="172.1"), event()]:
            router.route([message.raw])
        assert [await ours.get() for _ in sent] == sent
        assert await theirs.get() == event(Uniqueid="od-2")
    router.route([event(Uniqueid="od-1").raw])


async def test_linked_channels_are_heard_where_that_is_wanted() -> None:
    """Who wants them gets the events of linked channels, unless those have listeners."""
    router, ours, leg = AmiRouter(), AmiSubscription(), AmiSubscription()
    with router.subscribe("od-1", ours, linked=True), router.subscribe("od-3", leg):
        sent = [
            event(Uniqueid="172.9", Linkedid="od-1"),
            event(DestUniqueid="172.9", DestLinkedid="od-1"),
        ]
        for message in [*sent, event(Uniqueid="od-3", Linkedid="od-1"), event(Linkedid="od-9")]:
            router.route([message.raw])
        assert (ours.waiting, leg.waiting) == (2, 1)
        assert [await ours.get() for _ in sent] == sent
    with router.subscribe("od-1", ours):
        router.route([event(Uniqueid="172.9", Linkedid="od-1").raw])
    assert ours.waiting == 0


async def test_a_dialled_channel_is_heard_although_another_dials_it() -> None:
    """A Dial event is its caller's, or else the dialled channel's."""
    router, ours = AmiRouter(), AmiSubscription()
    dialled = AmiMessage.of(("Event", "DialEnd"), ("Uniqueid", "172.9"), ("DestUniqueid", "od-1"))
    with router.subscribe("od-1", ours):
        router.route([dialled.raw])
        assert await ours.get() == dialled


async def test_everybody_hears_of_the_link() -> None:
    """A lost link is told to every subscription, between the events around it."""
    router, one, two = AmiRouter(), AmiSubscription(), AmiSubscription()
    assert router.idle.is_set()
    with router.subscribe("od-1", one), router.subscribe("od-2", two):
        assert not router.idle.is_set()
        router.tell_all(AmiLinkLost("cut"))
        router.tell_all(AmiLinkRestored())
        for subscription in (one, two):
            assert await subscription.get() == AmiLinkLost("cut")
            assert await subscription.get() == AmiLinkRestored()
    assert router.idle.is_set()


async def test_a_slow_reader_is_told_that_it_missed_something() -> None:
    """An overflow empties the queue and looks like a link that was lost and restored."""
    subscription = AmiSubscription(limit=2)
    for number in range(3):
        subscription.put(event(Number=str(number)))
    assert await subscription.get() == AmiLinkLost("too many events")
    assert await subscription.get() == AmiLinkRestored()
    assert await subscription.get() == event(Number="2")


async def test_a_wake_up_is_heard_once() -> None:
    """``wake`` interrupts a waiting reader, or the next one, and loses no event."""
    subscription = AmiSubscription()
    heard: list[object] = []

    async def listen() -> None:
        heard.append(await subscription.get())

    async with Nursery("test") as nursery:
        waiting = nursery.start(listen(), name="listen")
        await asyncio.sleep(1)
        subscription.wake()
        await waiting
    assert heard == [None]
    subscription.put(event())
    subscription.wake()
    assert await subscription.get() is None
    assert await subscription.get() == event()
