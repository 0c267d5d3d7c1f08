"""What the network side heard: the gaps between the packets of each RTP stream."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.asterisk_rig import child
from benchmarks.media_rig import build

RTP_PORTS: Final = (20000, 30000)
"""The network's, as in tests/integration/asterisk/network/rtp.conf."""
_RECORD: Final = np.dtype([("ns", "u8"), ("ssrc", "u4"), ("sequence", "u2"), ("port", "u2")])
_FRAME_MS: Final = 20.0
_LATE_MS: Final = 60.0
_SEQUENCES: Final = 1 << 16
_WHOLE: Final = 0.95
"""A stream that lasted this part of the time ran all the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """The streams of one stretch of time.

    Attributes:
        gaps_ms: of all streams together, between a packet and the one before it.
        missing: packets that never came, by sequence number.
        streams: how many streams ran all the time.
        broken: how many came and went within it.
    """

    gaps_ms: "np.ndarray[Any, np.dtype[np.float64]]"
    missing: int
    streams: int
    broken: int

    def figures(self) -> dict[str, Any]:
        """Return the figures; a gap is late by 60 ms when it is 80 ms or longer."""
        gaps = self.gaps_ms
        p50, p99, p999 = np.percentile(gaps, [50, 99, 99.9]) if len(gaps) else (0.0, 0.0, 0.0)
        return {
            "streams": self.streams,
            "streams_broken": self.broken,
            "packets": len(gaps),
            "p50_ms": round(float(p50), 2),
            "p99_ms": round(float(p99), 2),
            "p999_ms": round(float(p999), 2),
            "max_ms": round(float(gaps.max()), 1) if len(gaps) else 0.0,
            "late": int((gaps >= _FRAME_MS + _LATE_MS).sum()),
            "missing": self.missing,
        }


@contextmanager
def watching(folder: Path) -> Iterator[child.Child]:
    """Note packets while the block is open; needs a C compiler, and root."""
    program = str(build.compiled("rtp_watch"))
    first, last = (str(port) for port in RTP_PORTS)
    with child.running([program, first, last, str(folder / "rtp.bin")], folder / "rtp.log") as one:
        one.line()
        yield one


def read(watch: child.Child, folder: Path, ports: set[int]) -> tuple[Heard, dict[str, Any]]:
    """End the noting; return what came to these ports, and what the noting itself cost."""
    lines = watch.stop()
    cost: dict[str, Any] = json.loads(lines[-1])
    return judge(np.fromfile(folder / "rtp.bin", dtype=_RECORD), ports), cost


def judge(records: "np.ndarray[Any, Any]", ports: set[int]) -> Heard:
    """Compute the gaps of all streams that were sent to these ports."""
    records = records[np.isin(records["port"], list(ports))]
    if not len(records):
        return Heard(gaps_ms=np.zeros(0), missing=0, streams=0, broken=0)
    span = int(records["ns"].max() - records["ns"].min())
    gaps, missing, streams, broken = [], 0, 0, 0
    for ssrc in np.unique(records["ssrc"]):
        one = records[records["ssrc"] == ssrc]
        one = one[np.argsort(one["ns"], kind="stable")]
        if int(one["ns"][-1] - one["ns"][0]) < span * _WHOLE:
            broken += 1
        else:
            streams += 1
        gaps.append(np.diff(one["ns"].astype(np.int64)) / 1e6)
        steps = np.diff(one["sequence"].astype(np.int64)) % _SEQUENCES
        missing += int((steps[steps < _SEQUENCES // 2] - 1).clip(min=0).sum())
    return Heard(gaps_ms=np.concatenate(gaps), missing=missing, streams=streams, broken=broken)


if __name__ == "__main__":
    found = judge(np.fromfile(sys.argv[1], dtype=_RECORD), set(range(*RTP_PORTS)))
    sys.stdout.write(json.dumps(found.figures()) + "\n")
