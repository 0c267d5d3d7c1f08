"""Actions refuse what Asterisk would read as something else."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendeep.call_processor_service.ami_actions import AmiAction
from opendeep.call_processor_service.ami_protocol import AmiMessage, AmiParser
from opendeep.common.errors import InvalidInputError

CALL_ID = "3f1d7c1e-0000-4000-8000-00000000db00"


def originate(**changes: object) -> AmiAction:
    """Make an Originate with some parts changed."""
    parts: dict[str, object] = {
        "channel": "PJSIP/+12125550100@trunk",
        "channel_id": f"od-{CALL_ID}",
        "context": "opendeep",
        "exten": "media",
        "timeout_ms": 30_000,
        "variables": {"OPENDEEP_CALL_ID": CALL_ID},
        "caller_id": '"OpenDeep" <+12125550142>',
    }
    return AmiAction.originate(**{**parts, **changes})  # type: ignore[arg-type]


def read(action: AmiAction) -> AmiMessage:
    """Serialise an action and read it as a server does."""
    (message,) = AmiParser(expect_banner=False).receive(action.encode("7"))
    assert isinstance(message, AmiMessage)
    return message


def test_originate_is_written_in_full() -> None:
    """Originate carries its channel id also as its ActionID, and one header a variable."""
    message = read(originate())
    assert message.headers == (
        ("Action", "Originate"),
        ("ActionID", f"od-{CALL_ID}"),
        ("Channel", "PJSIP/+12125550100@trunk"),
        ("Context", "opendeep"),
        ("Exten", "media"),
        ("Priority", "1"),
        ("Timeout", "30000"),
        ("Async", "true"),
        ("ChannelId", f"od-{CALL_ID}"),
        ("CallerID", '"OpenDeep" <+12125550142>'),
        ("Variable", f"OPENDEEP_CALL_ID={CALL_ID}"),
    )
    assert "CallerID" not in dict(originate(caller_id=None).headers)


@pytest.mark.parametrize(
    "changes",
    [
        {"channel": "PJSIP/1&PJSIP/2"},
        {"channel": "PJSIP/1,30"},
        {"channel": ""},
        {"channel_id": "od-3F1D7C1E"},
        {"channel_id": "od-1\r\nAction: Command"},
        {"context": "default,1"},
        {"exten": "media app"},
        {"variables": {"A": "x,CALLERID(num)=1"}},
        {"variables": {"A": "line\nbreak"}},
        {"variables": {"A": "x" * 65}},
        {"variables": {"a": "x"}},
        {"variables": {"A=B": "x"}},
    ],
)
def test_originate_refuses_injection(changes: dict[str, object]) -> None:
    """Second numbers, second variables, second headers and upper-case ids are refused."""
    with pytest.raises(InvalidInputError):
        originate(**changes)


def test_a_caller_id_cannot_add_a_header() -> None:
    """A line break in free text is refused when the action is serialised."""
    with pytest.raises(InvalidInputError):
        originate(caller_id="x\r\nVariable: A=b").encode("1")


@given(value=st.text(max_size=80))
def test_a_variable_value_is_safe_or_refused(value: str) -> None:
    """Whatever the text, either it is refused or it reaches Asterisk as one variable."""
    try:
        message = read(originate(variables={"A": value}))
    except InvalidInputError:
        return
    assert message.get_all("Variable") == (f"A={value}",)
    assert "," not in value


@pytest.mark.parametrize(
    ("action", "headers"),
    [
        (AmiAction.logoff(), {"Action": "Logoff"}),
        (AmiAction.ping(), {"Action": "Ping"}),
        (AmiAction.core_settings(), {"Action": "CoreSettings"}),
        (AmiAction.core_show_channels(), {"Action": "CoreShowChannels"}),
        (AmiAction.challenge(), {"Action": "Challenge", "AuthType": "MD5"}),
        (AmiAction.login_md5("u", "k"), {"Action": "Login", "Key": "k", "Events": "on"}),
        (AmiAction.login("u", "s"), {"Action": "Login", "Username": "u", "Secret": "s"}),
        (AmiAction.status("od-1"), {"Action": "Status", "Channel": "od-1"}),
        (AmiAction.hangup("PJSIP/a-1"), {"Action": "Hangup", "Cause": "16"}),
        (AmiAction.play_dtmf("PJSIP/a-1", "#"), {"Digit": "#", "Duration": "160"}),
        (AmiAction.play_dtmf("PJSIP/a-1", "1", duration_ms=20), {"Duration": "100"}),
    ],
)
def test_actions_say_what_they_should(action: AmiAction, headers: dict[str, str]) -> None:
    """Each builder writes its action."""
    message = read(action)
    assert {name: message.get(name) for name in headers} == headers
    assert message.action_id == "7"


@pytest.mark.parametrize(
    ("build", "arguments"),
    [
        (AmiAction.hangup, {"channel": "a b"}),
        (AmiAction.hangup, {"channel": "a", "cause": 0}),
        (AmiAction.hangup, {"channel": "a", "cause": 128}),
        (AmiAction.status, {"channel": "a\r\n"}),
        (AmiAction.play_dtmf, {"channel": "a", "key": "12"}),
        (AmiAction.play_dtmf, {"channel": "a", "key": "x"}),
    ],
    ids=["space", "cause 0", "cause 128", "line break", "two keys", "no key"],
)
def test_actions_refuse_what_is_not_theirs(
    build: Callable[..., AmiAction], arguments: dict[str, object]
) -> None:
    """Channels, causes and keys have a form."""
    with pytest.raises(InvalidInputError):
        build(**arguments)


def test_secrets_stay_out_of_logs() -> None:
    """Neither the text form nor the masked headers show a secret."""
    action = AmiAction.login("u", "correct horse")
    assert "horse" not in repr(action)
    assert ("Secret", "***") in action.masked()
    assert ("Key", "***") in AmiAction.login_md5("u", "k").masked()
