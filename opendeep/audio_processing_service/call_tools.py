"""What the voice AI may do besides talking: the functions, their arguments, checked.

The model's arguments are strings from outside: they are decoded against a type, and what does not
fit is told to the model instead of being acted on.
"""

from typing import Annotated, Literal

import msgspec

from opendeep.audio_processing_service.voice_agent import ToolSpec
from opendeep.common.data_models import CallCause
from opendeep.common.errors import InvalidInputError
from opendeep.common.ports import CallMediaConfig

EndReason = Literal[
    "goal_reached",
    "callee_refused",
    "callee_unavailable",
    "callee_said_goodbye",
    "voicemail",
    "screened",
    "wrong_number",
    "fax",
    "no_response",
    "other",
]
END_CAUSES: dict[str, CallCause] = {
    "goal_reached": CallCause.COMPLETED,
    "voicemail": CallCause.VOICEMAIL,
    "screened": CallCause.SCREENED,
    "fax": CallCause.FAX,
    "no_response": CallCause.SILENCE,
}


def cause_of(reason: EndReason) -> CallCause:
    """Return the call's cause for a reason of the AI: by the table, else ``ai_hung_up``."""
    return END_CAUSES.get(reason, CallCause.AI_HUNG_UP)


class _Arguments(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all arguments; unknown keys are ignored, since models invent some."""


_Words = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]


class SendDtmfArguments(_Arguments, frozen=True, kw_only=True, tag_field="tool", tag="send_dtmf"):
    """Keys to press; ``w`` waits half a second."""

    digits: Annotated[str, msgspec.Meta(pattern="^[0-9*#ABCDw]{1,32}$")]


class EndCallArguments(_Arguments, frozen=True, kw_only=True, tag_field="tool", tag="end_call"):
    """Why the AI wants to hang up."""

    reason: EndReason
    summary: Annotated[str, msgspec.Meta(max_length=2000)] = ""


class AskUserArguments(
    _Arguments, frozen=True, kw_only=True, tag_field="tool", tag="request_user_feedback"
):
    """A question that only the user can decide."""

    question: _Words
    options: Annotated[list[_Words], msgspec.Meta(max_length=10)] | None = None


class DoNotCallArguments(
    _Arguments, frozen=True, kw_only=True, tag_field="tool", tag="mark_do_not_call"
):
    """The callee's own words."""

    words: _Words


class ConsultArguments(_Arguments, frozen=True, kw_only=True, tag_field="tool", tag="consult"):
    """A question to the second agent."""

    question: _Words


class NoteFactArguments(_Arguments, frozen=True, kw_only=True, tag_field="tool", tag="note_fact"):
    """A fact that the callee gave."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    value: _Words


ToolArguments = (
    SendDtmfArguments
    | EndCallArguments
    | AskUserArguments
    | DoNotCallArguments
    | NoteFactArguments
    | ConsultArguments
)
_SHAPES: dict[str, type[ToolArguments]] = {
    "send_dtmf": SendDtmfArguments,
    "end_call": EndCallArguments,
    "request_user_feedback": AskUserArguments,
    "mark_do_not_call": DoNotCallArguments,
    "note_fact": NoteFactArguments,
    "consult": ConsultArguments,
}


def parse_arguments(name: str, arguments: str) -> ToolArguments:
    """Check a function call of the model.

    Raises:
        InvalidInputError: no such function, or arguments that do not fit; the message says what.
    """
    shape = _SHAPES.get(name)
    if shape is None:
        raise InvalidInputError(f"There is no function {name[:40]!r}.")
    try:
        values = msgspec.json.decode(arguments.encode("utf-8", "replace"), type=dict[str, object])
        return msgspec.convert({**values, "tool": name}, shape)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise InvalidInputError(f"The arguments of {name} do not fit: {error}") from error


def _schema(required: list[str], **properties: dict[str, object]) -> dict[str, object]:
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


TOOLS: tuple[ToolSpec, ...] = (
    ToolSpec(
        name="send_dtmf",
        description=(
            "Press keys on the phone, for instance to choose from a menu. After it, listen: "
            "say nothing until the menu or a person speaks again."
        ),
        parameters=_schema(
            ["digits"],
            digits={"type": "string", "description": "0-9, *, #, A-D; w waits half a second."},
        ),
    ),
    ToolSpec(
        name="end_call",
        description=(
            "Hang up. Say goodbye first, in the same answer; it is played to its end. "
            "Nothing can be said after it."
        ),
        parameters=_schema(
            ["reason", "summary"],
            reason={"type": "string", "enum": list(EndReason.__args__)},  # type: ignore[attr-defined]
            summary={"type": "string", "description": "What came of the call, in one sentence."},
        ),
    ),
    ToolSpec(
        name="request_user_feedback",
        description=(
            "Ask the person you are calling for, while the callee waits, when only that person "
            "can decide. Tell the callee first that you need a moment. It may take a minute."
        ),
        parameters=_schema(
            ["question"],
            question={"type": "string"},
            options={"type": "array", "items": {"type": "string"}, "maxItems": 10},
        ),
    ),
    ToolSpec(
        name="mark_do_not_call",
        description=(
            "The callee does not want to be called again. Use it at once when they say so, "
            "then apologise and end the call."
        ),
        parameters=_schema(
            ["words"], words={"type": "string", "description": "What the callee said."}
        ),
    ),
    ToolSpec(
        name="note_fact",
        description="Remember something that the callee told you: a date, a price, a name.",
        parameters=_schema(["name", "value"], name={"type": "string"}, value={"type": "string"}),
    ),
)
CONSULT: ToolSpec = ToolSpec(
    name="consult",
    description=(
        "Ask a second, careful assistant who knows the task, the earlier calls and all that was "
        "said: to check a fact, to weigh a hard choice, to put a long answer well. It takes a few "
        "seconds; tell the callee that you are thinking about it, and go on talking meanwhile."
    ),
    parameters=_schema(["question"], question={"type": "string"}),
)
"""Offered beside the others where a second agent is set up."""


def offered_tools(config: CallMediaConfig, *, consult: bool) -> tuple[ToolSpec, ...]:
    """Return what a call's voice AI may call; the second line of a transfer gets nothing."""
    if config.part_of is not None:
        return ()
    return (*TOOLS, CONSULT) if consult else TOOLS
