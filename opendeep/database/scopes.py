"""The tenant in the type: statements that cannot forget whose rows they are about.

A repository holds a :class:`Scope` and nothing else. A scope takes only tables that are marked as
:data:`~opendeep.database.table_parts.OwnedTable`, and hands out statements which carry the user's
filter from their birth; they can be narrowed, never widened, and only they can be run. A raw
``select()`` has no way into the database from there: that is a type error, and
``tests/architecture`` refuses the imports that would be needed.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, Self, TypeVar

from sqlalchemy import (
    ColumnElement,
    Delete,
    RowMapping,
    ScalarSelect,
    Select,
    Update,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from opendeep.common.data_models import Frozen
from opendeep.common.errors import InvalidInputError
from opendeep.common.ids import UserId
from opendeep.database.models import Page
from opendeep.database.table_parts import OwnedTable
from opendeep.database.transaction import Transaction, UserEventDraft

RowT = TypeVar("RowT", bound=Frozen)

PAGE_LIMIT = 50
PAGE_LIMIT_MOST = 500
_CURSOR_DIGITS = 18


def columns_of(table: OwnedTable, model: type[Frozen]) -> list[ColumnElement[Any]]:
    """List the columns that a row model wants, so that nothing else is read."""
    return [table.c[name] for name in model.model_fields]


class ValueQuery:
    """A scoped SELECT of bare values (counts, sums, single columns)."""

    def __init__(self, tx: Transaction, statement: Select[Any]) -> None:
        self._tx = tx
        self._statement = statement

    def where(self, *conditions: ColumnElement[bool]) -> Self:
        """Narrow the query."""
        return self._like(self._statement.where(*conditions))

    def group_by(self, *columns: ColumnElement[Any]) -> Self:
        """Group the rows."""
        return self._like(self._statement.group_by(*columns))

    def newest(self, column: ColumnElement[Any], count: int) -> Self:
        """Return at most ``count`` rows, the highest ``column`` first."""
        return self._like(self._statement.order_by(column.desc()).limit(count))

    def subquery(self) -> ScalarSelect[Any]:
        """Return the query for use inside another one's condition."""
        return self._statement.scalar_subquery()

    async def rows(self) -> Sequence[RowMapping]:
        """Run it and return all rows."""
        return (await self._tx.execute(self._statement)).mappings().all()

    async def value(self) -> Any:
        """Run it and return the only value, or None without a row."""
        return (await self._tx.execute(self._statement)).scalar()

    def _like(self, statement: Select[Any]) -> Self:
        return type(self)(self._tx, statement)


class Query(Generic[RowT]):
    """A scoped SELECT of whole rows."""

    def __init__(self, tx: Transaction, statement: Select[Any], model: type[RowT]) -> None:
        self._tx = tx
        self._statement = statement
        self._model = model

    def where(self, *conditions: ColumnElement[bool]) -> "Query[RowT]":
        """Narrow the query."""
        return Query(self._tx, self._statement.where(*conditions), self._model)

    def order_by(self, *columns: ColumnElement[Any]) -> "Query[RowT]":
        """Order the rows."""
        return Query(self._tx, self._statement.order_by(*columns), self._model)

    def limit(self, count: int) -> "Query[RowT]":
        """Return at most ``count`` rows."""
        return Query(self._tx, self._statement.limit(count), self._model)

    def held(self) -> "Query[RowT]":
        """Keep others from changing the rows until the transaction ends; SQLite does so anyway."""
        return Query(self._tx, self._statement.with_for_update(read=True), self._model)

    async def all(self) -> list[RowT]:
        """Run it and return all rows."""
        found = (await self._tx.execute(self._statement)).mappings()
        return [self._model.model_validate(dict(row)) for row in found]

    async def first(self) -> RowT | None:
        """Run it and return the first row, if any."""
        found = await self.limit(1).all()
        return found[0] if found else None

    async def page(
        self, id_column: ColumnElement[Any], *, limit: int, cursor: str | None, newest: bool = False
    ) -> Page[RowT]:
        """Return one part of the list, in the order of ``id_column`` (an integer).

        Raises:
            InvalidInputError: the cursor is not one of ours.
        """
        size = max(1, min(limit, PAGE_LIMIT_MOST))
        query = self.order_by(id_column.desc() if newest else id_column.asc()).limit(size + 1)
        if cursor is not None:
            after = _parse_cursor(cursor)
            query = query.where(id_column < after if newest else id_column > after)
        rows = await query.all()
        if len(rows) <= size:
            return Page(items=rows)
        last = rows[size - 1]
        return Page(items=rows[:size], next_cursor=str(getattr(last, "id")))  # noqa: B009


def _parse_cursor(cursor: str) -> int:
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= _CURSOR_DIGITS):
        raise InvalidInputError("The cursor is not one that a list returned.", code="bad_cursor")
    return int(cursor)


class Change(Generic[RowT]):
    """A scoped UPDATE."""

    def __init__(self, tx: Transaction, statement: Update, model: type[RowT]) -> None:
        self._tx = tx
        self._statement = statement
        self._model = model

    def where(self, *conditions: ColumnElement[bool]) -> "Change[RowT]":
        """Narrow the update: the guard."""
        return Change(self._tx, self._statement.where(*conditions), self._model)

    async def set(self, values: Mapping[str, Any]) -> RowT | None:
        """Write ``values`` and return the changed row; None when the guard held it back."""
        table = self._statement.table
        returning = [table.c[name] for name in self._model.model_fields]
        statement = self._statement.values(**values).returning(*returning)
        row = (await self._tx.execute(statement)).mappings().first()
        return None if row is None else self._model.model_validate(dict(row))


class Removal:
    """A scoped DELETE."""

    def __init__(self, tx: Transaction, statement: Delete) -> None:
        self._tx = tx
        self._statement = statement

    async def where(self, *conditions: ColumnElement[bool]) -> int:
        """Delete the rows that match; return how many there were."""
        return (await self._tx.execute(self._statement.where(*conditions))).rowcount


class Scope:
    """One user's view of the database, within one transaction."""

    def __init__(self, tx: Transaction, user_id: UserId) -> None:
        self._tx = tx
        self._user_id = user_id

    def now(self) -> datetime:
        """Return the present instant."""
        return self._tx.now()

    def select(self, table: OwnedTable, model: type[RowT]) -> Query[RowT]:
        """Start a query for the user's rows."""
        statement = select(*columns_of(table, model)).where(self._mine(table))
        return Query(self._tx, statement, model)

    def values(self, table: OwnedTable, *columns: ColumnElement[Any]) -> ValueQuery:
        """Start a query for values of the user's rows."""
        statement = select(*columns).select_from(table).where(self._mine(table))
        return ValueQuery(self._tx, statement)

    def update(self, table: OwnedTable, model: type[RowT]) -> Change[RowT]:
        """Start an update of the user's rows."""
        return Change(self._tx, update(table).where(self._mine(table)), model)

    def delete(self, table: OwnedTable) -> Removal:
        """Start a removal of the user's rows."""
        return Removal(self._tx, delete(table).where(self._mine(table)))

    async def insert(self, table: OwnedTable, model: type[RowT], values: Mapping[str, Any]) -> RowT:
        """Add a row of the user's and return it.

        Raises:
            ConflictError: a constraint refused it.
        """
        statement = insert(table).values(**self._owned(table, values))
        result = await self._tx.execute(statement.returning(*columns_of(table, model)))
        return model.model_validate(dict(result.mappings().one()))

    async def insert_all(
        self, table: OwnedTable, model: type[RowT], rows: Sequence[Mapping[str, Any]]
    ) -> list[RowT]:
        """Add rows of the user's, which all have the same columns; return them in their order.

        Raises:
            ConflictError: a constraint refused one of them.
        """
        if not rows:
            return []
        statement = insert(table).returning(*columns_of(table, model), sort_by_parameter_order=True)
        owned = [self._owned(table, values) for values in rows]
        found = (await self._tx.execute(statement, owned)).mappings()
        return [model.model_validate(dict(row)) for row in found]

    async def insert_missing(
        self,
        table: OwnedTable,
        model: type[RowT],
        values: Mapping[str, Any],
        *,
        unique: Sequence[str],
    ) -> RowT | None:
        """Add a row unless one with the same ``unique`` columns exists; None if it does.

        Unlike a look before the insert, this also holds against a transaction beside this one.
        """
        dialect = postgresql if self._tx.dialect == "postgresql" else sqlite
        statement = dialect.insert(table).values(**self._owned(table, values))
        statement = statement.on_conflict_do_nothing(index_elements=list(unique))
        result = await self._tx.execute(statement.returning(*columns_of(table, model)))
        row = result.mappings().first()
        return None if row is None else model.model_validate(dict(row))

    def tell(self, event: str, *, subject_id: object, data: dict[str, Any] | None = None) -> None:
        """Store an event for the user's pages when the transaction commits."""
        self._tx.tell(
            UserEventDraft(user_id=self._user_id, type=event, subject_id=str(subject_id), data=data)
        )

    def _mine(self, table: OwnedTable) -> ColumnElement[bool]:
        return table.c.user_id == self._user_id

    def _owned(self, table: OwnedTable, values: Mapping[str, Any]) -> dict[str, Any]:
        stamped = {name: self.now() for name in ("created_at", "updated_at") if name in table.c}
        return {**stamped, **values, "user_id": self._user_id}


class ScopedRepository:
    """Base of the repositories: born for one user, within one transaction."""

    def __init__(self, tx: Transaction, user_id: UserId) -> None:
        self._scope = Scope(tx, user_id)
