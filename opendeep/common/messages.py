"""What travels on the bus: the channels' names and the typed, versioned messages.

Nothing durable rides on the bus: rows are the truth, and a lost message costs a delay only.
"""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints, TypeAdapter

from opendeep.common.data_models import CallCause, Frozen
from opendeep.common.ids import CallId, UserId

WAKEUPS = "wakeups"


def call_commands(call_id: CallId) -> str:
    """Name the channel on which a call's attempt handler takes commands."""
    return f"call_commands:{call_id}"


def voice_commands(call_id: CallId) -> str:
    """Name the channel on which a call's audio handler takes commands."""
    return f"voice_commands:{call_id}"


def call_events(call_id: CallId) -> str:
    """Name the channel of what happens in a call."""
    return f"call_events:{call_id}"


def call_audio(call_id: CallId) -> str:
    """Name the channel of a call's µ-law audio; published only while someone listens."""
    return f"call_audio:{call_id}"


def user_events(user_id: UserId) -> str:
    """Name the channel that tells a user's pages that a new row is in ``user_events``."""
    return f"user_events:{user_id}"


class SendDtmf(Frozen):
    """Send keys to the callee: ``0-9*#ABCD``, ``w`` waits half a second."""

    type: Literal["dtmf"] = "dtmf"
    v: Literal[1] = 1
    digits: Annotated[str, StringConstraints(pattern=r"^[0-9*#ABCDw]{1,32}$")]


class EndCall(Frozen):
    """Hang up, for this cause."""

    type: Literal["end_call"] = "end_call"
    v: Literal[1] = 1
    cause: CallCause
    reason: str = ""


class TransferCall(Frozen):
    """Hand the callee over to another number."""

    type: Literal["transfer"] = "transfer"
    v: Literal[1] = 1
    to: str
    mode: Literal["blind", "attended"] = "blind"


class GiveHint(Frozen):
    """What the user types to the AI during the call."""

    type: Literal["hint"] = "hint"
    v: Literal[1] = 1
    text: Annotated[str, StringConstraints(min_length=1, max_length=1000)]


class HoldCallee(Frozen):
    """Ask the callee to wait, and say nothing more; answered once those words were played."""

    type: Literal["hold"] = "hold"
    v: Literal[1] = 1


class ResumeCallee(Frozen):
    """Go on with a callee who waited in vain; ``text`` says why, for the AI."""

    type: Literal["resume"] = "resume"
    v: Literal[1] = 1
    text: str


class GiveAnswer(Frozen):
    """The user's answer to a live question; ``answer`` is None when the time ran out."""

    type: Literal["answer"] = "answer"
    v: Literal[1] = 1
    tool_call_id: str
    answer: str | None


class Wakeup(Frozen):
    """New work may be in the database for the service named."""

    type: Literal["wakeup"] = "wakeup"
    v: Literal[1] = 1
    work: Literal[
        "due_tasks", "queued_tasks", "slot_free", "calls_to_analyse", "campaigns", "stops"
    ]


class UserEventStored(Frozen):
    """A row was added to ``user_events``; readers fetch it by id."""

    type: Literal["user_event"] = "user_event"
    v: Literal[1] = 1
    event_id: int


class CallEvent(Frozen):
    """Something happened in a call, for whoever watches it live."""

    type: Literal["call_event"] = "call_event"
    v: Literal[1] = 1
    name: str
    detail: str = ""


class AudioChunk(Frozen):
    """20 ms or more of one side's audio, 8 kHz µ-law."""

    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    type: Literal["audio"] = "audio"
    v: Literal[1] = 1
    side: Literal["callee", "ai"]
    mulaw: bytes


Message = Annotated[
    SendDtmf
    | EndCall
    | TransferCall
    | GiveHint
    | GiveAnswer
    | HoldCallee
    | ResumeCallee
    | Wakeup
    | UserEventStored
    | CallEvent
    | AudioChunk,
    Field(discriminator="type"),
]
MESSAGE_ADAPTER: TypeAdapter[Message] = TypeAdapter(Message)
