"""A world in virtual time: a database in memory, a bus, a clock that follows the loop."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import async_solipsism
import pytest

from opendeep.common import messages
from opendeep.common.clock import LoopClock
from opendeep.common.data_models import (
    CallCause,
    CallStatus,
    CampaignPlan,
    PlanTask,
    TaskStatus,
)
from opendeep.common.event_bus import InProcessEventBus
from opendeep.common.ids import CallId, UserId
from opendeep.common.messages import Message
from opendeep.database.engine import MemoryDatabase
from opendeep.database.models import Call, Campaign, FeedbackRequest, Task
from opendeep.database.repositories import (
    Calls,
    Campaigns,
    FeedbackRequests,
    SystemTasks,
    SystemUsers,
    Tasks,
)

MONDAY_NOON = datetime(2026, 11, 23, 17, tzinfo=UTC)
"""Noon in New York, where the numbers of these tests are."""

NUMBER = "+12125550100"
SOURCE = {"field": "phone_number", "from": "user", "reference": "typed"}


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], async_solipsism.EventLoop]]:
    """Give the asynchronous tests of this folder the loop of virtual time."""
    return {"virtual": async_solipsism.EventLoop}


def plan_task(**changes: Any) -> PlanTask:
    """Make a good task of a plan."""
    good = {
        "title": "Book a cleaning",
        "phone_number": NUMBER,
        "goal": "Book a dental cleaning",
        "success_criteria": "A day and a time are agreed",
        "sources": [SOURCE],
    }
    return PlanTask.model_validate({**good, **changes})


def campaign_plan(*tasks: PlanTask, **changes: Any) -> CampaignPlan:
    """Make a good plan; of one task where none is given."""
    good = {"title": "Dentist", "goal": "A cleaning", "tasks": list(tasks) or [plan_task()]}
    return CampaignPlan.model_validate({**good, **changes})


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What the services under test share, with hands to set rows up."""

    database: MemoryDatabase
    bus: InProcessEventBus
    clock: LoopClock
    user_id: UserId

    async def user(self, name: str) -> UserId:
        """Make another account."""
        async with self.database.transaction() as tx:
            return (await SystemUsers(tx).ensure(name)).id

    async def campaign(
        self, *tasks: PlanTask, user_id: UserId | None = None
    ) -> tuple[Campaign, list[Task]]:
        """Make a campaign of one task or these."""
        owner = user_id or self.user_id
        plan = campaign_plan(*tasks)
        async with self.database.transaction() as tx:
            campaign = await Campaigns(tx, owner).create(plan)
            created = [await Tasks(tx, owner).create(campaign.id, task) for task in plan.tasks]
        return campaign, created

    async def task(self, **changes: Any) -> Task:
        """Make a campaign of one task and return that task."""
        _, [task] = await self.campaign(plan_task(**changes))
        return task

    async def put(self, task: Task, status: TaskStatus, **columns: Any) -> Task:
        """Set a task's status, whatever it was."""
        async with self.database.transaction() as tx:
            return await Tasks(tx, task.user_id).change(
                task.id, expected=set(TaskStatus), status=status, **columns
            )

    async def claim(self, limit: int = 10) -> list[Task]:
        """Claim due tasks."""
        async with self.database.transaction() as tx:
            return await SystemTasks(tx).claim_due(
                now=tx.now(), limit=limit, claimed_by="test", lease_seconds=60
            )

    async def call(self, task: Task, status: CallStatus = CallStatus.IN_PROGRESS) -> Call:
        """Make an attempt of a task; the task is in progress then."""
        await self.put(task, TaskStatus.QUEUED_FOR_CALL)
        async with self.database.transaction() as tx:
            calls = Calls(tx, task.user_id)
            call = await calls.create_attempt(await Tasks(tx, task.user_id).get(task.id))
            return await calls.change(call.id, expected=set(CallStatus), status=status)

    async def end(self, call: Call, cause: CallCause = CallCause.COMPLETED) -> Call:
        """End a call; its task awaits analysis."""
        async with self.database.transaction() as tx:
            await Tasks(tx, call.user_id).change(
                call.task_id,
                expected={TaskStatus.IN_PROGRESS},
                status=TaskStatus.AWAITING_ANALYSIS,
            )
            return await Calls(tx, call.user_id).change(
                call.id,
                expected=set(CallStatus),
                status=CallStatus.ENDED,
                cause=cause,
                ended_at=tx.now(),
            )

    async def get(self, task: Task) -> Task:
        """Read a task again."""
        async with self.database.transaction() as tx:
            return await Tasks(tx, task.user_id).get(task.id)

    async def get_campaign(self, campaign: Campaign) -> Campaign:
        """Read a campaign again."""
        async with self.database.transaction() as tx:
            return await Campaigns(tx, campaign.user_id).get(campaign.id)

    async def questions(self, task: Task) -> list[FeedbackRequest]:
        """Read the questions about a task."""
        async with self.database.transaction() as tx:
            return (await FeedbackRequests(tx, task.user_id).list(task_id=task.id)).items

    @asynccontextmanager
    async def listener(self, channel: str) -> AsyncIterator[list[Message]]:
        """Serve a command channel and keep what comes."""
        heard: list[Message] = []

        async def hear(message: Message) -> None:
            heard.append(message)

        async with self.bus.serve(channel, hear):
            yield heard

    @asynccontextmanager
    async def handler_of(self, call_id: CallId) -> AsyncIterator[list[Message]]:
        """Be the attempt handler of a call."""
        async with self.listener(messages.call_commands(call_id)) as heard:
            yield heard


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """Open a world with one user, at noon of a Monday."""
    bus = InProcessEventBus()
    clock = LoopClock(MONDAY_NOON)
    clock.now()
    async with MemoryDatabase(bus, clock=clock) as database:
        async with database.transaction() as tx:
            user = await SystemUsers(tx).ensure("ada")
        yield World(database=database, bus=bus, clock=clock, user_id=user.id)
