"""All that is known of one finished call, and how it is put before a text model."""

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from opendeep.common.data_models import CallCause, CallStatus, FeedbackKind, Speaker
from opendeep.config.prompt_config import POST_CALL_ANALYSIS_SYSTEM_PROMPT, in_tag
from opendeep.database.engine import Database
from opendeep.database.models import Call, Task
from opendeep.database.repositories import (
    CallEvents,
    DndList,
    FeedbackRequests,
    Tasks,
    Transcripts,
)
from opendeep.llm_integrations.text_model import ModelMessage, SystemMessage, UserMessage
from opendeep.post_call_analyzer_service.heard import HeardLine
from opendeep.post_call_analyzer_service.outcome_rules import MACHINE_CAUSES, OpenQuestion

FACTS_NOTED = "facts_noted"
"""Where ``inter_call_context`` holds what the voice AI noted, by name, as it happened."""

_ENDED = "ended"
_MOST = 500
# The voice AI's own reason stands before the colon of the end's words.
_WRONG_NUMBER = "wrong_number"


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedUser:
    """A question that the user got during the call; ``answer`` is None where none came."""

    question: str
    answer: str | None
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    """One finished call of one user.

    Attributes:
        facts_noted: what the voice AI noted during this call and the task's earlier ones.
        asked_user: what the user was asked during this call, in that order.
        wrong_number: whether the voice AI ended the call as a wrong number.
        listed: whether the user's do-not-call list holds the number by now.
    """

    call: Call
    task: Task
    lines: tuple[HeardLine, ...]
    facts_noted: dict[str, str]
    asked_user: tuple[AskedUser, ...]
    wrong_number: bool
    listed: bool

    @property
    def cause(self) -> CallCause:
        """Why the call ended; one that was lost from sight is lost, whatever took it from us."""
        if self.call.status is CallStatus.LOST:
            return CallCause.LOST
        return self.call.cause or CallCause.LOST

    @property
    def number(self) -> str:
        """The number that was called; by now the task may be at another one."""
        return self.call.destination or self.task.phone_number

    @property
    def open_question(self) -> OpenQuestion | None:
        """What the user was asked last during the call, if no answer came."""
        last = self.asked_user[-1] if self.asked_user else None
        if last is None or last.answer is not None:
            return None
        return OpenQuestion(question=last.question, options=last.options)

    @property
    def is_conversation(self) -> bool:
        """Whether a callee spoke to us, so that the words decide and not the cause."""
        spoke = any(line.speaker is Speaker.CALLEE and line.text.strip() for line in self.lines)
        return spoke and self.cause not in MACHINE_CAUSES


async def load_record(database: Database, call: Call) -> CallRecord:
    """Read everything about ``call`` in one transaction, in its own user's scope."""
    async with database.transaction() as tx:
        task = await Tasks(tx, call.user_id).get(call.task_id)
        lines = await Transcripts(tx, call.user_id).lines(call.id)
        events = await CallEvents(tx, call.user_id).list(call.id)
        asked = (await FeedbackRequests(tx, call.user_id).list(task_id=task.id, limit=_MOST)).items
        listed = await DndList(tx, call.user_id).contains(call.destination or task.phone_number)
    return CallRecord(
        call=call,
        task=task,
        lines=tuple(
            HeardLine(seq=line.seq, speaker=line.speaker, text=line.text, start_ms=line.start_ms)
            for line in lines
        ),
        facts_noted=_facts_noted(task),
        asked_user=tuple(
            AskedUser(question=one.question, answer=one.answer, options=tuple(one.options))
            for one in asked
            if one.call_id == call.id and one.kind is FeedbackKind.LIVE_CALL
        ),
        wrong_number=any(
            event.name == _ENDED
            and str(event.detail.get("reason", "")).partition(":")[0] == _WRONG_NUMBER
            for event in events
        ),
        listed=listed,
    )


def _facts_noted(task: Task) -> dict[str, str]:
    noted = task.inter_call_context.get(FACTS_NOTED)
    return {str(key): str(noted[key]) for key in noted} if isinstance(noted, dict) else {}


def analysis_messages(record: CallRecord) -> list[ModelMessage]:
    """Put the call before the model: the rules, then this one user's data as JSON in a tag."""
    return [
        SystemMessage(text=POST_CALL_ANALYSIS_SYSTEM_PROMPT),
        UserMessage(text=in_tag("call", _facts(record))),
    ]


def _facts(record: CallRecord) -> dict[str, Any]:
    task, call = record.task, record.call
    return {
        "task": task.model_dump(
            mode="json",
            include={
                "title",
                "goal",
                "instructions",
                "success_criteria",
                "facts",
                "questions_for_callee",
                "contact_name",
                "business_name",
                "language",
            },
        ),
        "call": {
            "cause": record.cause.value,
            "attempt_number": call.attempt_number,
            "answered": call.answered_at is not None,
            "seconds": _seconds(call),
            "date": _date(record),
        },
        "facts_noted": record.facts_noted,
        "asked_user": [
            {"question": asked.question, "answer": asked.answer} for asked in record.asked_user
        ],
        "transcript": [
            {
                "seq": line.seq,
                "speaker": line.speaker.value,
                "text": line.text,
                "start_ms": line.start_ms,
            }
            for line in record.lines
        ],
    }


def _date(record: CallRecord) -> str | None:
    """The callee's date at the call, with the weekday, for what was said of "tomorrow"."""
    begun = record.call.started_at
    if begun is None:
        return None
    return begun.astimezone(callee_zone(record.task)).strftime("%A, %Y-%m-%d")


def callee_zone(task: Task) -> ZoneInfo:
    """Return the callee's time zone as far as the task names it, else UTC."""
    try:
        return ZoneInfo(task.time_zone or "UTC")
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return ZoneInfo("UTC")


def _seconds(call: Call) -> int:
    if call.answered_at is None or call.ended_at is None:
        return 0
    return max(round((call.ended_at - call.answered_at).total_seconds()), 0)
