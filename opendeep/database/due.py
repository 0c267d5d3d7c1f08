"""Which tasks the scheduler may take: one definition for looking and for claiming."""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, or_, text

from opendeep.common.data_models import CampaignStatus
from opendeep.database.tables import IS_WAITING, campaigns, tasks


def waiting() -> ColumnElement[bool]:
    """Say which tasks wait for their time, whatever their campaign does.

    Word for word the condition of the partial indexes ``ix_tasks_due`` and ``ix_tasks_due_at``:
    SQLite uses them for nothing else.
    """
    return text(IS_WAITING)  # type: ignore[return-value]


def dialable() -> ColumnElement[bool]:
    """Say which tasks may be taken once their time has come.

    Paused campaigns, used-up attempts and tasks without a next time never come.
    """
    active = exists().where(
        campaigns.c.id == tasks.c.campaign_id, campaigns.c.status == CampaignStatus.ACTIVE
    )
    return and_(
        waiting(),
        tasks.c.next_action_time.is_not(None),
        or_(tasks.c.campaign_id.is_(None), active),
    )


def due(now: datetime) -> ColumnElement[bool]:
    """Say which tasks may be taken now."""
    return and_(dialable(), tasks.c.next_action_time <= now)


URGENCY = (tasks.c.priority, tasks.c.next_action_time, tasks.c.id)
"""Most urgent first, within one user."""
