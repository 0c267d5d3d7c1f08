"""Statements written down once and handed to the driver itself, for what runs all the time.

To write a statement takes SQLAlchemy milliseconds, to look a written one up and to wrap its rows a
tenth of one, to run it less. A ``Written`` keeps the text, the values that never change, and how
each other value is stored; its rows are the driver's own tuples.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import ClauseElement, Connection
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.base import SQLiteDialect
from sqlalchemy.exc import DBAPIError

_DIALECTS: Final[Mapping[str, Callable[[], Any]]] = {
    "postgresql": PGDialect_psycopg,
    "sqlite": lambda: SQLiteDialect(paramstyle="named"),
}


class Written:
    """One statement in the words of one engine.

    Args:
        statement: its parameters know their types.
        dialect: ``sqlite`` or ``postgresql``.

    Attributes:
        sql: its text, with named parameters.
    """

    def __init__(self, statement: ClauseElement, dialect: str) -> None:
        kind = _DIALECTS[dialect]()
        compiled: Any = statement.compile(dialect=kind)
        self.sql = str(compiled)
        stored = {
            name: bind.type.dialect_impl(kind).bind_processor(kind)
            for name, bind in compiled.binds.items()
        }
        self._stored = {name: store for name, store in stored.items() if store is not None}
        self._constants = {
            name: self._as_stored(name, value)
            for name, value in compiled.params.items()
            if value is not None
        }

    def explained(self) -> "Written":
        """Return the statement that shows how this one is run."""
        other = object.__new__(Written)
        other.__dict__.update(self.__dict__)
        question = "EXPLAIN (COSTS OFF) " if "%(" in self.sql else "EXPLAIN QUERY PLAN "
        other.sql = question + self.sql
        return other

    def values(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Return all values as the driver takes them."""
        given = {name: self._as_stored(name, value) for name, value in parameters.items()}
        return {**self._constants, **given}

    def _as_stored(self, name: str, value: Any) -> Any:
        store = self._stored.get(name)
        return value if store is None else store(value)


def rows(connection: Connection, written: Written, parameters: Any) -> list[tuple[Any, ...]]:
    """Run a written statement with the driver and read all its rows.

    Raises:
        DBAPIError: as SQLAlchemy would; the connection is invalidated where it is lost.
    """
    values = written.values(parameters)
    with sqlalchemys_errors(connection):
        cursor: Any = connection.connection.cursor()
        try:
            cursor.execute(written.sql, values)
            found: list[tuple[Any, ...]] = cursor.fetchall()
        finally:
            cursor.close()
    return found


@contextmanager
def sqlalchemys_errors(connection: Connection) -> Iterator[None]:
    """Turn the driver's errors into SQLAlchemy's; a connection that is lost is let go of.

    Raises:
        DBAPIError: as SQLAlchemy would.
    """
    dialect, driver = connection.dialect, connection.connection.dbapi_connection
    base = dialect.loaded_dbapi.Error
    try:
        yield
    except base as error:
        lost = dialect.is_disconnect(error, driver, None)
        if lost:
            connection.invalidate(error)
        raise DBAPIError.instance(
            None, None, error, base, connection_invalidated=lost, dialect=dialect
        ) from error
