"""The statements that claim: whose turn is it, and take the most urgent of what is theirs.

A *lane* is the tasks of one campaign, or those of one user that belong to no campaign. Nothing here
sorts or counts tasks: whether a lane has anything due, what its most urgent priority is, and its
next few tasks, are each one look into a partial index. So a claim costs the same with ten thousand
waiting rows as with a million, and a paused campaign costs nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    FromClause,
    Integer,
    Select,
    Update,
    and_,
    bindparam,
    func,
    literal_column,
    null,
    or_,
    select,
    true,
    type_coerce,
    union_all,
    update,
)
from sqlalchemy.types import NullType

from opendeep.common.data_models import CampaignStatus, TaskStatus
from opendeep.common.ids import CampaignId, TaskId, UserId
from opendeep.database.due import waiting
from opendeep.database.tables import campaigns, tasks, users

_PRIORITIES = range(10)
_BUSY = (TaskStatus.QUEUED_FOR_CALL, TaskStatus.IN_PROGRESS)
_RAW = NullType()
"""For instants that are only compared and handed back: a row may hold one that cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskClaim:
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
    def turn(self) -> tuple[int, str]:
        """Sort users: who has the least under way, then who was not served for longest."""
        return self.busy, self.last_claim

    @property
    def urgency(self) -> tuple[int, str, int]:
        """Sort lanes of one user, and users who are even: most urgent first."""
        priority = len(_PRIORITIES) if self.priority is None else self.priority
        return priority, str(self.head or ""), self.campaign_id or 0


def lane_of(row: Any, *, per_user: int | None) -> Lane | None:
    """Read a row of :func:`due_lanes`; None for a user who has as much as one user may have."""
    busy = int(row["busy"])
    if per_user is not None and busy >= per_user:
        return None
    priority = None if row["head"] is None else int(row["priority"])
    campaign_id = row["campaign_id"]
    return Lane(
        user_id=UserId(row["user_id"]),
        campaign_id=None if campaign_id is None else CampaignId(campaign_id),
        priority=priority,
        head=row["head"],
        busy=busy,
        last_claim="" if row["last_claim_at"] is None else row["last_claim_at"].isoformat(),
    )


def due_lanes(now: datetime, *, most_busy: int) -> Select[Any]:
    """Select each lane that has something due, with a row for each of its priorities.

    Args:
        now: what is due until when.
        most_busy: further than this nobody's tasks are counted.
    """
    each = union_all(_campaigns_due(now), _users_due(now)).subquery("each_lane")
    counted = (
        select(literal_column("1"))
        .where(tasks.c.user_id == each.c.user_id, tasks.c.status.in_(_BUSY))
        .correlate(each)
        .limit(most_busy)
        .subquery("counted")
    )
    busy = select(func.count()).select_from(counted).scalar_subquery().label("busy")
    # The last priority's row stands for the lane even without a head: see Lane.priority.
    last = each.c.priority == literal_column(str(_PRIORITIES[-1]))
    return select(each, busy).where(or_(each.c.head.is_not(None), last))


def head_of(lane: Lane, now: datetime) -> Select[Any]:
    """Select when the first of what is left in a lane became due."""
    return (
        select(type_coerce(tasks.c.next_action_time, _RAW))
        .where(_wanted(lane, now))
        .order_by(tasks.c.next_action_time)
        .limit(1)
    )


def take(lane: Lane, *, now: datetime, until: Any, limit: int) -> Update:
    """Claim the first due tasks of a lane; claimers beside this one skip each other's rows.

    Args:
        lane: of whom.
        now: what is due until when.
        until: what became due later than this is left; None for no bound.
        limit: how many at most.
    """
    wanted = _wanted(lane, now)
    if until is not None:
        bound = bindparam("until", until, type_=_RAW)
        wanted = and_(wanted, type_coerce(tasks.c.next_action_time, _RAW) <= bound)
    chosen: CTE = (
        select(tasks.c.id)
        .where(wanted)
        .order_by(tasks.c.next_action_time, tasks.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("chosen")
    )
    return update(tasks).where(tasks.c.id.in_(select(chosen.c.id)))


def ordered(claims: Iterable[Any]) -> list[TaskClaim]:
    """Read what :func:`take` returned, in the order of becoming due."""
    rows = sorted(claims, key=lambda row: (str(row["due"] or ""), row["id"]))
    return [
        TaskClaim(task_id=TaskId(row["id"]), user_id=UserId(row["user_id"]), token=row["token"])
        for row in rows
    ]


RETURNED = (
    tasks.c.id,
    tasks.c.user_id,
    tasks.c.claim_token.label("token"),
    type_coerce(tasks.c.next_action_time, _RAW).label("due"),
)


def _wanted(lane: Lane, now: datetime) -> ColumnElement[bool]:
    mine = (
        tasks.c.campaign_id.is_(None)
        if lane.campaign_id is None
        else tasks.c.campaign_id == lane.campaign_id
    )
    wanted = and_(tasks.c.user_id == lane.user_id, mine, waiting(), tasks.c.next_action_time <= now)
    return wanted if lane.priority is None else and_(wanted, tasks.c.priority == lane.priority)


def _campaigns_due(now: datetime) -> Select[Any]:
    mine = and_(tasks.c.user_id == campaigns.c.user_id, tasks.c.campaign_id == campaigns.c.id)
    source = campaigns.join(users, users.c.id == campaigns.c.user_id)
    statement = _heads(mine, now, campaigns.c.user_id, campaigns.c.id, source)
    return statement.where(campaigns.c.status == CampaignStatus.ACTIVE)


def _users_due(now: datetime) -> Select[Any]:
    mine = and_(tasks.c.user_id == users.c.id, tasks.c.campaign_id.is_(None))
    return _heads(mine, now, users.c.id, type_coerce(null(), Integer), users)


def _heads(
    mine: ColumnElement[bool],
    now: datetime,
    user_id: ColumnElement[Any],
    campaign_id: ColumnElement[Any],
    source: FromClause,
) -> Select[Any]:
    """Select a row for each priority of each lane of ``source`` that has something due."""
    rows: list[Select[Any]] = [
        select(literal_column(str(number)).label("priority")) for number in _PRIORITIES
    ]
    priorities = union_all(*rows).subquery("priorities")
    is_due = and_(mine, waiting(), tasks.c.next_action_time <= now)
    anything = select(tasks.c.id).where(is_due).correlate_except(tasks).exists()
    head = (
        select(type_coerce(tasks.c.next_action_time, _RAW))
        .where(is_due, tasks.c.priority == priorities.c.priority)
        .order_by(tasks.c.next_action_time)
        .limit(1)
        .correlate_except(tasks)
        .scalar_subquery()
    )
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
