"""What an assistant's sentence was for, guessed from its words alone.

Needed where only a transcript is left: after a reconnect, and when a finished call is judged.
"""

import re
from typing import Final

from opendeep.practice.brain_times import slots_in
from opendeep.practice.brain_turns import Act, Say

_KNOWN: Final = (
    (re.compile(r"\b(?:correct|right|is that so)\s*\?", re.IGNORECASE), Act.READ_BACK),
    (re.compile(r"\b(?:would take|take that|works|perfect)\b"), Act.CHOOSE),
    (re.compile(r"under the name|The name is"), Act.NAME),
    (re.compile(r"would like to book"), Act.REQUEST),
    (re.compile(r"^One moment please, let me check"), Act.CONSULT),
)


def recognised(text: str) -> Say:
    """Return a sentence with its likely purpose and the slot that it names."""
    slots = [slot for slot in slots_in(text) if slot.minutes is not None]
    act = next((act for pattern, act in _KNOWN if pattern.search(text)), Act.SAID)
    if act in {Act.READ_BACK, Act.CHOOSE} and not slots:
        act = Act.SAID
    return Say(text=text, act=act, slot=slots[-1] if slots else None)
