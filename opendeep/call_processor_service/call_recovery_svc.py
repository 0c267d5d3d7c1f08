"""Settles the calls of processes that died, in whichever process it runs; never dials.

A node whose heartbeat stopped is fenced off first: its life is ended in the table, so that nothing
more is sent in its name. What it had committed as sent may still be written to Asterisk within
the sender's own lease, so such a call is settled only some seconds later.
"""

import asyncio

import structlog

from opendeep.call_processor_service.asterisk_ami_client import AsteriskAmiClient
from opendeep.call_processor_service.lapse_watch import LAPSE_SECONDS, LapseWatch
from opendeep.call_processor_service.placement import SEND_LEASE_SECONDS
from opendeep.call_processor_service.recovery import settle_calls
from opendeep.common.clock import Clock
from opendeep.common.data_models import CallStatus
from opendeep.common.errors import UnavailableError
from opendeep.common.ids import CallId
from opendeep.common.lifecycle import wait_event
from opendeep.database.engine import Database
from opendeep.database.models import Call, Node
from opendeep.database.repositories import SystemCalls, SystemNodes

log = structlog.get_logger(__name__)

SETTLE_AFTER_SECONDS = SEND_LEASE_SECONDS + 1.0
_LOOK_SECONDS = 1.0
_FIRST_FENCE = 1


class CallRecoveryService:
    """Looks once a second for calls whose owner's life is over.

    Args:
        database: where the rows are.
        ami: who is asked for their channels.
        clock: measures how long a heartbeat is missing.
    """

    name = "call_recovery"

    def __init__(
        self,
        database: Database,
        ami: AsteriskAmiClient,
        clock: Clock,
        *,
        lapse_seconds: float = LAPSE_SECONDS,
    ) -> None:
        self._database = database
        self._ami = ami
        self._clock = clock
        self._watch = LapseWatch(lapse_seconds)
        self._seen: dict[CallId, float] = {}
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Recover until :meth:`stop`."""
        while not self._stopping.is_set():
            try:
                await self.look()
            except UnavailableError as error:
                log.warning("recovery_round_failed", reason=error.message)
            await wait_event(self._stopping, _LOOK_SECONDS)

    def stop(self) -> None:
        """Ask :meth:`run` to return."""
        self._stopping.set()

    async def look(self) -> None:
        """Fence off who lapsed, and settle what is left behind.

        Raises:
            UnavailableError: the database does not answer.
        """
        async with self._database.transaction() as tx:
            live = await SystemCalls(tx).live()
            nodes = await SystemNodes(tx).all()
        now = self._clock.monotonic()
        holders = {(call.node, call.fence) for call in live}
        for node in self._watch.look(nodes, now):
            if (node.name, node.incarnation) in holders:
                await self._end_life(node)
        fences = {node.name: node.incarnation for node in nodes}
        left = [call for call in live if _is_left(call, fences)]
        self._seen = {call.id: self._seen.get(call.id, now) for call in left}
        ripe = [
            call
            for call in left
            if call.status is CallStatus.INITIATING
            or now - self._seen[call.id] >= SETTLE_AFTER_SECONDS
        ]
        await settle_calls(self._database, self._ami, ripe)

    async def _end_life(self, node: Node) -> None:
        async with self._database.transaction() as tx:
            ended = await SystemNodes(tx).end(node)
        if ended:
            log.error("node_lapsed", node=node.name, fence=node.incarnation)


def _is_left(call: Call, fences: dict[str, int]) -> bool:
    """Whether a call's owner is over; a name that is in no table is of an older version."""
    return call.node is not None and call.fence < fences.get(call.node, _FIRST_FENCE)
