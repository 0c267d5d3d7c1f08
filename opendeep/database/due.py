"""Which tasks the scheduler may take: one definition for looking and for claiming."""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, literal_column, or_, select

from opendeep.common.data_models import CampaignStatus
from opendeep.database.tables import DUE_STATUSES, campaigns, tasks


def dialable() -> ColumnElement[bool]:
    """Say which tasks may be taken once their time has come.

    Paused campaigns, used-up attempts and tasks without a next time never come. The statuses are
    written out, not bound: SQLite uses the partial index ``ix_tasks_due`` only for constants.
    """
    active = select(campaigns.c.id).where(
        campaigns.c.id == tasks.c.campaign_id, campaigns.c.status == CampaignStatus.ACTIVE
    )
    return and_(
        tasks.c.status.in_([literal_column(f"'{status}'") for status in DUE_STATUSES]),
        tasks.c.next_action_time.is_not(None),
        tasks.c.current_attempt_count < tasks.c.max_attempts,
        or_(tasks.c.campaign_id.is_(None), active.exists()),
    )


def due(now: datetime) -> ColumnElement[bool]:
    """Say which tasks may be taken now."""
    return and_(dialable(), tasks.c.next_action_time <= now)


URGENCY = (tasks.c.priority, tasks.c.next_action_time, tasks.c.id)
"""Most urgent first, within one user."""
