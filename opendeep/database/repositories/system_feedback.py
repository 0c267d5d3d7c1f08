"""Questions over all users: whose time ran out."""

from datetime import datetime

from sqlalchemy import select

from opendeep.common.data_models import FeedbackStatus
from opendeep.database.models import FeedbackRequest
from opendeep.database.tables import feedback_requests as requests
from opendeep.database.transaction import Transaction


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
        found = await self._tx.execute(statement)
        return [FeedbackRequest.model_validate(dict(row)) for row in found.mappings()]
