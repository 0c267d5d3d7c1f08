"""What the benchmark of the second agent prints."""

from benchmarks import consult


def test_the_longest_silence() -> None:
    """It lies between what either side said, whoever spoke, and notes are no speech."""
    lines = [
        {"speaker": "callee", "start_ms": 500, "end_ms": 2000},
        {"speaker": "system", "start_ms": 3000, "end_ms": 3000},
        {"speaker": "ai", "start_ms": 4500, "end_ms": 6000},
        {"speaker": "callee", "start_ms": 5000, "end_ms": 5400},
        {"speaker": "ai", "start_ms": 8000, "end_ms": 9000},
    ]
    assert consult.longest_silence_ms(lines) == 2500
    assert consult.longest_silence_ms([]) == 0
