"""Sound as numbers: µ-law and linear samples, loudness, silence, and a streaming resampler.

Telephone audio is 8 kHz mono, 8 samples a millisecond. µ-law (ITU-T G.711) has one byte a sample;
linear is signed 16-bit little endian. Conversion goes through two tables built once, so a 20 ms
frame costs about a microsecond.
"""

import math
from typing import Final

import numpy as np
import numpy.typing as npt
import soxr  # type: ignore[import-untyped]

SAMPLE_RATE: Final = 8000
MULAW_BYTES_PER_MS: Final = 8
FRAME_MS: Final = 20
FRAME_SAMPLES: Final = 160
MULAW_SILENCE_BYTE: Final = 0xFF
MULAW_SILENCE_FRAME: Final = bytes([MULAW_SILENCE_BYTE]) * FRAME_SAMPLES
FRAME_PCM_BYTES: Final = 2 * FRAME_SAMPLES
PCM_SILENCE_FRAME: Final = bytes(FRAME_PCM_BYTES)
SILENCE_DBFS: Final = -96.0
"""What :func:`energy_dbfs` returns for digital silence, and its lower bound."""

Samples = npt.NDArray[np.float32]

_BIAS = 132
_CLIP = 32_635
_FULL_SCALE = 32_768.0
_FULL_POWER = _FULL_SCALE * _FULL_SCALE


def _decoding_table() -> npt.NDArray[np.int16]:
    codes = ~np.arange(256, dtype=np.uint8)
    exponent = (codes.astype(np.int32) >> 4) & 0x07
    mantissa = codes.astype(np.int32) & 0x0F
    magnitude = (((mantissa << 3) + _BIAS) << exponent) - _BIAS
    return np.where(codes & 0x80, -magnitude, magnitude).astype("<i2")


def _encoding_table() -> npt.NDArray[np.uint8]:
    """Build the table indexed by the sample's bits read as an unsigned number."""
    samples = np.arange(65_536, dtype=np.uint16).view(np.int16).astype(np.int32)
    magnitude = np.minimum(np.abs(samples), _CLIP) + _BIAS
    exponent = np.floor(np.log2(magnitude)).astype(np.int32) - 7
    mantissa = (magnitude >> (exponent + 3)) & 0x0F
    sign = np.where(samples < 0, 0x80, 0)
    codes: npt.NDArray[np.uint8] = (~(sign | (exponent << 4) | mantissa) & 0xFF).astype(np.uint8)
    return codes


_DECODE = _decoding_table()
_DECODE_FLOAT = _DECODE.astype(np.float32)
_DECODE_LOW = _DECODE.view(np.uint8)[::2].tobytes()
_DECODE_HIGH = _DECODE.view(np.uint8)[1::2].tobytes()
_ENCODE = _encoding_table()
_POWER = np.square(_DECODE.astype(np.float64) / _FULL_SCALE)
_FAINT_CODES = np.flatnonzero(_POWER < 10**-4).astype(np.uint8).tobytes()
# Looked up once: a name of a type is parsed again by each call.
_CODES = np.dtype("u1")
_BITS = np.dtype("<u2")
_SAMPLES = np.dtype("<i2")


def mulaw_to_pcm(mulaw: bytes) -> bytes:
    """Decode µ-law to signed 16-bit little endian: two bytes out for each byte in."""
    return _DECODE.take(np.frombuffer(mulaw, _CODES)).tobytes()


def mulaw_into_pcm(mulaw: bytes, pcm: bytearray, begin: int) -> None:
    """Decode µ-law into ``pcm`` from ``begin`` on, which is all of the rest; for single frames."""
    # For so few samples, the way into numpy and back would cost twice as much.
    pcm[begin::2] = mulaw.translate(_DECODE_LOW)
    pcm[begin + 1 :: 2] = mulaw.translate(_DECODE_HIGH)


def mulaw_to_samples(mulaw: bytes) -> Samples:
    """Decode µ-law to numbers to calculate with, of the size of 16-bit samples."""
    return _DECODE_FLOAT.take(np.frombuffer(mulaw, _CODES))


def energies_of(frames: Samples) -> list[float]:
    """Return the sum of squares of each row."""
    energies: list[float] = np.vecdot(frames, frames).tolist()
    return energies


def frames_dbfs(energies: list[float]) -> float:
    """Return the same as :func:`energy_dbfs` of frames by their sums of squares."""
    return power_dbfs(sum(energies), FRAME_SAMPLES * len(energies))


def power_dbfs(energy: float, count: int) -> float:
    """Return the same as :func:`energy_dbfs` of ``count`` samples by their sum of squares."""
    if energy <= 0:
        return SILENCE_DBFS
    return max(SILENCE_DBFS, 10 * math.log10(energy / (count * _FULL_POWER)))


def pcm_to_mulaw(pcm: bytes) -> bytes:
    """Encode signed 16-bit little endian as µ-law: one byte out for each two in.

    Raises:
        ValueError: ``pcm`` has an odd number of bytes.
    """
    return _ENCODE.take(np.frombuffer(pcm, _BITS)).tobytes()


def energy_dbfs(mulaw: bytes) -> float:
    """Return the mean power of µ-law audio in dB below full scale, from -96 (silence) to 0."""
    if not mulaw:
        return SILENCE_DBFS
    power = float(_POWER.take(np.frombuffer(mulaw, _CODES)).sum()) / len(mulaw)
    return max(SILENCE_DBFS, 10 * math.log10(power)) if power > 0 else SILENCE_DBFS


def quieter_than(mulaw: bytes, dbfs: float) -> bool:
    """Say whether :func:`energy_dbfs` is below ``dbfs``, -50 at most; cheap where it is loud."""
    # A tenth of the samples at -40 dB or more is -50 dB already, whatever the others are.
    if 10 * len(mulaw.translate(None, _FAINT_CODES)) > len(mulaw):
        return False
    return energy_dbfs(mulaw) < dbfs


def interleave(left: bytes | bytearray, right: bytes | bytearray) -> bytes:
    """Join two sides of µ-law, equally long, to stereo: signed 16-bit little endian."""
    frames = np.empty((len(left), 2), _SAMPLES)
    frames[:, 0] = _DECODE.take(np.frombuffer(left, _CODES))
    frames[:, 1] = _DECODE.take(np.frombuffer(right, _CODES))
    return frames.tobytes()


class StreamResampler:
    """Converts the rate of one endless stream of linear samples; chunks may be of any length.

    The filter keeps a few milliseconds; :meth:`flush` gives them out at the end of a stream. A
    sample that is split between two chunks is kept until its second half comes.

    Args:
        from_hz: rate of what goes in.
        to_hz: rate of what comes out.
    """

    def __init__(self, from_hz: int, to_hz: int) -> None:
        self._from_hz = from_hz
        self._to_hz = to_hz
        self._half = b""
        self._stream = self._new_stream()

    def process(self, pcm: bytes) -> bytes:
        """Convert signed 16-bit little endian samples; the answer may be empty at first."""
        data = self._half + pcm
        whole = len(data) & ~1
        self._half = data[whole:]
        if not whole:
            return b""
        return self._convert(np.frombuffer(data[:whole], "<i2"), last=False)

    def flush(self) -> bytes:
        """Return what the filter still holds and begin a new stream."""
        rest = self._convert(np.zeros(0, np.int16), last=True)
        self._half = b""
        self._stream = self._new_stream()
        return rest

    def _new_stream(self) -> soxr.ResampleStream:
        return soxr.ResampleStream(self._from_hz, self._to_hz, 1, dtype="int16", quality="MQ")

    def _convert(self, samples: npt.NDArray[np.int16], *, last: bool) -> bytes:
        converted = self._stream.resample_chunk(samples, last=last)
        return np.asarray(converted).astype("<i2", copy=False).tobytes()
