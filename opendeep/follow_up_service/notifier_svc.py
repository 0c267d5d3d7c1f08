"""Tells users' targets of outcomes: at least once, in order for each task, for a day.

Two steps, each from rows. *Queue*: whoever changed a task left a user event; the task's state is
put into ``notification_deliveries`` once for each target and version, in the transaction that
moves the target's mark. *Send*: what is due is claimed under a lease, sent, and noted; a process
that dies in between leaves a message that comes again, with the same id.

==================  ============  ===================================================
Acquired            where         released
==================  ============  ===================================================
bus subscription    ``_loop``     when ``run`` ends
sending tasks       ``run``       the nursery, when ``run`` ends; leases bring them again
==================  ============  ===================================================
"""

import asyncio
import json
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import takewhile

import structlog

from opendeep.common.clock import Clock
from opendeep.common.errors import ConflictError, NotFoundError, UnavailableError
from opendeep.common.event_bus import EventBus
from opendeep.common.ids import TaskId, new_call_id
from opendeep.common.lifecycle import Nursery
from opendeep.common.wake_loop import MORE, WakeLoop
from opendeep.database.engine import Database
from opendeep.database.models import Delivery, DeliveryStatus, NotificationTarget
from opendeep.database.repositories import (
    Deliveries,
    NotificationTargets,
    SystemNotifications,
    Tasks,
    UserEvents,
)
from opendeep.database.transaction import Transaction
from opendeep.follow_up_service.mail_sender import MailSender
from opendeep.follow_up_service.notifications import KEPT_FOR
from opendeep.follow_up_service.outcome_message import EVENTS, is_same, mail_of, payload_of
from opendeep.follow_up_service.webhook_client import Signed, WebhookClient

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifierConfig:
    """How the notifier works.

    Attributes:
        lease_seconds: when a message whose sender died comes again; longer than a time-out.
        at_once: how many messages are under way.
        each_at_once: how many of them to one target, so that a slow receiver delays no other.
        settle_seconds: how long an event may still turn up behind a younger one: on PostgreSQL,
            ids are given before their transactions commit.
    """

    poll_seconds: float = 5.0
    lease_seconds: float = 60.0
    at_once: int = 16
    each_at_once: int = 4
    settle_seconds: float = 30.0
    targets_at_once: int = 100
    events_at_once: int = 500
    first_pause_seconds: float = 10.0
    longest_pause_seconds: float = 3600.0


class NotifierService:
    """Queues and sends, at wake-ups of outcomes and by itself.

    Args:
        mail: None where this installation has no mail server.
    """

    def __init__(
        self,
        *,
        database: Database,
        bus: EventBus,
        clock: Clock,
        client: WebhookClient,
        mail: MailSender | None,
        config: NotifierConfig | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._client = client
        self._mail = mail
        self._config = config or NotifierConfig()
        self._under_way: Counter[int] = Counter()
        self._loop = WakeLoop(bus, works={"campaigns"}, poll_seconds=self._config.poll_seconds)

    @property
    def name(self) -> str:
        """The service's name in logs and in ``/readyz``."""
        return "notifier"

    def stop(self) -> None:
        """Ask :meth:`run` to return soon."""
        self._loop.stop()

    async def run(self) -> None:
        """Queue and send until :meth:`stop`.

        Raises:
            UnavailableError: the database or the bus is away.
        """
        async with Nursery("notifier") as nursery:
            await self._loop.run(partial(self._start_due, nursery))

    async def _start_due(self, nursery: Nursery) -> bool:
        """Queue, and begin to send; True where there may be more at once."""
        queued = await self.queue()
        due = await self._claim()
        for delivery in due:
            nursery.start(self._deliver(delivery), name=f"deliver:{delivery.id}")
        return MORE if queued or due else not MORE

    async def queue(self) -> int:
        """Look at new events for every target; return how many messages were queued.

        Raises:
            UnavailableError: the database is away.
        """
        async with self._database.transaction() as tx:
            behind = await SystemNotifications(tx).behind(limit=self._config.targets_at_once)
        queued = 0
        for target in behind:
            try:
                async with self._database.transaction() as tx:
                    queued += await self._queue_for(tx, target)
            except (ConflictError, NotFoundError):
                continue  # Another process did it, or the user took the target away.
        return queued

    async def _queue_for(self, tx: Transaction, target: NotificationTarget) -> int:
        """Queue what new events tell of; move the mark over those behind which none can turn up.

        The others are looked at again: a message is queued once, however often.
        """
        changed, mark = await self._new_events(tx, target)
        queued = 0
        for task_id in changed:
            queued += await self._queue_task(tx, target, task_id)
        if mark != target.last_event_id:
            await NotificationTargets(tx, target.user_id).look_after(
                target.id, seen=target.last_event_id, until=mark
            )
        return queued

    async def _new_events(
        self, tx: Transaction, target: NotificationTarget
    ) -> tuple[list[TaskId], int]:
        """Return the tasks that changed, and the last event behind which none can turn up."""
        most, mark = self._config.events_at_once, target.last_event_id
        settled_before = tx.now() - timedelta(seconds=self._config.settle_seconds)
        changed: dict[TaskId, None] = {}
        last = mark
        while True:
            events = await UserEvents(tx, target.user_id).after(last, most)
            told = (event.subject_id for event in events if event.type == "task_changed")
            changed |= dict.fromkeys(TaskId(int(task_id)) for task_id in told)
            settled = list(takewhile(lambda event: event.created_at <= settled_before, events))
            if settled and last == mark:
                mark = settled[-1].id
            if len(events) < most or len(settled) == most:
                return list(changed), mark
            last = events[-1].id

    async def _queue_task(
        self, tx: Transaction, target: NotificationTarget, task_id: TaskId
    ) -> int:
        try:
            task = await Tasks(tx, target.user_id).get(task_id)
        except NotFoundError:
            return 0
        event = EVENTS.get(task.status)
        if event is None:
            return 0
        payload = payload_of(task)
        deliveries = Deliveries(tx, target.user_id)
        before = await deliveries.last_of(target.id, task.id)
        if before is not None and before.event == event and is_same(before.payload, payload):
            return 0
        added = await deliveries.add(
            target,
            task.id,
            task_version=task.version,
            message_id=new_call_id(),
            event=event,
            payload=payload,
            expires_at=tx.now() + KEPT_FOR,
        )
        return int(added is not None)

    async def send_due(self) -> int:
        """Send what is due, several at once; return how many were tried.

        Raises:
            UnavailableError: the database is away.
        """
        due = await self._claim()
        async with asyncio.TaskGroup() as group:
            for delivery in due:
                group.create_task(self._deliver(delivery), name=f"deliver:{delivery.id}")
        return len(due)

    async def _claim(self) -> list[Delivery]:
        """Take what is due, as far as there is room, for all and for each target."""
        free = self._config.at_once - self._under_way.total()
        if free <= 0:
            return []
        async with self._database.transaction() as tx:
            due = await SystemNotifications(tx).claim_due(
                now=self._clock.now(),
                limit=free,
                lease_seconds=self._config.lease_seconds,
                each=self._config.each_at_once,
                but=[target for target, busy in self._under_way.items() if busy],
            )
        self._under_way.update(delivery.target_id for delivery in due)
        return due

    async def _deliver(self, delivery: Delivery) -> None:
        try:
            await self._deliver_now(delivery)
        finally:
            self._under_way[delivery.target_id] -= 1
            self._loop.wake()

    async def _deliver_now(self, delivery: Delivery) -> None:
        try:
            async with self._database.transaction() as tx:
                target = await NotificationTargets(tx, delivery.user_id).get(delivery.target_id)
        except NotFoundError:
            return  # The user took it away since the claim, and its messages with it.
        error: UnavailableError | None = None
        try:
            await self._send(target, delivery)
        except UnavailableError as failure:
            error = failure
        await self._note(delivery, error)

    async def _send(self, target: NotificationTarget, delivery: Delivery) -> None:
        if target.kind == "email":
            if self._mail is None:
                raise UnavailableError("This installation has no mail server.", retryable=False)
            subject, words = mail_of(delivery.payload)
            await self._mail.send(target.address, subject, words, message_id=delivery.message_id)
            return
        now = self._clock.now()
        told = {"id": delivery.message_id, "type": delivery.event, "data": delivery.payload}
        message = Signed(
            message_id=delivery.message_id,
            timestamp=int(now.timestamp()),
            body=json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode(),
            secret=target.secret or "",
        )
        await self._client.send(target.address, message)

    async def _note(self, delivery: Delivery, error: UnavailableError | None) -> None:
        now = self._clock.now()
        again = now + timedelta(seconds=self._pause_seconds(delivery.attempts))
        status: DeliveryStatus = "delivered" if error is None else "pending"
        if error is not None and (not error.retryable or again > delivery.expires_at):
            status = "dead"
        async with self._database.transaction() as tx:
            await Deliveries(tx, delivery.user_id).note(
                delivery,
                status,
                error=None if error is None else error.message,
                next_attempt_at=again,
            )
        log.info(
            "notification_tried",
            delivery_id=delivery.id,
            task_id=delivery.task_id,
            attempt=delivery.attempts,
            status=status,
        )

    def _pause_seconds(self, attempts: int) -> float:
        """Double the pause with every attempt, up to the longest."""
        doubled = self._config.first_pause_seconds * 2.0 ** min(max(attempts - 1, 0), 20)
        return min(doubled, self._config.longest_pause_seconds)
