"""A callee's wish to be called again, as the dialling policy keeps it: pure.

What was said is a time of the callee's own clock. Where the number may lie in several zones, it
must have come in all of them; a window must be open in all of them at once.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any

from pydantic import ValidationError

from opendeep.common.call_back import CALL_BACK, CallBack
from opendeep.task_manager.dial_facts import Delay, Refuse

_LAST_ON_EARTH = timezone(timedelta(hours=-12))
"""Where nothing is known of the callee's place: there the time comes last."""

LEAST_PAUSE = timedelta(minutes=30)
"""Who says "later today" does not mean at once."""


def call_back_of(context: Mapping[str, Any]) -> CallBack | None:
    """Read the wish from a task's ``inter_call_context``; None where it holds none."""
    try:
        return CallBack.model_validate(context[CALL_BACK])
    except (KeyError, ValidationError):
        return None


def call_back_begins(call_back: CallBack, zones: Sequence[tzinfo]) -> datetime:
    """Return the first instant (UTC) at which the time has come in every zone."""
    return max(call_back.window(zone)[0] for zone in zones or (_LAST_ON_EARTH,))


def call_back_delay(
    call_back: CallBack | None, zones: Sequence[tzinfo], now: datetime
) -> Delay | Refuse | None:
    """Return until when the wish delays the next call; None once its time has come.

    A window that is over delays nothing: late is better than never. One that is never open in all
    zones at once is refused until the user names the zone.
    """
    if call_back is None:
        return None
    zones = zones or (_LAST_ON_EARTH,)
    begin = call_back_begins(call_back, zones)
    if begin <= call_back.said_at:
        return _not_at_once(call_back, zones, now)
    if begin <= now:
        return None
    ends = [end for zone in zones if (end := call_back.window(zone)[1]) is not None]
    wish = f"The callee asked to be called back {call_back.spoken(zones[0])} (their time)."
    if ends and min(ends) <= begin:
        return Refuse(
            rule_id="call_back.no_common_window",
            reason=f"{wish} The number may lie in several time zones, and that time is never in "
            "all of them at once; set the task's time zone.",
        )
    return Delay(until=begin.astimezone(UTC), rule_id="call_back.asked", reason=wish)


def _not_at_once(call_back: CallBack, zones: Sequence[tzinfo], now: datetime) -> Delay | None:
    """Delay a wish for a time that had begun when it was said, as "later today" has."""
    pause = LEAST_PAUSE
    for zone in zones:
        _, end = call_back.window(zone)
        if end is not None and end > call_back.said_at:
            pause = min(pause, (end - call_back.said_at) / 2)
    until = call_back.said_at.astimezone(UTC) + pause
    if until <= now:
        return None
    reason = "The callee asked to be called again later, and hung up only a moment ago."
    return Delay(until=until, rule_id="call_back.asked", reason=reason)
