"""Questions over all users: whose time ran out, or whose call is over."""

from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, or_, select

from opendeep.common.data_models import CallStatus, FeedbackKind, FeedbackStatus, TaskStatus
from opendeep.database.models import FeedbackRequest
from opendeep.database.tables import calls, tasks
from opendeep.database.tables import feedback_requests as requests
from opendeep.database.transaction import Transaction

_CANCELLED = [TaskStatus.CANCELLED, TaskStatus.CANCELLED_DND]


class SystemFeedback:
    """For the one who watches deadlines."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    async def expired(self, now: datetime) -> list[FeedbackRequest]:
        """Return pending questions whose ``expires_at`` has come, longest overdue first."""
        statement = (
            select(*[requests.c[name] for name in FeedbackRequest.model_fields])
            .where(requests.c.status == FeedbackStatus.PENDING, requests.c.expires_at <= now)
            .order_by(requests.c.expires_at, requests.c.id)
        )
        return await self._read(statement)

    async def abandoned(self) -> list[FeedbackRequest]:
        """Return pending questions for whose answer nobody waits any more.

        Their call is over or, between calls, their task was cancelled.
        """
        over = select(calls.c.id).where(calls.c.status.in_([CallStatus.ENDED, CallStatus.LOST]))
        cancelled = select(tasks.c.id).where(tasks.c.status.in_(_CANCELLED))
        statement = (
            select(*[requests.c[name] for name in FeedbackRequest.model_fields])
            .where(
                requests.c.status == FeedbackStatus.PENDING,
                or_(
                    and_(requests.c.kind == FeedbackKind.LIVE_CALL, requests.c.call_id.in_(over)),
                    and_(
                        requests.c.kind == FeedbackKind.CHECK_IN, requests.c.task_id.in_(cancelled)
                    ),
                ),
            )
            .order_by(requests.c.id)
        )
        return await self._read(statement)

    async def _read(self, statement: Select[Any]) -> list[FeedbackRequest]:
        found = await self._tx.execute(statement)
        return [FeedbackRequest.model_validate(dict(row)) for row in found.mappings()]
