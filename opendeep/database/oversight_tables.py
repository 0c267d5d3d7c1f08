"""The tables of what the overseer did, what it cost, and whom outcomes are told to.

A part of ``tables.py``, which every other module takes them from.
"""

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    Text,
    UniqueConstraint,
)

from opendeep.database.column_types import ROW_ID
from opendeep.database.table_parts import (
    child_of,
    instant,
    int_column,
    json_column,
    owned,
    owner,
    row_id,
    text_column,
)

task_actions = owned(
    "task_actions",
    row_id(),
    owner(),
    Column("task_id", ROW_ID, nullable=False),
    # rules   the overseer, by its rules alone
    # model   the overseer, on a proposal of the model that the rules allowed
    # user    the user undid or took up what the overseer did or proposed
    text_column("actor"),
    text_column("kind"),
    text_column("reason"),
    # What was changed, by column: to show it, and to undo it.
    json_column("before", "{}"),
    json_column("after", "{}"),
    # done       it was carried out
    # proposed   it waits for the user
    # accepted   the user took it up (final)
    # dismissed  the user did not want it (final)
    # undone     the user took it back (final)
    text_column("status", "done"),
    instant("created_at"),
    instant("updated_at"),
    CheckConstraint("actor IN ('rules', 'model', 'user')", name="actor"),
    CheckConstraint(
        "status IN ('done', 'proposed', 'accepted', 'dismissed', 'undone')", name="status"
    ),
    child_of("tasks", "task_id"),
    UniqueConstraint("id", "user_id"),
    Index(None, "task_id", "id"),
)

model_usage = owned(
    "model_usage",
    Column("user_id", ROW_ID, ForeignKey("users.id"), primary_key=True),
    # The day in UTC, as 2026-11-30.
    Column("day", Text, primary_key=True),
    Column("purpose", Text, primary_key=True),
    int_column("tokens", 0),
    int_column("requests", 0),
)

notification_targets = owned(
    "notification_targets",
    row_id(),
    owner(),
    text_column("kind"),
    # The webhook's URL, or the e-mail address.
    text_column("address"),
    # Signs what is sent to a webhook; shown once, when it is made.
    Column("secret", Text),
    # The last of the user's events that was looked at for this target.
    int_column("last_event_id", 0),
    instant("created_at"),
    CheckConstraint("kind IN ('webhook', 'email')", name="kind"),
    UniqueConstraint("id", "user_id"),
    UniqueConstraint("user_id", "kind", "address"),
)

notification_deliveries = owned(
    "notification_deliveries",
    row_id(),
    owner(),
    Column("target_id", ROW_ID, nullable=False),
    Column("task_id", ROW_ID, nullable=False),
    # The task's version that is told of: each is told to a target once.
    Column("task_version", Integer, nullable=False),
    Column("message_id", Text, nullable=False, unique=True),
    text_column("event"),
    json_column("payload", "{}"),
    # pending    to be sent at next_attempt_at, after what came before it for the same task
    # delivered  the receiver said so (final)
    # dead       nobody took it until expires_at, or it was refused (the user may send it again)
    text_column("status", "pending"),
    int_column("attempts", 0),
    instant("next_attempt_at"),
    instant("expires_at"),
    Column("last_error", Text),
    instant("created_at"),
    instant("updated_at"),
    CheckConstraint("status IN ('pending', 'delivered', 'dead')", name="status"),
    child_of("notification_targets", "target_id"),
    child_of("tasks", "task_id"),
    UniqueConstraint("target_id", "task_id", "task_version"),
    Index(None, "status", "next_attempt_at"),
    Index(None, "user_id", "id"),
)

OVERSIGHT = (task_actions, model_usage, notification_targets, notification_deliveries)
