"""The dialling policy over the rows: gather the facts, decide, write what was decided.

Asked twice for each call: by the scheduler after the claim, and by the initiator in the
transaction that reserves the attempt, since a callee may have said stop in between. What was
decided is stored with its facts in the same transaction: each attempt's permission, and each
change of what a waiting task waits for, but not the same word at every look.
"""

from typing import Any, assert_never

import structlog

from opendeep.common.data_models import CampaignStatus
from opendeep.common.errors import NotFoundError
from opendeep.common.ids import CallId, UserId
from opendeep.database.models import Task
from opendeep.database.repositories import GOAL_MET, AuditLog, Campaigns, DialDecisions, Tasks
from opendeep.database.transaction import Transaction
from opendeep.task_manager.dial_facts import Decision, Dial, Refuse, WaitUntil
from opendeep.task_manager.dial_inputs import (
    DialRules,
    facts_of_contact,
    facts_of_number,
    facts_of_task,
)
from opendeep.task_manager.dial_policy import decide
from opendeep.task_manager.dial_record import row_of
from opendeep.task_manager.frequency import PREFIX_RULE
from opendeep.task_manager.task_states import TaskInput, sources_of, target_of

__all__ = ["DialRules", "PolicyDialGate"]

log = structlog.get_logger(__name__)

# A row written by hand while foreign keys were off.
_NO_CAMPAIGN = "The task's campaign does not exist, or belongs to somebody else."


class PolicyDialGate:
    """The last judgement before a number is dialled."""

    def __init__(self, rules: DialRules) -> None:
        self._rules = rules

    async def check(self, tx: Transaction, task: Task, call_id: CallId | None = None) -> str | None:
        """Return None to dial, or the reason not to.

        A task that policy lets wait or refuses is moved here; one of a campaign that is not
        active is left to be given back.

        Args:
            tx: the transaction that acts on the answer.
            task: what would be dialled.
            call_id: the attempt that begins in this transaction if the answer is None.
        """
        if task.campaign_id is not None:
            try:
                campaign = await Campaigns(tx, task.user_id).get(task.campaign_id)
            except NotFoundError:
                await _move(tx, task, TaskInput.REFUSE, _NO_CAMPAIGN)
                return _NO_CAMPAIGN
            if campaign.status is not CampaignStatus.ACTIVE:
                return f"The campaign is {campaign.status}."
            if campaign.goal_met_by not in {None, task.id}:
                await _move(tx, task, TaskInput.CANCEL, GOAL_MET)
                return GOAL_MET
        facts = await facts_of_task(tx, self._rules, task)
        now = tx.now()
        decision = decide(facts, now)
        await _store(tx, task, call_id, decision, row_of(decision, facts, now))
        match decision:
            case Dial():
                return None
            case WaitUntil():
                if decision.rule_id == PREFIX_RULE:
                    await _pause_campaign(tx, task, decision.reason)
                await _move(tx, task, TaskInput.WAIT, decision.reason, until=decision)
                return decision.reason
            case Refuse():
                refusal = TaskInput.REFUSE_DND if decision.is_dnd else TaskInput.REFUSE
                await _move(tx, task, refusal, decision.reason)
                return decision.reason
            case _:
                assert_never(decision)

    async def why_unwanted(self, tx: Transaction, task: Task) -> str | None:
        """Return why a task may not be dialled any more, whatever its hours; None if it may.

        Stores nothing: the permission was stored when it was given, and what is refused here comes
        to :meth:`check` again.
        """
        decision = decide(await facts_of_contact(tx, self._rules, task), tx.now())
        return None if isinstance(decision, Dial) else decision.reason

    async def check_number(self, tx: Transaction, user_id: UserId, number: str) -> str | None:
        """Return None if a user's callee may be handed over to a number now, or the reason not to.

        Number classes and do-not-disturb lists hold; calling hours do not, since the user asks
        for somebody whom they know to be there.
        """
        facts = await facts_of_number(tx, self._rules, user_id, number)
        now = tx.now()
        decision = decide(facts, now)
        await DialDecisions(tx, user_id).store(row_of(decision, facts, now))
        return None if isinstance(decision, Dial) else decision.reason


async def _store(
    tx: Transaction, task: Task, call_id: CallId | None, decision: Decision, row: dict[str, Any]
) -> None:
    """Store what was decided: a permission with its attempt, anything else when it is new."""
    decisions = DialDecisions(tx, task.user_id)
    if isinstance(decision, Dial):
        # Before the reservation it is no more than a guess: what counts is asked again there.
        if call_id is not None:
            await decisions.store(row, task_id=task.id, call_id=call_id)
    elif await decisions.last_of(task.id) != (decision.verdict, decision.rule_id):
        await decisions.store(row, task_id=task.id)


async def _pause_campaign(tx: Transaction, task: Task, reason: str) -> None:
    """Let a campaign that looks like toll fraud wait for its user."""
    if task.campaign_id is None:
        return
    await Campaigns(tx, task.user_id).set_status(
        task.campaign_id, CampaignStatus.PAUSED, expected={CampaignStatus.ACTIVE}
    )
    detail = {"campaign_id": task.campaign_id, "rule_id": PREFIX_RULE, "reason": reason}
    await AuditLog(tx, task.user_id).append("campaign_paused", detail)
    log.warning("campaign_paused_by_policy", campaign_id=task.campaign_id, rule_id=PREFIX_RULE)


async def _move(
    tx: Transaction,
    task: Task,
    happening: TaskInput,
    reason: str,
    *,
    until: WaitUntil | None = None,
) -> None:
    await Tasks(tx, task.user_id).change(
        task.id,
        expected=sources_of(happening),
        status=target_of(happening),
        next_action_time=until.until if until else None,
        status_reason=reason,
    )
