"""What a run of days came to: is any task forgotten, was any rule of the rows broken?"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import text

from benchmarks.days_rig.rules_of_rows import violations
from benchmarks.days_rig.world import World
from opendeep.common.data_models import CampaignStatus, FeedbackStatus, TaskStatus
from opendeep.database.models import FeedbackRequest, Task
from opendeep.database.repositories import Campaigns, FeedbackRequests, Tasks
from opendeep.task_manager.oversight_rules import ANSWER_AWAITED, HELD_QUIETLY
from opendeep.task_manager.oversight_view import HELD_BY_USER

_PATIENCE: Final = timedelta(days=2)


def forgotten(  # noqa: PLR0911 - one line a reason
    task: Task, asked: Sequence[FeedbackRequest], now: datetime, since: datetime
) -> str | None:
    """Return why a task will not go on by itself or by somebody who was asked; None if it will.

    Two days are allowed for nights, Sundays, outages and the overseer's turn, from when the task
    or its campaign last changed: while a campaign is paused nothing of it is due.
    """
    status, due = task.status, task.next_action_time
    unchanged = now - max(task.updated_at, since)
    if status.is_final:
        return None
    if status is TaskStatus.AWAITING_USER:
        if unchanged > ANSWER_AWAITED + _PATIENCE:
            return "nobody closed a question that was not answered"
        return None if asked or unchanged < _PATIENCE else "waits for nobody"
    if status in {
        TaskStatus.QUEUED_FOR_CALL,
        TaskStatus.IN_PROGRESS,
        TaskStatus.AWAITING_ANALYSIS,
    }:
        return None if unchanged < _PATIENCE else "stuck in the hands of a service"
    if due is None and asked:
        return (
            None if unchanged < ANSWER_AWAITED + _PATIENCE else "on hold with a question for ever"
        )
    if due is None and task.status_reason == HELD_BY_USER:
        return None  # Its user ends that.
    if due is None:
        return None if unchanged < HELD_QUIETLY + _PATIENCE else "on hold for ever"
    if task.current_attempt_count >= task.max_attempts and unchanged > _PATIENCE:
        return "no attempt is left"
    return None if now - max(due, since) < _PATIENCE else "overdue"


async def look_for_forgotten(world: World) -> list[str]:
    """Look at every task of every user but those of campaigns that their user paused."""
    found = []
    for user_id in world.users:
        async with world.rows.transaction() as tx:
            cursor: str | None = None
            while True:
                page = await Tasks(tx, user_id).list(limit=200, cursor=cursor)
                campaigns = {one.id: one for one in (await Campaigns(tx, user_id).list()).items}
                for task in page.items:
                    requests = FeedbackRequests(tx, user_id)
                    asked = await requests.list(FeedbackStatus.PENDING, task_id=task.id)
                    assert task.campaign_id is not None  # noqa: S101 - each task here has one
                    campaign = campaigns[task.campaign_id]
                    why = forgotten(task, asked.items, tx.now(), campaign.updated_at)
                    if why is not None and campaign.status is not CampaignStatus.PAUSED:
                        found.append(f"{task.id} ({task.status.value}): {why}")
                cursor = page.next_cursor
                if cursor is None:
                    break
    return found


async def verdict(world: World, forgotten_tasks: Sequence[str]) -> dict[str, Any]:
    """Put the run's figures together."""
    async with world.rows.transaction() as tx:
        states = dict(
            (await tx.execute(text("SELECT status, count(*) FROM tasks GROUP BY 1"))).all()
        )
        days = (await tx.execute(text("SELECT tokens FROM model_usage"))).scalars().all()
        actions = Counter(
            dict(
                (await tx.execute(text("SELECT kind, count(*) FROM task_actions GROUP BY 1"))).all()
            )
        )
        writes = (await tx.execute(text("SELECT sum(version) FROM tasks"))).scalar()
    broken = await violations(world.rows)
    over = [tokens for tokens in days if tokens > world.size.tokens_per_day]
    return {
        "days": world.size.days,
        "users": world.size.users,
        "tasks": sum(states.values()),
        "calls": world.counted["calls"],
        "task_writes": writes,
        "states": states,
        "oversight": dict(actions),
        "people": {name: count for name, count in sorted(world.counted.items()) if name != "calls"},
        "outages": world.outages.counted,
        "forgotten": len(forgotten_tasks),
        "violations": len(broken),
        "tokens_most_in_a_day": max(days, default=0),
        "tokens_allowed_in_a_day": world.size.tokens_per_day,
        "days_over_tokens": len(over),
        "examples": [*forgotten_tasks[:5], *broken[:5]],
    }
