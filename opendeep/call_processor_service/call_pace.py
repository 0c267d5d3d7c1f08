"""How many calls may begin in a second, exactly, over all processes.

A token is the latest instant at which its Originate may be written, by the clock that all
processes share; it is stored with the attempt under one lock. Whoever finds its token passed takes
another one and allows itself more time. A token is given when fewer than ``calls`` others lie
within the window before it, so however late each process is, no window ever holds more Originates.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from opendeep.common.clock import Clock
from opendeep.database.repositories import SystemCalls
from opendeep.database.transaction import Transaction

_LEAST_SLACK_SECONDS = 0.02
_MOST_SLACK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Token:
    """The right to write one Originate.

    Attributes:
        at: until when, by the common clock.
        until: the same in :meth:`Clock.precise` of this process, or a little before.
    """

    at: datetime
    until: float


@dataclass(slots=True, kw_only=True)
class CallPace:
    """At most ``calls`` within ``window_seconds``; None for as many as there are.

    Attributes:
        slack_seconds: how long this process needs from taking a token to writing Originate; it
            follows the machine.
        pause_seconds: how long to wait where it was too soon.
    """

    calls: int | None = None
    window_seconds: float = 1.0
    slack_seconds: float = _LEAST_SLACK_SECONDS
    pause_seconds: float = 0.02

    async def take(self, tx: Transaction, clock: Clock) -> Token | None:
        """Take a token; None when it is too soon. The caller stores ``at`` as ``started_at``."""
        if self.calls is None:
            return Token(await tx.common_now(), clock.precise() + _MOST_SLACK_SECONDS)
        system = SystemCalls(tx)
        await system.lock_pace()
        until = clock.precise() + self.slack_seconds
        now = await tx.common_now()
        if await system.sent_since(now - timedelta(seconds=self.window_seconds)) >= self.calls:
            return None
        return Token(now + timedelta(seconds=self.slack_seconds), until)

    def was_late(self) -> None:
        """Allow more time from now on."""
        self.slack_seconds = min(self.slack_seconds * 2, _MOST_SLACK_SECONDS)

    def was_in_time(self) -> None:
        """Allow a little less."""
        self.slack_seconds = max(self.slack_seconds * 0.98, _LEAST_SLACK_SECONDS)
