"""The practice exchange's manager interface: logins, rights, refusals, lists and limits."""

import asyncio
import hashlib

import pytest

from opendeep.call_processor_service.ami_protocol import AmiMessage
from opendeep.practice.exchange import ExchangeConfig
from tests.unit.practice.exchange_world import (
    AMI_PORT,
    MEDIA_ADDRESS,
    open_manager,
    open_world,
    run_virtual,
)

PLACE = {"Context": "opendeep", "Exten": "media", "Priority": "1"}
NO_PLACE = "Originate with 'Exten' requires 'Context' and 'Priority'"


def test_the_banner_is_one_line() -> None:
    """The banner ends with one CRLF, and no empty line follows it."""

    async def story() -> None:
        async with open_world() as world:
            reader, writer = await asyncio.open_connection("127.0.0.1", world.exchange.port)
            await asyncio.sleep(1)
            assert await reader.read(4096) == b"Asterisk Call Manager/11.0.0\r\n"
            writer.close()
            assert world.manager.banner == "Asterisk Call Manager/11.0.0"

    run_virtual(story())


def test_login_with_a_bad_secret() -> None:
    """A wrong secret or name is refused in Asterisk's words, and the connection closed."""

    async def story() -> None:
        async with open_world() as world:
            for name, secret in (("opendeep", "wrong"), ("nobody", "practice")):
                manager = await open_manager(world.exchange)
                answer = await manager.ask("Login", ("Username", name), ("Secret", secret))
                assert (answer.response, answer.get("Message")) == (
                    "Error",
                    "Authentication failed",
                )
                assert not await manager.read()
                manager.close()

    run_virtual(story())


@pytest.mark.parametrize(("secret", "response"), [("practice", "Success"), ("wrong", "Error")])
def test_login_by_challenge(secret: str, response: str) -> None:
    """The MD5 of challenge and secret logs in; that of another secret does not."""

    async def story() -> None:
        async with open_world() as world:
            manager = await open_manager(world.exchange)
            challenge = (await manager.ask("Challenge", ("AuthType", "MD5"))).get("Challenge")
            key = hashlib.md5(f"{challenge}{secret}".encode(), usedforsecurity=False).hexdigest()
            answer = await manager.ask(
                "Login", ("AuthType", "MD5"), ("Username", "opendeep"), ("Key", key)
            )
            assert answer.response == response
            manager.close()

    run_virtual(story())


def test_login_is_followed_by_fully_booted() -> None:
    """A successful login is answered, then told FullyBooted."""

    async def story() -> None:
        async with open_world() as world:
            await world.manager.event("FullyBooted")
            first = world.manager.messages[0]
            assert first.get("Message") == "Authentication accepted"

    run_virtual(story())


def test_nothing_without_login() -> None:
    """Before login actions are refused and no events are told."""

    async def story() -> None:
        async with open_world() as world:
            stranger = await open_manager(world.exchange)
            refused = await stranger.ask("Ping")
            assert refused.get("Message") == "Permission denied"
            await world.dial("+12015550101")
            await world.hung_up()
            await stranger.ask("Logoff")
            assert [message.event for message in stranger.messages if message.event] == []
            stranger.close()

    run_virtual(story())


def test_events_can_be_turned_off() -> None:
    """The Events action, and the Events header of Login, silence events."""

    async def story() -> None:
        async with open_world() as world:
            for mask in ("off", "on"):
                answer = await world.manager.ask("Events", ("EventMask", mask))
                assert answer.get("Events").lower() == mask
            await world.manager.ask("Events", ("EventMask", "off"))
            await world.dial("+12015550101")
            await asyncio.sleep(1)
            await world.manager.ask("Ping")
            assert all(message.event != "Hangup" for message in world.manager.messages)

    run_virtual(story())


def test_ping_and_goodbye() -> None:
    """Ping is answered with a time stamp, Logoff with a goodbye and the end."""

    async def story() -> None:
        async with open_world() as world:
            ping = await world.manager.ask("Ping")
            assert ping.get("Ping") == "Pong"
            assert float(ping.get("Timestamp")) > 0
            world.manager.write(AmiMessage.of(("Action", "Logoff")).encode())
            await world.manager.until(lambda m: m.response == "Goodbye")
            assert not await world.manager.read()

    run_virtual(story())


@pytest.mark.parametrize(
    ("action", "headers", "message"),
    [
        ("Hangup", {}, "No channel specified"),
        ("Hangup", {"Channel": "od-none"}, "No such channel"),
        ("Status", {"Channel": "od-none"}, "No such channel"),
        ("PlayDTMF", {"Digit": "1"}, "Channel not found"),
        ("PlayDTMF", {"Channel": "od-none", "Digit": "1"}, "Channel not found"),
        ("Originate", {}, "Channel not specified"),
        ("Originate", {"Channel": "PJSIP", **PLACE}, "Invalid channel"),
        ("Originate", {"Channel": "PJSIP/1", **PLACE, "Timeout": "x"}, "Invalid timeout"),
        ("Originate", {"Channel": "PJSIP/1"}, NO_PLACE),
        ("Originate", {"Channel": "PJSIP/1", "Exten": "media"}, NO_PLACE),
        ("Originate", {"Channel": "PJSIP/1", **PLACE, "Priority": "x"}, "Invalid priority"),
        ("Originate", {"Channel": "PJSIP/1", **PLACE, "Exten": "x"}, "Extension does not exist."),
        (
            "Originate",
            {"Channel": "PJSIP/1", **PLACE, "ChannelId": "x" * 150},
            "Uniqueid length exceeds maximum of 149",
        ),
        (
            "Originate",
            {"Channel": "PJSIP/1", "Application": "System", "Data": "ls"},
            "Originate Access Forbidden: app or data blacklisted",
        ),
        (
            "Originate",
            {"Channel": "PJSIP/1", "Application": "AudioSocket", "Data": "A3DB-1,x:1"},
            "Originate Access Forbidden: app or data blacklisted",
        ),
        (
            "Originate",
            {"Channel": "PJSIP/1", "Application": "Echo"},
            "No such application 'Echo'",
        ),
        ("MixMonitor", {"Channel": "x"}, "Permission denied"),
        ("Command", {"Command": "core show version"}, "Permission denied"),
        (
            "Dance",
            {},
            "Invalid/unknown command: Dance. Use Action: ListCommands to show available commands.",
        ),
    ],
)
def test_refusals(action: str, headers: dict[str, str], message: str) -> None:
    """What Asterisk refuses is refused in its words, with the action's id."""

    async def story() -> None:
        async with open_world() as world:
            answer = await world.manager.ask(action, *headers.items())
            assert (answer.response, answer.get("Message")) == ("Error", message)

    run_virtual(story())


def test_rights_are_by_class() -> None:
    """A manager that may only report cannot originate or send keys."""

    async def story() -> None:
        config = ExchangeConfig(port=AMI_PORT, rights=frozenset({"reporting"}))
        async with open_world(config) as world:
            for action in ("Originate", "Hangup", "PlayDTMF"):
                assert (await world.manager.ask(action)).get("Message") == "Permission denied"
            assert (await world.manager.ask("CoreSettings")).response == "Success"

    run_virtual(story())


def test_the_order_of_an_answered_call() -> None:
    """Events of an answered call come in the order that Asterisk 22 was seen to use."""

    async def story() -> None:
        async with open_world() as world:
            channel = await world.dial("+12015550105")
            await world.hung_up()
            assert world.manager.names(channel) == [
                "Newchannel",
                "DialBegin",
                "Newstate",
                "DialState",
                "Newstate",
                "DialEnd",
                "OriginateResponse",
                "HangupRequest",
                "SoftHangupRequest",
                "Hangup",
            ]
            response = await world.manager.event("OriginateResponse")
            assert (response.get("Response"), response.get("Reason")) == ("Success", "4")
            assert response.get("Uniqueid") == channel
            newchannel = await world.manager.event("Newchannel")
            assert newchannel.get("Linkedid") == channel
            assert newchannel.get("ChannelStateDesc") == "Down"
            assert newchannel.get("Channel").startswith("PJSIP/trunk-")

    run_virtual(story())


def test_a_channel_id_in_use_is_refused_by_an_event() -> None:
    """A second Originate with a live id is queued, then fails with reason 0; later it may serve."""

    async def story() -> None:
        async with open_world() as world:
            channel = await world.dial("+12015550102")
            await world.dial("+12015550102", ChannelId=channel)
            refused = await world.manager.event("OriginateResponse")
            assert (refused.get("Response"), refused.get("Reason")) == ("Failure", "0")
            assert len(world.exchange.records) == 1
            await world.manager.ask("Hangup", ("Channel", channel))
            await world.hung_up()
            await world.dial("+12015550101", ChannelId=channel)
            await world.manager.event("Hangup", Cause="17")

    run_virtual(story())


def test_channels_can_be_listed() -> None:
    """Status and CoreShowChannels list live channels, by id or name, and count them."""

    async def story() -> None:
        async with open_world() as world:
            channel = await world.dial("+12015550102")
            await asyncio.sleep(5)
            answer = await world.manager.ask("CoreShowChannels")
            assert answer.get("EventList") == "start"
            done = await world.manager.event("CoreShowChannelsComplete")
            assert (done.get("EventList"), done.get("ListItems")) == ("Complete", "1")
            shown = await world.manager.event("CoreShowChannel")
            assert (shown.get("Uniqueid"), shown.get("Duration")) == (channel, "00:00:05")
            for name in (channel, shown.get("Channel")):
                world.manager.messages.clear()
                assert (await world.manager.ask("Status", ("Channel", name))).response == "Success"
                status = await world.manager.event("Status")
                assert status.get("ChannelStateDesc") == "Ringing"
                assert (await world.manager.event("StatusComplete")).get("Items") == "1"
            assert (await world.manager.ask("CoreStatus")).get("CoreCurrentCalls") == "1"
            assert (await world.manager.ask("Status")).response == "Success"

    run_virtual(story())


def test_play_dtmf_sends_the_first_key_and_blocks_its_session() -> None:
    """One key goes to the callee, after at least 100 ms in which the session answers nothing."""

    async def story() -> None:
        async with open_world() as world:
            channel = await world.dial("+12015550103")
            await world.connected()
            loop = asyncio.get_running_loop()
            for duration, seconds in (("10", 0.1), ("400", 0.4), ("", 0.1)):
                began = loop.time()
                headers = (("Channel", channel), ("Digit", "12"), ("Duration", duration))
                world.manager.write(AmiMessage.of(("Action", "PlayDTMF"), *headers).encode())
                await world.manager.ask("Ping")
                assert loop.time() - began == pytest.approx(seconds, abs=0.01)
            assert world.record.dtmf == "111"
            assert "DTMFEnd" not in world.manager.names(channel)
            for headers, message in (
                ((), "No digit specified"),
                ((("Digit", "1"), ("Duration", "x")), "Could not convert Duration parameter"),
            ):
                refused = await world.manager.ask("PlayDTMF", ("Channel", channel), *headers)
                assert refused.get("Message") == message

    run_virtual(story())


def test_keys_before_the_answer_go_nowhere() -> None:
    """PlayDTMF on a ringing channel reaches nobody."""

    async def story() -> None:
        async with open_world() as world:
            channel = await world.dial("+12015550100")
            await world.manager.ask("PlayDTMF", ("Channel", channel), ("Digit", "1"))
            assert world.record.dtmf == ""

    run_virtual(story())


def test_application_audiosocket_names_its_own_server() -> None:
    """Originate with Application AudioSocket takes the id and the address from Data."""

    async def story() -> None:
        async with open_world() as world:
            name = "0aa0b0c0-1111-4222-8333-444455556666"
            await world.manager.ask(
                "Originate",
                ("Channel", "PJSIP/12015550100"),
                ("Application", "AudioSocket"),
                ("Data", f"{name},{MEDIA_ADDRESS}"),
            )
            await world.connected()
            assert world.media.identity == name

    run_virtual(story())


def test_nonsense_is_answered() -> None:
    """Bytes that are no action are refused in Asterisk's words, and the session goes on."""

    async def story() -> None:
        async with open_world() as world:
            manager = await open_manager(world.exchange)
            manager.write(b"no colon here\r\n\r\n")
            answer = await manager.until(lambda m: m.response == "Error")
            assert answer.get("Message") == "Missing action in request"
            assert (await manager.ask("Ping")).get("Message") == "Permission denied"
            manager.close()
            long = b"Action: Ping\r\nActionID: 9\r\nX: " + b"y" * 2000 + b"\r\n\r\n"
            world.manager.write(long)
            answer = await world.manager.until(lambda m: m.action_id == "9")
            assert answer.get("Message") == "Failed to parse message: line too long"

    run_virtual(story())


def test_leaving_ends_calls_and_sessions() -> None:
    """When the exchange stops, its calls are hung up and no task is left."""

    async def story() -> None:
        async with open_world() as world:
            await world.dial("+12015550100")
            await world.connected()
            record = world.record
        assert record.hung_up_by == "exchange"
        await asyncio.sleep(0.1)
        assert len(asyncio.all_tasks()) == 1

    run_virtual(story())
