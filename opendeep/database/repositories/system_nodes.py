"""Nodes: the processes that hold calls, each with its heartbeat and its fencing number."""

from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from opendeep.database.models import Node
from opendeep.database.node_tables import nodes
from opendeep.database.transaction import Transaction

_LONG_AGO = timedelta(hours=1)
_COLUMNS = [nodes.c[name] for name in Node.model_fields]


class SystemNodes:
    """All nodes; for who holds calls and for who recovers them."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    async def register(self, name: str) -> int:
        """Begin a life under this name; return its number. Any earlier life holds nothing now."""
        dialect = postgresql if self._tx.dialect == "postgresql" else sqlite
        statement = dialect.insert(nodes).values(name=name, seen_at=self._tx.now())
        statement = statement.on_conflict_do_update(
            index_elements=["name"],
            set_={
                "incarnation": nodes.c.incarnation + 1,
                "beat": nodes.c.beat + 1,
                "ready": 0,
                "seen_at": self._tx.now(),
            },
        )
        found = await self._tx.execute(statement.returning(nodes.c.incarnation))
        return int(found.scalar_one())

    async def beat(self, name: str, incarnation: int, *, ready: bool) -> bool:
        """Tell that this life goes on; False when it was ended by others."""
        statement = (
            update(nodes)
            .where(nodes.c.name == name, nodes.c.incarnation == incarnation)
            .values(beat=nodes.c.beat + 1, ready=int(ready), seen_at=self._tx.now())
        )
        return bool((await self._tx.execute(statement)).rowcount)

    async def leave(self, name: str, incarnation: int) -> None:
        """Tell that this life ends of itself: the next one under the name need not wait for it."""
        values = {"beat": nodes.c.beat + 1, "ready": 0, "seen_at": self._tx.now() - _LONG_AGO}
        mine = (nodes.c.name == name, nodes.c.incarnation == incarnation)
        await self._tx.execute(update(nodes).where(*mine).values(values))

    async def holds(self, name: str, incarnation: int) -> bool:
        """Say whether this life is not over, and keep it so until the transaction ends."""
        statement = select(nodes.c.incarnation).where(nodes.c.name == name)
        found = await self._tx.execute(statement.with_for_update(read=True))
        return found.scalar() == incarnation

    async def end(self, node: Node) -> bool:
        """End the life of a node that gives no sign of it; False if it did, or was ended."""
        statement = (
            update(nodes)
            .where(
                nodes.c.name == node.name,
                nodes.c.incarnation == node.incarnation,
                nodes.c.beat == node.beat,
            )
            .values(incarnation=nodes.c.incarnation + 1, ready=0)
        )
        return bool((await self._tx.execute(statement)).rowcount)

    async def all(self) -> list[Node]:
        """Return every node, by name."""
        found = await self._tx.execute(select(*_COLUMNS).order_by(nodes.c.name))
        return [Node.model_validate(dict(row)) for row in found.mappings()]

    async def ready_names(self, *, within_seconds: float) -> list[str]:
        """Return who could place calls a moment ago."""
        since = self._tx.now() - timedelta(seconds=within_seconds)
        statement = select(nodes.c.name).where(nodes.c.ready == 1, nodes.c.seen_at >= since)
        return list((await self._tx.execute(statement)).scalars())
