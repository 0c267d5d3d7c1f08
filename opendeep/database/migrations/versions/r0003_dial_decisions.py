"""What the dialling policy decided, whom an attempt was meant for, and who listed a number."""

import sqlalchemy as sa
from alembic import op

from opendeep.database.column_types import JSON_VALUE, ROW_ID, UtcDateTime, utc_now

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add them; attempts and entries that are there get theirs from their tasks and calls."""
    _create_decisions()
    op.add_column("calls", sa.Column("destination", sa.Text))
    op.execute(
        "UPDATE calls SET destination = "
        "(SELECT tasks.phone_number FROM tasks WHERE tasks.id = calls.task_id)"
    )
    op.create_index(
        "ix_calls_destination_user_id_created_at", "calls", ["destination", "user_id", "created_at"]
    )
    op.create_index("ix_calls_user_id_created_at", "calls", ["user_id", "created_at"])
    op.add_column("dnd_list", sa.Column("added_by", sa.Text, server_default="user", nullable=False))
    op.execute("UPDATE dnd_list SET added_by = 'callee' WHERE source_call_id IS NOT NULL")


def _create_decisions() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    is_json = "inputs IS NULL OR json_valid(inputs)"
    checked = [sa.CheckConstraint(is_json, name=op.f("ck_dial_decisions_inputs_json"))]
    op.create_table(
        "dial_decisions",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("user_id", ROW_ID, nullable=False),
        sa.Column("task_id", ROW_ID),
        sa.Column("call_id", sa.Text),
        sa.Column("decided_at", UtcDateTime, server_default=utc_now(), nullable=False),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("rule_id", sa.Text, nullable=False),
        sa.Column("until", UtcDateTime),
        sa.Column("inputs", JSON_VALUE, server_default="{}", nullable=False),
        sa.Column("policy_version", sa.Text, nullable=False),
        sa.CheckConstraint(
            "verdict IN ('dial', 'wait', 'refuse')", name=op.f("ck_dial_decisions_verdict")
        ),
        sa.ForeignKeyConstraint(
            ["task_id", "user_id"],
            ["tasks.id", "tasks.user_id"],
            name=op.f("fk_dial_decisions_task_id_user_id_tasks"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_dial_decisions_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dial_decisions")),
        *(checked if is_sqlite else []),
    )
    op.create_index("ix_dial_decisions_task_id_id", "dial_decisions", ["task_id", "id"])
