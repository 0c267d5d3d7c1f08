"""The print of a recording: the same one is known again, another one is not."""

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opendeep.audio_processing_service.sound_print import alike, difference, print_of
from opendeep.practice.exchange_sounds import load_clips

MS = 8
CLIPS = {name: clip.mulaw for name, clip in load_clips().items() if len(clip.mulaw) > 2000 * MS}
NAMES = sorted(CLIPS)[::4]


@pytest.mark.parametrize("name", NAMES)
def test_the_same_recording_is_known_again(name: str) -> None:
    """Heard a moment later, with a lost and a doubled frame, it is the same."""
    first = print_of(CLIPS[name][: 1600 * MS])
    for late_ms in (7, 61, 98):
        later = CLIPS[name][late_ms * MS : (late_ms + 1600) * MS]
        assert alike(first, print_of(later))
        assert alike(first, print_of(later[:3200] + later[3360:8000] + later[7840:]))


def test_other_recordings_are_others() -> None:
    """Of all pairs of clips none that begins with other words is taken for the same."""
    texts = {name: clip.text for name, clip in load_clips().items()}
    prints = {name: print_of(CLIPS[name][: 1600 * MS]) for name in NAMES}
    for one, other in combinations(NAMES, 2):
        if texts[one][:20] != texts[other][:20]:
            assert not alike(prints[one], prints[other])


@settings(max_examples=30)
@given(st.binary(max_size=9000), st.binary(max_size=300))
def test_any_sound_has_a_print(mulaw: bytes, other: bytes) -> None:
    """Too short a sound has an empty print, which is like nothing; junk is like nothing either."""
    found = print_of(mulaw)
    assert bool(found) == (len(mulaw) >= 1024 + 40 * 128)
    assert 0.0 <= difference(found, other) <= 1.0
    assert not alike(b"", found)
