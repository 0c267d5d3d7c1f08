"""Do not disturb, over all users: a count, never a row."""

from sqlalchemy import func, select

from opendeep.database.tables import dnd_list
from opendeep.database.transaction import Transaction


class SystemDnd:
    """Counts accounts; tells nobody which."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    async def accounts_listing(self, phone_number: str) -> int:
        """Count the distinct accounts that list this number."""
        counted = func.count(dnd_list.c.user_id.distinct())
        statement = select(counted).where(dnd_list.c.phone_number == phone_number)
        return int((await self._tx.execute(statement)).scalar_one())
