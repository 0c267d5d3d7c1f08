"""The print of a recording: enough of how it sounds to know it again, and nothing of its words.

Machines say the same recording each time. Its print is, for every 16 ms, which of sixteen
neighbouring bands have gained on each other since the moment before, one bit each (after Haitsma
and Kalker, "A Highly Robust Audio Fingerprinting System", 2002): loudness, a codec and some noise
change few bits, another recording half of them. Pure.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from opendeep.audio_processing_service import pcm

HOP_MS: Final = 16
ALIKE: Final = 0.27
"""So much of two prints may differ; the same recording stays below, others are near a half."""
_HOP: Final = HOP_MS * pcm.SAMPLE_RATE // 1000
_SIZE: Final = 8 * _HOP
_BANDS: Final = 17
_SHIFT_MOST: Final = 20
_LEAST_FRAMES: Final = 40
_PARTS: Final = 4
_WINDOW: Final = np.hanning(_SIZE).astype(np.float32)
_EDGES: Final = np.unique(
    np.round(np.geomspace(300, 3000, _BANDS + 1) * _SIZE / pcm.SAMPLE_RATE).astype(int)
)
_BITS: Final = 16

Bits = npt.NDArray[np.bool_]


def print_of(mulaw: bytes) -> bytes:
    """Return the print of a stretch of 8 kHz µ-law; empty where it is too short."""
    samples = np.frombuffer(pcm.mulaw_to_pcm(mulaw), "<i2").astype(np.float32)
    frames = (len(samples) - _SIZE) // _HOP + 1
    if frames < _LEAST_FRAMES + 1:
        return b""
    windows = np.lib.stride_tricks.sliding_window_view(samples, _SIZE)[::_HOP] * _WINDOW
    power = np.abs(np.fft.rfft(windows, axis=1)) ** 2
    bands = np.log(np.add.reduceat(power, _EDGES[:-1], axis=1)[:, :_BANDS] + 1.0)
    slopes = np.diff(bands, axis=1)
    return np.packbits(np.diff(slopes, axis=0) > 0, axis=1).tobytes()


def difference(one: bytes, other: bytes) -> float:
    """Return the part of the bits that differ, 0 to 1.

    Each quarter of ``one`` is compared where it fits best in ``other``, at most 0.3 s from its
    place: a frame that the network lost or doubled shifts all that follows. Where the later half
    differs more than the whole it decides: other recordings may begin with the same words.
    """
    first, second = _bits(one), _bits(other)
    if min(len(first), len(second)) < _LEAST_FRAMES:
        return 1.0
    length = len(first) // _PARTS
    starts = range(0, length * _PARTS, length)
    parts = [_best(first[start : start + length], second, start) for start in starts]
    later = parts[_PARTS // 2 :]
    return max(sum(parts) / len(parts), sum(later) / len(later))


def alike(one: bytes, other: bytes) -> bool:
    """Whether two prints are of the same recording."""
    return difference(one, other) <= ALIKE


def _best(part: Bits, whole: Bits, place: int) -> float:
    begins = range(
        max(place - _SHIFT_MOST, 0), min(place + _SHIFT_MOST, len(whole) - len(part)) + 1
    )
    return min((float(np.mean(part != whole[at : at + len(part)])) for at in begins), default=1.0)


def _bits(data: bytes) -> Bits:
    whole = data[: len(data) // 2 * 2]
    rows = np.frombuffer(whole, np.uint8).reshape(-1, _BITS // 8)
    return np.unpackbits(rows, axis=1).astype(np.bool_)
