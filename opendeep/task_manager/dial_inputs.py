"""Gathers what the dialling policy looks at, in the transaction that asks it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime

from opendeep.common.data_models import CallCause, PlanTask, TaskStatus
from opendeep.common.ids import UserId
from opendeep.database.models import Task
from opendeep.database.repositories import DndList, PastCalls, SystemDnd, SystemPastCalls
from opendeep.database.transaction import Transaction
from opendeep.task_manager import budget, frequency
from opendeep.task_manager.call_backs import call_back_of
from opendeep.task_manager.dial_facts import Budget, DialFacts, RecentAttempts
from opendeep.task_manager.opening_hours import read_opening_hours

_LINE_DIGITS = 4
"""The end of a number that tells one line of an exchange from the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetRules:
    """How much money may be spent, in US dollars; 0 is no limit.

    Attributes:
        campaign_usd: on one campaign, over its whole life.
        user_day_usd: by one user in a day (UTC).
        day_usd: by all users together in a day (UTC).
        estimate_usd: what a call is taken to cost before it is over.
    """

    campaign_usd: float = 0.0
    user_day_usd: float = 0.0
    day_usd: float = 0.0
    estimate_usd: float = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class DialRules:
    """Which rules hold in this installation.

    Attributes:
        enforce_hours: the callee's calling hours and the frequency caps; off in Test Mode and on
            the practice exchange, if at all.
        global_dnd_threshold: None where accounts are not distinct people (``AUTH_MODE=local``);
            then nothing is counted over all users.
        countries: those that may be called (ISO 3166); empty for the default of ``number_fault``.
        read_first: whether nothing is dialled where the last call's words wait for the analyzer;
            off only where no analyzer runs.
    """

    enforce_hours: bool = True
    global_dnd_threshold: int | None = None
    countries: frozenset[str] = frozenset()
    budgets: BudgetRules = BudgetRules()
    read_first: bool = True


async def facts_of_number(
    tx: Transaction, rules: DialRules, user_id: UserId, number: str
) -> DialFacts:
    """Return what is to be known of a number alone: lists and classes, no hours and no task."""
    threshold = rules.global_dnd_threshold
    return DialFacts(
        phone_number=number,
        on_user_dnd=await DndList(tx, user_id).contains(number),
        accounts_listing=0 if threshold is None else await SystemDnd(tx).accounts_listing(number),
        global_dnd_threshold=threshold,
        enforce_hours=False,
        countries=rules.countries,
    )


async def facts_of_contact(tx: Transaction, rules: DialRules, task: Task) -> DialFacts:
    """Return what is to be known of a task's number alone; who said stop at another, said it."""
    facts = await facts_of_number(tx, rules, task.user_id, task.phone_number)
    return replace(facts, on_user_dnd=facts.on_user_dnd or await _other_is_listed(tx, task))


async def facts_of_plan(
    tx: Transaction, rules: DialRules, user_id: UserId, plan: PlanTask
) -> DialFacts:
    """Return what would decide about a task that is not confirmed yet; no budget of a campaign."""
    task = Task.model_construct(
        **plan.model_dump(exclude={"sources"}),
        user_id=user_id,
        campaign_id=None,
        current_attempt_count=0,
        inter_call_context={},
    )
    return await facts_of_task(tx, rules, task)


async def facts_of_task(tx: Transaction, rules: DialRules, task: Task) -> DialFacts:
    """Return everything that decides whether a task is dialled now."""
    number = task.phone_number
    known = await facts_of_contact(tx, rules, task)
    past, day = PastCalls(tx, task.user_id), tx.now() - frequency.DAY
    return DialFacts(
        phone_number=number,
        on_user_dnd=known.on_user_dnd,
        accounts_listing=known.accounts_listing,
        global_dnd_threshold=known.global_dnd_threshold,
        countries=known.countries,
        attempts_used=task.current_attempt_count,
        max_attempts=task.max_attempts,
        time_zone=task.time_zone,
        earliest=task.earliest,
        latest=task.latest,
        call_back=call_back_of(task.inter_call_context),
        machine_at=await _machine_at(past, task),
        enforce_hours=rules.enforce_hours,
        is_business=bool(task.business_name and task.business_name.strip()),
        opening_hours=read_opening_hours(task.facts),
        recent=await _recent(tx, rules, task) if rules.enforce_hours else RecentAttempts(),
        unread=rules.read_first and await past.unread(number, since=day),
        budgets=tuple([found async for found in _budgets(tx, rules.budgets, task)]),
        estimate_usd=rules.budgets.estimate_usd,
    )


async def _other_is_listed(tx: Transaction, task: Task) -> bool:
    """Tell whether the contact said stop at another of their numbers."""
    listed = DndList(tx, task.user_id)
    return any([await listed.contains(number) for number in task.alternative_numbers])


async def _machine_at(past: PastCalls, task: Task) -> datetime | None:
    """Return when an answering machine ended the last attempt; a user's "call now" forgets it."""
    if not task.current_attempt_count or task.status_before_claim is not TaskStatus.RETRY_SCHEDULED:
        return None
    cause, ended_at = await past.last_end(task.id, task.phone_number) or (None, None)
    return ended_at if cause is CallCause.VOICEMAIL else None


async def _recent(tx: Transaction, rules: DialRules, task: Task) -> RecentAttempts:
    number, now = task.phone_number, tx.now()
    past = PastCalls(tx, task.user_id)
    day, month = now - frequency.DAY, now - frequency.MONTH
    # Asked first: a call that is answered and over between the two questions is seen by the second.
    in_call = await past.in_call(number, since=day)
    everybody = 0
    if rules.global_dnd_threshold is not None:
        most = frequency.EVERYBODY_24H
        everybody = len(await SystemPastCalls(tx).begun(number, since=day, most=most))
    minute, most_alike = now - frequency.MINUTE, frequency.PREFIX_MINUTE
    alike = await past.begun_alike(number[:-_LINE_DIGITS], since=minute, most=most_alike)
    return RecentAttempts(
        own=tuple(await past.begun(number, since=day, most=frequency.OWN_24H.most)),
        reached=tuple(await past.reached(number, since=month, most=frequency.REACHED_30D.most)),
        everybody=everybody,
        in_call=in_call,
        prefix=alike,
    )


async def _budgets(tx: Transaction, rules: BudgetRules, task: Task) -> AsyncIterator[Budget]:
    past, day = PastCalls(tx, task.user_id), budget.day_of(tx.now())
    if rules.campaign_usd and task.campaign_id is not None:
        spent, live = await past.spent_on(task.campaign_id)
        cap = rules.campaign_usd
        yield Budget(scope="campaign", cap_usd=cap, spent_usd=spent, live_calls=live)
    if rules.user_day_usd:
        spent, live = await past.spent(since=day)
        cap = rules.user_day_usd
        yield Budget(scope="user_day", cap_usd=cap, spent_usd=spent, live_calls=live)
    if rules.day_usd:
        spent, live = await SystemPastCalls(tx).spent(since=day)
        yield Budget(scope="day", cap_usd=rules.day_usd, spent_usd=spent, live_calls=live)
