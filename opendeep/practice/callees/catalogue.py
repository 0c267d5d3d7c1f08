"""Who answers at which practice number: the table of CONTRACT §5.

Numbers are of the range reserved for fiction: ``+1 NXX 555 01dd`` with any area code but 900 and
N11; the last two digits decide. ``7000`` is Test Mode's extension. From 20 to 41 are no people but
what a line can do; docs/asterisk.md lists them.
"""

import re
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final

from opendeep.practice.callees import machines, people, wires
from opendeep.practice.callees.steps import ScriptMaker

TEST_MODE_NUMBER: Final = "7000"
BROWSER_PHONE: Final = "99"
_FICTIONAL: Final = re.compile(r"(?:\+?1)?(?P<area>[2-9]\d\d)55501(?P<dd>\d\d)")
_DEFAULT_RING_SECONDS: Final = 2.0


class Refusal(Enum):
    """How the network or the callee refuses a call: SIP's answer, and Q.850's cause for it."""

    FORBIDDEN = (403, 21)
    UNALLOCATED = (404, 1)
    GONE = (410, 22)
    UNAVAILABLE = (480, 19)
    INCOMPLETE = (484, 28)
    BUSY = (486, 17)
    SERVER_ERROR = (500, 38)
    LATE = (503, 41)
    BAD_GATEWAY = (502, 27)
    CONGESTION = (503, 34)
    GATEWAY_TIMEOUT = (504, 102)
    DECLINED = (603, 21)

    @property
    def sip(self) -> int:
        """SIP's answer to the invitation."""
        return self.value[0]

    @property
    def cause(self) -> int:
        """Q.850's number, as ``Hangup`` tells it."""
        return self.value[1]


class Alert(Enum):
    """What a far end says before it answers."""

    RINGING = "RINGING"
    """SIP 180: the telephone rings."""
    PROGRESS = "PROGRESS"
    """SIP 183: the network speaks (early media); nobody has answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alerting:
    """An alert, so many seconds after the one before it."""

    alert: Alert = Alert.RINGING
    after_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BackChannel:
    """A murmur while the AI speaks: said once the AI has spoken for so long."""

    clip: str
    after_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """How one callee behaves before and beside its script.

    Attributes:
        script: what happens after the answer; None for one who never answers.
        ring_seconds: from the last alert until the answer or the refusal.
        alerts: what is heard of the far end before; a lone 180 as a rule.
        refusal: what comes instead of an answer.
        sends_frames: False for a telephone that sends no audio at all while silent.
        back_channels: one murmur for each of the AI's first utterances.
        rings_browser: whether a page offering a phone takes the call.
    """

    dd: str
    script: ScriptMaker | None = None
    ring_seconds: float = _DEFAULT_RING_SECONDS
    alerts: tuple[Alerting, ...] = (Alerting(),)
    refusal: Refusal | None = None
    sends_frames: bool = True
    back_channels: tuple[BackChannel, ...] = ()
    rings_browser: bool = False


_MURMURS: Final = (
    BackChannel(clip="fenrir/mm_hm", after_seconds=2.0),
    BackChannel(clip="fenrir/right", after_seconds=4.0),
    BackChannel(clip="fenrir/go_on", after_seconds=5.0),
)

_REFUSAL_SECONDS: Final = 0.1
_ANNOUNCEMENT_SECONDS: Final = 1.9
_ANNOUNCED: Final = (Alerting(alert=Alert.PROGRESS),)


def refused(dd: str, refusal: Refusal) -> Profile:
    """Return a number at which the network refuses at once."""
    return Profile(dd=dd, refusal=refusal, alerts=(), ring_seconds=_REFUSAL_SECONDS)


def _at_once(dd: str, script: ScriptMaker, *, sends_frames: bool = True) -> Profile:
    return Profile(dd=dd, script=script, alerts=(), ring_seconds=0.0, sends_frames=sends_frames)


# What a line can do, for tests of the exchange: the same table as the tests' real network has.
_LINES: Final = (
    refused("20", Refusal.DECLINED),
    refused("21", Refusal.UNAVAILABLE),
    refused("22", Refusal.GONE),
    refused("23", Refusal.INCOMPLETE),
    refused("24", Refusal.FORBIDDEN),
    Profile(dd="25", refusal=Refusal.BUSY, alerts=_ANNOUNCED, ring_seconds=_ANNOUNCEMENT_SECONDS),
    Profile(dd="26", script=wires.echo, alerts=_ANNOUNCED, ring_seconds=_ANNOUNCEMENT_SECONDS),
    Profile(dd="27", alerts=_ANNOUNCED),
    _at_once("28", wires.gone_at_once, sends_frames=False),
    Profile(dd="29", refusal=Refusal.BUSY, ring_seconds=1.0),
    _at_once("30", wires.echo),
    Profile(dd="31", script=wires.presser, ring_seconds=1.0, sends_frames=False),
    Profile(dd="32", script=wires.key_waiter, ring_seconds=1.0, sends_frames=False),
    _at_once("33", wires.gone_soon, sends_frames=False),
    Profile(dd="34", refusal=Refusal.UNAVAILABLE, ring_seconds=2.0),
    refused("35", Refusal.SERVER_ERROR),
    refused("36", Refusal.GATEWAY_TIMEOUT),
    _at_once("37", wires.quiet),
    _at_once("38", wires.talker),
    Profile(
        dd="39",
        script=wires.echo,
        alerts=(
            Alerting(),
            Alerting(alert=Alert.PROGRESS, after_seconds=0.5),
            Alerting(after_seconds=0.5),
        ),
        ring_seconds=1.0,
    ),
    refused("40", Refusal.BAD_GATEWAY),
    _at_once("41", wires.holder),
)

_PROFILES: Final = (
    Profile(dd="00", script=people.receptionist),
    refused("01", Refusal.BUSY),
    Profile(dd="02"),
    Profile(dd="03", script=machines.voicemail),
    Profile(dd="04", script=machines.menu),
    Profile(dd="05", script=people.hurried),
    Profile(dd="06", script=people.refuser),
    Profile(dd="07", script=machines.hold_queue),
    Profile(dd="08", script=machines.screening),
    Profile(dd="09", script=people.stranger),
    Profile(dd="10", script=machines.fax),
    refused("11", Refusal.CONGESTION),
    refused("12", Refusal.UNALLOCATED),
    Profile(dd="13", script=people.morning_only),
    Profile(dd="14", script=people.silent, sends_frames=False),
    Profile(dd="15", script=people.chatterer, back_channels=_MURMURS),
    Profile(dd="16", script=people.prober),
    Profile(dd="17", script=people.slow, ring_seconds=8.0),
    Profile(dd=BROWSER_PHONE, rings_browser=True),
    Profile(dd=TEST_MODE_NUMBER, script=people.receptionist, rings_browser=True),
)
PROFILES: Final = MappingProxyType({profile.dd: profile for profile in _PROFILES})
LINES: Final = MappingProxyType({profile.dd: profile for profile in _LINES})
UNALLOCATED: Final = refused("", Refusal.UNALLOCATED)


def profile_of(number: str) -> Profile:
    """Return who answers at a number (E.164, digits or national); else the unallocated one."""
    if number == TEST_MODE_NUMBER:
        return PROFILES[TEST_MODE_NUMBER]
    match = _FICTIONAL.fullmatch(number)
    if match is None or match["area"] == "900" or match["area"].endswith("11"):
        return UNALLOCATED
    return PROFILES.get(match["dd"]) or LINES.get(match["dd"], UNALLOCATED)
