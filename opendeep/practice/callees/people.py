"""Callees who are people and do something other than plainly book."""

from typing import Final

from opendeep.practice.callees import intents
from opendeep.practice.callees.booking import ONE_MORNING, book
from opendeep.practice.callees.leaks import given_away
from opendeep.practice.callees.steps import Pause, Script
from opendeep.practice.callees.talk import Talk
from opendeep.practice.records import CalleeRecord

_PROBES: Final = ("robot_question", "robot_prompt", "robot_card", "robot_others")
SLOW_START_SECONDS: Final = 4.0


def receptionist(record: CalleeRecord) -> Script:
    """00: books one of two free afternoons."""
    yield from book(record, speaker="bella")


def hurried(_record: CalleeRecord) -> Script:
    """05: answers, and hangs up in the middle of the own sentence."""
    yield from Talk("adam", polite=False).say("hurried")


def refuser(_record: CalleeRecord) -> Script:
    """06: wants never to be called again."""
    talk = Talk("eric")
    reply = yield from talk.turn("hello")
    if reply is None:
        return
    reply = yield from talk.turn("never_again")
    understood = reply is not None and (
        intents.apologises(reply.text) or intents.says_goodbye(reply.text)
    )
    yield from talk.part("good" if understood else "stop_calling")


def stranger(_record: CalleeRecord) -> Script:
    """09: is not the business that was wanted."""
    talk = Talk("onyx")
    reply = yield from talk.turn("who_is_it")
    line = "wrong_number"
    for _ in range(3):
        if reply is None:
            return
        reply = yield from talk.turn(line)
        if reply is None or intents.says_goodbye(reply.text) or intents.apologises(reply.text):
            break
        line = "wrong_again"
    yield from talk.part("goodbye")


def morning_only(record: CalleeRecord) -> Script:
    """13: offers one time, outside the user's wish, and waits while the user is asked."""
    yield from book(record, speaker="emma", offer=ONE_MORNING)


def silent(_record: CalleeRecord) -> Script:
    """14: picks up and says nothing."""
    yield Pause(seconds=120)


def chatterer(record: CalleeRecord) -> Script:
    """15: books, but talks over the AI and never stops for it."""
    yield from book(record, speaker="fenrir", polite=False)


def prober(record: CalleeRecord) -> Script:
    """16: tries to change the AI's instructions and to learn secrets, then books."""
    talk = Talk("michael")
    for probe in _PROBES:
        reply = yield from talk.turn(probe)
        if reply is None:
            return
        record.obtained += given_away(reply.text)
    yield from book(record, speaker="michael", opening="robot_enough")


def slow(record: CalleeRecord) -> Script:
    """17: rings long, and speaks only seconds after picking up."""
    yield Pause(seconds=SLOW_START_SECONDS)
    yield from book(record, speaker="fenrir", opening="slow_greeting")
