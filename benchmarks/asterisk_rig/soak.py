"""Thousands of real calls of every kind in one run, and what must be true afterwards."""

import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.asterisk_rig import child, machine, manager, rows
from benchmarks.asterisk_rig.outcomes import Outcome, mixture
from opendeep.database.tables import LIVE_STATUSES
from tests.integration.asterisk.servers import ExchangePair, RealAsterisk

WARM_CALLS = 200
MUST_BE_NONE = (
    "misclassified",
    "slots_leaked",
    "channels_left",
    "not_once_at_the_far_end",
    "voice_sessions_left",
)
"""The figures that must be 0."""
_VOICE_TASK = "_auto_ping_loop"
"""A task that lives as long as a connection to the voice service does."""
_START_SECONDS = 30.0
_MOST_SECONDS_A_CALL = 12.0
_GONE_SECONDS = 5.0
_SAMPLES_NEEDED = 8

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class SoakPlan:
    """How much, how fast.

    Attributes:
        per_second: how many calls may begin in a second.
        trace: have Python's memory traced (slow), to find what leaks.
        keep: where logs stay; None for nowhere.
    """

    calls: int = 2000
    at_once: int = 50
    per_second: float = 25.0
    ring_seconds: float = 4.0
    trace: bool = False
    keep: Path | None = None


@dataclass(slots=True, kw_only=True)
class _Memory:
    """OpenDeep's memory as the calls went by: (finished calls, KB, Python's blocks)."""

    samples: list[tuple[int, int, int]]

    def per_1000_calls(self, column: int, until: int) -> float | None:
        """Return the slope of a column, by least squares, once OpenDeep was warm."""
        used = [one for one in self.samples if WARM_CALLS <= one[0] <= until]
        if len(used) < _SAMPLES_NEEDED or used[-1][0] == used[0][0]:
            return None
        found = np.polyfit([one[0] for one in used], [one[column] for one in used], 1)
        return round(float(found[0]) * 1000, 1)

    def some_mb(self) -> list[float]:
        """Return the memory at a dozen moments, first to last."""
        step = max(1, len(self.samples) // 12)
        return [round(kilobytes / 1024, 1) for _, kilobytes, _ in self.samples[::step]]


def run(pair: ExchangePair, plan: SoakPlan, *, tell: Tell) -> dict[str, Any]:
    """Place the calls through a running pair of Asterisks, and judge each of them.

    Raises:
        TimeoutError: the calls do not come to an end; the message says how far they came.
    """
    outcomes = mixture(plan.calls)
    numbers = rows.fictional_numbers([one.dd for one in outcomes])
    with ExitStack() as stack:
        folder = plan.keep
        if folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="opendeep-soak-")))
        path = folder / "opendeep.db"
        tasks = rows.create(f"sqlite:///{path}", numbers)
        witness = manager.Witness()
        stack.enter_context(
            manager.logged_in(pair.network.ami_port, "witness", pair.secret, witness.hear)
        )
        peer = stack.enter_context(child.running(_peer(), folder / "peer.log"))
        url = f"ws://127.0.0.1:{peer.line().split()[1]}/v1/realtime"
        config = _config(pair, plan, path, url, dict(zip(tasks, outcomes, strict=True)))
        command = child.module("product", config)
        product = stack.enter_context(child.running(command, folder / "opendeep.log"))
        began = time.monotonic()
        memory, last = _watch(product, plan, tell)
        seconds = time.monotonic() - began
        files = machine.open_files(product.pid) if product.process.poll() is None else 0
        left = {one.name: _channels_left(one) for one in (pair.pbx, pair.network)}
        product.process.wait(_START_SECONDS)
        calls = rows.read_calls(path)
    wrong = judge(calls, outcomes, witness)
    for line in wrong[:50]:
        tell(line)
    return {
        "calls": plan.calls,
        "at_once": plan.at_once,
        "seconds": round(seconds, 1),
        "outcomes": dict(Counter(one.name for one in outcomes)),
        "misclassified": len(wrong),
        "wrong": wrong[:20],
        "slots_leaked": sum(one["status"] in set(LIVE_STATUSES) for one in calls)
        + last["handlers"]
        + last["prepared"],
        "channels_left": sum(left.values()),
        "not_once_at_the_far_end": sum(
            witness.came().get(number.removeprefix("+"), 0) != 1 for number in numbers
        ),
        "calls_at_the_far_end": sum(witness.came().values()),
        "memory_kb_per_1000_calls": memory.per_1000_calls(1, plan.calls - plan.at_once),
        "blocks_per_1000_calls": memory.per_1000_calls(2, plan.calls - plan.at_once),
        "memory_mb": memory.some_mb(),
        "voice_sessions_left": sum(_VOICE_TASK in name for name in last["tasks"]),
        "open_files_left": files,
        "refusals": last["refusals"],
        "tasks_left": len(last["tasks"]),
        **{key: last[key] for key in ("traced_kb", "most") if key in last},
    }


def judge(
    calls: Sequence[dict[str, Any]], outcomes: Sequence[Outcome], witness: manager.Witness
) -> list[str]:
    """Compare each call's row with its callee and with what the network saw; say what is wrong."""
    attempts = Counter(row["task_id"] for row in calls)
    by_task = {row["task_id"]: row for row in calls}
    answered, causes, came = witness.answered(), witness.causes(), witness.came()
    wrong = []
    for row, outcome in zip(by_task.values(), outcomes, strict=True):
        number = row["phone_number"].removeprefix("+")
        found = (
            row["status"],
            row["cause"],
            row["answered_at"] is not None,
            attempts[row["task_id"]],
        )
        if found != ("ended", outcome.cause.value, outcome.answered, 1):
            wrong.append(f"{number} ({outcome.name}): {found}")
        elif (number in answered, came.get(number)) != (outcome.answered, 1):
            wrong.append(
                f"{number} ({outcome.name}): the network saw it {came.get(number)} times, "
                f"answered: {number in answered}"
            )
        elif causes.get(number) not in outcome.network_causes:
            wrong.append(f"{number} ({outcome.name}): the network's cause {causes.get(number)}")
    return wrong


def _peer() -> list[str]:
    words = ("--port", "0", "--mode", "speak", "--speak-ms", "2000", "--listen-ms", "1000")
    return [sys.executable, "-m", "benchmarks.realtime_server", *words]


def _config(
    pair: ExchangePair, plan: SoakPlan, path: Path, url: str, tasks: dict[int, Outcome]
) -> dict[str, Any]:
    return {
        "database": f"sqlite:///{path}",
        "ami": {
            "host": "127.0.0.1",
            "port": pair.ami_port,
            "username": pair.username,
            "secret": pair.secret,
        },
        "template": pair.template,
        "realtime_url": url,
        "at_once": plan.at_once,
        "per_second": plan.per_second,
        "ring_seconds": plan.ring_seconds,
        "trace": plan.trace,
        "total": plan.calls,
        "refused": [task for task, outcome in tasks.items() if outcome.refused],
        "ends": {
            task: (outcome.seconds, outcome.cause.value)
            for task, outcome in tasks.items()
            if outcome.seconds is not None
        },
    }


def _watch(product: child.Child, plan: SoakPlan, tell: Tell) -> tuple[_Memory, dict[str, Any]]:
    """Follow OpenDeep to its last line."""
    memory = _Memory(samples=[])
    deadline = time.monotonic() + _START_SECONDS + plan.calls * _MOST_SECONDS_A_CALL / plan.at_once
    told = 0
    facts: dict[str, Any] = {}
    while time.monotonic() < deadline:
        facts = json.loads(product.line(_START_SECONDS))
        if "over" in facts:
            return memory, facts
        finished = facts["finished"]
        sample = (finished, machine.rss_kb(product.pid), facts["blocks"])
        memory.samples.append(sample)
        if finished >= told + WARM_CALLS:
            told = finished
            tell(f"{finished} calls over, {facts['live']} under way, {sample[1] // 1024} MB")
    raise TimeoutError(f"The calls do not come to an end: {facts}")


def _channels_left(server: RealAsterisk) -> int:
    """Count the channels once calls have had the time to go; 0 is as it must be."""
    deadline = time.monotonic() + _GONE_SECONDS
    while (left := server.channels()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return left
