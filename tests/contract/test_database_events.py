"""What a user's pages are told, between processes: nothing is skipped by "after this id"."""

import asyncio

import pytest

from opendeep.common.event_bus import InProcessEventBus
from opendeep.common.lifecycle import Nursery
from opendeep.database import migrate
from opendeep.database.engine import SqlDatabase
from opendeep.database.repositories import SystemUsers, UserEvents

pytestmark = pytest.mark.integration


async def told(database, user_id):
    """Read what a page that knows nothing yet is told."""
    async with database.transaction() as tx:
        return [event.subject_id for event in await UserEvents(tx, user_id).after(0)]


@pytest.mark.usefixtures("empty_postgres")
async def test_an_id_never_becomes_visible_before_a_lower_one(postgres_url):
    """While one process's event has its id and is not committed, another's gets none."""
    migrate.upgrade(postgres_url)
    bus = InProcessEventBus()
    async with (
        SqlDatabase(postgres_url, bus) as slow,
        SqlDatabase(postgres_url, bus) as quick,
        Nursery("writers", grace_seconds=5) as nursery,
    ):
        async with slow.transaction() as tx:
            ada, bob = await SystemUsers(tx).ensure("ada"), await SystemUsers(tx).ensure("bob")

        async def tell(name, user_id):
            async with quick.transaction() as tx:
                await UserEvents(tx, user_id).append("e", subject_id=name)

        async with slow.transaction() as tx:
            await UserEvents(tx, ada.id).append("e", subject_id="first")
            await tx.store_events()
            second = nursery.start(tell("second", ada.id), name="second")
            await tell("of somebody else", bob.id)
            await asyncio.wait([second], timeout=0.3)
            assert not second.done()
            assert await told(quick, ada.id) == []
        await second
        assert await told(quick, ada.id) == ["first", "second"]
        assert await told(quick, bob.id) == ["of somebody else"]
