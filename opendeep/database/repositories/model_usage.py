"""How many tokens of the text model each user's tasks used, by day and purpose."""

from opendeep.common.data_models import Frozen
from opendeep.database.oversight_tables import model_usage
from opendeep.database.scopes import ScopedRepository


class _Used(Frozen):
    tokens: int
    requests: int


class ModelUsage(ScopedRepository):
    """One user's use of the text model; a day is one of UTC."""

    async def reserve(self, purpose: str, tokens: int, *, limit: int) -> bool:
        """Take ``tokens`` off the day's limit before they are used; False if too few are left.

        One guarded statement, so that processes beside each other do not both take the last.
        """
        key = {"day": self.today(), "purpose": purpose}
        unique = ["user_id", "day", "purpose"]
        await self._scope.insert_missing(model_usage, _Used, key, unique=unique)
        change = self._scope.update(model_usage, _Used).where(
            model_usage.c.day == key["day"],
            model_usage.c.purpose == purpose,
            model_usage.c.tokens + tokens <= limit,
        )
        taken = await change.set(
            {"tokens": model_usage.c.tokens + tokens, "requests": model_usage.c.requests + 1}
        )
        return taken is not None

    async def settle(self, purpose: str, reserved: int, used: int, *, day: str) -> None:
        """Put what was really used in place of what was reserved on that day."""
        change = self._scope.update(model_usage, _Used).where(
            model_usage.c.day == day, model_usage.c.purpose == purpose
        )
        await change.set({"tokens": model_usage.c.tokens + (used - reserved)})

    async def used_today(self, purpose: str) -> int:
        """Return how many tokens of the day are used or reserved."""
        query = self._scope.values(model_usage, model_usage.c.tokens)
        query = query.where(model_usage.c.day == self.today(), model_usage.c.purpose == purpose)
        return int(await query.value() or 0)

    def today(self) -> str:
        """Return the present day, in UTC."""
        return self._scope.now().date().isoformat()
