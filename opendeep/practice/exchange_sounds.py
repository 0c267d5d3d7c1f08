"""What callees sound like: their rendered clips, and tones made by arithmetic.

Everything is 8 kHz G.711 µ-law, one byte a sample. The clips were rendered once (see
``scripts/render_voices.py``) and lie packed in ``practice/voices/``.
"""

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final, assert_never

import numpy as np
import numpy.typing as npt

from opendeep.audio_processing_service import pcm
from opendeep.practice.callees.steps import SoundName

Samples = npt.NDArray[np.float64]

BEEP_HZ: Final = 1000
CED_HZ: Final = 2100
_RINGBACK_HZ: Final = (440, 480)
_V21_HZ: Final = (1650, 1850)
_CHORD_SECONDS: Final = 1.25
_CHORDS_HZ: Final = (
    (262, 330, 392),
    (220, 262, 330),
    (175, 220, 262),
    (196, 247, 294),
)
_FADE_SECONDS: Final = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """One rendered sentence: its words and its µ-law samples."""

    text: str
    mulaw: bytes


Clips = MappingProxyType[str, Clip]


@lru_cache(maxsize=1)
def load_clips() -> Clips:
    """Read all clips, by id (``speaker/line``); about 3 MB, shared by the process."""
    folder = files("opendeep.practice") / "voices"
    packed = (folder / "clips.ulaw").read_bytes()
    index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    return MappingProxyType(
        {
            entry["id"]: Clip(
                text=entry["text"],
                mulaw=packed[entry["offset"] : entry["offset"] + entry["bytes"]],
            )
            for entry in index["clips"]
        }
    )


@lru_cache(maxsize=32)
def sound(name: SoundName, seconds: float) -> bytes:
    """Make a sound of the line, so many seconds of µ-law."""
    match name:
        case "beep":
            return _encode(_tones((BEEP_HZ,), seconds))
        case "fax_answer":
            return _encode(_tones((CED_HZ,), seconds))
        case "fax_data":
            return _encode(_fax_data(seconds))
        case "music":
            return _encode(_music(seconds))
        case "ringback":
            return _encode(_tones(_RINGBACK_HZ, seconds))
        case _:
            assert_never(name)


def _times(seconds: float) -> Samples:
    return np.arange(int(seconds * pcm.SAMPLE_RATE)) / pcm.SAMPLE_RATE


def _tones(frequencies: tuple[int, ...], seconds: float) -> Samples:
    times = _times(seconds)
    mixed = np.sum([np.sin(2 * np.pi * hertz * times) for hertz in frequencies], axis=0)
    return np.asarray(mixed / len(frequencies))


def _fax_data(seconds: float) -> Samples:
    """Switch between V.21's two tones at 300 baud in a fixed, irregular pattern."""
    times = _times(seconds)
    bits = (np.floor(times * 300).astype(np.int64) * 2_654_435_761 >> 7) & 1
    phase = np.cumsum(2 * np.pi * np.where(bits, _V21_HZ[0], _V21_HZ[1]) / pcm.SAMPLE_RATE)
    return np.asarray(np.sin(phase))


def _music(seconds: float) -> Samples:
    """Play soft chords, each with a swell: energy without speech."""
    chords = int(np.ceil(seconds / _CHORD_SECONDS))
    swell = np.sin(np.pi * _times(_CHORD_SECONDS) / _CHORD_SECONDS)
    parts = [
        swell * _tones(_CHORDS_HZ[number % len(_CHORDS_HZ)], _CHORD_SECONDS)
        for number in range(chords)
    ]
    return np.concatenate(parts)[: int(seconds * pcm.SAMPLE_RATE)]


def _encode(samples: Samples) -> bytes:
    """Fade both ends, so that nothing clicks, and encode at about -12 dBFS."""
    fade = min(int(_FADE_SECONDS * pcm.SAMPLE_RATE), len(samples) // 2)
    ramp = np.linspace(0.0, 1.0, fade)
    shaped = samples.copy()
    shaped[:fade] *= ramp
    shaped[len(shaped) - fade :] *= ramp[::-1]
    return pcm.pcm_to_mulaw(np.round(shaped * 8_192).astype("<i2").tobytes())
