"""The stop switch, and trunks that rest."""

import sqlalchemy as sa
from alembic import op

from opendeep.database.column_types import UtcDateTime, utc_now

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "dial_stops",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, server_default="", nullable=False),
        sa.Column("until", UtcDateTime),
        sa.Column("failures", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", UtcDateTime, server_default=utc_now(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_dial_stops")),
    )
