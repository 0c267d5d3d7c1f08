"""How an exchange hands a callee over: AMI's Redirect to a dialling context, and Bridge."""

import asyncio

import pytest

from opendeep.call_processor_service.ami_protocol import AmiMessage
from tests.integration.asterisk.caller import Caller, Dialled, number

ECHO, QUIET, TALKER = "30", "37", "38"


async def hand_over(call: Dialled, dd: str, *, ring_seconds: int = 20) -> AmiMessage:
    """Send a callee to another number through the dialplan's ``opendeep-transfer``."""
    for variable, value in (
        ("OPENDEEP_TRANSFER_TO", f"PJSIP/{number(dd)}@trunk"),
        ("OPENDEEP_TRANSFER_RING", str(ring_seconds)),
    ):
        headers = (("Channel", call.unique_id), ("Variable", variable), ("Value", value))
        assert (await call.manager.ask("Setvar", *headers)).get("Message") == "Variable Set"
    return await call.manager.ask(
        "Redirect",
        ("Channel", call.unique_id),
        ("Context", "opendeep-transfer"),
        ("Exten", "blind"),
        ("Priority", "1"),
    )


async def status_of(call: Dialled) -> AmiMessage:
    """Return the channel as Status shows it."""
    _, item, _ = await call.manager.ask_list("Status", ("Channel", call.unique_id))
    return item


async def test_a_blind_transfer_that_is_answered(caller: Caller) -> None:
    """Redirect closes our socket and dials; the bridge shows in Status; our Hangup ends both."""
    dialled, media = await caller.talk(QUIET)
    assert (await hand_over(dialled, ECHO)).get("Message") == "Redirect successful"
    await media.until_closed()
    ended = await caller.manager.event("DialEnd", Uniqueid=dialled.unique_id)
    assert ended.get("DialStatus") == "ANSWER"
    assert ended.get("DestChannel") != ended.get("Channel")
    await asyncio.sleep(0.2)
    status = await status_of(dialled)
    assert (status.get("Context"), status.get("Application")) == ("opendeep-transfer", "Dial")
    assert status.get("BridgeID")
    assert (await dialled.end()).get("Cause") == "16"
    leg = await caller.manager.event("Hangup", Uniqueid=ended.get("DestUniqueid"))
    assert leg.get("Linkedid") == dialled.unique_id


@pytest.mark.parametrize(("dd", "status", "cause"), [("01", "BUSY", "17"), ("12", "NOANSWER", "1")])
async def test_a_blind_transfer_that_fails(
    caller: Caller, dd: str, status: str, cause: str
) -> None:
    """Dial's word names our channel as the caller; the callee gets the safe message, cause 41."""
    dialled, _ = await caller.talk(QUIET)
    await hand_over(dialled, dd)
    ended = await caller.manager.event("DialEnd", Uniqueid=dialled.unique_id)
    assert ended.get("DialStatus") == status
    leg = await caller.manager.event("Hangup", Uniqueid=ended.get("DestUniqueid"))
    assert leg.get("Cause") == cause
    await asyncio.sleep(0.3)
    assert dialled.told("Hangup", "Cause") == [], "the safe message is being played"
    assert (await dialled.hangup()).get("Cause") == "41"


async def test_a_blind_transfer_that_nobody_takes(caller: Caller) -> None:
    """The dialplan gives up after the seconds that it was told."""
    dialled, _ = await caller.talk(QUIET)
    await hand_over(dialled, "02", ring_seconds=1)
    ended = await caller.manager.event("DialEnd", Uniqueid=dialled.unique_id)
    assert ended.get("DialStatus") == "NOANSWER"
    assert (await dialled.end()).get("Cause") == "16"


async def test_the_other_side_of_a_transfer_hangs_up(caller: Caller) -> None:
    """When who took over hangs up, the callee's call ends with cause 16 and no message."""
    dialled, _ = await caller.talk(QUIET)
    await hand_over(dialled, "33")
    assert (await dialled.hangup()).get("Cause") == "16"


async def test_a_redirect_to_nowhere_ends_the_call(caller: Caller) -> None:
    """A Redirect to a context that does not exist succeeds in words, and kills the call."""
    dialled, media = await caller.talk(ECHO)
    answer = await caller.manager.ask(
        "Redirect",
        *(("Channel", dialled.unique_id), ("Context", "nowhere")),
        *(("Exten", "x"), ("Priority", "1")),
    )
    assert answer.get("Message") == "Redirect successful"
    assert (await dialled.hangup()).get("Cause") == "0"
    await media.until_closed()


@pytest.mark.parametrize(
    ("handed_over", "cause"), [("1", "16"), ("", "41")], ids=["handed over", "not marked"]
)
async def test_two_calls_of_ours_are_bridged(caller: Caller, handed_over: str, cause: str) -> None:
    """Bridge closes both our sockets; when one ends, the other is let go, or told the message."""
    first, first_media = await caller.talk(ECHO)
    second, second_media = await caller.talk(TALKER)
    for call in (first, second):
        headers = (("Variable", "OPENDEEP_HANDED_OVER"), ("Value", handed_over))
        await caller.manager.ask("Setvar", ("Channel", call.unique_id), *headers)
    channels = (("Channel1", first.unique_id), ("Channel2", second.unique_id), ("Tone", "no"))
    answer = await caller.manager.ask("Bridge", *channels)
    assert answer.get("Message") == "Channels have been bridged"
    await first_media.until_closed()
    await second_media.until_closed()
    await asyncio.sleep(0.3)
    bridges = {(await status_of(call)).get("BridgeID") for call in (first, second)}
    assert len(bridges) == 1
    assert "" not in bridges
    assert (await first.end()).get("Cause") == "16"
    assert (await second.hangup()).get("Cause") == cause


async def test_a_limit_for_a_call_can_be_set(caller: Caller) -> None:
    """AbsoluteTimeout is taken for a live channel."""
    dialled, _ = await caller.talk(ECHO)
    headers = (("Channel", dialled.unique_id), ("Timeout", "3600"))
    answer = await caller.manager.ask("AbsoluteTimeout", *headers)
    assert (answer.response, answer.get("Message")) == ("Success", "Timeout Set")
    await dialled.end()
