"""How answered calls begin, live and end, as an exchange tells them."""

import asyncio

import pytest

from opendeep.audio_processing_service import audiosocket_protocol as protocol
from opendeep.common.clock import SystemClock
from tests.integration.asterisk.addresses import ExchangeAddress
from tests.integration.asterisk.caller import Caller, number

ECHO, SILENT, QUIET, TALKER = "30", "14", "37", "38"
ANSWERED = ["Newchannel", "DialBegin", "Newstate Up", "DialEnd ANSWER"]
SAFE_MESSAGE_SECONDS = 15.0


async def test_an_answered_call_from_begin_to_end(caller: Caller) -> None:
    """Answer, then AudioSocket with our id, then our hang-up: each told once and in order."""
    dialled, media = await caller.talk(ECHO)
    response = await dialled.originate_response()
    assert (response.get("Response"), response.get("Reason")) == ("Success", "4")
    assert response.get("Channel").startswith("PJSIP/trunk-")
    assert (response.get("Context"), response.get("Exten")) == ("opendeep", "media")
    assert media.identity == dialled.call_id
    assert (await dialled.hang_up()).get("Message") == "Channel Hungup"
    hangup = await dialled.hangup()
    assert (hangup.get("Cause"), hangup.get("Cause-txt")) == ("16", "Normal Clearing")
    assert hangup.get("ChannelStateDesc") == "Up"
    assert dialled.story() == [*ANSWERED, "Hangup 16"]
    await media.until_closed()


async def test_the_sound_comes_after_the_answer(caller: Caller) -> None:
    """However long it rings, AudioSocket connects only when the callee has answered."""
    dialled = await caller.dial("31")
    await dialled.event("Newstate", ChannelStateDesc="Ringing")
    await asyncio.sleep(0.5)
    assert caller.media.calls == []
    await dialled.answered()
    await dialled.media()
    assert dialled.story()[2:] == ["Newstate Ringing", "Newstate Up", "DialEnd ANSWER"]


async def test_early_media_is_no_answer(caller: Caller) -> None:
    """An announcement is PROGRESS and brings no AudioSocket; the answer after it does."""
    dialled = await caller.dial("26")
    await dialled.event("DialState", DialStatus="PROGRESS")
    await asyncio.sleep(1.0)
    assert caller.media.calls == []
    await dialled.answered()
    await dialled.media()
    assert dialled.told("DialState", "DialStatus") == ["PROGRESS"]
    assert dialled.story() == ANSWERED


async def test_ringing_progress_and_ringing_again(caller: Caller) -> None:
    """A 180 after a 183 after a 180 is Ringing once; only the answer is Up."""
    dialled = await caller.dial("39")
    await dialled.answered()
    await dialled.media()
    assert dialled.told("Newstate", "ChannelStateDesc") == ["Ringing", "Up"]
    assert dialled.told("DialState", "DialStatus")[:2] == ["RINGING", "PROGRESS"]


async def test_a_callee_who_hangs_up_at_once(caller: Caller) -> None:
    """An answer and a hang-up in one breath is still an answered call with cause 16."""
    dialled = await caller.dial("28")
    assert (await dialled.hangup()).get("Cause") == "16"
    assert (await dialled.originate_response()).get("Response") == "Success"
    assert dialled.story() == [*ANSWERED, "Hangup 16"]


async def test_a_callee_who_hangs_up_mid_way(caller: Caller) -> None:
    """A callee's own hang-up is cause 16, and closes our socket."""
    dialled, media = await caller.talk("33")
    assert (await dialled.hangup()).get("Cause") == "16"
    await media.until_closed()
    assert dialled.story() == [*ANSWERED, "Hangup 16"]


async def test_a_callee_who_hangs_up_in_mid_sentence(caller: Caller) -> None:
    """Callee 05 speaks before it hangs up; its sound came whole until then."""
    dialled, media = await caller.talk("05")
    assert (await dialled.hangup()).get("Cause") == "16"
    await media.until_closed()
    assert len(media.audio) > 2 * 8000 * protocol.FRAME_PCM_BYTES // 320


async def test_our_hangup_without_a_cause(caller: Caller) -> None:
    """A Hangup that names no cause ends an answered call with cause 0, not 16."""
    dialled, media = await caller.talk(ECHO)
    await dialled.hang_up(None)
    hangup = await dialled.hangup()
    assert (hangup.get("Cause"), hangup.get("Cause-txt")) == ("0", "Unknown")
    await media.until_closed()


async def test_no_media_server(caller: Caller, address: ExchangeAddress) -> None:
    """Where nobody listens for AudioSocket the callee hears a safe message, then cause 41."""
    dialled = await caller.dial(QUIET, audiosocket="127.0.0.1:9")
    await dialled.answered()
    hangup = await dialled.hangup(SAFE_MESSAGE_SECONDS)
    assert hangup.get("Cause") == "41"
    assert dialled.story() == [*ANSWERED, "Hangup 41"]
    if address.witness is not None:
        await address.witness.callee_was_spoken_to()


OUR_ENDS = {
    "closed socket": None,
    "hang-up frame": protocol.hangup(),
    "key": protocol.dtmf("1"),
    "empty audio": b"\x10\x00\x00",
    "error frame": b"\xff\x00\x01\x01",
}


async def test_the_sound_ends_on_our_side(caller: Caller, address: ExchangeAddress) -> None:
    """A closed socket, and any frame but audio, ends AudioSocket: safe message, hang-up, 41."""
    calls = {name: await caller.talk(QUIET) for name in OUR_ENDS}
    began = asyncio.get_running_loop().time()
    for name, (_, media) in calls.items():
        await media.heard(0.1)
        raw = OUR_ENDS[name]
        if raw is None:
            media.close()
        else:
            media.send(raw)
    for name, (dialled, media) in calls.items():
        hangup = await dialled.hangup(SAFE_MESSAGE_SECONDS)
        assert hangup.get("Cause") == "41", name
        ended = caller.manager.time_of(hangup)
        assert ended - began > 1.0, f"after {name} the message takes its time"
        assert media.closed.is_set(), name
    if address.witness is not None:
        await address.witness.callee_was_spoken_to()


async def test_a_call_without_any_frame(caller: Caller) -> None:
    """When neither side sends for 2 s AudioSocket ends, as if we had died."""
    caller.media.sends_frames = False
    dialled, media = await caller.talk(SILENT)
    began = asyncio.get_running_loop().time()
    await media.until_closed()
    assert asyncio.get_running_loop().time() - began == pytest.approx(2.0, abs=0.7)
    assert (await dialled.hangup(SAFE_MESSAGE_SECONDS)).get("Cause") == "41"


async def test_our_frames_alone_keep_a_call(caller: Caller) -> None:
    """A callee who sends no sound at all stays connected as long as we send frames."""
    dialled, media = await caller.talk(SILENT)
    await asyncio.sleep(3.0)
    assert media.audio == b""
    assert not media.closed.is_set()
    assert (await dialled.end()).get("Cause") == "16"


async def test_callee_on_hold(caller: Caller) -> None:
    """A hold by re-INVITE stops the callee's sound and no more: the call and our socket stay."""
    dialled, media = await caller.talk("41")
    await asyncio.sleep(2.5)
    before = len(media.audio)
    await asyncio.sleep(0.5)
    assert len(media.audio) == before, "on hold nothing comes"
    await media.heard(0.5)
    assert (await dialled.end()).get("Cause") == "16"


async def test_an_answered_channel_can_be_listed(caller: Caller) -> None:
    """Status and CoreShowChannels show an answered channel in AudioSocket, with its data."""
    dialled, _ = await caller.talk(ECHO)
    data = f"{dialled.call_id},{caller.media.address}"
    _, item, last = await caller.manager.ask_list("Status", ("Channel", dialled.unique_id))
    assert (item.get("ChannelStateDesc"), item.get("Linkedid")) == ("Up", dialled.unique_id)
    assert (item.get("Application"), item.get("Data")) == ("AudioSocket", data)
    assert (item.get("Context"), item.get("Exten")) == ("opendeep", "media")
    assert last.get("ListItems") == "1"
    listed = await caller.manager.ask_list("CoreShowChannels")
    (shown,) = [one for one in listed if one.get("Uniqueid") == dialled.unique_id]
    assert (shown.get("Application"), shown.get("ApplicationData")) == ("AudioSocket", data)
    assert shown.get("Duration").startswith("00:00:")
    assert listed[-1].event == "CoreShowChannelsComplete"


async def test_all_calls_can_be_found_again(caller: Caller) -> None:
    """After our connection is lost, CoreShowChannels lists every call of ours by its id."""
    talking, _ = await caller.talk(ECHO)
    ringing = await caller.dial("02")
    await ringing.event("Newstate", ChannelStateDesc="Ringing")
    listed = await caller.manager.ask_list("CoreShowChannels")
    states = {item.get("Uniqueid"): item.get("ChannelStateDesc") for item in listed[1:-1]}
    assert states[talking.unique_id] == "Up"
    assert states[ringing.unique_id] == "Ringing"
    assert int(listed[-1].get("ListItems")) == len(listed) - 2


async def test_calls_at_once_do_not_mix(caller: Caller) -> None:
    """Two talking calls and a ringing one have sounds, events and ends of their own."""
    echo, echo_media = await caller.talk(ECHO)
    talker, talker_media = await caller.talk(TALKER)
    ringing = await caller.dial("02")
    await ringing.event("Newstate", ChannelStateDesc="Ringing")
    assert (await talker.end()).get("Cause") == "16"
    await talker_media.until_closed()
    assert not echo_media.closed.is_set()
    assert echo.story() == ANSWERED
    assert ringing.story()[-1] == "Newstate Ringing"
    assert (await ringing.end()).get("Cause") == "16"
    assert (await echo.end()).get("Cause") == "16"


async def test_the_test_mode_extension_is_dialled_without_a_trunk(caller: Caller) -> None:
    """``PJSIP/7000`` rings and answers like any callee; its DialString is the extension alone."""
    dialled = await caller.dial("00", channel="PJSIP/7000")
    began = await dialled.event("DialBegin")
    assert began.get("DialString") == "7000"
    await dialled.media()
    assert (await dialled.end()).get("Cause") == "16"


GUARDED = "Local/{number}@opendeep-out/n"


@pytest.mark.parametrize(
    ("dd", "status", "cause"),
    [
        ("01", "BUSY", "17"),
        ("11", "CONGESTION", "34"),
        ("12", "NOANSWER", "1"),
        ("20", "NOANSWER", "21"),
    ],
)
async def test_failed_calls_through_the_guard(
    caller: Caller, dd: str, status: str, cause: str
) -> None:
    """Over ``Local/`` our channel gets the trunk's cause and word; it has no SIP answer."""
    dialled = await caller.dial(dd, channel=GUARDED.format(number=number(dd)))
    await dialled.hangup()
    response = await dialled.originate_response()
    assert (response.get("Response"), response.get("Reason")) == ("Failure", "0")
    assert dialled.story() == ["Newchannel", "DialBegin", f"DialEnd {status}", f"Hangup {cause}"]
    made = await dialled.event("Newchannel")
    assert made.get("Channel").startswith(f"Local/{number(dd)}@opendeep-out-")
    assert made.get("Channel").endswith(";1")


async def test_no_answer_through_the_guard(caller: Caller) -> None:
    """Over ``Local/`` a time-out has reason 3 and cause 19 too."""
    dialled = await caller.dial("02", channel=GUARDED.format(number=number("02")), timeout_ms=1500)
    await dialled.hangup()
    assert (await dialled.originate_response()).get("Reason") == "3"
    assert dialled.story() == ["Newchannel", "DialBegin", "Newstate Ringing", "Hangup 19"]


async def test_the_guard_refuses_what_was_held_up(caller: Caller) -> None:
    """Over ``Local/`` an Originate whose time is over dials nobody: cause 41."""
    late = int(SystemClock().now().timestamp()) - 2
    dialled = await caller.dial(ECHO, channel=GUARDED.format(number=number(ECHO)), dial_by=late)
    assert (await dialled.hangup()).get("Cause") == "41"
    response = await dialled.originate_response()
    assert (response.get("Response"), response.get("Reason")) == ("Failure", "0")
    assert "Newstate Ringing" not in dialled.story()


async def test_an_answer_through_the_guard(caller: Caller) -> None:
    """Over ``Local/`` an answered call in its time has its sound, and ends with our cause."""
    in_time = int(SystemClock().now().timestamp()) + 20
    dialled = await caller.dial(ECHO, channel=GUARDED.format(number=number(ECHO)), dial_by=in_time)
    media = await dialled.media()
    await media.heard(0.3)
    response = await dialled.originate_response()
    assert (response.get("Response"), response.get("Reason")) == ("Success", "4")
    assert dialled.story() == ANSWERED
    assert (await dialled.end()).get("Cause") == "16"


@pytest.mark.parametrize("digits", ["911", "+911", "12015550130", "0012015550130"])
async def test_numbers_that_the_guard_refuses(
    caller: Caller, address: ExchangeAddress, digits: str
) -> None:
    """Emergency, national and prefixed numbers end in the dialplan with cause 28."""
    dialled = await caller.dial(ECHO, channel=GUARDED.format(number=digits))
    assert (await dialled.hangup()).get("Cause") == "28"
    assert (await dialled.originate_response()).get("Response") == "Failure"
    if address.witness is not None:
        assert address.witness.calls_that_came() == 0


async def test_a_word_has_no_extension_behind_the_guard(caller: Caller) -> None:
    """What does not even look like a number dials nobody."""
    dialled = await caller.dial(ECHO, channel=GUARDED.format(number="media"))
    response = await dialled.originate_response()
    assert (response.get("Response"), response.get("Reason")) == ("Failure", "0")
    await asyncio.sleep(0.3)
    assert dialled.story() == ["Newchannel", "Hangup 0"]
