"""Instants keep their value and their order, whoever wrote them."""

import sqlite3
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, Integer, MetaData, Table, create_engine, insert, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.pool import StaticPool
from sqlalchemy.schema import CreateTable

from opendeep.database.column_types import UtcDateTime, utc_now

ZONES = st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m)))
INSTANTS = st.datetimes(
    min_value=datetime(1990, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(2190, 1, 1),  # noqa: DTZ001
    timezones=ZONES,
)
STAMPS = Table(
    "stamps",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("at", UtcDateTime, server_default=utc_now()),
)


@pytest.fixture(scope="module")
def engine():
    """Offer a SQLite database in memory with the table."""
    made = create_engine("sqlite://", poolclass=StaticPool)
    STAMPS.create(made)
    yield made
    made.dispose()


@given(first=INSTANTS, second=INSTANTS)
def test_order_and_value_survive_in_sqlite(engine, first, second):
    """Two instants of any zones compare in the database as they do in Python."""
    with engine.begin() as connection:
        connection.execute(STAMPS.delete())
        connection.execute(insert(STAMPS).values(at=first))
        assert connection.execute(select(STAMPS.c.at)).scalar_one() == first
        due = connection.execute(select(STAMPS.c.id).where(STAMPS.c.at <= second)).first()
    assert (due is not None) == (first <= second)


@given(second=st.datetimes(timezones=st.just(UTC), min_value=datetime(1990, 1, 1)))  # noqa: DTZ001
def test_a_row_with_whole_seconds_written_by_hand_sorts_at_its_place(engine, second):
    """What CURRENT_TIMESTAMP writes (whole seconds) is due from exactly that instant on."""
    by_hand = second.replace(microsecond=0)
    with engine.begin() as connection:
        connection.execute(STAMPS.delete())
        connection.execute(
            text("INSERT INTO stamps (at) VALUES (:at)"),
            {"at": f"{by_hand:%Y-%m-%d %H:%M:%S}"},
        )
        found = select(STAMPS.c.at).where(STAMPS.c.at <= second)
        assert connection.execute(found).scalar_one() == by_hand
        before = by_hand - timedelta(microseconds=1)
        assert connection.execute(found.where(STAMPS.c.at <= before)).first() is None


def test_the_databases_own_default_has_the_stored_form(engine):
    """A default instant has six digits of a second and is now."""
    with engine.begin() as connection:
        connection.execute(STAMPS.delete())
        connection.execute(text("INSERT INTO stamps DEFAULT VALUES"))
        raw = connection.execute(text("SELECT at FROM stamps")).scalar_one()
        at = connection.execute(select(STAMPS.c.at)).scalar_one()
        now = connection.execute(select(utc_now())).scalar_one()
    assert len(raw) == len("2026-11-22 10:00:00.000000")
    assert timedelta(0) <= now - at < timedelta(seconds=10)


def test_an_iso_text_with_a_zone_is_read_as_its_instant(engine):
    """A row written with a zone's offset, or by Python's sqlite3 itself, is read in UTC."""
    with engine.begin() as connection:
        connection.execute(STAMPS.delete())
        connection.execute(text("INSERT INTO stamps (at) VALUES ('2026-11-22T10:00:00+02:00')"))
        found = connection.execute(select(STAMPS.c.at)).scalar_one()
    assert found == datetime(2026, 11, 22, 8, tzinfo=UTC)
    assert found.tzinfo is UTC


def test_a_naive_datetime_is_refused():
    """An instant without a zone is nobody's instant; no value stays no value."""
    kind = UtcDateTime()
    with pytest.raises(ValueError, match="zone"):
        kind.process_bind_param(datetime(2026, 1, 1), sqlite.dialect())  # noqa: DTZ001
    assert kind.process_bind_param(None, sqlite.dialect()) is None
    assert kind.process_result_value(None, sqlite.dialect()) is None


def test_postgresql_keeps_the_zone_and_its_own_clock():
    """PostgreSQL gets aware instants and CURRENT_TIMESTAMP as default."""
    dialect = postgresql.dialect()
    noon = datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    assert UtcDateTime().process_bind_param(noon, dialect) == noon
    assert "DEFAULT CURRENT_TIMESTAMP" in str(CreateTable(STAMPS).compile(dialect=dialect))


def test_sqlite_itself_understands_the_default():
    """The default's expression runs in the plain sqlite3 shell's engine."""
    statement = str(CreateTable(STAMPS).compile(dialect=sqlite.dialect()))
    connection = sqlite3.connect(":memory:")
    connection.execute(statement)
    connection.execute("INSERT INTO stamps DEFAULT VALUES")
    [[at]] = connection.execute("SELECT at FROM stamps").fetchall()
    connection.close()
    assert datetime.fromisoformat(at).year >= 2026
