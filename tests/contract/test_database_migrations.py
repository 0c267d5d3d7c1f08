"""What a database of an earlier version holds is still there, and sound, after the upgrade."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from opendeep.database import migrate
from opendeep.database.migrations.versions import r0001_initial

HEAD = ScriptDirectory(str(migrate._MIGRATIONS)).get_current_head()


@pytest.fixture
def first_version(tmp_path: Path) -> Path:
    """Offer a SQLite file at the first revision."""
    path = tmp_path / "opendeep.db"
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)
    with engine.begin() as connection:
        context = MigrationContext.configure(connection)
        with Operations.context(context):
            r0001_initial.upgrade()
        context.stamp(ScriptDirectory(str(migrate._MIGRATIONS)), "0001")
    engine.dispose()
    return path


def run(path: Path, *statements: str) -> None:
    """Change the file by hand."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def rows(path: Path, question: str) -> list[tuple[object, ...]]:
    """Ask the file."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(question).fetchall()


def test_text_that_is_no_json_is_kept_aside(first_version):
    """A broken value becomes its default, its text an audit entry; its task waits on hold."""
    run(
        first_version,
        "INSERT INTO users (id, username) VALUES (1, 'ada')",
        "INSERT INTO tasks (id, user_id, title, phone_number, facts, sources) VALUES "
        "(1, 1, 'Bad', '+12015550100', 'it''s me', 'x'), "
        "(2, 1, 'Good', '+12015550100', '{\"a\": 1}', '[]')",
        "INSERT INTO tasks (id, user_id, title, phone_number, status, outcome) "
        "VALUES (3, 1, 'Over', '+12015550100', 'completed', X'FF')",
        "INSERT INTO profiles (user_id, facts) VALUES (1, '')",
    )
    assert migrate.upgrade(f"sqlite:///{first_version}") == HEAD
    found = rows(
        first_version,
        "SELECT status, next_action_time, facts, sources, outcome, version FROM tasks ORDER BY id",
    )
    assert found == [
        ("on_hold", None, "{}", "[]", None, 3),
        ("pending", found[1][1], '{"a": 1}', "[]", None, 1),
        ("completed", found[2][1], "{}", "[]", None, 1),
    ]
    [(reason,)] = rows(first_version, "SELECT status_reason FROM tasks WHERE id = 1")
    assert "sources held text that is no JSON" in reason
    kept = [
        json.loads(detail)
        for (detail,) in rows(first_version, "SELECT detail FROM audit_log ORDER BY id")
    ]
    assert kept == [
        {"table": "profiles", "key": 1, "column": "facts", "text": ""},
        {"table": "tasks", "key": 1, "column": "facts", "text": "it's me"},
        {"table": "tasks", "key": 1, "column": "sources", "text": "x"},
        {"table": "tasks", "key": 3, "column": "outcome", "text": "FF"},
    ]
    assert rows(first_version, "SELECT facts FROM profiles") == [("{}",)]
    assert rows(first_version, "PRAGMA foreign_key_check") == []


def test_text_that_is_no_json_is_refused_from_then_on(first_version):
    """After the upgrade SQLite itself refuses such a row; ids of events are never given twice."""
    run(
        first_version,
        "INSERT INTO users (id, username) VALUES (1, 'ada')",
        "INSERT INTO user_events (id, user_id, type, subject_id) VALUES (7, 1, 'x', '1')",
        "DELETE FROM user_events",
    )
    migrate.upgrade(f"sqlite:///{first_version}")
    bad = "INSERT INTO tasks (user_id, title, phone_number, facts) VALUES (1, 'T', '+1', 'junk')"
    with pytest.raises(sqlite3.IntegrityError, match="ck_tasks_facts_json"):
        run(first_version, bad)
    run(
        first_version,
        "INSERT INTO user_events (user_id, type, subject_id) VALUES (1, 'x', '1')",
    )
    assert rows(first_version, "SELECT id FROM user_events") == [(8,)]
    assert migrate.check(f"sqlite:///{first_version}") == []
