"""Users, their tasks, an exchange and the real services, moved on together in virtual time."""

import heapq
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

from benchmarks.days_rig.outages import FlakyDatabase, MovedClock, Outages
from benchmarks.days_rig.rules_of_rows import watch
from benchmarks.days_rig.talks import SimulatedModel, choose, lines_of
from opendeep.call_processor_service.attempt_end import AttemptEnd
from opendeep.call_processor_service.attempt_report import end_call, release_unsent
from opendeep.call_processor_service.attempt_states import EndFacts
from opendeep.call_processor_service.call_ports import Attempt
from opendeep.call_processor_service.reservation import CallLimits, Reservations
from opendeep.campaign_summarizer_service.campaign_summarizer_svc import CampaignSummarizerService
from opendeep.common.data_models import (
    CallCause,
    CallStatus,
    CampaignPlan,
    FeedbackStatus,
    PlanTask,
)
from opendeep.common.errors import ConflictError, InvalidInputError, UnavailableError
from opendeep.common.event_bus import InProcessEventBus
from opendeep.common.ids import UserId
from opendeep.common.ports import SpokenLine
from opendeep.database.engine import MemoryDatabase
from opendeep.database.models import Task
from opendeep.database.repositories import (
    Calls,
    Campaigns,
    FeedbackRequests,
    SystemCalls,
    SystemUsers,
    TaskActionLog,
    Tasks,
    Transcripts,
)
from opendeep.post_call_analyzer_service.analysis_svc import PostCallAnalyzerService
from opendeep.task_manager.dial_gate import PolicyDialGate
from opendeep.task_manager.dial_inputs import DialRules
from opendeep.task_manager.feedback_manager_svc import FeedbackConfig, FeedbackManagerService
from opendeep.task_manager.oversight import OversightConfig
from opendeep.task_manager.oversight_acts import OversightActions
from opendeep.task_manager.task_actions import CampaignActions, TaskActions
from opendeep.task_manager.task_lifecycle_manager_svc import (
    LifecycleConfig,
    TaskLifecycleManagerService,
)
from opendeep.task_manager.task_scheduler_svc import SchedulerConfig, TaskSchedulerService

START: Final = datetime(2026, 11, 30, 8, tzinfo=UTC)
_CALLS_AT_ONCE: Final = 20
_CALLS_PER_USER: Final = 3
_SELDOM: Final = 0.01
_OFTEN: Final = 0.25
_AREAS: Final = ("212", "415", "312", "617", "303", "305", "206", "404", "512", "702", "602", "503")
_ANSWERS: Final = (
    "Yes, go on.",
    "Take it.",
    "Friday would do.",
    "stop",
    "Thursday afternoon, please.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much of everything."""

    days: int = 30
    users: int = 50
    tasks: int = 20
    seed: int = 1
    step: timedelta = timedelta(minutes=15)
    tokens_per_day: int = 20_000


@dataclass
class World:
    """All that runs; ``database`` is the one that fails at times, ``rows`` the same without."""

    size: Size
    random: Random
    clock: MovedClock
    outages: Outages
    rows: MemoryDatabase
    database: FlakyDatabase
    model: SimulatedModel
    users: list[UserId] = field(default_factory=list)
    on_the_phone: list[tuple[datetime, int, Attempt]] = field(default_factory=list)
    to_answer: dict[int, datetime] = field(default_factory=dict)
    counted: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        """Make the services over the failing database."""
        bus, database, clock = InProcessEventBus(), self.database, self.clock
        gate = PolicyDialGate(DialRules())
        # A step has one round of dialling: a longer one makes as many calls as several short ones.
        shares = max(round(self.size.step / timedelta(minutes=15)), 1)
        at_once, per_user = _CALLS_AT_ONCE * shares, _CALLS_PER_USER * shares
        limits = CallLimits(
            max_concurrent_calls=at_once,
            max_concurrent_calls_per_user=per_user,
            calls_per_second=100.0,
        )
        self.scheduler = TaskSchedulerService(
            SchedulerConfig(
                max_concurrent_calls=at_once,
                max_concurrent_calls_per_user=per_user,
                claimed_by="simulated",
            ),
            database=database,
            bus=bus,
            gate=gate,
        )
        self.reservations = Reservations(database, gate, limits)
        self.analyzer = PostCallAnalyzerService(
            database=database, bus=bus, model=self.model, clock=clock
        )
        self.lifecycle = TaskLifecycleManagerService(
            database=database,
            bus=bus,
            clock=clock,
            model=self.model,
            config=LifecycleConfig(
                look_seconds=3600.0,
                oversight=OversightConfig(tokens_per_day=self.size.tokens_per_day),
            ),
        )
        self.summarizer = CampaignSummarizerService(
            database=database, bus=bus, model=None, clock=clock
        )
        self.feedback = FeedbackManagerService(database, bus, clock, FeedbackConfig())
        self.tasks = TaskActions(database, bus, clock)
        self.campaigns = CampaignActions(database, self.tasks)
        self.oversight = OversightActions(database)

    async def attempt(self, work: Callable[[], Awaitable[object]]) -> None:
        """Do a part of a step as its service does it: a failure waits for the next step."""
        try:
            await work()
        except UnavailableError:
            self.counted["rounds_failed"] += 1

    async def step(self) -> None:
        """Let the step's time pass, and everybody do one round."""
        self.clock.move(self.size.step)
        self.outages.step(self.clock.now(), self.size.step)
        for work in (
            self._end_calls,
            self._analyse,
            self.lifecycle.oversee_once,
            self._people,
            self.feedback.cancel_abandoned,
            self.scheduler.schedule_once,
            self._dial,
            self._analyse,
            self.summarizer.finish_campaigns,
        ):
            await self.attempt(work)

    async def _dial(self) -> None:
        """Take queued tasks as the initiator does; now and then it dies before it sends."""
        now = self.clock.now()
        while not self.outages.away("exchange", now):
            attempt = await self.reservations.reserve()
            if attempt is None:
                return
            if self.random.random() < _SELDOM:
                async with self.database.transaction() as tx:
                    await release_unsent(
                        tx, attempt.call, reason="The process was stopped.", retry_seconds=60
                    )
                continue
            ends = now + timedelta(minutes=self.random.choice([1, 2, 10]))
            heapq.heappush(self.on_the_phone, (ends, self.counted["calls"], attempt))
            self.counted["calls"] += 1

    async def _end_calls(self) -> None:
        """End the calls whose time is over; an end that could not be written is written later."""
        while self.on_the_phone and self.on_the_phone[0][0] <= self.clock.now():
            _, _, attempt = self.on_the_phone[0]
            await self._end(attempt)
            heapq.heappop(self.on_the_phone)

    async def _end(self, attempt: Attempt) -> None:
        talk = choose(self.random)
        call = attempt.call
        lines = lines_of(talk)
        async with self.database.transaction() as tx:
            transcripts = Transcripts(tx, call.user_id)
            for number, (speaker, words) in enumerate(lines):
                at = number * 3000
                line = SpokenLine(speaker=speaker, text=words, start_ms=at, end_ms=at + 2500)
                await transcripts.append(call.id, line)
            begun = call.created_at
            await Calls(tx, call.user_id).change(
                call.id,
                expected=set(CallStatus),
                started_at=begun,
                answered_at=begun if lines else None,
            )
            facts = EndFacts(answered=bool(lines), rang=True, hangup_cause=16)
            lost = talk.cause is CallCause.LOST
            await end_call(tx, call, AttemptEnd(cause=talk.cause, facts=facts, lost=lost))

    async def _analyse(self) -> None:
        """Claim and judge what is over, as the analyzer's loop does; now and then one dies."""
        while True:
            async with self.database.transaction() as tx:
                claimed = await SystemCalls(tx).claim_for_analysis(
                    now=self.clock.now(), claimed_by="simulated", limit=8, lease_seconds=120
                )
            if not claimed:
                return
            for call in claimed:
                if self.random.random() > _SELDOM:
                    await self.analyzer.analyse_call(call)

    async def _people(self) -> None:
        """Let users answer after hours or days, or never, and change their minds at times."""
        for user_id in self.users:
            if self.random.random() < _OFTEN:
                await self._answer(user_id)
            if self.random.random() < _SELDOM:
                await self._meddle(user_id)

    async def _answer(self, user_id: UserId) -> None:
        now = self.clock.now()
        async with self.database.transaction() as tx:
            asked = (await FeedbackRequests(tx, user_id).list(FeedbackStatus.PENDING)).items
        for one in asked:
            wait = timedelta(hours=self.random.choice([1, 5, 30, 24 * 60]))
            if now < self.to_answer.setdefault(one.id, now + wait):
                continue
            try:
                await self.feedback.answer(user_id, one.id, self.random.choice(_ANSWERS))
                self.counted["answers"] += 1
            except (ConflictError, InvalidInputError):
                self.counted["answers_refused"] += 1

    async def _meddle(self, user_id: UserId) -> None:
        async with self.database.transaction() as tx:
            tasks = (await Tasks(tx, user_id).list(limit=200)).items
        task = self.random.choice(tasks)
        later = self.clock.now() + timedelta(days=self.random.randint(1, 6))
        choice = self.random.choice(
            ["hold", "park", "resume", "retry", "cancel", "pause", "unpause", "unpause", "undo"]
        )
        try:
            await self._do(choice, user_id, task, later)
            self.counted[f"user_{choice}"] += 1
        except ConflictError:
            self.counted["user_refused"] += 1

    async def _do(self, choice: str, user_id: UserId, task: Task, later: datetime) -> None:
        match choice:
            case "hold" | "park":
                await self.tasks.hold(user_id, task.id, later if choice == "hold" else None)
            case "resume":
                await self.tasks.resume(user_id, task.id)
            case "retry":
                await self.tasks.retry(user_id, task.id)
            case "cancel":
                await self.tasks.cancel(user_id, task.id)
            case "pause" if task.campaign_id is not None:
                await self.campaigns.pause(user_id, task.campaign_id)
            case "unpause" if task.campaign_id is not None:
                await self.campaigns.resume(user_id, task.campaign_id)
            case _:
                await self._choose(user_id, task)

    async def _choose(self, user_id: UserId, task: Task) -> None:
        async with self.database.transaction() as tx:
            actions = (await TaskActionLog(tx, user_id).list(task.id)).items
        for action in actions[:1]:
            if action.status == "proposed":
                await self.random.choice([self.oversight.accept, self.oversight.dismiss])(
                    user_id, action.id
                )
            else:
                await self.oversight.undo(user_id, action.id)


async def _populate(world: World) -> None:
    numbers = (f"+1{area}55501{last:02}" for area in _AREAS for last in range(100))
    for number in range(world.size.users):
        async with world.rows.transaction() as tx:
            user_id = (await SystemUsers(tx).ensure(f"user{number}")).id
            plan = CampaignPlan(
                title="Campaign",
                goal="Book.",
                tasks=[
                    PlanTask(
                        title=f"Task {place}",
                        phone_number=next(numbers),
                        goal="Book a visit.",
                        success_criteria="A day and a time are agreed.",
                        earliest=START + timedelta(days=world.random.choice([0, 0, 1, 3])),
                        max_attempts=world.random.randint(1, 5),
                    )
                    for place in range(world.size.tasks)
                ],
            )
            campaign = await Campaigns(tx, user_id).create(plan)
            await Tasks(tx, user_id).create_all(campaign.id, plan.tasks)
        world.users.append(user_id)


@asynccontextmanager
async def open_world(size: Size) -> AsyncIterator[World]:
    """Open the world with its users and tasks, watched by its rules."""
    random = Random(size.seed)  # noqa: S311 - to be repeated, not to be secret
    clock = MovedClock(START)
    outages = Outages(random)
    async with AsyncExitStack() as stack:
        rows = await stack.enter_async_context(MemoryDatabase(InProcessEventBus(), clock=clock))
        await watch(rows)
        world = World(
            size=size,
            random=random,
            clock=clock,
            outages=outages,
            rows=rows,
            database=FlakyDatabase(rows, outages, clock),
            model=SimulatedModel(random, outages, clock),
        )
        await _populate(world)
        yield world
