"""How often one number may be called: when the next attempt on it is free.

For each user: one attempt that was answered in 8 hours and six in 30 days, three attempts of any
kind in 24 hours. For all users together, where they are distinct people: ten in 24 hours. Fifty
attempts of a user within a minute on numbers that begin alike are taken for toll fraud. An
attempt whose fate is unknown counts as answered. While a call to the number is on its way, nothing
else is dialled there. Nobody can widen these caps, but a callee who asked to be called back is
called back within the eight hours; ``CALLING_HOURS_POLICY=off`` turns them off.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from opendeep.task_manager.dial_facts import Delay, RecentAttempts

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
MONTH = timedelta(days=30)
_IN_CALL_PAUSE = timedelta(minutes=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """At most ``most`` attempts within ``period``."""

    most: int
    period: timedelta
    rule_id: str
    reason: str

    def delay(self, attempts: Sequence[datetime], now: datetime) -> Delay | None:
        """Return until when the attempts (newest first) fill the cap; None where they do not."""
        if len(attempts) < self.most:
            return None
        free = attempts[self.most - 1] + self.period
        if free <= now:
            return None
        return Delay(until=free, rule_id=self.rule_id, reason=self.reason)


REACHED_8H = Cap(
    most=1,
    period=timedelta(hours=8),
    rule_id="frequency.8h",
    reason="This number was reached within the last 8 hours.",
)
OWN_24H = Cap(
    most=3,
    period=DAY,
    rule_id="frequency.24h",
    reason="This number was called three times within 24 hours.",
)
REACHED_30D = Cap(
    most=6,
    period=MONTH,
    rule_id="frequency.30d",
    reason="This number was reached six times within 30 days.",
)
EVERYBODY_24H = 10
PREFIX_MINUTE = 50
_EVERYBODY_PAUSE = timedelta(hours=1)
_PREFIX_PAUSE = timedelta(minutes=10)
PREFIX_RULE = "velocity.prefix"


def delays(recent: RecentAttempts, now: datetime, *, is_invited: bool = False) -> Iterator[Delay]:
    """Yield each cap that is full at ``now``, with the instant at which it is free again.

    Args:
        recent: the attempts.
        now: the present instant.
        is_invited: whether the callee asked for this call, when they were reached last.
    """
    if recent.in_call:
        reason = "A call to this number is on its way."
        yield Delay(until=now + _IN_CALL_PAUSE, rule_id="frequency.in_call", reason=reason)
    counted = (
        (REACHED_8H, recent.reached),
        (OWN_24H, recent.own),
        (REACHED_30D, recent.reached),
    )
    if recent.everybody >= EVERYBODY_24H:
        # Until when exactly would tell one user when others called: looked at again in an hour.
        reason = "This number was called too often within 24 hours, by all users together."
        rule = "frequency.everybody"
        yield Delay(until=now + _EVERYBODY_PAUSE, rule_id=rule, reason=reason)
    if recent.prefix >= PREFIX_MINUTE:
        reason = (
            f"{PREFIX_MINUTE} numbers that begin alike were called within a minute, as toll fraud "
            "does. The campaign is paused: look at it, then resume it."
        )
        yield Delay(until=now + _PREFIX_PAUSE, rule_id=PREFIX_RULE, reason=reason)
    for cap, attempts in counted:
        if is_invited and cap is REACHED_8H:
            continue
        delay = cap.delay(attempts, now)
        if delay is not None:
            yield delay
