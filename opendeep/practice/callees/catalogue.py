"""Who answers at which practice number: the table of CONTRACT §5.

Numbers are of the range reserved for fiction: ``+1 NXX 555 01dd`` with any area code but 900 and
N11; the last two digits decide. ``7000`` is Test Mode's extension.
"""

import re
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final

from opendeep.practice.callees import machines, people
from opendeep.practice.callees.steps import ScriptMaker

TEST_MODE_NUMBER: Final = "7000"
BROWSER_PHONE: Final = "99"
_FICTIONAL: Final = re.compile(r"(?:\+?1)?(?P<area>[2-9]\d\d)55501(?P<dd>\d\d)")
_DEFAULT_RING_SECONDS: Final = 2.0


class Refusal(Enum):
    """How the network refuses a call; the value is Q.850's cause."""

    UNALLOCATED = 1
    BUSY = 17
    CONGESTION = 34


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
        refusal: the network's answer instead of ringing.
        sends_frames: False for a telephone that sends no audio at all while silent.
        back_channels: one murmur for each of the AI's first utterances.
        rings_browser: whether a page offering a phone takes the call.
    """

    dd: str
    script: ScriptMaker | None = None
    ring_seconds: float = _DEFAULT_RING_SECONDS
    refusal: Refusal | None = None
    sends_frames: bool = True
    back_channels: tuple[BackChannel, ...] = ()
    rings_browser: bool = False


_MURMURS: Final = (
    BackChannel(clip="fenrir/mm_hm", after_seconds=2.0),
    BackChannel(clip="fenrir/right", after_seconds=4.0),
    BackChannel(clip="fenrir/go_on", after_seconds=5.0),
)

_PROFILES: Final = (
    Profile(dd="00", script=people.receptionist),
    Profile(dd="01", refusal=Refusal.BUSY),
    Profile(dd="02"),
    Profile(dd="03", script=machines.voicemail),
    Profile(dd="04", script=machines.menu),
    Profile(dd="05", script=people.hurried),
    Profile(dd="06", script=people.refuser),
    Profile(dd="07", script=machines.hold_queue),
    Profile(dd="08", script=machines.screening),
    Profile(dd="09", script=people.stranger),
    Profile(dd="10", script=machines.fax),
    Profile(dd="11", refusal=Refusal.CONGESTION),
    Profile(dd="12", refusal=Refusal.UNALLOCATED),
    Profile(dd="13", script=people.morning_only),
    Profile(dd="14", script=people.silent, sends_frames=False),
    Profile(dd="15", script=people.chatterer, back_channels=_MURMURS),
    Profile(dd="16", script=people.prober),
    Profile(dd="17", script=people.slow, ring_seconds=8.0),
    Profile(dd=BROWSER_PHONE, rings_browser=True),
    Profile(dd=TEST_MODE_NUMBER, script=people.receptionist, rings_browser=True),
)
PROFILES: Final = MappingProxyType({profile.dd: profile for profile in _PROFILES})
UNALLOCATED: Final = Profile(dd="", refusal=Refusal.UNALLOCATED)


def profile_of(number: str) -> Profile:
    """Return who answers at a number (E.164, digits or national); else the unallocated one."""
    if number == TEST_MODE_NUMBER:
        return PROFILES[TEST_MODE_NUMBER]
    match = _FICTIONAL.fullmatch(number)
    if match is None or match["area"] == "900" or match["area"].endswith("11"):
        return UNALLOCATED
    return PROFILES.get(match["dd"], UNALLOCATED)
