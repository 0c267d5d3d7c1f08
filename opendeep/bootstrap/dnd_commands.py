"""What ``opendeep dnd`` and ``opendeep policy`` do."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from opendeep.bootstrap.application import database_url
from opendeep.common.event_bus import InProcessEventBus
from opendeep.common.ids import UserId
from opendeep.config.app_config import AppConfig
from opendeep.database import migrate
from opendeep.database.engine import SqlDatabase
from opendeep.database.repositories import SystemUsers
from opendeep.database.transaction import Transaction
from opendeep.task_manager import do_not_call
from opendeep.task_manager.decision_replay import Replay, replay_decisions
from opendeep.task_manager.do_not_call import Imported


async def add_to_dnd(config: AppConfig, user: str, number: str, reason: str) -> str:
    """List a number for a user; return what to tell.

    Raises:
        InvalidInputError: it is no number.
    """
    async with _list_of(config, user) as (tx, user_id):
        entry = await do_not_call.list_number(tx, user_id, number, reason, added_by="command")
    return f"{entry.phone_number} is listed (by {entry.added_by}): {entry.reason or 'no reason'}"


async def remove_from_dnd(config: AppConfig, user: str, number: str, reason: str) -> str:
    """Take a number off a user's list; return what to tell.

    Raises:
        InvalidInputError: it is no number.
        NotFoundError: it is not listed.
    """
    async with _list_of(config, user) as (tx, user_id):
        await do_not_call.unlist_number(tx, user_id, number, reason)
    return f"{do_not_call.e164(number)} is not listed any more; the audit log keeps the entry."


async def list_dnd(config: AppConfig, user: str) -> str:
    """Return a user's list for people, a line for each number."""
    text = await export_dnd(config, user)
    return "\n".join(text.splitlines()[1:]) or "No number is listed."


async def export_dnd(config: AppConfig, user: str) -> str:
    """Return a user's list as CSV."""
    async with _list_of(config, user) as (tx, user_id):
        return await do_not_call.export_csv(tx, user_id)


async def import_dnd(config: AppConfig, user: str, text: str, reason: str) -> Imported:
    """List every number of a CSV file for a user.

    Raises:
        InvalidInputError: the file has no column ``phone_number``.
    """
    async with _database(config) as database:
        async with database.transaction() as tx:
            user_id = (await SystemUsers(tx).ensure(user)).id
        return await do_not_call.import_csv(database, user_id, text, reason=reason)


async def replay_policy(config: AppConfig) -> Replay:
    """Decide every stored decision again."""
    async with _database(config) as database:
        return await replay_decisions(database)


@asynccontextmanager
async def _database(config: AppConfig) -> AsyncIterator[SqlDatabase]:
    url = database_url(config)
    await asyncio.to_thread(migrate.upgrade, url)
    async with SqlDatabase(url, InProcessEventBus()) as database:
        yield database


@asynccontextmanager
async def _list_of(config: AppConfig, user: str) -> AsyncIterator[tuple[Transaction, UserId]]:
    async with _database(config) as database, database.transaction() as tx:
        yield tx, (await SystemUsers(tx).ensure(user)).id
