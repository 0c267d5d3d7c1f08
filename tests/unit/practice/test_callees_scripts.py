"""Callee scripts that whole calls do not reach: driven by hand, without sound or time."""

from collections.abc import Callable

import pytest

from opendeep.practice.callees import machines, people
from opendeep.practice.callees.catalogue import PROFILES, Refusal, profile_of
from opendeep.practice.callees.steps import (
    Heard,
    Listen,
    Outcome,
    Pause,
    Play,
    Pressed,
    Quiet,
    Said,
    Say,
    Script,
)
from opendeep.practice.records import CalleeRecord, SaidLine

MOST_STEPS = 200


def record() -> CalleeRecord:
    """Make an empty record."""
    return CalleeRecord(number="+12015550100", dd="00")


def play(script: Script, *heard: Outcome) -> list[str]:
    """Run a script to its end; Listen takes from ``heard``, then silence. Return what was said."""
    said: list[str] = []
    coming = list(heard)
    step = next(script)
    for _ in range(MOST_STEPS):
        outcome: Outcome = Quiet()
        if isinstance(step, Say):
            said.append(step.clip)
            outcome = Said(complete=True)
        elif isinstance(step, Play):
            said.append(step.sound)
            outcome = Said(complete=True)
        elif isinstance(step, Listen) and coming:
            outcome = coming.pop(0)
        try:
            step = script.send(outcome)
        except StopIteration:
            return said
    pytest.fail("The script does not end.")


@pytest.mark.parametrize("dd", [dd for dd, profile in PROFILES.items() if profile.script])
def test_every_callee_ends_the_call_in_silence(dd: str) -> None:
    """Without a word from the caller each callee hangs up by itself at some time."""
    maker = PROFILES[dd].script
    assert maker is not None
    play(maker(record()))


@pytest.mark.parametrize(
    ("script", "heard", "last"),
    [
        (people.refuser, (Heard(text="Hello."), Heard(text="But why?")), "eric/stop_calling"),
        (people.refuser, (Heard(text="Hello."),), "eric/stop_calling"),
        (
            people.stranger,
            (Heard(text="Hi."), *[Heard(text="Are you sure?")] * 4),
            "onyx/goodbye",
        ),
        (machines.screening, (Heard(text="Hm."),), "george/screen_goodbye"),
        (machines.menu, (Pressed(digit="3"),), "sarah/menu_goodbye"),
    ],
)
def test_endings(
    script: Callable[[CalleeRecord], Script], heard: tuple[Outcome, ...], last: str
) -> None:
    """Unwilling, unsure and unreached callers hear the fitting last line."""
    assert play(script(record()), *heard)[-1] == last


def test_the_voicemail_records_while_somebody_speaks() -> None:
    """Voicemail goes on for four pieces of speech and beeps at its end."""
    heard = tuple(Heard(text="Hello.") for _ in range(9))
    assert play(machines.voicemail(record()), *heard) == ["adam/voicemail", "beep", "beep"]


def test_the_silent_callee_says_nothing() -> None:
    """Callee 14's script is one long pause."""
    assert next(people.silent(record())) == Pause(seconds=120)


@pytest.mark.parametrize(
    ("number", "dd"),
    [
        ("+12015550100", "00"),
        ("12015550103", "03"),
        ("2015550117", "17"),
        ("7000", "7000"),
        ("+12015550199", "99"),
        ("+12015550118", ""),
        ("+19005550100", ""),
        ("+19115550100", ""),
        ("+12015551100", ""),
        ("+442079460000", ""),
        ("", ""),
    ],
)
def test_numbers(number: str, dd: str) -> None:
    """The last two digits decide within the fictional range; everything else is unallocated."""
    profile = profile_of(number)
    assert profile.dd == dd
    assert (profile.refusal is Refusal.UNALLOCATED) == (dd == "")


def test_a_record_is_plain_data() -> None:
    """A record becomes a dictionary that JSON can hold."""
    a_record = record()
    a_record.said.append(SaidLine(text="Hello.", start_ms=0, end_ms=400, complete=True))
    assert a_record.as_dict()["said"] == [
        {"text": "Hello.", "start_ms": 0, "end_ms": 400, "complete": True}
    ]


def test_tones_mean_nothing_to_a_person() -> None:
    """Keys that are pressed at a person neither count as an answer nor as silence."""
    keys = [Pressed(digit=digit) for digit in "12#*"]
    words = Heard(text="Hello, I am an AI assistant calling for Ada Example.")
    assert play(people.refuser(record()), *keys, words) == play(people.refuser(record()), words)
