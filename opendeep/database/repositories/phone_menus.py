"""The ways through phone menus that a user's calls have found, one a number."""

from typing import Any, Final

from opendeep.database.menu_tables import phone_menus
from opendeep.database.models import PhoneMenu
from opendeep.database.scopes import ScopedRepository

MOST: Final = 500
"""So many are kept for a user; the ones that were found longest ago go."""


class PhoneMenus(ScopedRepository):
    """One user's ways; numbers are E.164."""

    async def find(self, phone_number: str) -> PhoneMenu | None:
        """Return the way through a number's menu, if one is known."""
        query = self._scope.select(phone_menus, PhoneMenu)
        return await query.where(phone_menus.c.phone_number == phone_number).first()

    async def put(self, phone_number: str, route: dict[str, Any]) -> PhoneMenu:
        """Remember the way through a number's menu; a known one is replaced."""
        await self.remove(phone_number)
        values: dict[str, Any] = {"phone_number": phone_number, "route": route}
        unique = ["user_id", "phone_number"]
        added = await self._scope.insert_missing(phone_menus, PhoneMenu, values, unique=unique)
        newest = self._scope.values(phone_menus, phone_menus.c.id).newest(phone_menus.c.id, MOST)
        await self._scope.delete(phone_menus).where(phone_menus.c.id.not_in(newest.subquery()))
        return added or PhoneMenu(**values, updated_at=self._scope.now())

    async def remove(self, phone_number: str) -> bool:
        """Forget a number's menu; return whether one was known."""
        gone = await self._scope.delete(phone_menus).where(
            phone_menus.c.phone_number == phone_number
        )
        return gone > 0
