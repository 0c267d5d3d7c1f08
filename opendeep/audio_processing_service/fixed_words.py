"""The words for when there is no voice to say any: a clip that is part of the package.

8 kHz µ-law, one byte a sample. Spoken in English to everybody: half of what nobody understands is
said by the tone, and silence would say less. Rendered once with Hibari (Apache-2.0).
"""

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Final

from opendeep.audio_processing_service import pcm
from opendeep.audio_processing_service.playout import PartKey, Playout

APOLOGY: Final = PartKey("apology", 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedWords:
    """A clip and its words."""

    text: str
    mulaw: bytes

    @property
    def ms(self) -> int:
        """How long it takes."""
        return len(self.mulaw) // pcm.MULAW_BYTES_PER_MS


@lru_cache(maxsize=1)
def apology() -> FixedWords:
    """Return what a callee hears when the voice AI is missing or has died."""
    clip = files("opendeep.audio_processing_service") / "sounds" / "apology.en.ulaw"
    return FixedWords(
        text=(
            "I am sorry. There is a technical problem, and this automated call cannot go on. "
            "Goodbye."
        ),
        mulaw=clip.read_bytes(),
    )


def play_apology(playout: Playout) -> str:
    """Have the callee told that the call cannot go on; return the words."""
    words = apology()
    playout.add(APOLOGY, words.mulaw, words.ms)
    playout.complete(APOLOGY)
    return words.text
