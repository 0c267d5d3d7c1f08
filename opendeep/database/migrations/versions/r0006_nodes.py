"""The processes that hold calls, and which life of which process a call belongs to."""

import sqlalchemy as sa
from alembic import op

from opendeep.database.column_types import UtcDateTime, utc_now

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add them; calls that are there belong to a life that is over."""
    op.create_table(
        "nodes",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("incarnation", sa.Integer, server_default=sa.text("1"), nullable=False),
        sa.Column("beat", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("ready", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("seen_at", UtcDateTime, server_default=utc_now(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_nodes")),
    )
    op.add_column(
        "calls", sa.Column("fence", sa.Integer, server_default=sa.text("0"), nullable=False)
    )
    op.create_index("ix_calls_started_at", "calls", ["started_at"])
