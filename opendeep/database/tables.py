"""The one definition of the data; migrations and the schema files are proven equal to it.

Defaults are the database's own (``server_default``), so that a row inserted by hand with only
``(user_id, title, phone_number)`` runs. A child carries its parent's ``user_id`` in its foreign
key: a row of one user can never hang under another user's row.
"""

from sqlalchemy import (
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    event,
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
from opendeep.database import stop_tables as _stop_tables  # noqa: F401 - completes METADATA
from opendeep.database.chat_tables import chat_messages, chat_sessions
from opendeep.database.column_types import JSON_VALUE, ROW_ID, UtcDateTime, utc_now
from opendeep.database.menu_tables import phone_menus
from opendeep.database.node_tables import nodes
from opendeep.database.oversight_tables import OVERSIGHT
from opendeep.database.table_parts import (
    METADATA,
    child_of,
    expect_many_tasks,
    instant,
    int_column,
    is_in,
    json_column,
    maybe_instant,
    one_of,
    owned,
    owner,
    partial,
    row_id,
    text_column,
)

DUE_STATUSES = (TaskStatus.PENDING, TaskStatus.ON_HOLD, TaskStatus.RETRY_SCHEDULED)
LIVE_STATUSES = tuple(status for status in CallStatus if status.is_live)
IN_HAND_STATUSES = (
    TaskStatus.QUEUED_FOR_CALL,
    TaskStatus.IN_PROGRESS,
    TaskStatus.AWAITING_ANALYSIS,
)
_HAS_ATTEMPTS = "tasks.current_attempt_count < tasks.max_attempts"
IS_WAITING = f"tasks.{is_in('status', DUE_STATUSES)} AND {_HAS_ATTEMPTS}"
IS_IN_HAND = f"tasks.{is_in('status', IN_HAND_STATUSES)}"
"""Conditions of partial indexes; a query that wants one says the same words."""

users = Table(
    "users",
    METADATA,
    row_id(),
    Column("username", Text, nullable=False, unique=True),
    text_column("role", "user"),
    Column("password_hash", Text),
    # The scheduler's memory of whose turn it was: users take turns, oldest claim first.
    maybe_instant("last_claim_at"),
    maybe_instant("disabled_at"),
    instant("created_at"),
    CheckConstraint("role IN ('user', 'admin')", name="role"),
)

profiles = owned(
    "profiles",
    Column("user_id", ROW_ID, ForeignKey("users.id"), primary_key=True),
    text_column("display_name", ""),
    Column("time_zone", Text),
    Column("language", Text),
    json_column("facts", "{}"),
    instant("updated_at"),
)

campaigns = owned(
    "campaigns",
    row_id(),
    owner(),
    text_column("title"),
    text_column("goal", ""),
    # active     the plan was confirmed; its tasks are due when their time comes
    # paused     by the user; none of its tasks is ever due
    # finished   every task reached a final state
    # cancelled  by the user; nothing more is dialled
    text_column("status", "active"),
    # The plan that the user confirmed, word for word.
    Column("plan", JSON_VALUE),
    Column("language", Text),
    Column("voice", Text),
    Column("disclosure", Text),
    Column("chat_session_id", Text),
    maybe_instant("finished_at"),
    instant("created_at"),
    instant("updated_at"),
    # go_on           the others are called, too
    # stop_others     what waits is cancelled, calls that run end by themselves
    # hang_up_others  calls that run are hung up, too
    text_column("when_goal_met", "go_on"),
    # The task that met the goal; from then on nothing of a campaign that stops is dialled.
    Column("goal_met_by", ROW_ID),
    # When its first calls had shown that the rest may go out, or its user resumed it after that.
    maybe_instant("canary_passed_at"),
    one_of("status", CampaignStatus),
    UniqueConstraint("id", "user_id"),
    Index(None, "user_id", "id"),
    Index(None, "status"),
)

campaign_reports = owned(
    "campaign_reports",
    Column("campaign_id", ROW_ID, primary_key=True, autoincrement=False),
    owner(),
    json_column("report", "{}"),
    instant("updated_at"),
    child_of("campaigns", "campaign_id"),
)

tasks = owned(
    "tasks",
    row_id(),
    owner(),
    Column("campaign_id", ROW_ID),
    text_column("title"),
    text_column("phone_number"),
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
    text_column("status", "pending"),
    int_column("priority", 5),
    # NULL is never due.
    Column("next_action_time", UtcDateTime, server_default=utc_now()),
    int_column("current_attempt_count", 0),
    int_column("max_attempts", 3),
    Column("contact_name", Text),
    Column("business_name", Text),
    text_column("goal", ""),
    Column("instructions", Text),
    json_column("facts", "{}"),
    text_column("success_criteria", ""),
    json_column("questions_for_callee", "[]"),
    json_column("sources", "[]"),
    maybe_instant("earliest"),
    maybe_instant("latest"),
    Column("time_zone", Text),
    Column("language", Text),
    Column("voice", Text),
    Column("disclosure", Text),
    json_column("inter_call_context", "{}"),
    Column("status_reason", Text),
    Column("outcome", JSON_VALUE),
    Column("status_before_claim", Text),
    Column("claimed_by", Text),
    maybe_instant("claim_expires_at"),
    int_column("version", 1),
    instant("created_at"),
    instant("updated_at"),
    # Counts the claims of this task and never goes back: whoever acts on an older one is refused.
    int_column("claim_token", 0),
    # What is done about an answering machine: leave_message, hang_up, go_on.
    text_column("voicemail", "hang_up"),
    # unknown        not called yet
    # short          one good call should settle it
    # long_running   it goes on over days: promises, phases, many attempts
    text_column("nature", "unknown"),
    # Counts the times that more attempts were allowed for a new phase of a long task.
    int_column("phase", 1),
    int_column("instructions_version", 1),
    # The contact's other numbers, in the order to try them after ``phone_number``.
    json_column("alternative_numbers", "[]"),
    one_of("status", TaskStatus),
    CheckConstraint("priority BETWEEN 0 AND 9", name="priority"),
    CheckConstraint("current_attempt_count >= 0", name="current_attempt_count"),
    child_of("campaigns", "campaign_id"),
    UniqueConstraint("id", "user_id"),
    # What is most urgent of one campaign (or of none), and is anything of it due at all?
    partial("ix_tasks_due user_id campaign_id priority next_action_time id", IS_WAITING),
    partial("ix_tasks_due_at user_id campaign_id next_action_time", IS_WAITING),
    partial("ix_tasks_in_hand status updated_at", IS_IN_HAND),
    Index(None, "user_id", "status"),
    partial("ix_tasks_campaign_id_status campaign_id status", "campaign_id IS NOT NULL"),
    Index(None, "user_id", "phone_number"),
)

calls = owned(
    "calls",
    Column("id", Text, primary_key=True),
    owner(),
    Column("task_id", ROW_ID, nullable=False),
    Column("attempt_number", Integer, nullable=False),
    # initiating   the row exists, Originate was not sent: may be released without a trace
    # originating  from here on the attempt is used: Originate was or may have been sent
    # ringing      Asterisk says that the callee's phone rings
    # in_progress  answered
    # ended        hung up or never answered; cause says why (final)
    # lost         a crash hid its fate; never redialled by itself (final)
    text_column("status", "initiating"),
    Column("cause", Text),
    Column("hangup_cause", Integer),
    Column("hangup_text", Text),
    Column("disposition", Text),
    Column("dialled_number", Text),
    Column("asterisk_unique_id", Text),
    Column("node", Text),
    maybe_instant("started_at"),
    maybe_instant("answered_at"),
    maybe_instant("ended_at"),
    int_column("line_count", 0),
    Column("cost_usd", Float, nullable=False, server_default=text("0")),
    Column("recording_path", Text),
    # none      nobody looked at the call yet
    # claimed   an analyzer works on it until analysis_expires_at
    # deferred  the model was unavailable or wrong; due again at analysis_expires_at
    # done      analysis holds the result (final)
    text_column("analysis_status", "none"),
    Column("analysis_claimed_by", Text),
    maybe_instant("analysis_expires_at"),
    int_column("analysis_tries", 0),
    Column("analysis", JSON_VALUE),
    instant("created_at"),
    instant("updated_at"),
    # Whom the attempt was meant for (E.164), whatever was dialled: what frequency caps count by.
    Column("destination", Text),
    int_column("fence", 0),  # Which life of ``node`` holds it: nodes.incarnation at its beginning.
    one_of("status", CallStatus),
    one_of("cause", CallCause),
    CheckConstraint(
        "analysis_status IN ('none', 'claimed', 'deferred', 'done')", name="analysis_status"
    ),
    child_of("tasks", "task_id"),
    UniqueConstraint("task_id", "attempt_number"),
    UniqueConstraint("id", "user_id"),
    Index(None, "status", "user_id"),
    Index(None, "analysis_status", "status", "ended_at"),
    Index(None, "created_at"),
    Index(None, "started_at"),
    # How often was this number called? What did this user spend today?
    Index(None, "destination", "user_id", "created_at"),
    Index(None, "user_id", "created_at"),
)

call_transcripts = owned(
    "call_transcripts",
    row_id(),
    owner(),
    Column("call_id", Text, nullable=False),
    Column("seq", Integer, nullable=False),
    text_column("speaker"),
    text_column("text"),
    int_column("start_ms", 0),
    int_column("end_ms", 0),
    instant("created_at"),
    one_of("speaker", Speaker),
    child_of("calls", "call_id"),
    UniqueConstraint("call_id", "seq"),
)

call_events = owned(
    "call_events",
    row_id(),
    owner(),
    Column("call_id", Text, nullable=False),
    text_column("name"),
    json_column("detail", "{}"),
    instant("created_at"),
    child_of("calls", "call_id"),
    Index(None, "call_id", "id"),
)

dnd_list = owned(
    "dnd_list",
    row_id(),
    owner(),
    text_column("phone_number"),
    text_column("reason", ""),
    Column("source_call_id", Text),
    instant("created_at"),
    # callee   in a call: source_call_id says which
    # user     on the page or through the API
    # import   with a file
    # command  on the command line
    text_column("added_by", "user"),
    child_of("calls", "source_call_id"),
    UniqueConstraint("user_id", "phone_number"),
    Index(None, "phone_number"),
)

dial_decisions = owned(
    "dial_decisions",
    row_id(),
    owner(),
    # NULL for a number that a callee was to be handed over to.
    Column("task_id", ROW_ID),
    # The attempt that a "dial" began. No foreign key: an attempt that was never sent is deleted,
    # and that it was allowed stays true.
    Column("call_id", Text),
    instant("decided_at"),
    text_column("verdict"),
    text_column("rule_id"),
    maybe_instant("until"),
    # Everything that the policy looked at: deciding again gives the same verdict.
    json_column("inputs", "{}"),
    text_column("policy_version"),
    CheckConstraint("verdict IN ('dial', 'wait', 'refuse')", name="verdict"),
    child_of("tasks", "task_id"),
    Index(None, "task_id", "id"),
)

feedback_requests = owned(
    "feedback_requests",
    row_id(),
    owner(),
    text_column("kind"),
    Column("task_id", ROW_ID, nullable=False),
    Column("call_id", Text),
    Column("tool_call_id", Text),
    text_column("question"),
    json_column("options", "[]"),
    # pending    the user may answer until expires_at
    # answered   answer holds the user's words (final)
    # expired    the time ran out (final)
    # cancelled  the call ended or the task was closed first (final)
    text_column("status", "pending"),
    Column("answer", Text),
    maybe_instant("expires_at"),
    maybe_instant("answered_at"),
    instant("created_at"),
    one_of("kind", FeedbackKind),
    one_of("status", FeedbackStatus),
    child_of("tasks", "task_id"),
    child_of("calls", "call_id"),
    UniqueConstraint("call_id", "tool_call_id"),
    Index(None, "user_id", "status"),
    Index(None, "status", "expires_at"),
    Index(None, "task_id"),
)

idempotency_keys = owned(
    "idempotency_keys",
    Column("user_id", ROW_ID, ForeignKey("users.id"), primary_key=True),
    Column("key", Text, primary_key=True),
    text_column("plan_hash"),
    Column("campaign_id", ROW_ID, nullable=False),
    instant("created_at"),
    child_of("campaigns", "campaign_id"),
)

user_events = owned(
    "user_events",
    row_id(),
    owner(),
    text_column("type"),
    text_column("subject_id"),
    Column("data", JSON_VALUE),
    instant("created_at"),
    Index(None, "user_id", "id"),
    # Readers replay by "after this id", so an id is never given twice.
    sqlite_autoincrement=True,
)

audit_log = owned(
    "audit_log",
    row_id(),
    owner(),
    text_column("action"),
    json_column("detail", "{}"),
    instant("created_at"),
    Index(None, "user_id", "id"),
)

event.listen(tasks, "after_create", expect_many_tasks)

IN_OTHER_FILES = (nodes, phone_menus, chat_sessions, chat_messages, *OVERSIGHT)
ALL_TABLES = METADATA
"""Every table above; complete for whoever imports this module."""
