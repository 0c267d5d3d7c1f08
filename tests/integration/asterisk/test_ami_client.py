"""The manager client against the real Asterisk: every login, every right, and a restart."""

import asyncio
import subprocess
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from opendeep.bootstrap.exchange_checks import AUDIO, FACTS, LOGIN, check_exchange
from opendeep.bootstrap.far_ends import far_ends
from opendeep.call_processor_service.ami_actions import AmiAction
from opendeep.call_processor_service.ami_link import (
    AmiConfig,
    AmiUnavailableError,
    LoginRefusedError,
)
from opendeep.call_processor_service.ami_protocol import AmiMessage
from opendeep.call_processor_service.ami_subscription import (
    AmiLinkLost,
    AmiLinkRestored,
    AmiSubscription,
)
from opendeep.call_processor_service.asterisk_ami_client import AsteriskAmiClient
from opendeep.config.app_config import AppConfig, load_config
from tests.integration.asterisk.servers import ExchangePair, RealAsterisk, exchange_pair

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

WAIT_SECONDS = 30.0


@pytest.fixture(scope="module")
def own_pair() -> Iterator[ExchangePair]:
    """Start a pair whose configuration these tests may change."""
    with exchange_pair() as pair:
        yield pair


def config_of(pair: ExchangePair) -> AmiConfig:
    """Return how OpenDeep logs in to the exchange."""
    return AmiConfig(
        host="127.0.0.1", port=pair.ami_port, username=pair.username, secret=pair.secret
    )


@contextmanager
def manager_conf(pbx: RealAsterisk, *changes: tuple[str, str]) -> Iterator[None]:
    """Change ``manager.conf`` while the block is open."""
    file = pbx.folder / "etc" / "manager.conf"
    before = file.read_text(encoding="utf-8")
    changed = before
    for old, new in changes:
        assert old in changed
        changed = changed.replace(old, new, 1)
    file.write_text(changed, encoding="utf-8")
    pbx.command("manager reload")
    try:
        yield
    finally:
        file.write_text(before, encoding="utf-8")
        pbx.command("manager reload")


@asynccontextmanager
async def connected(config: AmiConfig) -> AsyncIterator[AsteriskAmiClient]:
    """Run a client while the block is open."""
    client = AsteriskAmiClient(config)
    async with asyncio.TaskGroup() as group:
        group.create_task(client.run(), name="client")
        assert await client.wait_connected(WAIT_SECONDS), client.fault
        try:
            yield client
        finally:
            client.stop()


def originate(channel_id: str, number: str = "12125550102") -> AmiAction:
    """Call somebody who rings for ever."""
    return AmiAction.originate(
        channel=f"PJSIP/{number}@trunk",
        channel_id=channel_id,
        context="opendeep",
        exten="media",
        timeout_ms=30_000,
        variables={"OPENDEEP_CALL_ID": channel_id.removeprefix("od-")},
    )


def new_channel_id() -> str:
    """Return an id as calls have them."""
    return f"od-{uuid.uuid4()}"


async def test_login_by_challenge_tells_version_and_rights(own_pair: ExchangePair) -> None:
    """The deployed manager user logs in by MD5 challenge and may do all that is needed, no more."""
    async with connected(replace(config_of(own_pair), wire_log=True)) as client:
        facts = client.facts
        assert facts is not None
        assert facts.version.startswith("22.")
        assert (facts.missing, facts.warnings) == ((), ())
        assert (await client.send_action(AmiAction.ping())).is_success


async def test_plain_login_on_loopback(own_pair: ExchangePair) -> None:
    """An exchange that refuses challenges gets the secret itself, on loopback."""
    line = f"secret = {own_pair.secret}"
    with manager_conf(own_pair.pbx, ("[general]", "[general]\nauthtype = plain"), (line, line)):
        async with connected(config_of(own_pair)) as client:
            assert (await client.send_action(AmiAction.ping())).is_success


async def test_a_wrong_secret_is_refused(own_pair: ExchangePair) -> None:
    """A wrong secret is told as such."""
    config = replace(config_of(own_pair), secret="wrong")  # noqa: S106
    with pytest.raises(LoginRefusedError, match="ASTERISK_AMI_SECRET"):
        await AsteriskAmiClient(config).connect_and_login()


async def test_an_action_without_the_right_is_refused(own_pair: ExchangePair) -> None:
    """Asterisk itself refuses what the manager user may not do, and the login tells it."""
    async with connected(config_of(own_pair)) as client:
        command = AmiAction(name="Command", headers=(("Command", "core show version"),))
        refused = await client.send_action(command)
        assert (refused.response, refused.get("Message")) == ("Error", "Permission denied")
    less = ("write = originate,call,reporting", "write = reporting")
    with manager_conf(own_pair.pbx, less):
        async with connected(config_of(own_pair)) as client:
            assert client.facts is not None
            assert client.facts.missing == (
                *("Originate", "Hangup", "PlayDTMF", "Redirect"),
                *("Setvar", "Bridge", "AbsoluteTimeout"),
            )
            refused = await client.send_action(originate(new_channel_id()))
            assert not refused.is_success


async def test_too_many_rights_are_told(own_pair: ExchangePair) -> None:
    """A manager user with every right is warned about."""
    more = ("write = originate,call,reporting", "write = all")
    with manager_conf(own_pair.pbx, more):
        async with connected(config_of(own_pair)) as client:
            assert client.facts is not None
            (warning,) = client.facts.warnings
            assert "system, command, config" in warning


async def test_a_session_that_may_not_read_system_events(own_pair: ExchangePair) -> None:
    """Without ``read = system`` nobody says that Asterisk is booted: a warning, and no failure."""
    less = ("read = call,dtmf,system", "read = call,dtmf")
    with manager_conf(own_pair.pbx, less):
        async with connected(replace(config_of(own_pair), boot_seconds=0.5)) as client:
            assert client.facts is not None
            assert "fully booted" in client.facts.warnings[0]


def make_certificate(folder: Path) -> None:
    """Make a CA, and a certificate of ``localhost`` that it signed."""
    folder.mkdir(exist_ok=True)
    (folder / "extensions").write_text("subjectAltName=DNS:localhost\n", encoding="utf-8")
    key = ("-newkey", "rsa:2048", "-nodes")
    commands = (
        ("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Tests"),
        ("req", *key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost"),
        (
            *("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key"),
            *("-CAcreateserial", "-out", "server.pem", "-extfile", "extensions"),
        ),
    )
    for command in commands:
        subprocess.run(["/usr/bin/openssl", *command], cwd=folder, check=True, capture_output=True)


async def test_tls_is_verified(own_pair: ExchangePair, unused_tcp_port: int) -> None:
    """Over TLS a login needs a certificate of the right name from a CA that we trust."""
    keys = own_pair.pbx.folder / "keys"
    make_certificate(keys)
    inside = "/mnt/pbx/keys"
    lines = (
        f"[general]\ntlsenable = yes\ntlsbindaddr = 127.0.0.1:{unused_tcp_port}\n"
        f"tlscertfile = {inside}/server.pem\ntlsprivatekey = {inside}/server.key"
    )
    secure = replace(
        config_of(own_pair),
        host="localhost",
        port=unused_tcp_port,
        tls=True,
        ca_file=str(keys / "ca.pem"),
    )
    with manager_conf(own_pair.pbx, ("[general]", lines)):
        async with connected(secure) as client:
            assert (await client.send_action(AmiAction.ping())).is_success
        for untrusted in (replace(secure, ca_file=""), replace(secure, host="127.0.0.1")):
            with pytest.raises(AmiUnavailableError, match="ASTERISK_AMI_CA_FILE"):
                await AsteriskAmiClient(untrusted).connect_and_login()
        clear = replace(secure, port=own_pair.ami_port)
        with pytest.raises(AmiUnavailableError, match="does not speak TLS"):
            await AsteriskAmiClient(clear).connect_and_login()


async def test_a_hangup_does_not_wait_behind_keys(own_pair: ExchangePair) -> None:
    """Keys on a connection of their own block it, while the other one hangs up at once."""
    config = config_of(own_pair)
    loop = asyncio.get_running_loop()
    async with connected(config) as calls, connected(replace(config, events="off")) as keys:
        channel_id = new_channel_id()
        async with calls.events_of(channel_id) as events:
            assert (await calls.send_action(originate(channel_id))).is_success
            await _until(events, "Newchannel")
            key = AmiAction.play_dtmf(channel_id, "1", duration_ms=3000)
            async with asyncio.TaskGroup() as group:
                playing = group.create_task(keys.send_action(key))
                await asyncio.sleep(0.2)
                began = loop.time()
                assert (await calls.send_action(AmiAction.hangup(channel_id))).is_success
                assert loop.time() - began < 1.0
                assert not playing.done()
            await _until(events, "Hangup")


async def test_doctor_lets_asterisk_visit(own_pair: ExchangePair) -> None:
    """Doctor tells version and rights, and Asterisk connects to our AudioSocket for it."""
    async with far_ends(app_config(own_pair)) as ends:
        checks = {c.name: c for c in await check_exchange(app_config(own_pair), ends)}
    assert all(check.ok for check in checks.values()), checks
    assert "Asterisk 22." in checks[LOGIN].message
    assert FACTS in checks
    assert "Asterisk (127.0.0.1) reaches 127.0.0.1:" in checks[AUDIO].message


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"AUDIOSOCKET_ADVERTISE": "127.0.0.1:9"}, "did not connect to 127.0.0.1:9"),
        ({"ASTERISK_CONTEXT": "nowhere"}, "Extension does not exist"),
        ({"AUDIOSOCKET_ALLOWED_IPS": "192.0.2.0/24"}, "which is not allowed"),
    ],
    ids=["wrong address", "no such context", "not allowed"],
)
async def test_doctor_tells_why_asterisk_cannot_visit(
    own_pair: ExchangePair,
    monkeypatch: pytest.MonkeyPatch,
    settings: dict[str, str],
    words: str,
) -> None:
    """Each way in which calls would have no sound fails the check, with a remedy."""
    monkeypatch.setattr("opendeep.bootstrap.exchange_checks.CONNECT_SECONDS", 2.0)
    config = app_config(own_pair, **settings)
    async with far_ends(config) as ends:
        checks = {c.name: c for c in await check_exchange(config, ends)}
    assert not checks[AUDIO].ok
    assert words in checks[AUDIO].message
    assert checks[AUDIO].remedy


async def test_a_restart_of_asterisk_is_survived(own_pair: ExchangePair) -> None:
    """After ``core restart`` the client logs in again, once Asterisk is booted, and says so."""
    async with connected(config_of(own_pair)) as client, client.events_of("od-none") as events:
        own_pair.pbx.command("core restart now")
        async with asyncio.timeout(WAIT_SECONDS):
            assert isinstance(await events.get(), AmiLinkLost)
            assert isinstance(await events.get(), AmiLinkRestored)
        channel_id = new_channel_id()
        async with client.events_of(channel_id) as call:
            assert (await client.send_action(originate(channel_id))).is_success
            await _until(call, "Newchannel")
            listed = await client.list_action(AmiAction.core_show_channels())
            assert channel_id in {item.get("Uniqueid") for item in listed}
            assert (await client.send_action(AmiAction.hangup(channel_id))).is_success
            await _until(call, "Hangup")


async def _until(events: AmiSubscription, name: str) -> AmiMessage:
    async with asyncio.timeout(WAIT_SECONDS):
        while True:
            news = await events.get()
            if isinstance(news, AmiMessage) and news.event == name:
                return news


def app_config(pair: ExchangePair, **settings: str) -> AppConfig:
    """Return the settings of somebody who uses this exchange with everything else real."""
    return load_config(
        {
            "ASTERISK_AMI_HOST": "127.0.0.1",
            "ASTERISK_AMI_PORT": str(pair.ami_port),
            "ASTERISK_AMI_USERNAME": pair.username,
            "ASTERISK_AMI_SECRET": pair.secret,
            "OPENAI_API_KEY": "sk-test",
            "GOOGLE_API_KEY": "g-test",
            "AUDIOSOCKET_BIND": "127.0.0.1:0",
            **settings,
        },
        env_file=None,
    )
