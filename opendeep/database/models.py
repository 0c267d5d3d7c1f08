"""The rows as frozen Pydantic models; a field is a column, under the column's own name."""

from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

from pydantic import Field, JsonValue

from opendeep.common.data_models import (
    CallCause,
    CallStatus,
    CampaignStatus,
    FeedbackKind,
    FeedbackStatus,
    Frozen,
    PlanSource,
    Speaker,
    TaskStatus,
    VoicemailPolicy,
    WhenGoalMet,
)
from opendeep.common.ids import CallId, CampaignId, ChatSessionId, FeedbackId, TaskId, UserId

__all__ = [
    "AddedBy",
    "AnalysisStatus",
    "AuditEntry",
    "Call",
    "CallCause",
    "CallCreate",
    "CallEventRow",
    "CallStatus",
    "Campaign",
    "CampaignStatus",
    "ChatSession",
    "DNDEntryBase",
    "Delivery",
    "DialDecision",
    "DialStop",
    "DndEntry",
    "FeedbackKind",
    "FeedbackRequest",
    "FeedbackStatus",
    "NotificationTarget",
    "Page",
    "Profile",
    "Speaker",
    "Task",
    "TaskAction",
    "TaskBase",
    "TaskStatus",
    "TranscriptLine",
    "User",
    "UserEvent",
]

ItemT = TypeVar("ItemT")
AddedBy = Literal["callee", "user", "import", "command"]
TaskNature = Literal["unknown", "short", "long_running"]
TargetKind = Literal["webhook", "email"]
DeliveryStatus = Literal["pending", "delivered", "dead"]
Actor = Literal["rules", "model", "user"]
ActionStatus = Literal["done", "proposed", "accepted", "dismissed", "undone"]
AnalysisStatus = Literal["none", "claimed", "deferred", "done"]


class Page(Frozen, Generic[ItemT]):
    """Part of a list; ``next_cursor`` is None on the last part."""

    items: list[ItemT]
    next_cursor: str | None = None


class User(Frozen):
    """An account. ``password_hash`` stays in the database."""

    id: UserId
    username: str
    role: Literal["user", "admin"]
    disabled_at: datetime | None
    created_at: datetime


class Profile(Frozen):
    """What the assistant may use without asking again; ``time_zone`` is an IANA name."""

    display_name: str = ""
    time_zone: str | None = None
    language: str | None = None
    facts: dict[str, JsonValue] = Field(default_factory=dict)


class Campaign(Frozen):
    """A confirmed plan at work; the plan itself is read with ``Campaigns.plan``."""

    id: CampaignId
    user_id: UserId
    title: str
    goal: str
    status: CampaignStatus
    language: str | None
    voice: str | None
    disclosure: str | None
    chat_session_id: ChatSessionId | None
    finished_at: datetime | None
    created_at: datetime
    updated_at: datetime
    when_goal_met: WhenGoalMet = WhenGoalMet.GO_ON
    goal_met_by: TaskId | None = None
    canary_passed_at: datetime | None = None


class PhoneMenu(Frozen):
    """The way through a number's phone menu."""

    phone_number: str
    route: dict[str, Any]
    updated_at: datetime


class TaskBase(Frozen):
    """The part of a task that its author wrote: one call objective."""

    title: str
    phone_number: str
    contact_name: str | None = None
    business_name: str | None = None
    goal: str = ""
    instructions: str | None = None
    facts: dict[str, JsonValue] = Field(default_factory=dict)
    success_criteria: str = ""
    questions_for_callee: list[str] = Field(default_factory=list)
    sources: list[PlanSource] = Field(default_factory=list)
    max_attempts: int = 3
    earliest: datetime | None = None
    latest: datetime | None = None
    time_zone: str | None = None
    priority: int = 5
    language: str | None = None
    voice: str | None = None
    disclosure: str | None = None
    voicemail: VoicemailPolicy = VoicemailPolicy.HANG_UP
    alternative_numbers: list[str] = Field(default_factory=list)


class Task(TaskBase):
    """A task with its state.

    ``phone_number`` is the number that the next attempt dials, ``alternative_numbers`` the others
    of its contact. ``next_action_time`` None is never due; ``version`` counts changes,
    ``claim_token`` claims.
    """

    id: TaskId
    user_id: UserId
    campaign_id: CampaignId | None
    status: TaskStatus
    next_action_time: datetime | None
    current_attempt_count: int
    inter_call_context: dict[str, Any]
    status_reason: str | None
    outcome: dict[str, Any] | None
    status_before_claim: TaskStatus | None
    claimed_by: str | None
    claim_expires_at: datetime | None
    claim_token: int
    version: int
    created_at: datetime
    updated_at: datetime
    nature: TaskNature = "unknown"
    phase: int = 1
    instructions_version: int = 1


class TaskAction(Frozen):
    """What the overseer did to a task, or proposes to its user, and why."""

    id: int
    user_id: UserId
    task_id: TaskId
    actor: Actor
    kind: str
    reason: str
    before: dict[str, Any]
    after: dict[str, Any]
    status: ActionStatus
    created_at: datetime
    updated_at: datetime


class NotificationTarget(Frozen):
    """Whom a user wants told of outcomes: a webhook (signed with ``secret``) or an address."""

    id: int
    user_id: UserId
    kind: TargetKind
    address: str
    secret: str | None
    last_event_id: int
    created_at: datetime


class Delivery(Frozen):
    """One message to one target; ``message_id`` is the same however often it is sent."""

    id: int
    user_id: UserId
    target_id: int
    task_id: TaskId
    task_version: int
    message_id: str
    event: str
    payload: dict[str, Any]
    status: DeliveryStatus
    attempts: int
    next_attempt_at: datetime
    expires_at: datetime
    last_error: str | None
    created_at: datetime
    updated_at: datetime


class CallCreate(Frozen):
    """A request for a new attempt of a claimed task."""

    user_id: UserId
    task_id: TaskId


class Call(Frozen):
    """One attempt. ``cost_usd`` in US dollars; ``hangup_cause`` is Q.850's number."""

    id: CallId
    user_id: UserId
    task_id: TaskId
    attempt_number: int
    status: CallStatus
    cause: CallCause | None
    hangup_cause: int | None
    hangup_text: str | None
    disposition: str | None
    dialled_number: str | None
    asterisk_unique_id: str | None
    node: str | None
    started_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    line_count: int
    cost_usd: float
    recording_path: str | None
    analysis_status: AnalysisStatus
    analysis_claimed_by: str | None
    analysis_expires_at: datetime | None
    analysis_tries: int
    analysis: dict[str, Any] | None
    created_at: datetime
    updated_at: datetime
    destination: str | None
    fence: int


class Node(Frozen):
    """A process that holds calls; see ``node_tables``."""

    name: str
    incarnation: int
    beat: int
    ready: bool
    seen_at: datetime


class TranscriptLine(Frozen):
    """What one side said; ``seq`` from 1 within its call, times in ms from the answer."""

    id: int
    user_id: UserId
    call_id: CallId
    seq: int
    speaker: Speaker
    text: str
    start_ms: int
    end_ms: int
    created_at: datetime


class CallEventRow(Frozen):
    """Something that happened in a call, beside the talk."""

    id: int
    user_id: UserId
    call_id: CallId
    name: str
    detail: dict[str, Any]
    created_at: datetime


class DNDEntryBase(Frozen):
    """A number that must not be called, and why. ``phone_number`` is E.164."""

    phone_number: str
    reason: str = ""
    source_call_id: CallId | None = None


class DndEntry(DNDEntryBase):
    """A row of the user's do-not-disturb list."""

    id: int
    user_id: UserId
    created_at: datetime
    added_by: AddedBy


class DialDecision(Frozen):
    """What the dialling policy said at ``decided_at``, and all that it looked at."""

    id: int
    user_id: UserId
    task_id: TaskId | None
    call_id: CallId | None
    decided_at: datetime
    verdict: Literal["dial", "wait", "refuse"]
    rule_id: str
    until: datetime | None
    inputs: dict[str, Any]
    policy_version: str


class DialStop(Frozen):
    """Why nothing is dialled: the stop switch (``until`` None), or a trunk that rests a while."""

    name: str
    reason: str
    until: datetime | None
    failures: int
    created_at: datetime


class FeedbackRequest(Frozen):
    """A question to the user, from a live call or between calls."""

    id: FeedbackId
    user_id: UserId
    kind: FeedbackKind
    task_id: TaskId
    call_id: CallId | None
    tool_call_id: str | None
    question: str
    options: list[str]
    status: FeedbackStatus
    answer: str | None
    expires_at: datetime | None
    answered_at: datetime | None
    created_at: datetime


class ChatSession(Frozen):
    """A conversation with the assistant; ``state`` belongs to the assistant alone."""

    id: ChatSessionId
    user_id: UserId
    state: dict[str, Any]
    message_count: int
    created_at: datetime
    updated_at: datetime


class UserEvent(Frozen):
    """Something for the user's pages; ``data`` None means: fetch the object by ``subject_id``."""

    id: int
    user_id: UserId
    type: str
    subject_id: str
    data: dict[str, Any] | None
    created_at: datetime


class AuditEntry(Frozen):
    """Who did what, for later questions."""

    id: int
    user_id: UserId
    action: str
    detail: dict[str, Any]
    created_at: datetime
