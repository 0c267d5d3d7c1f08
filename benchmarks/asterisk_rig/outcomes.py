"""The mixture of calls of the soak: which callee, what is done to it, and how it must end."""

from collections.abc import Sequence
from dataclasses import dataclass

from opendeep.common.data_models import CallCause


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One way a call can go.

    Attributes:
        dd: the callee's last two digits.
        cause: what the call's row must say.
        answered: whether the network's side picks up.
        network_causes: what the network's channel may end with (Q.850).
        share: how many of a hundred calls.
        seconds: how long after the answer somebody of us ends it; None lets the callee do so.
        refused: Asterisk is given an address for its sound that hangs up at once.
    """

    name: str
    dd: str
    cause: CallCause
    answered: bool
    network_causes: frozenset[int]
    share: int
    seconds: float | None = None
    refused: bool = False


_NORMAL = frozenset({16})

OUTCOMES: Sequence[Outcome] = (
    Outcome(
        name="talked, the user hangs up",
        dd="30",
        cause=CallCause.USER_HUNG_UP,
        answered=True,
        network_causes=_NORMAL,
        share=14,
        seconds=3.0,
    ),
    Outcome(
        name="talked, the AI hangs up",
        dd="38",
        cause=CallCause.AI_HUNG_UP,
        answered=True,
        network_causes=_NORMAL,
        share=12,
        seconds=4.0,
    ),
    Outcome(
        name="busy",
        dd="01",
        cause=CallCause.BUSY,
        answered=False,
        network_causes=frozenset({17}),
        share=12,
    ),
    Outcome(
        name="rings, nobody answers",
        dd="02",
        cause=CallCause.NO_ANSWER,
        answered=False,
        network_causes=frozenset({19}),
        share=7,
    ),
    Outcome(
        name="congestion",
        dd="11",
        cause=CallCause.CONGESTION,
        answered=False,
        network_causes=frozenset({34}),
        share=10,
    ),
    Outcome(
        name="unallocated",
        dd="12",
        cause=CallCause.UNALLOCATED,
        answered=False,
        network_causes=frozenset({1}),
        share=10,
    ),
    Outcome(
        name="rejected (603)",
        dd="20",
        cause=CallCause.REJECTED,
        answered=False,
        network_causes=frozenset({0, 21}),
        share=8,
    ),
    Outcome(
        name="hangs up at once",
        dd="28",
        cause=CallCause.CALLEE_HUNG_UP,
        answered=True,
        network_causes=_NORMAL,
        share=8,
    ),
    Outcome(
        name="hangs up in mid-sentence",
        dd="05",
        cause=CallCause.CALLEE_HUNG_UP,
        answered=True,
        network_causes=_NORMAL,
        share=9,
    ),
    Outcome(
        name="silent, the user hangs up",
        dd="14",
        cause=CallCause.USER_HUNG_UP,
        answered=True,
        network_causes=_NORMAL,
        share=5,
        seconds=4.0,
    ),
    Outcome(
        name="the sound is refused",
        dd="30",
        cause=CallCause.AUDIO_FAILED,
        answered=True,
        network_causes=frozenset({41}),
        share=5,
        refused=True,
    ),
)


def mixture(count: int) -> list[Outcome]:
    """Return ``count`` outcomes by their shares, evenly interleaved."""
    due = dict.fromkeys(range(len(OUTCOMES)), 0)
    total = sum(one.share for one in OUTCOMES)
    found = []
    for _ in range(count):
        for at, one in enumerate(OUTCOMES):
            due[at] += one.share
        most = max(due, key=lambda at: due[at])
        due[most] -= total
        found.append(OUTCOMES[most])
    return found
