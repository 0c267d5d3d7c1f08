"""The tone that a waiting callee hears."""

from opendeep.audio_processing_service import pcm
from opendeep.audio_processing_service.waiting_tone import PEAK_DBFS, waiting_tone


def test_it_is_soft_and_made_of_whole_frames() -> None:
    """A round is whole frames, mostly silence, and never loud."""
    sound = waiting_tone()
    assert len(sound) % pcm.FRAME_SAMPLES == 0
    frames = [sound[at : at + 160] for at in range(0, len(sound), pcm.FRAME_SAMPLES)]
    loudness = [pcm.energy_dbfs(frame) for frame in frames]
    assert PEAK_DBFS - 6 < max(loudness) < PEAK_DBFS
    assert frames.count(pcm.MULAW_SILENCE_FRAME) > len(frames) / 2
