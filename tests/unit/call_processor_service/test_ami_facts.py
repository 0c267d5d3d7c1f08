"""What is read from CoreSettings and ListCommands."""

import pytest

from opendeep.call_processor_service.ami_facts import NEEDED_ACTIONS, read_facts
from opendeep.call_processor_service.ami_protocol import AmiMessage

COMMANDS = tuple((name, "Does it.  (Priv: call,all)") for name in NEEDED_ACTIONS)
SUCCESS = ("Response", "Success")


def settings(version: str) -> AmiMessage:
    """Answer CoreSettings."""
    return AmiMessage.of(SUCCESS, ("AsteriskVersion", version))


def commands(*more: tuple[str, str]) -> AmiMessage:
    """Answer ListCommands."""
    return AmiMessage.of(SUCCESS, *COMMANDS, *more)


@pytest.mark.parametrize(
    ("version", "good"),
    [
        ("22.10.1+dfsg+~cs6.17.60671434-1", True),
        ("22.7.0", True),
        ("22.6.3", False),
        ("20.17.0", True),
        ("20.16.0", False),
        ("21.12.0", False),
        ("18.24.2", False),
        ("23.0.0", True),
        ("GIT-master-1234", False),
        ("", False),
    ],
)
def test_versions_are_compared(version: str, *, good: bool) -> None:
    """Versions from 20.17 and 22.7 on are good; others, and unreadable ones, get a warning."""
    facts = read_facts(settings(version), commands(), booted=True)
    assert facts.version == (version or "unknown")
    assert (not facts.warnings) is good


def test_missing_rights_are_a_fault() -> None:
    """An action that calls need and the user may not use makes calls impossible."""
    listed = AmiMessage.of(SUCCESS, *(pair for pair in COMMANDS if pair[0] != "PlayDTMF"))
    facts = read_facts(settings("22.7.0"), listed, booted=True)
    assert facts.missing == ("PlayDTMF",)
    assert facts.fault == "The manager user may not use PlayDTMF."
    assert not read_facts(settings("22.7.0"), commands(), booted=True).fault


def test_too_many_rights_are_a_warning() -> None:
    """A class is known as granted where an action is listed that it alone allows."""
    shared = commands(("Hangup", "(Priv: system,call,all)"), ("BridgeList", "(Priv: <none>)"))
    assert not read_facts(settings("22.7.0"), shared, booted=True).warnings
    owned = commands(("Command", "(Priv: command,all)"), ("ModuleLoad", "(Priv: system,all)"))
    (warning,) = read_facts(settings("22.7.0"), owned, booted=True).warnings
    assert "system, command" in warning
    assert "write = originate,call,reporting" in warning


def test_what_could_not_be_asked_is_told() -> None:
    """No answer, a refusal and a boot that nobody told are warnings, never faults."""
    refusal = AmiMessage.of(("Response", "Error"), ("Message", "Permission denied"))
    for answer in (None, refusal):
        facts = read_facts(answer, answer, booted=False)
        assert (facts.version, facts.missing, len(facts.warnings)) == ("unknown", (), 3)
