"""What is told to have been heard, against the sound that really went out."""

import random
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from opendeep.audio_processing_service import pcm
from opendeep.audio_processing_service.call_sound import CallSound
from opendeep.audio_processing_service.playout import PartKey

KEY = PartKey("item", 0)
LOUD = bytes(range(0x70))
FAINT = bytes((0x7C, 0x7D, 0x7E, 0xFC, 0xFD, 0xFE))


class Stretch(NamedTuple):
    """A piece of the answer comes, and then some frames are taken."""

    loud: bool
    size: int
    ticks: list[int]


STRETCHES = st.lists(
    st.builds(
        Stretch,
        loud=st.booleans(),
        size=st.integers(1, 4000),
        ticks=st.lists(st.sampled_from([0, 0, 0, 0, 1, 5]), max_size=20),
    ),
    min_size=1,
    max_size=12,
)


@given(stretches=STRETCHES, seed=st.integers(0, 2**32), complete=st.booleans())
def test_what_was_heard_is_what_was_sent(
    *, stretches: list[Stretch], seed: int, complete: bool
) -> None:
    """Where an answer is cut is within 20 ms of its last sound on the wire, also after stalls."""
    # Not Hypothesis's own chance, which loves runs of one code: then no frame has one place.
    chance = random.Random(seed)  # noqa: S311 - sound to be found again
    sound = CallSound(None)
    answer, frames = bytearray(), [b""]
    for stretch in stretches:
        codes = LOUD if stretch.loud else FAINT
        piece = bytes(chance.choices(codes, k=stretch.size))
        answer += piece
        assert sound.playout.add(KEY, piece, len(piece) / pcm.MULAW_BYTES_PER_MS)
        frames += [sound.tick(missed) for missed in stretch.ticks]
    if complete:
        sound.playout.complete(KEY)
        frames.append(sound.tick(0))
    (heard,) = sound.playout.interrupt() or sound.playout.take_finished()
    # No piece has digital silence in it: what is left are the last samples that went out.
    spoken = [frame.rstrip(pcm.MULAW_SILENCE_FRAME) for frame in frames]
    last = next((frame for frame in reversed(spoken) if frame), b"")
    end = answer.rfind(last) + len(last) if last else 0
    assert abs(heard.heard_ms - end / pcm.MULAW_BYTES_PER_MS) <= pcm.FRAME_MS
    assert heard.heard_ms <= heard.received_ms
