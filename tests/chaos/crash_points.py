"""Thirteen moments at which a process can die under a call, as wrappers around its ports.

The product knows nothing of them: only ``crash_child`` composes them in. A point is passed in the
one process that was told its name, and that process is gone with SIGKILL before anything else runs.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from enum import StrEnum
from typing import Any

from sqlalchemy import Executable
from sqlalchemy.sql.dml import Insert, Update

from opendeep.call_processor_service.ami_actions import AmiAction
from opendeep.call_processor_service.ami_protocol import AmiMessage
from opendeep.call_processor_service.asterisk_ami_client import AsteriskAmiClient
from opendeep.common.ids import CallId
from opendeep.common.ports import CallMedia, CallMediaConfig, MediaReport
from opendeep.database.engine import Database
from opendeep.database.transaction import Transaction


class CrashPoint(StrEnum):
    """Where a process dies, in the order of a call."""

    BEFORE_RESERVE_COMMIT = "before_reserve_commit"
    AFTER_RESERVE_COMMIT = "after_reserve_commit"
    BEFORE_MEDIA = "before_media"
    AFTER_MEDIA = "after_media"
    BEFORE_SENT_COMMIT = "before_sent_commit"
    AFTER_SENT_COMMIT = "after_sent_commit"
    BEFORE_ORIGINATE = "before_originate"
    AFTER_ORIGINATE = "after_originate"
    AFTER_ACK = "after_ack"
    BEFORE_RINGING_COMMIT = "before_ringing_commit"
    AFTER_ANSWER_COMMIT = "after_answer_commit"
    BEFORE_END_COMMIT = "before_end_commit"
    AFTER_END_COMMIT = "after_end_commit"


UNSENT = frozenset(list(CrashPoint)[:5])
"""Nothing was committed as sent: the attempt is released, and the task is dialled anew."""
MAYBE_UNSEEN = frozenset({CrashPoint.AFTER_SENT_COMMIT, CrashPoint.BEFORE_ORIGINATE})
"""Committed as sent, and never written: nobody's phone rings, and nobody may know."""

_STATUS_POINTS = {
    "originating": (CrashPoint.BEFORE_SENT_COMMIT, CrashPoint.AFTER_SENT_COMMIT),
    "ringing": (CrashPoint.BEFORE_RINGING_COMMIT, None),
    "in_progress": (None, CrashPoint.AFTER_ANSWER_COMMIT),
    "ended": (CrashPoint.BEFORE_END_COMMIT, CrashPoint.AFTER_END_COMMIT),
}
_RESERVE_POINTS = (CrashPoint.BEFORE_RESERVE_COMMIT, CrashPoint.AFTER_RESERVE_COMMIT)


class Fuse:
    """Kills this process at its point; without one it never does."""

    def __init__(self, point: CrashPoint | None) -> None:
        self._point = point

    def pass_by(self, point: CrashPoint | None) -> None:
        """Be killed here, if this is the point."""
        if point is not None and point is self._point:
            os.kill(os.getpid(), signal.SIGKILL)


class FusedDatabase(Database):
    """A database whose commits of a call's steps are points."""

    def __init__(self, inner: Database, fuse: Fuse) -> None:
        self._inner = inner
        self._fuse = fuse

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """Open a unit of work."""
        return self._watched()

    @asynccontextmanager
    async def _watched(self) -> AsyncIterator[Transaction]:
        steps: list[tuple[CrashPoint | None, CrashPoint | None]] = []
        async with self._inner.transaction() as tx:
            run = tx._run

            async def watch(statement: Executable, parameters: Any) -> Any:
                if step := _step_of(statement):
                    steps.append(step)
                return await run(statement, parameters)

            tx._run = watch
            yield tx
            for before, _ in steps:
                self._fuse.pass_by(before)
        for _, after in steps:
            self._fuse.pass_by(after)


def _step_of(statement: Executable) -> tuple[CrashPoint | None, CrashPoint | None] | None:
    if not isinstance(statement, Insert | Update) or statement.table.name != "calls":
        return None
    if isinstance(statement, Insert):
        return _RESERVE_POINTS
    return _STATUS_POINTS.get(str(statement.compile().params.get("status")))


class FusedAmi(AsteriskAmiClient):
    """A link whose Originate is a row of points."""

    fuse: Fuse

    async def send_action(self, action: AmiAction) -> AmiMessage:
        """Send an action; around Originate are points."""
        if action.name != "Originate":
            return await super().send_action(action)
        self.fuse.pass_by(CrashPoint.BEFORE_ORIGINATE)
        async with asyncio.TaskGroup() as group:
            sending = group.create_task(super().send_action(action), name="originate")
            await asyncio.sleep(0)  # it is written before the first wait
            self.fuse.pass_by(CrashPoint.AFTER_ORIGINATE)
        self.fuse.pass_by(CrashPoint.AFTER_ACK)
        return sending.result()


class FusedMedia:
    """Media whose preparation has a point before and after it."""

    def __init__(self, inner: CallMedia, fuse: Fuse) -> None:
        self._inner = inner
        self._fuse = fuse

    async def prepare(self, config: CallMediaConfig) -> str:
        """Expect Asterisk for this call."""
        self._fuse.pass_by(CrashPoint.BEFORE_MEDIA)
        address = await self._inner.prepare(config)
        self._fuse.pass_by(CrashPoint.AFTER_MEDIA)
        return address

    async def open_voice(self, call_id: CallId) -> None:
        """Start opening the voice session."""
        await self._inner.open_voice(call_id)

    async def finish(self, call_id: CallId) -> MediaReport:
        """Release everything of the call."""
        return await self._inner.finish(call_id)
