"""The dialling policy as a pure function: hours in every zone, lists, windows, caps, money."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opendeep.task_manager import dial_policy
from opendeep.task_manager.area_codes import AREA_CODES
from opendeep.task_manager.calling_hours import is_open
from opendeep.task_manager.dial_facts import (
    Budget,
    Dial,
    DialFacts,
    RecentAttempts,
    Refuse,
    WaitUntil,
)
from opendeep.task_manager.dial_policy import decide, zones_of
from opendeep.task_manager.number_class import NumberHome, candidate_zones
from opendeep.task_manager.opening_hours import OpeningHours

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
    assert decision.rule_id == "hours.closed"
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
        ({"phone_number": "+442079460000", "countries": frozenset({"US"})}, "number.country"),
        ({"is_business": True, "opening_hours": OpeningHours(())}, "hours.no_common_window"),
        (
            {"budgets": (Budget(scope="campaign", cap_usd=1.0, spent_usd=1.0),)},
            "budget.campaign",
        ),
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
    home = NumberHome(country="US", zones=zones, has_place=True)
    monkeypatch.setattr(dial_policy, "number_home", lambda _number: home)
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
    assert decision == WaitUntil(
        until=earliest, rule_id="window.earliest", reason="Not before the task's earliest time."
    )


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


def test_zone_that_contradicts_the_number() -> None:
    """A New York number said to be in Tokyo is called when it is day in both."""
    facts = replace(FACTS, time_zone="Asia/Tokyo")
    decision = decide(facts, NOON)
    assert isinstance(decision, WaitUntil)
    assert decision.until == datetime(2026, 11, 24, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("number", "named", "zones"),
    [
        ("+19315550100", "America/Chicago", ["America/Chicago"]),
        ("+12125550100", "US/Eastern", ["America/New_York", "US/Eastern"]),
        ("+12125550100", None, ["America/New_York"]),
        ("+12125550100", "America/Phoenix", ["America/New_York", "America/Phoenix"]),
        ("+14805550100", "America/Denver", ["America/Phoenix", "America/Denver"]),
    ],
)
def test_which_zones_count(number: str, named: str | None, zones: list[str]) -> None:
    """The plan's zone picks one of the number's; another one is added."""
    facts = replace(FACTS, phone_number=number, time_zone=named)
    assert [zone.key for zone in zones_of(facts)] == zones


def test_zones_that_agree_for_half_a_year() -> None:
    """Cancun and Alabama agree in summer; a call that waits into winter keeps the hours of both."""
    facts = replace(FACTS, phone_number="+12055550100", time_zone="America/Cancun")
    decision = decide(facts, datetime(2026, 11, 1, 6, tzinfo=UTC))
    assert isinstance(decision, WaitUntil)
    assert decision.until == datetime(2026, 11, 2, 15, tzinfo=UTC)


def test_a_split_state_keeps_to_both_its_zones() -> None:
    """A number that may be in two zones is called at hours that are fine in both."""
    facts = replace(FACTS, phone_number="+16055550100")
    assert {"America/North_Dakota/Center", "America/Denver"} == set(candidate_zones("+16055550100"))
    morning = datetime(2026, 11, 23, 15, 30, tzinfo=UTC)
    assert decide(replace(facts, time_zone="America/North_Dakota/Center"), morning) == Dial()
    decision = decide(facts, morning)
    assert isinstance(decision, WaitUntil)
    assert decision.until == datetime(2026, 11, 23, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    ("facts", "instant", "verdict"),
    [
        (FACTS, "2026-11-22T17:00", "wait"),  # a Sunday
        (replace(FACTS, is_business=True), "2026-11-22T17:00", "dial"),
        (FACTS, "2026-11-26T17:00", "wait"),  # Thanksgiving
        (replace(FACTS, is_business=True), "2026-11-26T17:00", "dial"),
        (FACTS, "2026-11-23T13:30", "wait"),  # 8:30 in New York
        (replace(FACTS, is_business=True), "2026-11-23T13:30", "dial"),
    ],
)
def test_persons_and_businesses(facts: DialFacts, instant: str, verdict: str) -> None:
    """Whoever is not known to be a business has Sundays, holidays and early mornings."""
    assert decide(facts, datetime.fromisoformat(f"{instant}:00+00:00")).verdict == verdict


def test_opening_hours_of_a_business() -> None:
    """A business is called when it is open, where the task knows when that is."""
    hours = OpeningHours(tuple((day, 13 * 60, 18 * 60) for day in range(5)))
    facts = replace(FACTS, is_business=True, opening_hours=hours)
    decision = decide(facts, NOON)
    assert isinstance(decision, WaitUntil)
    assert decision.until == NOON + timedelta(hours=1)
    assert decide(replace(facts, is_business=False), NOON) == Dial()


@pytest.mark.parametrize(
    ("recent", "waits", "rule"),
    [
        ({"reached": (1,)}, 7, "frequency.8h"),
        ({"reached": (8,)}, 0, None),
        ({"own": (1, 2, 3)}, 21, "frequency.24h"),
        ({"own": (1, 2)}, 0, None),
        ({"everybody": 10}, 1, "frequency.everybody"),
        ({"everybody": 9}, 0, None),
        ({"prefix": 50}, 10 / 60, "velocity.prefix"),
        ({"prefix": 49}, 0, None),
        ({"reached": (9, 100, 200, 300, 400, 700)}, 20, "frequency.30d"),
        ({"reached": (1, 100, 200, 300, 400, 700), "own": (1, 2, 3)}, 21, "frequency.24h"),
    ],
)
def test_caps(recent: dict[str, Any], waits: float, rule: str | None) -> None:
    """A capped number waits until the last of its full caps is free, and then for the hours."""
    ages = {
        name: tuple(NOON - timedelta(hours=age) for age in ages)
        if isinstance(ages, tuple)
        else ages
        for name, ages in recent.items()
    }
    decision = decide(replace(FACTS, recent=RecentAttempts(**ages)), NOON)
    if rule is None:
        assert decision == Dial()
        return
    assert isinstance(decision, WaitUntil)
    assert decision.until >= NOON + timedelta(hours=waits)
    off = replace(FACTS, recent=RecentAttempts(**ages), enforce_hours=False)
    assert decide(off, NOON) == Dial()
    if decision.rule_id != "hours.closed":
        assert (decision.until, decision.rule_id) == (NOON + timedelta(hours=waits), rule)


def test_a_call_on_its_way() -> None:
    """While a call to the number is on its way, another one waits."""
    facts = replace(FACTS, recent=RecentAttempts(own=(NOON,), in_call=True))
    decision = decide(facts, NOON)
    assert isinstance(decision, WaitUntil)
    assert (decision.rule_id, decision.until) == (
        "frequency.in_call",
        NOON + timedelta(minutes=2),
    )


def test_cap_past_the_latest_time() -> None:
    """A capped task whose latest time comes first is refused, and says what kept it."""
    recent = RecentAttempts(reached=(NOON - timedelta(hours=6),))
    facts = replace(FACTS, recent=recent, latest=NOON + timedelta(hours=1))
    decision = decide(facts, NOON)
    assert isinstance(decision, Refuse)
    assert decision.rule_id == "window.none_left"
    assert "reached within the last 8 hours" in decision.reason


@pytest.mark.parametrize("scope", ["user_day", "day"])
def test_budget_of_a_day(scope: str) -> None:
    """Spent money makes the next call wait for tomorrow, that of live calls for their end."""
    left = Budget(scope=scope, cap_usd=1.0, spent_usd=0.4, live_calls=1)  # type: ignore[arg-type]
    off = replace(FACTS, enforce_hours=False, estimate_usd=0.3, budgets=(left,))
    assert decide(off, NOON) == Dial()
    decision = decide(replace(off, budgets=(replace(left, live_calls=2),)), NOON)
    assert isinstance(decision, WaitUntil)
    assert (decision.rule_id, decision.until) == (f"budget.{scope}", NOON + timedelta(minutes=2))
    decision = decide(replace(off, budgets=(replace(left, spent_usd=0.8),)), NOON)
    assert isinstance(decision, WaitUntil)
    assert (decision.rule_id, decision.until) == (
        f"budget.{scope}",
        datetime(2026, 11, 24, tzinfo=UTC),
    )


_NUMBERS = st.one_of(
    st.sampled_from(["+442079460000", "+4915112345678", "+918000000000", "+61212345678"]),
    st.sampled_from(" ".join(AREA_CODES.values()).split()).map("+1{}5550100".format),
    st.sampled_from(["+18005550100", "+12125550100", "+16055550100", "+19075550100"]),
)
_ZONES = st.one_of(st.none(), st.sampled_from(sorted(available_timezones())))
_CHANGES_OF_CLOCKS = st.builds(
    lambda night, minutes: night + timedelta(minutes=minutes),
    st.sampled_from(
        [
            datetime(2026, 3, 8, 7, tzinfo=UTC),  # spring in New York
            datetime(2026, 11, 1, 6, tzinfo=UTC),  # autumn in New York
            datetime(2027, 3, 28, 1, tzinfo=UTC),  # spring in Europe
            datetime(2026, 10, 25, 1, tzinfo=UTC),  # autumn in Europe
            datetime(2026, 10, 3, 16, tzinfo=UTC),  # spring in Sydney
            datetime(2026, 4, 4, 15, tzinfo=UTC),  # Lord Howe's half hour
        ]
    ),
    st.integers(-2000, 2000),
)
_OPENINGS = st.one_of(
    st.none(),
    st.lists(
        st.tuples(st.integers(0, 6), st.integers(0, 1439), st.integers(1, 1440)), max_size=8
    ).map(
        lambda periods: OpeningHours(tuple(period for period in periods if period[1] < period[2]))
    ),
)


def _is_open_by_the_book(facts: DialFacts, instant: datetime) -> bool:
    """Judge the instant zone by zone, without any search."""
    zones = zones_of(facts)
    first = 8 if facts.is_business else 9
    daytime = [first <= instant.astimezone(zone).hour < 20 for zone in zones]
    return bool(zones) and all(daytime) and is_open(dial_policy._callee(facts), zones, instant)


_FACTS = st.builds(
    DialFacts,
    phone_number=_NUMBERS,
    time_zone=_ZONES,
    is_business=st.booleans(),
    opening_hours=_OPENINGS,
)


# The long form is a promise of its own: a hundred thousand nights.
_IS_LONG = settings.get_current_profile_name() == "long"
_NIGHTS = 100_000 if _IS_LONG else settings().max_examples


@pytest.mark.timeout(3600 if _IS_LONG else 60)
@settings(max_examples=_NIGHTS)
@given(
    _FACTS,
    st.one_of(_INSTANTS, _CHANGES_OF_CLOCKS),
    st.timedeltas(timedelta(hours=-30), timedelta(hours=30)),
)
def test_nothing_is_dialled_outside_the_window(
    facts: DialFacts, now: datetime, jump: timedelta
) -> None:
    """Whatever the zone, the night and the jump of the clock, no decision dials outside.

    A decision made before the clock jumped is asked again at the clock's new time, as the
    reservation does; a waiting time that is reached is open.
    """
    for instant in (now, now + jump):
        decision = decide(facts, instant)
        if isinstance(decision, Dial):
            assert _is_open_by_the_book(facts, instant)
        elif isinstance(decision, WaitUntil):
            assert decision.until > instant
            assert _is_open_by_the_book(facts, decision.until)
            assert decide(facts, decision.until) == Dial()


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
