"""What a user may do about whom outcomes are told to: add, list, remove, send again."""

import secrets
from datetime import timedelta

from opendeep.common.errors import ConflictError, InvalidInputError
from opendeep.common.ids import UserId
from opendeep.database.engine import Database
from opendeep.database.models import Delivery, NotificationTarget, TargetKind
from opendeep.database.repositories import (
    AuditLog,
    Deliveries,
    NotificationTargets,
    SystemNotifications,
)
from opendeep.follow_up_service.mail_sender import address_fault
from opendeep.follow_up_service.webhook_client import WebhookClient

TARGETS_MOST = 10
KEPT_FOR = timedelta(hours=24)


class Notifications:
    """Targets are judged when they are saved, and again whenever something is sent.

    Args:
        mails: whether this installation has a mail server.
    """

    def __init__(self, database: Database, client: WebhookClient, *, mails: bool) -> None:
        self._database = database
        self._client = client
        self._mails = mails

    async def add(self, user_id: UserId, kind: TargetKind, address: str, /) -> NotificationTarget:
        """Add a target; a webhook's secret is in the answer, and nowhere else later.

        Raises:
            InvalidInputError: the address is refused, or there is no mail server.
            ConflictError: the user has it already, or has ten.
        """
        address = address.strip()
        await self._judge(kind, address)
        secret = secrets.token_urlsafe(32) if kind == "webhook" else None
        async with self._database.transaction() as tx:
            targets = NotificationTargets(tx, user_id)
            if len((await targets.list()).items) >= TARGETS_MOST:
                raise ConflictError(f"There are {TARGETS_MOST} already: remove one first.")
            seen = await SystemNotifications(tx).last_event_id()
            added = await targets.add(kind, address, secret=secret, last_event_id=seen)
            await AuditLog(tx, user_id).append("notification_target_added", {"id": added.id})
        return added

    async def _judge(self, kind: TargetKind, address: str) -> None:
        if kind == "webhook":
            fault = await self._client.check(address)
        elif not self._mails:
            fault = "This installation has no mail server: see SMTP_HOST."
        else:
            fault = address_fault(address)
        if fault is not None:
            raise InvalidInputError(fault, code="address_refused")

    async def remove(self, user_id: UserId, target_id: int, /) -> None:
        """Forget a target and what was to be sent to it.

        Raises:
            NotFoundError: no such target of this user.
        """
        async with self._database.transaction() as tx:
            await NotificationTargets(tx, user_id).remove(target_id)
            await AuditLog(tx, user_id).append("notification_target_removed", {"id": target_id})

    async def send_again(self, user_id: UserId, delivery_id: int, /) -> Delivery:
        """Take a dead message up again, for another day.

        Raises:
            NotFoundError: no such message of this user.
            ConflictError: it is not dead.
        """
        async with self._database.transaction() as tx:
            return await Deliveries(tx, user_id).send_again(
                delivery_id, expires_at=tx.now() + KEPT_FOR
            )
