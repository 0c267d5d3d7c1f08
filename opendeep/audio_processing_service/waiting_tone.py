"""What a callee hears while another line is tried: two soft notes, every three seconds.

Silence would say that the line is dead. Nothing else in a telephone network sounds like this: it
is much quieter than a ringing tone or a beep, and it falls.
"""

from functools import lru_cache
from typing import Final

import numpy as np

from opendeep.audio_processing_service import pcm

NOTES_HZ: Final = (587, 440)
PEAK_DBFS: Final = -28.0
_NOTE_MS: Final = 320
_ROUND_MS: Final = 3000
_FULL: Final = 32_767


@lru_cache(maxsize=1)
def waiting_tone() -> bytes:
    """Return one round of µ-law, whole frames, to be played over and over; silence comes first."""
    samples = pcm.SAMPLE_RATE * _NOTE_MS // 1000
    times = np.arange(samples) / pcm.SAMPLE_RATE
    swell = np.hanning(samples) * _FULL * 10 ** (PEAK_DBFS / 20)
    notes = [swell * np.sin(2 * np.pi * hz * times) for hz in NOTES_HZ]
    sound = pcm.pcm_to_mulaw(np.concatenate(notes).astype("<i2").tobytes())
    silence = _ROUND_MS * pcm.MULAW_BYTES_PER_MS - len(sound)
    return bytes([pcm.MULAW_SILENCE_BYTE]) * silence + sound
