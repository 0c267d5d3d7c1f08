"""Who owns tasks, who hears their death, and how things stop."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from opendeep.common.errors import UnavailableError
from opendeep.common.lifecycle import Nursery, Supervisor, finish_within, wait_event


class ScriptedService:
    """A service whose runs end as scripted: an error is raised, None runs until stop."""

    name = "scripted"

    def __init__(self, *endings: BaseException | None) -> None:
        self._endings = list(endings)
        self._stop = asyncio.Event()
        self.runs = 0
        self.steady = asyncio.Event()

    async def run(self) -> None:
        """End as scripted."""
        self.runs += 1
        ending = self._endings.pop(0) if self._endings else None
        if ending is not None:
            raise ending
        self.steady.set()
        await self._stop.wait()

    def stop(self) -> None:
        """Let run return."""
        self._stop.set()


async def test_wait_event_tells_whether_it_was_set():
    """wait_event returns True for a set event and False after its time."""
    event = asyncio.Event()

    assert await wait_event(event, 0) is False
    event.set()
    assert await wait_event(event, 0) is True


async def test_nursery_hears_a_child_die_and_siblings_go_on():
    """A failing child is told to on_failure while its sibling finishes its work."""
    deaths: list[str] = []
    finished = asyncio.Event()

    async def fail() -> None:
        raise ValueError

    async def work() -> None:
        await asyncio.sleep(0)
        finished.set()

    async with Nursery("n", on_failure=lambda name, _error: deaths.append(name)) as nursery:
        nursery.start(fail(), name="bad")
        nursery.start(work(), name="good")
        await finished.wait()

    assert deaths == ["n:bad"]
    assert len(nursery) == 0


async def test_nursery_cancels_what_still_runs_when_left():
    """Leaving a nursery without grace ends its children."""
    async with Nursery("n") as nursery:
        task = nursery.start(_hang(), name="forever")
        await asyncio.sleep(0)

    assert task.cancelled()


async def test_nursery_gives_children_grace():
    """With grace, children that end in time are not cancelled."""
    done: list[int] = []

    async def work() -> None:
        await asyncio.sleep(0)
        done.append(1)

    async with Nursery("n", grace_seconds=5) as nursery:
        nursery.start(work(), name="w")

    assert done == [1]


async def test_closed_nursery_takes_no_work():
    """Starting work in a nursery that is not open is a programming error."""
    nursery = Nursery("n")

    with pytest.raises(RuntimeError, match="closed"):
        nursery.start(asyncio.sleep(0), name="late")


async def test_finish_within_survives_cancellation():
    """The last write ends although its caller is cancelled, and the cancellation is kept."""
    wrote: list[str] = []
    started = asyncio.Event()
    proceed = asyncio.Event()

    async def write() -> None:
        started.set()
        await proceed.wait()
        wrote.append("saved")

    async with Nursery("n") as nursery:
        task = nursery.start(_finish(write()), name="writer")
        await started.wait()
        task.cancel()
        await asyncio.sleep(0)
        proceed.set()
        await asyncio.wait({task})

    assert wrote == ["saved"]
    assert task.cancelled()


async def _finish(work: Coroutine[Any, Any, None]) -> None:
    await finish_within(5, work, name="write")


async def test_finish_within_gives_up_after_its_time():
    """A last write that hangs is cancelled and reported as not done."""
    assert await finish_within(0.01, _hang(), name="hang") is False


async def test_finish_within_reports_an_error():
    """A last write that fails is reported as not done."""

    async def fail() -> None:
        raise ValueError

    assert await finish_within(1, fail(), name="fail") is False


async def _hang() -> None:
    await asyncio.Event().wait()


async def test_supervisor_restarts_a_failed_service(monkeypatch: pytest.MonkeyPatch):
    """A service that fails runs again, and stop ends it."""
    monkeypatch.setattr("opendeep.common.lifecycle._RESTART_FIRST_SECONDS", 0.0)
    service = ScriptedService(UnavailableError("away"), ValueError("bug"))
    supervisor = Supervisor([service])

    async with Nursery("test") as nursery:
        task = nursery.start(supervisor.run(), name="supervisor")
        await service.steady.wait()
        supervisor.stop()
        supervisor.stop()
        await asyncio.wait({task})

    assert task.done()
    assert service.runs == 3
    assert supervisor.failing == {}
