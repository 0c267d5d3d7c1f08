"""The moment that no engine can be made to show on demand."""

import pytest

from opendeep.common.errors import ConflictError
from opendeep.common.event_bus import InProcessEventBus
from opendeep.database.engine import MemoryDatabase
from opendeep.database.repositories import DndList, SystemUsers
from opendeep.database.scopes import Scope


async def test_an_entry_removed_between_insert_and_look_is_a_conflict(monkeypatch):
    """Where the insert met an entry that is gone at the next look, the caller may try again."""

    async def meet_another(*_arguments, **_options):
        return None

    monkeypatch.setattr(Scope, "insert_missing", meet_another)
    async with MemoryDatabase(InProcessEventBus()) as database, database.transaction() as tx:
        user = await SystemUsers(tx).ensure("ada")
        with pytest.raises(ConflictError):
            await DndList(tx, user.id).add("+12015550101", "asked")
