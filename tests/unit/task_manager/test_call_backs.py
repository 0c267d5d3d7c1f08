"""A callee's wish to be called back, as the dialling policy keeps it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendeep.common.call_back import CALL_BACK, CallBack
from opendeep.common.data_models import TaskStatus
from opendeep.task_manager.call_backs import call_back_of
from opendeep.task_manager.calling_hours import Callee, is_open
from opendeep.task_manager.dial_facts import Dial, DialFacts, RecentAttempts, Refuse, WaitUntil
from opendeep.task_manager.dial_gate import DialRules, PolicyDialGate
from opendeep.task_manager.dial_policy import decide, zones_of
from opendeep.task_manager.task_actions import TaskActions
from tests.unit.task_manager.conftest import MONDAY_NOON, World, plan_task

NOON = datetime(2026, 11, 23, 17, tzinfo=UTC)  # a Monday, 12:00 in New York
TUESDAY_AT_THREE = CallBack(said_at=NOON, weekday=1, after=15 * 60)
FACTS = DialFacts(phone_number="+12125550100", call_back=TUESDAY_AT_THREE)
SPLIT_STATE = "+16055550100"  # Central and Mountain time
_ZONES = ("America/New_York", "Asia/Tokyo", "Europe/London", "America/Phoenix", "Pacific/Apia")


def test_due_on_the_callees_clock() -> None:
    """Tuesday after three is 15:00 in New York, and the user reads it."""
    decision = decide(FACTS, NOON)
    assert isinstance(decision, WaitUntil)
    assert (decision.until, decision.rule_id) == (
        datetime(2026, 11, 24, 20, tzinfo=UTC),
        "call_back.asked",
    )
    assert "asked to be called back Tue 15:00 (their time)" in decision.reason
    assert decide(FACTS, decision.until) == Dial()


def test_never_outside_the_calling_hours() -> None:
    """Asked for six in the morning, the callee is called when the hours open, and told why."""
    early = CallBack(said_at=NOON, days_ahead=1, after=6 * 60)
    decision = decide(replace(FACTS, call_back=early), NOON)
    assert isinstance(decision, WaitUntil)
    assert (decision.until, decision.rule_id) == (
        datetime(2026, 11, 24, 14, tzinfo=UTC),
        "hours.closed",
    )
    assert "Tue 06:00 (their time)" in decision.reason


def test_the_last_of_several_zones_counts() -> None:
    """Where the number may lie in two zones, three o'clock must have come in both."""
    decision = decide(replace(FACTS, phone_number=SPLIT_STATE), NOON)
    assert isinstance(decision, WaitUntil)
    assert decision.until == datetime(2026, 11, 24, 22, tzinfo=UTC)  # 15:00 in Denver


def test_a_window_must_be_open_in_all_zones() -> None:
    """Half an hour that is never the same in two zones is refused until the zone is named."""
    narrow = CallBack(said_at=NOON, weekday=1, after=15 * 60, before=15 * 60 + 30)
    facts = replace(FACTS, phone_number=SPLIT_STATE, call_back=narrow)
    decision = decide(facts, NOON)
    assert isinstance(decision, Refuse)
    assert decision.rule_id == "call_back.no_common_window"
    named = decide(replace(facts, time_zone="America/Denver"), NOON)
    assert isinstance(named, WaitUntil)


def test_a_missed_window_delays_nothing() -> None:
    """Late is better than never: after the window the call is placed when it may be."""
    narrow = CallBack(said_at=NOON, weekday=1, after=9 * 60, before=10 * 60)
    assert decide(replace(FACTS, call_back=narrow), NOON + timedelta(days=1)) == Dial()


@pytest.mark.parametrize(
    ("wish", "minutes"),
    [
        (CallBack(said_at=NOON, days_ahead=0), 30),
        (CallBack(said_at=NOON, days_ahead=0, after=9 * 60), 30),
        (CallBack(said_at=NOON, before=12 * 60 + 20), 10),
        (CallBack(said_at=NOON, days_ahead=0, before=11 * 60), 30),
    ],
)
def test_later_is_not_at_once(wish: CallBack, minutes: int) -> None:
    """A time that had begun when it was said leaves half an hour, or half of what is left of it."""
    due = NOON + timedelta(minutes=minutes)
    for number in (FACTS.phone_number, SPLIT_STATE):
        decision = decide(replace(FACTS, phone_number=number, call_back=wish), NOON)
        assert isinstance(decision, WaitUntil)
        assert decision.until >= due
    facts = replace(FACTS, call_back=wish)
    decision = decide(facts, NOON)
    assert isinstance(decision, WaitUntil)
    assert (decision.until, decide(facts, due)) == (due, Dial())


def test_who_asked_is_called_within_the_eight_hours() -> None:
    """A callee's own wish lifts the cap of eight hours, and no other."""
    soon = CallBack(said_at=NOON, delay_minutes=60)
    later = NOON + timedelta(hours=1)
    reached = replace(FACTS, call_back=soon, recent=RecentAttempts(reached=(NOON,), own=(NOON,)))
    assert decide(reached, later) == Dial()
    assert isinstance(decide(replace(reached, call_back=None), later), WaitUntil)
    often = replace(reached, recent=RecentAttempts(reached=(NOON,), own=(NOON,) * 3))
    assert isinstance(decide(often, later), WaitUntil)


def test_nowhere_known_is_the_last_place_on_earth() -> None:
    """With the hours off and no zone known, the time must have come everywhere."""
    facts = replace(FACTS, phone_number="+80012345678", enforce_hours=False)
    decision = decide(facts, NOON)
    assert isinstance(decision, WaitUntil)
    assert decision.until == datetime(2026, 11, 25, 3, tzinfo=UTC)


@given(
    said_at=st.datetimes(
        datetime(2026, 1, 1),  # noqa: DTZ001 - the strategy adds the zone
        datetime(2028, 1, 1),  # noqa: DTZ001
        timezones=st.just(UTC),
    ),
    number=st.sampled_from(["+12125550100", SPLIT_STATE, "+18005550100"]),
    zone=st.none() | st.sampled_from(_ZONES),
    ahead=st.integers(0, 14),
    after=st.integers(0, 1439),
)
def test_no_dial_before_the_time_in_any_zone(
    said_at: datetime, number: str, zone: str | None, ahead: int, after: int
) -> None:
    """Wherever the callee may be, a permitted call is at or after their time, and within hours."""
    wish = CallBack(said_at=said_at, days_ahead=ahead, after=after)
    facts = DialFacts(phone_number=number, time_zone=zone, call_back=wish)
    decision = decide(facts, said_at)
    at = decision.until if isinstance(decision, WaitUntil) else said_at
    if isinstance(decision, Refuse):
        return
    zones = zones_of(facts)
    for each in zones:
        local = at.astimezone(each)
        wanted = said_at.astimezone(each).date() + timedelta(days=ahead)
        assert local.date() >= wanted
        skipped = timedelta(hours=1)  # an hour that the clocks skip begins an hour later
        minute = local.hour * 60 + local.minute
        assert local.date() > wanted or minute >= after or after - minute <= skipped.seconds // 60
    assert is_open(Callee(country="US"), zones, at)


@pytest.mark.parametrize("kept", [{}, {CALL_BACK: "Tuesday"}, {CALL_BACK: {"weekday": 9}}])
def test_what_is_no_wish_delays_nothing(kept: dict[str, object]) -> None:
    """A context without a readable wish holds none."""
    assert call_back_of(kept) is None


async def test_the_gate_keeps_it_and_call_now_forgets_it(world: World) -> None:
    """The task waits with the reason; the user's own word is newer than the wish."""
    gate = PolicyDialGate(DialRules())
    _, [task] = await world.campaign(plan_task())
    wish = CallBack(said_at=MONDAY_NOON, days_ahead=1, after=15 * 60)
    context = {CALL_BACK: wish.model_dump(mode="json", exclude_none=True), "facts": {"a": "b"}}
    await world.put(task, TaskStatus.PENDING, inter_call_context=context)
    [claimed] = await world.claim()
    async with world.database.transaction() as tx:
        assert "Tue 15:00 (their time)" in (await gate.check(tx, claimed) or "")
    waiting = await world.get(task)
    assert waiting.status is TaskStatus.RETRY_SCHEDULED
    assert waiting.next_action_time == wish.window(ZoneInfo("America/New_York"))[0]
    await TaskActions(world.database, world.bus, world.clock).retry(world.user_id, task.id)
    assert (await world.get(task)).inter_call_context == {"facts": {"a": "b"}}
