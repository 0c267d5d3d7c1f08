"""What OpenDeep relies on in an exchange's manager interface: logging in, rights, answers."""

import asyncio
import hashlib
from collections.abc import AsyncIterator

import pytest

from opendeep.call_processor_service.ami_facts import NEEDED_ACTIONS
from opendeep.call_processor_service.ami_protocol import AmiMessage
from tests.integration.asterisk.addresses import ExchangeAddress
from tests.integration.asterisk.caller import Caller
from tests.integration.asterisk.manager import Manager, open_manager

CLASSES_OF_OPENDEEP = {"originate", "call", "reporting"}
NO_SUCH_COMMAND = (
    "Invalid/unknown command: Dance. Use Action: ListCommands to show available commands."
)


@pytest.fixture
async def stranger(address: ExchangeAddress) -> AsyncIterator[Manager]:
    """Connect without logging in."""
    async with open_manager(address.host, address.port) as manager:
        yield manager


async def test_the_banner_has_no_empty_line_after_it(address: ExchangeAddress) -> None:
    """The exchange's first bytes are one line with CRLF, which names the manager's version."""
    reader, writer = await asyncio.open_connection(address.host, address.port)
    line = await reader.readline()
    assert line.startswith(b"Asterisk Call Manager/")
    assert line.endswith(b"\r\n")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await reader.read(1)
    writer.close()
    await writer.wait_closed()


async def test_login_is_answered_and_then_told_that_all_is_booted(
    stranger: Manager, address: ExchangeAddress
) -> None:
    """Login answers "Authentication accepted", then comes FullyBooted, and nothing between."""
    answer = await stranger.log_in(address.username, address.secret)
    assert (answer.response, answer.get("Message")) == ("Success", "Authentication accepted")
    booted = await stranger.event("FullyBooted")
    assert [key for key, _ in booted.headers] == [
        *("Event", "Privilege", "Uptime", "LastReload", "Status")
    ]
    assert stranger.messages.index(booted) == 1


async def test_login_without_events_is_told_none(
    stranger: Manager, address: ExchangeAddress
) -> None:
    """With ``Events: off`` at login not even FullyBooted comes."""
    headers = (("Username", address.username), ("Secret", address.secret), ("Events", "off"))
    assert (await stranger.ask("Login", *headers)).response == "Success"
    await stranger.ask("Ping")
    assert [message.event for message in stranger.messages if message.event] == []


@pytest.mark.parametrize("right", [True, False], ids=["right", "wrong"])
async def test_login_by_challenge(
    stranger: Manager, address: ExchangeAddress, *, right: bool
) -> None:
    """The MD5 of challenge and secret logs in, another does not."""
    challenge = (await stranger.ask("Challenge", ("AuthType", "MD5"))).get("Challenge")
    word = challenge + address.secret if right else address.secret
    key = hashlib.md5(word.encode(), usedforsecurity=False).hexdigest()
    headers = (("AuthType", "MD5"), ("Username", address.username), ("Key", key))
    answer = await stranger.ask("Login", *headers)
    assert answer.response == ("Success" if right else "Error")


async def test_a_challenge_names_its_kind(stranger: Manager) -> None:
    """Challenge without ``AuthType: MD5`` is refused."""
    assert (await stranger.ask("Challenge")).get("Message") == "Must specify AuthType"


@pytest.mark.parametrize("who", ["wrong secret", "unknown user"])
async def test_a_wrong_login_is_refused(
    stranger: Manager, address: ExchangeAddress, who: str
) -> None:
    """A wrong secret and an unknown name get the same words, a second later, and are cut off."""
    name = address.username if who == "wrong secret" else "nobody"
    began = asyncio.get_running_loop().time()
    answer = await stranger.log_in(name, "wrong")
    assert (answer.response, answer.get("Message")) == ("Error", "Authentication failed")
    assert asyncio.get_running_loop().time() - began >= 0.5
    await stranger.until_closed()


async def test_nothing_is_done_before_login(stranger: Manager) -> None:
    """Before login every action but login's own is refused, and the connection stays."""
    for action in ("Ping", "ListCommands", "Originate", "Dance"):
        assert (await stranger.ask(action)).get("Message") == "Permission denied"


async def test_logging_in_twice_changes_nothing(caller: Caller) -> None:
    """A second login on the same connection succeeds in other words."""
    address = caller.address
    answer = await caller.manager.log_in(address.username, address.secret)
    assert (answer.response, answer.get("Message")) == ("Success", "Already authenticated")


async def test_logoff_says_goodbye(stranger: Manager) -> None:
    """Logoff is answered with Goodbye, then the exchange closes."""
    answer = await stranger.ask("Logoff")
    assert (answer.response, answer.get("Message")) == ("Goodbye", "Thanks for all the fish.")
    await stranger.until_closed()


async def test_ping(caller: Caller) -> None:
    """Ping answers Pong with a time stamp; the action's name may be written in any case."""
    for action in ("Ping", "ping", "PING"):
        answer = await caller.manager.ask(action)
        assert answer.get("Ping") == "Pong"
        assert float(answer.get("Timestamp")) >= 0


async def test_settings(caller: Caller) -> None:
    """CoreSettings names the versions; CoreStatus counts calls."""
    settings = await caller.manager.ask("CoreSettings")
    assert settings.get("AMIversion").count(".") == 2
    assert int(settings.get("AsteriskVersion").split(".")[0]) >= 20
    assert (await caller.manager.ask("CoreStatus")).get("CoreCurrentCalls").isdigit()


async def test_commands_are_listed_with_their_rights(caller: Caller) -> None:
    """ListCommands lists what this manager may do, with the classes; nothing that needs more."""
    listed = await caller.manager.ask("ListCommands")
    for name in NEEDED_ACTIONS:
        assert "(Priv: " in listed.get(name), name
    assert listed.get("Originate") == "Originate a call.  (Priv: originate,all)"
    assert listed.get("Ping") == "Keepalive command.  (Priv: <none>)"
    for name in ("MixMonitor", "Command", "Reload", "UpdateConfig"):
        assert listed.get(name) == "", name


@pytest.mark.parametrize(
    ("action", "headers"),
    [
        ("MixMonitor", (("Channel", "x"), ("File", "x.wav"))),
        ("Command", (("Command", "core show channels"),)),
    ],
)
async def test_rights_stop_at_system_and_command(
    caller: Caller, action: str, headers: tuple[tuple[str, str], ...]
) -> None:
    """A manager with originate, call and reporting may neither record to files nor run commands."""
    answer = await caller.manager.ask(action, *headers)
    assert (answer.response, answer.get("Message")) == ("Error", "Permission denied")


PLACE = (("Context", "opendeep"), ("Exten", "media"), ("Priority", "1"))
TRUNK = ("Channel", "PJSIP/+12015550101@trunk")


@pytest.mark.parametrize(
    ("action", "headers", "message"),
    [
        ("Dance", (), NO_SUCH_COMMAND),
        ("Hangup", (), "No channel specified"),
        ("Hangup", (("Channel", "od-nobody"),), "No such channel"),
        ("Status", (("Channel", "od-nobody"),), "No such channel"),
        ("PlayDTMF", (("Channel", "od-nobody"), ("Digit", "1")), "Channel not found"),
        ("PlayDTMF", (("Digit", "1"),), "Channel not found"),
        ("Redirect", (), "Channel not specified"),
        ("Redirect", (("Channel", "od-nobody"), *PLACE), "Channel does not exist: od-nobody"),
        ("Bridge", (), "Missing channel parameter in request"),
        ("Bridge", (("Channel1", "a"), ("Channel2", "b")), "Channel1 does not exist: a"),
        ("Setvar", (("Channel", "od-nobody"), ("Variable", "A")), "No such channel"),
        ("Setvar", (("Channel", "od-nobody"),), "No variable specified"),
        ("Events", (), "Invalid event mask"),
        ("Originate", (), "Channel not specified"),
        ("Originate", (("Channel", "PJSIP"), *PLACE), "Invalid channel"),
        ("Originate", (TRUNK,), "Originate with 'Exten' requires 'Context' and 'Priority'"),
        ("Originate", (TRUNK, *PLACE, ("Timeout", "x")), "Invalid timeout"),
        ("Originate", (TRUNK, *PLACE[:2], ("Priority", "x")), "Invalid priority"),
        (
            "Originate",
            (TRUNK, PLACE[0], ("Exten", "nowhere"), PLACE[2]),
            "Extension does not exist.",
        ),
        (
            "Originate",
            (TRUNK, ("Application", "System"), ("Data", "ls")),
            "Originate Access Forbidden: app or data blacklisted",
        ),
        (
            "Originate",
            (TRUNK, ("Application", "AudioSocket"), ("Data", "A3DB-1,x:1")),
            "Originate Access Forbidden: app or data blacklisted",
        ),
    ],
)
async def test_what_is_refused_at_once(
    caller: Caller, action: str, headers: tuple[tuple[str, str], ...], message: str
) -> None:
    """Each refusal has Asterisk's words, and the id of its action."""
    answer = await caller.manager.ask(action, *headers)
    assert (answer.response, answer.get("Message")) == ("Error", message)


async def test_malformed_requests_spoil_themselves_alone(caller: Caller) -> None:
    """No colon, no action, lone line feeds, a line over 1,024 bytes: the session goes on."""
    manager = caller.manager
    manager.write(b"This is no header\r\nActionID: a\r\n\r\n")
    assert (await manager.response("a")).get("Message") == "Missing action in request"
    manager.write(b"Action: Ping\r\nno colon\r\nActionID: b\r\n\r\n")
    assert (await manager.response("b")).get("Ping") == "Pong"
    manager.write(b"Action: Ping\nActionID: c\n\n")
    assert (await manager.response("c")).get("Ping") == "Pong"
    manager.write(b"Action: Ping\r\nActionID: d\r\nX: " + b"y" * 3000 + b"\r\n\r\n")
    answer = await manager.response("d")
    assert answer.get("Message") == "Failed to parse message: line too long"
    assert (await manager.ask("Ping")).get("Ping") == "Pong"


async def test_requests_may_come_in_pieces_and_together(caller: Caller) -> None:
    """Actions split anywhere, or several in one packet, are answered in their order."""
    manager = caller.manager
    raw = b"".join(
        AmiMessage.of(("Action", "Ping"), ("ActionID", f"p{number}")).encode()
        for number in range(5)
    )
    for begin in range(0, len(raw), 7):
        manager.write(raw[begin : begin + 7])
        await asyncio.sleep(0)
    await manager.response("p4")
    pongs = [message.action_id for message in manager.messages if message.get("Ping")]
    assert pongs == [f"p{number}" for number in range(5)]


async def test_events_can_be_turned_off(caller: Caller) -> None:
    """After ``Events`` with mask off a call makes no event for this manager."""
    answer = await caller.manager.ask("Events", ("EventMask", "off"))
    assert answer.get("Events") == "Off"
    await caller.dial("01")
    await asyncio.sleep(0.5)
    await caller.manager.ask("Ping")
    assert "Hangup" not in {message.event for message in caller.manager.messages}
    assert (await caller.manager.ask("Events", ("EventMask", "on"))).get("Events") == "On"


async def test_an_empty_exchange_lists_nothing(caller: Caller) -> None:
    """Lists without items still begin and end, and count nothing."""
    for action, end in (("Status", "StatusComplete"), ("CoreShowChannels", None)):
        first, last = await caller.manager.ask_list(action)
        assert (first.response, first.get("EventList")) == ("Success", "start")
        assert last.event == (end or f"{action}Complete")
        assert (last.get("EventList"), last.get("ListItems")) == ("Complete", "0")
