"""Shapes that cross a border: plans from people and models, states, analyses, bus messages.

Everything here is Pydantic, frozen and versionless JSON; facts that stay inside a process are
dataclasses beside their owner.
"""

import re
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
)
from pydantic_core import PydanticCustomError

WRONG_NUMBER: Final = "wrong_number"
"""In ``inter_call_context``: the number that turned out to be somebody else's."""


REVIEW_RETRY: Final = "Call again"
REVIEW_ACCEPT: Final = "Accept as done"
REVIEW_CLOSE: Final = "Close it"
REVIEW_OPTIONS: Final = (REVIEW_RETRY, REVIEW_ACCEPT, REVIEW_CLOSE)
"""What the user may do about a call whose outcome is not clear: the options of a review card."""


class TaskStatus(StrEnum):
    """Where a task stands; the transitions are in ``task_manager/task_states.py``."""

    PENDING = "pending"
    QUEUED_FOR_CALL = "queued_for_call"
    IN_PROGRESS = "in_progress"
    AWAITING_ANALYSIS = "awaiting_analysis"
    RETRY_SCHEDULED = "retry_scheduled"
    ON_HOLD = "on_hold"
    AWAITING_USER = "awaiting_user"
    COMPLETED = "completed"
    FAILED = "failed"
    UNRESOLVED = "unresolved"
    CANCELLED = "cancelled"
    CANCELLED_DND = "cancelled_dnd"

    @property
    def is_final(self) -> bool:
        """Whether nothing more happens to the task by itself."""
        return self in _FINAL_TASK_STATES


_FINAL_TASK_STATES = frozenset(
    {
        TaskStatus.COMPLETED,
        TaskStatus.FAILED,
        TaskStatus.UNRESOLVED,
        TaskStatus.CANCELLED,
        TaskStatus.CANCELLED_DND,
    }
)


class CallStatus(StrEnum):
    """Where a call stands; from ``originating`` on, the attempt is used."""

    INITIATING = "initiating"
    ORIGINATING = "originating"
    RINGING = "ringing"
    IN_PROGRESS = "in_progress"
    ENDED = "ended"
    LOST = "lost"

    @property
    def is_live(self) -> bool:
        """Whether the call holds a slot."""
        return self not in {CallStatus.ENDED, CallStatus.LOST}


class CallCause(StrEnum):
    """Why a call ended: a closed set, the first cause wins."""

    COMPLETED = "completed"
    CALLEE_HUNG_UP = "callee_hung_up"
    AI_HUNG_UP = "ai_hung_up"
    USER_HUNG_UP = "user_hung_up"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    REJECTED = "rejected"
    UNALLOCATED = "unallocated"
    CONGESTION = "congestion"
    VOICEMAIL = "voicemail"
    SCREENED = "screened"
    FAX = "fax"
    SILENCE = "silence"
    TIME_LIMIT = "time_limit"
    AI_FAILED = "ai_failed"
    AUDIO_FAILED = "audio_failed"
    EXCHANGE_FAILED = "exchange_failed"
    CANCELLED = "cancelled"
    LOST = "lost"


class CampaignStatus(StrEnum):
    """Where a campaign stands."""

    ACTIVE = "active"
    PAUSED = "paused"
    FINISHED = "finished"
    CANCELLED = "cancelled"


class VoicemailPolicy(StrEnum):
    """What a call does when an answering machine answers."""

    LEAVE_MESSAGE = "leave_message"
    HANG_UP = "hang_up"
    GO_ON = "go_on"


class WhenGoalMet(StrEnum):
    """What becomes of a campaign's other tasks once one of them met its goal."""

    GO_ON = "go_on"
    STOP_OTHERS = "stop_others"
    HANG_UP_OTHERS = "hang_up_others"


class FeedbackKind(StrEnum):
    """A question from a live call, or one between calls."""

    LIVE_CALL = "live_call"
    CHECK_IN = "check_in"


class FeedbackStatus(StrEnum):
    """Where a question to the user stands."""

    PENDING = "pending"
    ANSWERED = "answered"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class Speaker(StrEnum):
    """Who said a transcript line; ``system`` is OpenDeep itself (keys sent, notes)."""

    AI = "ai"
    CALLEE = "callee"
    SYSTEM = "system"


class Frozen(BaseModel):
    """Base of all shapes: immutable; unknown keys are refused, so that a typo is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


ShortText = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
LongText = Annotated[str, StringConstraints(strip_whitespace=True, max_length=4000)]
# Plain spaces come with copying; a line break or another alphabet's space is somebody's trick.
PhoneText = Annotated[
    str, StringConstraints(max_length=40), AfterValidator(lambda text: text.strip(" "))
]


_ISO_8601 = re.compile(
    r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d([.,]\d{1,9})?)?(Z|[+-]\d\d(:?\d\d)?)?)?\Z",
    re.ASCII | re.IGNORECASE,
)


def _written_out(value: object) -> object:
    """Refuse what pydantic would take for seconds or milliseconds since 1970."""
    if isinstance(value, datetime) or (isinstance(value, str) and _ISO_8601.match(value.strip())):
        return value
    raise PydanticCustomError(
        "not_iso_8601", "Write the time in ISO 8601 with a zone, as in 2030-01-31T14:00:00+01:00"
    )


WrittenInstant = Annotated[datetime, BeforeValidator(_written_out)]
"""An instant that people and models write in ISO 8601; whether it has a zone is judged later."""


class PlanSource(Frozen):
    """Where a factual claim of the plan came from; the model's memory is not a source."""

    field: ShortText
    from_: Literal["user", "places", "search"] = Field(alias="from")
    reference: Annotated[str, StringConstraints(max_length=500)]

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class PlanTask(Frozen):
    """One call objective of a plan (CONTRACT §4). ``phone_number`` is E.164.

    ``alternative_numbers`` are the contact's other ones, in the order to try them.
    """

    title: ShortText
    phone_number: PhoneText
    contact_name: ShortText | None = None
    business_name: ShortText | None = None
    goal: LongText
    instructions: LongText | None = None
    facts: dict[str, JsonValue] = Field(default_factory=dict)
    success_criteria: LongText
    questions_for_callee: list[ShortText] = Field(default_factory=list, max_length=50)
    max_attempts: Annotated[int, Field(ge=1, le=20)] = 3
    earliest: WrittenInstant | None = None
    latest: WrittenInstant | None = None
    time_zone: ShortText | None = None
    priority: Annotated[int, Field(ge=0, le=9)] = 5
    language: ShortText | None = None
    voicemail: VoicemailPolicy = VoicemailPolicy.HANG_UP
    alternative_numbers: list[PhoneText] = Field(default_factory=list, max_length=5)
    sources: list[PlanSource] = Field(default_factory=list, max_length=50)


class CampaignPlan(Frozen):
    """What the user confirms: the approval binds exactly this."""

    title: ShortText
    goal: LongText
    tasks: list[PlanTask] = Field(max_length=10_000)
    language: ShortText | None = None
    voice: ShortText | None = None
    disclosure: LongText | None = None
    when_goal_met: WhenGoalMet = WhenGoalMet.GO_ON


class FormQuestion(Frozen):
    """One typed question of a form."""

    id: ShortText
    label: ShortText
    type: Literal["text", "choice", "date", "time", "number", "phone", "boolean"] = "text"
    options: list[ShortText] | None = None
    required: bool = True


class Form(Frozen):
    """Questions that the assistant needs answered before it can plan."""

    id: ShortText
    title: ShortText
    questions: list[FormQuestion] = Field(min_length=1, max_length=20)


class ToolActivity(Frozen):
    """One use of a tool by the assistant, told to the user as it happens."""

    tool: str
    summary: str
    ok: bool


class Verdict(StrEnum):
    """How far a call got towards its task's goal."""

    SUCCESS = "success"
    PARTIAL = "partial"
    FAILURE = "failure"
    UNRESOLVED = "unresolved"


class NextStep(StrEnum):
    """What the analysis says should follow."""

    DONE = "done"
    RETRY = "retry"
    FOLLOW_UP = "follow_up"
    ASK_USER = "ask_user"
    GIVE_UP = "give_up"


class Promise(Frozen):
    """Something that somebody undertook to do, with its date if one was named, and the words."""

    what: str
    due: str | None = None
    quote: str = ""
    seq: int = 0
    start_ms: int = 0


class QuotedFact(Frozen):
    """Something that the call showed, with the words of the transcript line ``seq`` that show it.

    ``agreed`` tells what the callee agreed to from what they only said.
    """

    name: str
    value: str
    agreed: bool = False
    quote: str
    seq: int
    start_ms: int = 0


class Evidence(Frozen):
    """A claim and the transcript line that shows it."""

    claim: str
    quote: str
    seq: int
    start_ms: int = 0


class CallAnalysis(Frozen):
    """What a call achieved (CONTRACT §6: task ``outcome`` and call ``analysis``)."""

    verdict: Verdict
    summary: str
    agreed: dict[str, Any] = Field(default_factory=dict)
    facts: list[QuotedFact] = Field(default_factory=list)
    promises: list[Promise] = Field(default_factory=list)
    next_step: NextStep
    evidence: list[Evidence] = Field(default_factory=list)
    confidence: Annotated[float, Field(ge=0, le=1)]
    dnd: bool = False
    question_for_user: str | None = None
