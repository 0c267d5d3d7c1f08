"""Inputs that must not become a call, sent to the dialplan by a manager that checks nothing.

The network's witness says what came there; the inputs are those of ``injections.py``.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.integration.asterisk.addresses import ExchangeAddress
from tests.integration.asterisk.caller import Caller, open_caller
from tests.integration.asterisk.deployed import deployed
from tests.integration.asterisk.far_ear import FarEar, open_far_ear
from tests.integration.asterisk.injections import REFUSED
from tests.integration.asterisk.servers import SECRET, USERNAME, ExchangePair, RealAsterisk
from tests.integration.faults_product import until

pytestmark = [pytest.mark.integration, pytest.mark.enable_socket, pytest.mark.timeout(180)]

GOOD = "+12015550130"


@pytest.fixture(scope="module")
def ours(exchange: ExchangePair) -> Iterator[RealAsterisk]:
    """Run deploy/asterisk as it is."""
    with deployed(exchange.network, "ip") as found:
        yield found


@pytest.fixture
async def ear(exchange: ExchangePair) -> AsyncIterator[FarEar]:
    """Witness every call that comes to the network."""
    async with open_far_ear(exchange.network) as found:
        yield found


@pytest.fixture
async def stranger(ours: RealAsterisk) -> AsyncIterator[Caller]:
    """Talk to Asterisk without OpenDeep between."""
    address = ExchangeAddress(
        host="127.0.0.1",
        port=ours.ami_port,
        username=USERNAME,
        secret=SECRET,
        template="Local/{number}@opendeep-out/n",
    )
    async with open_caller(address) as found:
        yield found


async def test_no_number_passes(ours: RealAsterisk, stranger: Caller, ear: FarEar) -> None:
    """Whatever can be sent as a number is refused; the network sees the good ones alone."""
    sent = 0
    for text in REFUSED.values():
        if not set(text) & set("\r\n\0"):
            await _try(stranger, ("Channel", f"Local/{text}@opendeep-out/n"))
            sent += 1
    assert sent >= 70
    await _until_quiet(ours)
    dialled, _ = await stranger.talk("30")
    await dialled.end()
    assert ear.numbers() == ["12015550130"]


@pytest.mark.parametrize(
    "variable",
    [
        "OPENDEEP_TRUNK=mute",
        "__OPENDEEP_TRUNK=mute",
        "__OPENDEEP_TRUNK_PREFIX=1900",
        "__NUMBER=19005550100",
        "__EXTEN=911",
        "__OWN=911",
        "OPENDEEP_SAFE_MESSAGE=/etc/passwd",
        "x,EXTEN=911",
        "GLOBAL(OPENDEEP_TRUNK)x=mute",
    ],
)
async def test_no_variable_changes_what_is_dialled(
    stranger: Caller, ear: FarEar, variable: str
) -> None:
    """A variable that comes with a call changes neither number nor trunk."""
    await _try(stranger, ("Channel", f"Local/{GOOD}@opendeep-out/n"), ("Variable", variable))
    await ear.call_of("12015550130")
    assert ear.numbers() == ["12015550130"]


@pytest.mark.parametrize(
    ("call_id", "socket"),
    [
        ("${SHELL(touch /mnt/pbx/injected)}", "127.0.0.1:1"),
        ("3f1d7c1e-0000-4000-8000-00000000db00)&System(touch /mnt/pbx/injected", "x:1"),
        ("3f1d7c1e-0000-4000-8000-00000000db00", "127.0.0.1:1)&System(touch /mnt/pbx/injected"),
        ("3f1d7c1e-0000-4000-8000-00000000db00", "${FILE(/etc/passwd)}"),
        ("", ""),
        ("nonsense", "127.0.0.1:1"),
    ],
)
async def test_our_own_variables_cannot_run_anything(
    ours: RealAsterisk, stranger: Caller, call_id: str, socket: str
) -> None:
    """The call's id and address are filtered: the callee hears the sentence, nothing runs."""
    await _try(
        stranger,
        ("Channel", f"Local/{GOOD}@opendeep-out/n"),
        ("Variable", f"OPENDEEP_CALL_ID={call_id}"),
        ("Variable", f"OPENDEEP_AUDIOSOCKET={socket}"),
    )
    await _until_quiet(ours)
    assert not (ours.folder / "injected").exists()


@pytest.mark.parametrize(
    "to",
    [
        "PJSIP/911@trunk",
        "PJSIP/9911@trunk",
        "PJSIP/+1911@trunk",
        "PJSIP/000@trunk",
        "PJSIP/+44999@trunk",
        "PJSIP/+19115550100@trunk",
        "PJSIP/+19005550100@trunk",
        "PJSIP/+18762345678@trunk",
        "PJSIP/+88213300000@trunk",
        "PJSIP/trunk/sip:911@trunk",
        "PJSIP/trunk",
        "PJSIP/+12125550131@trunk&PJSIP/911@trunk",
        "PJSIP/+12125550131@trunk,30,G(opendeep^media^1)",
        "Local/911@opendeep-out/n",
        "${SHELL(id)}",
    ],
)
async def test_no_callee_is_handed_over_to(stranger: Caller, ear: FarEar, to: str) -> None:
    """Who is handed over to such a number hears the sentence instead."""
    dialled, _ = await stranger.talk("30")
    await _hand_over(stranger, dialled.unique_id, to)
    ended = await dialled.hangup(seconds=10)
    assert ended.get("Cause") == "41"
    assert ear.numbers() == ["12015550130"]


@pytest.mark.parametrize("to", ["PJSIP/+12125550131@trunk", "Local/+12125550131@opendeep-out/n"])
async def test_a_good_number_takes_the_callee(stranger: Caller, ear: FarEar, to: str) -> None:
    """The same way to a good number rings there."""
    dialled, _ = await stranger.talk("30")
    await _hand_over(stranger, dialled.unique_id, to)
    await ear.call_of("12125550131")
    await dialled.end()


async def _hand_over(stranger: Caller, channel: str, to: str) -> None:
    """Redirect a callee as OpenDeep does, to any text."""
    manager = stranger.manager
    value = ("Variable", "OPENDEEP_TRANSFER_TO"), ("Value", to)
    assert (await manager.ask("Setvar", ("Channel", channel), *value)).response == "Success"
    exten = ("Context", "opendeep-transfer"), ("Exten", "blind"), ("Priority", "1")
    assert (await manager.ask("Redirect", ("Channel", channel), *exten)).response == "Success"


async def _try(stranger: Caller, *headers: tuple[str, str]) -> None:
    """Originate with these headers, whatever comes of it."""
    await stranger.manager.ask(
        "Originate",
        *headers,
        ("Context", "opendeep"),
        ("Exten", "media"),
        ("Priority", "1"),
        ("Timeout", "5000"),
        ("Async", "true"),
        ("ChannelId", f"od-{uuid.uuid4()}"),
    )


async def _until_quiet(server: RealAsterisk) -> None:
    """Wait until no channel is left."""

    async def look() -> bool | None:
        return await asyncio.to_thread(server.channels) == 0 or None

    await until(look, "no channel left", 20)
