"""The first tables.

A released migration is never edited; what comes later is a new file beside this one.
"""

import sqlalchemy as sa
from alembic import op

from opendeep.database.column_types import JSON_VALUE, ROW_ID, UtcDateTime, utc_now

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create every table."""
    _create_accounts()
    _create_campaigns()
    _create_calls()


def _owned_by_user(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=f"fk_{table}_user_id_users")


def _child_of(table: str, parent: str, column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column, "user_id"],
        [f"{parent}.id", f"{parent}.user_id"],
        name=f"fk_{table}_{column}_user_id_{parent}",
    )


def _create_accounts() -> None:
    op.create_table(
        "users",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("username", sa.Text, nullable=False),
        sa.Column("role", sa.Text, server_default="user", nullable=False),
        sa.Column("password_hash", sa.Text),
        sa.Column("last_claim_at", UtcDateTime),
        sa.Column("disabled_at", UtcDateTime),
        sa.Column("created_at", UtcDateTime, server_default=utc_now(), nullable=False),
        sa.CheckConstraint("role IN ('user', 'admin')", name=op.f("ck_users_role")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("username", name=op.f("uq_users_username")),
    )
    op.create_table(
        "profiles",
        sa.Column("user_id", ROW_ID, nullable=False),
        sa.Column("display_name", sa.Text, server_default="", nullable=False),
        sa.Column("time_zone", sa.Text),
        sa.Column("language", sa.Text),
        sa.Column("facts", JSON_VALUE, server_default="{}", nullable=False),
        sa.Column("updated_at", UtcDateTime, server_default=utc_now(), nullable=False),
        _owned_by_user("profiles"),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_profiles")),
    )
    op.create_table(
        "audit_log",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("user_id", ROW_ID, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("detail", JSON_VALUE, server_default="{}", nullable=False),
        sa.Column("created_at", UtcDateTime, server_default=utc_now(), nullable=False),
        _owned_by_user("audit_log"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_log")),
    )
    op.create_index(op.f("ix_audit_log_user_id_id"), "audit_log", ["user_id", "id"])
    op.create_table(
        "user_events",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("user_id", ROW_ID, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("subject_id", sa.Text, nullable=False),
        sa.Column("data", JSON_VALUE),
        sa.Column("created_at", UtcDateTime, server_default=utc_now(), nullable=False),
        _owned_by_user("user_events"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_events")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_user_events_user_id_id"), "user_events", ["user_id", "id"])
    op.create_table(
        "chat_sessions",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("user_id", ROW_ID, nullable=False),
        sa.Column("state", JSON_VALUE, server_default="{}", nullable=False),
        sa.Column("message_count", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", UtcDateTime, server_default=utc_now(), nullable=False),
        sa.Column("updated_at", UtcDateTime, server_default=utc_now(), nullable=False),
        _owned_by_user("chat_sessions"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chat_sessions")),
        sa.UniqueConstraint("id", "user_id", name=op.f("uq_chat_sessions_id_user_id")),
    )
    op.create_index(op.f("ix_chat_sessions_user_id"), "chat_sessions", ["user_id"])
    op.create_table(
        "chat_messages",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("user_id", ROW_ID, nullable=False),
        sa.Column("session_id", sa.Text, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("message", JSON_VALUE, server_default="{}", nullable=False),
        sa.Column("created_at", UtcDateTime, server_default=utc_now(), nullable=False),
        _child_of("chat_messages", "chat_sessions", "session_id"),
        _owned_by_user("chat_messages"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chat_messages")),
        sa.UniqueConstraint("session_id", "seq", name=op.f("uq_chat_messages_session_id_seq")),
    )


def _create_campaigns() -> None:
    op.create_table(
        "campaigns",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("user_id", ROW_ID, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("goal", sa.Text, server_default="", nullable=False),
        sa.Column("status", sa.Text, server_default="active", nullable=False),
        sa.Column("plan", JSON_VALUE),
        sa.Column("language", sa.Text),
        sa.Column("voice", sa.Text),
        sa.Column("disclosure", sa.Text),
        sa.Column("chat_session_id", sa.Text),
        sa.Column("finished_at", UtcDateTime),
        sa.Column("created_at", UtcDateTime, server_default=utc_now(), nullable=False),
        sa.Column("updated_at", UtcDateTime, server_default=utc_now(), nullable=False),
        sa.CheckConstraint(
            "status IN ('active', 'paused', 'finished', 'cancelled')",
            name=op.f("ck_campaigns_status"),
        ),
        _owned_by_user("campaigns"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaigns")),
        sa.UniqueConstraint("id", "user_id", name=op.f("uq_campaigns_id_user_id")),
    )
    op.create_index(op.f("ix_campaigns_status"), "campaigns", ["status"])
    op.create_index(op.f("ix_campaigns_user_id_id"), "campaigns", ["user_id", "id"])
    op.create_table(
        "campaign_reports",
        sa.Column("campaign_id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("user_id", ROW_ID, nullable=False),
        sa.Column("report", JSON_VALUE, server_default="{}", nullable=False),
        sa.Column("updated_at", UtcDateTime, server_default=utc_now(), nullable=False),
        _child_of("campaign_reports", "campaigns", "campaign_id"),
        _owned_by_user("campaign_reports"),
        sa.PrimaryKeyConstraint("campaign_id", name=op.f("pk_campaign_reports")),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("user_id", ROW_ID, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("plan_hash", sa.Text, nullable=False),
        sa.Column("campaign_id", ROW_ID, nullable=False),
        sa.Column("created_at", UtcDateTime, server_default=utc_now(), nullable=False),
        _child_of("idempotency_keys", "campaigns", "campaign_id"),
        _owned_by_user("idempotency_keys"),
        sa.PrimaryKeyConstraint("user_id", "key", name=op.f("pk_idempotency_keys")),
    )
    op.create_table(
        "tasks",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("user_id", ROW_ID, nullable=False),
        sa.Column("campaign_id", ROW_ID),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("phone_number", sa.Text, nullable=False),
        sa.Column("status", sa.Text, server_default="pending", nullable=False),
        sa.Column("priority", sa.Integer, server_default=sa.text("5"), nullable=False),
        sa.Column("next_action_time", UtcDateTime, server_default=utc_now()),
        sa.Column("current_attempt_count", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("max_attempts", sa.Integer, server_default=sa.text("3"), nullable=False),
        sa.Column("contact_name", sa.Text),
        sa.Column("business_name", sa.Text),
        sa.Column("goal", sa.Text, server_default="", nullable=False),
        sa.Column("instructions", sa.Text),
        sa.Column("facts", JSON_VALUE, server_default="{}", nullable=False),
        sa.Column("success_criteria", sa.Text, server_default="", nullable=False),
        sa.Column("questions_for_callee", JSON_VALUE, server_default="[]", nullable=False),
        sa.Column("sources", JSON_VALUE, server_default="[]", nullable=False),
        sa.Column("earliest", UtcDateTime),
        sa.Column("latest", UtcDateTime),
        sa.Column("time_zone", sa.Text),
        sa.Column("language", sa.Text),
        sa.Column("voice", sa.Text),
        sa.Column("disclosure", sa.Text),
        sa.Column("inter_call_context", JSON_VALUE, server_default="{}", nullable=False),
        sa.Column("status_reason", sa.Text),
        sa.Column("outcome", JSON_VALUE),
        sa.Column("status_before_claim", sa.Text),
        sa.Column("claimed_by", sa.Text),
        sa.Column("claim_expires_at", UtcDateTime),
        sa.Column("version", sa.Integer, server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", UtcDateTime, server_default=utc_now(), nullable=False),
        sa.Column("updated_at", UtcDateTime, server_default=utc_now(), nullable=False),
        sa.CheckConstraint(
            "status IN ("
            "'pending', 'queued_for_call', 'in_progress', 'awaiting_analysis', "
            "'retry_scheduled', 'on_hold', 'awaiting_user', 'completed', 'failed', "
            "'unresolved', 'cancelled', 'cancelled_dnd')",
            name=op.f("ck_tasks_status"),
        ),
        sa.CheckConstraint(
            "current_attempt_count >= 0", name=op.f("ck_tasks_current_attempt_count")
        ),
        sa.CheckConstraint("priority BETWEEN 0 AND 9", name=op.f("ck_tasks_priority")),
        _child_of("tasks", "campaigns", "campaign_id"),
        _owned_by_user("tasks"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tasks")),
        sa.UniqueConstraint("id", "user_id", name=op.f("uq_tasks_id_user_id")),
    )
    op.create_index(op.f("ix_tasks_campaign_id_status"), "tasks", ["campaign_id", "status"])
    op.create_index(
        "ix_tasks_due",
        "tasks",
        ["user_id", "priority", "next_action_time", "id"],
        sqlite_where=sa.text("status IN ('pending', 'on_hold', 'retry_scheduled')"),
        postgresql_where=sa.text("status IN ('pending', 'on_hold', 'retry_scheduled')"),
    )
    op.create_index(
        "ix_tasks_due_next",
        "tasks",
        ["next_action_time"],
        sqlite_where=sa.text("status IN ('pending', 'on_hold', 'retry_scheduled')"),
        postgresql_where=sa.text("status IN ('pending', 'on_hold', 'retry_scheduled')"),
    )
    op.create_index(
        op.f("ix_tasks_status_next_action_time"), "tasks", ["status", "next_action_time"]
    )
    op.create_index(op.f("ix_tasks_user_id_phone_number"), "tasks", ["user_id", "phone_number"])
    op.create_index(op.f("ix_tasks_user_id_status"), "tasks", ["user_id", "status"])


def _create_calls() -> None:
    op.create_table(
        "calls",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("user_id", ROW_ID, nullable=False),
        sa.Column("task_id", ROW_ID, nullable=False),
        sa.Column("attempt_number", sa.Integer, nullable=False),
        sa.Column("status", sa.Text, server_default="initiating", nullable=False),
        sa.Column("cause", sa.Text),
        sa.Column("hangup_cause", sa.Integer),
        sa.Column("hangup_text", sa.Text),
        sa.Column("disposition", sa.Text),
        sa.Column("dialled_number", sa.Text),
        sa.Column("asterisk_unique_id", sa.Text),
        sa.Column("node", sa.Text),
        sa.Column("started_at", UtcDateTime),
        sa.Column("answered_at", UtcDateTime),
        sa.Column("ended_at", UtcDateTime),
        sa.Column("line_count", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("cost_usd", sa.Float, server_default=sa.text("0"), nullable=False),
        sa.Column("recording_path", sa.Text),
        sa.Column("analysis_status", sa.Text, server_default="none", nullable=False),
        sa.Column("analysis_claimed_by", sa.Text),
        sa.Column("analysis_expires_at", UtcDateTime),
        sa.Column("analysis_tries", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("analysis", JSON_VALUE),
        sa.Column("created_at", UtcDateTime, server_default=utc_now(), nullable=False),
        sa.Column("updated_at", UtcDateTime, server_default=utc_now(), nullable=False),
        sa.CheckConstraint(
            "analysis_status IN ('none', 'claimed', 'deferred', 'done')",
            name=op.f("ck_calls_analysis_status"),
        ),
        sa.CheckConstraint(
            "cause IN ("
            "'completed', 'callee_hung_up', 'ai_hung_up', 'user_hung_up', 'busy', "
            "'no_answer', 'rejected', 'unallocated', 'congestion', 'voicemail', "
            "'screened', 'fax', 'silence', 'time_limit', 'ai_failed', 'audio_failed', "
            "'exchange_failed', 'cancelled', 'lost')",
            name=op.f("ck_calls_cause"),
        ),
        sa.CheckConstraint(
            "status IN ('initiating', 'originating', 'ringing', 'in_progress', 'ended', 'lost')",
            name=op.f("ck_calls_status"),
        ),
        _child_of("calls", "tasks", "task_id"),
        _owned_by_user("calls"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calls")),
        sa.UniqueConstraint("id", "user_id", name=op.f("uq_calls_id_user_id")),
        sa.UniqueConstraint(
            "task_id", "attempt_number", name=op.f("uq_calls_task_id_attempt_number")
        ),
    )
    op.create_index(
        op.f("ix_calls_analysis_status_status_ended_at"),
        "calls",
        ["analysis_status", "status", "ended_at"],
    )
    op.create_index(op.f("ix_calls_created_at"), "calls", ["created_at"])
    op.create_index(op.f("ix_calls_status_user_id"), "calls", ["status", "user_id"])
    op.create_table(
        "call_transcripts",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("user_id", ROW_ID, nullable=False),
        sa.Column("call_id", sa.Text, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("speaker", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("start_ms", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("end_ms", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", UtcDateTime, server_default=utc_now(), nullable=False),
        sa.CheckConstraint(
            "speaker IN ('ai', 'callee', 'system')", name=op.f("ck_call_transcripts_speaker")
        ),
        _child_of("call_transcripts", "calls", "call_id"),
        _owned_by_user("call_transcripts"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_transcripts")),
        sa.UniqueConstraint("call_id", "seq", name=op.f("uq_call_transcripts_call_id_seq")),
    )
    op.create_table(
        "call_events",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("user_id", ROW_ID, nullable=False),
        sa.Column("call_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("detail", JSON_VALUE, server_default="{}", nullable=False),
        sa.Column("created_at", UtcDateTime, server_default=utc_now(), nullable=False),
        _child_of("call_events", "calls", "call_id"),
        _owned_by_user("call_events"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_events")),
    )
    op.create_index(op.f("ix_call_events_call_id_id"), "call_events", ["call_id", "id"])
    op.create_table(
        "dnd_list",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("user_id", ROW_ID, nullable=False),
        sa.Column("phone_number", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, server_default="", nullable=False),
        sa.Column("source_call_id", sa.Text),
        sa.Column("created_at", UtcDateTime, server_default=utc_now(), nullable=False),
        _child_of("dnd_list", "calls", "source_call_id"),
        _owned_by_user("dnd_list"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dnd_list")),
        sa.UniqueConstraint(
            "user_id", "phone_number", name=op.f("uq_dnd_list_user_id_phone_number")
        ),
    )
    op.create_index(op.f("ix_dnd_list_phone_number"), "dnd_list", ["phone_number"])
    op.create_table(
        "feedback_requests",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("user_id", ROW_ID, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("task_id", ROW_ID, nullable=False),
        sa.Column("call_id", sa.Text),
        sa.Column("tool_call_id", sa.Text),
        sa.Column("question", sa.Text, nullable=False),
        sa.Column("options", JSON_VALUE, server_default="[]", nullable=False),
        sa.Column("status", sa.Text, server_default="pending", nullable=False),
        sa.Column("answer", sa.Text),
        sa.Column("expires_at", UtcDateTime),
        sa.Column("answered_at", UtcDateTime),
        sa.Column("created_at", UtcDateTime, server_default=utc_now(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('live_call', 'check_in')", name=op.f("ck_feedback_requests_kind")
        ),
        sa.CheckConstraint(
            "status IN ('pending', 'answered', 'expired', 'cancelled')",
            name=op.f("ck_feedback_requests_status"),
        ),
        _child_of("feedback_requests", "calls", "call_id"),
        _child_of("feedback_requests", "tasks", "task_id"),
        _owned_by_user("feedback_requests"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feedback_requests")),
        sa.UniqueConstraint(
            "call_id", "tool_call_id", name=op.f("uq_feedback_requests_call_id_tool_call_id")
        ),
    )
    op.create_index(
        op.f("ix_feedback_requests_status_expires_at"),
        "feedback_requests",
        ["status", "expires_at"],
    )
    op.create_index(op.f("ix_feedback_requests_task_id"), "feedback_requests", ["task_id"])
    op.create_index(
        op.f("ix_feedback_requests_user_id_status"), "feedback_requests", ["user_id", "status"]
    )
