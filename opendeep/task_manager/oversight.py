"""One user's tasks, overseen: observe, orient, decide, act.

Observe reads rows; orient lets a text model propose, where one is there, something needs it and
the user's day has tokens left; decide is :mod:`~opendeep.task_manager.oversight_rules`; act is
:mod:`~opendeep.task_manager.oversight_acts`. Without the model the rules go on alone. Each
transaction is short, and none is open while the model thinks.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from opendeep.common.clock import Clock
from opendeep.common.data_models import FeedbackStatus
from opendeep.common.errors import ConflictError, ModelUnavailableError
from opendeep.common.ids import TaskId, UserId
from opendeep.config.prompt_config import LIFECYCLE_MANAGER_SYSTEM_PROMPT, in_tag
from opendeep.database.engine import Database
from opendeep.database.models import Actor, Task
from opendeep.database.repositories import (
    Calls,
    Campaigns,
    FeedbackRequests,
    ModelUsage,
    TaskActionLog,
    Tasks,
)
from opendeep.database.transaction import Transaction
from opendeep.llm_integrations.text_model import (
    ModelMessage,
    SystemMessage,
    TextModel,
    UserMessage,
)
from opendeep.task_manager.oversight_acts import carry_out
from opendeep.task_manager.oversight_memory import compact
from opendeep.task_manager.oversight_proposal import (
    SCHEMA_NAME,
    OversightProposal,
    ProposedAction,
)
from opendeep.task_manager.oversight_rules import COUNTED_OVER, Change, judge, rule_actions
from opendeep.task_manager.oversight_view import WAITING, TaskSight, look

log = structlog.get_logger(__name__)

PURPOSE = "lifecycle"
_ANSWER_TOKENS = 2_000
_CHARACTERS_A_TOKEN = 3
_SUMMARY_CHARACTERS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class OversightConfig:
    """How one user's tasks are overseen.

    Attributes:
        tokens_per_day: the most that the model may use for one user in a day (UTC); 0 never asks
            it.
        orient_every_seconds: how long the model is left alone after it was asked for a user.
        tasks_at_once: how many tasks are read in one go.
        tasks_shown: how many the model is shown at most.
    """

    tokens_per_day: int = 50_000
    orient_every_seconds: float = 900.0
    model_seconds: float = 45.0
    tasks_at_once: int = 200
    tasks_shown: int = 25


class Oversight:
    """Oversees users one at a time.

    Args:
        model: proposes changes; None for the rules alone.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        model: TextModel | None,
        config: OversightConfig | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._model = model
        self._config = config or OversightConfig()
        self._cursors: dict[UserId, str | None] = {}
        self._oriented: dict[UserId, tuple[datetime, str]] = {}

    async def oversee(self, user_id: UserId) -> int:
        """Look at the next part of a user's tasks; return how many actions were done.

        Raises:
            UnavailableError: the database is away.
        """
        sights = await self._observe(user_id)
        done = 0
        for sight in sights:
            await self._note_nature(sight)
            for action in rule_actions(sight, self._clock.now()):
                done += await self._act(sight.task, action, "rules")
        for action in await self._orient(
            user_id, [sight for sight in sights if needs_thought(sight)]
        ):
            mine = next((one.task for one in sights if one.task.id == action.task_id), None)
            if mine is not None:
                done += await self._act(mine, action, "model")
        return done

    async def _observe(self, user_id: UserId) -> list[TaskSight]:
        async with self._database.transaction() as tx:
            page = await Tasks(tx, user_id).in_states(
                WAITING, limit=self._config.tasks_at_once, cursor=self._cursors.get(user_id)
            )
            self._cursors[user_id] = page.next_cursor
            active = await _active_campaigns(tx, user_id, page.items)
            return [
                await _sight(tx, task)
                for task in page.items
                if task.campaign_id is None or task.campaign_id in active
            ]

    async def _note_nature(self, sight: TaskSight) -> None:
        """Write the nature that was found, and keep the memory small; nothing is decided here."""
        task = sight.task
        context = compact(task.inter_call_context)
        known = sight.nature == task.nature and context == task.inter_call_context
        if known or sight.busy:
            return
        try:
            async with self._database.transaction() as tx:
                await Tasks(tx, task.user_id).change(
                    task.id,
                    expected={task.status} & WAITING,
                    expected_version=task.version,
                    nature=sight.nature,
                    inter_call_context=context,
                )
        except ConflictError:
            return  # Somebody acted meanwhile; the next look sees what came of it.

    async def _act(self, seen: Task, action: ProposedAction, actor: Actor) -> bool:
        """Decide about an action on the task as it is now, and carry it out."""
        try:
            async with self._database.transaction() as tx:
                task = await Tasks(tx, seen.user_id).get(TaskId(action.task_id))
                sight = await _sight(tx, task)
                since = self._clock.now() - COUNTED_OVER
                done = await TaskActionLog(tx, task.user_id).counts(task.id, since=since)
                change = judge(action, sight, done, self._clock.now())
                if isinstance(change, Change):
                    await carry_out(tx, task, change, actor)
        except ConflictError:
            return False
        if isinstance(change, str):
            log.info("oversight_refused", task_id=seen.id, kind=action.kind, why=change)
            return False
        log.info("oversight_done", task_id=seen.id, kind=action.kind, actor=actor)
        return True

    async def _orient(self, user_id: UserId, sights: Sequence[TaskSight]) -> list[ProposedAction]:
        """Let the model propose about the tasks that need thought, within the day's tokens."""
        shown = sights[: self._config.tasks_shown]
        data = [_shown(sight) for sight in shown]
        digest = hashlib.sha256(repr([(s.task.id, s.task.version) for s in shown]).encode())
        if self._model is None or not shown or not self._may_think(user_id, digest.hexdigest()):
            return []
        prompt = in_tag("tasks", {"now": self._clock.now().isoformat(), "tasks": data})
        asked = len(LIFECYCLE_MANAGER_SYSTEM_PROMPT) + len(prompt)
        reserved = asked // _CHARACTERS_A_TOKEN + _ANSWER_TOKENS
        async with self._database.transaction() as tx:
            usage = ModelUsage(tx, user_id)
            day, limit = usage.today(), self._config.tokens_per_day
            if not await usage.reserve(PURPOSE, reserved, limit=limit):
                log.info("oversight_tokens_used_up", user_id=user_id)
                return []
        self._oriented[user_id] = (self._clock.now(), digest.hexdigest())
        proposal, used = await self._ask(prompt)
        if used is not None:
            async with self._database.transaction() as tx:
                await ModelUsage(tx, user_id).settle(PURPOSE, reserved, used, day=day)
        return list(proposal.actions)

    async def _ask(self, prompt: str) -> tuple[OversightProposal, int | None]:
        """Return what the model proposes, nothing where it fails, and the tokens it used.

        None where the model did not say: then what was reserved counts as used.
        """
        messages: list[ModelMessage] = [
            SystemMessage(text=LIFECYCLE_MANAGER_SYSTEM_PROMPT),
            UserMessage(text=prompt),
        ]
        assert self._model is not None  # noqa: S101 - for the type checker: looked at before
        try:
            async with asyncio.timeout(self._config.model_seconds):
                proposal, usage = await self._model.generate_json_completion_with_tools(
                    messages, OversightProposal, schema_name=SCHEMA_NAME
                )
        except (ModelUnavailableError, TimeoutError) as error:
            log.warning("oversight_without_model", reason=str(error))
            return OversightProposal(), None
        return proposal, (usage.input_tokens + usage.output_tokens) or None

    def _may_think(self, user_id: UserId, digest: str) -> bool:
        """Whether the model was not asked just now, nor about exactly this."""
        if self._config.tokens_per_day <= 0:
            return False
        at, before = self._oriented.get(user_id, (None, ""))
        if at is None:
            return True
        waited = (self._clock.now() - at).total_seconds()
        return digest != before and waited >= self._config.orient_every_seconds


def needs_thought(sight: TaskSight) -> bool:
    """Whether a task gives the model something to decide."""
    if sight.busy or sight.asked_at is not None:
        return False
    return (
        sight.pattern is not None
        or sight.progress
        or sight.promised_at is not None
        or (sight.nature == "long_running" and sight.task.current_attempt_count > 0)
    )


async def _active_campaigns(tx: Transaction, user_id: UserId, tasks: Sequence[Task]) -> set[int]:
    """Return which of the tasks' campaigns go on: a paused one is left alone altogether."""
    wanted = Counter(task.campaign_id for task in tasks if task.campaign_id is not None)
    campaigns = Campaigns(tx, user_id)
    found = [await campaigns.get(campaign_id) for campaign_id in wanted]
    return {campaign.id for campaign in found if campaign.status == "active"}


async def _sight(tx: Transaction, task: Task) -> TaskSight:
    calls = await Calls(tx, task.user_id).for_task(task.id)
    asked = await FeedbackRequests(tx, task.user_id).list(FeedbackStatus.PENDING, task_id=task.id)
    return look(task, calls, asked.items, tx.now())


def _shown(sight: TaskSight) -> dict[str, Any]:
    """Return a task as the model reads it: what it needs to decide, and no more."""
    task = sight.task
    return {
        "task_id": task.id,
        "title": task.title,
        "goal": task.goal,
        "status": task.status.value,
        "reason": (task.status_reason or "")[:_SUMMARY_CHARACTERS],
        "nature": sight.nature,
        "phase": task.phase,
        "priority": task.priority,
        "attempts": task.current_attempt_count,
        "max_attempts": task.max_attempts,
        "next_time": task.next_action_time.isoformat() if task.next_action_time else None,
        "earliest": task.earliest.isoformat() if task.earliest else None,
        "latest": task.latest.isoformat() if task.latest else None,
        "last_cause": sight.last_cause.value if sight.last_cause else None,
        "failing_alike": sight.pattern.value if sight.pattern else None,
        "declined": sight.declined,
        "progress": sight.progress,
        "promised_at": sight.promised_at.isoformat() if sight.promised_at else None,
        "memory": task.inter_call_context,
    }
