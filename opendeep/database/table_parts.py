"""What tables are put together from: marked ownership, and the columns that recur."""

from enum import StrEnum
from typing import Any, NewType

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Column,
    Connection,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    text,
)
from sqlalchemy.schema import SchemaItem

from opendeep.database.column_types import JSON_VALUE, ROW_ID, UtcDateTime, utc_now

OwnedTable = NewType("OwnedTable", Table)
"""A table whose every row belongs to one user: the only kind that a scope takes."""

TASKS_PER_OWNER = (
    "ALTER TABLE tasks ALTER COLUMN user_id SET (n_distinct = -0.01), "
    "ALTER COLUMN campaign_id SET (n_distinct = -0.01)"
)
"""Has PostgreSQL expect a hundred tasks of each user and campaign that it knows nothing about.

Statistics from when each had one say that ``user_id`` is unique; until the next ones every
statement may then look one task up by reading all 100,000 that its user has got meanwhile.
"""

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def owned(name: str, *parts: SchemaItem, **options: Any) -> OwnedTable:
    """Define a table whose rows belong to users; it must have ``user_id``.

    SQLite takes any text for a JSON value, and a row that cannot be read stops whoever meets it:
    so each such column is checked there. PostgreSQL's own type refuses what is no JSON.
    """
    table = Table(name, METADATA, *parts, **options)
    if "user_id" not in table.c:
        raise TypeError(f"The table {name} has no user_id.")
    for column in table.c:
        if isinstance(column.type, JSON):
            is_json = f"{column.name} IS NULL OR json_valid({column.name})"
            check = CheckConstraint(is_json, name=f"{column.name}_json")
            table.append_constraint(check.ddl_if(dialect="sqlite"))
    return OwnedTable(table)


def owner() -> Column[int]:
    """Make ``user_id``."""
    return Column("user_id", ROW_ID, ForeignKey("users.id"), nullable=False)


def child_of(table: str, column: str) -> ForeignKeyConstraint:
    """Make the foreign key to a parent row of the same user."""
    return ForeignKeyConstraint([column, "user_id"], [f"{table}.id", f"{table}.user_id"])


def row_id() -> Column[int]:
    """Make ``id``, numbered by the database."""
    return Column("id", ROW_ID, primary_key=True)


def instant(name: str) -> Column[Any]:
    """Make a column for an instant that the database fills in itself."""
    return Column(name, UtcDateTime, nullable=False, server_default=utc_now())


def maybe_instant(name: str) -> Column[Any]:
    """Make a column for an instant that may be unknown."""
    return Column(name, UtcDateTime)


def text_column(name: str, default: str | None = None) -> Column[str]:
    """Make a column for a text that is always there."""
    return Column(name, Text, nullable=False, server_default=default)


def int_column(name: str, default: int) -> Column[int]:
    """Make a column for a number with the database's own default."""
    return Column(name, Integer, nullable=False, server_default=text(str(default)))


def json_column(name: str, default: str) -> Column[Any]:
    """Make a column for a JSON value that is always there."""
    return Column(name, JSON_VALUE, nullable=False, server_default=default)


def is_in(name: str, values: tuple[StrEnum, ...]) -> str:
    """Write the SQL condition that column ``name`` holds one of the values."""
    listed = ", ".join(f"'{value}'" for value in values)
    return f"{name} IN ({listed})"


def partial(name_and_columns: str, condition: str) -> Index:
    """Make an index of the task rows that meet a condition, in which columns carry ``tasks.``."""
    name, *columns = name_and_columns.split()
    where = text(condition.replace("tasks.", ""))
    return Index(name, *columns, sqlite_where=where, postgresql_where=where)


def expect_many_tasks(_table: Table, connection: Connection, **_options: object) -> None:
    """Set :data:`TASKS_PER_OWNER`, where the tables are made without migrations."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(TASKS_PER_OWNER)


def one_of(name: str, values: type[StrEnum]) -> CheckConstraint:
    """Make the check that column ``name`` holds a value of the enum, or NULL."""
    return CheckConstraint(is_in(name, tuple(values)), name=name)
