"""The practice exchange's events beside those recorded from a real Asterisk, header by header."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from opendeep.call_processor_service.ami_protocol import AmiMessage, AmiParser
from tests.unit.practice.exchange_world import open_world, run_virtual

FOLDER = Path(__file__).parents[2] / "fixtures" / "ami"
UNLIKE = {"Status", "NewCallerid", "NewConnectedLine"}
"""Status lacks the formats of the sound; the others say nothing of ours."""
VALUES = ("ChannelStateDesc", "DialStatus", "Response", "Reason", "Cause")
"""Not the destination's state: a real exchange tells RINGING before or after it rings."""
SAME_STORY = {
    "busy": "01",
    "congestion": "11",
    "unallocated": "12",
    "declined_603": "20",
    "unavailable_480": "21",
    "gone_410": "22",
    "incomplete_484": "23",
    "forbidden_403": "24",
    "announcement_then_busy": "25",
    "gone_at_once": "28",
    "rings_then_busy": "29",
    "callee_hangs_up": "33",
    "rings_then_480": "34",
    "server_error_500": "35",
    "gateway_timeout_504": "36",
    "bad_gateway_502": "40",
}


def recorded(path: Path) -> Iterator[AmiMessage]:
    """Return the events of a trace after its login."""
    for message in AmiParser(expect_banner=True).receive(path.read_bytes()):
        if isinstance(message, AmiMessage) and message.event:
            yield message


def keys(message: AmiMessage) -> tuple[str, ...]:
    """Return the names of a message's headers in their order."""
    return tuple(key for key, _ in message.headers)


FORMS = {
    (message.event, keys(message)) for path in FOLDER.glob("*.txt") for message in recorded(path)
}
EVENTS = {event for event, _ in FORMS}


def told(messages: list[AmiMessage]) -> list[tuple[str, ...]]:
    """Return events with the values that OpenDeep reads, in an order that races do not change."""
    return sorted(
        (message.event, *(message.get(name) for name in VALUES), message.get("TechCause"))
        for message in messages
        if message.event and message.event not in UNLIKE | {"FullyBooted"}
    )


@pytest.mark.parametrize("dd", ["01", "25", "28", "29", "30", "31", "33", "37", "39", "41"])
def test_events_have_the_headers_of_a_real_one(dd: str) -> None:
    """Every event that both tell has the same headers in the same order."""

    async def story() -> None:
        async with open_world() as world:
            channel = await world.dial(f"+120155501{dd}")
            await asyncio.sleep(6)
            await world.manager.ask("CoreShowChannels")
            await world.manager.ask("Hangup", ("Channel", channel), ("Cause", "16"))
            await world.hung_up()
            for message in world.manager.messages:
                if message.event and message.event not in UNLIKE:
                    assert message.event in EVENTS
                    assert (message.event, keys(message)) in FORMS

    run_virtual(story())


@pytest.mark.parametrize("name", SAME_STORY)
def test_a_failed_call_is_told_in_the_same_words(name: str) -> None:
    """The same callee makes the same events with the same states, causes and reasons."""

    async def story() -> None:
        async with open_world() as world:
            await world.dial(f"+120155501{SAME_STORY[name]}")
            await world.hung_up()
            expected = told(list(recorded(FOLDER / f"{name}.txt")))
            assert told(world.manager.messages) == expected

    run_virtual(story())
