"""The dialling policy as a pure function: hours in every zone, lists, windows, attempts."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendeep.task_manager import dial_policy
from opendeep.task_manager.dial_policy import (
    CLOSING,
    OPENING,
    Dial,
    DialFacts,
    Refuse,
    WaitUntil,
    decide,
)
from opendeep.task_manager.number_class import candidate_zones

NEW_YORK = "+12125550100"
FREE_PHONE = "+18005550100"
NOON = datetime(2026, 11, 23, 17, tzinfo=UTC)  # 12:00 in New York
NIGHT = datetime(2026, 11, 24, 3, tzinfo=UTC)  # 22:00 in New York
FACTS = DialFacts(phone_number=NEW_YORK)
_INSTANTS = st.datetimes(
    datetime(2026, 1, 1),  # noqa: DTZ001 - the strategy adds the zone
    datetime(2028, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)


def test_within_hours() -> None:
    """At noon the number may be dialled."""
    assert decide(FACTS, NOON) == Dial()


def test_outside_hours_waits_for_the_opening() -> None:
    """At night the call waits until nine in the morning there."""
    decision = decide(FACTS, NIGHT)
    assert isinstance(decision, WaitUntil)
    assert decision.until == datetime(2026, 11, 24, 14, tzinfo=UTC)
    assert "calling hours" in decision.reason


def test_hours_can_be_off() -> None:
    """In Test Mode and on the practice exchange the hour does not matter, the number does."""
    off = replace(FACTS, enforce_hours=False)
    assert decide(off, NIGHT) == Dial()
    assert isinstance(decide(replace(off, phone_number="911"), NIGHT), Refuse)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"phone_number": "+19005550100"}, "number.premium"),
        ({"on_user_dnd": True}, "dnd.user"),
        ({"accounts_listing": 3, "global_dnd_threshold": 3}, "dnd.global"),
        ({"attempts_used": 3}, "attempts.used_up"),
        ({"latest": NOON - timedelta(seconds=1)}, "window.passed"),
        ({"earliest": datetime(9999, 12, 31, tzinfo=UTC)}, "window.too_far"),
        ({"time_zone": "Mars/Olympus"}, "hours.unknown_zone"),
        ({"phone_number": "+80012345678"}, "hours.unknown_zone"),
    ],
)
def test_refusals(change: dict[str, object], rule: str) -> None:
    """Each rule refuses by its own id, with a reason for people."""
    decision = decide(replace(FACTS, **change), NOON)  # type: ignore[arg-type]
    assert isinstance(decision, Refuse)
    assert decision.rule_id == rule
    assert decision.reason
    assert decision.is_dnd is rule.startswith("dnd.")


def test_no_common_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    """A number that may ring half a world apart needs the callee's zone."""
    zones = ("Pacific/Auckland", "Europe/London")
    monkeypatch.setattr(dial_policy, "candidate_zones", lambda _number: zones)
    decision = decide(FACTS, NOON)
    assert isinstance(decision, Refuse)
    assert decision.rule_id == "hours.no_common_window"


def test_free_phone_number_waits_for_all_its_zones() -> None:
    """A number of a whole continent is called when it is day from coast to coast."""
    decision = decide(replace(FACTS, phone_number=FREE_PHONE), NOON)
    assert isinstance(decision, WaitUntil)
    assert decision.until > NOON


def test_global_list_needs_a_threshold() -> None:
    """Where accounts are not distinct people, other accounts' lists do not count."""
    facts = replace(FACTS, accounts_listing=99, global_dnd_threshold=None)
    assert decide(facts, NOON) == Dial()


def test_not_before_the_earliest() -> None:
    """The task's earliest time is waited for, and named as the reason."""
    earliest = NOON + timedelta(hours=2)
    decision = decide(replace(FACTS, earliest=earliest), NOON)
    assert decision == WaitUntil(until=earliest, reason="Not before the task's earliest time.")


def test_latest_before_the_next_opening() -> None:
    """A task whose latest time comes before the next calling hour is refused."""
    decision = decide(replace(FACTS, latest=NIGHT + timedelta(hours=1)), NIGHT)
    assert isinstance(decision, Refuse)
    assert decision.rule_id == "window.none_left"


def test_task_zone_goes_before_the_number() -> None:
    """A free-phone number with a known zone is called in that zone's hours."""
    facts = replace(FACTS, phone_number=FREE_PHONE, time_zone="Europe/Berlin")
    assert decide(facts, datetime(2026, 11, 23, 9, tzinfo=UTC)) == Dial()
    assert isinstance(decide(facts, datetime(2026, 11, 23, 20, tzinfo=UTC)), WaitUntil)


@given(
    _INSTANTS, st.sampled_from(["+12125550100", "+442079460000", "+4915112345678", "+14155550100"])
)
def test_dialling_time_is_open_in_every_zone(now: datetime, number: str) -> None:
    """Whatever the instant, also around a change of the clocks, the time chosen is open."""
    decision = decide(DialFacts(phone_number=number), now)
    assert not isinstance(decision, Refuse)
    instant = now if isinstance(decision, Dial) else decision.until
    assert now <= instant <= now + timedelta(days=2)
    for zone in candidate_zones(number):
        assert OPENING <= instant.astimezone(ZoneInfo(zone)).time() < CLOSING


@given(_INSTANTS, _INSTANTS, _INSTANTS, st.booleans())
def test_window_is_kept(now: datetime, earliest: datetime, latest: datetime, enforce: bool) -> None:
    """No dialling time lies before the earliest or after the latest time of the task."""
    facts = replace(FACTS, earliest=earliest, latest=latest, enforce_hours=enforce)
    match decide(facts, now):
        case Dial():
            assert earliest <= now <= latest
        case WaitUntil(until=until):
            assert now < until
            assert earliest <= until <= latest
        case Refuse(rule_id=rule):
            assert rule.startswith("window.")


def test_the_installations_countries_decide() -> None:
    """A country outside the installation's list is refused by its own rule."""
    jamaica = replace(FACTS, phone_number="+18762345678", time_zone="America/Jamaica")
    refusals = [
        decide(replace(jamaica, countries=frozenset(countries)), NOON)
        for countries in ((), ("US",), ("JM",))
    ]
    rules = [found.rule_id if isinstance(found, Refuse) else "" for found in refusals]
    assert rules == ["number.toll_fraud", "number.country", ""]
