"""The short form of ``benchmarks/days.py``: five days of eight users, with all that fails."""

from datetime import timedelta

import pytest

from benchmarks.days import good, run
from benchmarks.days_rig.world import Size


@pytest.mark.timeout(120)
async def test_no_task_is_forgotten_in_five_days() -> None:
    """Each task ends or has a next step, no rule of the rows is broken, tokens hold."""
    came = await run(Size(days=5, users=8, tasks=6, seed=1, step=timedelta(minutes=30)))
    assert good(came), came["examples"]
    assert came["calls"] > 30
    assert sum(came["outages"].values()) > 1
    assert came["oversight"]
