"""Stops what a campaign still would dial, once one of its tasks met the goal.

One transaction: whoever commits a dial holds the campaign's row against it (:meth:`hold`), so a
dial is committed before the goal, and seen here, or finds the goal met.
"""

from opendeep.common.data_models import CallStatus, FeedbackStatus, TaskStatus, WhenGoalMet
from opendeep.common.errors import ConflictError
from opendeep.common.ids import CampaignId, UserId
from opendeep.database.models import Call, Campaign, Task
from opendeep.database.repositories.calls import Calls
from opendeep.database.repositories.feedback_requests import FeedbackRequests
from opendeep.database.repositories.tasks import Tasks
from opendeep.database.scopes import ScopedRepository
from opendeep.database.tables import calls, campaigns, tasks
from opendeep.database.transaction import Transaction

PENDING = FeedbackStatus.PENDING
_WAITING = (
    TaskStatus.PENDING,
    TaskStatus.QUEUED_FOR_CALL,
    TaskStatus.RETRY_SCHEDULED,
    TaskStatus.ON_HOLD,
    TaskStatus.AWAITING_USER,
)
GOAL_MET = "Another call met the campaign's goal."


class CampaignGoals(ScopedRepository):
    """One user's campaigns that need one success."""

    def __init__(self, tx: Transaction, user_id: UserId) -> None:
        super().__init__(tx, user_id)
        self._calls = Calls(tx, user_id)
        self._tasks = Tasks(tx, user_id)
        self._questions = FeedbackRequests(tx, user_id)

    async def hold(self, campaign_id: CampaignId) -> Campaign | None:
        """Return a campaign whose row nobody else changes until this transaction ends."""
        query = self._scope.select(campaigns, Campaign).where(campaigns.c.id == campaign_id)
        return await query.held().first()

    async def meet(self, task: Task) -> int:
        """Note that a task met its campaign's goal; return how many others were cancelled.

        Nothing happens in a campaign that goes on, or whose goal was met before. Attempts that
        were not sent are released; calls that run end by themselves, or, with
        ``hang_up_others``, their tasks are cancelled, which has them hung up.
        """
        campaign = await self._note(task)
        if campaign is None:
            return 0
        for call in await self._unsent(campaign.id):
            try:
                await self._calls.release_unsent(call.id, reason=GOAL_MET)
            except ConflictError:
                continue  # It was sent at this very moment: it is a call that runs.
        statuses: tuple[TaskStatus, ...] = _WAITING
        if campaign.when_goal_met is WhenGoalMet.HANG_UP_OTHERS:
            statuses = (*_WAITING, TaskStatus.IN_PROGRESS)
        return await self._cancel(campaign.id, task, statuses)

    async def reopen(self, campaign_id: CampaignId) -> bool:
        """Look for a success again: the user asked for another call; False for no such campaign."""
        change = self._scope.update(campaigns, Campaign).where(campaigns.c.id == campaign_id)
        return await change.set({"goal_met_by": None}) is not None

    async def _note(self, task: Task) -> Campaign | None:
        if task.campaign_id is None:
            return None
        change = self._scope.update(campaigns, Campaign).where(
            campaigns.c.id == task.campaign_id,
            campaigns.c.when_goal_met != WhenGoalMet.GO_ON,
            campaigns.c.goal_met_by.is_(None),
        )
        return await change.set({"goal_met_by": task.id, "updated_at": self._scope.now()})

    async def _unsent(self, campaign_id: CampaignId) -> list[Call]:
        its_tasks = self._scope.values(tasks, tasks.c.id).where(tasks.c.campaign_id == campaign_id)
        query = self._scope.select(calls, Call).where(
            calls.c.status == CallStatus.INITIATING, calls.c.task_id.in_(its_tasks.subquery())
        )
        return await query.all()

    async def _cancel(
        self, campaign_id: CampaignId, by: Task, statuses: tuple[TaskStatus, ...]
    ) -> int:
        query = self._scope.select(tasks, Task).where(
            tasks.c.campaign_id == campaign_id,
            tasks.c.id != by.id,
            tasks.c.status.in_(statuses),
        )
        others = await query.all()
        cancelled = 0
        for other in others:
            try:
                await self._tasks.change(
                    other.id,
                    expected=statuses,
                    status=TaskStatus.CANCELLED,
                    next_action_time=None,
                    status_reason=GOAL_MET,
                )
            except ConflictError:
                continue  # Reserved at this very moment: it is refused where it would be sent.
            cancelled += 1
            for asked in (await self._questions.list(PENDING, task_id=other.id)).items:
                await self._questions.cancel(asked.id)
        return cancelled
