"""Tasks across users: the queue. For the scheduler, the initiator, recovery and lifecycle alone."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, func, or_, select, text, update

from opendeep.common.data_models import TaskStatus
from opendeep.common.ids import CampaignId, TaskId, UserId
from opendeep.database import claims
from opendeep.database.deal import CampaignRoom, Deal
from opendeep.database.due import URGENCY, due
from opendeep.database.models import Task
from opendeep.database.repositories.system_unreadable import SystemTaskRows
from opendeep.database.repositories.tasks import Tasks
from opendeep.database.tables import IS_IN_HAND, tasks, users
from opendeep.database.transaction import Transaction, UserEventDraft

_COLUMNS = [tasks.c[name] for name in Task.model_fields]
_COUNTED_MOST = 1000
_LET_GO: dict[str, Any] = {
    "status_before_claim": None,
    "claimed_by": None,
    "claim_expires_at": None,
}


class SystemTasks:
    """The queue over all users; a row that cannot be read goes on hold and stops nobody."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    async def due(self, *, now: datetime, limit: int) -> list[Task]:
        """Return due tasks of all users without claiming them, most urgent first."""
        statement = select(*_COLUMNS).where(due(now)).order_by(*URGENCY).limit(limit)
        return await self._tasks(statement)

    async def claim_due(
        self,
        *,
        now: datetime,
        limit: int,
        claimed_by: str,
        lease_seconds: float,
        per_user: int | None = None,
        per_campaign: int | None = None,
        first: Mapping[CampaignId, int] | None = None,
    ) -> list[Task]:
        """Claim as :meth:`claim` does; return the tasks, and tell their users."""
        claims = await self.claim(
            now=now,
            limit=limit,
            claimed_by=claimed_by,
            lease_seconds=lease_seconds,
            per_user=per_user,
            per_campaign=per_campaign,
            first=first,
        )
        if not claims:
            return []
        wanted = [claim.task_id for claim in claims]
        found = await self._tasks(select(*_COLUMNS).where(tasks.c.id.in_(wanted)))
        # A row that could not be read is on hold by now.
        claimed = {task.id: task for task in found if task.status is TaskStatus.QUEUED_FOR_CALL}
        self._tell_changed(claimed.values())
        return [claimed[task_id] for task_id in wanted if task_id in claimed]

    async def claim(
        self,
        *,
        now: datetime,
        limit: int,
        claimed_by: str,
        lease_seconds: float,
        per_user: int | None = None,
        per_campaign: int | None = None,
        first: Mapping[CampaignId, int] | None = None,
    ) -> list[claims.TaskClaim]:
        """Move due tasks to ``queued_for_call`` for this claimer, in the order to dial them.

        Users take turns: first who has the fewest tasks queued or in progress, then whose last
        claim is longest ago; within one user (and between users who are even) by priority, then
        ``next_action_time``. So one user's 100,000 rows do not starve another's single one.
        Claimers beside this one skip each other's rows.

        Args:
            now: what is due until when.
            limit: how many slots are free.
            claimed_by: the claimer's name.
            lease_seconds: how long the claim holds without being taken or given back.
            per_user: how many tasks of one user may be queued or in progress; None for any number.
            per_campaign: the same of one campaign.
            first: how many more tasks of campaigns that are to prove themselves first.
        """
        if limit <= 0:
            return []
        lanes = await self._lanes(now, per_user)
        expires_at = now + timedelta(seconds=lease_seconds)
        lease = claims.Lease(now=now, claimed_by=claimed_by, expires_at=expires_at)
        rows = claims.LaneRows(self._tx, lease)
        bounded = per_campaign is not None or first
        room = await self._room(per_campaign, first) if bounded else None
        deal = Deal(lanes, rows, limit=limit, per_user=per_user, room=room)
        claimed = await deal.run()
        if deal.users > 1:
            await self._remember_turn({claim.user_id for claim in claimed}, now)
        return claimed

    async def finish(
        self, claimed: Collection[claims.TaskClaim], status: TaskStatus | None, *, reason: str
    ) -> int:
        """Move claimed tasks on, all in one statement; return how many there were.

        A task whose claim is over, or is another one by now, is left alone: the fence.

        Args:
            claimed: what :meth:`claim` returned.
            status: what they become; None for what they were before the claim.
            reason: what their users read.
        """
        if not claimed:
            return 0
        held = or_(
            *(
                and_(tasks.c.claim_token == token, tasks.c.id.in_(ids))
                for token, ids in _by_token(claimed).items()
            )
        )
        before = func.coalesce(tasks.c.status_before_claim, TaskStatus.PENDING.value)
        values = {
            **_LET_GO,
            "status": before if status is None else status,
            "status_reason": reason,
            "version": tasks.c.version + 1,
            "updated_at": self._tx.now(),
        }
        statement = update(tasks).where(held, tasks.c.status == TaskStatus.QUEUED_FOR_CALL)
        return (await self._tx.execute(statement.values(values))).rowcount

    async def queued(self, limit: int) -> list[Task]:
        """Return claimed tasks that no attempt was created for yet, longest claimed first."""
        statement = (
            select(*_COLUMNS)
            .where(text(IS_IN_HAND), tasks.c.status == TaskStatus.QUEUED_FOR_CALL)
            .order_by(tasks.c.updated_at, tasks.c.priority, tasks.c.next_action_time, tasks.c.id)
            .limit(limit)
        )
        return await self._tasks(statement)

    async def queued_count(self) -> int:
        """Count the claimed tasks that no attempt was created for yet."""
        statement = select(func.count()).where(
            text(IS_IN_HAND), tasks.c.status == TaskStatus.QUEUED_FOR_CALL
        )
        return int((await self._tx.execute(statement)).scalar_one())

    async def give_back(self, task: Task, reason: str) -> Task:
        """Return a claimed task to the status from before the claim.

        Raises:
            ConflictError: it is not queued (any more).
        """
        repository = Tasks(self._tx, task.user_id)
        return await repository.give_back(task.id, claim_token=task.claim_token, reason=reason)

    async def release_expired_claims(self, now: datetime) -> int:
        """Give back what was claimed and never dialled within its lease; return how many."""
        statement = select(*_COLUMNS).where(
            text(IS_IN_HAND),
            tasks.c.status == TaskStatus.QUEUED_FOR_CALL,
            tasks.c.claim_expires_at <= now,
        )
        expired = await self._tasks(statement.with_for_update(skip_locked=True))
        for task in expired:
            await self.give_back(task, "The claim expired before a call was started.")
        return len(expired)

    async def stuck(self, *, before: datetime) -> list[Task]:
        """Return tasks in the hands of a service that nobody changed since ``before``."""
        statement = select(*_COLUMNS).where(text(IS_IN_HAND), tasks.c.updated_at < before)
        return await self._tasks(statement.order_by(tasks.c.updated_at, tasks.c.id))

    async def _lanes(self, now: datetime, per_user: int | None) -> list[claims.Lane]:
        """Return what is due; under way is counted only where that decides whose turn it is."""
        lanes = await self._lanes_counted(now, per_user, most_busy=per_user)
        if per_user is None and len({lane.user_id for lane in lanes}) > 1:
            lanes = await self._lanes_counted(now, per_user, most_busy=_COUNTED_MOST)
        return lanes

    async def _lanes_counted(
        self, now: datetime, per_user: int | None, most_busy: int | None
    ) -> list[claims.Lane]:
        statement, parameters = claims.due_lanes(now, most_busy=most_busy, dialect=self._tx.dialect)
        found = await self._tx.rows(statement, parameters)
        return [lane for row in found if (lane := claims.lane_of(row, per_user=per_user))]

    async def _room(
        self, per_campaign: int | None, first: Mapping[CampaignId, int] | None
    ) -> CampaignRoom:
        """Return how many more tasks each campaign may have queued or in progress."""
        busy = (TaskStatus.QUEUED_FOR_CALL, TaskStatus.IN_PROGRESS)
        statement = (
            select(tasks.c.campaign_id, func.count().label("count"))
            .where(text(IS_IN_HAND), tasks.c.status.in_(busy), tasks.c.campaign_id.is_not(None))
            .group_by(tasks.c.campaign_id)
        )
        found = (await self._tx.execute(statement)).mappings()
        held = {row["campaign_id"]: int(row["count"]) for row in found}
        return CampaignRoom(per_campaign, held, first)

    async def _remember_turn(self, user_ids: set[UserId], now: datetime) -> None:
        """Note that these users were served.

        Waits for nobody: whom another claimer is serving at this moment has had their turn.
        """
        free = select(users.c.id).where(users.c.id.in_(sorted(user_ids))).order_by(users.c.id)
        chosen = free.with_for_update(skip_locked=True, key_share=True).cte("chosen")
        served = update(users).where(users.c.id.in_(select(chosen.c.id)))
        await self._tx.execute(served.values(last_claim_at=now))

    def _tell_changed(self, changed: Iterable[Task]) -> None:
        for task in changed:
            self._tx.tell(
                UserEventDraft(
                    user_id=task.user_id, type="task_changed", subject_id=str(task.id), data=None
                )
            )

    async def _tasks(self, statement: Select[Any]) -> list[Task]:
        return await SystemTaskRows(self._tx).read(statement)


def _by_token(claimed: Iterable[claims.TaskClaim]) -> dict[int, list[TaskId]]:
    """Sort claims by token: most tasks are claimed once, so there are few of them."""
    found: dict[int, list[TaskId]] = {}
    for claim in claimed:
        found.setdefault(claim.token, []).append(claim.task_id)
    return found
