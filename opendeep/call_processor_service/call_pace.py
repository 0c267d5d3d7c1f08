"""How many calls may begin in a second, exactly, over all processes.

A token is an instant of the clock that all processes share, written with the attempt under one
lock. Originate is written to Asterisk within :data:`SLACK_SECONDS` of its token, or a new one is
taken; tokens keep that much more than the window apart, so that within any window no more calls
begin than allowed, whatever each process was delayed by.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from opendeep.database.repositories import SystemCalls
from opendeep.database.transaction import Transaction

SLACK_SECONDS = 0.02
_LOOK_AGAIN_SECONDS = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPace:
    """At most ``calls`` within ``window_seconds``; None for as many as there are."""

    calls: int | None = None
    window_seconds: float = 1.0

    async def take(self, tx: Transaction) -> datetime | None:
        """Take a token; None when it is too soon. The caller writes it as ``started_at``."""
        if self.calls is None:
            return await tx.common_now()
        system = SystemCalls(tx)
        await system.lock_pace()
        now = await tx.common_now()
        since = now - timedelta(seconds=self.window_seconds + SLACK_SECONDS)
        return now if await system.sent_since(since) < self.calls else None

    @property
    def pause_seconds(self) -> float:
        """How long to wait before asking again."""
        return _LOOK_AGAIN_SECONDS
