"""After an answering machine the next attempt comes in another window of the callee's day."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendeep.common.data_models import CallCause, TaskStatus
from opendeep.task_manager.back_off import LEAST_PAUSE, WINDOWS, next_window, voicemail_delay
from opendeep.task_manager.dial_facts import Dial, DialFacts, WaitUntil
from opendeep.task_manager.dial_gate import DialRules, PolicyDialGate
from opendeep.task_manager.dial_policy import decide
from opendeep.task_manager.task_actions import TaskActions
from tests.unit.task_manager.conftest import MONDAY_NOON, World, plan_task

NEW_YORK = ZoneInfo("America/New_York")
_ZONES = ("America/New_York", "Asia/Tokyo", "Europe/London", "America/Denver", "Pacific/Apia")


@pytest.mark.parametrize(
    ("ended", "due"),
    [
        ("2026-11-23T10:00", "2026-11-23T12:00"),
        ("2026-11-23T11:45", "2026-11-23T12:45"),
        ("2026-11-23T14:00", "2026-11-23T17:00"),
        ("2026-11-23T18:00", "2026-11-24T09:00"),
        ("2026-11-28T18:00", "2026-11-30T09:00"),
    ],
)
def test_the_next_window(ended: str, due: str) -> None:
    """Morning goes to noon, afternoon to the evening, evening to the next day that is allowed."""
    at = datetime.fromisoformat(ended).replace(tzinfo=NEW_YORK)
    decision = decide(DialFacts(phone_number="+12125550100", machine_at=at), at)
    assert isinstance(decision, WaitUntil)
    assert decision.until == datetime.fromisoformat(due).replace(tzinfo=NEW_YORK)


def test_a_split_state_waits_for_another_window_in_both_zones() -> None:
    """Where the number may lie in two zones, the window must be another one in each."""
    at = datetime(2026, 11, 23, 17, 30, tzinfo=UTC)  # 11:30 in Bismarck, 10:30 in Denver
    decision = decide(DialFacts(phone_number="+16055550100", machine_at=at), at)
    assert isinstance(decision, WaitUntil)
    assert decision.until == datetime(2026, 11, 23, 19, tzinfo=UTC)


@given(
    machine_at=st.datetimes(
        datetime(2026, 1, 1),  # noqa: DTZ001 - the strategy adds the zone
        datetime(2028, 1, 1),  # noqa: DTZ001
        timezones=st.just(UTC),
    ),
    names=st.lists(st.sampled_from(_ZONES), unique=True, max_size=3),
)
def test_never_the_same_window_nor_within_the_hour(machine_at: datetime, names: list[str]) -> None:
    """Over random instants and zones, a window has begun in each zone since the machine."""
    zones = [ZoneInfo(name) for name in names]
    delay = voicemail_delay(machine_at, zones, machine_at)
    assert delay is not None
    assert delay.until - machine_at >= LEAST_PAUSE
    for zone in zones:
        begun = next_window(machine_at, zone)
        assert machine_at < begun <= delay.until
        assert begun.astimezone(zone).time() in WINDOWS
    assert voicemail_delay(machine_at, zones, delay.until) is None


async def test_the_gate_looks_at_the_last_attempt(world: World) -> None:
    """A task whose last call met a machine waits for the window; the user's "call now" does not."""
    gate = PolicyDialGate(DialRules(enforce_hours=False, read_first=False))
    _, [task] = await world.campaign(plan_task())
    await world.end(await world.call(task), CallCause.VOICEMAIL)
    await world.put(task, TaskStatus.RETRY_SCHEDULED, next_action_time=world.clock.now())
    [claimed] = await world.claim()
    async with world.database.transaction() as tx:
        reason = await gate.check(tx, claimed)
    assert reason is not None
    assert "next calling window" in reason
    waiting = await world.get(task)
    due = waiting.next_action_time
    assert due is not None
    assert due - MONDAY_NOON >= timedelta(hours=1)
    await TaskActions(world.database, world.bus, world.clock).retry(world.user_id, task.id)
    [again] = await world.claim()
    async with world.database.transaction() as tx:
        assert await gate.check(tx, again) is None


@pytest.mark.parametrize("cause", [CallCause.BUSY, CallCause.NO_ANSWER])
async def test_other_ends_have_their_own_pauses(world: World, cause: CallCause) -> None:
    """A busy or unanswered line waits for no window."""
    gate = PolicyDialGate(DialRules(enforce_hours=False, read_first=False))
    _, [task] = await world.campaign(plan_task())
    await world.end(await world.call(task), cause)
    await world.put(task, TaskStatus.RETRY_SCHEDULED, next_action_time=world.clock.now())
    [claimed] = await world.claim()
    async with world.database.transaction() as tx:
        assert await gate.check(tx, claimed) is None


def test_after_the_window_began_nothing_waits() -> None:
    """A machine of yesterday delays nothing today."""
    noon = datetime(2026, 11, 24, 17, tzinfo=UTC)
    facts = DialFacts(phone_number="+12125550100")
    assert decide(replace(facts, machine_at=noon - timedelta(days=1)), noon) == Dial()
