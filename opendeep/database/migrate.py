"""Bring a database to this version's tables, and tell whether it is there.

The functions block, in a thread or before the loop: ``await asyncio.to_thread(upgrade, url)``.
The next step of the history is a new module under ``migrations/versions`` with ``revision``,
``down_revision`` and ``upgrade()``; write it with ``alembic.op`` for both engines.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Index, create_engine, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.pool import NullPool
from sqlalchemy.schema import CreateIndex, CreateTable

from opendeep.common.errors import SettingsError
from opendeep.database.engine import connect_arguments, make_directory, parse_url, prepare_sqlite
from opendeep.database.table_parts import TASKS_PER_OWNER
from opendeep.database.tables import ALL_TABLES
from opendeep.database.transaction import translated_errors

Dialect = Literal["sqlite", "postgresql"]

_DIALECTS = {"sqlite": sqlite.dialect, "postgresql": postgresql.dialect}
_MIGRATIONS = Path(__file__).parent / "migrations"
_STAMP = """CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

INSERT INTO alembic_version (version_num) VALUES ('{head}');
"""
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('opendeep_migrations', 0))"


def upgrade(url: str) -> str:
    """Create the tables, or bring them up to date; return the revision.

    Idempotent, one transaction, and safe when several processes start at once: the first works,
    the others wait and find it done. A SQLite file's directory is made.

    Raises:
        SettingsError: the database was made by a newer version, or its directory cannot be used.
        UnavailableError: it cannot be reached.
    """
    scripts = ScriptDirectory(str(_MIGRATIONS))
    head = scripts.get_current_head() or ""
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        make_directory(Path(parsed.database).parent)
    with _connected(url) as connection:
        _require_known(scripts, _revision_of(connection))

        def steps(revision: Any, _context: MigrationContext) -> Any:
            return scripts._upgrade_revs(head, revision)  # noqa: SLF001 - alembic's own recipe

        with EnvironmentContext(Config(), scripts, fn=steps, destination_rev=head) as environment:
            environment.configure(connection=connection, target_metadata=ALL_TABLES)
            environment.run_migrations()
    return head


def check(url: str) -> list[str]:
    """List how the database differs from this version's tables; empty means that it fits.

    Raises:
        SettingsError: the database was made by a newer version.
        UnavailableError: it cannot be reached.
    """
    scripts = ScriptDirectory(str(_MIGRATIONS))
    head = scripts.get_current_head()
    with _connected(url) as connection:
        options = {"compare_type": True, "target_metadata": ALL_TABLES}
        context = MigrationContext.configure(connection, opts=options)
        found = context.get_current_revision()
        _require_known(scripts, found)
        if found != head:
            where = "has no tables yet" if found is None else f"is at revision {found}"
            return [f"The database {where}, this version is {head}; run: opendeep db upgrade"]
        differences = compare_metadata(context, ALL_TABLES)
    return [f"The tables differ: {difference!r}" for difference in differences]


def schema(dialect: Dialect = "sqlite") -> str:
    """Return the tables as SQL: what ``schema.sql`` and ``schema_postgresql.sql`` hold.

    A database made from it is a migrated one: it carries the revision too.
    """
    engine = _DIALECTS[dialect]()
    parts: list[CreateTable | CreateIndex] = []
    for table in ALL_TABLES.sorted_tables:
        parts.append(CreateTable(table))
        parts += [CreateIndex(index) for index in sorted(table.indexes, key=_name)]
    statements = [_plain(str(part.compile(dialect=engine))) for part in parts]
    if dialect == "postgresql":
        statements.append(f"{TASKS_PER_OWNER};\n")
    statements.append(_STAMP.format(head=ScriptDirectory(str(_MIGRATIONS)).get_current_head()))
    title = f"-- OpenDeep's tables for {dialect}; made by: opendeep db schema\n"
    return "\n".join([title, *statements])


def _name(index: Index) -> str:
    return str(index.name)


def _plain(statement: str) -> str:
    lines = [line.expandtabs(4).rstrip() for line in statement.strip().splitlines()]
    return "\n".join(lines) + ";\n"


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    """Open one transaction that no other migration runs beside."""
    parsed = parse_url(url)
    is_sqlite = parsed.get_backend_name() == "sqlite"
    plain = parsed.set(drivername="sqlite") if is_sqlite else parsed
    engine = create_engine(plain, poolclass=NullPool, connect_args=connect_arguments(parsed))
    if is_sqlite:
        # A step may rebuild a table that others point to.
        prepare_sqlite(engine, foreign_keys=False)
    with translated_errors(), engine.begin() as connection:
        if not is_sqlite:
            connection.execute(text(_LOCK))
        yield connection


def _revision_of(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _require_known(scripts: ScriptDirectory, revision: str | None) -> None:
    known = {script.revision for script in scripts.walk_revisions()}
    if revision is not None and revision not in known:
        raise SettingsError(
            f"The database is at revision {revision}, which this version of OpenDeep does not "
            "know: a newer version made it. Install that version."
        )
