"""Several numbers of one contact, and campaigns that stop when their goal is met."""

import sqlalchemy as sa
from alembic import op

from opendeep.database.column_types import JSON_VALUE, ROW_ID

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add them; what is there has one number, and its campaign goes on."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "ALTER TABLE tasks ADD COLUMN alternative_numbers JSON DEFAULT '[]' NOT NULL "
            "CONSTRAINT ck_tasks_alternative_numbers_json "
            "CHECK (alternative_numbers IS NULL OR json_valid(alternative_numbers))"
        )
    else:
        numbers = sa.Column("alternative_numbers", JSON_VALUE, server_default="[]", nullable=False)
        op.add_column("tasks", numbers)
    op.add_column(
        "campaigns", sa.Column("when_goal_met", sa.Text, server_default="go_on", nullable=False)
    )
    op.add_column("campaigns", sa.Column("goal_met_by", ROW_ID))
