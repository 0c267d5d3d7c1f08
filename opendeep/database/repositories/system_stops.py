"""What keeps everybody from dialling: the stop switch, and trunks that fail."""

from datetime import datetime

from sqlalchemy import delete, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from opendeep.common.data_models import CallStatus, CampaignStatus, TaskStatus
from opendeep.common.ids import CallId
from opendeep.database.models import DialStop
from opendeep.database.stop_tables import dial_stops
from opendeep.database.tables import LIVE_STATUSES, calls, campaigns, tasks
from opendeep.database.transaction import Transaction

_COLUMNS = [dial_stops.c[name] for name in DialStop.model_fields]
_RINGING = (CallStatus.INITIATING, CallStatus.ORIGINATING, CallStatus.RINGING)
SWITCH = "switch"
"""The name of the stop that an operator sets; trunks have theirs as ``trunk:<name>``."""


class SystemStops:
    """Reasons not to dial anything, for all users."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    async def active(self, now: datetime) -> list[DialStop]:
        """Return what holds now, longest standing first."""
        holds = or_(dial_stops.c.until.is_(None), dial_stops.c.until > now)
        statement = select(*_COLUMNS).where(holds).order_by(dial_stops.c.created_at)
        found = await self._tx.execute(statement)
        return [DialStop.model_validate(dict(row)) for row in found.mappings()]

    async def find(self, name: str) -> DialStop | None:
        """Return a stop, also one whose time is over."""
        found = await self._tx.execute(select(*_COLUMNS).where(dial_stops.c.name == name))
        row = found.mappings().first()
        return None if row is None else DialStop.model_validate(dict(row))

    async def put(
        self, name: str, reason: str, *, until: datetime | None = None, failures: int = 0
    ) -> None:
        """Set a stop, in the place of one of the same name."""
        dialect = postgresql if self._tx.dialect == "postgresql" else sqlite
        values = {
            "reason": reason,
            "until": until,
            "failures": failures,
            "created_at": self._tx.now(),
        }
        statement = dialect.insert(dial_stops).values(name=name, **values)
        await self._tx.execute(
            statement.on_conflict_do_update(index_elements=["name"], set_=values)
        )

    async def lift(self, name: str) -> bool:
        """Take a stop away; tell whether there was one."""
        gone = await self._tx.execute(delete(dial_stops).where(dial_stops.c.name == name))
        return gone.rowcount > 0

    async def unwanted_calls(self, *, everything: bool) -> list[CallId]:
        """Return the live calls that nobody wants any more.

        Those are the calls of cancelled tasks and campaigns, and what was not answered yet of
        paused campaigns; all of them where everything stops.
        """
        not_answered = calls.c.status.in_(list(_RINGING))
        unwanted = or_(
            tasks.c.status == TaskStatus.CANCELLED,
            campaigns.c.status == CampaignStatus.CANCELLED,
            (campaigns.c.status == CampaignStatus.PAUSED) & not_answered,
        )
        joined = calls.join(tasks, tasks.c.id == calls.c.task_id)
        joined = joined.outerjoin(campaigns, campaigns.c.id == tasks.c.campaign_id)
        statement = (
            select(calls.c.id)
            .select_from(joined)
            .where(calls.c.status.in_(list(LIVE_STATUSES)))
            .order_by(calls.c.created_at)
        )
        found = await self._tx.execute(statement if everything else statement.where(unwanted))
        return [CallId(call_id) for call_id in found.scalars()]
