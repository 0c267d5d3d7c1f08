"""How the client introduces itself, against a scripted manager in virtual time."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import pytest

from opendeep.call_processor_service.ami_link import (
    AmiConfig,
    AmiLink,
    AmiUnavailableError,
    LoginRefusedError,
)
from opendeep.call_processor_service.ami_login import log_in
from opendeep.call_processor_service.ami_protocol import AmiMessage, AmiParser
from opendeep.call_processor_service.asterisk_ami_client import AsteriskAmiClient

LOOPBACK, ELSEWHERE, PORT = "127.0.0.1", "192.0.2.5", 5038
CHALLENGE = "840415273"
BANNER = b"Asterisk Call Manager/11.0.0\r\n"
BOOTED = b"Event: FullyBooted\r\nPrivilege: system,all\r\n\r\n"
CONFIG = AmiConfig(host=LOOPBACK, port=PORT, username="u", secret="hush")  # noqa: S106


Converse = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def listening(converse: Converse, host: str = LOOPBACK) -> AsyncIterator[None]:
    """Serve while the block is open, and until the last connection is over."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            await converse(reader, writer)
        writer.close()

    async with await asyncio.start_server(serve, host, PORT):
        yield
        await asyncio.sleep(10)


class LoginPeer:
    """A manager that knows one user.

    Attributes:
        asked: the actions that came, before a login and after.
        offers_challenge: whether MD5 is allowed.
        boots_after: seconds until it says that it is booted; None for never.
        silent: actions without an answer.
    """

    def __init__(self) -> None:
        self.asked: list[AmiMessage] = []
        self.offers_challenge = True
        self.boots_after: float | None = 0.0
        self.silent: set[str] = set()

    @asynccontextmanager
    async def serve(self, host: str = LOOPBACK) -> AsyncIterator[None]:
        """Listen while the block is open."""
        async with listening(self._converse, host):
            yield

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        parser = AmiParser(expect_banner=False)
        writer.write(BANNER)
        while data := await reader.read(4096):
            for action in parser.receive(data):
                assert isinstance(action, AmiMessage)
                self.asked.append(action)
                if action.action not in self.silent:
                    writer.write(self._answer(action).encode())
                    if action.action == "Login" and self.boots_after is not None:
                        await asyncio.sleep(self.boots_after)
                        writer.write(BOOTED)

    def _answer(self, action: AmiMessage) -> AmiMessage:
        identity = ("ActionID", action.action_id)
        match action.action:
            case "Challenge" if self.offers_challenge:
                facts = (("Response", "Success"), ("Challenge", CHALLENGE))
            case "Challenge":
                facts = (("Response", "Error"), ("Message", "Must specify AuthType"))
            case "Login" if not self._knows(action):
                facts = (("Response", "Error"), ("Message", "Authentication failed"))
            case "CoreSettings":
                facts = (("Response", "Success"), ("AsteriskVersion", "22.10.1"))
            case _:
                facts = (("Response", "Success"), ("Ping", "(Priv: <none>)"))
        return AmiMessage.of(facts[0], identity, *facts[1:])

    def _knows(self, action: AmiMessage) -> bool:
        key = hashlib.md5(f"{CHALLENGE}hush".encode(), usedforsecurity=False).hexdigest()
        return action.get("Secret") == "hush" or key == action.get("Key")

    def names(self) -> list[str]:
        """Return the names of what was asked."""
        return [action.action for action in self.asked]


async def logged_in(config: AmiConfig = CONFIG) -> AsteriskAmiClient:
    """Log in, and leave again."""
    client = AsteriskAmiClient(config)
    await client.connect_and_login()
    client.stop()
    await client.run()
    return client


async def test_the_secret_is_proven_and_not_sent() -> None:
    """Where Asterisk gives a challenge, only the MD5 of challenge and secret is sent."""
    peer = LoginPeer()
    async with peer.serve():
        client = await logged_in()
    assert peer.names() == ["Challenge", "Login", "CoreSettings", "ListCommands"]
    assert peer.asked[0].get("AuthType") == "MD5"
    assert "hush" not in str(peer.asked)
    assert client.facts is not None
    assert client.facts.version == "22.10.1"
    assert "Originate" in client.facts.missing


async def test_a_refused_challenge_is_followed_by_the_secret_on_loopback_only() -> None:
    """On this machine the secret is sent where challenges are refused; over a network never."""
    peer = LoginPeer()
    peer.offers_challenge = False
    async with peer.serve():
        await logged_in()
    assert peer.asked[1].get("Secret") == "hush"
    peer.asked.clear()
    async with peer.serve(ELSEWHERE):
        with pytest.raises(LoginRefusedError, match="ASTERISK_AMI_TLS=true"):
            await logged_in(replace(CONFIG, host=ELSEWHERE))
    assert peer.names() == ["Challenge"]


async def test_a_wrong_key_is_not_followed_by_the_secret() -> None:
    """A refused MD5 login is a wrong secret, not a reason to send it in the clear."""
    peer = LoginPeer()
    async with peer.serve():
        with pytest.raises(LoginRefusedError, match="ASTERISK_AMI_SECRET"):
            await logged_in(replace(CONFIG, secret="wrong"))  # noqa: S106
    assert peer.names() == ["Challenge", "Login"]


@pytest.mark.parametrize(
    ("boots_after", "events", "seconds"),
    [(0.0, "call,system", 0), (3.0, "call,system", 3), (None, "call,system", 5), (None, "off", 0)],
    ids=["booted", "boots", "never says", "wants no events"],
)
async def test_the_boot_is_awaited_within_bounds(
    boots_after: float | None, events: str, seconds: float
) -> None:
    """A login ends when Asterisk is booted, or after five seconds with a warning."""
    peer = LoginPeer()
    peer.boots_after = boots_after
    async with peer.serve():
        began = asyncio.get_running_loop().time()
        client = await logged_in(replace(CONFIG, events=events))
        assert round(asyncio.get_running_loop().time() - began, 1) == seconds
    assert client.facts is not None
    assert any("booted" in text for text in client.facts.warnings) is (seconds == 5)


async def test_facts_that_do_not_come_are_no_failure() -> None:
    """An exchange that answers the login and not the questions is connected, with warnings."""
    peer = LoginPeer()
    peer.silent = {"CoreSettings", "ListCommands"}
    async with peer.serve():
        client = await logged_in()
    assert client.facts is not None
    assert (client.facts.version, len(client.facts.warnings)) == ("unknown", 2)


async def test_nothing_is_sent_before_the_greeting() -> None:
    """Some other service, which does not greet as Asterisk, never sees even a user name."""
    seen: list[bytes] = []

    async def converse(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            seen.append(await reader.read(4096))

    async with listening(converse):
        with pytest.raises(AmiUnavailableError, match="did not answer the login"):
            await logged_in()
    assert b"".join(seen) == b""


async def test_regression_the_banner_is_one_line_without_an_empty_one() -> None:
    """The login begins as soon as the banner's own line has ended: Asterisk sends no more."""
    seen: list[bytes] = []

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(BANNER)
        seen.append(await reader.read(4096))

    async with listening(converse):
        with pytest.raises(AmiUnavailableError, match="broke off"):
            await logged_in()
    assert seen[0].startswith(b"Action: Challenge\r\n")


class BytesOnly(asyncio.Transport):
    """A transport that takes bytes, as sockets do."""

    def __init__(self) -> None:
        super().__init__({"peername": (LOOPBACK, PORT)})
        self.written: list[bytes | bytearray | memoryview] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Keep what is written."""
        self.written.append(data)

    def get_write_buffer_size(self) -> int:
        """Say that all has gone."""
        return 0

    def abort(self) -> None:
        """End."""


async def test_regression_only_bytes_are_written_to_the_socket() -> None:
    """Everything that goes out is ``bytes``, whatever the names and the secret hold."""
    config = replace(CONFIG, username="jürgen", secret="päß", events="off")  # noqa: S106
    transport = BytesOnly()
    link = AmiLink(config, on_events=lambda _: None)
    link.connection_made(transport)
    async with asyncio.TaskGroup() as group:
        login = group.create_task(log_in(link, config))
        link.data_received(BANNER)
        for number, answer in enumerate((b"Error", b"Success", b"Error", b"Error"), 1):
            await asyncio.sleep(0.1)
            link.data_received(b"Response: %s\r\nActionID: opendeep-%d\r\n\r\n" % (answer, number))
        await login
    assert [type(data) for data in transport.written] == [bytes] * 4
    assert "Username: jürgen\r\nSecret: päß\r\n".encode() in bytes(transport.written[1])
    link.abort("over")
