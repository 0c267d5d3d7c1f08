"""A server that goes and comes back, and processes that start at the same moment."""

import asyncio
import errno
import os
import sqlite3
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from opendeep.common.errors import UnavailableError
from opendeep.common.event_bus import InProcessEventBus
from opendeep.database import database_thread, migrate
from opendeep.database import engine as engine_module
from opendeep.database.engine import SqlDatabase
from opendeep.database.repositories import SystemTasks, SystemUsers


def cut_all_connections(url: str) -> None:
    """End every other session, as a restart of the server does; return when they are gone."""
    others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"SELECT pg_terminate_backend(pid) {others}")
        while connection.execute(f"SELECT 1 {others}").fetchone():
            pass


def wait_for_statement(url: str, like: str) -> None:
    """Return when another session runs such a statement."""
    running = (
        "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE %s "
        "AND pid <> pg_backend_pid()"
    )
    with psycopg.connect(url, autocommit=True) as connection:
        while connection.execute(running, [like]).fetchone() is None:
            pass


@pytest.mark.integration
@pytest.mark.usefixtures("empty_postgres")
async def test_a_lost_connection_costs_one_transaction(postgres_url):
    """Work under way is told as unavailable and leaves nothing; the next transaction works."""
    migrate.upgrade(postgres_url)

    async def be_cut(database):
        async with database.transaction() as tx:
            await SystemUsers(tx).ensure("ada")
            cut_all_connections(postgres_url)
            await SystemUsers(tx).ensure("bob")

    async with SqlDatabase(postgres_url, InProcessEventBus()) as database:
        with pytest.raises(UnavailableError):
            await be_cut(database)
        async with database.transaction() as tx:
            assert await SystemUsers(tx).list() == []
        cut_all_connections(postgres_url)  # while the connection rests in the pool
        async with database.transaction() as tx:
            await SystemUsers(tx).ensure("ada")


@pytest.mark.integration
@pytest.mark.usefixtures("empty_postgres")
async def test_a_lost_connection_costs_one_whole_unit_of_work(postgres_url):
    """What is done at once is told as unavailable when cut, and works again the next time."""
    migrate.upgrade(postgres_url)

    async def be_cut(tx):
        await SystemUsers(tx).ensure("ada")
        cut_all_connections(postgres_url)
        await SystemUsers(tx).ensure("bob")

    async def look(tx):
        return await SystemUsers(tx).list()

    async def claim_and_be_cut(tx):
        cut_all_connections(postgres_url)
        return await SystemTasks(tx).claim(
            now=tx.now(), limit=1, claimed_by="one", lease_seconds=30
        )

    async with SqlDatabase(postgres_url, InProcessEventBus()) as database:
        for cut in (be_cut, claim_and_be_cut):
            with pytest.raises(UnavailableError):
                await database.at_once(cut)
            assert await database.at_once(look) == []
        cut_all_connections(postgres_url)  # while the connection rests
        assert await database.at_once(look) == []


@pytest.mark.integration
@pytest.mark.usefixtures("empty_postgres")
@pytest.mark.parametrize("seconds", ["_LAST_SECONDS", "_WHOLE_SECONDS"])
async def test_a_server_that_says_nothing_is_given_up(postgres_url, monkeypatch, seconds):
    """A unit of work that hangs ends as unavailable: after its time, and soon after the close."""
    monkeypatch.setattr(database_thread, seconds, 0.1)

    async def be_told(database):
        with pytest.raises(UnavailableError):
            await database.at_once(hang)

    opened = SqlDatabase(postgres_url, InProcessEventBus())
    async with asyncio.timeout(20), asyncio.TaskGroup() as group, opened as database:
        told = group.create_task(be_told(database))
        await asyncio.to_thread(wait_for_statement, postgres_url, "%pg_sleep(40)%")
        if seconds == "_WHOLE_SECONDS":
            await asyncio.wait([told])
    cut_all_connections(postgres_url)  # the server itself sleeps on, and would not stop before


@pytest.mark.integration
@pytest.mark.usefixtures("empty_postgres")
async def test_who_comes_behind_a_cancelled_unit_of_work_is_told(postgres_url, monkeypatch):
    """The turn stays taken until the thread is free, so that the next has a time-out."""
    monkeypatch.setattr(engine_module, "BUSY_TIMEOUT_SECONDS", 0.1)
    migrate.upgrade(postgres_url)

    async def look(tx):
        return await SystemUsers(tx).list()

    opened = SqlDatabase(postgres_url, InProcessEventBus())
    async with asyncio.TaskGroup() as group, opened as database:
        hanging = group.create_task(database.at_once(hang))
        await asyncio.to_thread(wait_for_statement, postgres_url, "%pg_sleep(40)%")
        hanging.cancel()
        with pytest.raises(asyncio.CancelledError):
            await hanging
        with pytest.raises(UnavailableError, match="too busy"):
            await database.at_once(look)
        cut_all_connections(postgres_url)
        async with asyncio.timeout(20):
            while await freed(database, look) is None:
                pass


async def hang(tx):
    """Ask for something that takes longer than any test."""
    await tx.execute(text("SELECT pg_sleep(40)"))


async def freed(database, work):
    """Do it; None where the thread is not free yet."""
    try:
        return await database.at_once(work)
    except UnavailableError:
        return None


@pytest.mark.parametrize(
    "engine", ["sqlite", pytest.param("postgresql", marks=pytest.mark.integration)]
)
async def test_processes_that_start_together_make_the_tables_once(request, tmp_path, engine):
    """Of several upgrades at once, one works and the others find it done."""
    url = f"sqlite:///{tmp_path}/opendeep.db"
    if engine == "postgresql":
        request.getfixturevalue("empty_postgres")
        url = request.getfixturevalue("postgres_url")
    revisions = await asyncio.gather(*[asyncio.to_thread(migrate.upgrade, url) for _ in range(4)])
    assert len(set(revisions)) == 1
    assert migrate.check(url) == []


async def test_what_was_committed_survives_in_the_file(tmp_path):
    """A row is in the file for another process as soon as its transaction ended."""
    url = f"sqlite:///{tmp_path}/opendeep.db"
    migrate.upgrade(url)
    async with SqlDatabase(url, InProcessEventBus()) as database:
        async with database.transaction() as tx:
            await SystemUsers(tx).ensure("ada")
        other = sqlite3.connect(tmp_path / "opendeep.db")
        found = other.execute("SELECT username FROM users").fetchall()
        other.close()
    assert found == [("ada",)]


async def test_what_must_survive_a_loss_of_power_is_written_out(tmp_path, monkeypatch):
    """Such a commit is on the disk before its block returns; others only survive the process."""
    url = f"sqlite:///{tmp_path}/opendeep.db"
    migrate.upgrade(url)
    synced = []
    fsync = os.fsync

    def note(descriptor):
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        fsync(descriptor)

    async with SqlDatabase(url, InProcessEventBus()) as database:
        monkeypatch.setattr(os, "fsync", note)
        async with database.transaction() as tx:
            await SystemUsers(tx).ensure("ada")
        assert synced == []
        async with database.transaction() as tx:
            tx.survive_power_loss()
            await SystemUsers(tx).ensure("bob")
        assert synced == ["opendeep.db-wal"]

        def refuse(_descriptor):
            raise OSError(errno.EIO, "Input/output error")

        monkeypatch.setattr(os, "fsync", refuse)

        async def write():
            async with database.transaction() as tx:
                tx.survive_power_loss()
                await SystemUsers(tx).ensure("cem")

        with pytest.raises(UnavailableError, match="disk"):
            await write()
        async with database.transaction() as tx:
            assert len(await SystemUsers(tx).list()) == 3
