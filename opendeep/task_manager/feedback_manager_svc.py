"""Questions to the user: asked from a live call or between calls, answered once.

A live question has a deadline; at the deadline the call is told that no answer came, and a later
answer is refused. A check-in waits until it is answered and then moves its task.
"""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog

from opendeep.common import messages
from opendeep.common.clock import Clock
from opendeep.common.data_models import REVIEW_OPTIONS, FeedbackKind, FeedbackStatus, TaskStatus
from opendeep.common.errors import (
    ConflictError,
    InvalidInputError,
    NoListenerError,
    UnavailableError,
)
from opendeep.common.event_bus import EventBus
from opendeep.common.ids import CallId, FeedbackId, TaskId, UserId
from opendeep.common.lifecycle import wait_event
from opendeep.common.messages import GiveAnswer, Wakeup
from opendeep.database.engine import Database
from opendeep.database.models import FeedbackRequest, Task
from opendeep.database.repositories import Calls, FeedbackRequests, SystemFeedback, Tasks
from opendeep.database.transaction import Transaction
from opendeep.task_manager.check_ins import CheckInDecision, decide_check_in
from opendeep.task_manager.plan_validation import names_number
from opendeep.task_manager.review_cards import review
from opendeep.task_manager.task_states import TaskInput, sources_of, target_of

log = structlog.get_logger(__name__)

QUESTIONS_PER_CALL = 5
ANSWER_MOST_CHARACTERS = 1000
_LOOK_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackConfig:
    """How long the user has to answer a live question, and which countries may be called."""

    timeout_seconds: float = 60.0
    countries: frozenset[str] = frozenset()


class FeedbackManagerService:
    """Asks, takes answers, and lets time run out."""

    name = "feedback_manager"

    def __init__(
        self, database: Database, bus: EventBus, clock: Clock, config: FeedbackConfig
    ) -> None:
        self._database = database
        self._bus = bus
        self._clock = clock
        self._config = config
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Close questions whose time, call or task is over, until :meth:`stop`."""
        while not self._stopping.is_set():
            await self.expire_due()
            await self.cancel_abandoned()
            await wait_event(self._stopping, _LOOK_SECONDS)

    def stop(self) -> None:
        """Ask :meth:`run` to return."""
        self._stopping.set()

    async def ask(
        self,
        user_id: UserId,
        *,
        task_id: TaskId,
        call_id: CallId,
        tool_call_id: str,
        question: str,
        options: list[str],
    ) -> FeedbackRequest:
        """Put a question from a live call; idempotent by tool call.

        Raises:
            ConflictError: another question of the call is pending, or it has had its five.
        """
        expires_at = self._clock.now() + timedelta(seconds=self._config.timeout_seconds)
        async with self._database.transaction() as tx:
            requests = FeedbackRequests(tx, user_id)
            pending = await requests.pending_for_call(call_id)
            if pending is not None:
                if pending.tool_call_id == tool_call_id:
                    return pending
                raise ConflictError("One question is waiting for the user already.")
            if await requests.count_for_call(call_id) >= QUESTIONS_PER_CALL:
                raise ConflictError("This call has asked the user five questions already.")
            return await requests.create(
                kind=FeedbackKind.LIVE_CALL,
                task_id=task_id,
                call_id=call_id,
                tool_call_id=tool_call_id,
                question=question,
                options=options,
                expires_at=expires_at,
            )

    async def answer(self, user_id: UserId, feedback_id: FeedbackId, answer: str) -> None:
        """Take the user's answer, once, into the live call or the waiting task.

        Raises:
            NotFoundError: no such question of this user.
            ConflictError: it is answered, or its time ran out.
            InvalidInputError: it is empty, too long, or holds a number that must not be called.
        """
        words = answer.strip()
        if not 1 <= len(words) <= ANSWER_MOST_CHARACTERS:
            raise InvalidInputError(
                f"An answer has between 1 and {ANSWER_MOST_CHARACTERS} characters."
            )
        async with self._database.transaction() as tx:
            requests = FeedbackRequests(tx, user_id)
            asked = await requests.get(feedback_id)
            too_late = asked.status is FeedbackStatus.PENDING and await self._is_too_late(tx, asked)
            if too_late:
                await requests.expire(feedback_id)
            else:
                await requests.answer(feedback_id, words)
                if asked.kind is FeedbackKind.CHECK_IN:
                    await self._move_task(tx, user_id, asked, words)
        if asked.kind is FeedbackKind.LIVE_CALL:
            await self._tell_call(asked, None if too_late else words)
        if too_late:
            raise ConflictError("The time to answer this question is over.")

    async def expire_due(self) -> int:
        """Let the time of overdue live questions run out; return how many."""
        async with self._database.transaction() as tx:
            overdue = await SystemFeedback(tx).expired(self._clock.now())
        for asked in overdue:
            try:
                async with self._database.transaction() as tx:
                    await FeedbackRequests(tx, asked.user_id).expire(asked.id)
            except ConflictError:
                continue  # the user answered in this very moment: the answer counts
            await self._tell_call(asked, None)
        return len(overdue)

    async def cancel_abandoned(self) -> int:
        """Take back questions whose call is over or task cancelled; return how many."""
        async with self._database.transaction() as tx:
            abandoned = await SystemFeedback(tx).abandoned()
        for asked in abandoned:
            try:
                async with self._database.transaction() as tx:
                    await FeedbackRequests(tx, asked.user_id).cancel(asked.id)
            except ConflictError:
                continue  # it was answered or expired in this very moment
        return len(abandoned)

    async def _is_too_late(self, tx: Transaction, asked: FeedbackRequest) -> bool:
        """Say whether the deadline has come, or the call that asked is over."""
        if asked.expires_at is not None and asked.expires_at <= self._clock.now():
            return True
        if asked.kind is not FeedbackKind.LIVE_CALL or asked.call_id is None:
            return False
        call = await Calls(tx, asked.user_id).get(asked.call_id)
        return not call.status.is_live

    async def _tell_call(self, asked: FeedbackRequest, answer: str | None) -> None:
        if asked.call_id is None or asked.tool_call_id is None:
            return
        message = GiveAnswer(tool_call_id=asked.tool_call_id, answer=answer)
        try:
            await self._bus.command(messages.voice_commands(asked.call_id), message)
        except (NoListenerError, UnavailableError) as error:
            # The call is over: the answer stays with the question for the analysis.
            log.info("answer_without_call", call_id=asked.call_id, reason=error.code)

    async def _move_task(
        self, tx: Transaction, user_id: UserId, asked: FeedbackRequest, answer: str
    ) -> None:
        tasks = Tasks(tx, user_id)
        task = await tasks.get(asked.task_id)
        if tuple(asked.options) == REVIEW_OPTIONS:
            await review(tx, task, answer)
        if task.status is not TaskStatus.AWAITING_USER:
            return
        decision: CheckInDecision = decide_check_in(
            asked.question,
            answer,
            task.inter_call_context,
            old_number=task.phone_number,
            countries=self._config.countries,
        )
        if decision.cancel:
            event, due = TaskInput.CANCEL, None
        else:
            event, due = TaskInput.ANSWER, self._clock.now()
        changes: dict[str, Any] = {
            "status_reason": decision.reason,
            "inter_call_context": decision.context,
            "next_action_time": due,
        }
        if decision.phone_number is not None:
            changes["phone_number"] = decision.phone_number
            changes["alternative_numbers"] = [
                number for number in task.alternative_numbers if number != decision.phone_number
            ]
            changes["sources"] = _with_source(task, answer)
        if task.current_attempt_count >= task.max_attempts:
            changes["max_attempts"] = task.current_attempt_count + 1
        await tasks.change(task.id, expected=sources_of(event), status=target_of(event), **changes)
        tx.publish(messages.WAKEUPS, Wakeup(work="due_tasks"))


def _with_source(task: Task, answer: str) -> list[dict[str, Any]]:
    """Return the task's sources with the user's answer as the one of its number."""
    others = [source for source in task.sources if not names_number(source.field)]
    return [
        {"field": "phone_number", "from": "user", "reference": answer[:200]},
        *(source.model_dump(mode="json", by_alias=True) for source in others),
    ]
