"""The overseer of all tasks: observe, orient, decide, act; only by guarded updates of rows.

A task that stays too long in the hands of a service is found, and moved or explained; never one
whose call is live or that an analyzer holds. A campaign whose tasks are all final is finished.
What waits is overseen user by user (:mod:`~opendeep.task_manager.oversight`). An update carries
the version that was read, so whoever acted meanwhile wins.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import assert_never

import structlog

from opendeep.common.clock import Clock
from opendeep.common.data_models import CampaignStatus, TaskStatus
from opendeep.common.errors import ConflictError
from opendeep.common.event_bus import EventBus
from opendeep.common.ids import UserId
from opendeep.common.messages import WAKEUPS, Wakeup
from opendeep.common.wake_loop import WakeLoop
from opendeep.database.engine import Database
from opendeep.database.models import Call, Campaign, Task
from opendeep.database.repositories import Calls, Campaigns, SystemTasks, SystemUsers, Tasks
from opendeep.database.transaction import Transaction
from opendeep.llm_integrations.text_model import TextModel
from opendeep.task_manager.oversight import Oversight, OversightConfig
from opendeep.task_manager.task_states import TaskInput, sources_of, target_of

log = structlog.get_logger(__name__)

_CLAIM_LOST = "It waited in the queue and no call was started; it is due again."
_CALL_LOST = "The call ended without a report; what came of it is being looked at."
_NO_CALL = "No call of this attempt can be found; its result is unknown."
_ANALYSIS_LOST = "The last call was analysed, but its result was not applied."
_ANALYSIS_WAITS = "The call is over; its analysis waits until the text model is available."


@dataclass(frozen=True, slots=True, kw_only=True)
class LifecycleConfig:
    """How the overseer looks.

    Attributes:
        stuck_seconds: how long a service may hold a task without a change before it is looked at.
        look_seconds: how long a user's tasks are left alone after they were looked at.
        users_at_once: how many users are looked at in one round, whose turn is longest ago first.
    """

    stuck_seconds: float = 1200.0
    poll_seconds: float = 15.0
    look_seconds: float = 120.0
    users_at_once: int = 50
    oversight: OversightConfig = field(default_factory=OversightConfig)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescue:
    """What to do about a stuck task; ``happening`` None only explains."""

    happening: TaskInput | None
    reason: str


class TaskLifecycleManagerService:
    """Finds stuck tasks and finished campaigns, and oversees what waits, one user at a time.

    Args:
        model: proposes changes within bounds; None for the rules alone.
    """

    def __init__(
        self,
        *,
        database: Database,
        bus: EventBus,
        clock: Clock,
        model: TextModel | None = None,
        config: LifecycleConfig | None = None,
    ) -> None:
        self._config = config or LifecycleConfig()
        self._database = database
        self._clock = clock
        self._oversight = Oversight(database, clock, model, self._config.oversight)
        self._looked_at: dict[UserId, datetime] = {}
        self._loop = WakeLoop(bus, works={"campaigns"}, poll_seconds=self._config.poll_seconds)

    @property
    def name(self) -> str:
        """The service's name."""
        return "task_lifecycle_manager"

    async def run(self) -> None:
        """Oversee until :meth:`stop`.

        Raises:
            UnavailableError: the database or the bus is away; the supervisor starts it again.
        """
        await self._loop.run(self.oversee_once)

    def stop(self) -> None:
        """Ask :meth:`run` to return."""
        self._loop.stop()

    async def oversee_once(self) -> None:
        """Look at everything once.

        Raises:
            UnavailableError: the database is away.
        """
        now = self._clock.now()
        async with self._database.transaction() as tx:
            before = now - timedelta(seconds=self._config.stuck_seconds)
            stuck = await SystemTasks(tx).stuck(before=before)
            users = await SystemUsers(tx).list()
        for task in stuck:
            await self._rescue(task, now)
        for user in users:
            await self._finish_campaigns(user.id)
        for user_id in self._whose_turn([user.id for user in users], now):
            self._looked_at[user_id] = now
            await self._oversight.oversee(user_id)

    def _whose_turn(self, users: list[UserId], now: datetime) -> list[UserId]:
        """Return the users to look at now, who waits longest first."""
        long_ago = now - timedelta(seconds=self._config.look_seconds)
        waiting = [
            (self._looked_at[user_id], user_id) if user_id in self._looked_at else (None, user_id)
            for user_id in users
            if user_id not in self._looked_at or self._looked_at[user_id] <= long_ago
        ]
        waiting.sort(key=lambda one: (one[0] is not None, one[0] or now, one[1]))
        return [user_id for _, user_id in waiting[: self._config.users_at_once]]

    async def _rescue(self, task: Task, now: datetime) -> None:
        try:
            async with self._database.transaction() as tx:
                calls = await Calls(tx, task.user_id).for_task(task.id)
                rescue = judge_stuck(task, calls, now)
                if rescue is not None:
                    await _apply(tx, task, rescue)
        except ConflictError:
            return  # Somebody acted meanwhile: it is not stuck.
        if rescue is not None:
            log.warning("stuck_task_found", task_id=task.id, state=task.status.value)

    async def _finish_campaigns(self, user_id: UserId) -> None:
        cursor: str | None = None
        while True:
            async with self._database.transaction() as tx:
                page = await Campaigns(tx, user_id).list(
                    status=CampaignStatus.ACTIVE, cursor=cursor
                )
                for campaign in page.items:
                    await _finish_if_done(tx, campaign)
            cursor = page.next_cursor
            if cursor is None:
                return


def judge_stuck(task: Task, calls: list[Call], now: datetime) -> Rescue | None:
    """Decide about a task that nobody changed for long; None leaves it alone.

    Args:
        task: in the hands of a service.
        calls: its attempts, the latest last.
        now: the present instant.
    """
    last = calls[-1] if calls else None
    if last is not None and last.status.is_live:
        return None
    if task.status is TaskStatus.QUEUED_FOR_CALL:
        held = task.claim_expires_at is not None and task.claim_expires_at > now
        return None if held else Rescue(happening=TaskInput.GIVE_BACK, reason=_CLAIM_LOST)
    if last is None:
        return Rescue(happening=TaskInput.EXPIRE_ANALYSIS, reason=_NO_CALL)
    match last.analysis_status:
        case "done":
            return Rescue(happening=TaskInput.EXPIRE_ANALYSIS, reason=_ANALYSIS_LOST)
        case "claimed" if (last.analysis_expires_at or now) > now:
            return None
        case "none" | "claimed" | "deferred":
            return _without_analysis(task)
        case _:
            assert_never(last.analysis_status)


def _without_analysis(task: Task) -> Rescue | None:
    if task.status is TaskStatus.IN_PROGRESS:
        return Rescue(happening=TaskInput.EXPIRE_CALL, reason=_CALL_LOST)
    if task.status_reason == _ANALYSIS_WAITS:
        return None
    return Rescue(happening=None, reason=_ANALYSIS_WAITS)


async def _apply(tx: Transaction, task: Task, rescue: Rescue) -> None:
    tasks = Tasks(tx, task.user_id)
    if rescue.happening is TaskInput.GIVE_BACK:
        await tasks.give_back(task.id, claim_token=task.claim_token, reason=rescue.reason)
        tx.publish(WAKEUPS, Wakeup(work="due_tasks"))
        return
    if rescue.happening is None:
        expected, status = {task.status}, None
    else:
        expected, status = {*sources_of(rescue.happening)}, target_of(rescue.happening)
    await tasks.change(
        task.id,
        expected=expected,
        status=status,
        expected_version=task.version,
        status_reason=rescue.reason,
    )
    tx.publish(WAKEUPS, Wakeup(work="calls_to_analyse"))


async def _finish_if_done(tx: Transaction, campaign: Campaign) -> None:
    campaigns = Campaigns(tx, campaign.user_id)
    counts = await campaigns.counts(campaign.id)
    if not counts or not all(TaskStatus(status).is_final for status in counts):
        return
    await campaigns.set_status(
        campaign.id, CampaignStatus.FINISHED, expected={CampaignStatus.ACTIVE}
    )
    tx.publish(WAKEUPS, Wakeup(work="campaigns"))
    log.info("campaign_finished", campaign_id=campaign.id)
