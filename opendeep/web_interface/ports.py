"""What the web interface asks of the rest: small ports, written by their consumer.

``bootstrap`` hands over the implementations in one :class:`WebServices`. Replies are described by
their attributes (protocols with read-only properties), so that a service may return its own type.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from prometheus_client import CollectorRegistry
from pydantic import JsonValue

from opendeep.campaign_summarizer_service.report_render import ReportFormat
from opendeep.common.clock import Clock
from opendeep.common.data_models import CampaignPlan, Form, ToolActivity
from opendeep.common.event_bus import EventBus
from opendeep.common.ids import CampaignId, ChatSessionId, FeedbackId, TaskId, UserId
from opendeep.common.ports import BrowserPhone
from opendeep.database.engine import Database
from opendeep.database.models import Delivery, NotificationTarget, TargetKind
from opendeep.task_manager.plan_preview import Preview
from opendeep.task_manager.stop_switch import StopState

ChatUpdate = ToolActivity | str
"""What happens before a reply is complete: a tool was used, or a piece of the reply's text."""

TellUser = Callable[[ChatUpdate], Awaitable[None]]


class ChatReply(Protocol):
    """One turn of the assistant, complete."""

    @property
    def session_id(self) -> ChatSessionId:
        """Return the conversation to go on with."""
        ...

    @property
    def reply(self) -> str:
        """Return the assistant's words."""
        ...

    @property
    def form(self) -> Form | None:
        """Return the questions to answer, if any."""
        ...

    @property
    def campaign_plan(self) -> CampaignPlan | None:
        """Return the plan to confirm, if one stands."""
        ...

    @property
    def tool_activity(self) -> Sequence[ToolActivity]:
        """Return the tools that were used, in order."""
        ...


class AssistantChat(Protocol):
    """The assistant that talks with a user until a plan stands."""

    async def interact(
        self,
        user_id: UserId,
        *,
        session_id: ChatSessionId | None,
        message: str | None,
        form_answers: dict[str, JsonValue] | None,
        tell: TellUser,
    ) -> ChatReply:
        """Take the user's words or form answers and return the assistant's turn.

        The turn is stored when this returns. ``tell`` hears of tools and text as they come; what
        it heard as text is part of ``reply`` too.

        Raises:
            NotFoundError: the session is not this user's.
            UnavailableError: the model does not answer.
        """
        ...


class ExecutedPlan(Protocol):
    """The campaign of a confirmed plan; ``created`` is False when the key was seen before."""

    @property
    def created(self) -> bool:
        """Return whether this request made the campaign."""
        ...

    @property
    def campaign_id(self) -> CampaignId:
        """Return the campaign's id."""
        ...

    @property
    def task_ids(self) -> Sequence[TaskId]:
        """Return its tasks' ids, in the plan's order."""
        ...


class PlanExecutor(Protocol):
    """Turns a confirmed plan into a campaign, once."""

    async def execute_plan(
        self,
        user_id: UserId,
        plan: CampaignPlan,
        *,
        idempotency_key: str | None,
        session_id: ChatSessionId | None,
    ) -> ExecutedPlan:
        """Store the campaign and its tasks in one transaction.

        Raises:
            PlanInvalidError: with one fault per entry.
            ConflictError: the key was used with another plan.
        """
        ...


class TaskActions(Protocol):
    """What a user may do to a task; a state that does not allow it is a ConflictError."""

    async def retry(self, user_id: UserId, task_id: TaskId, /) -> object:
        """Make the task due now."""
        ...

    async def hold(self, user_id: UserId, task_id: TaskId, until: datetime | None, /) -> object:
        """Let the task wait, until a time or (None) until it is resumed."""
        ...

    async def resume(self, user_id: UserId, task_id: TaskId, /) -> object:
        """Let a held task go on."""
        ...

    async def cancel(self, user_id: UserId, task_id: TaskId, /) -> object:
        """End the task; a live call is hung up."""
        ...


class OversightChoices(Protocol):
    """What a user may do about the overseer's actions; too late is a ConflictError."""

    async def undo(self, user_id: UserId, action_id: int, /) -> object:
        """Put back what an action changed."""
        ...

    async def accept(self, user_id: UserId, action_id: int, /) -> object:
        """Make the tasks that were proposed."""
        ...

    async def dismiss(self, user_id: UserId, action_id: int, /) -> object:
        """Turn a proposal down."""
        ...


class NotificationChoices(Protocol):
    """Whom a user wants told of outcomes."""

    async def add(self, user_id: UserId, kind: TargetKind, address: str, /) -> NotificationTarget:
        """Add a target; a refused address is an InvalidInputError."""
        ...

    async def remove(self, user_id: UserId, target_id: int, /) -> None:
        """Forget a target."""
        ...

    async def send_again(self, user_id: UserId, delivery_id: int, /) -> Delivery:
        """Take a dead message up again."""
        ...


class CampaignActions(Protocol):
    """What a user may do to a campaign; a state that does not allow it is a ConflictError."""

    async def pause(self, user_id: UserId, campaign_id: CampaignId, /) -> object:
        """Let none of its tasks be due."""
        ...

    async def resume(self, user_id: UserId, campaign_id: CampaignId, /) -> object:
        """Let a paused campaign go on."""
        ...

    async def cancel(self, user_id: UserId, campaign_id: CampaignId, /) -> object:
        """End the campaign and its tasks."""
        ...


class StopSwitch(Protocol):
    """Stops and resumes all dialling of the installation."""

    async def stop(self, user_id: UserId, reason: str, /) -> StopState:
        """Dial nothing more and have every live call hung up."""
        ...

    async def resume(self, user_id: UserId, /) -> StopState:
        """Let dialling go on."""
        ...

    async def state(self) -> StopState:
        """Return how it stands."""
        ...


class PlanPreview(Protocol):
    """Judges plans that are not confirmed yet."""

    async def run(self, user_id: UserId, plan: CampaignPlan, /) -> Preview:
        """Return what the plan would do if it were confirmed now."""
        ...


class ImportedCampaign(Protocol):
    """What became of a file of contacts."""

    @property
    def campaign_id(self) -> CampaignId:
        """Return the campaign's id."""
        ...

    @property
    def accepted(self) -> int:
        """Return how many lines became tasks."""
        ...

    @property
    def rejected(self) -> int:
        """Return how many did not."""
        ...


class CampaignImport(Protocol):
    """Makes campaigns of files of contacts."""

    async def run(
        self, user_id: UserId, plan: object, data: bytes, key: str | None, /
    ) -> ImportedCampaign:
        """Make the campaign of a plan with one template task and a CSV file."""
        ...

    async def errors(self, user_id: UserId, campaign_id: CampaignId, /) -> str:
        """Return the lines that became no task, as CSV."""
        ...


class FeedbackAnswers(Protocol):
    """Takes the user's answer to a question into the call or the task that waits for it."""

    async def answer(self, user_id: UserId, feedback_id: FeedbackId, answer: str) -> None:
        """Store the answer and pass it on.

        Raises:
            NotFoundError: no such question of this user.
            ConflictError: it was answered already, or its time ran out.
        """
        ...


class ReportRenderer(Protocol):
    """Renders a campaign's report as it stands now, also before the campaign is finished."""

    async def render(
        self, user_id: UserId, campaign_id: CampaignId, report_format: ReportFormat, /
    ) -> bytes:
        """Return the whole document in the format asked for; texts are UTF-8.

        Raises:
            NotFoundError: no such campaign of this user.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthPart:
    """The state of one thing that the process depends on.

    Attributes:
        essential: without it the process cannot serve requests (the database).
    """

    name: str
    ok: bool
    detail: str = ""
    essential: bool = False


HealthCheck = Callable[[], Awaitable[Sequence[HealthPart]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class WebServices:
    """All that the web interface talks to.

    ``browser_phone`` returns None where no practice exchange runs.
    """

    assistant: AssistantChat
    orchestrator: PlanExecutor
    task_actions: TaskActions
    campaign_actions: CampaignActions
    plan_preview: PlanPreview
    campaign_import: CampaignImport
    stop_switch: StopSwitch
    oversight: OversightChoices
    notifications: NotificationChoices
    feedback: FeedbackAnswers
    reports: ReportRenderer
    database: Database
    bus: EventBus
    clock: Clock
    health: HealthCheck
    browser_phone: Callable[[], BrowserPhone | None]
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
