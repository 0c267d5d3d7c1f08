"""Tasks across users: the queue. For the scheduler, the initiator, recovery and lifecycle alone."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, func, select, update

from opendeep.common.data_models import TaskStatus
from opendeep.common.ids import UserId
from opendeep.database.due import URGENCY, dialable, due
from opendeep.database.models import Task
from opendeep.database.repositories.system_unreadable import SystemTaskRows
from opendeep.database.repositories.tasks import Tasks
from opendeep.database.tables import tasks, users
from opendeep.database.transaction import Transaction, UserEventDraft

_COLUMNS = [tasks.c[name] for name in Task.model_fields]
_BUSY = (TaskStatus.QUEUED_FOR_CALL, TaskStatus.IN_PROGRESS)
_UNFINISHED = (*_BUSY, TaskStatus.AWAITING_ANALYSIS)


class SystemTasks:
    """The queue over all users; a row that cannot be read goes on hold and stops nobody."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    async def due(self, *, now: datetime, limit: int) -> list[Task]:
        """Return due tasks of all users without claiming them, most urgent first."""
        statement = select(*_COLUMNS).where(due(now)).order_by(*URGENCY).limit(limit)
        return await self._tasks(statement)

    async def claim_due(
        self, *, now: datetime, limit: int, claimed_by: str, lease_seconds: float
    ) -> list[Task]:
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
        """
        if limit <= 0:
            return []
        picked = await self._pick(now, limit)
        if not picked:
            return []
        lease = timedelta(seconds=lease_seconds)
        statement = (
            update(tasks)
            .where(tasks.c.id.in_([task.id for task in picked]), dialable())
            .values(
                status=TaskStatus.QUEUED_FOR_CALL,
                status_before_claim=tasks.c.status,
                claimed_by=claimed_by,
                claim_expires_at=now + lease,
                version=tasks.c.version + 1,
                updated_at=self._tx.now(),
            )
            .returning(*_COLUMNS)
        )
        rows = (await self._tx.execute(statement)).mappings()
        claimed = {row["id"]: Task.model_validate(dict(row)) for row in rows}
        await self._remember_turn({task.user_id for task in claimed.values()}, now)
        self._tell_changed(claimed.values())
        return [claimed[task.id] for task in picked if task.id in claimed]

    async def queued(self, limit: int) -> list[Task]:
        """Return claimed tasks that no attempt was created for yet, longest claimed first."""
        statement = (
            select(*_COLUMNS)
            .where(tasks.c.status == TaskStatus.QUEUED_FOR_CALL)
            .order_by(tasks.c.updated_at, tasks.c.priority, tasks.c.next_action_time, tasks.c.id)
            .limit(limit)
        )
        return await self._tasks(statement)

    async def give_back(self, task: Task, reason: str) -> Task:
        """Return a claimed task to the status from before the claim.

        Raises:
            ConflictError: it is not queued (any more).
        """
        return await Tasks(self._tx, task.user_id).give_back(task.id, reason=reason)

    async def release_expired_claims(self, now: datetime) -> int:
        """Give back what was claimed and never dialled within its lease; return how many."""
        statement = select(*_COLUMNS).where(
            tasks.c.status == TaskStatus.QUEUED_FOR_CALL, tasks.c.claim_expires_at <= now
        )
        expired = await self._tasks(statement.with_for_update(skip_locked=True))
        for task in expired:
            await self.give_back(task, "The claim expired before a call was started.")
        return len(expired)

    async def stuck(self, *, before: datetime) -> list[Task]:
        """Return tasks in the hands of a service that nobody changed since ``before``."""
        statement = select(*_COLUMNS).where(
            tasks.c.status.in_(list(_UNFINISHED)), tasks.c.updated_at < before
        )
        return await self._tasks(statement.order_by(tasks.c.updated_at, tasks.c.id))

    async def next_due_at(self) -> datetime | None:
        """Return when the next task becomes due (it may be past); None if none ever does."""
        statement = select(tasks.c.next_action_time).where(dialable())
        statement = statement.order_by(tasks.c.next_action_time).limit(1)
        found: datetime | None = (await self._tx.execute(statement)).scalar()
        return found

    async def _pick(self, now: datetime, limit: int) -> list[Task]:
        """Choose up to ``limit`` due tasks, users taking turns, and lock them."""
        waiting: dict[UserId, list[Task]] = {}
        load: dict[UserId, int] = {}
        turn: dict[UserId, int] = {}
        for place, (user_id, busy) in enumerate(await self._users_in_turn(now, limit)):
            statement = (
                select(*_COLUMNS)
                .where(tasks.c.user_id == user_id, due(now))
                .order_by(*URGENCY)
                .limit(limit)
                .with_for_update(skip_locked=True, of=tasks)
            )
            waiting[user_id] = (await self._tasks(statement))[::-1]
            load[user_id], turn[user_id] = busy, place
        picked: list[Task] = []
        while len(picked) < limit and (users_left := [user for user in waiting if waiting[user]]):
            user_id = min(users_left, key=lambda user: (load[user], turn[user]))
            picked.append(waiting[user_id].pop())
            load[user_id] += 1
        return picked

    async def _users_in_turn(self, now: datetime, limit: int) -> list[tuple[UserId, int]]:
        """List users who have a due task, who is next first, with how many tasks are busy."""
        theirs = and_(tasks.c.user_id == users.c.id, due(now))
        best = select(tasks.c.priority).where(theirs).order_by(tasks.c.priority).limit(1)
        soonest = (
            select(tasks.c.next_action_time)
            .where(theirs)
            .order_by(tasks.c.priority, tasks.c.next_action_time)
            .limit(1)
        )
        busy = select(func.count()).where(
            tasks.c.user_id == users.c.id, tasks.c.status.in_(list(_BUSY))
        )
        busy_count = busy.correlate(users).scalar_subquery().label("busy")
        priority = best.correlate(users).scalar_subquery().label("best")
        statement = (
            select(users.c.id, busy_count, priority)
            .where(
                users.c.disabled_at.is_(None),
                select(tasks.c.id).where(theirs).correlate(users).exists(),
            )
            .order_by(
                busy_count,
                users.c.last_claim_at.asc().nulls_first(),
                priority,
                soonest.correlate(users).scalar_subquery(),
                users.c.id,
            )
            .limit(limit)
        )
        rows = (await self._tx.execute(statement)).mappings()
        return [(UserId(row["id"]), int(row["busy"])) for row in rows]

    async def _remember_turn(self, user_ids: set[UserId], now: datetime) -> None:
        """Note that these users were served; locked in order, so two claimers cannot dead-lock."""
        chosen = users.c.id.in_(sorted(user_ids))
        lock = select(users.c.id).where(chosen).order_by(users.c.id)
        await self._tx.execute(lock.with_for_update(key_share=True))
        await self._tx.execute(update(users).where(chosen).values(last_claim_at=now))

    def _tell_changed(self, changed: Iterable[Task]) -> None:
        for task in changed:
            self._tx.tell(
                UserEventDraft(
                    user_id=task.user_id, type="task_changed", subject_id=str(task.id), data=None
                )
            )

    async def _tasks(self, statement: Select[Any]) -> list[Task]:
        return await SystemTaskRows(self._tx).read(statement)
