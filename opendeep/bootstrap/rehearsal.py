"""``opendeep practice``: a whole campaign without pages, told as it happens.

It uses what the pages use (assistant, orchestrator, questions, report), in a database of its own
that is thrown away, so a rehearsal neither sees nor changes real data.
"""

import asyncio
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from opendeep.bootstrap.application import Application, running_application
from opendeep.bootstrap.rehearsal_table import EXPECTED, faults_of_record
from opendeep.bootstrap.serving import start_logging
from opendeep.common.data_models import (
    CampaignPlan,
    FeedbackKind,
    FeedbackStatus,
    Form,
    FormQuestion,
    TaskStatus,
)
from opendeep.common.errors import ConflictError, UnavailableError
from opendeep.common.ids import CampaignId, TaskId, UserId
from opendeep.config.app_config import AppConfig, load_config
from opendeep.database.models import Call, FeedbackRequest, Task, TranscriptLine
from opendeep.database.repositories import (
    Calls,
    DndList,
    FeedbackRequests,
    SystemUsers,
    Tasks,
    Transcripts,
)
from opendeep.practice.records import CalleeRecord
from opendeep.web_interface.ports import ChatUpdate

Tell = Callable[[str], None]

_NUMBER = "+141555501{dd}"
_NAME = "Alex Morgan"
_CALLS_AT_ONCE = 4
_TURNS_MOST = 8
_LOOK_SECONDS = 0.25
_TASK_MOST_SECONDS = 420.0
_BUSY = frozenset(
    {
        TaskStatus.PENDING,
        TaskStatus.QUEUED_FOR_CALL,
        TaskStatus.IN_PROGRESS,
        TaskStatus.AWAITING_ANALYSIS,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsalResult:
    """How one callee's campaign ended; ``faults`` is empty when all is as expected.

    Attributes:
        record: the last call as the callee lived it; None when none reached it.
        recording: the last call's sound, where recordings were asked for.
    """

    callee: str
    task_status: str
    cause: str | None
    seconds: float
    transcript: list[dict[str, Any]]
    faults: list[str] = field(default_factory=list)
    record: CalleeRecord | None = None
    recording: Path | None = None

    @property
    def as_expected(self) -> bool:
        """Whether the task ended as it must and the callee's own record agrees."""
        return not self.faults

    def as_json(self) -> dict[str, Any]:
        """Return the result as the command's JSON has it."""
        return {
            "callee": self.callee,
            "task_status": self.task_status,
            "cause": self.cause,
            "seconds": round(self.seconds, 1),
            "transcript": self.transcript,
            "faults": self.faults,
        }

    def summary_line(self) -> str:
        """Return the result as one line for people."""
        verdict = (
            "as expected" if self.as_expected else "NOT as expected: " + "; ".join(self.faults)
        )
        cause = f" ({self.cause})" if self.cause else ""
        return f"{self.callee}: {self.task_status}{cause} after {self.seconds:.0f} s, {verdict}"


async def rehearse(
    goal: str,
    callees: Sequence[str],
    answers: Sequence[str],
    *,
    tell: Tell,
    keep: Path | None = None,
    like: AppConfig | None = None,
) -> list[RehearsalResult]:
    """Run a campaign per callee, several at once.

    Args:
        goal: what is typed in the chat.
        callees: the last two digits of the practice numbers.
        answers: to questions during a call, in turn; the last repeats.
        tell: takes each line of the story.
        keep: where the database and recordings stay; None throws all away and records nothing.
        like: whose kind of voice is practised with, where it needs no service outside.

    Raises:
        SettingsError: the practice network cannot run on this machine.
    """
    with tempfile.TemporaryDirectory(prefix="opendeep-practice-") as folder:
        config = _practice_config(keep or Path(folder), record=keep is not None, like=like)
        start_logging(config)
        async with running_application(config) as application:
            runs = [
                _Rehearsal(application, goal, callee, answers, tell=tell, many=len(callees) > 1)
                for callee in callees
            ]
            return list(await asyncio.gather(*(run.run() for run in runs)))


def _practice_config(folder: Path, *, record: bool, like: AppConfig | None) -> AppConfig:
    """Return settings that reach nothing but the practice network, whatever is configured."""
    return load_config(
        {},
        env_file=None,
        overrides={
            "opendeep_data_dir": folder,
            "max_concurrent_calls": _CALLS_AT_ONCE,
            "record_calls": record,
            "log_level": "warning",
            "voice_provider": "local" if like and like.voice_provider == "local" else "openai",
            "call_consult": like is not None and like.call_consult,
        },
    )


class _Rehearsal:
    """One callee's campaign."""

    def __init__(
        self,
        application: Application,
        goal: str,
        callee: str,
        answers: Sequence[str],
        *,
        tell: Tell,
        many: bool,
    ) -> None:
        self._app = application
        self._goal = goal
        self._callee = callee
        self._answers = list(answers)
        self._prefix = f"[{callee}] " if many else ""
        self._raw_tell = tell
        self._lines_told = 0
        self._status_told: tuple[str, str | None] = ("", None)

    def _tell(self, line: str) -> None:
        self._raw_tell(f"{self._prefix}{line}")

    async def run(self) -> RehearsalResult:
        """Chat, confirm, follow the call, report."""
        began = time.monotonic()
        user_id = await self._user()
        plan = await self._plan(user_id)
        executed = await self._app.services.orchestrator.execute_plan(user_id, plan)
        self._tell("Confirmed: the campaign is scheduled.")
        task = await self._follow(user_id, executed.task_ids[0])
        await self._report(user_id, executed.campaign_id)
        call, lines = await self._last_call(user_id, task.id)
        record = self._record(task)
        return RehearsalResult(
            callee=self._callee,
            task_status=task.status.value,
            cause=call.cause.value if call is not None and call.cause is not None else None,
            seconds=time.monotonic() - began,
            transcript=[_line_json(line) for line in lines],
            faults=await self._faults(user_id, task, record),
            record=record,
            recording=Path(call.recording_path) if call and call.recording_path else None,
        )

    async def _user(self) -> UserId:
        async with self._app.database.transaction() as tx:
            return (await SystemUsers(tx).ensure(f"practice-{self._callee}")).id

    async def _plan(self, user_id: UserId) -> CampaignPlan:
        number = _NUMBER.format(dd=self._callee)
        message: str | None = f"{self._goal}. Call {number}."
        form_answers: dict[str, JsonValue] | None = None
        session_id = None
        self._tell(f"You: {message}")
        for _ in range(_TURNS_MOST):
            reply = await self._app.assistant.interact(
                user_id,
                session_id=session_id,
                message=message,
                form_answers=form_answers,
                tell=_ignore,
            )
            session_id = reply.session_id
            for activity in reply.tool_activity:
                self._tell(f"  ({activity.summary})")
            self._tell(f"Assistant: {reply.reply}")
            if reply.campaign_plan is not None:
                return reply.campaign_plan
            message, form_answers = None, None
            if reply.form is not None:
                form_answers = _fill(reply.form, number)
                self._tell(f"You (form): {form_answers}")
            else:
                message = "Please go ahead with the plan."
        raise UnavailableError("The assistant did not come to a plan.")

    async def _follow(self, user_id: UserId, task_id: TaskId) -> Task:
        try:
            return await self._watch(user_id, task_id)
        except TimeoutError as error:
            raise UnavailableError(
                f"The task of callee {self._callee} did not end within {_TASK_MOST_SECONDS:.0f} s."
            ) from error

    async def _watch(self, user_id: UserId, task_id: TaskId) -> Task:
        async with asyncio.timeout(_TASK_MOST_SECONDS):
            while True:
                async with self._app.database.transaction() as tx:
                    task = await Tasks(tx, user_id).get(task_id)
                    pending = await FeedbackRequests(tx, user_id).list(FeedbackStatus.PENDING)
                await self._tell_call(user_id, task)
                for asked in pending.items:
                    if asked.kind is FeedbackKind.LIVE_CALL:
                        await self._answer(user_id, asked)
                if task.status not in _BUSY and task.current_attempt_count > 0:
                    self._tell(f"Task: {task.status.value}. {task.status_reason or ''}")
                    return task
                await asyncio.sleep(_LOOK_SECONDS)

    async def _tell_call(self, user_id: UserId, task: Task) -> None:
        call, lines = await self._last_call(user_id, task.id)
        status = (task.status.value, call.status.value if call is not None else None)
        if status != self._status_told:
            self._status_told = status
            self._tell(f"Task {status[0]}" + (f", call {status[1]}" if status[1] else ""))
        for line in lines[self._lines_told :]:
            self._tell(f"  {line.speaker.value}: {line.text}")
        self._lines_told = max(self._lines_told, len(lines))

    async def _answer(self, user_id: UserId, asked: FeedbackRequest) -> None:
        answer = self._answers[0] if self._answers else (asked.options or ["Yes, take it"])[0]
        if len(self._answers) > 1:
            self._answers.pop(0)
        self._tell(f"Question: {asked.question} → {answer}")
        try:
            await self._app.services.feedback.answer(user_id, asked.id, answer)
        except ConflictError as error:
            self._tell(f"The answer came too late: {error.message}")

    async def _last_call(
        self, user_id: UserId, task_id: TaskId
    ) -> tuple[Call | None, list[TranscriptLine]]:
        async with self._app.database.transaction() as tx:
            calls = await Calls(tx, user_id).for_task(task_id)
            if not calls:
                return None, []
            return calls[-1], await Transcripts(tx, user_id).lines(calls[-1].id)

    async def _report(self, user_id: UserId, campaign_id: CampaignId) -> None:
        report = await self._app.services.summarizer.render(user_id, campaign_id, "md")
        if not self._prefix:
            self._tell("")
            self._tell(report.decode())

    def _record(self, task: Task) -> CalleeRecord | None:
        network = self._app.ends.network
        records = [] if network is None else network.records
        return next((one for one in reversed(records) if one.number == task.phone_number), None)

    async def _faults(self, user_id: UserId, task: Task, record: CalleeRecord | None) -> list[str]:
        expected = EXPECTED[self._callee]
        faults = [] if task.status is expected else [f"the task must end {expected.value}"]
        async with self._app.database.transaction() as tx:
            listed = await DndList(tx, user_id).contains(task.phone_number)
        return faults + faults_of_record(self._callee, record, on_dnd_list=listed)


async def _ignore(_update: ChatUpdate) -> None:
    """The turn is told when it is complete."""


def _fill(form: Form, number: str) -> dict[str, JsonValue]:
    return {question.id: _form_answer(question, number) for question in form.questions}


def _form_answer(question: FormQuestion, number: str) -> JsonValue:
    if question.options:
        return question.options[0]
    match question.type:
        case "phone":
            return number
        case "boolean":
            return True
        case "number":
            return 1
        case "date" | "time":
            return "" if not question.required else "next week"
        case _:
            return _NAME if "name" in f"{question.id} {question.label}".lower() else "next week"


def _line_json(line: TranscriptLine) -> dict[str, Any]:
    return line.model_dump(mode="json", include={"seq", "speaker", "text", "start_ms", "end_ms"})
