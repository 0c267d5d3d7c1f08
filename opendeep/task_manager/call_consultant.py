"""The second agent behind a call: a text model that thinks while the voice goes on talking.

The voice AI asks it through its function ``consult``. It sees the task, what earlier calls brought,
and everything said so far, of one user; it may read the earlier calls; it can do nothing. Its
advice goes back to the voice AI as text. What callees said is data to it, never an instruction.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import structlog
from pydantic import BaseModel, ConfigDict, Field

from opendeep.common.clock import Clock
from opendeep.common.errors import ConflictError, UnavailableError
from opendeep.common.ids import CallId
from opendeep.common.ports import Advice
from opendeep.config.prompt_config import CALL_CONSULTANT_SYSTEM_PROMPT, in_tag
from opendeep.database.engine import Database
from opendeep.database.models import Call, Task, TranscriptLine
from opendeep.database.repositories import CallEvents, Calls, SystemCalls, Tasks, Transcripts
from opendeep.llm_integrations.text_model import (
    BoundTool,
    SystemMessage,
    TextModel,
    ToolSpec,
    UserMessage,
)

log = structlog.get_logger(__name__)

CONSULTED_EVENT: Final = "consulted"
_EARLIER_CALLS: Final = 3
_LINES: Final = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsultLimits:
    """How much a call may ask: so often, and waiting so long for each answer."""

    questions: int = 5
    seconds: float = 15.0


class ConsultAnswer(BaseModel):
    """What the model has to return."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    answer: str = Field(min_length=1, max_length=1500)
    say: str = Field(default="", max_length=600)
    certain: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """What is known of a call."""

    call: Call
    task: Task
    lines: list[TranscriptLine]
    asked: int


class CallConsultant:
    """Implements ``common.ports.CallConsultant``."""

    def __init__(
        self, database: Database, model: TextModel, clock: Clock, limits: ConsultLimits
    ) -> None:
        self._database = database
        self._model = model
        self._clock = clock
        self._limits = limits

    async def consult(self, call_id: CallId, question: str) -> Advice:
        """Answer a question of a call's voice AI.

        Raises:
            ConflictError: the call has asked as often as it may.
            UnavailableError: there is no answer in time.
        """
        case = await self._case(call_id)
        if case.asked >= self._limits.questions:
            raise ConflictError("Nothing more can be asked in this call. Decide by the task.")
        began = self._clock.monotonic()
        try:
            async with asyncio.timeout(self._limits.seconds):
                answer, usage = await self._model.generate_json_completion_with_tools(
                    [
                        SystemMessage(text=CALL_CONSULTANT_SYSTEM_PROMPT),
                        UserMessage(text=in_tag("call", _data(case, question))),
                    ],
                    ConsultAnswer,
                    schema_name="consult_answer",
                    tools=[self._earlier_calls(case)],
                )
        except TimeoutError as error:
            raise UnavailableError("There was no advice in time. Decide by the task.") from error
        seconds = round(self._clock.monotonic() - began, 1)
        detail = {
            "question": question,
            **answer.model_dump(),
            "seconds": seconds,
            "tokens": usage.input_tokens + usage.output_tokens,
        }
        async with self._database.transaction() as tx:
            await CallEvents(tx, case.call.user_id).append(call_id, CONSULTED_EVENT, detail)
        log.info("call_consulted", call_id=call_id, seconds=seconds)
        return Advice(answer=answer.answer, say=answer.say, certain=answer.certain)

    async def _case(self, call_id: CallId) -> _Case:
        async with self._database.transaction() as tx:
            call = await SystemCalls(tx).get(call_id)
            events = await CallEvents(tx, call.user_id).list(call_id)
            return _Case(
                call=call,
                task=await Tasks(tx, call.user_id).get(call.task_id),
                lines=await Transcripts(tx, call.user_id).lines(call_id),
                asked=sum(event.name == CONSULTED_EVENT for event in events),
            )

    def _earlier_calls(self, case: _Case) -> BoundTool:
        async def read(_arguments: dict[str, Any]) -> str:
            user_id = case.call.user_id
            async with self._database.transaction() as tx:
                calls = await Calls(tx, user_id).for_task(case.task.id)
                earlier = [one for one in calls if one.id != case.call.id][-_EARLIER_CALLS:]
                told = [
                    {
                        "attempt": one.attempt_number,
                        "transcript": _told(await Transcripts(tx, user_id).lines(one.id)),
                    }
                    for one in earlier
                ]
            return in_tag("earlier_calls", {"calls": told})

        return BoundTool(
            spec=ToolSpec(
                name="read_earlier_calls",
                description="Read what was said in the earlier calls of this task.",
                parameters={"type": "object", "properties": {}, "additionalProperties": False},
            ),
            run=read,
        )


def _data(case: _Case, question: str) -> dict[str, Any]:
    task = case.task
    return {
        "question": question,
        "goal": task.goal or task.title,
        "instructions": task.instructions,
        "facts": task.facts,
        "success_criteria": task.success_criteria,
        "questions_for_callee": task.questions_for_callee,
        "memory": task.inter_call_context,
        "language": task.language or "en",
        "transcript": _told(case.lines),
    }


def _told(lines: Sequence[TranscriptLine]) -> list[dict[str, str]]:
    return [{"speaker": line.speaker.value, "text": line.text} for line in lines[-_LINES:]]
