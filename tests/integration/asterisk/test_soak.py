"""Two hundred real calls of every kind: the short form of ``benchmarks/asterisk_calls.py soak``."""

import os
import shutil
import sys

import pytest

from benchmarks.asterisk_rig import soak
from tests.integration.asterisk.servers import ExchangePair

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]


def test_calls_of_every_kind_end_as_they_must_and_leave_nothing(exchange: ExchangePair) -> None:
    """Each row says what its callee did and what the network saw, once; nothing is held after."""
    if shutil.which("cc") is None and os.environ.get("CI") != "true":
        pytest.skip("The Realtime server for load needs a C compiler: apt-get install -y gcc")
    plan = soak.SoakPlan(calls=200, at_once=25)
    found = soak.run(exchange, plan, tell=sys.stderr.write)
    assert found["wrong"] == []
    assert {name: found[name] for name in soak.MUST_BE_NONE} == dict.fromkeys(soak.MUST_BE_NONE, 0)
    assert found["calls_at_the_far_end"] == plan.calls
