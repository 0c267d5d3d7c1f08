"""How an exchange tells that a call was not answered: causes, words and order of events."""

import asyncio

import pytest

from tests.integration.asterisk.addresses import ExchangeAddress
from tests.integration.asterisk.caller import Caller, Dialled, number

NEVER = "02"


async def failed(dialled: Dialled) -> None:
    """Wait for the end of a call that was never answered, and for Originate's failure."""
    await dialled.hangup()
    response = await dialled.originate_response()
    assert response.get("Response") == "Failure"
    assert "Up" not in dialled.told("Newstate", "ChannelStateDesc")
    assert dialled.media_server.calls == []


@pytest.mark.parametrize(
    ("dd", "status", "cause", "sip"),
    [
        ("01", "BUSY", "17", "486"),
        ("11", "CONGESTION", "34", "503"),
        ("12", "NOANSWER", "1", "404"),
        ("20", "NOANSWER", "21", "603"),
        ("21", "NOANSWER", "19", "480"),
        ("22", "NOANSWER", "22", "410"),
        ("23", "NOANSWER", "28", "484"),
        ("24", "NOANSWER", "21", "403"),
        ("35", "NOANSWER", "38", "500"),
        ("36", "NOANSWER", "102", "504"),
        ("40", "NOANSWER", "27", "502"),
    ],
)
async def test_refused_calls(caller: Caller, dd: str, status: str, cause: str, sip: str) -> None:
    """The cause is in Hangup and DialEnd alone; OriginateResponse says only reason 0."""
    dialled = await caller.dial(dd)
    await failed(dialled)
    assert dialled.story() == ["Newchannel", "DialBegin", f"DialEnd {status}", f"Hangup {cause}"]
    assert dialled.told("Hangup", "TechCause") == [sip]
    assert dialled.told("OriginateResponse", "Reason") == ["0"]


@pytest.mark.parametrize(
    ("dd", "status", "cause", "seconds"),
    [("29", "BUSY", "17", 1.0), ("34", "NOANSWER", "19", 2.0)],
    ids=["rejected", "network gives up"],
)
async def test_calls_that_ring_and_fail(
    caller: Caller, dd: str, status: str, cause: str, seconds: float
) -> None:
    """A call that rang and was refused tells both, with the same reason 0."""
    dialled = await caller.dial(dd)
    rang = await dialled.event("Newstate", ChannelStateDesc="Ringing")
    await failed(dialled)
    assert dialled.story() == [
        *("Newchannel", "DialBegin", "Newstate Ringing"),
        *(f"DialEnd {status}", f"Hangup {cause}"),
    ]
    assert dialled.told("DialState", "DialStatus") == ["RINGING"]
    assert dialled.told("OriginateResponse", "Reason") == ["0"]
    ended = caller.manager.time_of(await dialled.hangup())
    assert ended - caller.manager.time_of(rang) == pytest.approx(seconds, abs=0.5)


async def test_early_media_then_busy(caller: Caller) -> None:
    """An announcement before a refusal is PROGRESS, not an answer, and brings no AudioSocket."""
    dialled = await caller.dial("25")
    await failed(dialled)
    assert dialled.told("DialState", "DialStatus") == ["PROGRESS"]
    assert dialled.story() == ["Newchannel", "DialBegin", "DialEnd BUSY", "Hangup 17"]


async def test_early_media_without_an_answer(caller: Caller) -> None:
    """A line that only announces ends at our time-out: reason 0 or 3, cause 19, no AudioSocket."""
    dialled = await caller.dial("27", timeout_ms=2500)
    await failed(dialled)
    assert dialled.told("DialState", "DialStatus") == ["PROGRESS"]
    assert dialled.story() == ["Newchannel", "DialBegin", "Hangup 19"]


async def test_no_answer_within_our_time_out(caller: Caller) -> None:
    """The exchange gives up after Timeout: reason 3, cause 19, and no DialEnd at all."""
    dialled = await caller.dial(NEVER, timeout_ms=1500)
    made = await dialled.event("Newchannel")
    await failed(dialled)
    assert dialled.story() == ["Newchannel", "DialBegin", "Newstate Ringing", "Hangup 19"]
    assert dialled.told("OriginateResponse", "Reason") == ["3"]
    assert dialled.told("Hangup", "TechCause") == ["480"]
    ended = caller.manager.time_of(await dialled.hangup())
    assert ended - caller.manager.time_of(made) == pytest.approx(1.5, abs=0.5)


async def test_a_trunk_that_never_answers(caller: Caller) -> None:
    """Without any SIP answer the time-out's words are those of ringing, but nothing ever rang."""
    if caller.address.is_own:
        pytest.skip("the trunk 'mute' is the tests' own")
    dialled = await caller.dial(NEVER, channel=f"PJSIP/{number(NEVER)}@mute", timeout_ms=1500)
    await failed(dialled)
    assert dialled.story() == ["Newchannel", "DialBegin", "Hangup 19"]
    assert dialled.told("OriginateResponse", "Reason") == ["3"]
    assert dialled.told("DialState", "DialStatus") == []


async def test_a_trunk_that_refuses_connections(caller: Caller) -> None:
    """A closed port of the provider ends the call at once with cause 34 and SIP's 503."""
    if caller.address.is_own:
        pytest.skip("the trunk 'refused' is the tests' own")
    dialled = await caller.dial(NEVER, channel=f"PJSIP/{number(NEVER)}@refused")
    await failed(dialled)
    assert dialled.told("Hangup", "Cause") == ["34"]
    assert dialled.told("Hangup", "TechCause") == ["503"]


@pytest.mark.parametrize("channel", ["PJSIP/unregistered", "Nobody/1"])
async def test_nothing_to_dial(caller: Caller, channel: str) -> None:
    """An unregistered telephone, or no such technology: no channel, only Originate's failure."""
    if caller.address.is_own:
        pytest.skip("the telephone 'unregistered' is the tests' own")
    dialled = await caller.dial(NEVER, channel=channel)
    response = await dialled.originate_response()
    assert (response.get("Response"), response.get("Reason")) == ("Failure", "0")
    assert response.get("Uniqueid") == dialled.unique_id
    assert response.get("Channel") == channel
    await asyncio.sleep(0.2)
    assert dialled.story() == []


@pytest.mark.parametrize("phase", ["dialling", "ringing", "announcement"])
@pytest.mark.parametrize("cause", ["16", None], ids=["cause 16", "no cause"])
async def test_our_hangup_before_the_answer(caller: Caller, phase: str, cause: str | None) -> None:
    """Hangup ends a call in each phase; without a cause of ours its cause is 0."""
    if phase == "dialling" and caller.address.is_own:
        pytest.skip("the trunk 'mute' is the tests' own")
    match phase:
        case "dialling":
            dialled = await caller.dial(NEVER, channel=f"PJSIP/{number(NEVER)}@mute")
            await dialled.event("DialBegin")
        case "ringing":
            dialled = await caller.dial(NEVER)
            await dialled.event("Newstate", ChannelStateDesc="Ringing")
        case _:
            dialled = await caller.dial("27")
            await dialled.event("DialState", DialStatus="PROGRESS")
    answer = await dialled.hang_up(cause)
    assert (answer.response, answer.get("Message")) == ("Success", "Channel Hungup")
    await failed(dialled)
    assert dialled.story()[-2:] == ["DialEnd NOANSWER", f"Hangup {cause or 0}"]
    assert dialled.told("OriginateResponse", "Reason") == ["0"]


async def test_a_hangup_is_done_once(caller: Caller) -> None:
    """A channel that is gone cannot be hung up again."""
    dialled = await caller.dial(NEVER)
    await dialled.event("Newchannel")
    await dialled.end()
    assert (await dialled.hang_up()).get("Message") == "No such channel"


async def test_a_live_channel_id_cannot_be_used_twice(
    caller: Caller, address: ExchangeAddress
) -> None:
    """The second Originate with a live id fails with reason 0 and dials nobody; later it may."""
    first = await caller.dial(NEVER)
    await first.event("Newstate", ChannelStateDesc="Ringing")
    second = await caller.dial(NEVER, channel_id=first.unique_id)
    response = await second.originate_response()
    assert (response.get("Response"), response.get("Reason")) == ("Failure", "0")
    assert response.get("Uniqueid") == first.unique_id, "it names the call that lives"
    await asyncio.sleep(0.2)
    if address.witness is not None:
        assert address.witness.calls_that_came() == 1
    await first.end()
    third = await caller.dial("01", channel_id=first.unique_id)
    await caller.manager.event("Hangup", Uniqueid=first.unique_id, Cause="17")
    assert (await third.originate_response()).get("Response") == "Failure"


async def test_the_channel_id_is_the_unique_id_from_the_first_event_on(caller: Caller) -> None:
    """Newchannel carries our id as Uniqueid and Linkedid, before the first sign of the far end."""
    dialled = await caller.dial(NEVER)
    first = await dialled.event("Newchannel")
    assert first.get("Linkedid") == dialled.unique_id
    assert (first.get("ChannelState"), first.get("ChannelStateDesc")) == ("0", "Down")
    assert first.get("Channel").startswith("PJSIP/trunk-")
    began = await dialled.event("DialBegin")
    assert began.get("Uniqueid") == "", "an originated channel is the destination alone"
    assert began.get("DestChannel") == first.get("Channel")
    assert began.get("DialString") == f"{number(NEVER)}@trunk"


async def test_a_ringing_channel_can_be_listed(caller: Caller) -> None:
    """Status by our id or by name, and CoreShowChannels, show the channel until it is gone."""
    manager = caller.manager
    dialled = await caller.dial(NEVER)
    made = await dialled.event("Newchannel")
    await dialled.event("Newstate", ChannelStateDesc="Ringing")
    for name in (dialled.unique_id, made.get("Channel")):
        first, item, last = await manager.ask_list("Status", ("Channel", name))
        assert first.get("Message") == "Channel status will follow"
        assert (item.event, item.get("Uniqueid")) == ("Status", dialled.unique_id)
        assert item.get("ChannelStateDesc") == "Ringing"
        assert item.get("Application") == "AppDial2"
        assert (last.get("ListItems"), last.get("Items")) == ("1", "1")
    listed = await manager.ask_list("CoreShowChannels")
    assert listed[0].get("Message") == "Channels will follow"
    (item,) = [one for one in listed if one.get("Uniqueid") == dialled.unique_id]
    assert (item.event, item.get("ChannelStateDesc")) == ("CoreShowChannel", "Ringing")
    await dialled.end()
    gone = await manager.ask("Status", ("Channel", dialled.unique_id))
    assert (gone.response, gone.get("Message")) == ("Error", "No such channel")


async def test_many_failures_at_once_do_not_mix(caller: Caller) -> None:
    """Calls at once to busy, congested, unallocated and rejecting callees each tell their own."""
    causes = {"01": "17", "11": "34", "12": "1", "20": "21", "22": "22", "23": "28"}
    dialled = {dd: await caller.dial(dd) for dd in causes}
    for dd, call in dialled.items():
        assert (await call.hangup()).get("Cause") == causes[dd]
        assert (await call.originate_response()).get("Channel").startswith(f"PJSIP/{number(dd)}")
