"""A process killed at each named moment of a call, once; ``make long`` does it fifty times."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

ROOT = Path(__file__).parent.parent.parent


def test_whoever_dies_where_nobody_is_dialled_twice() -> None:
    """At each of thirteen points: one ring at most, no task lost, no fate guessed."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos.crashes", "--runs", "1"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "13 of 13 runs kept every promise" in done.stdout
