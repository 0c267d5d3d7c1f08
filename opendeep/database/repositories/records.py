"""Small append-only tables: idempotency keys, the user's events, the audit log."""

from typing import Any

from sqlalchemy import func

from opendeep.common.data_models import Frozen
from opendeep.common.errors import ConflictError
from opendeep.common.ids import CampaignId
from opendeep.database.models import AuditEntry, Page, UserEvent
from opendeep.database.scopes import PAGE_LIMIT, ScopedRepository
from opendeep.database.tables import audit_log, idempotency_keys, user_events


class _Key(Frozen):
    plan_hash: str
    campaign_id: CampaignId


class IdempotencyKeys(ScopedRepository):
    """One user's keys of confirmed plans: the same key never makes a second campaign."""

    async def find(self, key: str) -> tuple[str, CampaignId] | None:
        """Return the plan's hash and the campaign that this key made, if any."""
        query = self._scope.select(idempotency_keys, _Key)
        found = await query.where(idempotency_keys.c.key == key).first()
        return None if found is None else (found.plan_hash, found.campaign_id)

    async def store(self, key: str, plan_hash: str, campaign_id: CampaignId) -> None:
        """Bind a key to a campaign, in the transaction that creates the campaign.

        Raises:
            ConflictError: the key is bound already: somebody confirmed at the same moment. Roll
                back, then :meth:`find` what they made.
        """
        values = {"key": key, "plan_hash": plan_hash, "campaign_id": campaign_id}
        unique = ["user_id", "key"]
        if await self._scope.insert_missing(idempotency_keys, _Key, values, unique=unique) is None:
            raise ConflictError("This key was used already.", code="idempotency_key_used")


class UserEvents(ScopedRepository):
    """What one user's pages are told; replayed by id."""

    async def append(
        self, event: str, *, subject_id: object, data: dict[str, Any] | None = None
    ) -> None:
        """Store an event when the transaction commits, and say so on the user's channel.

        Args:
            event: its type, for example ``task_changed``.
            subject_id: the id of the object that it is about.
            data: what the page needs; None means that it is read by ``subject_id``.
        """
        self._scope.tell(event, subject_id=subject_id, data=data)

    async def after(self, event_id: int, limit: int = 500) -> list[UserEvent]:
        """Return events younger than ``event_id``, oldest first."""
        query = self._scope.select(user_events, UserEvent)
        query = query.where(user_events.c.id > event_id)
        return await query.order_by(user_events.c.id).limit(limit).all()

    async def last_id(self) -> int:
        """Return the youngest event's id; 0 where there is none."""
        return await self._scope.values(user_events, func.max(user_events.c.id)).value() or 0


class AuditLog(ScopedRepository):
    """Who did what."""

    async def append(self, action: str, detail: dict[str, Any] | None = None) -> AuditEntry:
        """Add an entry."""
        values = {"action": action, "detail": detail or {}}
        return await self._scope.insert(audit_log, AuditEntry, values)

    async def of_action(self, *actions: str, limit: int = 200) -> list[AuditEntry]:
        """Return the latest entries of these actions, latest first."""
        query = self._scope.select(audit_log, AuditEntry)
        found = query.where(audit_log.c.action.in_(list(actions)))
        return await found.order_by(audit_log.c.id.desc()).limit(limit).all()

    async def list(
        self, *actions: str, limit: int = PAGE_LIMIT, cursor: str | None = None
    ) -> Page[AuditEntry]:
        """Return entries of these actions, newest first."""
        query = self._scope.select(audit_log, AuditEntry)
        found = query.where(audit_log.c.action.in_(actions))
        return await found.page(audit_log.c.id, limit=limit, cursor=cursor, newest=True)
