"""The one definition of the data; migrations and ``schema.sql`` are proven equal to it.

Defaults are the database's own (``server_default``), so that a row inserted by hand with only
``(user_id, title, phone_number)`` runs. A child carries its parent's ``user_id`` in its foreign
key: a row of one user can never hang under another user's row.
"""

from enum import StrEnum
from typing import NewType

from sqlalchemy import (
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from opendeep.common.data_models import (
    CallCause,
    CallStatus,
    CampaignStatus,
    FeedbackKind,
    FeedbackStatus,
    Speaker,
    TaskStatus,
)
from opendeep.database.column_types import JSON_VALUE, ROW_ID, UtcDateTime, utc_now

OwnedTable = NewType("OwnedTable", Table)
"""A table whose every row belongs to one user: the only kind that a scope takes."""

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

DUE_STATUSES = (TaskStatus.PENDING, TaskStatus.ON_HOLD, TaskStatus.RETRY_SCHEDULED)
LIVE_STATUSES = tuple(status for status in CallStatus if status.is_live)


def _one_of(name: str, values: type[StrEnum]) -> CheckConstraint:
    """Make the check that column ``name`` holds a value of the enum, or NULL."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{name} IN ({listed})", name=name)


def _in(name: str, values: tuple[StrEnum, ...]) -> str:
    listed = ", ".join(f"'{value}'" for value in values)
    return f"{name} IN ({listed})"


def _id() -> Column[int]:
    return Column("id", ROW_ID, primary_key=True)


def _user_id() -> Column[int]:
    return Column("user_id", ROW_ID, ForeignKey("users.id"), nullable=False)


def _at(name: str) -> "Column[object]":
    """Make a column for an instant that the database fills in itself."""
    return Column(name, UtcDateTime, nullable=False, server_default=utc_now())


def _maybe_at(name: str) -> "Column[object]":
    return Column(name, UtcDateTime)


def _text(name: str, default: str | None = None) -> Column[str]:
    return Column(name, Text, nullable=False, server_default=default)


def _int(name: str, default: int) -> Column[int]:
    return Column(name, Integer, nullable=False, server_default=text(str(default)))


def _json(name: str, default: str) -> "Column[object]":
    return Column(name, JSON_VALUE, nullable=False, server_default=default)


def _parent(column: str, table: str) -> ForeignKeyConstraint:
    """Make the foreign key to a parent of the same user."""
    return ForeignKeyConstraint([column, "user_id"], [f"{table}.id", f"{table}.user_id"])


users = Table(
    "users",
    METADATA,
    _id(),
    Column("username", Text, nullable=False, unique=True),
    _text("role", "user"),
    Column("password_hash", Text),
    # The scheduler's memory of whose turn it was: users take turns, oldest claim first.
    _maybe_at("last_claim_at"),
    _maybe_at("disabled_at"),
    _at("created_at"),
    CheckConstraint("role IN ('user', 'admin')", name="role"),
)

profiles = OwnedTable(
    Table(
        "profiles",
        METADATA,
        Column("user_id", ROW_ID, ForeignKey("users.id"), primary_key=True),
        _text("display_name", ""),
        Column("time_zone", Text),
        Column("language", Text),
        _json("facts", "{}"),
        _at("updated_at"),
    )
)

campaigns = OwnedTable(
    Table(
        "campaigns",
        METADATA,
        _id(),
        _user_id(),
        _text("title"),
        _text("goal", ""),
        # active     the plan was confirmed; its tasks are due when their time comes
        # paused     by the user; none of its tasks is ever due
        # finished   every task reached a final state
        # cancelled  by the user; nothing more is dialled
        _text("status", "active"),
        # The plan that the user confirmed, word for word.
        Column("plan", JSON_VALUE),
        Column("language", Text),
        Column("voice", Text),
        Column("disclosure", Text),
        Column("chat_session_id", Text),
        _maybe_at("finished_at"),
        _at("created_at"),
        _at("updated_at"),
        _one_of("status", CampaignStatus),
        UniqueConstraint("id", "user_id"),
        Index(None, "user_id", "id"),
        Index(None, "status"),
    )
)

campaign_reports = OwnedTable(
    Table(
        "campaign_reports",
        METADATA,
        Column("campaign_id", ROW_ID, primary_key=True, autoincrement=False),
        _user_id(),
        _json("report", "{}"),
        _at("updated_at"),
        _parent("campaign_id", "campaigns"),
    )
)

tasks = OwnedTable(
    Table(
        "tasks",
        METADATA,
        _id(),
        _user_id(),
        Column("campaign_id", ROW_ID),
        _text("title"),
        _text("phone_number"),
        # pending            created; due at next_action_time
        # queued_for_call    claimed by the scheduler; given back to status_before_claim, or dialled
        # in_progress        an attempt was created; a call is on its way or running
        # awaiting_analysis  the call ended; the analyzer decides what follows
        # retry_scheduled    another attempt at next_action_time
        # on_hold            waits for next_action_time, or, where that is NULL, for the user
        # awaiting_user      a question to the user stands between the task and its next step
        # completed          the goal was reached (final)
        # failed             the goal cannot be reached, or attempts are used up (final)
        # unresolved         what happened is unknown and stays so (final)
        # cancelled          by the user (final)
        # cancelled_dnd      the number is on a do-not-disturb list (final)
        _text("status", "pending"),
        _int("priority", 5),
        # NULL is never due.
        Column("next_action_time", UtcDateTime, server_default=utc_now()),
        _int("current_attempt_count", 0),
        _int("max_attempts", 3),
        Column("contact_name", Text),
        Column("business_name", Text),
        _text("goal", ""),
        Column("instructions", Text),
        _json("facts", "{}"),
        _text("success_criteria", ""),
        _json("questions_for_callee", "[]"),
        _json("sources", "[]"),
        _maybe_at("earliest"),
        _maybe_at("latest"),
        Column("time_zone", Text),
        Column("language", Text),
        Column("voice", Text),
        Column("disclosure", Text),
        _json("inter_call_context", "{}"),
        Column("status_reason", Text),
        Column("outcome", JSON_VALUE),
        Column("status_before_claim", Text),
        Column("claimed_by", Text),
        _maybe_at("claim_expires_at"),
        _int("version", 1),
        _at("created_at"),
        _at("updated_at"),
        _one_of("status", TaskStatus),
        CheckConstraint("priority BETWEEN 0 AND 9", name="priority"),
        CheckConstraint("current_attempt_count >= 0", name="current_attempt_count"),
        _parent("campaign_id", "campaigns"),
        UniqueConstraint("id", "user_id"),
        Index(
            "ix_tasks_due",
            "user_id",
            "priority",
            "next_action_time",
            "id",
            sqlite_where=text(_in("status", DUE_STATUSES)),
            postgresql_where=text(_in("status", DUE_STATUSES)),
        ),
        Index(None, "status", "next_action_time"),
        Index(None, "user_id", "status"),
        Index(None, "campaign_id", "status"),
        Index(None, "user_id", "phone_number"),
    )
)

calls = OwnedTable(
    Table(
        "calls",
        METADATA,
        Column("id", Text, primary_key=True),
        _user_id(),
        Column("task_id", ROW_ID, nullable=False),
        Column("attempt_number", Integer, nullable=False),
        # initiating   the row exists, Originate was not sent: may be released without a trace
        # originating  from here on the attempt is used: Originate was or may have been sent
        # ringing      Asterisk says that the callee's phone rings
        # in_progress  answered
        # ended        hung up or never answered; cause says why (final)
        # lost         a crash hid its fate; never redialled by itself (final)
        _text("status", "initiating"),
        Column("cause", Text),
        Column("hangup_cause", Integer),
        Column("hangup_text", Text),
        Column("disposition", Text),
        Column("dialled_number", Text),
        Column("asterisk_unique_id", Text),
        Column("node", Text),
        _maybe_at("started_at"),
        _maybe_at("answered_at"),
        _maybe_at("ended_at"),
        _int("line_count", 0),
        Column("cost_usd", Float, nullable=False, server_default=text("0")),
        Column("recording_path", Text),
        # none      nobody looked at the call yet
        # claimed   an analyzer works on it until analysis_expires_at
        # deferred  the model was unavailable or wrong; due again at analysis_expires_at
        # done      analysis holds the result (final)
        _text("analysis_status", "none"),
        Column("analysis_claimed_by", Text),
        _maybe_at("analysis_expires_at"),
        _int("analysis_tries", 0),
        Column("analysis", JSON_VALUE),
        _at("created_at"),
        _at("updated_at"),
        _one_of("status", CallStatus),
        _one_of("cause", CallCause),
        CheckConstraint(
            "analysis_status IN ('none', 'claimed', 'deferred', 'done')", name="analysis_status"
        ),
        _parent("task_id", "tasks"),
        UniqueConstraint("task_id", "attempt_number"),
        UniqueConstraint("id", "user_id"),
        Index(None, "status", "user_id"),
        Index(None, "analysis_status", "status", "ended_at"),
        Index(None, "created_at"),
    )
)

call_transcripts = OwnedTable(
    Table(
        "call_transcripts",
        METADATA,
        _id(),
        _user_id(),
        Column("call_id", Text, nullable=False),
        Column("seq", Integer, nullable=False),
        _text("speaker"),
        _text("text"),
        _int("start_ms", 0),
        _int("end_ms", 0),
        _at("created_at"),
        _one_of("speaker", Speaker),
        _parent("call_id", "calls"),
        UniqueConstraint("call_id", "seq"),
    )
)

call_events = OwnedTable(
    Table(
        "call_events",
        METADATA,
        _id(),
        _user_id(),
        Column("call_id", Text, nullable=False),
        _text("name"),
        _json("detail", "{}"),
        _at("created_at"),
        _parent("call_id", "calls"),
        Index(None, "call_id", "id"),
    )
)

dnd_list = OwnedTable(
    Table(
        "dnd_list",
        METADATA,
        _id(),
        _user_id(),
        _text("phone_number"),
        _text("reason", ""),
        Column("source_call_id", Text),
        _at("created_at"),
        _parent("source_call_id", "calls"),
        UniqueConstraint("user_id", "phone_number"),
        Index(None, "phone_number"),
    )
)

feedback_requests = OwnedTable(
    Table(
        "feedback_requests",
        METADATA,
        _id(),
        _user_id(),
        _text("kind"),
        Column("task_id", ROW_ID, nullable=False),
        Column("call_id", Text),
        Column("tool_call_id", Text),
        _text("question"),
        _json("options", "[]"),
        # pending    the user may answer until expires_at
        # answered   answer holds the user's words (final)
        # expired    the time ran out (final)
        # cancelled  the call ended or the task was closed first (final)
        _text("status", "pending"),
        Column("answer", Text),
        _maybe_at("expires_at"),
        _maybe_at("answered_at"),
        _at("created_at"),
        _one_of("kind", FeedbackKind),
        _one_of("status", FeedbackStatus),
        _parent("task_id", "tasks"),
        _parent("call_id", "calls"),
        UniqueConstraint("call_id", "tool_call_id"),
        Index(None, "user_id", "status"),
        Index(None, "status", "expires_at"),
        Index(None, "task_id"),
    )
)

chat_sessions = OwnedTable(
    Table(
        "chat_sessions",
        METADATA,
        Column("id", Text, primary_key=True),
        _user_id(),
        _json("state", "{}"),
        _int("message_count", 0),
        _at("created_at"),
        _at("updated_at"),
        UniqueConstraint("id", "user_id"),
        Index(None, "user_id"),
    )
)

chat_messages = OwnedTable(
    Table(
        "chat_messages",
        METADATA,
        _id(),
        _user_id(),
        Column("session_id", Text, nullable=False),
        Column("seq", Integer, nullable=False),
        _json("message", "{}"),
        _at("created_at"),
        _parent("session_id", "chat_sessions"),
        UniqueConstraint("session_id", "seq"),
    )
)

idempotency_keys = OwnedTable(
    Table(
        "idempotency_keys",
        METADATA,
        _user_id(),
        Column("key", Text, nullable=False),
        _text("plan_hash"),
        Column("campaign_id", ROW_ID, nullable=False),
        _at("created_at"),
        _parent("campaign_id", "campaigns"),
        UniqueConstraint("user_id", "key"),
    )
)

user_events = OwnedTable(
    Table(
        "user_events",
        METADATA,
        _id(),
        _user_id(),
        _text("type"),
        _text("subject_id"),
        Column("data", JSON_VALUE),
        _at("created_at"),
        Index(None, "user_id", "id"),
        # Readers replay by "after this id", so an id is never given twice.
        sqlite_autoincrement=True,
    )
)

audit_log = OwnedTable(
    Table(
        "audit_log",
        METADATA,
        _id(),
        _user_id(),
        _text("action"),
        _json("detail", "{}"),
        _at("created_at"),
        Index(None, "user_id", "id"),
    )
)
