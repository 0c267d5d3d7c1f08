"""``deploy/asterisk`` on the real one: it loads without complaint, and does what it says."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.integration.asterisk.addresses import ExchangeAddress
from tests.integration.asterisk.caller import Caller, number, open_caller
from tests.integration.asterisk.deployed import complaints, deployed
from tests.integration.asterisk.far_ear import FarEar, open_far_ear, speech_seconds
from tests.integration.asterisk.manager import Manager, open_manager
from tests.integration.asterisk.servers import DEPLOY, SECRET, USERNAME, ExchangePair, RealAsterisk

pytestmark = [pytest.mark.integration, pytest.mark.enable_socket, pytest.mark.timeout(120)]

ECHO = "30"
NEEDED_EVENTS = {
    *("FullyBooted", "Newchannel", "Newstate", "DialBegin", "DialEnd", "OriginateResponse"),
    *("Hangup", "DTMFBegin", "DTMFEnd"),
}
NO_BODY = "127.0.0.1:1"
"""An address where nobody listens."""


@pytest.fixture(scope="module", params=["ip", "registration", "tls"])
def trunk(request: pytest.FixtureRequest, exchange: ExchangePair) -> Iterator[RealAsterisk]:
    """Run the files as they are, with one of the trunks."""
    with deployed(exchange.network, request.param) as found:
        yield found


@pytest.fixture(scope="module")
def ours(exchange: ExchangePair) -> Iterator[RealAsterisk]:
    """Run the files as they are."""
    with deployed(exchange.network, "ip") as found:
        yield found


@pytest.fixture
async def ear(exchange: ExchangePair) -> AsyncIterator[FarEar]:
    """Listen at the network's side."""
    async with open_far_ear(exchange.network) as found:
        yield found


def address_of(server: RealAsterisk, template: str = "PJSIP/{number}@trunk") -> ExchangeAddress:
    """Say where a server is called."""
    return ExchangeAddress(
        host="127.0.0.1",
        port=server.ami_port,
        username=USERNAME,
        secret=SECRET,
        template=template,
    )


@pytest.fixture
async def dialer(ours: RealAsterisk) -> AsyncIterator[Caller]:
    """Call through the files as they are."""
    async with open_caller(address_of(ours)) as found:
        yield found


@pytest.fixture
async def pair_dialer(exchange: ExchangePair) -> AsyncIterator[Caller]:
    """Call through the pair's exchange, where our sound file is missing."""
    async with open_caller(address_of(exchange.pbx)) as found:
        yield found


def test_everything_loads_cleanly(trunk: RealAsterisk) -> None:
    """Over the distribution's own settings, no file of ours makes a warning or an error."""
    assert complaints(trunk) == []
    endpoints = trunk.command("pjsip show endpoints")
    assert re.findall(r"Endpoint:  (\w+) ", endpoints) == ["7000", "trunk"]
    for context in re.findall(r"^\[(opendeep[\w-]*)\]", extensions(), re.MULTILINE):
        assert f"Context '{context}'" in trunk.command(f"dialplan show {context}")


def test_the_manager_has_the_least_rights(ours: RealAsterisk) -> None:
    """Reads calls and keys, writes calls; from this machine alone."""
    shown = ours.command(f"manager show user {USERNAME}")
    assert re.search(r"read perm: system,call,dtmf\s", shown)
    assert re.search(r"write perm: call,reporting,originate\s", shown)
    acl = re.findall(r"^ +\d: +(\w+) - ([0-9.:]+)/", shown, re.MULTILINE)
    everybody = "0.0.0.0"  # noqa: S104 - refused, not listened on
    assert acl == [("deny", everybody), ("deny", "::"), ("allow", "127.0.0.1"), ("allow", "::1")]
    assert "127.0.0.1:" in ours.command("manager show settings")


def test_calls_are_capped(ours: RealAsterisk) -> None:
    """Asterisk itself limits the number of calls."""
    shown = ours.command("core show settings")
    assert re.search(r"Maximum calls:\s+30 ", shown)


def extensions() -> str:
    """Return the dialplan's text."""
    return (DEPLOY / "extensions.conf").read_text(encoding="utf-8")


def test_what_the_dialplan_uses_is_loaded(ours: RealAsterisk) -> None:
    """modules.conf loads every application and function that extensions.conf names."""
    steps = re.findall(
        r"^(?:exten => [^,]+,\w+|\s*same => n(?:\(\w+\))?),(\w+)", extensions(), re.MULTILINE
    )
    applications = {*steps, "AudioSocket"}
    functions = set(re.findall(r"\b([A-Z]{3,})\(", extensions()))
    assert {"TryExec", "Dial", "Playback", "Goto"} <= applications
    assert {"FILTER", "GLOBAL", "TIMEOUT"} <= functions
    missing = [
        name
        for kind, names in (("application", applications), ("function", functions))
        for name in sorted(names)
        if f"Info about {kind.capitalize()} '{name}'"
        not in ours.command(f"core show {kind} {name}")
    ]
    assert missing == []


@pytest.mark.parametrize("template", ["PJSIP/{number}@trunk", "Local/{number}@opendeep-out/n"])
async def test_a_call_passes(ours: RealAsterisk, ear: FarEar, template: str) -> None:
    """Both dial templates reach the callee, with speech both ways and the number as E.164."""
    async with open_caller(address_of(ours, template)) as caller:
        dialled, media = await caller.talk(ECHO)
        await ear.call_of(number(ECHO).removeprefix("+"))
        assert len(await media.heard(0.5)) > 0
        assert (await dialled.end()).get("Cause") == "16"
    assert ours.channels() == 0


@pytest.mark.parametrize(
    ("dd", "cause"), [("01", "17"), ("12", "1"), ("11", "34"), ("20", "21"), ("33", "16")]
)
async def test_causes_come_through_the_second_guard(
    ours: RealAsterisk, dd: str, cause: str
) -> None:
    """What ended a call is told through ``opendeep-out`` as it is without."""
    async with open_caller(address_of(ours, "Local/{number}@opendeep-out/n")) as caller:
        dialled = await caller.dial(dd)
        assert (await dialled.hangup()).get("Cause") == cause


async def test_the_caller_number_can_be_fixed(ours: RealAsterisk, ear: FarEar) -> None:
    """With OPENDEEP_CALLER_NUMBER no other caller id leaves by ``opendeep-out``."""
    ours.command("dialplan set global OPENDEEP_CALLER_NUMBER 12125550142")
    try:
        async with open_caller(address_of(ours, "Local/{number}@opendeep-out/n")) as caller:
            dialled, _ = await caller.talk(ECHO)
            await dialled.end()
    finally:
        ours.command("dialplan set global OPENDEEP_CALLER_NUMBER ")
    assert ear.caller_numbers()[-1] == "12125550142"


async def test_a_dead_end_of_ours_is_explained(dialer: Caller, ear: FarEar) -> None:
    """When our AudioSocket dies in mid-call the callee hears our sentence, then the call ends."""
    dialled, media = await dialer.talk(ECHO)
    recording = await ear.record()
    media.close()
    ended = await dialled.hangup(seconds=10)
    assert ended.get("Cause") == "41"
    assert 2.5 < await speech_seconds(recording) < 5


async def test_the_sentence_has_a_fallback(pair_dialer: Caller, ear: FarEar) -> None:
    """Without our sound file Asterisk's own sounds say as much."""
    dialled, media = await pair_dialer.talk(ECHO)
    recording = await ear.record()
    media.close()
    await dialled.hangup(seconds=15)
    assert await speech_seconds(recording) > 2


async def test_a_wanted_end_says_nothing(dialer: Caller, ear: FarEar) -> None:
    """A hang-up by the manager ends the call at once, without the sentence."""
    dialled, media = await dialer.talk(ECHO)
    recording = await ear.record()
    await media.heard(0.5)
    async with asyncio.timeout(1):
        await dialled.end()
    assert await speech_seconds(recording) == 0


async def test_a_callee_who_hangs_up_is_told_nothing(dialer: Caller) -> None:
    """The callee's hang-up ends the call at once, with cause 16."""
    dialled, _ = await dialer.talk("33")
    assert (await dialled.hangup(seconds=4)).get("Cause") == "16"


@pytest.mark.parametrize("audiosocket", [NO_BODY, "nowhere.invalid:9092"])
async def test_an_end_that_never_was_is_explained(
    dialer: Caller, ear: FarEar, audiosocket: str
) -> None:
    """The callee also hears the sentence when Asterisk cannot reach our AudioSocket."""
    dialled = await dialer.dial(ECHO, audiosocket=audiosocket)
    await dialled.answered()
    recording = await ear.record()
    await dialled.hangup(seconds=15)
    assert await speech_seconds(recording) > 2


async def test_no_call_lasts_for_ever(ours: RealAsterisk, dialer: Caller) -> None:
    """OPENDEEP_MAX_SECONDS ends a call that OpenDeep keeps."""
    ours.command("dialplan set global OPENDEEP_MAX_SECONDS 1")
    try:
        dialled, _ = await dialer.talk(ECHO)
        assert (await dialled.hangup(seconds=9)).get("Cause") == "41"
    finally:
        ours.command("dialplan set global OPENDEEP_MAX_SECONDS 3600")


async def test_only_the_events_we_read_are_sent(dialer: Caller) -> None:
    """The filter loses none of them, answers in lists come too, and nothing else is sent."""
    dialled, media = await dialer.talk("31")
    await media.digits_are("123#")
    manager = dialer.manager
    channels = await manager.ask_list("CoreShowChannels")
    status = await manager.ask_list("Status", ("Channel", dialled.unique_id))
    await dialled.end()
    assert [m.event for m in channels][1:] == ["CoreShowChannel", "CoreShowChannelsComplete"]
    assert [m.event for m in status][1:] == ["Status", "StatusComplete"]
    listed = {m.event for m in (*channels, *status)}
    told = {m.event for m in manager.messages if m.event} - listed
    assert NEEDED_EVENTS <= told <= NEEDED_EVENTS | {"DialState", "Shutdown"}


async def test_check_reaches_our_audiosocket(dialer: Caller) -> None:
    """The extension ``check`` connects without a telephone."""
    dialled = await dialer.dial("", channel="Local/check@opendeep/n")
    media = await dialer.media.call(dialled.call_id)
    media.close()
    await dialled.hangup()


@pytest.mark.parametrize("action", ["Command", "GetConfig", "ModuleLoad", "Filter"])
async def test_the_manager_cannot_do_more(dialer: Caller, action: str) -> None:
    """What reaches beyond calls is refused."""
    assert (await dialer.manager.ask(action)).get("Message") == "Permission denied"


async def test_dangerous_functions_are_refused(ours: RealAsterisk, dialer: Caller) -> None:
    """A function that runs programs or writes files does nothing for the manager."""
    marker = ours.folder / "injected"
    for name in ("SHELL(touch /mnt/pbx/injected)", "FILE(/mnt/pbx/injected)"):
        await originate(dialer.manager, ("Variable", f"{name}=x"))
        answer = await dialer.manager.ask("Getvar", ("Variable", name))
        assert answer.response == "Error" or answer.get("Value") == ""
    assert not marker.exists()


async def originate(manager: Manager, *headers: tuple[str, str]) -> None:
    """Originate to nobody, with these headers."""
    await manager.ask(
        "Originate",
        ("Channel", "Local/s@opendeep-inbound/n"),
        ("Context", "opendeep"),
        ("Exten", "media"),
        ("Priority", "1"),
        ("Async", "true"),
        *headers,
    )


async def test_strangers_get_nothing(ours: RealAsterisk) -> None:
    """A wrong secret is refused, and so is an action without a login."""
    async with open_manager("127.0.0.1", ours.ami_port) as manager:
        assert (await manager.log_in(USERNAME, "wrong")).response == "Error"
    async with open_manager("127.0.0.1", ours.ami_port) as manager:
        assert (await manager.log_in(USERNAME, "")).response == "Error"
