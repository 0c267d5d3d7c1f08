"""Inputs that must not become a call: refused before any byte to Asterisk, and by it alone.

The inputs are those of ``injections.py``. First OpenDeep is asked at every door, with a wire tap
before a real Asterisk; then a manager without OpenDeep sends them to the dialplan, and the
network's witness says what came.
"""

import asyncio
import sqlite3
import string
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from opendeep.call_processor_service import transfer_actions
from opendeep.call_processor_service.ami_actions import AmiAction
from opendeep.call_processor_service.ami_protocol import AmiMessage, AmiParser
from opendeep.call_processor_service.dialing import DialConfig, dial_target
from opendeep.common.errors import InvalidInputError
from opendeep.task_manager.number_class import number_fault
from opendeep.task_manager.plan_validation import json_faults
from tests.integration.asterisk.addresses import ExchangeAddress
from tests.integration.asterisk.caller import Caller, open_caller
from tests.integration.asterisk.deployed import deployed
from tests.integration.asterisk.far_ear import FarEar, open_far_ear
from tests.integration.asterisk.injections import EMERGENCY, INJECTIONS, REFUSED
from tests.integration.asterisk.servers import SECRET, USERNAME, ExchangePair, RealAsterisk
from tests.integration.asterisk.tap import Tap, open_tap
from tests.integration.faults_product import CALLEE, Product, plan, serving, until

REAL = [pytest.mark.integration, pytest.mark.enable_socket, pytest.mark.timeout(180)]
NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
GOOD = "+12015550130"
DIGITS = frozenset(string.digits)
KEYS = frozenset(string.digits + "*#ABCDw")

anything = st.one_of(
    st.text(max_size=40),
    st.text(alphabet="+0123456789&,@;|${}()[]\"'%/\\\r\n\0 -*#x", max_size=40),
    st.sampled_from(sorted(REFUSED.values())),
)


def read(action: AmiAction) -> tuple[tuple[str, str], ...]:
    """Read an action as the server does: one message, or the test fails."""
    (message,) = AmiParser(expect_banner=False).receive(action.encode("1"))
    assert isinstance(message, AmiMessage)
    return message.headers


def originate(**changes: object) -> AmiAction:
    """Make an Originate with some parts changed."""
    parts: dict[str, object] = {
        "channel": f"PJSIP/{GOOD}@trunk",
        "channel_id": "od-1",
        "context": "opendeep",
        "exten": "media",
        "timeout_ms": 30_000,
        "variables": {"OPENDEEP_CALL_ID": "1"},
    }
    return AmiAction.originate(**{**parts, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_policy_and_plans_refuse_each(text: str) -> None:
    """Number policy refuses it, and so does a plan, by naming the field."""
    assert number_fault(text) is not None
    campaign_plan = plan(CALLEE, phone_number=text)
    assert any("phone_number" in fault.path for fault in json_faults(campaign_plan, NOW))


@given(text=anything)
def test_a_number_that_passes_is_plain_digits(text: str) -> None:
    """Whatever the text: either policy refuses it, or it is + and digits that dial themselves."""
    if number_fault(text) is not None:
        return
    assert text[0] == "+"
    assert set(text[1:]) <= DIGITS
    assert dial_target(text, DialConfig()).channel == f"PJSIP/{text}@trunk"


@given(text=anything)
def test_what_is_dialled_is_one_channel(text: str) -> None:
    """Also without policy, a number that is not digits never becomes a channel's name."""
    for number_format in ("e164", "digits", "national"):
        try:
            target = dial_target(text, DialConfig(number_format=number_format))  # type: ignore[arg-type]
        except InvalidInputError:
            continue
        assert set(target.number.removeprefix("+")) <= DIGITS
        assert target.channel == f"PJSIP/{target.number}@trunk"


@pytest.mark.parametrize("text", INJECTIONS.values(), ids=INJECTIONS)
@pytest.mark.parametrize("shape", ["{}", "PJSIP/{{number}}{}", "PJSIP/{}{{number}}@trunk"])
def test_a_template_with_an_injection_dials_nothing_else(text: str, shape: str) -> None:
    """A template is refused, or it names one channel: no second one, no option, no line."""
    try:
        channel = dial_target(GOOD, DialConfig(template=shape.format(text))).channel
    except InvalidInputError:
        return
    assert not set(channel) & set("&,;|$ \"'%\r\n\0()[]{}")
    assert dict(read(originate(channel=channel)))["Channel"] == channel


@pytest.mark.parametrize("text", {**INJECTIONS, **EMERGENCY}.values(), ids=INJECTIONS | EMERGENCY)
def test_test_mode_redirects_to_no_injection(text: str) -> None:
    """Test Mode's number is an extension, and none that saves lives; 411 may be one."""
    if text in {"411", "1010288"}:
        return
    with pytest.raises(InvalidInputError):
        dial_target(CALLEE, DialConfig(test_mode=True, redirect_number=text))


@given(text=anything)
@example("\r\nAction: Originate")
def test_an_action_is_one_action(text: str) -> None:
    """At every field of every builder, text is refused or stays the value of that field."""
    builders = {
        "Channel": lambda: originate(channel=text),
        "Context": lambda: originate(context=text),
        "Exten": lambda: originate(exten=text),
        "ChannelId": lambda: originate(channel_id=text),
        "CallerID": lambda: originate(caller_id=text or None),
        "Variable": lambda: originate(variables={"A": text}),
    }
    for field, build in builders.items():
        _check_unchanged(field, text, build)
    _check_unchanged("Channel", text, lambda: AmiAction.hangup(text))
    _check_unchanged("Channel", text, lambda: AmiAction.status(text))
    _check_unchanged("Digit", text, lambda: AmiAction.play_dtmf("PJSIP/a-1", text))
    _check_unchanged("Value", text, lambda: transfer_actions.set_dial_string("PJSIP/a-1", text))
    _check_unchanged("Channel", text, lambda: transfer_actions.redirect_blind(text))


def _check_unchanged(field: str, text: str, build: object) -> None:
    try:
        headers = read(build())  # type: ignore[operator]
    except InvalidInputError:
        return
    value = f"A={text}" if field == "Variable" else text
    assert (field, value.lstrip(" ")) in [*headers, ("CallerID", "")]
    names = [name for name, _ in headers]
    assert names.count("Action") == 1
    assert names.count("Variable") <= 1
    if field != "CallerID":
        assert not set(text) & set("&,|$ \"'%\r\n\0()[]{}")


@pytest.fixture
async def tap(exchange: ExchangePair) -> AsyncIterator[Tap]:
    """Listen before the real exchange's manager."""
    async with open_tap(exchange.ami_port) as found:
        yield found


@pytest.fixture
async def product(tap: Tap, tmp_path: Path) -> AsyncIterator[Product]:
    """Serve OpenDeep in Test Mode on the real exchange, behind the tap."""
    settings = {
        "APP_TEST_MODE": "true",
        "CALLING_HOURS_POLICY": "off",
        "ASTERISK_AMI_HOST": "127.0.0.1",
        "ASTERISK_AMI_PORT": str(tap.port),
        "ASTERISK_AMI_USERNAME": USERNAME,
        "ASTERISK_AMI_SECRET": SECRET,
        "AUDIOSOCKET_BIND": "127.0.0.1:0",
    }
    async with serving(tmp_path, settings) as found:
        yield found


class TestServedOpenDeep:
    """The product as its users run it."""

    pytestmark = REAL

    async def test_nothing_reaches_asterisk(
        self, product: Product, tap: Tap, tmp_path: Path
    ) -> None:
        """Plans and commands get 422, rows written by hand are held; a good one still calls."""
        for name, text in REFUSED.items():
            answer = await product.http.post(
                "/api/execute_campaign", json={"campaign_plan": plan(CALLEE, phone_number=text)}
            )
            assert answer.status_code == 422, name
        rows = _write_rows(tmp_path / "data" / "opendeep.db", list(REFUSED.values()))
        for row in rows:
            task = await product.task_in(row, "on_hold", seconds=60)
            assert task["status_reason"]
            assert task["calls"] == []
        assert tap.count("Originate") == 0
        task_id = await product.confirm(plan(CALLEE))
        call_id = await product.talking(task_id)
        await self._check_commands(product, tap, call_id)
        answer = await product.http.post(f"/api/calls/{call_id}/commands", json={"type": "hangup"})
        assert answer.status_code == 202
        assert tap.count("Originate") == 1
        assert b"Channel: PJSIP/7000\r\n" in tap.sent
        for text in REFUSED.values():
            if len(text) > 6:
                assert text.encode() not in tap.sent

    async def _check_commands(self, product: Product, tap: Tap, call_id: str) -> None:
        for name, text in REFUSED.items():
            if not (text and set(text) <= KEYS and len(text) <= 32):
                await _refused(product, call_id, name, {"type": "dtmf", "digits": text})
            await _refused(product, call_id, name, {"type": "transfer", "to": text})
            body = {"type": "transfer", "to": text, "mode": "attended"}
            await _refused(product, call_id, name, body)
        assert tap.count("PlayDTMF") == tap.count("Redirect") == tap.count("Setvar") == 0


async def _refused(product: Product, call_id: str, name: str, body: Mapping[str, str]) -> None:
    answer = await product.http.post(f"/api/calls/{call_id}/commands", json=body)
    assert answer.status_code == 422, (name, body["type"], answer.text)


def _write_rows(path: Path, numbers: list[str]) -> list[int]:
    """Insert a task for each number, as somebody with a SQL shell may."""
    with sqlite3.connect(path, timeout=10) as database:
        (user_id,) = database.execute("SELECT id FROM users ORDER BY id LIMIT 1").fetchone()
        ids = [
            database.execute(
                "INSERT INTO tasks (user_id, title, phone_number, goal, success_criteria)"
                " VALUES (?, 'by hand', ?, 'x', 'x') RETURNING id",
                (user_id, number),
            ).fetchone()[0]
            for number in numbers
        ]
    database.close()
    return ids


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


class TestDialplanAlone:
    """A manager that checks nothing, against ``deploy/asterisk``."""

    pytestmark = REAL

    async def test_no_number_passes(
        self, ours: RealAsterisk, stranger: Caller, ear: FarEar
    ) -> None:
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
        self, stranger: Caller, ear: FarEar, variable: str
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
        self, ours: RealAsterisk, stranger: Caller, call_id: str, socket: str
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
    async def test_no_callee_is_handed_over_to(
        self, stranger: Caller, ear: FarEar, to: str
    ) -> None:
        """Who is handed over to such a number hears the sentence instead."""
        dialled, _ = await stranger.talk("30")
        await _hand_over(stranger, dialled.unique_id, to)
        ended = await dialled.hangup(seconds=10)
        assert ended.get("Cause") == "41"
        assert ear.numbers() == ["12015550130"]

    @pytest.mark.parametrize(
        "to", ["PJSIP/+12125550131@trunk", "Local/+12125550131@opendeep-out/n"]
    )
    async def test_a_good_number_takes_the_callee(
        self, stranger: Caller, ear: FarEar, to: str
    ) -> None:
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
