"""What a user may do to tasks and campaigns: a guarded change, or an error that says why."""

from datetime import datetime
from typing import Any

from opendeep.common import messages
from opendeep.common.call_back import CALL_BACK
from opendeep.common.clock import Clock
from opendeep.common.data_models import CallCause, CampaignStatus, FeedbackStatus
from opendeep.common.errors import (
    ConflictError,
    InvalidInputError,
    InvalidTransitionError,
    NoListenerError,
    UnavailableError,
)
from opendeep.common.event_bus import EventBus
from opendeep.common.ids import CallId, CampaignId, TaskId, UserId
from opendeep.common.messages import EndCall, Wakeup
from opendeep.database.engine import Database
from opendeep.database.models import Task
from opendeep.database.repositories import (
    AuditLog,
    Calls,
    CampaignGoals,
    Campaigns,
    FeedbackRequests,
    Tasks,
)
from opendeep.database.transaction import Transaction
from opendeep.task_manager.oversight_view import HELD_BY_USER
from opendeep.task_manager.task_states import TABLE, TaskInput, next_status, sources_of

_PAGE = 200
_YEARS_AHEAD = 10
_BY_USER = {
    TaskInput.RETRY: "You asked to try again now.",
    TaskInput.HOLD: HELD_BY_USER,
    TaskInput.RESUME: "You let it go on.",
    TaskInput.CANCEL: "You cancelled it.",
}
_DONE_BY_USER = {
    TaskInput.RETRY: "tried again",
    TaskInput.HOLD: "put on hold",
    TaskInput.RESUME: "resumed",
    TaskInput.CANCEL: "cancelled",
}


class TaskActions:
    """Retry, hold, resume and cancel of one task."""

    def __init__(self, database: Database, bus: EventBus, clock: Clock) -> None:
        self._database = database
        self._bus = bus
        self._clock = clock

    async def retry(self, user_id: UserId, task_id: TaskId, /) -> Task:
        """Make the task due now; one more attempt is allowed if all were used.

        Raises:
            NotFoundError: no such task of this user.
            ConflictError: it is in a call or being analysed, its callee wants no calls, or its
                campaign is cancelled.
        """
        async with self._database.transaction() as tx:
            task = await Tasks(tx, user_id).get(task_id)
            attempts = max(task.max_attempts, task.current_attempt_count + 1)
            changed = await _apply(
                tx, task, TaskInput.RETRY, due=self._clock.now(), max_attempts=attempts
            )
            await reopen_campaign(tx, task)
            await _take_questions_back(tx, task)
            tx.publish(messages.WAKEUPS, Wakeup(work="due_tasks"))
        return changed

    async def hold(self, user_id: UserId, task_id: TaskId, until: datetime | None, /) -> Task:
        """Let the task wait, until a time or (None) until it is resumed.

        Raises:
            NotFoundError: no such task of this user.
            ConflictError: it is in a call, being analysed, or over.
            InvalidInputError: the time is past.
        """
        if until is not None and until.tzinfo is None:
            raise InvalidInputError("The time to hold the task until needs a zone.")
        if until is not None and until <= self._clock.now():
            raise InvalidInputError("The time to hold the task until is past.")
        if until is not None and until.year > self._clock.now().year + _YEARS_AHEAD:
            raise InvalidInputError(f"A task is held for at most {_YEARS_AHEAD} years.")
        async with self._database.transaction() as tx:
            task = await Tasks(tx, user_id).get(task_id)
            changed = await _apply(tx, task, TaskInput.HOLD, due=until)
            await _take_questions_back(tx, task)
        return changed

    async def resume(self, user_id: UserId, task_id: TaskId, /) -> Task:
        """Let a held task go on, due now.

        Raises:
            NotFoundError: no such task of this user.
            ConflictError: it does not wait.
        """
        async with self._database.transaction() as tx:
            task = await Tasks(tx, user_id).get(task_id)
            changed = await _apply(tx, task, TaskInput.RESUME, due=self._clock.now())
            await _take_questions_back(tx, task)
            tx.publish(messages.WAKEUPS, Wakeup(work="due_tasks"))
        return changed

    async def cancel(self, user_id: UserId, task_id: TaskId, /) -> Task:
        """End the task; a live call of it is hung up.

        Raises:
            NotFoundError: no such task of this user.
            ConflictError: it is over already.
        """
        async with self._database.transaction() as tx:
            task = await Tasks(tx, user_id).get(task_id)
            changed = await _apply(tx, task, TaskInput.CANCEL, due=None)
            await _take_questions_back(tx, task)
            live = await _live_calls(tx, task)
            tx.publish(messages.WAKEUPS, Wakeup(work="campaigns"))
        await self.hang_up(live)
        return changed

    async def hang_up(self, calls: list[CallId]) -> None:
        """Tell the handlers of these calls to hang up; a call that is over meanwhile is fine."""
        for call_id in calls:
            command = EndCall(cause=CallCause.CANCELLED, reason="The user cancelled the task.")
            try:
                await self._bus.command(messages.call_commands(call_id), command)
            except (NoListenerError, UnavailableError):
                continue


class CampaignActions:
    """Pause, resume and cancel of a campaign. A paused campaign's tasks are never due."""

    def __init__(self, database: Database, tasks: TaskActions) -> None:
        self._database = database
        self._tasks = tasks

    async def pause(self, user_id: UserId, campaign_id: CampaignId, /) -> None:
        """Let none of its tasks be due; a call under way goes on to its end.

        Raises:
            NotFoundError: no such campaign of this user.
            ConflictError: it is not active.
        """
        await self._move(
            user_id, campaign_id, CampaignStatus.PAUSED, expected={CampaignStatus.ACTIVE}
        )

    async def resume(self, user_id: UserId, campaign_id: CampaignId, /) -> None:
        """Let a paused campaign go on.

        Raises:
            NotFoundError: no such campaign of this user.
            ConflictError: it is not paused.
        """
        await self._move(
            user_id, campaign_id, CampaignStatus.ACTIVE, expected={CampaignStatus.PAUSED}
        )

    async def cancel(self, user_id: UserId, campaign_id: CampaignId, /) -> None:
        """End the campaign and its open tasks; live calls are hung up.

        Raises:
            NotFoundError: no such campaign of this user.
            ConflictError: it is over already.
        """
        expected = {CampaignStatus.ACTIVE, CampaignStatus.PAUSED}
        live: list[CallId] = []
        async with self._database.transaction() as tx:
            await Campaigns(tx, user_id).set_status(
                campaign_id, CampaignStatus.CANCELLED, expected=expected
            )
            for task in await _tasks_of(tx, user_id, campaign_id):
                if (task.status, TaskInput.CANCEL) in TABLE:
                    await _apply(tx, task, TaskInput.CANCEL, due=None)
                    await _take_questions_back(tx, task)
                    live += await _live_calls(tx, task)
            await AuditLog(tx, user_id).append("campaign_cancelled", {"campaign_id": campaign_id})
        await self._tasks.hang_up(live)

    async def _move(
        self,
        user_id: UserId,
        campaign_id: CampaignId,
        status: CampaignStatus,
        *,
        expected: set[CampaignStatus],
    ) -> None:
        async with self._database.transaction() as tx:
            await Campaigns(tx, user_id).set_status(campaign_id, status, expected=expected)
            if status is CampaignStatus.ACTIVE:
                # Whoever resumes a campaign has looked at its first calls.
                await Campaigns(tx, user_id).prove(campaign_id)
            await AuditLog(tx, user_id).append(
                f"campaign_{status.value}", {"campaign_id": campaign_id}
            )
            tx.publish(messages.WAKEUPS, Wakeup(work="due_tasks"))


async def _apply(
    tx: Transaction,
    task: Task,
    event: TaskInput,
    *,
    due: datetime | None,
    max_attempts: int | None = None,
) -> Task:
    """Change a task by the table; the guard is the status that was read."""
    try:
        status = next_status(task.status, event, before_claim=task.status_before_claim)
    except InvalidTransitionError as error:
        state = task.status.replace("_", " ").replace(" dnd", " for good: its callee said stop")
        message = f"The task is {state}. It cannot be {_DONE_BY_USER[event]} now."
        raise ConflictError(message, code=error.code) from error
    changes: dict[str, Any] = {} if max_attempts is None else {"max_attempts": max_attempts}
    if event in {TaskInput.RETRY, TaskInput.RESUME} and CALL_BACK in task.inter_call_context:
        # The user's word is newer than the callee's wish for a time.
        kept = {k: v for k, v in task.inter_call_context.items() if k != CALL_BACK}
        changes["inter_call_context"] = kept
    return await Tasks(tx, task.user_id).change(
        task.id,
        expected=sources_of(event) & {task.status},
        status=status,
        status_reason=_BY_USER[event],
        next_action_time=due,
        **changes,
    )


async def reopen_campaign(tx: Transaction, task: Task) -> None:
    """Let a finished campaign go on when one of its tasks does."""
    if task.campaign_id is None:
        return
    campaigns = Campaigns(tx, task.user_id)
    campaign = await campaigns.get(task.campaign_id)
    if campaign.status is CampaignStatus.CANCELLED:
        raise ConflictError("The task's campaign is cancelled.")
    if campaign.goal_met_by is not None:
        await CampaignGoals(tx, task.user_id).reopen(campaign.id)
    if campaign.status is CampaignStatus.FINISHED:
        await campaigns.set_status(
            campaign.id, CampaignStatus.ACTIVE, expected={CampaignStatus.FINISHED}
        )


async def _take_questions_back(tx: Transaction, task: Task) -> None:
    requests = FeedbackRequests(tx, task.user_id)
    for asked in (await requests.list(FeedbackStatus.PENDING, task_id=task.id)).items:
        await requests.cancel(asked.id)


async def _live_calls(tx: Transaction, task: Task) -> list[CallId]:
    calls = await Calls(tx, task.user_id).for_task(task.id)
    return [call.id for call in calls if call.status.is_live]


async def _tasks_of(tx: Transaction, user_id: UserId, campaign_id: CampaignId) -> list[Task]:
    tasks: list[Task] = []
    cursor: str | None = None
    while True:
        page = await Tasks(tx, user_id).list(campaign_id=campaign_id, limit=_PAGE, cursor=cursor)
        tasks += page.items
        cursor = page.next_cursor
        if cursor is None:
            return tasks
