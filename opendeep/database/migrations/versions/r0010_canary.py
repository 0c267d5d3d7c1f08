"""New campaigns prove themselves with a few calls before the rest."""

import sqlalchemy as sa
from alembic import op

from opendeep.database.column_types import UtcDateTime

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add when; a campaign that is there has been calling already and is not stopped for it."""
    op.add_column("campaigns", sa.Column("canary_passed_at", UtcDateTime))
    op.execute("UPDATE campaigns SET canary_passed_at = created_at")
