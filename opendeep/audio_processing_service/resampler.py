"""Between 8 kHz and a whole multiple of it, at once and cheaply: one filter, applied in blocks.

Voice providers speak and hear at 16 or 24 kHz. A linear-phase low-pass filter (Kaiser, 60 dB; from
3.4 kHz, where a telephone line ends, to 4.6 kHz) is written down as a matrix that makes twenty
samples of 8 kHz, or takes them, so a piece of any length costs one product of matrices. It waits
for nothing that follows: of 20 ms, 20 ms come out at once, and the sound in them is 1.5 ms late.
"""

import functools
from typing import Final

import numpy as np
import numpy.typing as npt

from opendeep.audio_processing_service.pcm import SAMPLE_RATE, Samples, StreamResampler

_BLOCK: Final = 20
_HALF: Final = 12
"""Half of the filter's length, in samples of 8 kHz: so late is what comes out."""
_CUT_HZ: Final = 4000
_BETA: Final = 5.65
_MOST_TIMES: Final = 6
_LARGEST: Final = np.float32(32_767)
_SAMPLES: Final = np.dtype("<i2")


@functools.cache
def _low_pass(times: int) -> Samples:
    """Return an odd number of taps at ``times`` 8 kHz that add up to one."""
    half = _HALF * times
    at = np.arange(-half, half + 1)
    taps = np.sinc(2 * _CUT_HZ / (SAMPLE_RATE * times) * at) * np.kaiser(len(at), _BETA)
    return np.asarray(taps / taps.sum(), np.float32)


@functools.cache
def _down_matrix(times: int) -> Samples:
    """Return what makes a block of 8 kHz from a row of the higher rate."""
    taps = _low_pass(times)
    matrix = np.zeros((times * (_BLOCK - 1) + len(taps), _BLOCK), np.float32)
    for sample in range(_BLOCK):
        matrix[times * sample : times * sample + len(taps), sample] = taps
    return matrix


@functools.cache
def _up_matrix(times: int) -> Samples:
    """Return what makes ``times`` blocks of the higher rate from a row of 8 kHz."""
    taps = _low_pass(times) * times
    matrix = np.zeros((_BLOCK + 2 * _HALF, times * _BLOCK), np.float32)
    for sample in range(times * _BLOCK):
        for row in range(len(matrix)):
            tap = sample - times * (row - 2 * _HALF)
            if 0 <= tap < len(taps):
                matrix[row, sample] = taps[tap]
    return matrix


class BlockResampler:
    """Converts one endless stream of linear samples; pieces may be of any length.

    Args:
        times: the higher rate over 8 kHz.
        down: from the higher rate to 8 kHz, not the other way.
    """

    def __init__(self, times: int, *, down: bool) -> None:
        self._matrix = _down_matrix(times) if down else _up_matrix(times)
        self._step = times * _BLOCK if down else _BLOCK
        self._ratio = (1, times) if down else (times, 1)
        self._before = 2 * _HALF * self._ratio[1]
        self._half = b""
        self._begin()

    def process(self, pcm: bytes) -> bytes:
        """Convert signed 16-bit little endian samples; what comes out may be empty at first."""
        data = self._half + pcm if self._half else pcm
        if len(data) % 2:
            data, self._half = data[:-1], data[-1:]
        else:
            self._half = b""
        return self._convert(np.frombuffer(data, _SAMPLES))

    def flush(self) -> bytes:
        """Return what is left of the stream, as long as what went in, and begin a new one."""
        times_out, times_in = self._ratio
        left = self._taken * times_out // times_in - self._given
        silence = np.zeros(len(self._matrix) + self._step, np.int16)
        rest = self._convert(silence)[: 2 * left]
        self._begin()
        return rest

    def _begin(self) -> None:
        self._half = b""
        self._rest = np.zeros(self._before, np.float32)
        self._taken = 0
        self._given = 0

    def _convert(self, samples: npt.NDArray[np.int16]) -> bytes:
        self._taken += len(samples)
        stream = np.concatenate((self._rest, samples), dtype=np.float32)
        width, step = len(self._matrix), self._step
        count = max((len(stream) - width) // step + 1, 0)
        self._rest = stream[count * step :]
        if not count:
            return b""
        rows: Samples = np.ndarray((count, width), np.float32, stream, strides=(4 * step, 4))
        converted = rows @ self._matrix
        self._given += converted.size
        np.minimum(converted, _LARGEST, out=converted)
        np.maximum(converted, -_LARGEST, out=converted)
        return converted.astype(_SAMPLES).tobytes()


def resampler(from_hz: int, to_hz: int) -> BlockResampler | StreamResampler:
    """Return the cheapest resampler between two rates; providers use multiples of 8 kHz."""
    times, rest = divmod(max(from_hz, to_hz), SAMPLE_RATE)
    if rest or min(from_hz, to_hz) != SAMPLE_RATE or not 1 < times <= _MOST_TIMES:
        return StreamResampler(from_hz, to_hz)
    return BlockResampler(times, down=from_hz > to_hz)
