"""Inputs that must not become a call: refused at every door before any byte goes to Asterisk.

The inputs are those of ``injections.py``. Before a real Asterisk a wire tap keeps what OpenDeep
sends; ``test_injection_dialplan.py`` asks the dialplan without OpenDeep.
"""

import sqlite3
import string
from collections.abc import AsyncIterator, Mapping
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
from tests.integration.asterisk.injections import EMERGENCY, INJECTIONS, REFUSED
from tests.integration.asterisk.servers import SECRET, USERNAME, ExchangePair
from tests.integration.asterisk.tap import Tap, open_tap
from tests.integration.faults_product import CALLEE, Product, plan, serving

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
