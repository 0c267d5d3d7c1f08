"""The tables of conversations with the assistant; a part of ``tables.py``."""

from sqlalchemy import Column, Index, Integer, Text, UniqueConstraint

from opendeep.database.table_parts import (
    child_of,
    instant,
    int_column,
    json_column,
    owned,
    owner,
    row_id,
)

chat_sessions = owned(
    "chat_sessions",
    Column("id", Text, primary_key=True),
    owner(),
    json_column("state", "{}"),
    int_column("message_count", 0),
    instant("created_at"),
    instant("updated_at"),
    UniqueConstraint("id", "user_id"),
    Index(None, "user_id"),
)

chat_messages = owned(
    "chat_messages",
    row_id(),
    owner(),
    Column("session_id", Text, nullable=False),
    Column("seq", Integer, nullable=False),
    json_column("message", "{}"),
    instant("created_at"),
    child_of("chat_sessions", "session_id"),
    UniqueConstraint("session_id", "seq"),
)
