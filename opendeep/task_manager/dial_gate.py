"""The dialling policy over the rows: gather the facts, decide, write what was decided.

Asked twice for each call: by the scheduler after the claim, and by the initiator in the
transaction that reserves the attempt, since a callee may have said stop in between.
"""

from dataclasses import dataclass
from typing import assert_never

from opendeep.common.data_models import CampaignStatus
from opendeep.common.errors import NotFoundError
from opendeep.common.ids import UserId
from opendeep.database.models import Task
from opendeep.database.repositories import Campaigns, DndList, SystemDnd, Tasks
from opendeep.database.transaction import Transaction
from opendeep.task_manager.dial_policy import (
    Decision,
    Dial,
    DialFacts,
    Refuse,
    WaitUntil,
    decide,
)
from opendeep.task_manager.task_states import TaskInput, sources_of, target_of

# A row written by hand while foreign keys were off.
_NO_CAMPAIGN = "The task's campaign does not exist, or belongs to somebody else."


@dataclass(frozen=True, slots=True, kw_only=True)
class DialRules:
    """Which rules hold in this installation.

    Attributes:
        enforce_hours: the callee's calling hours; off in Test Mode and on the practice exchange.
        global_dnd_threshold: None where accounts are not distinct people (``AUTH_MODE=local``).
        countries: those that may be called (ISO 3166); empty for the default of ``number_fault``.
    """

    enforce_hours: bool = True
    global_dnd_threshold: int | None = None
    countries: frozenset[str] = frozenset()


class PolicyDialGate:
    """The last judgement before a number is dialled."""

    def __init__(self, rules: DialRules) -> None:
        self._rules = rules

    async def check(self, tx: Transaction, task: Task) -> str | None:
        """Return None to dial, or the reason not to.

        A task that policy lets wait or refuses is moved here; one of a campaign that is not
        active is left to be given back.
        """
        if task.campaign_id is not None:
            try:
                campaign = await Campaigns(tx, task.user_id).get(task.campaign_id)
            except NotFoundError:
                await _move(tx, task, TaskInput.REFUSE, _NO_CAMPAIGN)
                return _NO_CAMPAIGN
            if campaign.status is not CampaignStatus.ACTIVE:
                return f"The campaign is {campaign.status}."
        decision = await self._decide(tx, task)
        match decision:
            case Dial():
                return None
            case WaitUntil():
                await _move(tx, task, TaskInput.WAIT, decision.reason, until=decision)
                return decision.reason
            case Refuse():
                refusal = TaskInput.REFUSE_DND if decision.is_dnd else TaskInput.REFUSE
                await _move(tx, task, refusal, decision.reason)
                return decision.reason
            case _:
                assert_never(decision)

    async def check_number(self, tx: Transaction, user_id: UserId, number: str) -> str | None:
        """Return None if a user's callee may be handed over to a number now, or the reason not to.

        Number classes and do-not-disturb lists hold; calling hours do not, since the user asks
        for somebody whom they know to be there.
        """
        facts = DialFacts(
            phone_number=number,
            on_user_dnd=await DndList(tx, user_id).contains(number),
            accounts_listing=await self._listing(tx, number),
            global_dnd_threshold=self._rules.global_dnd_threshold,
            enforce_hours=False,
            countries=self._rules.countries,
        )
        decision = decide(facts, tx.now())
        return None if isinstance(decision, Dial) else decision.reason

    async def _listing(self, tx: Transaction, number: str) -> int:
        counts = self._rules.global_dnd_threshold is not None
        return await SystemDnd(tx).accounts_listing(number) if counts else 0

    async def _decide(self, tx: Transaction, task: Task) -> Decision:
        threshold = self._rules.global_dnd_threshold
        number = task.phone_number
        listing = 0 if threshold is None else await SystemDnd(tx).accounts_listing(number)
        facts = DialFacts(
            phone_number=number,
            on_user_dnd=await DndList(tx, task.user_id).contains(number),
            accounts_listing=listing,
            global_dnd_threshold=threshold,
            attempts_used=task.current_attempt_count,
            max_attempts=task.max_attempts,
            time_zone=task.time_zone,
            earliest=task.earliest,
            latest=task.latest,
            enforce_hours=self._rules.enforce_hours,
            countries=self._rules.countries,
        )
        return decide(facts, tx.now())


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
