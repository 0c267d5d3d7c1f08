"""The tones of the telephone network, by our own ears: beeps, announcements, ringing, busy, fax.

Each tenth of a second is looked at as a spectrum of 10 Hz steps. Nearly all energy in one or two
peaks is a tone; what it means follows from its pitch, its length and what came before:

* SIT, the three rising tones before "the number you have dialled …" (ITU-T E.180, Q.35);
* ringing (425, 440 + 480 Hz) and busy (425, 480 + 620 Hz, in equal short pieces);
* a fax's answer (2100 Hz) and call (1100 Hz; ITU-T T.30); keys (DTMF, ITU-T Q.23);
* any other single tone of 400 to 1500 Hz and 0.2 to 2 s that no other follows: the beep of an
  answering machine.

Pure; a look at a loud tenth of a second costs about 40 µs, at a quiet one nothing.
"""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

import numpy as np
import numpy.typing as npt

from opendeep.audio_processing_service import pcm

BLOCK_MS: Final = 100
BLOCK_SAMPLES: Final = BLOCK_MS * pcm.SAMPLE_RATE // 1000
_STEP_HZ: Final = 10
_LOWEST: Final = 30
_PURE: Final = 0.85
_LESSER_SHARE: Final = 0.12
_EVEN: Final = (0.06, 0.65)
"""The power of a tone over that of its peak: a half, of two tones a quarter and more; less where
it does not fill the block, and with other sounds beside it."""
_PEAK: Final = np.arange(5)
"""A peak is five steps wide."""
_LEAST_OF_FIRST: Final = _PURE / 6
"""The second of two peaks has at most five times the first's highest step."""
_NO_POWER: Final = np.float32(1e-12)
_WINDOW: Final = np.hanning(BLOCK_SAMPLES).astype(np.float32)
_SIT_HZ: Final = ((950, 55), (1400, 50), (1777, 25))
_DTMF_LOW: Final = (697, 770, 852, 941)
_DTMF_HIGH: Final = (1209, 1336, 1477, 1633)
_RINGING: Final = ((425,), (440, 480))
_BUSY: Final = ((425,), (480, 620))
_BEEP_HZ: Final = (400, 1500)
_BEEP_BLOCKS: Final = (2, 20)
_BUSY_BLOCKS: Final = (2, 8)
_BUSY_PIECES: Final = 3
_FAX_BLOCKS: Final = 6
_RINGING_BLOCKS: Final = 7
_TOLERANCE_HZ: Final = 14
_PIECES_KEPT: Final = 12

Samples = npt.NDArray[np.float32]
Pitches = tuple[int, ...]


class Tone(Enum):
    """What a tone means."""

    BEEP = auto()
    OUT_OF_SERVICE = auto()
    RINGING = auto()
    BUSY = auto()
    FAX = auto()
    KEY = auto()


@dataclass(slots=True, kw_only=True)
class _Piece:
    """A stretch of one sound: its pitches (none for what is no tone) and its length."""

    pitches: Pitches
    blocks: int = 1


def pitches_of(samples: Samples) -> Pitches:
    """Return the one or two frequencies that carry nearly all energy, ascending, or none.

    Args:
        samples: a tenth of a second, any scale.
    """
    return pitches_of_each(samples)[0]


def pitches_of_each(samples: Samples) -> list[Pitches]:
    """Return the same for each tenth of a second of a longer piece."""
    if not len(samples):
        return []
    blocks = samples.reshape(-1, BLOCK_SAMPLES)
    pitches: list[Pitches] = [()] * len(blocks)
    even = _even_blocks(blocks)
    if len(even):
        for block, found in zip(even.tolist(), _pitches_in(blocks[even]), strict=True):
            pitches[block] = found
    return pitches


def _even_blocks(blocks: Samples) -> npt.NDArray[np.intp]:
    """Return which blocks may be a tone by their shape; voices are peaky, one or two tones not."""
    powers = np.vecdot(blocks, blocks) / BLOCK_SAMPLES
    peaks = np.square(np.abs(blocks).max(axis=1))
    even = (powers >= _EVEN[0] * peaks) & (powers <= _EVEN[1] * peaks)
    return np.flatnonzero(even)


def _pitches_in(blocks: Samples) -> list[Pitches]:
    spectra = np.fft.rfft(blocks * _WINDOW)[:, _LOWEST:]
    # Room beside the lowest and the highest step, so that each has its neighbours.
    powers = np.zeros((len(spectra), spectra.shape[1] + 4), np.float32)
    powers[:, 2:-2] = spectra.real**2 + spectra.imag**2
    # What is digital silence has no share of anything.
    totals = np.maximum(powers.sum(axis=1), _NO_POWER)
    firsts, first_shares = _take_peaks(powers, totals)
    if not (first_shares >= _LEAST_OF_FIRST).any():
        return [()] * len(powers)
    seconds, second_shares = _take_peaks(powers, totals)
    peaks = np.stack((firsts, first_shares, seconds, second_shares), axis=1).tolist()
    return [_pitches(*peak) for peak in peaks]


def _pitches(first: float, first_share: float, second: float, second_share: float) -> Pitches:
    if first_share >= _PURE:
        return (round(first),)
    if second_share < _LESSER_SHARE or first_share + second_share < _PURE:
        return ()
    return (round(min(first, second)), round(max(first, second)))


def _take_peaks(powers: Samples, totals: Samples) -> tuple[Samples, Samples]:
    """Return each row's strongest frequency and its share, and take it out."""
    rows = np.arange(len(powers))[:, None]
    steps = powers[:, 2:-2].argmax(axis=1)[:, None] + _PEAK
    around = powers[rows, steps]
    powers[rows, steps] = 0
    energies = around.sum(axis=1)
    centres = (around * steps).sum(axis=1) / np.maximum(energies, _NO_POWER)
    return (centres + (_LOWEST - 2)) * _STEP_HZ, energies / totals


def _alike(one: Pitches, other: Pitches) -> bool:
    return len(one) == len(other) and all(
        abs(a - b) <= _TOLERANCE_HZ for a, b in zip(one, other, strict=True)
    )


def _is_key(pitches: Pitches) -> bool:
    low, high = (_DTMF_LOW, _DTMF_HIGH)
    return len(pitches) == len((low, high)) and all(
        any(abs(pitch - hz) <= _TOLERANCE_HZ for hz in row)
        for pitch, row in zip(pitches, (low, high), strict=True)
    )


class ToneEar:
    """Follows one line; a pause of digital silence counts as quiet, too."""

    def __init__(self) -> None:
        self._pieces = [_Piece(pitches=())]

    @property
    def sounding(self) -> bool:
        """Whether a tone sounds now."""
        return bool(self._pieces[-1].pitches)

    def hear(self, samples: Samples | None) -> Tone | None:
        """Take a tenth of a second, None where it is quiet; return what became certain with it."""
        return self.follow(() if samples is None else pitches_of(samples))

    def follow(self, pitches: Pitches) -> Tone | None:
        """Take the pitches of a tenth of a second; return what became certain with it."""
        last = self._pieces[-1]
        if _alike(last.pitches, pitches):
            last.blocks += 1
            return self._meaning_of_lasting(last)
        self._pieces.append(_Piece(pitches=pitches))
        del self._pieces[:-_PIECES_KEPT]
        if self._is_out_of_service():
            self._pieces.clear()
            self._pieces.append(_Piece(pitches=()))
            return Tone.OUT_OF_SERVICE
        return self._meaning_of_ended(last)

    def _meaning_of_lasting(self, piece: _Piece) -> Tone | None:
        if piece.blocks == _FAX_BLOCKS and any(_alike(piece.pitches, (hz,)) for hz in (2100, 1100)):
            return Tone.FAX
        ringing = any(_alike(piece.pitches, hz) for hz in _RINGING)
        return Tone.RINGING if ringing and piece.blocks == _RINGING_BLOCKS else None

    def _meaning_of_ended(self, piece: _Piece) -> Tone | None:
        if not piece.pitches:
            return None
        if _is_key(piece.pitches):
            return Tone.KEY
        if any(_alike(piece.pitches, hz) for hz in _BUSY):
            return Tone.BUSY if self._is_busy(piece.pitches) else None
        followed = bool(self._pieces[-1].pitches)
        if followed or len(piece.pitches) > 1:
            return None
        if not _BEEP_HZ[0] <= piece.pitches[0] <= _BEEP_HZ[1]:
            return None
        return Tone.BEEP if _BEEP_BLOCKS[0] <= piece.blocks <= _BEEP_BLOCKS[1] else None

    def _is_busy(self, pitches: Pitches) -> bool:
        """Whether the last pieces were the same tone in equal short stretches."""
        same = [piece for piece in self._pieces if _alike(piece.pitches, pitches)]
        lengths = [piece.blocks for piece in same[-_BUSY_PIECES:]]
        return len(lengths) == _BUSY_PIECES and all(
            _BUSY_BLOCKS[0] <= length <= _BUSY_BLOCKS[1] for length in lengths
        )

    def _is_out_of_service(self) -> bool:
        """Whether the last single tones were the three of the announcement."""
        single = [piece.pitches[0] for piece in self._pieces if len(piece.pitches) == 1]
        return len(single) >= len(_SIT_HZ) and all(
            abs(hz - want) <= spread
            for hz, (want, spread) in zip(single[-3:], _SIT_HZ, strict=True)
        )
