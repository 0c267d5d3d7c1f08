"""The one transaction that makes a judgement true: analysis, task, list, question, together.

It is guarded twice. The call's analysis is stored at most once; whoever comes second rolls back.
The task is changed only while it awaits the analysis of this very call, its latest: what the user
decided meanwhile stands.
"""

from dataclasses import replace
from typing import Any

import structlog

from opendeep.common import messages
from opendeep.common.call_back import CALL_BACK
from opendeep.common.data_models import (
    REVIEW_OPTIONS,
    WRONG_NUMBER,
    CallAnalysis,
    FeedbackKind,
    TaskStatus,
)
from opendeep.common.errors import ConflictError
from opendeep.common.messages import Wakeup
from opendeep.database.engine import Database
from opendeep.database.models import Task
from opendeep.database.repositories import (
    GOAL_MET,
    Calls,
    CampaignGoals,
    DndList,
    FeedbackRequests,
    Tasks,
)
from opendeep.database.transaction import Transaction
from opendeep.post_call_analyzer_service.call_judge import Judgement, chances_of
from opendeep.post_call_analyzer_service.call_record import CallRecord
from opendeep.post_call_analyzer_service.next_number import Ended, after_call, numbers_of
from opendeep.post_call_analyzer_service.outcome_rules import Decision, judge_opt_out

log = structlog.get_logger(__name__)

_NOT_BEGUN = (
    TaskStatus.PENDING,
    TaskStatus.QUEUED_FOR_CALL,
    TaskStatus.RETRY_SCHEDULED,
    TaskStatus.ON_HOLD,
    TaskStatus.AWAITING_USER,
)
_ATTEMPTS_REMEMBERED = 10
_FACTS_REMEMBERED = 40
_REVIEW = "It is not clear whether this call reached its goal."


async def store_judgement(
    database: Database, record: CallRecord, judgement: Judgement
) -> TaskStatus | None:
    """Store ``judgement``; return what the task became, or None where it was not ours to change.

    Raises:
        ConflictError: the call was analysed already; nothing was written.
        UnavailableError: the database is away; nothing was written.
    """
    call = record.call
    async with database.transaction() as tx:
        await Calls(tx, call.user_id).save_analysis(
            call.id, judgement.analysis.model_dump(mode="json")
        )
        decision = await _final_decision(tx, record, judgement.decision)
        if decision.blocks_number:
            await _block_number(tx, record, decision.reason)
        became = await _change_task(tx, record, replace(judgement, decision=decision))
        tx.publish(messages.WAKEUPS, Wakeup(work="campaigns"))
        return became


async def _final_decision(tx: Transaction, record: CallRecord, decision: Decision) -> Decision:
    """Let the list win, also when the number came onto it after the call was read."""
    listed = await DndList(tx, record.call.user_id).contains(record.number)
    return judge_opt_out() if listed and not decision.blocks_number else decision


async def _block_number(tx: Transaction, record: CallRecord, reason: str) -> None:
    """List the number and cancel every task of the user that would dial it."""
    user_id, number = record.call.user_id, record.number
    await DndList(tx, user_id).add(number, reason, record.call.id)
    tasks = Tasks(tx, user_id)
    for other in await tasks.with_number(number, statuses=_NOT_BEGUN):
        await tasks.change(
            other.id,
            expected=_NOT_BEGUN,
            status=TaskStatus.CANCELLED_DND,
            next_action_time=None,
            status_reason="The number is on your do-not-call list: its owner asked for that.",
        )


async def _change_task(
    tx: Transaction, record: CallRecord, judgement: Judgement
) -> TaskStatus | None:
    call, decision = record.call, judgement.decision
    attempts = await Calls(tx, call.user_id).for_task(call.task_id)
    if attempts[-1].id != call.id:
        return None
    tasks = Tasks(tx, call.user_id)
    task = await tasks.get(call.task_id)
    decision, numbers = after_call(
        decision,
        numbers_of(task.phone_number, task.alternative_numbers),
        Ended(cause=record.cause, wrong_number=record.wrong_number),
        tried={attempt.destination for attempt in attempts if attempt.destination},
        chances=chances_of(record, tx.now()),
    )
    decision = await _unless_goal_is_met(tx, task, decision)
    judgement = replace(judgement, decision=decision)
    pause = decision.retry_after
    try:
        await tasks.change(
            task.id,
            expected={TaskStatus.AWAITING_ANALYSIS},
            status=decision.status,
            # Counted from the end of the attempt: an analysis that came late delays nothing.
            next_action_time=None if pause is None else (call.ended_at or tx.now()) + pause,
            status_reason=decision.reason,
            inter_call_context=_remember(task, record, judgement),
            phone_number=numbers.called,
            alternative_numbers=list(numbers.others),
            **_outcome(judgement),
        )
    except ConflictError:
        log.info("task_was_changed_meanwhile", call_id=call.id, task_id=task.id)
        return None
    if decision.status is TaskStatus.COMPLETED:
        await CampaignGoals(tx, call.user_id).meet(task)
    if decision.status in {TaskStatus.AWAITING_USER, TaskStatus.UNRESOLVED}:
        is_review = decision.status is TaskStatus.UNRESOLVED
        await FeedbackRequests(tx, call.user_id).create(
            kind=FeedbackKind.CHECK_IN,
            task_id=task.id,
            call_id=call.id,
            question=f"{_REVIEW} {decision.reason}"
            if is_review
            else decision.question or decision.reason,
            options=REVIEW_OPTIONS if is_review else decision.options,
        )
    return decision.status


async def _unless_goal_is_met(tx: Transaction, task: Task, decision: Decision) -> Decision:
    """Let a task end that would go on, where another one met the campaign's goal meanwhile."""
    goes_on = decision.status in {TaskStatus.RETRY_SCHEDULED, TaskStatus.AWAITING_USER}
    if task.campaign_id is None or not goes_on:
        return decision
    campaign = await CampaignGoals(tx, task.user_id).hold(task.campaign_id)
    if campaign is None or campaign.goal_met_by in {None, task.id}:
        return decision
    return Decision(status=TaskStatus.CANCELLED, reason=GOAL_MET)


def _outcome(judgement: Judgement) -> dict[str, Any]:
    """Return the task's ``outcome`` column; one that will be called again keeps its former one."""
    if judgement.decision.status is TaskStatus.RETRY_SCHEDULED:
        return {}
    return {"outcome": judgement.analysis.model_dump(mode="json")}


def _remember(task: Task, record: CallRecord, judgement: Judgement) -> dict[str, Any]:
    """Merge what this call brought into what the next call is told (``inter_call_context``)."""
    before, analysis = task.inter_call_context, judgement.analysis
    attempt = {
        "attempt": record.call.attempt_number,
        "cause": record.cause.value,
        "summary": analysis.summary,
        "promises": [promise.model_dump(mode="json") for promise in analysis.promises],
    }
    wrong = {WRONG_NUMBER: task.phone_number} if record.wrong_number else {}
    asked = judgement.decision.call_back
    wish = {} if asked is None else {CALL_BACK: asked.model_dump(mode="json", exclude_none=True)}
    return {
        **{name: value for name, value in before.items() if name != CALL_BACK},
        **wrong,
        **wish,
        "agreed": {**_object(before.get("agreed")), **analysis.agreed},
        "facts": _facts(before, analysis),
        "attempts": [*_list(before.get("attempts")), attempt][-_ATTEMPTS_REMEMBERED:],
    }


def _facts(before: dict[str, Any], analysis: CallAnalysis) -> dict[str, Any]:
    """Return what callees said, the newest last; a newer value takes the older one's place."""
    learned = {fact.name: fact.value for fact in analysis.facts if not fact.agreed}
    kept = {k: v for k, v in _object(before.get("facts")).items() if k not in learned}
    return dict([*kept.items(), *learned.items()][-_FACTS_REMEMBERED:])


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
