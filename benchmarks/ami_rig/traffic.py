"""What the peer of ``benchmarks/ami.py`` replays: real events, of more calls at once.

``call.txt`` and ``other_call.txt`` hold all events that Asterisk 22.10.1 sent to a manager with
``read = all`` during one call each: ours as OpenDeep places it (one PJSIP channel), and one that
went through a dialplan (a Local pair, ``Dial``, a bridge). Here each becomes many calls with ids of
their own, their events mixed as those of calls at the same time are, the order of each call kept,
with responses to somebody's pings between.
"""

import itertools
import random
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SUBSCRIBED: Final = 100
OTHERS: Final = 20
_EVENTS_PER_RESPONSE: Final = 12
_ID: Final = re.compile(rb"od-[0-9a-f-]{36}")
_OTHER_ID: Final = re.compile(rb"od-[0-9a-f-]{36}(;2)?|[0-9]{10}\.[0-9]+")
_END: Final = b"\r\n\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """One round of events.

    Attributes:
        data: the bytes.
        call: those of one call of ours.
        ids: of the channels that are subscribed.
        events: how many there are; ``routed`` of them concern those channels.
        headers: how many headers an event has on average.
    """

    data: bytes
    call: bytes
    ids: tuple[str, ...]
    events: int
    routed: int
    headers: float


def build(folder: Path) -> Traffic:
    """Mix the calls; the same at each run."""
    dice = random.Random(22)  # noqa: S311 - the order of a benchmark's events
    ours, theirs = _read(folder / "call.txt"), _read(folder / "other_call.txt")
    ids = tuple(f"od-{_uuid(dice)}" for _ in range(SUBSCRIBED))
    calls = [[_ID.sub(one.encode(), event) for event in ours] for one in ids]
    calls += [[_OTHER_ID.sub(_other(at), event) for event in theirs] for at in range(OTHERS)]
    turns = list(itertools.chain.from_iterable([at] * len(call) for at, call in enumerate(calls)))
    dice.shuffle(turns)
    upcoming = [iter(call) for call in calls]
    events = [next(upcoming[at]) for at in turns]
    routed = sum(one.encode() in event for at, one in enumerate(ids) for event in calls[at])
    pieces: list[bytes] = []
    for number, event in enumerate(events):
        pieces += [event, _END]
        if number % _EVENTS_PER_RESPONSE == 0:
            pieces.append(b"Response: Success\r\nActionID: ping-%d\r\nPing: Pong\r\n\r\n" % number)
    headers = sum(event.count(b"\r\n") + 1 for event in events) / len(events)
    return Traffic(
        data=b"".join(pieces),
        call=b"".join(event + _END for event in ours),
        ids=ids,
        events=len(events),
        routed=routed,
        headers=headers,
    )


def _read(path: Path) -> list[bytes]:
    text = path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return text.split(_END)[:-1]


def _uuid(dice: random.Random) -> str:
    digits = f"{dice.getrandbits(128):032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _other(number: int) -> bytes:
    return b"1795384000.%d" % number
