"""Do not disturb: the numbers that a user must not have called."""

from opendeep.common.errors import ConflictError, NotFoundError
from opendeep.common.ids import CallId
from opendeep.database.models import AddedBy, DndEntry, Page
from opendeep.database.scopes import PAGE_LIMIT, ScopedRepository
from opendeep.database.tables import dnd_list


class DndList(ScopedRepository):
    """One user's do-not-disturb list; numbers are E.164."""

    async def add(
        self,
        phone_number: str,
        reason: str,
        source_call_id: CallId | None = None,
        *,
        added_by: AddedBy | None = None,
    ) -> DndEntry:
        """List a number. Idempotent: a number that is listed keeps its first reason.

        Args:
            phone_number: which one.
            reason: why, in words.
            source_call_id: the call in which its owner asked for that.
            added_by: who listed it; the callee where there is a call, else the user.

        Raises:
            NotFoundError: the user has no such call.
            ConflictError: the entry was removed at this moment.
        """
        values = {
            "phone_number": phone_number,
            "reason": reason,
            "source_call_id": source_call_id,
            "added_by": added_by or ("callee" if source_call_id else "user"),
        }
        unique = ["user_id", "phone_number"]
        added = await self._scope.insert_missing(dnd_list, DndEntry, values, unique=unique)
        if added is not None:
            return added
        query = self._scope.select(dnd_list, DndEntry)
        listed = await query.where(dnd_list.c.phone_number == phone_number).first()
        if listed is None:
            raise ConflictError("The number was taken off the list at this moment.")
        return listed

    async def remove(self, phone_number: str) -> None:
        """Take a number off the list.

        Raises:
            NotFoundError: it is not listed.
        """
        gone = await self._scope.delete(dnd_list).where(dnd_list.c.phone_number == phone_number)
        if not gone:
            raise NotFoundError("do-not-disturb entry", phone_number)

    async def find(self, phone_number: str) -> DndEntry:
        """Return a number's entry.

        Raises:
            NotFoundError: it is not listed.
        """
        query = self._scope.select(dnd_list, DndEntry)
        found = await query.where(dnd_list.c.phone_number == phone_number).first()
        if found is None:
            raise NotFoundError("do-not-disturb entry", phone_number)
        return found

    async def list(self, *, limit: int = PAGE_LIMIT, cursor: str | None = None) -> Page[DndEntry]:
        """Return entries, newest first."""
        query = self._scope.select(dnd_list, DndEntry)
        return await query.page(dnd_list.c.id, limit=limit, cursor=cursor, newest=True)

    async def contains(self, phone_number: str) -> bool:
        """Say whether the user listed this number."""
        query = self._scope.values(dnd_list, dnd_list.c.id)
        return await query.where(dnd_list.c.phone_number == phone_number).value() is not None
