-- OpenDeep's tables for sqlite; made by: opendeep db schema

CREATE TABLE dial_stops (
    name TEXT NOT NULL,
    reason TEXT DEFAULT '' NOT NULL,
    until DATETIME,
    failures INTEGER DEFAULT 0 NOT NULL,
    created_at DATETIME DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
    CONSTRAINT pk_dial_stops PRIMARY KEY (name)
);

CREATE TABLE nodes (
    name TEXT NOT NULL,
    incarnation INTEGER DEFAULT 1 NOT NULL,
    beat INTEGER DEFAULT 0 NOT NULL,
    ready INTEGER DEFAULT 0 NOT NULL,
    seen_at DATETIME DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
    CONSTRAINT pk_nodes PRIMARY KEY (name)
);

CREATE TABLE users (
    id INTEGER NOT NULL,
    username TEXT NOT NULL,
    role TEXT DEFAULT 'user' NOT NULL,
    password_hash TEXT,
    last_claim_at DATETIME,
    disabled_at DATETIME,
    created_at DATETIME DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
    CONSTRAINT pk_users PRIMARY KEY (id),
    CONSTRAINT ck_users_role CHECK (role IN ('user', 'admin')),
    CONSTRAINT uq_users_username UNIQUE (username)
);

CREATE TABLE audit_log (
    id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    action TEXT NOT NULL,
    detail JSON DEFAULT '{}' NOT NULL,
    created_at DATETIME DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
    CONSTRAINT pk_audit_log PRIMARY KEY (id),
    CONSTRAINT fk_audit_log_user_id_users FOREIGN KEY(user_id) REFERENCES users (id),
    CONSTRAINT ck_audit_log_detail_json CHECK (detail IS NULL OR json_valid(detail))
);

CREATE INDEX ix_audit_log_user_id_id ON audit_log (user_id, id);

CREATE TABLE campaigns (
    id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    title TEXT NOT NULL,
    goal TEXT DEFAULT '' NOT NULL,
    status TEXT DEFAULT 'active' NOT NULL,
    "plan" JSON,
    language TEXT,
    voice TEXT,
    disclosure TEXT,
    chat_session_id TEXT,
    finished_at DATETIME,
    created_at DATETIME DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
    updated_at DATETIME DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
    when_goal_met TEXT DEFAULT 'go_on' NOT NULL,
    goal_met_by INTEGER,
    canary_passed_at DATETIME,
    CONSTRAINT pk_campaigns PRIMARY KEY (id),
    CONSTRAINT ck_campaigns_status CHECK (status IN ('active', 'paused', 'finished', 'cancelled')),
    CONSTRAINT uq_campaigns_id_user_id UNIQUE (id, user_id),
    CONSTRAINT fk_campaigns_user_id_users FOREIGN KEY(user_id) REFERENCES users (id),
    CONSTRAINT ck_campaigns_plan_json CHECK (plan IS NULL OR json_valid(plan))
);

CREATE INDEX ix_campaigns_status ON campaigns (status);

CREATE INDEX ix_campaigns_user_id_id ON campaigns (user_id, id);

CREATE TABLE chat_sessions (
    id TEXT NOT NULL,
    user_id INTEGER NOT NULL,
    state JSON DEFAULT '{}' NOT NULL,
    message_count INTEGER DEFAULT 0 NOT NULL,
    created_at DATETIME DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
    updated_at DATETIME DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
    CONSTRAINT pk_chat_sessions PRIMARY KEY (id),
    CONSTRAINT uq_chat_sessions_id_user_id UNIQUE (id, user_id),
    CONSTRAINT fk_chat_sessions_user_id_users FOREIGN KEY(user_id) REFERENCES users (id),
    CONSTRAINT ck_chat_sessions_state_json CHECK (state IS NULL OR json_valid(state))
);

CREATE INDEX ix_chat_sessions_user_id ON chat_sessions (user_id);

CREATE TABLE model_usage (
    user_id INTEGER NOT NULL,
    day TEXT NOT NULL,
    purpose TEXT NOT NULL,
    tokens INTEGER DEFAULT 0 NOT NULL,
    requests INTEGER DEFAULT 0 NOT NULL,
    CONSTRAINT pk_model_usage PRIMARY KEY (user_id, day, purpose),
    CONSTRAINT fk_model_usage_user_id_users FOREIGN KEY(user_id) REFERENCES users (id)
);

CREATE TABLE notification_targets (
    id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    address TEXT NOT NULL,
    secret TEXT,
    last_event_id INTEGER DEFAULT 0 NOT NULL,
    created_at DATETIME DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
    CONSTRAINT pk_notification_targets PRIMARY KEY (id),
    CONSTRAINT ck_notification_targets_kind CHECK (kind IN ('webhook', 'email')),
    CONSTRAINT uq_notification_targets_id_user_id UNIQUE (id, user_id),
    CONSTRAINT uq_notification_targets_user_id_kind_address UNIQUE (user_id, kind, address),
    CONSTRAINT fk_notification_targets_user_id_users FOREIGN KEY(user_id) REFERENCES users (id)
);

CREATE TABLE phone_menus (
    id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    phone_number TEXT NOT NULL,
    route JSON DEFAULT '{}' NOT NULL,
    updated_at DATETIME DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
    CONSTRAINT pk_phone_menus PRIMARY KEY (id),
    CONSTRAINT uq_phone_menus_user_id_phone_number UNIQUE (user_id, phone_number),
    CONSTRAINT fk_phone_menus_user_id_users FOREIGN KEY(user_id) REFERENCES users (id),
    CONSTRAINT ck_phone_menus_route_json CHECK (route IS NULL OR json_valid(route))
);

CREATE TABLE profiles (
    user_id INTEGER NOT NULL,
    display_name TEXT DEFAULT '' NOT NULL,
    time_zone TEXT,
    language TEXT,
    facts JSON DEFAULT '{}' NOT NULL,
    updated_at DATETIME DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
    CONSTRAINT pk_profiles PRIMARY KEY (user_id),
    CONSTRAINT fk_profiles_user_id_users FOREIGN KEY(user_id) REFERENCES users (id),
    CONSTRAINT ck_profiles_facts_json CHECK (facts IS NULL OR json_valid(facts))
);

CREATE TABLE user_events (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL,
    type TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    data JSON,
    created_at DATETIME DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
    CONSTRAINT fk_user_events_user_id_users FOREIGN KEY(user_id) REFERENCES users (id),
    CONSTRAINT ck_user_events_data_json CHECK (data IS NULL OR json_valid(data))
);

CREATE INDEX ix_user_events_user_id_id ON user_events (user_id, id);

CREATE TABLE campaign_reports (
    campaign_id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    report JSON DEFAULT '{}' NOT NULL,
    updated_at DATETIME DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
    CONSTRAINT pk_campaign_reports PRIMARY KEY (campaign_id),
    CONSTRAINT fk_campaign_reports_campaign_id_user_id_campaigns FOREIGN KEY(campaign_id, user_id) REFERENCES campaigns (id, user_id),
    CONSTRAINT fk_campaign_reports_user_id_users FOREIGN KEY(user_id) REFERENCES users (id),
    CONSTRAINT ck_campaign_reports_report_json CHECK (report IS NULL OR json_valid(report))
);

CREATE TABLE chat_messages (
    id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    session_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    message JSON DEFAULT '{}' NOT NULL,
    created_at DATETIME DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
    CONSTRAINT pk_chat_messages PRIMARY KEY (id),
    CONSTRAINT fk_chat_messages_session_id_user_id_chat_sessions FOREIGN KEY(session_id, user_id) REFERENCES chat_sessions (id, user_id),
    CONSTRAINT uq_chat_messages_session_id_seq UNIQUE (session_id, seq),
    CONSTRAINT fk_chat_messages_user_id_users FOREIGN KEY(user_id) REFERENCES users (id),
    CONSTRAINT ck_chat_messages_message_json CHECK (message IS NULL OR json_valid(message))
);

CREATE TABLE idempotency_keys (
    user_id INTEGER NOT NULL,
    "key" TEXT NOT NULL,
    plan_hash TEXT NOT NULL,
    campaign_id INTEGER NOT NULL,
    created_at DATETIME DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
    CONSTRAINT pk_idempotency_keys PRIMARY KEY (user_id, "key"),
    CONSTRAINT fk_idempotency_keys_campaign_id_user_id_campaigns FOREIGN KEY(campaign_id, user_id) REFERENCES campaigns (id, user_id),
    CONSTRAINT fk_idempotency_keys_user_id_users FOREIGN KEY(user_id) REFERENCES users (id)
);

CREATE TABLE tasks (
    id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    campaign_id INTEGER,
    title TEXT NOT NULL,
    phone_number TEXT NOT NULL,
    status TEXT DEFAULT 'pending' NOT NULL,
    priority INTEGER DEFAULT 5 NOT NULL,
    next_action_time DATETIME DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')),
    current_attempt_count INTEGER DEFAULT 0 NOT NULL,
    max_attempts INTEGER DEFAULT 3 NOT NULL,
    contact_name TEXT,
    business_name TEXT,
    goal TEXT DEFAULT '' NOT NULL,
    instructions TEXT,
    facts JSON DEFAULT '{}' NOT NULL,
    success_criteria TEXT DEFAULT '' NOT NULL,
    questions_for_callee JSON DEFAULT '[]' NOT NULL,
    sources JSON DEFAULT '[]' NOT NULL,
    earliest DATETIME,
    latest DATETIME,
    time_zone TEXT,
    language TEXT,
    voice TEXT,
    disclosure TEXT,
    inter_call_context JSON DEFAULT '{}' NOT NULL,
    status_reason TEXT,
    outcome JSON,
    status_before_claim TEXT,
    claimed_by TEXT,
    claim_expires_at DATETIME,
    version INTEGER DEFAULT 1 NOT NULL,
    created_at DATETIME DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
    updated_at DATETIME DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
    claim_token INTEGER DEFAULT 0 NOT NULL,
    voicemail TEXT DEFAULT 'hang_up' NOT NULL,
    nature TEXT DEFAULT 'unknown' NOT NULL,
    phase INTEGER DEFAULT 1 NOT NULL,
    instructions_version INTEGER DEFAULT 1 NOT NULL,
    alternative_numbers JSON DEFAULT '[]' NOT NULL,
    CONSTRAINT pk_tasks PRIMARY KEY (id),
    CONSTRAINT ck_tasks_status CHECK (status IN ('pending', 'queued_for_call', 'in_progress', 'awaiting_analysis', 'retry_scheduled', 'on_hold', 'awaiting_user', 'completed', 'failed', 'unresolved', 'cancelled', 'cancelled_dnd')),
    CONSTRAINT ck_tasks_priority CHECK (priority BETWEEN 0 AND 9),
    CONSTRAINT ck_tasks_current_attempt_count CHECK (current_attempt_count >= 0),
    CONSTRAINT fk_tasks_campaign_id_user_id_campaigns FOREIGN KEY(campaign_id, user_id) REFERENCES campaigns (id, user_id),
    CONSTRAINT uq_tasks_id_user_id UNIQUE (id, user_id),
    CONSTRAINT fk_tasks_user_id_users FOREIGN KEY(user_id) REFERENCES users (id),
    CONSTRAINT ck_tasks_facts_json CHECK (facts IS NULL OR json_valid(facts)),
    CONSTRAINT ck_tasks_questions_for_callee_json CHECK (questions_for_callee IS NULL OR json_valid(questions_for_callee)),
    CONSTRAINT ck_tasks_sources_json CHECK (sources IS NULL OR json_valid(sources)),
    CONSTRAINT ck_tasks_inter_call_context_json CHECK (inter_call_context IS NULL OR json_valid(inter_call_context)),
    CONSTRAINT ck_tasks_outcome_json CHECK (outcome IS NULL OR json_valid(outcome)),
    CONSTRAINT ck_tasks_alternative_numbers_json CHECK (alternative_numbers IS NULL OR json_valid(alternative_numbers))
);

CREATE INDEX ix_tasks_campaign_id_status ON tasks (campaign_id, status) WHERE campaign_id IS NOT NULL;

CREATE INDEX ix_tasks_due ON tasks (user_id, campaign_id, priority, next_action_time, id) WHERE status IN ('pending', 'on_hold', 'retry_scheduled') AND current_attempt_count < max_attempts;

CREATE INDEX ix_tasks_due_at ON tasks (user_id, campaign_id, next_action_time) WHERE status IN ('pending', 'on_hold', 'retry_scheduled') AND current_attempt_count < max_attempts;

CREATE INDEX ix_tasks_in_hand ON tasks (status, updated_at) WHERE status IN ('queued_for_call', 'in_progress', 'awaiting_analysis');

CREATE INDEX ix_tasks_user_id_phone_number ON tasks (user_id, phone_number);

CREATE INDEX ix_tasks_user_id_status ON tasks (user_id, status);

CREATE TABLE calls (
    id TEXT NOT NULL,
    user_id INTEGER NOT NULL,
    task_id INTEGER NOT NULL,
    attempt_number INTEGER NOT NULL,
    status TEXT DEFAULT 'initiating' NOT NULL,
    cause TEXT,
    hangup_cause INTEGER,
    hangup_text TEXT,
    disposition TEXT,
    dialled_number TEXT,
    asterisk_unique_id TEXT,
    node TEXT,
    started_at DATETIME,
    answered_at DATETIME,
    ended_at DATETIME,
    line_count INTEGER DEFAULT 0 NOT NULL,
    cost_usd FLOAT DEFAULT 0 NOT NULL,
    recording_path TEXT,
    analysis_status TEXT DEFAULT 'none' NOT NULL,
    analysis_claimed_by TEXT,
    analysis_expires_at DATETIME,
    analysis_tries INTEGER DEFAULT 0 NOT NULL,
    analysis JSON,
    created_at DATETIME DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
    updated_at DATETIME DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
    destination TEXT,
    fence INTEGER DEFAULT 0 NOT NULL,
    CONSTRAINT pk_calls PRIMARY KEY (id),
    CONSTRAINT ck_calls_status CHECK (status IN ('initiating', 'originating', 'ringing', 'in_progress', 'ended', 'lost')),
    CONSTRAINT ck_calls_cause CHECK (cause IN ('completed', 'callee_hung_up', 'ai_hung_up', 'user_hung_up', 'busy', 'no_answer', 'rejected', 'unallocated', 'congestion', 'voicemail', 'screened', 'fax', 'silence', 'time_limit', 'ai_failed', 'audio_failed', 'exchange_failed', 'cancelled', 'lost')),
    CONSTRAINT ck_calls_analysis_status CHECK (analysis_status IN ('none', 'claimed', 'deferred', 'done')),
    CONSTRAINT fk_calls_task_id_user_id_tasks FOREIGN KEY(task_id, user_id) REFERENCES tasks (id, user_id),
    CONSTRAINT uq_calls_task_id_attempt_number UNIQUE (task_id, attempt_number),
    CONSTRAINT uq_calls_id_user_id UNIQUE (id, user_id),
    CONSTRAINT fk_calls_user_id_users FOREIGN KEY(user_id) REFERENCES users (id),
    CONSTRAINT ck_calls_analysis_json CHECK (analysis IS NULL OR json_valid(analysis))
);

CREATE INDEX ix_calls_analysis_status_status_ended_at ON calls (analysis_status, status, ended_at);

CREATE INDEX ix_calls_created_at ON calls (created_at);

CREATE INDEX ix_calls_destination_user_id_created_at ON calls (destination, user_id, created_at);

CREATE INDEX ix_calls_started_at ON calls (started_at);

CREATE INDEX ix_calls_status_user_id ON calls (status, user_id);

CREATE INDEX ix_calls_user_id_created_at ON calls (user_id, created_at);

CREATE TABLE dial_decisions (
    id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    task_id INTEGER,
    call_id TEXT,
    decided_at DATETIME DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
    verdict TEXT NOT NULL,
    rule_id TEXT NOT NULL,
    until DATETIME,
    inputs JSON DEFAULT '{}' NOT NULL,
    policy_version TEXT NOT NULL,
    CONSTRAINT pk_dial_decisions PRIMARY KEY (id),
    CONSTRAINT ck_dial_decisions_verdict CHECK (verdict IN ('dial', 'wait', 'refuse')),
    CONSTRAINT fk_dial_decisions_task_id_user_id_tasks FOREIGN KEY(task_id, user_id) REFERENCES tasks (id, user_id),
    CONSTRAINT fk_dial_decisions_user_id_users FOREIGN KEY(user_id) REFERENCES users (id),
    CONSTRAINT ck_dial_decisions_inputs_json CHECK (inputs IS NULL OR json_valid(inputs))
);

CREATE INDEX ix_dial_decisions_task_id_id ON dial_decisions (task_id, id);

CREATE TABLE notification_deliveries (
    id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    target_id INTEGER NOT NULL,
    task_id INTEGER NOT NULL,
    task_version INTEGER NOT NULL,
    message_id TEXT NOT NULL,
    event TEXT NOT NULL,
    payload JSON DEFAULT '{}' NOT NULL,
    status TEXT DEFAULT 'pending' NOT NULL,
    attempts INTEGER DEFAULT 0 NOT NULL,
    next_attempt_at DATETIME DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
    expires_at DATETIME DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
    last_error TEXT,
    created_at DATETIME DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
    updated_at DATETIME DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
    CONSTRAINT pk_notification_deliveries PRIMARY KEY (id),
    CONSTRAINT ck_notification_deliveries_status CHECK (status IN ('pending', 'delivered', 'dead')),
    CONSTRAINT fk_notification_deliveries_target_id_user_id_notification_targets FOREIGN KEY(target_id, user_id) REFERENCES notification_targets (id, user_id),
    CONSTRAINT fk_notification_deliveries_task_id_user_id_tasks FOREIGN KEY(task_id, user_id) REFERENCES tasks (id, user_id),
    CONSTRAINT uq_notification_deliveries_target_id_task_id_task_version UNIQUE (target_id, task_id, task_version),
    CONSTRAINT fk_notification_deliveries_user_id_users FOREIGN KEY(user_id) REFERENCES users (id),
    CONSTRAINT uq_notification_deliveries_message_id UNIQUE (message_id),
    CONSTRAINT ck_notification_deliveries_payload_json CHECK (payload IS NULL OR json_valid(payload))
);

CREATE INDEX ix_notification_deliveries_status_next_attempt_at ON notification_deliveries (status, next_attempt_at);

CREATE INDEX ix_notification_deliveries_user_id_id ON notification_deliveries (user_id, id);

CREATE TABLE task_actions (
    id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    task_id INTEGER NOT NULL,
    actor TEXT NOT NULL,
    kind TEXT NOT NULL,
    reason TEXT NOT NULL,
    "before" JSON DEFAULT '{}' NOT NULL,
    "after" JSON DEFAULT '{}' NOT NULL,
    status TEXT DEFAULT 'done' NOT NULL,
    created_at DATETIME DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
    updated_at DATETIME DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
    CONSTRAINT pk_task_actions PRIMARY KEY (id),
    CONSTRAINT ck_task_actions_actor CHECK (actor IN ('rules', 'model', 'user')),
    CONSTRAINT ck_task_actions_status CHECK (status IN ('done', 'proposed', 'accepted', 'dismissed', 'undone')),
    CONSTRAINT fk_task_actions_task_id_user_id_tasks FOREIGN KEY(task_id, user_id) REFERENCES tasks (id, user_id),
    CONSTRAINT uq_task_actions_id_user_id UNIQUE (id, user_id),
    CONSTRAINT fk_task_actions_user_id_users FOREIGN KEY(user_id) REFERENCES users (id),
    CONSTRAINT ck_task_actions_before_json CHECK (before IS NULL OR json_valid(before)),
    CONSTRAINT ck_task_actions_after_json CHECK (after IS NULL OR json_valid(after))
);

CREATE INDEX ix_task_actions_task_id_id ON task_actions (task_id, id);

CREATE TABLE call_events (
    id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    call_id TEXT NOT NULL,
    name TEXT NOT NULL,
    detail JSON DEFAULT '{}' NOT NULL,
    created_at DATETIME DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
    CONSTRAINT pk_call_events PRIMARY KEY (id),
    CONSTRAINT fk_call_events_call_id_user_id_calls FOREIGN KEY(call_id, user_id) REFERENCES calls (id, user_id),
    CONSTRAINT fk_call_events_user_id_users FOREIGN KEY(user_id) REFERENCES users (id),
    CONSTRAINT ck_call_events_detail_json CHECK (detail IS NULL OR json_valid(detail))
);

CREATE INDEX ix_call_events_call_id_id ON call_events (call_id, id);

CREATE TABLE call_transcripts (
    id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    call_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    speaker TEXT NOT NULL,
    text TEXT NOT NULL,
    start_ms INTEGER DEFAULT 0 NOT NULL,
    end_ms INTEGER DEFAULT 0 NOT NULL,
    created_at DATETIME DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
    CONSTRAINT pk_call_transcripts PRIMARY KEY (id),
    CONSTRAINT ck_call_transcripts_speaker CHECK (speaker IN ('ai', 'callee', 'system')),
    CONSTRAINT fk_call_transcripts_call_id_user_id_calls FOREIGN KEY(call_id, user_id) REFERENCES calls (id, user_id),
    CONSTRAINT uq_call_transcripts_call_id_seq UNIQUE (call_id, seq),
    CONSTRAINT fk_call_transcripts_user_id_users FOREIGN KEY(user_id) REFERENCES users (id)
);

CREATE TABLE dnd_list (
    id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    phone_number TEXT NOT NULL,
    reason TEXT DEFAULT '' NOT NULL,
    source_call_id TEXT,
    created_at DATETIME DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
    added_by TEXT DEFAULT 'user' NOT NULL,
    CONSTRAINT pk_dnd_list PRIMARY KEY (id),
    CONSTRAINT fk_dnd_list_source_call_id_user_id_calls FOREIGN KEY(source_call_id, user_id) REFERENCES calls (id, user_id),
    CONSTRAINT uq_dnd_list_user_id_phone_number UNIQUE (user_id, phone_number),
    CONSTRAINT fk_dnd_list_user_id_users FOREIGN KEY(user_id) REFERENCES users (id)
);

CREATE INDEX ix_dnd_list_phone_number ON dnd_list (phone_number);

CREATE TABLE feedback_requests (
    id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    task_id INTEGER NOT NULL,
    call_id TEXT,
    tool_call_id TEXT,
    question TEXT NOT NULL,
    options JSON DEFAULT '[]' NOT NULL,
    status TEXT DEFAULT 'pending' NOT NULL,
    answer TEXT,
    expires_at DATETIME,
    answered_at DATETIME,
    created_at DATETIME DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
    CONSTRAINT pk_feedback_requests PRIMARY KEY (id),
    CONSTRAINT ck_feedback_requests_kind CHECK (kind IN ('live_call', 'check_in')),
    CONSTRAINT ck_feedback_requests_status CHECK (status IN ('pending', 'answered', 'expired', 'cancelled')),
    CONSTRAINT fk_feedback_requests_task_id_user_id_tasks FOREIGN KEY(task_id, user_id) REFERENCES tasks (id, user_id),
    CONSTRAINT fk_feedback_requests_call_id_user_id_calls FOREIGN KEY(call_id, user_id) REFERENCES calls (id, user_id),
    CONSTRAINT uq_feedback_requests_call_id_tool_call_id UNIQUE (call_id, tool_call_id),
    CONSTRAINT fk_feedback_requests_user_id_users FOREIGN KEY(user_id) REFERENCES users (id),
    CONSTRAINT ck_feedback_requests_options_json CHECK (options IS NULL OR json_valid(options))
);

CREATE INDEX ix_feedback_requests_status_expires_at ON feedback_requests (status, expires_at);

CREATE INDEX ix_feedback_requests_task_id ON feedback_requests (task_id);

CREATE INDEX ix_feedback_requests_user_id_status ON feedback_requests (user_id, status);

CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

INSERT INTO alembic_version (version_num) VALUES ('0011');
