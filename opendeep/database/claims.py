"""The statements that claim: whose turn is it, and take the most urgent of what is theirs.

A *lane* is the tasks of one campaign, or those of one user that belong to no campaign. Nothing here
sorts or counts tasks: whether a lane has anything due, what its most urgent priority is, and its
next few tasks, are each one look into a partial index. So a claim costs the same with ten thousand
waiting rows as with a million, and a paused campaign costs nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Integer,
    Select,
    Text,
    and_,
    bindparam,
    func,
    literal_column,
    null,
    or_,
    select,
    text,
    true,
    tuple_,
    type_coerce,
    union_all,
    update,
)
from sqlalchemy.types import NullType

from opendeep.common.data_models import CampaignStatus, TaskStatus
from opendeep.common.ids import CampaignId, TaskId, UserId
from opendeep.database.column_types import ROW_ID, UtcDateTime
from opendeep.database.due import waiting
from opendeep.database.table_parts import is_in
from opendeep.database.tables import campaigns, tasks, users
from opendeep.database.transaction import Transaction
from opendeep.database.written import Written

Parameters = Mapping[str, Any]

_PRIORITIES = range(10)
_IS_BUSY = "tasks." + is_in("status", (TaskStatus.QUEUED_FOR_CALL, TaskStatus.IN_PROGRESS))
_RAW = NullType()
"""For instants that are only compared and handed back: a row may hold one that cannot be read."""


_NOW = bindparam("now", type_=UtcDateTime)
_MOST = bindparam("most", type_=Integer)


class TaskClaim(NamedTuple):
    """A claimed task, by its fence: whoever writes with an older ``token`` is refused."""

    task_id: TaskId
    user_id: UserId
    token: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """Due tasks of one campaign (None: of none) that share a priority.

    Attributes:
        priority: None where the rows hold none that can be read.
        head: when the first of them became due, as the database writes it.
    """

    user_id: UserId
    campaign_id: CampaignId | None
    priority: int | None
    head: Any
    busy: int = 0
    last_claim: str = ""

    @property
    def shape(self) -> tuple[bool, bool]:
        """Say which of the statements asks for it."""
        return self.campaign_id is not None, self.priority is not None

    @property
    def parameters(self) -> dict[str, Any]:
        """Return what tells it apart."""
        found = {"user": self.user_id, "lane": self.campaign_id, "priority_of": self.priority}
        return {name: value for name, value in found.items() if value is not None}

    @property
    def turn(self) -> tuple[int, str]:
        """Sort users: who has the least under way, then who was not served for longest."""
        return self.busy, self.last_claim

    @property
    def urgency(self) -> tuple[int, str, int]:
        """Sort lanes of one user, and users who are even: most urgent first."""
        priority = len(_PRIORITIES) if self.priority is None else self.priority
        return priority, str(self.head or ""), self.campaign_id or 0


def lane_of(row: tuple[Any, ...], *, per_user: int | None) -> Lane | None:
    """Read a row of :func:`due_lanes`; None for a user who has as much as one user may have."""
    user_id, campaign_id, last_claim_at, priority, head, *counted = row
    busy = sum(counted)
    if per_user is not None and busy >= per_user:
        return None
    return Lane(
        user_id=user_id,
        campaign_id=campaign_id,
        priority=None if head is None else priority,
        head=head,
        busy=busy,
        last_claim=str(last_claim_at or ""),
    )


def due_lanes(now: datetime, *, most_busy: int | None, dialect: str) -> tuple[Written, Parameters]:
    """Select each lane that has something due, with a row for each of its priorities.

    Args:
        now: what is due until when.
        most_busy: further than this nobody's tasks are counted; None counts nobody's.
        dialect: ``sqlite`` or ``postgresql``.
    """
    if most_busy is None:
        return _due_lanes(dialect, counts_busy=False), {"now": now}
    return _due_lanes(dialect, counts_busy=True), {"now": now, "most": most_busy}


def head_of(lane: Lane, now: datetime, *, dialect: str) -> tuple[Written, Parameters]:
    """Select when the first of what is left in a lane became due."""
    return _head_of(dialect, lane.shape), {**lane.parameters, "now": now}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """Who claims, when, and until when the claim holds."""

    now: datetime
    claimed_by: str
    expires_at: datetime


def take(
    lane: Lane, lease: Lease, *, until: Any, limit: int, dialect: str
) -> tuple[Written, Parameters]:
    """Claim the first due tasks of a lane; claimers beside this one skip each other's rows.

    Args:
        lane: of whom.
        lease: the claim.
        until: what became due later than this is left; None for no bound.
        limit: how many at most.
        dialect: ``sqlite`` or ``postgresql``.
    """
    bound = {} if until is None else {"until": until}
    claim = {"now": lease.now, "holder": lease.claimed_by, "expires": lease.expires_at}
    parameters = {**lane.parameters, **claim, **bound, "most": limit}
    return _take(dialect, lane.shape, until is not None), parameters


def ordered(claims: Iterable[Any]) -> list[TaskClaim]:
    """Read what :func:`take` returned, in the order of becoming due."""
    rows = sorted([(_moment(due), id_, user_id, token) for id_, user_id, token, due in claims])
    return [TaskClaim(task_id, user_id, token) for _, task_id, user_id, token in rows]


def _moment(due: Any) -> Any:
    """Return PostgreSQL's seconds as they are; what SQLite holds may be no text, by hand."""
    return due if isinstance(due, float) else str(due)


class LaneRows:
    """Claims from lanes, for :class:`~opendeep.database.deal.Deal`."""

    def __init__(self, tx: Transaction, lease: Lease) -> None:
        self._tx = tx
        self._lease = lease

    async def take(self, lane: Lane, until: Any, most: int) -> list[TaskClaim]:
        """See ``deal.Lanes``."""
        statement, parameters = take(
            lane, self._lease, until=until, limit=most, dialect=self._tx.dialect
        )
        return ordered(await self._tx.rows(statement, parameters))

    async def head(self, lane: Lane) -> Any:
        """See ``deal.Lanes``."""
        statement, parameters = head_of(lane, self._lease.now, dialect=self._tx.dialect)
        for (head,) in await self._tx.rows(statement, parameters):
            return head
        return None


@cache
def _due_lanes(dialect: str, *, counts_busy: bool) -> Written:
    lanes = union_all(_campaigns_due(dialect), _users_due(dialect)).cte("each_lane")
    # Or PostgreSQL plans and asks for each head twice: to show it, and to see that there is one.
    each = lanes.prefix_with("MATERIALIZED", dialect="postgresql")
    # The last priority's row stands for the lane even without a head: see Lane.priority.
    last = each.c.priority == literal_column(str(_PRIORITIES[-1]))
    found = select(each, *([_busy(each)] if counts_busy else [])).where(
        or_(each.c.head.is_not(None), last)
    )
    return Written(found, dialect)


def _busy(each: FromClause) -> ColumnElement[int]:
    counted = (
        select(literal_column("1"))
        .where(tasks.c.user_id == each.c.user_id, text(_IS_BUSY))
        .correlate(each)
        .limit(_MOST)
        .subquery("counted")
    )
    return select(func.count()).select_from(counted).scalar_subquery().label("busy")


@cache
def _head_of(dialect: str, shape: tuple[bool, bool]) -> Written:
    first = (
        select(type_coerce(tasks.c.next_action_time, _RAW))
        .where(_wanted(shape))
        .order_by(tasks.c.next_action_time, tasks.c.id)  # which is the one index's order
        .limit(1)
    )
    return Written(first, dialect)


@cache
def _take(dialect: str, shape: tuple[bool, bool], bounded: bool) -> Written:
    wanted = _wanted(shape)
    if bounded:
        bound = bindparam("until", type_=_RAW)
        wanted = and_(wanted, type_coerce(tasks.c.next_action_time, _RAW) <= bound)
    chosen = (
        select(tasks.c.id)
        .where(wanted)
        .order_by(tasks.c.next_action_time, tasks.c.id)
        .limit(_MOST)
        .with_for_update(skip_locked=True)
        .cte("chosen")
    )
    values = {
        "status": TaskStatus.QUEUED_FOR_CALL.value,
        "status_before_claim": tasks.c.status,
        "claimed_by": bindparam("holder", type_=Text),
        "claim_expires_at": bindparam("expires", type_=UtcDateTime),
        "claim_token": tasks.c.claim_token + 1,
        "version": tasks.c.version + 1,
        "updated_at": _NOW,
    }
    returned = (
        tasks.c.id,
        tasks.c.user_id,
        tasks.c.claim_token.label("token"),
        _due(dialect).label("due"),
    )
    claim = update(tasks).where(tasks.c.id.in_(select(chosen.c.id))).values(values)
    return Written(claim.returning(*returned), dialect)


def _due(dialect: str) -> ColumnElement[Any]:
    """Say when a task became due, to sort by: to read an instant takes psycopg ten microseconds."""
    if dialect == "postgresql":
        return func.date_part("epoch", tasks.c.next_action_time)
    return type_coerce(tasks.c.next_action_time, _RAW)


def _wanted(shape: tuple[bool, bool]) -> ColumnElement[bool]:
    of_campaign, has_priority = shape
    mine = (
        tasks.c.campaign_id == bindparam("lane", type_=ROW_ID)
        if of_campaign
        else tasks.c.campaign_id.is_(None)
    )
    user = tasks.c.user_id == bindparam("user", type_=ROW_ID)
    wanted = and_(user, mine, waiting(), tasks.c.next_action_time <= _NOW)
    if not has_priority:
        return wanted
    return and_(wanted, tasks.c.priority == bindparam("priority_of", type_=Integer))


def _campaigns_due(dialect: str) -> Select[Any]:
    mine = and_(tasks.c.user_id == campaigns.c.user_id, tasks.c.campaign_id == campaigns.c.id)
    source = campaigns.join(users, users.c.id == campaigns.c.user_id)
    statement = _heads(mine, campaigns.c.user_id, campaigns.c.id, source, dialect)
    return statement.where(campaigns.c.status == CampaignStatus.ACTIVE)


def _users_due(dialect: str) -> Select[Any]:
    mine = and_(tasks.c.user_id == users.c.id, tasks.c.campaign_id.is_(None))
    return _heads(mine, users.c.id, type_coerce(null(), Integer), users, dialect)


def _heads(
    mine: ColumnElement[bool],
    user_id: ColumnElement[Any],
    campaign_id: ColumnElement[Any],
    source: FromClause,
    dialect: str,
) -> Select[Any]:
    """Select a row for each priority of each lane of ``source`` that has something due.

    PostgreSQL would join ``EXISTS`` with all of the index, and look for a priority's head in the
    index that knows no priorities, since most rows share one: it is asked in the indexes' orders.
    """
    numbers: list[Select[Any]] = [
        select(literal_column(str(number)).label("priority")) for number in _PRIORITIES
    ]
    priorities = union_all(*numbers).subquery("priorities")
    if dialect == "postgresql":
        bounds: list[ColumnElement[int]] = [
            literal_column(str(_PRIORITIES[place])) for place in (0, -1)
        ]
        series = func.generate_series(*bounds)
        priorities = select(series.column_valued("priority")).subquery("priorities")
    is_due = and_(mine, waiting(), tasks.c.next_action_time <= _NOW)
    first = select(tasks.c.id).where(is_due).order_by(tasks.c.next_action_time).limit(1)
    anything = first.correlate_except(tasks).scalar_subquery().is_not(None)
    found = select(type_coerce(tasks.c.next_action_time, _RAW))
    if dialect == "postgresql":
        place = tuple_(tasks.c.priority, tasks.c.next_action_time)
        found = found.where(
            and_(mine, waiting(), tasks.c.priority >= priorities.c.priority),
            place <= tuple_(priorities.c.priority, _NOW),
        ).order_by(tasks.c.priority, tasks.c.next_action_time)
    else:
        found = found.where(is_due, tasks.c.priority == priorities.c.priority).order_by(
            tasks.c.next_action_time
        )
    head = found.limit(1).correlate_except(tasks).scalar_subquery()
    return (
        select(
            user_id.label("user_id"),
            campaign_id.label("campaign_id"),
            users.c.last_claim_at,
            priorities.c.priority,
            type_coerce(head, _RAW).label("head"),
        )
        .select_from(source.join(priorities, true()))
        .where(users.c.disabled_at.is_(None), anything)
    )
