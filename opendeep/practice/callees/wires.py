"""Callees 20 to 41 after the answer: no people, but what a telephone line can do."""

from opendeep.practice.callees.lines import clip_id
from opendeep.practice.callees.steps import (
    Hold,
    Listen,
    Loop,
    Pause,
    Pressed,
    PressKey,
    Say,
    Script,
)
from opendeep.practice.records import CalleeRecord

_FOREVER_SECONDS = 3600.0
_KEY_GAP_SECONDS = 0.3
_WANTED_KEYS = "42#"


def echo(_record: CalleeRecord) -> Script:
    """26, 30, 39: says back what it hears."""
    yield Loop(seconds=_FOREVER_SECONDS)


def gone_at_once(_record: CalleeRecord) -> Script:
    """28: hangs up as it answers."""
    yield Pause(seconds=0.0)


def gone_soon(_record: CalleeRecord) -> Script:
    """33: hangs up after a second."""
    yield Pause(seconds=1.0)


def presser(_record: CalleeRecord) -> Script:
    """31: presses 1 2 3 #."""
    yield Pause(seconds=1.0)
    for digit in "123#":
        yield PressKey(digit=digit)
        yield Pause(seconds=_KEY_GAP_SECONDS)
    yield Pause(seconds=30.0)


def key_waiter(_record: CalleeRecord) -> Script:
    """32: hangs up once it was sent 4 2 #."""
    keys = ""
    while keys != _WANTED_KEYS:
        outcome = yield Listen(seconds=30.0)
        if not isinstance(outcome, Pressed):
            keys = ""
            continue
        keys = outcome.digit if keys.endswith("#") else keys + outcome.digit


def quiet(_record: CalleeRecord) -> Script:
    """37: says nothing, but its telephone sends silence."""
    yield Pause(seconds=_FOREVER_SECONDS)


def talker(_record: CalleeRecord) -> Script:
    """38: talks without end, whatever it hears."""
    while True:
        for line in ("greeting", "price", "hours"):
            yield Say(clip=clip_id("bella", line), polite=False)


def holder(_record: CalleeRecord) -> Script:
    """41: puts the call on hold after a second, for three, then says back what it hears."""
    yield Pause(seconds=1.0)
    yield Hold(seconds=3.0)
    yield Loop(seconds=_FOREVER_SECONDS)
