"""The vocabulary of callee scripts: what a callee does, and what comes of it.

A script is a generator that yields steps and is sent their outcomes; it neither waits nor knows
the time, so each test is a table of what the callee hears and what it says. When a script
returns, its callee hangs up.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Literal

from opendeep.practice.records import CalleeRecord

SoundName = Literal["beep", "fax_answer", "fax_data", "music", "ringback"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """Say a clip (``speaker/line``) to its end, or until interrupted; outcome :class:`Said`.

    ``polite`` callees stop when the AI speaks; nobody interrupts a machine. A key always stops it.
    """

    clip: str
    polite: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """Play a sound of the line for so many seconds; outcome :class:`Said`."""

    sound: SoundName
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Listen:
    """Wait for the AI's next words or key, or for so many seconds of silence.

    Outcome :class:`Heard`, :class:`Pressed` or :class:`Quiet`.
    """

    seconds: float = 6.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Do nothing for so many seconds, and forget what was said meanwhile; outcome Quiet."""

    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PressKey:
    """Press one key of the callee's own telephone; outcome Quiet."""

    digit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """Say back what is heard, for so many seconds; outcome Quiet."""

    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Put the call on hold for so many seconds, in which nothing is sent; outcome Quiet."""

    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A clip or sound ended; ``complete`` is False when the AI or a key cut it short."""

    complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """The AI said something and fell silent."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressed:
    """The AI sent a key."""

    digit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """Nothing came."""


Step = Say | Play | Listen | Pause | PressKey | Loop | Hold
Outcome = Said | Heard | Pressed | Quiet
Script = Generator[Step, Outcome, None]
ScriptMaker = Callable[[CalleeRecord], Script]
