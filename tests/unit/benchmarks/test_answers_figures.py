"""How the benchmark of answers counts and makes its clips."""

import numpy as np

from benchmarks.answers import Clip, figures, sit, tones, varied


def clip(kind: str) -> Clip:
    """Return a clip of this kind."""
    return Clip(kind=kind, name="x", signal=np.zeros(8000), first_end_ms=500, held_out=True)


def test_persons_and_machines_are_counted_apart() -> None:
    """A person who is taken for a machine is the error that counts; a doubt is none."""
    found = figures(
        [
            (clip("person"), "person", 600),
            (clip("person"), "voicemail", 900),
            (clip("person"), "unknown", 0),
            (clip("menu"), "menu", 1000),
            (clip("menu"), "person", 700),
        ]
    )
    assert found["clips"] == 5
    assert found["person_taken_for_machine"] == 0.3333
    assert found["machine_known"] == 0.5
    assert found["undecided"] == 1
    assert found["confusion"]["menu"] == {"menu": 1, "person": 1}
    assert found["decision_ms"]["max"] == 1000


def test_a_varied_voicemail_has_its_beep() -> None:
    """A variation keeps the kind, ends in silence, and is no louder than a telephone."""
    rng = np.random.default_rng(3)
    made = varied("voicemail", "x", [tones(2.0, 300)], rng, held_out=False)
    assert made.kind == "voicemail"
    assert 2000 < made.first_end_ms < 4000
    assert len(made.signal) / 8 > made.first_end_ms + 4000
    assert np.abs(made.signal).max() <= 32_000
    assert 0.9 < len(sit(rng)) / 8000 < 1.2
