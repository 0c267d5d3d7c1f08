"""Count each task's claims, and find what is due, and what is in hand, without reading the rest."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_DUE = (
    "status IN ('pending', 'on_hold', 'retry_scheduled') AND current_attempt_count < max_attempts"
)
_IN_HAND = "status IN ('queued_for_call', 'in_progress', 'awaiting_analysis')"


def upgrade() -> None:
    """Add the column, and put the new indexes in the place of the old ones."""
    op.add_column(
        "tasks", sa.Column("claim_token", sa.Integer, server_default=sa.text("0"), nullable=False)
    )
    for name in ("ix_tasks_due", "ix_tasks_due_next", "ix_tasks_status_next_action_time"):
        op.drop_index(name, table_name="tasks")
    lane = ["user_id", "campaign_id"]
    _create("ix_tasks_due", [*lane, "priority", "next_action_time", "id"], _DUE)
    _create("ix_tasks_due_at", [*lane, "next_action_time"], _DUE)
    _create("ix_tasks_in_hand", ["status", "updated_at"], _IN_HAND)


def _create(name: str, columns: list[str], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, "tasks", columns, sqlite_where=where, postgresql_where=where)
