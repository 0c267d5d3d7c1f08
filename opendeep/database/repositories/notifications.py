"""Whom outcomes are told to, and each message until it is delivered or dead."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from opendeep.common.errors import ConflictError, NotFoundError
from opendeep.common.ids import TaskId
from opendeep.database.models import (
    Delivery,
    DeliveryStatus,
    NotificationTarget,
    Page,
    TargetKind,
)
from opendeep.database.oversight_tables import notification_deliveries as deliveries
from opendeep.database.oversight_tables import notification_targets as targets
from opendeep.database.scopes import PAGE_LIMIT, ScopedRepository


class NotificationTargets(ScopedRepository):
    """One user's webhooks and e-mail addresses."""

    async def add(
        self, kind: TargetKind, address: str, *, secret: str | None, last_event_id: int
    ) -> NotificationTarget:
        """Add a target, which hears of what happens after ``last_event_id``.

        Raises:
            ConflictError: the user has it already.
        """
        values = {
            "kind": kind,
            "address": address,
            "secret": secret,
            "last_event_id": last_event_id,
        }
        return await self._scope.insert(targets, NotificationTarget, values)

    async def get(self, target_id: int) -> NotificationTarget:
        """Return a target.

        Raises:
            NotFoundError: the user has no such target.
        """
        query = self._scope.select(targets, NotificationTarget).where(targets.c.id == target_id)
        found = await query.first()
        if found is None:
            raise NotFoundError("notification target", target_id)
        return found

    async def list(
        self, *, limit: int = PAGE_LIMIT, cursor: str | None = None
    ) -> Page[NotificationTarget]:
        """Return targets, oldest first."""
        query = self._scope.select(targets, NotificationTarget)
        return await query.page(targets.c.id, limit=limit, cursor=cursor)

    async def remove(self, target_id: int) -> None:
        """Forget a target and whatever was to be sent to it.

        Raises:
            NotFoundError: the user has no such target.
        """
        await self._scope.delete(deliveries).where(deliveries.c.target_id == target_id)
        if not await self._scope.delete(targets).where(targets.c.id == target_id):
            raise NotFoundError("notification target", target_id)

    async def look_after(self, target_id: int, *, seen: int, until: int) -> None:
        """Note that the events up to ``until`` were looked at.

        Raises:
            NotFoundError: the user has no such target.
            ConflictError: somebody else looked meanwhile: what this transaction made is theirs.
        """
        change = self._scope.update(targets, NotificationTarget).where(
            targets.c.id == target_id, targets.c.last_event_id == seen
        )
        if await change.set({"last_event_id": until}) is None:
            await self.get(target_id)
            raise ConflictError("Somebody else looked at these events.")


class Deliveries(ScopedRepository):
    """One user's messages to targets."""

    async def add(
        self,
        target: NotificationTarget,
        task_id: TaskId,
        *,
        task_version: int,
        message_id: str,
        event: str,
        payload: Mapping[str, Any],
        expires_at: datetime,
    ) -> Delivery | None:
        """Queue a message; None where this version of the task was told to the target before."""
        values = {
            "target_id": target.id,
            "task_id": task_id,
            "task_version": task_version,
            "message_id": message_id,
            "event": event,
            "payload": dict(payload),
            "next_attempt_at": self._scope.now(),
            "expires_at": expires_at,
        }
        unique = ["target_id", "task_id", "task_version"]
        return await self._scope.insert_missing(deliveries, Delivery, values, unique=unique)

    async def last_of(self, target_id: int, task_id: TaskId) -> Delivery | None:
        """Return the latest message about a task to a target, if there is one."""
        query = self._scope.select(deliveries, Delivery).where(
            deliveries.c.target_id == target_id, deliveries.c.task_id == task_id
        )
        return await query.order_by(deliveries.c.id.desc()).first()

    async def list(
        self,
        status: DeliveryStatus | None = None,
        *,
        limit: int = PAGE_LIMIT,
        cursor: str | None = None,
    ) -> Page[Delivery]:
        """Return messages, newest first."""
        query = self._scope.select(deliveries, Delivery)
        if status is not None:
            query = query.where(deliveries.c.status == status)
        return await query.page(deliveries.c.id, limit=limit, cursor=cursor, newest=True)

    async def note(
        self,
        delivery: Delivery,
        status: DeliveryStatus,
        *,
        error: str | None,
        next_attempt_at: datetime,
    ) -> bool:
        """Write down how an attempt went; False where somebody else closed the message before."""
        change = self._scope.update(deliveries, Delivery).where(
            deliveries.c.id == delivery.id, deliveries.c.status == "pending"
        )
        noted = await change.set(
            {
                "status": status,
                "last_error": error,
                "next_attempt_at": next_attempt_at,
                "updated_at": self._scope.now(),
            }
        )
        return noted is not None

    async def send_again(self, delivery_id: int, *, expires_at: datetime) -> Delivery:
        """Take a dead message up again.

        Raises:
            NotFoundError: the user has no such message.
            ConflictError: it is not dead.
        """
        change = self._scope.update(deliveries, Delivery).where(
            deliveries.c.id == delivery_id, deliveries.c.status == "dead"
        )
        now = self._scope.now()
        values = {"status": "pending", "attempts": 0, "next_attempt_at": now, "updated_at": now}
        taken = await change.set({**values, "expires_at": expires_at})
        if taken is not None:
            return taken
        query = self._scope.select(deliveries, Delivery).where(deliveries.c.id == delivery_id)
        if await query.first() is None:
            raise NotFoundError("delivery", delivery_id)
        raise ConflictError("Only a message that could not be delivered is sent again.")
