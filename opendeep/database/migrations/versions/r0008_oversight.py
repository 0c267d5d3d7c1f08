"""What the overseer knows and did, the tokens that it used, and whom outcomes are told to."""

import sqlalchemy as sa
from alembic import op

from opendeep.database.column_types import JSON_VALUE, ROW_ID, UtcDateTime, utc_now

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add them; a task that is there is of unknown nature and in its first phase."""
    nature = sa.Column("nature", sa.Text, server_default="unknown", nullable=False)
    op.add_column("tasks", nature)
    for name in ("phase", "instructions_version"):
        column = sa.Column(name, sa.Integer, server_default=sa.text("1"), nullable=False)
        op.add_column("tasks", column)
    _create_actions()
    _create_usage()
    _create_targets()
    _create_deliveries()


def _create_actions() -> None:
    op.create_table(
        "task_actions",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("user_id", ROW_ID, nullable=False),
        sa.Column("task_id", ROW_ID, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("before", JSON_VALUE, server_default="{}", nullable=False),
        sa.Column("after", JSON_VALUE, server_default="{}", nullable=False),
        sa.Column("status", sa.Text, server_default="done", nullable=False),
        sa.Column("created_at", UtcDateTime, server_default=utc_now(), nullable=False),
        sa.Column("updated_at", UtcDateTime, server_default=utc_now(), nullable=False),
        sa.CheckConstraint(
            "actor IN ('rules', 'model', 'user')", name=op.f("ck_task_actions_actor")
        ),
        sa.CheckConstraint(
            "status IN ('done', 'proposed', 'accepted', 'dismissed', 'undone')",
            name=op.f("ck_task_actions_status"),
        ),
        sa.ForeignKeyConstraint(
            ["task_id", "user_id"],
            ["tasks.id", "tasks.user_id"],
            name=op.f("fk_task_actions_task_id_user_id_tasks"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_task_actions_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task_actions")),
        sa.UniqueConstraint("id", "user_id", name=op.f("uq_task_actions_id_user_id")),
        *_json_checks("task_actions", "before", "after"),
    )
    op.create_index("ix_task_actions_task_id_id", "task_actions", ["task_id", "id"])


def _create_usage() -> None:
    op.create_table(
        "model_usage",
        sa.Column("user_id", ROW_ID, nullable=False),
        sa.Column("day", sa.Text, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("tokens", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("requests", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_model_usage_user_id_users")
        ),
        sa.PrimaryKeyConstraint("user_id", "day", "purpose", name=op.f("pk_model_usage")),
    )


def _create_targets() -> None:
    op.create_table(
        "notification_targets",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("user_id", ROW_ID, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("secret", sa.Text),
        sa.Column("last_event_id", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", UtcDateTime, server_default=utc_now(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('webhook', 'email')", name=op.f("ck_notification_targets_kind")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_notification_targets_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification_targets")),
        sa.UniqueConstraint("id", "user_id", name=op.f("uq_notification_targets_id_user_id")),
        sa.UniqueConstraint(
            "user_id", "kind", "address", name=op.f("uq_notification_targets_user_id_kind_address")
        ),
    )


def _create_deliveries() -> None:
    table = "notification_deliveries"
    op.create_table(
        table,
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("user_id", ROW_ID, nullable=False),
        sa.Column("target_id", ROW_ID, nullable=False),
        sa.Column("task_id", ROW_ID, nullable=False),
        sa.Column("task_version", sa.Integer, nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("payload", JSON_VALUE, server_default="{}", nullable=False),
        sa.Column("status", sa.Text, server_default="pending", nullable=False),
        sa.Column("attempts", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("next_attempt_at", UtcDateTime, server_default=utc_now(), nullable=False),
        sa.Column("expires_at", UtcDateTime, server_default=utc_now(), nullable=False),
        sa.Column("last_error", sa.Text),
        sa.Column("created_at", UtcDateTime, server_default=utc_now(), nullable=False),
        sa.Column("updated_at", UtcDateTime, server_default=utc_now(), nullable=False),
        sa.CheckConstraint(
            "status IN ('pending', 'delivered', 'dead')", name=op.f(f"ck_{table}_status")
        ),
        *(
            sa.ForeignKeyConstraint(
                [column, "user_id"],
                [f"{parent}.id", f"{parent}.user_id"],
                name=op.f(f"fk_{table}_{column}_user_id_{parent}"),
            )
            for column, parent in (("target_id", "notification_targets"), ("task_id", "tasks"))
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f(f"fk_{table}_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("message_id", name=op.f(f"uq_{table}_message_id")),
        sa.UniqueConstraint(
            "target_id",
            "task_id",
            "task_version",
            name=op.f(f"uq_{table}_target_id_task_id_task_version"),
        ),
        *_json_checks(table, "payload"),
    )
    op.create_index(f"ix_{table}_status_next_attempt_at", table, ["status", "next_attempt_at"])
    op.create_index(f"ix_{table}_user_id_id", table, ["user_id", "id"])


def _json_checks(table: str, *columns: str) -> list[sa.CheckConstraint]:
    if op.get_bind().dialect.name != "sqlite":
        return []
    return [
        sa.CheckConstraint(
            f"{column} IS NULL OR json_valid({column})", name=op.f(f"ck_{table}_{column}_json")
        )
        for column in columns
    ]
