"""May this number be dialled now? A pure function of facts and the present instant.

The rules in order, the first that speaks decides: the number's class, do-not-disturb lists,
attempts, the task's own window, the callee's calling hours. A ``rule_id`` is stable and shown.
Test Mode and the practice exchange turn the hours off; they never turn anything else off.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from opendeep.task_manager.number_class import candidate_zones, number_fault

OPENING = time(9)
CLOSING = time(20)
_LOOK_AHEAD = timedelta(days=8)
_YEARS_AHEAD = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class DialFacts:
    """All that the decision depends on; instants are aware.

    Attributes:
        time_zone: the callee's zone where it is known; else the number's candidates count.
        accounts_listing: how many accounts have the number on their list.
        global_dnd_threshold: from how many on nobody calls it; None where accounts are not
            distinct people (local mode).
        enforce_hours: whether calling hours hold.
        countries: those that may be called (ISO 3166); empty for the default of ``number_fault``.
    """

    phone_number: str
    on_user_dnd: bool = False
    accounts_listing: int = 0
    global_dnd_threshold: int | None = None
    attempts_used: int = 0
    max_attempts: int = 3
    time_zone: str | None = None
    earliest: datetime | None = None
    latest: datetime | None = None
    enforce_hours: bool = True
    countries: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Dial:
    """The call may be placed now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitUntil:
    """The call may be placed at ``until`` (UTC), not before."""

    until: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse:
    """The call may not be placed unless the facts change."""

    reason: str
    rule_id: str

    @property
    def is_dnd(self) -> bool:
        """Whether the callee does not want to be called."""
        return self.rule_id.startswith("dnd.")


Decision = Dial | WaitUntil | Refuse


def decide(facts: DialFacts, now: datetime) -> Decision:
    """Return whether the number may be dialled at ``now``, later, or not at all."""
    refusal = _refusal(facts, now)
    if refusal is not None:
        return refusal
    start = max(now, facts.earliest) if facts.earliest else now
    if not facts.enforce_hours:
        allowed: datetime | None = start
    else:
        zones = _zones(facts)
        if not zones:
            return Refuse(
                rule_id="hours.unknown_zone",
                reason="The callee's time zone is unknown; set the task's time zone.",
            )
        allowed = _next_open(zones, start)
    if allowed is None:
        return Refuse(
            rule_id="hours.no_common_window",
            reason="The number may be in zones without a common calling hour; set the time zone.",
        )
    if facts.latest and allowed > facts.latest:
        return Refuse(
            rule_id="window.none_left",
            reason="No calling hour of the callee is left before the task's latest time.",
        )
    if allowed <= now:
        return Dial()
    waits_for_window = facts.earliest is not None and allowed == facts.earliest
    reason = "Not before the task's earliest time." if waits_for_window else _HOURS_REASON
    return WaitUntil(until=allowed.astimezone(UTC), reason=reason)


_HOURS_REASON = f"Outside the callee's calling hours ({OPENING:%H:%M} to {CLOSING:%H:%M})."


def _refusal(facts: DialFacts, now: datetime) -> Refuse | None:
    fault = number_fault(facts.phone_number, facts.countries)
    if fault is not None:
        return Refuse(rule_id=fault.rule_id, reason=fault.message)
    if facts.on_user_dnd:
        return Refuse(rule_id="dnd.user", reason="The number is on your do-not-disturb list.")
    threshold = facts.global_dnd_threshold
    if threshold is not None and facts.accounts_listing >= threshold:
        return Refuse(rule_id="dnd.global", reason="Several people were asked not to call this.")
    if facts.attempts_used >= facts.max_attempts:
        return Refuse(rule_id="attempts.used_up", reason="All attempts of the task are used.")
    return _window_refusal(facts, now)


def _window_refusal(facts: DialFacts, now: datetime) -> Refuse | None:
    if facts.latest and now > facts.latest:
        return Refuse(rule_id="window.passed", reason="The task's latest time has passed.")
    if facts.earliest and facts.earliest.year > now.year + _YEARS_AHEAD:
        reason = f"The task's earliest time is more than {_YEARS_AHEAD} years ahead."
        return Refuse(rule_id="window.too_far", reason=reason)
    return None


def _zones(facts: DialFacts) -> Sequence[ZoneInfo]:
    names = (facts.time_zone,) if facts.time_zone else candidate_zones(facts.phone_number)
    try:
        return [ZoneInfo(name) for name in names]
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return []


def _next_open(zones: Sequence[ZoneInfo], start: datetime) -> datetime | None:
    """Return the first instant from ``start`` on at which every zone is within its hours."""
    instant = start
    while instant <= start + _LOOK_AHEAD:
        closed = [opening for zone in zones if (opening := _opens_at(zone, instant)) > instant]
        if not closed:
            return instant
        instant = max(closed)
    return None


def _opens_at(zone: ZoneInfo, instant: datetime) -> datetime:
    """Return ``instant`` within the zone's hours, else the next opening (UTC)."""
    local = instant.astimezone(zone)
    if OPENING <= local.time() < CLOSING:
        return instant
    day = local.date() + timedelta(days=1 if local.time() >= CLOSING else 0)
    return datetime.combine(day, OPENING, tzinfo=zone).astimezone(UTC)
