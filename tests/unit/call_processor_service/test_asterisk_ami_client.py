"""The manager client against a scripted manager, in virtual time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from opendeep.call_processor_service.ami_actions import AmiAction
from opendeep.call_processor_service.ami_link import (
    AmiConfig,
    AmiLink,
    AmiUnavailableError,
    LoginRefusedError,
)
from opendeep.call_processor_service.ami_login import log_in
from opendeep.call_processor_service.ami_protocol import AmiMessage
from opendeep.call_processor_service.ami_subscription import AmiLinkLost, AmiLinkRestored
from opendeep.call_processor_service.asterisk_ami_client import AsteriskAmiClient
from opendeep.common.errors import InvalidInputError
from opendeep.common.lifecycle import Nursery
from tests.calls.ami_peer import BANNER, HOST, PORT, SECRET, USERNAME, AmiPeer, ScriptedCall

CONFIG = AmiConfig(host=HOST, port=PORT, username=USERNAME, secret=SECRET)


@pytest.fixture
async def peer() -> AsyncIterator[AmiPeer]:
    """Return a manager that listens."""
    async with AmiPeer().serve() as serving:
        yield serving


@asynccontextmanager
async def running(
    config: AmiConfig = CONFIG, *, connected: bool = True
) -> AsyncIterator[AsteriskAmiClient]:
    """Run a client while the block is open."""
    client = AsteriskAmiClient(config, jitter=lambda: 0.0)
    async with Nursery("client", grace_seconds=10) as nursery:
        nursery.start(client.run(), name="run")
        if connected:
            assert await client.wait_connected(5)
        try:
            yield client
        finally:
            client.stop()


async def test_login_needs_nobody_else(peer: AmiPeer) -> None:
    """``connect_and_login`` logs in by itself, once, with the event mask that calls need."""
    client = AsteriskAmiClient(CONFIG)
    assert (client.name, client.is_connected) == ("asterisk_ami", False)
    await client.connect_and_login()
    await client.connect_and_login()
    assert (client.is_connected, peer.logins) == (True, 1)
    assert peer.asked("Login")[0].get("Events") == "call,system"
    client.stop()
    await client.run()
    assert not client.is_connected


async def test_a_wrong_secret_is_told_with_its_remedy(peer: AmiPeer) -> None:
    """A refused login names the settings to check; the client tries again until it may."""
    with pytest.raises(LoginRefusedError, match="ASTERISK_AMI_SECRET"):
        await AsteriskAmiClient(replace(CONFIG, secret="wrong")).connect_and_login()  # noqa: S106
    async with running(replace(CONFIG, secret="wrong"), connected=False) as client:  # noqa: S106
        await asyncio.sleep(5)
        assert not client.is_connected
        assert "refused the login" in (client.fault or "")
        with pytest.raises(AmiUnavailableError, match="refused the login") as caught:
            await client.send_action(AmiAction.ping())
        assert not caught.value.outcome_unknown
    assert len(peer.asked("Login")) > 3


@pytest.mark.parametrize(
    ("banner", "silent", "words"),
    [
        (b"SSH-2.0-x\r\n", set[str](), "broke off the login"),
        (BANNER, {"Login"}, "did not answer the login"),
        (BANNER + b"junk\r\n", set[str](), "broke off the login"),
    ],
    ids=["other service", "silence", "junk"],
)
async def test_a_login_that_goes_wrong_is_told(
    peer: AmiPeer, banner: bytes, silent: set[str], words: str
) -> None:
    """Another service, silence, and junk each end the login with their own words."""
    peer.banner, peer.silent = banner, silent
    client = AsteriskAmiClient(CONFIG)
    with pytest.raises(AmiUnavailableError, match=words):
        await client.connect_and_login()
    assert not client.is_connected


async def test_asterisk_that_is_down_is_found_when_it_comes() -> None:
    """The client waits longer and longer, tells why, and connects as soon as it can."""
    async with running(connected=False) as client:
        await asyncio.sleep(3)
        assert client.fault == f"The telephone exchange cannot be reached at {HOST}:{PORT}."
        async with AmiPeer().serve():
            assert await client.wait_connected(15)
            assert client.fault is None


async def test_actions_get_their_own_answers(peer: AmiPeer) -> None:
    """Answers are tied to actions by ActionID, also when they are sent at once."""
    peer.refusals["Hangup"] = "No such channel"
    async with running() as client:
        ping, hangup = await asyncio.gather(
            client.send_action(AmiAction.ping()), client.send_action(AmiAction.hangup("a"))
        )
    assert ping.is_success
    assert (hangup.is_success, hangup.get("Message")) == (False, "No such channel")


async def test_lists_are_collected_to_their_end(peer: AmiPeer) -> None:
    """A list action returns its items; one that is refused returns none."""
    ScriptedCall(peer, AmiMessage.of(("ChannelId", "od-1"))).made()
    async with running() as client, client.events_of("od-1") as events:
        (item,) = await client.list_action(AmiAction.core_show_channels())
        assert (item.event, item.get("Uniqueid")) == ("CoreShowChannel", "od-1")
        assert await client.list_action(AmiAction.status("od-2")) == []
        events.wake()
        assert await events.get() is None, "items of a list are no events of the channel"


async def test_events_come_before_the_answer_to_originate(peer: AmiPeer) -> None:
    """A subscriber sees its channel's events from the first one on."""

    async def script(call: ScriptedCall) -> None:
        call.made()
        call.hang_up(17)

    peer.script = script
    action = AmiAction.originate(
        channel="PJSIP/1", channel_id="od-1", context="c", exten="e", timeout_ms=1, variables={}
    )
    async with running() as client, client.events_of("od-1") as events:
        assert (await client.send_action(action)).is_success
        seen = [await events.get() for _ in range(3)]
    assert [m.event for m in seen if isinstance(m, AmiMessage)] == [
        "Newchannel",
        "DialBegin",
        "Hangup",
    ]


async def test_an_action_in_flight_is_unknown_when_the_link_is_lost(peer: AmiPeer) -> None:
    """What was sent and not answered is told as unknown, and is not sent again."""
    peer.silent.add("Hangup")
    async with running() as client:

        async def cut() -> None:
            await asyncio.sleep(1)
            peer.drop()

        async with asyncio.TaskGroup() as group:
            group.create_task(cut())
            with pytest.raises(AmiUnavailableError) as caught:
                await client.send_action(AmiAction.hangup("a"))
        assert caught.value.outcome_unknown
        assert await client.wait_connected(5)
        await asyncio.sleep(5)
    assert len(peer.asked("Hangup")) == 1


async def test_an_action_without_an_answer_times_out(peer: AmiPeer) -> None:
    """Silence is told after the action's time, and a late answer disturbs nobody."""
    peer.silent.add("Hangup")
    async with running() as client:
        before = asyncio.get_running_loop().time()
        with pytest.raises(AmiUnavailableError) as caught:
            await client.send_action(AmiAction.hangup("a"))
        assert caught.value.outcome_unknown
        assert asyncio.get_running_loop().time() - before == 5
        late = peer.asked("Hangup")[0].action_id
        peer.say(("Response", "Success"), ("ActionID", late))
        assert (await client.send_action(AmiAction.ping())).is_success


async def test_subscribers_hear_of_the_link(peer: AmiPeer) -> None:
    """A cut and a new login are told to every owner of a channel."""
    async with running() as client, client.events_of("od-1") as events:
        peer.drop()
        assert isinstance(await events.get(), AmiLinkLost)
        assert not client.is_connected
        assert await events.get() == AmiLinkRestored()
    assert peer.logins == 2


async def test_a_half_open_link_is_noticed(peer: AmiPeer) -> None:
    """Asterisk that no longer answers pings is left and dialled again within 15 s."""
    async with running() as client, client.events_of("od-1") as events:
        peer.silent.add("Ping")
        before = asyncio.get_running_loop().time()
        assert isinstance(await events.get(), AmiLinkLost)
        assert asyncio.get_running_loop().time() - before <= 15
        peer.silent.clear()
        assert await client.wait_connected(5)


async def test_junk_ends_the_link_and_nothing_else(peer: AmiPeer) -> None:
    """Asterisk that breaks its protocol is left and dialled again; events before count."""
    async with running() as client, client.events_of("od-1") as events:
        peer.say_bytes(b"Event: Hangup\r\nUniqueid: od-1\r\n\r\njunk\r\n")
        hangup, lost = await events.get(), await events.get()
        assert isinstance(hangup, AmiMessage)
        assert isinstance(lost, AmiLinkLost)
        assert await client.wait_connected(5)


async def test_stopping_waits_for_calls_to_hang_up(peer: AmiPeer) -> None:
    """The link stays for a moment while somebody still listens for a channel's end."""
    async with running() as client:
        async with client.events_of("od-1"):
            client.stop()
            await asyncio.sleep(1)
            assert (await client.send_action(AmiAction.ping())).is_success
        await asyncio.sleep(0.1)
        assert not client.is_connected
    assert peer.logins == 1


async def test_the_wire_is_logged_without_secrets(peer: AmiPeer) -> None:
    """With ``wire_log`` every byte is logged both ways, only as personal data, secrets masked."""
    with capture_logs() as logs:
        async with running(replace(CONFIG, wire_log=True)):
            pass
    assert peer.logins == 1
    sent, received = (
        "".join(e["pii.text"] for e in logs if e["event"] == "ami_bytes" and e["wire"] == way)
        for way in "><"
    )
    assert received.startswith(BANNER.decode())
    assert "Action: Login\r\n" in sent
    assert "Secret: ***\r\nEvents: call,system\r\n\r\n" in sent
    assert SECRET not in str(logs)


async def test_a_link_that_ended_sends_nothing(peer: AmiPeer) -> None:
    """After its end a link refuses actions as not sent, and ending it again changes nothing."""
    link = await AmiLink.open(CONFIG, on_events=lambda _: None)
    await log_in(link, CONFIG)
    link.abort("enough")
    link.abort("again")
    with pytest.raises(AmiUnavailableError) as caught:
        await link.request(AmiAction.ping())
    assert not caught.value.outcome_unknown
    assert peer.asked("Ping") == []


async def test_answers_that_nobody_asked_for_are_ignored(peer: AmiPeer) -> None:
    """Unknown responses and repeated ends of lists disturb nobody."""
    async with running() as client:
        peer.say(("Response", "Success"), ("ActionID", "unknown"))
        peer.say(("Response", "Success"))
        assert (await client.send_action(AmiAction.ping())).is_success


async def test_an_id_is_used_once_at_a_time(peer: AmiPeer) -> None:
    """A second action with the id of one that still waits is refused before it is sent."""
    peer.silent.add("Ping")
    ping = AmiAction(name="Ping", action_id="od-1")
    async with running() as client, asyncio.TaskGroup() as group:
        waiting = group.create_task(client.send_action(ping))
        await asyncio.sleep(1)
        with pytest.raises(InvalidInputError, match="still under way"):
            await client.send_action(ping)
        waiting.cancel()
    assert len(peer.asked("Ping")) == 1


async def test_time_is_counted_for_each_action(peer: AmiPeer) -> None:
    """Of actions sent one after the other each expires after its own five seconds."""
    peer.silent.add("Status")
    loop = asyncio.get_running_loop()

    async def ask(client: AsteriskAmiClient, after: float) -> None:
        await asyncio.sleep(after)
        began = loop.time()
        with pytest.raises(AmiUnavailableError, match="did not answer Status in time"):
            await client.send_action(AmiAction.status("a"))
        assert round(loop.time() - began, 3) == 5

    async with running() as client, asyncio.TaskGroup() as group:
        for after in (0.0, 1.5, 1.5, 4.0):
            group.create_task(ask(client, after))


async def test_nothing_is_piled_up_for_an_exchange_that_does_not_read(peer: AmiPeer) -> None:
    """With a megabyte unsent, an action is refused as not sent instead of queued behind it."""
    link = await AmiLink.open(CONFIG, on_events=lambda _: None)
    await log_in(link, CONFIG)
    transport = link._transport
    assert transport is not None
    transport.write(b"X: " + b"x" * 3_000_000)
    with pytest.raises(AmiUnavailableError, match="does not read") as caught:
        await link.request(AmiAction.ping())
    assert not caught.value.outcome_unknown
    link.abort("over")
    await asyncio.sleep(1)
    assert peer.asked("Ping") == []
