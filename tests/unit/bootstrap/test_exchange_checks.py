"""What ``opendeep doctor`` tells of an exchange, against the practice one and a scripted one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, suppress

import pytest

from opendeep.audio_processing_service import audiosocket_protocol as audiosocket
from opendeep.bootstrap import exchange_checks
from opendeep.bootstrap.check import Check
from opendeep.bootstrap.exchange_checks import AUDIO, FACTS, LOGIN, check_exchange
from opendeep.bootstrap.far_ends import far_ends
from opendeep.call_processor_service.ami_facts import NEEDED_ACTIONS
from opendeep.call_processor_service.ami_protocol import AmiMessage, AmiParser
from opendeep.common.lifecycle import Nursery
from opendeep.config.app_config import load_config

HOST = "127.0.0.1"


class ScriptedExchange:
    """A manager that visits the AudioSocket that an Originate names.

    Attributes:
        commands: the actions that its user may use.
        refusal: what it says to Originate, if it refuses.
        visits: whether it connects to the AudioSocket.
    """

    def __init__(self) -> None:
        self.port = 0
        self.secret_is_right = True
        self.commands = NEEDED_ACTIONS
        self.refusal = ""
        self.visits = True

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[None]:
        """Listen while the block is open."""
        async with Nursery("exchange") as nursery:

            def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                leaving.callback(writer.transport.abort)
                nursery.start(self._converse(reader, writer), name="manager")

            async with await asyncio.start_server(accept, HOST, 0) as server:
                self.port = server.sockets[0].getsockname()[1]
                with ExitStack() as leaving:
                    yield
                await asyncio.sleep(0)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        parser = AmiParser(expect_banner=False)
        writer.write(b"Asterisk Call Manager/11.0.0\r\n")
        with suppress(ConnectionError):
            while data := await reader.read(4096):
                for action in parser.receive(data):
                    assert isinstance(action, AmiMessage)
                    writer.write(self._answer(action).encode())
                    if action.action == "Login":
                        writer.write(b"Event: FullyBooted\r\n\r\n")
                    if action.action == "Originate" and self.visits and not self.refusal:
                        await self._visit(action)

    def _answer(self, action: AmiMessage) -> AmiMessage:
        refusal = {
            "Challenge": "no",
            "Login": "" if self.secret_is_right else "Authentication failed",
            "Originate": self.refusal,
        }.get(action.action, "")
        facts: tuple[tuple[str, str], ...] = (("Message", refusal),)
        if action.action == "CoreSettings":
            facts = (("AsteriskVersion", "20.9.0"),)
        if action.action == "ListCommands":
            facts = tuple((name, "(Priv: call,all)") for name in self.commands)
        response = ("Response", "Error" if refusal else "Success")
        return AmiMessage.of(response, ("ActionID", action.action_id), *facts)

    async def _visit(self, action: AmiMessage) -> None:
        variables = dict(pair.split("=", 1) for pair in action.get_all("Variable"))
        host, _, port = variables["OPENDEEP_AUDIOSOCKET"].rpartition(":")
        _, strange = await asyncio.open_connection(host, int(port))
        _, writer = await asyncio.open_connection(host, int(port))
        strange.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        writer.write(audiosocket.identify(variables["OPENDEEP_CALL_ID"]))
        for each in (strange, writer):
            await each.drain()
            each.close()


async def look(exchange: ScriptedExchange, **settings: str) -> dict[str, Check]:
    """Return what doctor finds."""
    environ = {
        "ASTERISK_AMI_HOST": HOST,
        "ASTERISK_AMI_PORT": str(exchange.port),
        "ASTERISK_AMI_USERNAME": "u",
        "ASTERISK_AMI_SECRET": "hush",
        "OPENAI_API_KEY": "sk-test",
        "GOOGLE_API_KEY": "g-test",
        "AUDIOSOCKET_BIND": f"{HOST}:0",
        **settings,
    }
    config = load_config(environ, env_file=None)
    async with far_ends(config) as ends:
        return {check.name: check for check in await check_exchange(config, ends)}


async def test_the_practice_exchange_is_well() -> None:
    """The practice exchange has all rights; its AudioSocket needs no visit, and that is said."""
    config = load_config({}, env_file=None)
    async with far_ends(config) as ends:
        checks = {check.name: check for check in await check_exchange(config, ends)}
    assert all(check.ok for check in checks.values()), checks
    assert "practice" in checks[LOGIN].message
    assert checks[AUDIO].message.startswith("not checked")


async def test_a_visit_is_a_good_sign_and_an_old_version_a_warning() -> None:
    """Version, rights and the visit are each told."""
    exchange = ScriptedExchange()
    async with exchange.serve():
        checks = await look(exchange)
    assert checks[AUDIO].ok
    assert f"Asterisk ({HOST}) reaches {HOST}:" in checks[AUDIO].message
    assert "Asterisk 20.9.0" in checks[LOGIN].message
    assert "older than 20.17" in checks["exchange, warning"].message


async def test_what_is_wrong_is_told_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A refused login, a missing right and each reason for silence have their own words."""
    monkeypatch.setattr(exchange_checks, "CONNECT_SECONDS", 0.3)
    exchange = ScriptedExchange()
    exchange.commands = ("Originate",)
    async with exchange.serve():
        checks = await look(exchange, AUDIOSOCKET_ALLOWED_IPS="192.0.2.0/24")
        assert "may not use Hangup" in checks[FACTS].message
        assert "write = originate,call,reporting" in checks[FACTS].remedy
        assert f"add {HOST} to AUDIOSOCKET_ALLOWED_IPS" in checks[AUDIO].remedy
        exchange.visits = False
        checks = await look(exchange)
        assert "did not connect" in checks[AUDIO].message
        exchange.refusal = "Extension does not exist."
        checks = await look(exchange)
        assert "Extension does not exist." in checks[AUDIO].message
        checks = await look(exchange, AUDIOSOCKET_BIND=f"{HOST}:{exchange.port}")
        assert "stop OpenDeep" in checks[AUDIO].remedy
        exchange.secret_is_right = False
        checks = await look(exchange)
    assert list(checks) == [LOGIN]
    assert not checks[LOGIN].ok
