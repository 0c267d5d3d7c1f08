"""Notifications across users: who wants to hear, and what is to be sent now."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import and_, exists, func, select, update

from opendeep.database.models import Delivery, NotificationTarget
from opendeep.database.oversight_tables import notification_deliveries as deliveries
from opendeep.database.oversight_tables import notification_targets as targets
from opendeep.database.tables import user_events
from opendeep.database.transaction import Transaction

_COLUMNS = [deliveries.c[name] for name in Delivery.model_fields]
_TARGET_COLUMNS = [targets.c[name] for name in NotificationTarget.model_fields]


class SystemNotifications:
    """For the notifier alone."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    async def behind(self, *, limit: int) -> list[NotificationTarget]:
        """Return targets whose user had events that nobody looked at for them."""
        newer = exists().where(
            user_events.c.user_id == targets.c.user_id, user_events.c.id > targets.c.last_event_id
        )
        statement = select(*_TARGET_COLUMNS).where(newer).order_by(targets.c.id).limit(limit)
        rows = (await self._tx.execute(statement)).mappings()
        return [NotificationTarget.model_validate(dict(row)) for row in rows]

    async def claim_due(
        self,
        *,
        now: datetime,
        limit: int,
        lease_seconds: float,
        each: int,
        but: Collection[int] = (),
    ) -> list[Delivery]:
        """Take messages that are due; each comes again after the lease unless it is noted.

        Of one task and target only the oldest that waits is taken, so that their order is kept.

        Args:
            now: the present instant.
            limit: how many at most.
            lease_seconds: how long they are the claimer's.
            each: how many at most of one target.
            but: targets of which none is taken.
        """
        older = deliveries.alias("older")
        earlier = exists().where(
            older.c.target_id == deliveries.c.target_id,
            older.c.task_id == deliveries.c.task_id,
            older.c.status == "pending",
            older.c.id < deliveries.c.id,
        )
        order = (deliveries.c.next_attempt_at, deliveries.c.id)
        due = and_(deliveries.c.status == "pending", deliveries.c.next_attempt_at <= now)
        place = func.row_number().over(partition_by=deliveries.c.target_id, order_by=order)
        ranked = (
            select(deliveries.c.id, place.label("place"))
            .where(due, ~earlier, deliveries.c.target_id.not_in(list(but)))
            .subquery()
        )
        waiting = (
            select(deliveries.c.id)
            .join(ranked, ranked.c.id == deliveries.c.id)
            # Said again, since PostgreSQL looks at these anew once it has the row's lock.
            .where(due, ranked.c.place <= each)
            .order_by(*order)
            .limit(limit)
            .with_for_update(skip_locked=True, of=deliveries)
        )
        chosen = (await self._tx.execute(waiting)).scalars().all()
        if not chosen:
            return []
        statement = (
            update(deliveries)
            .where(deliveries.c.id.in_(chosen))
            .values(
                attempts=deliveries.c.attempts + 1,
                next_attempt_at=now + timedelta(seconds=lease_seconds),
                updated_at=now,
            )
            .returning(*_COLUMNS)
        )
        rows = (await self._tx.execute(statement)).mappings()
        taken = [Delivery.model_validate(dict(row)) for row in rows]
        return sorted(taken, key=lambda delivery: chosen.index(delivery.id))

    async def last_event_id(self) -> int:
        """Return the id of the newest event of all; 0 where there is none."""
        found = (await self._tx.execute(select(func.max(user_events.c.id)))).scalar()
        return int(found or 0)
