"""What a transaction does beyond statements, without a database."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from opendeep.common.clock import SystemClock
from opendeep.common.errors import ConflictError, InvalidInputError, NotFoundError, UnavailableError
from opendeep.database.transaction import Transaction, translated_errors


class Recorder:
    """Takes statements down instead of running them."""

    def __init__(self) -> None:
        self.ran: list[tuple[str, object]] = []

    async def run(self, statement, parameters):
        """Note the statement."""
        self.ran.append((str(statement), parameters))


async def test_postgresql_takes_an_advisory_lock_and_sqlite_none():
    """A named lock is a statement on PostgreSQL; SQLite's transactions are alone already."""
    for dialect, count in (("postgresql", 1), ("sqlite", 0)):
        recorder = Recorder()
        await Transaction(recorder.run, dialect=dialect, clock=SystemClock()).lock("slots")
        assert len(recorder.ran) == count
        assert all("pg_advisory_xact_lock" in statement for statement, _ in recorder.ran)


def failure(kind, words, *, invalidated=False):
    """Make a driver's error as SQLAlchemy wraps it."""
    return kind("SELECT 1", {}, Exception(words), connection_invalidated=invalidated)


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        (failure(IntegrityError, "UNIQUE constraint failed"), ConflictError),
        (failure(IntegrityError, "violates foreign key constraint"), NotFoundError),
        (failure(IntegrityError, "CHECK constraint failed: ck_x_json"), InvalidInputError),
        (failure(DataError, "cannot contain NUL"), InvalidInputError),
        (failure(OperationalError, "database is locked"), UnavailableError),
        (PoolTimeoutError("QueuePool limit"), UnavailableError),
        (failure(DBAPIError, "server closed", invalidated=True), UnavailableError),
        (failure(DBAPIError, "other"), DBAPIError),
        (failure(ProgrammingError, "syntax error"), ProgrammingError),
    ],
)
def test_each_driver_error_has_its_meaning(raised, told):
    """Drivers' errors become ours by meaning; a mistake in a statement stays what it is."""
    with pytest.raises(told) as seen, translated_errors():
        raise raised
    assert seen.value is raised or seen.value.__cause__ is raised


async def test_trouble_in_a_statement_is_told_at_the_statement():
    """A caller that catches our error around one statement gets ours."""

    async def fail(_statement, _parameters):
        raise failure(OperationalError, "gone")

    tx = Transaction(fail, dialect="sqlite", clock=SystemClock())
    with pytest.raises(UnavailableError):
        await tx.execute(text("SELECT 1"))
