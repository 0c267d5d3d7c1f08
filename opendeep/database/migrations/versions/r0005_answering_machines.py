"""What a task wants of an answering machine, and the ways through phone menus that were found."""

import sqlalchemy as sa
from alembic import op

from opendeep.database.column_types import JSON_VALUE, ROW_ID, UtcDateTime, utc_now

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add them; tasks that are there hang up, as they did."""
    op.add_column(
        "tasks", sa.Column("voicemail", sa.Text, server_default="hang_up", nullable=False)
    )
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    is_json = "route IS NULL OR json_valid(route)"
    checked = [sa.CheckConstraint(is_json, name=op.f("ck_phone_menus_route_json"))]
    op.create_table(
        "phone_menus",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("user_id", ROW_ID, nullable=False),
        sa.Column("phone_number", sa.Text, nullable=False),
        sa.Column("route", JSON_VALUE, server_default="{}", nullable=False),
        sa.Column("updated_at", UtcDateTime, server_default=utc_now(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_phone_menus_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phone_menus")),
        sa.UniqueConstraint(
            "user_id", "phone_number", name=op.f("uq_phone_menus_user_id_phone_number")
        ),
        *(checked if is_sqlite else []),
    )
