"""When to try again after an answering machine: in the next calling window. Pure.

A day has three windows, from 9, 12 and 17 o'clock of the callee's own clock: who is not at the
telephone in the morning may be there in the afternoon. All other pauses are minutes or hours, and
``post_call_analyzer_service/outcome_rules.py`` has them; a trunk that fails has its breaker.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta, tzinfo

from opendeep.task_manager.dial_facts import Delay

WINDOWS = (time(9), time(12), time(17))
LEAST_PAUSE = timedelta(hours=1)


def next_window(machine_at: datetime, zone: tzinfo) -> datetime:
    """Return when (UTC) the next window begins where ``zone`` is kept."""
    day = machine_at.astimezone(zone).date()
    begins = (
        datetime.combine(day + timedelta(days=ahead), begin, tzinfo=zone).astimezone(UTC)
        for ahead in range(2)
        for begin in WINDOWS
    )
    return next(begin for begin in begins if begin > machine_at)


def voicemail_delay(
    machine_at: datetime | None, zones: Sequence[tzinfo], now: datetime
) -> Delay | None:
    """Return until when the last attempt's answering machine delays the next one.

    The window must be another one in every zone that the callee may be in; an hour is the least.
    """
    if machine_at is None:
        return None
    begins = [next_window(machine_at, zone) for zone in zones]
    until = max([machine_at.astimezone(UTC) + LEAST_PAUSE, *begins])
    if until <= now:
        return None
    reason = "Voicemail answered last time; OpenDeep tries again in the next calling window."
    return Delay(until=until, rule_id="back_off.voicemail", reason=reason)
