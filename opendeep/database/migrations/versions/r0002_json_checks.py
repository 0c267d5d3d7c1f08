"""SQLite refuses text that is no JSON in a JSON column, as PostgreSQL's own type does.

What is there already is repaired: the column gets its default, the text that stood there goes to
the owner's ``audit_log``, and a task that was to be dialled waits on hold and says why.

The tables are rebuilt in the order that https://www.sqlite.org/lang_altertable.html gives (make,
copy, drop, rename), from their own stored statement, so that everything else stays as it is.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_OBJECT, _ARRAY, _NOTHING = "'{}'", "'[]'", "NULL"
_JSON_COLUMNS = {
    "audit_log": {"detail": _OBJECT},
    "profiles": {"facts": _OBJECT},
    "campaigns": {"plan": _NOTHING},
    "campaign_reports": {"report": _OBJECT},
    "tasks": {
        "facts": _OBJECT,
        "questions_for_callee": _ARRAY,
        "sources": _ARRAY,
        "inter_call_context": _OBJECT,
        "outcome": _NOTHING,
    },
    "calls": {"analysis": _NOTHING},
    "call_events": {"detail": _OBJECT},
    "feedback_requests": {"options": _ARRAY},
    "chat_sessions": {"state": _OBJECT},
    "chat_messages": {"message": _OBJECT},
    "user_events": {"data": _NOTHING},
}
_KEYS = {"profiles": "user_id", "campaign_reports": "campaign_id"}
_STILL_TO_DIAL = "('pending', 'queued_for_call', 'retry_scheduled', 'on_hold')"


def upgrade() -> None:
    """Repair the rows, then add the checks; PostgreSQL needs neither."""
    if op.get_bind().dialect.name != "sqlite":
        return
    for table, columns in _JSON_COLUMNS.items():
        for column, default in columns.items():
            _repair(table, column, default)
        _rebuild(table, columns)


def _repair(table: str, column: str, default: str) -> None:
    broken = f"{column} IS NOT NULL AND NOT json_valid({column})"
    key = _KEYS.get(table, "id")
    # json_quote() takes no BLOB, whose bytes need not be text: hex() keeps them.
    kept = f"CASE typeof({column}) WHEN 'blob' THEN hex({column}) ELSE {column} END"
    detail = f"json_object('table', '{table}', 'key', {key}, 'column', '{column}', 'text', {kept})"
    op.execute(
        "INSERT INTO audit_log (user_id, action, detail) "  # noqa: S608 - constants of this file
        f"SELECT user_id, 'unreadable_value_replaced', {detail} FROM {table} WHERE {broken}"
    )
    if table == "tasks":
        _hold_tasks(column, broken)
    op.execute(f"UPDATE {table} SET {column} = {default} WHERE {broken}")  # noqa: S608


def _hold_tasks(column: str, broken: str) -> None:
    reason = (
        f"The task''s {column} held text that is no JSON; it was emptied, and the text is kept in "
        "the table audit_log. Look at the task, then resume it."
    )
    op.execute(
        "UPDATE tasks SET status = 'on_hold', next_action_time = NULL, "  # noqa: S608
        "status_before_claim = NULL, claimed_by = NULL, claim_expires_at = NULL, "
        f"version = version + 1, status_reason = '{reason}' "
        f"WHERE status IN {_STILL_TO_DIAL} AND {broken}"
    )


def _rebuild(table: str, columns: dict[str, str]) -> None:
    """Make the table anew with a check for each column; indexes and numbering stay."""
    connection = op.get_bind()
    stored = sa.text("SELECT sql FROM sqlite_master WHERE type = :type AND tbl_name = :table")
    [created] = connection.execute(stored, {"type": "table", "table": table}).scalars()
    indexes = connection.execute(stored, {"type": "index", "table": table}).scalars().all()
    begin, end = created.index("("), created.rindex(")")
    checks = [
        f"CONSTRAINT ck_{table}_{column}_json CHECK ({column} IS NULL OR json_valid({column}))"
        for column in columns
    ]
    parts = ",\n\t".join([created[begin + 1 : end].rstrip(), *checks])
    statements = [
        f"CREATE TABLE rebuilt_{table} ({parts}\n){created[end + 1 :]}",
        f"INSERT INTO rebuilt_{table} SELECT * FROM {table}",  # noqa: S608
        *_numbering(created, table),
        f"DROP TABLE {table}",
        f"ALTER TABLE rebuilt_{table} RENAME TO {table}",
        *filter(None, indexes),
    ]
    for statement in statements:
        connection.exec_driver_sql(statement)


def _numbering(created: str, table: str) -> list[str]:
    """Carry over which ids were given, also to rows that are gone."""
    if "AUTOINCREMENT" not in created.upper():
        return []
    mine = f"SELECT 'rebuilt_{table}', seq FROM sqlite_sequence WHERE name = '{table}'"  # noqa: S608
    return [
        f"DELETE FROM sqlite_sequence WHERE name = 'rebuilt_{table}'",  # noqa: S608
        f"INSERT INTO sqlite_sequence (name, seq) {mine}",
    ]
