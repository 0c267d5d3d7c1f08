"""Questions to the user, from live calls and between calls."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func

from opendeep.common.data_models import FeedbackKind, FeedbackStatus
from opendeep.common.errors import ConflictError, NotFoundError
from opendeep.common.ids import CallId, CampaignId, FeedbackId, TaskId
from opendeep.database.models import FeedbackRequest, Page
from opendeep.database.scopes import PAGE_LIMIT, ScopedRepository
from opendeep.database.tables import feedback_requests as requests
from opendeep.database.tables import tasks


class FeedbackRequests(ScopedRepository):
    """One user's questions."""

    async def create(
        self,
        *,
        kind: FeedbackKind,
        task_id: TaskId,
        question: str,
        call_id: CallId | None = None,
        tool_call_id: str | None = None,
        options: Sequence[str] = (),
        expires_at: datetime | None = None,
    ) -> FeedbackRequest:
        """Put a question; tell ``feedback_requested`` or, between calls, ``check_in``.

        Idempotent by ``(call_id, tool_call_id)``: the same tool call asks once.

        Raises:
            NotFoundError: the user has no such task or call.
        """
        values = {
            "kind": kind,
            "task_id": task_id,
            "call_id": call_id,
            "tool_call_id": tool_call_id,
            "question": question,
            "options": list(options),
            "expires_at": expires_at,
        }
        unique = ["call_id", "tool_call_id"]
        created = await self._scope.insert_missing(requests, FeedbackRequest, values, unique=unique)
        if created is None:
            return await self._of_tool_call(call_id, tool_call_id)
        event = "check_in" if kind is FeedbackKind.CHECK_IN else "feedback_requested"
        self._scope.tell(event, subject_id=created.id)
        return created

    async def get(self, feedback_id: FeedbackId) -> FeedbackRequest:
        """Return a question.

        Raises:
            NotFoundError: the user has no such question.
        """
        query = self._scope.select(requests, FeedbackRequest)
        found = await query.where(requests.c.id == feedback_id).first()
        if found is None:
            raise NotFoundError("question", feedback_id)
        return found

    async def list(
        self,
        status: FeedbackStatus | None = None,
        *,
        task_id: TaskId | None = None,
        limit: int = PAGE_LIMIT,
        cursor: str | None = None,
    ) -> Page[FeedbackRequest]:
        """Return questions, oldest first."""
        query = self._scope.select(requests, FeedbackRequest)
        if status is not None:
            query = query.where(requests.c.status == status)
        if task_id is not None:
            query = query.where(requests.c.task_id == task_id)
        return await query.page(requests.c.id, limit=limit, cursor=cursor)

    async def answer(self, feedback_id: FeedbackId, answer: str) -> FeedbackRequest:
        """Store the user's answer, once; tell ``feedback_answered``.

        Raises:
            NotFoundError: the user has no such question.
            ConflictError: it is answered, expired or cancelled already.
        """
        values = {"answer": answer, "answered_at": self._scope.now()}
        return await self._close(feedback_id, FeedbackStatus.ANSWERED, "feedback_answered", values)

    async def expire(self, feedback_id: FeedbackId) -> FeedbackRequest:
        """Note that the time ran out; tell ``feedback_expired``.

        Raises:
            NotFoundError: the user has no such question.
            ConflictError: it is answered, expired or cancelled already.
        """
        return await self._close(feedback_id, FeedbackStatus.EXPIRED, "feedback_expired", {})

    async def cancel(self, feedback_id: FeedbackId) -> FeedbackRequest:
        """Take a question back, since its call or task is over; tell ``feedback_expired``.

        Raises:
            NotFoundError: the user has no such question.
            ConflictError: it is answered, expired or cancelled already.
        """
        return await self._close(feedback_id, FeedbackStatus.CANCELLED, "feedback_expired", {})

    async def pending_for_call(self, call_id: CallId) -> FeedbackRequest | None:
        """Return the question of a call that waits for its answer, if there is one."""
        query = self._scope.select(requests, FeedbackRequest).where(
            requests.c.call_id == call_id, requests.c.status == FeedbackStatus.PENDING
        )
        return await query.order_by(requests.c.id).first()

    async def answered_in_campaign(
        self, campaign_id: CampaignId, *, limit: int = 20
    ) -> Sequence[FeedbackRequest]:
        """Return what the user answered during the campaign's calls, the latest first."""
        of_campaign = self._scope.values(tasks, tasks.c.id).where(
            tasks.c.campaign_id == campaign_id
        )
        query = self._scope.select(requests, FeedbackRequest).where(
            requests.c.status == FeedbackStatus.ANSWERED,
            requests.c.kind == FeedbackKind.LIVE_CALL,
            requests.c.task_id.in_(of_campaign.subquery()),
        )
        return await query.order_by(requests.c.id.desc()).limit(limit).all()

    async def count_for_call(self, call_id: CallId) -> int:
        """Count the questions that a call has put."""
        query = self._scope.values(requests, func.count())
        return int(await query.where(requests.c.call_id == call_id).value())

    async def _of_tool_call(
        self, call_id: CallId | None, tool_call_id: str | None
    ) -> FeedbackRequest:
        query = self._scope.select(requests, FeedbackRequest).where(
            requests.c.call_id == call_id, requests.c.tool_call_id == tool_call_id
        )
        found = await query.first()
        if found is None:
            raise ConflictError("This tool call belongs to somebody else.")
        return found

    async def _close(
        self, feedback_id: FeedbackId, status: FeedbackStatus, event: str, values: dict[str, Any]
    ) -> FeedbackRequest:
        change = self._scope.update(requests, FeedbackRequest).where(
            requests.c.id == feedback_id, requests.c.status == FeedbackStatus.PENDING
        )
        closed = await change.set({**values, "status": status})
        if closed is None:
            current = await self.get(feedback_id)
            raise ConflictError(f"The question is {current.status} already.")
        self._scope.tell(event, subject_id=feedback_id)
        return closed
