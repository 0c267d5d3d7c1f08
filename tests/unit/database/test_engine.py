"""Addresses, connections and their trouble."""

import asyncio
import sqlite3

import pytest
from sqlalchemy import text

from opendeep.common.errors import SettingsError, UnavailableError
from opendeep.common.event_bus import InProcessEventBus
from opendeep.database import migrate
from opendeep.database.engine import (
    MemoryDatabase,
    SqlDatabase,
    connect_arguments,
    make_directory,
    parse_url,
)
from opendeep.database.repositories import SystemUsers


@pytest.mark.parametrize(
    ("url", "driver"),
    [
        ("sqlite:///data/opendeep.db", "sqlite"),
        ("sqlite+aiosqlite:////abs/opendeep.db", "sqlite"),
        ("postgresql://ada@127.0.0.1/opendeep", "postgresql+psycopg"),
        ("postgres://ada@127.0.0.1/opendeep", "postgresql+psycopg"),
        ("postgresql+psycopg://ada@127.0.0.1/opendeep", "postgresql+psycopg"),
    ],
)
def test_an_address_chooses_its_driver(url, driver):
    """The two engines are known under their usual addresses."""
    assert parse_url(url).drivername == driver


@pytest.mark.parametrize(
    "url", ["", "opendeep.db", "mysql://root@127.0.0.1/x", "postgresql://h:p/x"]
)
def test_another_address_is_refused_with_the_remedy(url):
    """What is no address of the two engines is told with the forms that are."""
    with pytest.raises(SettingsError, match="postgresql://user@host/name"):
        parse_url(url)


def test_a_password_is_not_in_the_refusal():
    """A refused address is not repeated: it may hold a password."""
    with pytest.raises(SettingsError) as refused:
        parse_url("mysql://root:secret@127.0.0.1/x")
    assert "secret" not in str(refused.value)


def test_own_server_options_stay():
    """Options that the address names are not replaced by ours."""
    plain = connect_arguments(parse_url("postgresql://ada@127.0.0.1/x"))
    assert "timezone=UTC" in plain["options"]
    own = connect_arguments(parse_url("postgresql://ada@127.0.0.1/x?options=-c%20jit=off"))
    assert "options" not in own


async def test_sqlite_is_set_up_for_safety(tmp_path):
    """A connection keeps foreign keys, the write-ahead log and normal synchronisation."""
    url = f"sqlite:///{tmp_path}/opendeep.db"
    async with SqlDatabase(url, InProcessEventBus()) as database, database.transaction() as tx:
        found = {
            name: (await tx.execute(text(f"PRAGMA {name}"))).scalar_one()
            for name in ("journal_mode", "foreign_keys", "synchronous", "busy_timeout")
        }
    assert found == {
        "journal_mode": "wal", "foreign_keys": 1, "synchronous": 1, "busy_timeout": 10_000,
    }  # fmt: skip


async def test_a_locked_file_is_unavailable_and_then_back(tmp_path, monkeypatch):
    """While another process holds the write lock we wait, say unavailable, and recover."""
    monkeypatch.setattr("opendeep.database.engine.BUSY_TIMEOUT_SECONDS", 0.05)
    url = f"sqlite:///{tmp_path}/opendeep.db"
    migrate.upgrade(url)
    other = sqlite3.connect(tmp_path / "opendeep.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    async with SqlDatabase(url, InProcessEventBus()) as database:
        with pytest.raises(UnavailableError):
            async with database.transaction():
                pass
        other.execute("ROLLBACK")
        other.close()
        async with database.transaction() as tx:
            assert await SystemUsers(tx).list() == []


async def test_a_waiter_for_the_only_connection_gives_up(tmp_path, monkeypatch):
    """Behind a transaction that does not end, the next one is told that we are too busy."""
    monkeypatch.setattr("opendeep.database.engine.BUSY_TIMEOUT_SECONDS", 0.05)
    url = f"sqlite:///{tmp_path}/opendeep.db"
    async with SqlDatabase(url, InProcessEventBus()) as database, database.transaction():
        with pytest.raises(UnavailableError):
            async with database.transaction():
                pass


@pytest.mark.parametrize("look", [migrate.upgrade, migrate.check])
def test_a_damaged_file_is_told_with_the_remedy(tmp_path, look):
    """A file that is no database is one line that says what to do, not the driver's traceback."""
    (tmp_path / "opendeep.db").write_bytes(b"no database" * 1000)
    with pytest.raises(UnavailableError, match="restore a copy") as trouble:
        look(f"sqlite:///{tmp_path}/opendeep.db")
    assert not trouble.value.retryable


def test_a_directory_that_cannot_be_made_is_told_with_the_remedy(tmp_path):
    """The setting that moves the database is named when its directory cannot be made."""
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match="OPENDEEP_DATA_DIR"):
        migrate.upgrade(f"sqlite:///{tmp_path}/file/opendeep.db")


def test_a_directory_that_cannot_be_written_is_told_with_the_remedy(tmp_path, monkeypatch):
    """A directory that exists and may not be written is refused before anything starts."""
    monkeypatch.setattr("opendeep.database.engine.os.access", lambda *_: False)
    with pytest.raises(SettingsError, match="permission denied"):
        make_directory(tmp_path)


@pytest.mark.parametrize("look", [migrate.upgrade, migrate.check])
def test_a_newer_databases_remedy_is_the_newer_version(tmp_path, look):
    """A revision that we do not know is never answered with an upgrade to ours."""
    url = f"sqlite:///{tmp_path}/opendeep.db"
    migrate.upgrade(url)
    with sqlite3.connect(tmp_path / "opendeep.db") as other:
        other.execute("UPDATE alembic_version SET version_num = '9999'")
    other.close()
    with pytest.raises(SettingsError, match="Install that version"):
        look(url)


async def test_a_server_that_is_away_is_unavailable():
    """A server that does not listen is told as unavailable, at the first transaction."""
    url = "postgresql://opendeep:secret@127.0.0.1:1/opendeep"
    async with SqlDatabase(url, InProcessEventBus()) as database:
        with pytest.raises(UnavailableError) as trouble:
            async with database.transaction():
                pass
    assert trouble.value.retryable
    assert "secret" not in trouble.value.message


async def test_memory_transactions_take_turns():
    """A transaction in memory begins when the one before it has ended."""
    order = []

    async def work(database, name):
        async with database.transaction() as tx:
            order.append(f"{name} in")
            await SystemUsers(tx).ensure(name)
            await asyncio.sleep(0)
            order.append(f"{name} out")

    async with MemoryDatabase(InProcessEventBus()) as database:
        await asyncio.gather(work(database, "a"), work(database, "b"))
        async with database.transaction() as tx:
            assert len(await SystemUsers(tx).list()) == 2
    assert order == ["a in", "a out", "b in", "b out"]
