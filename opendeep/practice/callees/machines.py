"""Callees that are, or begin as, machines: voicemail, menus, hold queues, screening, fax."""

from typing import Final

from opendeep.practice.callees.booking import book
from opendeep.practice.callees.lines import clip_id
from opendeep.practice.callees.steps import (
    Heard,
    Listen,
    Pause,
    Play,
    Pressed,
    Quiet,
    Say,
    Script,
)
from opendeep.practice.callees.talk import Talk
from opendeep.practice.records import CalleeRecord

BEEP_SECONDS: Final = 0.5
RECORDING_SECONDS: Final = 20.0
MUSIC_SECONDS: Final = 10.0
CED_SECONDS: Final = 3.0
_MENU_REPEATS: Final = 4
_MENU_SECONDS: Final = 5.0
_CONNECT_SECONDS: Final = 2.0
_SCREEN_SECONDS: Final = 8.0
_FAX_ATTEMPTS: Final = 3
_A_NAME_AND_A_REASON: Final = 3


def _machine(line: str, speaker: str) -> Say:
    return Say(clip=clip_id(speaker, line), polite=False)


def voicemail(_record: CalleeRecord) -> Script:
    """03: greets, beeps, and records for up to 20 s, or until nobody has spoken for a while."""
    yield _machine("voicemail", "adam")
    yield Play(sound="beep", seconds=BEEP_SECONDS)
    for _ in range(4):
        outcome = yield Listen(seconds=RECORDING_SECONDS / 4)
        if isinstance(outcome, Quiet):
            break
    yield Play(sound="beep", seconds=BEEP_SECONDS)


def menu(record: CalleeRecord) -> Script:
    """04: a menu that repeats; 2 reaches the receptionist. It hears keys and no words."""
    for _ in range(_MENU_REPEATS):
        yield _machine("menu", "sarah")
        outcome = yield Listen(seconds=_MENU_SECONDS)
        while isinstance(outcome, Heard):
            outcome = yield Listen(seconds=_MENU_SECONDS)
        match outcome:
            case Pressed(digit="2"):
                yield _machine("connecting", "sarah")
                yield Play(sound="ringback", seconds=_CONNECT_SECONDS)
                yield from book(record, speaker="bella")
                return
            case Pressed(digit="1"):
                yield _machine("menu_hours", "sarah")
            case Pressed(digit=digit) if digit != "3":
                yield _machine("menu_wrong", "sarah")
            case _:
                pass
    yield _machine("menu_goodbye", "sarah")


def hold_queue(record: CalleeRecord) -> Script:
    """07: asks to hold, plays music, then a person books."""
    yield _machine("hold", "sarah")
    yield Play(sound="music", seconds=MUSIC_SECONDS)
    yield from book(record, speaker="michael")


def screening(record: CalleeRecord) -> Script:
    """08: wants to know who calls and why, then connects to a person who books."""
    talk = Talk("george", polite=False)
    for line in ("screen", "screen_again", "screen_again"):
        yield from talk.say(line)
        outcome = yield Listen(seconds=_SCREEN_SECONDS)
        if isinstance(outcome, Heard) and len(outcome.text.split()) >= _A_NAME_AND_A_REASON:
            yield from talk.say("screen_thanks")
            yield Play(sound="ringback", seconds=_CONNECT_SECONDS)
            yield from book(record, speaker="emma", opening="screened_greeting")
            return
    yield from talk.say("screen_goodbye")


def fax(_record: CalleeRecord) -> Script:
    """10: the answering tone of a fax machine (CED), a burst of its data, silence; again."""
    for _ in range(_FAX_ATTEMPTS):
        yield Play(sound="fax_answer", seconds=CED_SECONDS)
        yield Play(sound="fax_data", seconds=1.0)
        yield Pause(seconds=3.0)
