"""From the user's confirmation to rows: one plan, one campaign, one transaction, once."""

import asyncio
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import structlog

from opendeep.common.data_models import CampaignPlan
from opendeep.common.errors import ConflictError
from opendeep.common.ids import CampaignId, ChatSessionId, TaskId, UserId
from opendeep.common.messages import WAKEUPS, Wakeup
from opendeep.database.engine import Database
from opendeep.database.repositories import (
    AuditLog,
    Campaigns,
    ChatSessions,
    IdempotencyKeys,
    Tasks,
)
from opendeep.database.transaction import Transaction
from opendeep.task_manager.plan_validation import require_valid

log = structlog.get_logger(__name__)

_PAGE = 200
_LARGE = 200
"""A plan with more tasks takes long to look through."""
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutedPlan:
    """The campaign of a confirmed plan; ``created`` is False when the key was seen before."""

    created: bool
    campaign_id: CampaignId
    task_ids: tuple[TaskId, ...]


def plan_hash(plan: CampaignPlan) -> str:
    """Return a hash that two plans share only if they mean exactly the same."""
    canonical = json.dumps(plan.model_dump(mode="json", by_alias=True), sort_keys=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


class OrchestratorService:
    """Makes campaigns. No model is asked here: the approval binds the exact plan."""

    def __init__(self, database: Database, *, countries: frozenset[str] = frozenset()) -> None:
        self._database = database
        self._countries = countries

    async def execute_plan(
        self,
        user_id: UserId,
        plan: CampaignPlan,
        *,
        idempotency_key: str | None = None,
        session_id: ChatSessionId | None = None,
    ) -> ExecutedPlan:
        """Store the campaign and its tasks. Idempotent by key.

        Without a key the plan's own hash within the chat session is the key.

        Raises:
            PlanInvalidError: with every fault of the plan.
            ConflictError: the key was used with another plan.
            NotFoundError: the session is not the user's.
        """
        content = await _aside(plan, partial(plan_hash, plan))
        key = f"key:{idempotency_key}" if idempotency_key else f"plan:{session_id or ''}:{content}"
        try:
            async with self._database.transaction() as tx:
                found = await _find(tx, user_id, key, content)
                now = tx.now()
            if found is not None:
                return found
            await _aside(plan, partial(require_valid, plan, now, countries=self._countries))
            async with self._database.transaction() as tx:
                return await _create(tx, user_id, plan, (key, content), session_id)
        except ConflictError as error:
            if error.code != "idempotency_key_used":
                raise
        async with self._database.transaction() as tx:
            found = await _find(tx, user_id, key, content)
        if found is None:
            raise ConflictError("The plan is being confirmed at this moment; try again.")
        return found


async def _aside(plan: CampaignPlan, work: Callable[[], _T]) -> _T:
    """Work in a thread where the plan is a large one, so that calls do not hear it."""
    if len(plan.tasks) <= _LARGE:
        return work()
    return await asyncio.to_thread(work)


async def _find(tx: Transaction, user_id: UserId, key: str, content: str) -> ExecutedPlan | None:
    stored = await IdempotencyKeys(tx, user_id).find(key)
    if stored is None:
        return None
    stored_hash, campaign_id = stored
    if stored_hash != content:
        raise ConflictError("This Idempotency-Key was used with another plan.", code="key_reused")
    task_ids: list[TaskId] = []
    cursor: str | None = None
    while True:
        page = await Tasks(tx, user_id).list(campaign_id=campaign_id, limit=_PAGE, cursor=cursor)
        task_ids += [task.id for task in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    return ExecutedPlan(created=False, campaign_id=campaign_id, task_ids=tuple(task_ids))


async def _create(
    tx: Transaction,
    user_id: UserId,
    plan: CampaignPlan,
    key: tuple[str, str],
    session_id: ChatSessionId | None,
) -> ExecutedPlan:
    if session_id is not None:
        await ChatSessions(tx, user_id).get(session_id)
    campaign = await Campaigns(tx, user_id).create(plan, chat_session_id=session_id)
    await IdempotencyKeys(tx, user_id).store(*key, campaign.id)
    created = await Tasks(tx, user_id).create_all(
        campaign.id,
        plan.tasks,
        language=plan.language,
        voice=plan.voice,
        disclosure=plan.disclosure,
    )
    await AuditLog(tx, user_id).append(
        "plan_confirmed", {"campaign_id": campaign.id, "tasks": len(created)}
    )
    tx.publish(WAKEUPS, Wakeup(work="due_tasks"))
    log.info("campaign_created", campaign_id=campaign.id, tasks=len(created))
    task_ids = tuple(task.id for task in created)
    return ExecutedPlan(created=True, campaign_id=campaign.id, task_ids=task_ids)
