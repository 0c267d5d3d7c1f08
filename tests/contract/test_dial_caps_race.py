"""64 workers at once never exceed a cap: frequency, everybody's frequency, money."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest

from opendeep.call_processor_service.reservation import CallLimits, Reservations
from opendeep.common.data_models import CallCause, CallStatus, TaskStatus
from opendeep.database.repositories import Calls, SystemDecisions, Tasks
from opendeep.task_manager.decision_replay import replay_decisions
from opendeep.task_manager.dial_gate import PolicyDialGate
from opendeep.task_manager.dial_inputs import BudgetRules, DialRules

WORKERS, CONNECTIONS, TASKS = 64, 4, 24
BUSY, ANSWERED = "+12015550101", "+12015550100"
ENGINES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.integration)]
LIMITS = CallLimits(
    max_concurrent_calls=1000, max_concurrent_calls_per_user=1000, calls_per_second=1000
)


@pytest.fixture
def at_noon(clock):
    """Let it be noon of a Monday where the numbers are."""
    clock.advance(23 * 3600)
    return clock


async def one_worker(database, gate, made) -> None:
    """Reserve, call and end until nothing may be called."""
    reservations = Reservations(database, gate, LIMITS)
    while (attempt := await reservations.reserve()) is not None:
        made.append(attempt)
        await asyncio.sleep(0)  # others reserve while this call is on its way
        await end(database, attempt)


async def end(database, attempt) -> None:
    """End a call: answered, or not; it costs a dollar; its task comes again."""
    answered = attempt.task.phone_number == ANSWERED
    async with database.transaction() as tx:
        await Calls(tx, attempt.task.user_id).change(
            attempt.call.id,
            expected=set(CallStatus),
            status=CallStatus.ENDED,
            cause=CallCause.COMPLETED if answered else CallCause.BUSY,
            answered_at=tx.now() if answered else None,
        )
        await Calls(tx, attempt.task.user_id).add_cost(attempt.call.id, 1.0)


async def race(make_database, users, rules) -> list:
    """Let all workers run, again and again, until no attempt is made any more."""
    gate, made = PolicyDialGate(rules), []
    async with AsyncExitStack() as stack:
        databases = [await stack.enter_async_context(make_database()) for _ in range(CONNECTIONS)]
        before = -1
        while len(made) > before:
            before = len(made)
            await requeue(databases[0], users)
            async with asyncio.TaskGroup() as group:
                for number in range(WORKERS):
                    group.create_task(one_worker(databases[number % CONNECTIONS], gate, made))
    return made


async def requeue(database, users) -> None:
    """Make every task due and queued, whatever it waited for; the clock stands still."""
    async with database.transaction() as tx:
        for user in users:
            for task in (await Tasks(tx, user).list(limit=500)).items:
                await Tasks(tx, user).change(
                    task.id, expected=set(TaskStatus), status=TaskStatus.QUEUED_FOR_CALL
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """A cap, and what fills it: many tasks of some users, on one number or each on its own."""

    most: int
    rules: DialRules
    users: int = 1
    number: str | None = None


CAPS = {
    "24h": Cap(most=3, rules=DialRules(), number=BUSY),
    "8h": Cap(most=1, rules=DialRules(), number=ANSWERED),
    "everybody": Cap(most=10, rules=DialRules(global_dnd_threshold=3), users=8, number=BUSY),
    "user's day": Cap(most=5, rules=DialRules(budgets=BudgetRules(user_day_usd=5, estimate_usd=1))),
    "day": Cap(most=7, rules=DialRules(budgets=BudgetRules(day_usd=7, estimate_usd=1)), users=3),
}


@pytest.mark.timeout(170)
@pytest.mark.usefixtures("at_noon")
@pytest.mark.parametrize("make_database", ENGINES, indirect=True)
@pytest.mark.parametrize("name", CAPS)
async def test_a_cap_is_filled_and_never_exceeded(make_database, database, seeds, name):
    """Whatever the race, exactly as many attempts are made as the cap allows."""
    cap = CAPS[name]
    users = [await seeds.user(f"user{place}") for place in range(cap.users)]
    for place in range(TASKS):
        number = cap.number or f"+120155501{place + 20:02}"
        await seeds.task(users[place % cap.users], phone_number=number, max_attempts=20)
    made = await race(make_database, users, cap.rules)
    assert len(made) == cap.most
    async with database.transaction() as tx:
        stored = await SystemDecisions(tx).after(0, 10_000)
    permitted = [row.call_id for row in stored if row.verdict == "dial"]
    assert sorted(permitted) == sorted(attempt.call.id for attempt in made)
    assert (await replay_decisions(database)).differences == ()


@pytest.mark.parametrize("make_database", ENGINES, indirect=True)
@pytest.mark.usefixtures("make_database")
async def test_a_campaign_has_its_calls_at_once_and_no_more(database, seeds):
    """Many who reserve side by side fill each campaign's limit exactly; other tasks have none."""
    user = await seeds.user()
    campaigns = [await seeds.campaign(user), await seeds.campaign(user), None]
    for place in range(9):
        number = f"+120155501{place + 20:02}"
        await seeds.task(user, campaigns[place % 3], phone_number=number)
    await requeue(database, [user])
    limits = CallLimits(
        max_concurrent_calls=1000,
        max_concurrent_calls_per_user=1000,
        max_concurrent_calls_per_campaign=2,
        calls_per_second=1000,
    )
    gate = PolicyDialGate(DialRules(enforce_hours=False))
    reservations = [Reservations(database, gate, limits) for _ in range(12)]
    found = await asyncio.gather(*(each.reserve() for each in reservations))
    made = [attempt.task.campaign_id for attempt in found if attempt is not None]
    assert [made.count(campaign and campaign.id) for campaign in campaigns] == [2, 2, 3]
