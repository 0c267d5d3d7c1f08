"""The JSON shapes of the API (CONTRACT §4): what comes in, and what each GET returns."""

from datetime import datetime
from typing import Annotated, Any, Generic, Literal, TypeVar

from fastapi import Path, Query
from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

from opendeep.common.data_models import (
    CallCause,
    CallStatus,
    CampaignPlan,
    CampaignStatus,
    FeedbackKind,
    FeedbackStatus,
    Form,
    Speaker,
    TaskStatus,
    ToolActivity,
    VoicemailPolicy,
    WrittenInstant,
)
from opendeep.common.ids import CampaignId, ChatSessionId, FeedbackId, TaskId
from opendeep.database.models import ActionStatus, Actor, TaskNature

ItemT = TypeVar("ItemT")

RowId = Annotated[int, Path(ge=1, le=2**63 - 1)]
Limit = Annotated[int, Query(ge=1, le=200, description="items per part")]
Cursor = Annotated[str | None, Query(max_length=64, description="next_cursor of the last part")]


# A plan that is read by the task manager, which finds faults of shape and of meaning at once.
RawPlan = Annotated[
    dict[str, Any], Field(description="a campaign_plan; its shape is the schema CampaignPlan")
]


class Incoming(BaseModel):
    """Base of request bodies: unknown keys are refused, so that a typo is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Outgoing(BaseModel):
    """Base of replies."""

    model_config = ConfigDict(frozen=True)


class ErrorFacts(Outgoing):
    """What went wrong: a word for programs, a sentence for people, and where there are any, facts.

    A faulty plan has one detail per fault (``path``, ``code``, ``message``); a chat turn that
    failed has the ``session_id`` that keeps what was said.
    """

    code: str
    message: str
    details: list[dict[str, str]]


class ErrorReply(Outgoing):
    """The one shape of every error."""

    error: ErrorFacts


class ChatInteraction(Incoming):
    """What the user says: words, the answers to a form, or both."""

    message: Annotated[str, StringConstraints(min_length=1, max_length=8000)] | None = None
    form_answers: dict[str, JsonValue] | None = None
    session_id: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None
    username: Annotated[str, StringConstraints(max_length=200)] | None = None


class ChatTurn(Outgoing):
    """The assistant's turn, complete."""

    session_id: ChatSessionId
    reply: str
    form: Form | None = None
    campaign_plan: CampaignPlan | None = None
    tool_activity: list[ToolActivity]


class PlanExecution(Incoming):
    """The user's confirmation of exactly this plan."""

    campaign_plan: RawPlan
    session_id: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None


class PlanExecuted(Outgoing):
    """The campaign that was made (or had been made) of a plan."""

    campaign_id: CampaignId
    task_ids: list[TaskId]


class Part(Outgoing, Generic[ItemT]):
    """Part of a list; ``next_cursor`` is null on the last part."""

    items: list[ItemT]
    next_cursor: str | None = None


class CampaignView(Outgoing):
    """A campaign with how its tasks stand; ``cost`` in US dollars."""

    id: CampaignId
    title: str
    goal: str
    status: CampaignStatus
    counts: dict[str, int]
    created_at: datetime
    finished_at: datetime | None
    cost: float


class CallSummary(Outgoing):
    """One attempt, as a task lists it.

    ``destination`` is the number that it was meant for; Test Mode dials another one.
    """

    id: str
    attempt_number: int
    destination: str | None
    dialled_number: str | None
    status: CallStatus
    cause: CallCause | None
    started_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None


class TaskView(Outgoing):
    """A task with its attempts; ``outcome`` is CONTRACT §6's.

    ``appointment_at`` is what a calendar can hold of what was agreed, in the task's time zone.
    """

    id: TaskId
    campaign_id: CampaignId | None
    title: str
    status: TaskStatus
    phone_number: str
    alternative_numbers: list[str]
    contact_name: str | None
    business_name: str | None
    goal: str
    instructions: str | None
    success_criteria: str
    facts: dict[str, JsonValue]
    priority: int
    current_attempt_count: int
    max_attempts: int
    earliest: datetime | None
    latest: datetime | None
    time_zone: str | None
    voicemail: VoicemailPolicy
    next_action_time: datetime | None
    status_reason: str | None
    outcome: dict[str, Any] | None
    inter_call_context: dict[str, Any]
    created_at: datetime
    updated_at: datetime
    nature: TaskNature
    phase: int
    instructions_version: int
    appointment_at: datetime | None
    calls: list[CallSummary]


class TaskActionView(Outgoing):
    """What OpenDeep changed about a task by itself, or proposes, and why.

    ``before`` and ``after`` hold the columns that changed; a proposal's ``after`` has ``parts``.
    """

    id: int
    task_id: TaskId
    actor: Actor
    kind: str
    reason: str
    before: dict[str, Any]
    after: dict[str, Any]
    status: ActionStatus
    created_at: datetime


class TranscriptLineView(Outgoing):
    """What one side said; times in ms from the answer."""

    seq: int
    speaker: Speaker
    text: str
    start_ms: int
    end_ms: int


class SpokenLineView(TranscriptLineView):
    """A transcript line with its call, for the event stream."""

    call_id: str


class CallEventView(Outgoing):
    """Something that happened in a call, beside the talk."""

    name: str
    detail: dict[str, Any]
    at: datetime


class CallView(CallSummary):
    """A call with all that was said; ``cost`` in US dollars."""

    task_id: TaskId
    campaign_id: CampaignId | None
    task_title: str
    phone_number: str
    transcript: list[TranscriptLineView]
    events: list[CallEventView]
    analysis: dict[str, Any] | None
    cost: float
    has_recording: bool


class RememberedAnswer(Outgoing):
    """What the user answered to a question of another call of the campaign."""

    question: str
    answer: str


class FeedbackView(Outgoing):
    """A question to the user; a review card asks what to do about an outcome that is not clear.

    ``remembered`` offers a question that waits what was answered in the same campaign.
    """

    id: FeedbackId
    kind: FeedbackKind
    task_id: TaskId
    call_id: str | None
    question: str
    options: list[str]
    status: FeedbackStatus
    answer: str | None
    expires_at: datetime | None
    created_at: datetime
    task_title: str
    is_review: bool
    remembered: list[RememberedAnswer]


class FeedbackAnswer(Incoming):
    """The user's answer to a question."""

    answer: Annotated[str, StringConstraints(min_length=1, max_length=1000)]


class HoldRequest(Incoming):
    """Until when a task waits; without a time, until the user resumes it."""

    until: Annotated[WrittenInstant, Field(description="with a zone")] | None = None


class Accepted(Outgoing):
    """A command was taken by whoever serves the call."""

    accepted: Literal[True] = True


class DndView(Outgoing):
    """A number that is never called for this user."""

    phone_number: str
    reason: str
    source_call_id: str | None
    created_at: datetime
    added_by: str


class DndNumber(Incoming):
    """A number to put on the list, or to take off it."""

    phone_number: Annotated[str, StringConstraints(max_length=40)]
    reason: Annotated[str, StringConstraints(max_length=500)] = ""


class PreviewedCallView(Outgoing):
    """What would become of one task of a plan; ``at`` is null for one that is not called."""

    index: int
    title: str
    phone_number: str
    verdict: Literal["dial", "wait", "refuse"]
    at: datetime | None
    rule_id: str
    reason: str


class PlanPreviewView(Outgoing):
    """What a plan would do if it were confirmed now; money in US dollars."""

    calls: list[PreviewedCallView]
    planned: int
    skipped: int
    first_at: datetime | None
    ends_at: datetime | None
    cost_usd: float
    cost_at_most_usd: float


class CampaignImported(Outgoing):
    """What became of a file of contacts; the lines that were rejected are at ``errors_url``."""

    campaign_id: CampaignId
    accepted: int
    rejected: int
    errors_url: str


class LineFault(Outgoing):
    """A line of a file that was not taken, and why."""

    line: int
    reason: str


class DndImported(Outgoing):
    """What became of a file of numbers."""

    added: int
    known: int
    faults: list[LineFault]


class DndAuditView(Outgoing):
    """What was done to the do-not-disturb list."""

    at: datetime
    action: str
    detail: dict[str, Any]


class StopRequest(Incoming):
    """Why everything is stopped."""

    reason: Annotated[str, StringConstraints(max_length=500)] = ""


class RestingTrunk(Outgoing):
    """A trunk that is not used until a time, since its calls failed."""

    name: str
    reason: str
    until: datetime | None


class StopView(Outgoing):
    """Whether anything is dialled at present."""

    stopped: bool
    since: datetime | None
    reason: str
    resting: list[RestingTrunk]


class ProfileBody(Incoming):
    """What the assistant may use without asking again; ``time_zone`` is an IANA name."""

    display_name: Annotated[str, StringConstraints(max_length=200)] = ""
    time_zone: Annotated[str, StringConstraints(max_length=64)] | None = None
    language: Annotated[str, StringConstraints(max_length=35)] | None = None
    facts: dict[Annotated[str, StringConstraints(max_length=100)], JsonValue] = Field(
        default_factory=dict, max_length=200
    )
