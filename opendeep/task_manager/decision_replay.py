"""Decides every stored decision again: the same facts must give the same verdict."""

from dataclasses import dataclass

from opendeep.database.engine import Database
from opendeep.database.repositories import SystemDecisions
from opendeep.task_manager.dial_record import Difference, differences

_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """How many decisions were decided again, and those that came out differently."""

    decisions: int
    differences: tuple[Difference, ...]


async def replay_decisions(database: Database) -> Replay:
    """Decide all stored decisions again.

    Raises:
        UnavailableError: the database is away.
    """
    count, last = 0, 0
    found: list[Difference] = []
    while True:
        async with database.transaction() as tx:
            rows = await SystemDecisions(tx).after(last, _AT_ONCE)
        if not rows:
            return Replay(decisions=count, differences=tuple(found))
        found += differences(rows)
        count, last = count + len(rows), rows[-1].id
