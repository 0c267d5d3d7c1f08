"""Metadata, migrations and the schema files make the same tables, on both engines."""

import sqlite3
from importlib import resources
from pathlib import Path

import psycopg
import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, create_engine, inspect
from sqlalchemy.pool import NullPool

from opendeep.common.errors import SettingsError, UnavailableError
from opendeep.database import migrate
from opendeep.database.engine import parse_url
from opendeep.database.tables import ALL_TABLES

POSTGRES = pytest.param("postgresql", marks=pytest.mark.integration)
HEAD = ScriptDirectory(str(migrate._MIGRATIONS)).get_current_head()
FILES = {"sqlite": "schema.sql", "postgresql": "schema_postgresql.sql"}


def engine_for(url: str):
    """Open a plain engine."""
    return create_engine(url.replace("postgresql:", "postgresql+psycopg:"), poolclass=NullPool)


def structure(url: str) -> dict[str, object]:
    """Read everything that the engine knows about the tables, in a comparable form."""
    engine = engine_for(url)
    found = inspect(engine)
    tables: dict[str, object] = {}
    for name in sorted(set(found.get_table_names()) - {"alembic_version"}):
        columns = [
            (c["name"], str(c["type"]), c["nullable"], c["default"])
            for c in found.get_columns(name)
        ]
        checks = sorted((c["name"], c["sqltext"]) for c in found.get_check_constraints(name))
        keys = sorted(
            (k["name"], k["constrained_columns"], k["referred_table"], k["referred_columns"])
            for k in found.get_foreign_keys(name)
        )
        uniques = sorted((u["name"], u["column_names"]) for u in found.get_unique_constraints(name))
        indexes = sorted(
            (
                i["name"],
                i["column_names"],
                str({k: str(v) for k, v in i["dialect_options"].items()}),
            )
            for i in found.get_indexes(name)
        )
        primary = found.get_pk_constraint(name)
        tables[name] = (
            columns, primary["name"], primary["constrained_columns"], checks, keys, uniques,
            indexes,
        )  # fmt: skip
    engine.dispose()
    return tables


@pytest.fixture(params=["sqlite", POSTGRES])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path):
    """Offer the address of an empty database, and a way to empty it again."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/opendeep.db"
    request.getfixturevalue("empty_postgres")
    return request.getfixturevalue("postgres_url")


def run_schema_file(url: str) -> None:
    """Make the tables as a person would, from the file."""
    dialect = parse_url(url).get_backend_name()
    script = resources.files("opendeep.database").joinpath(FILES[dialect]).read_text()
    if dialect == "sqlite":
        with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
            connection.executescript(script)
        connection.close()
    else:
        with psycopg.connect(url) as connection:
            connection.execute(script)


def clear(url: str) -> None:
    """Take every table away."""
    engine = engine_for(url)
    everything = MetaData()
    everything.reflect(engine)
    everything.drop_all(engine)
    engine.dispose()


def test_three_ways_lead_to_the_same_tables(empty_url):
    """Tables from the metadata, from the migrations and from the file are equal."""
    engine = engine_for(empty_url)
    ALL_TABLES.create_all(engine)
    engine.dispose()
    from_metadata = structure(empty_url)
    assert set(from_metadata) == set(ALL_TABLES.tables)
    clear(empty_url)
    migrate.upgrade(empty_url)
    assert structure(empty_url) == from_metadata
    clear(empty_url)
    run_schema_file(empty_url)
    assert structure(empty_url) == from_metadata
    assert migrate.check(empty_url) == []
    assert migrate.upgrade(empty_url) == migrate.upgrade(empty_url)


@pytest.mark.parametrize("dialect", FILES)
def test_the_schema_files_are_the_generated_ones(dialect):
    """The files in the package are what ``opendeep db schema`` writes now."""
    stored = resources.files("opendeep.database").joinpath(FILES[dialect]).read_text()
    assert stored == migrate.schema(dialect)


def test_check_names_what_is_missing(empty_url):
    """An empty database asks for an upgrade; a table changed by hand is named."""
    assert migrate.check(empty_url) == [
        f"The database has no tables yet, this version is {HEAD}; run: opendeep db upgrade"
    ]
    migrate.upgrade(empty_url)
    assert migrate.check(empty_url) == []
    engine = engine_for(empty_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP INDEX ix_tasks_user_id_status")
    [fault] = migrate.check(empty_url)
    assert "ix_tasks_user_id_status" in fault
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    engine.dispose()
    for look in (migrate.check, migrate.upgrade):
        with pytest.raises(SettingsError, match=r"revision 9999.*Install that version"):
            look(empty_url)


def test_upgrade_makes_the_directory(tmp_path):
    """A SQLite file in a directory that is not there yet is made, with the directory."""
    migrate.upgrade(f"sqlite:///{tmp_path}/new/data/opendeep.db")
    assert (tmp_path / "new/data/opendeep.db").exists()


def test_a_database_that_is_away_is_unavailable(tmp_path):
    """A path that is no file and a server that does not listen are told as unavailable."""
    with pytest.raises(UnavailableError):
        migrate.check(f"sqlite:///{tmp_path}")
    with pytest.raises(UnavailableError):
        migrate.check("postgresql://opendeep@127.0.0.1:1/opendeep")
