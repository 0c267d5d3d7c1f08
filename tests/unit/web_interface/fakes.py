"""Stand-ins for what the web interface asks of the rest, and an application made of them.

The database, the orchestrator, the answers and the reports are the product's own; the assistant,
the actions and the phone are scripted.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from fastapi import FastAPI
from pydantic import JsonValue

from opendeep.campaign_summarizer_service.campaign_summarizer_svc import CampaignSummarizerService
from opendeep.common.clock import SystemClock
from opendeep.common.data_models import (
    CampaignPlan,
    CampaignStatus,
    Form,
    Speaker,
    TaskStatus,
    ToolActivity,
)
from opendeep.common.errors import OpenDeepError
from opendeep.common.event_bus import InProcessEventBus
from opendeep.common.ids import CallId, CampaignId, ChatSessionId, TaskId, UserId
from opendeep.common.ports import SpokenLine
from opendeep.database.engine import Database
from opendeep.database.models import Call, Task
from opendeep.database.repositories import (
    Calls,
    Campaigns,
    ChatSessions,
    SystemUsers,
    Tasks,
    Transcripts,
)
from opendeep.follow_up_service.notifications import Notifications
from opendeep.follow_up_service.webhook_client import WebhookClient
from opendeep.task_manager.campaign_import import CampaignImport
from opendeep.task_manager.dial_inputs import DialRules
from opendeep.task_manager.feedback_manager_svc import FeedbackConfig, FeedbackManagerService
from opendeep.task_manager.orchestrator_svc import OrchestratorService
from opendeep.task_manager.oversight_acts import OversightActions
from opendeep.task_manager.plan_preview import Pace, PlanPreview
from opendeep.task_manager.stop_switch import StopSwitch
from opendeep.web_interface.app import create_app
from opendeep.web_interface.ports import HealthPart, TellUser, WebServices
from opendeep.web_interface.web_config import WebConfig

DENTIST = "+12025550100"


def plan_json(*numbers: str) -> dict[str, JsonValue]:
    """Return a valid plan as JSON, with one task for each number."""
    tasks: list[JsonValue] = [
        {
            "title": f"Call number {index}",
            "phone_number": number,
            "business_name": "Bright Smile Dental",
            "goal": f"Book a dental cleaning, wish {index}.",
            "success_criteria": "A date and a time are confirmed.",
            "facts": {"service": "dental cleaning", "preferred_time": "afternoons"},
            "sources": [{"field": "phone_number", "from": "user", "reference": "typed"}],
        }
        for index, number in enumerate(numbers or (DENTIST,))
    ]
    return {"title": "Dentist", "goal": "A cleaning next week.", "tasks": tasks}


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeReply:
    """One scripted turn of the assistant."""

    session_id: ChatSessionId
    reply: str
    form: Form | None = None
    campaign_plan: CampaignPlan | None = None
    tool_activity: Sequence[ToolActivity] = ()


@dataclass(slots=True)
class FakeAssistant:
    """Implements the AssistantChat port: replays ``turns``, remembers what it was told.

    A turn waits for ``pause_after_tools``, if there is one, between its tools and its words.
    """

    database: Database
    turns: deque[FakeReply | OpenDeepError] = field(default_factory=deque)
    heard: list[tuple[UserId, str | None, dict[str, JsonValue] | None]] = field(
        default_factory=list
    )
    pause_after_tools: asyncio.Event | None = None
    finished: asyncio.Event = field(default_factory=asyncio.Event)

    async def interact(
        self,
        user_id: UserId,
        *,
        session_id: ChatSessionId | None,
        message: str | None,
        form_answers: dict[str, JsonValue] | None,
        tell: TellUser,
    ) -> FakeReply:
        """Return the next scripted turn, after telling its tools and its words."""
        self.heard.append((user_id, message, form_answers))
        if session_id is None:
            async with self.database.transaction() as tx:
                session_id = (await ChatSessions(tx, user_id).create()).id
        turn = (
            self.turns.popleft()
            if self.turns
            else FakeReply(session_id=session_id, reply=f"You said: {message}")
        )
        if isinstance(turn, OpenDeepError):
            raise turn
        for activity in turn.tool_activity:
            await tell(activity)
        if self.pause_after_tools is not None:
            await self.pause_after_tools.wait()
        for word in turn.reply.split(" "):
            await tell(f"{word} ")
        self.finished.set()
        return FakeReply(
            session_id=session_id,
            reply=turn.reply,
            form=turn.form,
            campaign_plan=turn.campaign_plan,
            tool_activity=turn.tool_activity,
        )


@dataclass(slots=True)
class FakeTaskActions:
    """Implements the TaskActions port with the plainest effect on the row."""

    database: Database
    held_until: list[datetime | None] = field(default_factory=list)

    async def retry(self, user_id: UserId, task_id: TaskId, /) -> Task:
        """Make the task pending."""
        return await self._move(user_id, task_id, TaskStatus.PENDING)

    async def hold(self, user_id: UserId, task_id: TaskId, until: datetime | None, /) -> Task:
        """Put the task on hold."""
        self.held_until.append(until)
        return await self._move(user_id, task_id, TaskStatus.ON_HOLD, next_action_time=until)

    async def resume(self, user_id: UserId, task_id: TaskId, /) -> Task:
        """Make a held task pending."""
        return await self._move(user_id, task_id, TaskStatus.PENDING, expected={TaskStatus.ON_HOLD})

    async def cancel(self, user_id: UserId, task_id: TaskId, /) -> Task:
        """Cancel the task."""
        return await self._move(user_id, task_id, TaskStatus.CANCELLED)

    async def _move(
        self,
        user_id: UserId,
        task_id: TaskId,
        status: TaskStatus,
        *,
        expected: set[TaskStatus] | None = None,
        **columns: datetime | None,
    ) -> Task:
        expected = expected or {state for state in TaskStatus if not state.is_final}
        async with self.database.transaction() as tx:
            return await Tasks(tx, user_id).change(
                task_id, expected=expected, status=status, **columns
            )


@dataclass(slots=True)
class FakeCampaignActions:
    """Implements the CampaignActions port with the plainest effect on the row."""

    database: Database

    async def pause(self, user_id: UserId, campaign_id: CampaignId, /) -> None:
        """Pause an active campaign."""
        await self._move(user_id, campaign_id, CampaignStatus.PAUSED, CampaignStatus.ACTIVE)

    async def resume(self, user_id: UserId, campaign_id: CampaignId, /) -> None:
        """Activate a paused campaign."""
        await self._move(user_id, campaign_id, CampaignStatus.ACTIVE, CampaignStatus.PAUSED)

    async def cancel(self, user_id: UserId, campaign_id: CampaignId, /) -> None:
        """Cancel an active or paused campaign."""
        running = (CampaignStatus.ACTIVE, CampaignStatus.PAUSED)
        await self._move(user_id, campaign_id, CampaignStatus.CANCELLED, *running)

    async def _move(
        self,
        user_id: UserId,
        campaign_id: CampaignId,
        status: CampaignStatus,
        *expected: CampaignStatus,
    ) -> None:
        async with self.database.transaction() as tx:
            await Campaigns(tx, user_id).set_status(campaign_id, status, expected=expected)


class FakePhone:
    """Implements BrowserPhone and its line at once: one page, scripted from both ends."""

    def __init__(self) -> None:
        self.events: asyncio.Queue[bytes | str] = asyncio.Queue()
        self.done: asyncio.Queue[bytes | str] = asyncio.Queue()

    def register(self) -> "FakePhone":
        """Offer the only line."""
        return self

    async def next_event(self) -> bytes | str:
        """Wait for the script's next event."""
        return await self.events.get()

    def answer(self) -> None:
        """Note it."""
        self.done.put_nowait("answer")

    def hang_up(self) -> None:
        """Note it."""
        self.done.put_nowait("hangup")

    def send_audio(self, mulaw: bytes) -> None:
        """Note it."""
        self.done.put_nowait(mulaw)

    def close(self) -> None:
        """Note it."""
        self.done.put_nowait("close")


@dataclass(slots=True, kw_only=True)
class World:
    """An application with everything that a test may want to reach behind it."""

    database: Database
    bus: InProcessEventBus
    assistant: FakeAssistant
    task_actions: FakeTaskActions
    phone: FakePhone | None
    health: list[HealthPart]
    config: WebConfig
    services: WebServices
    app: FastAPI

    async def user(self, name: str = "default") -> UserId:
        """Return the id of a user."""
        async with self.database.transaction() as tx:
            return (await SystemUsers(tx).ensure(name)).id

    async def campaign(self, *numbers: str, user: str = "default") -> tuple[CampaignId, TaskId]:
        """Confirm a plan; return its campaign's and its first task's id."""
        plan = CampaignPlan.model_validate(plan_json(*numbers))
        executed = await self.services.orchestrator.execute_plan(
            await self.user(user), plan, idempotency_key=None, session_id=None
        )
        return executed.campaign_id, executed.task_ids[0]

    async def begin_call(self, task_id: TaskId, *, user: str = "default") -> Call:
        """Queue the task and create its attempt."""
        user_id = await self.user(user)
        async with self.database.transaction() as tx:
            task = await Tasks(tx, user_id).change(
                task_id, expected={TaskStatus.PENDING}, status=TaskStatus.QUEUED_FOR_CALL
            )
            return await Calls(tx, user_id).create_attempt(task)

    async def say(self, call_id: CallId, speaker: Speaker, text: str, at_ms: int = 0) -> None:
        """Store a line of the default user's call."""
        line = SpokenLine(speaker=speaker, text=text, start_ms=at_ms, end_ms=at_ms + 1000)
        user_id = await self.user()
        async with self.database.transaction() as tx:
            await Transcripts(tx, user_id).append(call_id, line)


def make_world(
    database: Database,
    bus: InProcessEventBus,
    recordings_dir: Path,
    *,
    notices: tuple[str, ...] = (),
    has_phone: bool = True,
) -> World:
    """Put an application together."""
    clock = SystemClock()
    assistant = FakeAssistant(database)
    task_actions = FakeTaskActions(database)
    phone = FakePhone() if has_phone else None
    health = [HealthPart(name="Database", ok=True, essential=True)]

    async def check() -> Sequence[HealthPart]:
        return health

    orchestrator = OrchestratorService(database)
    services = WebServices(
        assistant=assistant,
        orchestrator=orchestrator,
        campaign_import=CampaignImport(database, clock, orchestrator),
        plan_preview=PlanPreview(database, DialRules(), Pace()),
        stop_switch=StopSwitch(database),
        task_actions=task_actions,
        campaign_actions=FakeCampaignActions(database),
        oversight=OversightActions(database),
        notifications=Notifications(database, WebhookClient(), mails=True),
        feedback=FeedbackManagerService(database, bus, clock, FeedbackConfig()),
        reports=CampaignSummarizerService(database=database, bus=bus, model=None, clock=clock),
        database=database,
        bus=bus,
        clock=clock,
        health=check,
        browser_phone=lambda: phone,
    )
    config = WebConfig(recordings_dir=recordings_dir, notices=notices, version="1.2.3")
    return World(
        database=database,
        bus=bus,
        assistant=assistant,
        task_actions=task_actions,
        phone=phone,
        health=health,
        config=config,
        services=services,
        app=create_app(services, config),
    )


def instant(hour: int = 15) -> datetime:
    """Return an instant of the story's day."""
    return datetime(2026, 11, 23, hour, tzinfo=UTC)
