"""Accounts: the one table whose rows belong to nobody but themselves."""

from sqlalchemy import ColumnElement, select
from sqlalchemy.dialects import postgresql, sqlite

from opendeep.common.errors import NotFoundError
from opendeep.common.ids import UserId
from opendeep.database.models import User
from opendeep.database.tables import users
from opendeep.database.transaction import Transaction

_COLUMNS = [users.c[name] for name in User.model_fields]


class SystemUsers:
    """Finds and creates accounts; for who opens scopes, not for who works inside one."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    async def ensure(self, username: str) -> User:
        """Return the account of this name; create it if there is none. Idempotent."""
        dialect = postgresql if self._tx.dialect == "postgresql" else sqlite
        statement = dialect.insert(users).values(username=username, created_at=self._tx.now())
        await self._tx.execute(statement.on_conflict_do_nothing(index_elements=["username"]))
        return await self.by_name(username)

    async def by_name(self, username: str) -> User:
        """Return the account of this name.

        Raises:
            NotFoundError: there is none.
        """
        return await self._one(users.c.username == username, username)

    async def by_id(self, user_id: UserId) -> User:
        """Return the account.

        Raises:
            NotFoundError: there is none.
        """
        return await self._one(users.c.id == user_id, user_id)

    async def list(self) -> list[User]:
        """Return all accounts, oldest first."""
        found = await self._tx.execute(select(*_COLUMNS).order_by(users.c.id))
        return [User.model_validate(dict(row)) for row in found.mappings()]

    async def _one(self, condition: ColumnElement[bool], key: object) -> User:
        found = await self._tx.execute(select(*_COLUMNS).where(condition))
        row = found.mappings().first()
        if row is None:
            raise NotFoundError("user", key)
        return User.model_validate(dict(row))
