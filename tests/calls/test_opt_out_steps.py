"""Whoever asks not to be called is not dialled, whichever step the task had reached by then."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from opendeep.call_processor_service.call_pace import CallPace, Token
from opendeep.common.clock import Clock, LoopClock
from opendeep.common.data_models import CallStatus, CampaignPlan, TaskStatus
from opendeep.common.errors import UnavailableError
from opendeep.common.ids import CallId, UserId
from opendeep.common.ports import CallMediaConfig
from opendeep.database.models import Task
from opendeep.database.repositories import Calls, DndList, SystemUsers, Tasks
from opendeep.database.transaction import Transaction
from opendeep.task_manager import do_not_call
from opendeep.task_manager.call_desk import CallDesk
from opendeep.task_manager.dial_gate import DialRules, PolicyDialGate
from opendeep.task_manager.feedback_manager_svc import FeedbackConfig, FeedbackManagerService
from opendeep.task_manager.opt_out_spool import OptOut, OptOutSpool
from opendeep.task_manager.orchestrator_svc import OrchestratorService
from opendeep.task_manager.task_scheduler_svc import SchedulerConfig, TaskSchedulerService
from tests.calls.call_world import NUMBER, CallWorld, ScriptedMedia
from tests.calls.test_attempt_faults import FailingDatabase

THRESHOLD = 3
PLAN = CampaignPlan.model_validate(
    {
        "title": "Time",
        "goal": "Ask for the time",
        "tasks": [
            {
                "title": "Ask",
                "phone_number": NUMBER,
                "goal": "Ask for the time",
                "success_criteria": "The time is told",
                "sources": [{"field": "phone_number", "from": "user", "reference": "typed"}],
            }
        ],
    }
)

Lister = Callable[[CallWorld, UserId], Awaitable[None]]


async def by_user(world: CallWorld, user_id: UserId) -> None:
    """Let the user list the number."""
    async with world.database.transaction() as tx:
        await do_not_call.list_number(tx, user_id, NUMBER, "asked", added_by="user")


async def by_import(world: CallWorld, user_id: UserId) -> None:
    """Import a list that names it."""
    await do_not_call.import_csv(world.database, user_id, f"phone_number\n{NUMBER}\n")


async def by_another_call(world: CallWorld, _user_id: UserId) -> None:
    """Let the callee say it in a call of another of the user's tasks."""
    other = await world.reserve()
    await world.set_call(other.call, CallStatus.IN_PROGRESS, node="another")
    feedback = FeedbackManagerService(world.database, world.bus, world.clock, FeedbackConfig())
    desk = CallDesk(world.database, feedback)
    await desk.mark_do_not_call(other.call.id, "never again", found_by="phrases")


async def by_an_analysis(world: CallWorld, user_id: UserId) -> None:
    """Find it out afterwards, as the analysis does: the number is listed and no more."""
    async with world.database.transaction() as tx:
        await DndList(tx, user_id).add(NUMBER, "asked")


async def by_everybody(world: CallWorld, _user_id: UserId) -> None:
    """Let as many other accounts list the number as it takes for all."""
    async with world.database.transaction() as tx:
        for name in ("bea", "cem", "dan")[:THRESHOLD]:
            other = await SystemUsers(tx).ensure(name)
            await do_not_call.list_number(tx, other.id, NUMBER, "asked", added_by="user")


LISTERS = {
    "user": by_user,
    "import": by_import,
    "another call": by_another_call,
    "analysis": by_an_analysis,
    "everybody": by_everybody,
}
LATE_STEPS = ("policy asked", "reserved", "prepared", "sent")
STEPS = ("planned", "confirmed", "claimed", *LATE_STEPS)


class OneStep:
    """Lets somebody opt out at one step of the way, once; the way's joints call it by name."""

    def __init__(self, step: str, opt_out: Callable[[], Awaitable[None]]) -> None:
        self._step = step
        self._opt_out = opt_out
        self.done = False

    async def at(self, step: str) -> None:
        """Opt out here, if this is the step."""
        if step == self._step and not self.done:
            self.done = True
            await self._opt_out()

    def after(self, step: str) -> None:
        """Opt out as soon as the transaction that runs is over: the next in its turn."""
        self._later = asyncio.get_running_loop().create_task(self.at(step))


class SteppedGate(PolicyDialGate):
    """The policy, with a step after each of its two permissions."""

    def __init__(self, rules: DialRules, way: OneStep) -> None:
        super().__init__(rules)
        self._way = way

    async def check(self, tx: Transaction, task: Task, call_id: CallId | None = None) -> str | None:
        """Ask the policy."""
        refusal = await super().check(tx, task, call_id)
        if refusal is None:
            self._way.after("policy asked" if call_id is None else "reserved")
        return refusal


class SteppedMedia(ScriptedMedia):
    """Media, with a step while it is prepared."""

    def __init__(self, way: OneStep) -> None:
        super().__init__()
        self._way = way

    async def prepare(self, config: CallMediaConfig) -> str:
        """Expect the call."""
        await asyncio.sleep(0.01)  # What was said a moment ago is written by now.
        await self._way.at("prepared")
        return await super().prepare(config)


class LatePace(CallPace):
    """A pace whose first token has passed once it is committed, as on a machine that stood still.

    After it, there is none for ``pause`` tries.
    """

    def __init__(self, way: OneStep | None = None, *, pause: int = 2) -> None:
        super().__init__()
        self._way = way
        self._pause = pause
        self._taken = 0

    async def take(self, tx: Transaction, clock: Clock) -> Token | None:
        """Give a token that is late at first, then none for a while, then good ones."""
        self._taken += 1
        token = await super().take(tx, clock)
        if self._taken == 1 and token is not None:
            if self._way is not None:
                self._way.after("sent")
            return replace(token, until=clock.precise() - 1)
        return None if self._taken <= 1 + self._pause else token


@pytest.fixture
async def world(story_clock: LoopClock) -> AsyncIterator[CallWorld]:
    """Return a world whose Asterisk is connected."""
    async with CallWorld(story_clock).open() as opened:
        yield opened


async def run_all(world: CallWorld, gate: PolicyDialGate, seconds: float) -> None:
    """Let the scheduler and an initiator work for some virtual seconds."""
    scheduler = TaskSchedulerService(
        SchedulerConfig(), database=world.database, bus=world.bus, gate=gate
    )
    initiator = world.initiator()
    running = [
        world.nursery.start(service.run(), name=service.name) for service in (scheduler, initiator)
    ]
    await asyncio.sleep(seconds)
    scheduler.stop()
    initiator.stop()
    await asyncio.gather(*running)


@pytest.mark.parametrize("lister", LISTERS)
@pytest.mark.parametrize("step", STEPS)
async def test_an_opt_out_at_any_step_stops_the_dial(
    world: CallWorld, step: str, lister: str
) -> None:
    """Between plan and dial, whoever says it and when: nothing is sent, the task is cancelled."""
    user = await world.add_user()
    way = OneStep(step, lambda: LISTERS[lister](world, user.id))
    gate = SteppedGate(DialRules(enforce_hours=False, global_dnd_threshold=THRESHOLD), way)
    world.ports = replace(world.ports, media=SteppedMedia(way), number_gate=gate)
    world.config = replace(world.config, pace=LatePace(way))
    world.gate = gate  # type: ignore[assignment]

    await way.at("planned")
    plan = await OrchestratorService(world.database).execute_plan(user.id, PLAN)
    await way.at("confirmed")
    if step == "claimed":
        await world.queue()
        await way.at("claimed")
    # What was refused after its reservation is looked at again after half a minute.
    await run_all(world, gate, 33 if step in LATE_STEPS else 3)

    assert way.done
    assert world.peer.asked("Originate") == []
    async with world.database.transaction() as tx:
        task = await Tasks(tx, user.id).get(plan.task_ids[0])
        calls = await Calls(tx, user.id).for_task(task.id)
    assert (task.status, task.current_attempt_count, calls) == (TaskStatus.CANCELLED_DND, 0, [])


async def test_nobody_opts_out(world: CallWorld) -> None:
    """The same way without an opt-out dials once: the steps themselves stop nothing."""
    user = await world.add_user()
    way = OneStep("never", lambda: by_user(world, user.id))
    gate = SteppedGate(DialRules(enforce_hours=False, global_dnd_threshold=THRESHOLD), way)
    world.ports = replace(world.ports, media=SteppedMedia(way), number_gate=gate)
    world.config = replace(world.config, pace=LatePace(way))
    world.gate = gate  # type: ignore[assignment]
    await OrchestratorService(world.database).execute_plan(user.id, PLAN)
    await run_all(world, gate, 3)
    assert len(world.peer.asked("Originate")) == 1


@pytest.mark.parametrize("step", ["planned", "claimed", "prepared"])
async def test_an_opt_out_that_only_the_disk_knows_stops_the_dial(
    world: CallWorld, step: str, tmp_path: Path
) -> None:
    """Heard by a process that ended while the database was away, it is obeyed by every other."""
    spool = OptOutSpool(tmp_path, world.database, world.clock)
    user = await world.add_user()
    other = await world.reserve()
    await world.set_call(other.call, CallStatus.IN_PROGRESS, node="another")

    async def hear_and_end() -> None:
        away = FailingDatabase(world.database)
        away.away = True
        wish = OptOut(call_id=other.call.id, words="never again", found_by="phrases")
        with pytest.raises(UnavailableError):
            await OptOutSpool(tmp_path, away, world.clock).note(wish)

    way = OneStep(step, hear_and_end)
    gate = SteppedGate(DialRules(enforce_hours=False), way)
    world.ports = replace(world.ports, media=SteppedMedia(way), number_gate=gate, opt_outs=spool)
    world.gate = gate  # type: ignore[assignment]
    await way.at("planned")
    plan = await OrchestratorService(world.database).execute_plan(user.id, PLAN)
    if step == "claimed":
        await world.queue()
        await way.at("claimed")
    await run_all(world, gate, 33)
    assert way.done
    assert world.peer.asked("Originate") == []
    async with world.database.transaction() as tx:
        task = await Tasks(tx, user.id).get(plan.task_ids[0])
    assert task.status is TaskStatus.CANCELLED_DND
    assert await asyncio.to_thread(os.listdir, tmp_path) == []


async def test_an_attempt_held_up_before_originate_is_given_back(world: CallWorld) -> None:
    """Too late to be written, an attempt is not counted, leaves no row, and is due again."""
    world.config = replace(world.config, pace=LatePace(pause=600))
    task = await world.add_task()
    gate = PolicyDialGate(DialRules(enforce_hours=False))
    await run_all(world, gate, 12)
    held = await world.task(task)
    assert (held.status, held.current_attempt_count) == (TaskStatus.PENDING, 0)
    assert held.status_reason == "It was not dialled: OpenDeep was held up."
    assert (await world.calls_of(task), world.peer.asked("Originate")) == ([], [])
    await run_all(world, gate, 35)
    [call] = await world.calls_of(task)
    assert (call.attempt_number, len(world.peer.asked("Originate"))) == (1, 1)
