"""The decisions of the dialling policy over all users, to decide them again."""

from sqlalchemy import select

from opendeep.database.models import DialDecision
from opendeep.database.tables import dial_decisions
from opendeep.database.transaction import Transaction

_COLUMNS = [dial_decisions.c[name] for name in DialDecision.model_fields]


class SystemDecisions:
    """Decisions of all users; for the replay alone."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    async def after(self, decision_id: int, limit: int) -> list[DialDecision]:
        """Return decisions younger than ``decision_id``, oldest first."""
        statement = select(*_COLUMNS).where(dial_decisions.c.id > decision_id)
        statement = statement.order_by(dial_decisions.c.id).limit(limit)
        found = (await self._tx.execute(statement)).mappings()
        return [DialDecision.model_validate(dict(row)) for row in found]
