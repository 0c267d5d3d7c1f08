"""May this number be dialled now? A pure function of facts and the present instant.

First what refuses: the number's class and country, do-not-disturb lists, used-up attempts, the
campaign's money, a window that has passed. Then what delays: the task's earliest time, the time at
which the callee asked to be called back, the next window after an answering machine, a call to the
number that is not analysed yet, frequency caps, the day's money; and from there on the callee's
calling hours. A ``rule_id`` is stable and shown. Test Mode and the practice exchange may turn hours
and caps off; they never turn anything else off. ``docs/calling-rules.md`` tells the rules with
their sources.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers

from opendeep.task_manager import budget, frequency
from opendeep.task_manager.area_codes import state_of
from opendeep.task_manager.back_off import voicemail_delay
from opendeep.task_manager.call_backs import call_back_delay
from opendeep.task_manager.calling_hours import Callee, next_open
from opendeep.task_manager.calling_hours_data import PACK_VERSION
from opendeep.task_manager.dial_facts import Decision, Delay, Dial, DialFacts, Refuse, WaitUntil
from opendeep.task_manager.number_class import number_fault, number_home

POLICY_VERSION = f"7 hours={PACK_VERSION} phonenumbers={phonenumbers.__version__}"
"""Stored with each decision; the first figure changes with the rules of this module."""

_YEARS_AHEAD = 10
_UNREAD_PAUSE = timedelta(seconds=15)


def decide(facts: DialFacts, now: datetime) -> Decision:
    """Return whether the number may be dialled at ``now``, later, or not at all."""
    refusal = _refusal(facts, now)
    if refusal is not None:
        return refusal
    asked = call_back_delay(facts.call_back, _known_zones(facts), now)
    if isinstance(asked, Refuse):
        return asked
    machine = voicemail_delay(facts.machine_at, _known_zones(facts), now)
    delays = [*_delays(facts, now), asked, machine]
    longest = max(filter(None, delays), key=lambda delay: delay.until, default=None)
    start = now if longest is None else longest.until
    if facts.enforce_hours:
        opening = _opening(facts, start)
        if isinstance(opening, Refuse):
            return opening
        if opening > start:
            wish = f"{asked.reason} " if asked is not None and asked is longest else ""
            reason = f"{wish}{_hours_reason(facts)}"
            longest = Delay(until=opening, rule_id="hours.closed", reason=reason)
    if longest is None:
        return Dial()
    until = longest.until.astimezone(UTC)
    if facts.latest and until > facts.latest:
        reason = f"No moment is left before the task's latest time. {longest.reason}"
        return Refuse(rule_id="window.none_left", reason=reason)
    return WaitUntil(until=until, rule_id=longest.rule_id, reason=longest.reason)


def zones_of(facts: DialFacts) -> list[ZoneInfo]:
    """Return every zone that the callee may be in; empty where none is known.

    The zone of the plan decides for a number that has no place (free-phone), and picks one of
    those that the number may be in. Any other zone is added: two zones that agree today may be
    an hour apart next week, and then the hours of both are kept.

    Raises:
        ZoneInfoNotFoundError: there is no such zone.
        ValueError: the name is not one that a zone can have.
    """
    home = number_home(facts.phone_number)
    if facts.time_zone is None:
        return [ZoneInfo(name) for name in home.zones]
    if not home.has_place or facts.time_zone in home.zones:
        return [ZoneInfo(facts.time_zone)]
    return [ZoneInfo(name) for name in (*home.zones, facts.time_zone)]


def _known_zones(facts: DialFacts) -> list[ZoneInfo]:
    try:
        return zones_of(facts)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return []


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
    return _window_refusal(facts, now) or budget.refusal(facts.budgets, facts.estimate_usd)


def _window_refusal(facts: DialFacts, now: datetime) -> Refuse | None:
    if facts.latest and now > facts.latest:
        return Refuse(rule_id="window.passed", reason="The task's latest time has passed.")
    if facts.earliest and facts.earliest.year > now.year + _YEARS_AHEAD:
        reason = f"The task's earliest time is more than {_YEARS_AHEAD} years ahead."
        return Refuse(rule_id="window.too_far", reason=reason)
    return None


def _delays(facts: DialFacts, now: datetime) -> Iterator[Delay]:
    if facts.earliest and facts.earliest > now:
        reason = "Not before the task's earliest time."
        yield Delay(until=facts.earliest, rule_id="window.earliest", reason=reason)
    if facts.unread:
        reason = "The last call to this number is not analysed yet; it may have asked for no more."
        yield Delay(until=now + _UNREAD_PAUSE, rule_id="dnd.unread", reason=reason)
    if facts.enforce_hours:
        is_invited = facts.call_back is not None
        yield from frequency.delays(facts.recent, now, is_invited=is_invited)
    yield from budget.delays(facts.budgets, facts.estimate_usd, now)


def _opening(facts: DialFacts, start: datetime) -> datetime | Refuse:
    zones = _known_zones(facts)
    if not zones:
        return Refuse(
            rule_id="hours.unknown_zone",
            reason="The callee's time zone is unknown; set the task's time zone.",
        )
    return next_open(_callee(facts), zones, start) or Refuse(
        rule_id="hours.no_common_window",
        reason="There is no hour in which the callee may be called in every zone that the number "
        "may be in; set the task's time zone, or look at its opening hours.",
    )


def _callee(facts: DialFacts) -> Callee:
    return Callee(
        country=number_home(facts.phone_number).country,
        state=state_of(facts.phone_number),
        is_business=facts.is_business,
        opening_hours=facts.opening_hours,
    )


def _hours_reason(facts: DialFacts) -> str:
    return f"Outside the calling hours of a {'business' if facts.is_business else 'person'} there."
