"""Outcomes to targets: each at least once, in order, for a day, whatever the receiver does."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import delete, insert, select

from opendeep.common.data_models import TaskStatus
from opendeep.common.errors import ConflictError, InvalidInputError, NotFoundError, UnavailableError
from opendeep.common.lifecycle import Nursery
from opendeep.database.models import Delivery, NotificationTarget, Task
from opendeep.database.repositories import (
    Deliveries,
    NotificationTargets,
    SystemNotifications,
    SystemUsers,
    Tasks,
)
from opendeep.database.tables import user_events
from opendeep.follow_up_service.notifications import Notifications
from opendeep.follow_up_service.notifier_svc import NotifierConfig, NotifierService
from tests.fixtures.finished_calls import World, open_world, plan_task
from tests.unit.follow_up_service.receiver import FAILED, OK, Receiver, local_client, receiving


class Letters:
    """A mail server that takes everything, or nothing."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, str]] = []
        self.is_away = False

    async def send(self, to: str, subject: str, text: str, *, message_id: str) -> None:
        """Take a letter."""
        assert message_id
        if self.is_away:
            raise UnavailableError("away")
        self.sent.append((to, subject, text))


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """Open the world of one user."""
    async with open_world() as opened:
        yield opened


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """Run a receiver."""
    async with receiving() as running:
        yield running


def notifier(
    world: World, mail: Any = None, *, config: NotifierConfig | None = None
) -> NotifierService:
    """Make a notifier that may reach our receiver."""
    return NotifierService(
        database=world.database,
        bus=world.bus,
        clock=world.clock,
        client=local_client(),
        mail=mail,
        config=config or NotifierConfig(at_once=50, each_at_once=50),
    )


async def target(world: World, receiver: Receiver) -> NotificationTarget:
    """Save the receiver as the user's webhook."""
    choices = Notifications(world.database, local_client(), mails=False)
    return await choices.add(world.user_id, "webhook", receiver.url)


async def put(world: World, task: Task, status: TaskStatus) -> None:
    """Let a task get into a state."""
    async with world.database.transaction() as tx:
        await Tasks(tx, world.user_id).change(task.id, expected=set(TaskStatus), status=status)


async def deliveries(world: World) -> list[Delivery]:
    """Read all messages, oldest first."""
    async with world.database.transaction() as tx:
        return (await Deliveries(tx, world.user_id).list(limit=500)).items[::-1]


async def test_an_outcome_is_told_once(world: World, receiver: Receiver) -> None:
    """A task that ends is told with its outcome, signed; looking again tells nothing."""
    made = await target(world, receiver)
    [task] = await world.tasks(await world.campaign())
    await put(world, task, TaskStatus.COMPLETED)
    service = notifier(world)
    assert await service.queue() == 1
    assert await service.send_due() == 1
    assert await service.queue() == 0
    assert await service.send_due() == 0
    [body] = receiver.bodies
    assert (body["type"], body["data"]["task_id"]) == ("task.completed", task.id)
    assert receiver.is_signed(0, made.secret or "")
    assert [one.status for one in await deliveries(world)] == ["delivered"]


async def test_what_was_before_the_target_is_not_told(world: World, receiver: Receiver) -> None:
    """A new webhook does not get last year's outcomes."""
    [task] = await world.tasks(await world.campaign())
    await put(world, task, TaskStatus.COMPLETED)
    await target(world, receiver)
    assert await notifier(world).queue() == 0


async def test_nobody_hears_of_another_user(world: World, receiver: Receiver) -> None:
    """A target hears of its own user's tasks alone."""
    await target(world, receiver)
    async with world.database.transaction() as tx:
        other = (await SystemUsers(tx).ensure("bob")).id
        task = await Tasks(tx, other).create(None, plan_task())
        await Tasks(tx, other).change(
            task.id, expected=set(TaskStatus), status=TaskStatus.COMPLETED
        )
    service = notifier(world)
    assert await service.queue() == 0
    assert receiver.bodies == []


async def test_a_failing_receiver_gets_it_later_with_the_same_id(
    world: World, receiver: Receiver
) -> None:
    """What was answered with 500 comes again after a growing pause, under the same id."""
    await target(world, receiver)
    [task] = await world.tasks(await world.campaign())
    await put(world, task, TaskStatus.FAILED)
    receiver.answer = lambda _: FAILED
    service = notifier(world)
    await service.queue()
    await service.send_due()
    assert await service.send_due() == 0
    world.clock.move(seconds=11)
    await service.send_due()
    receiver.answer = lambda _: OK
    world.clock.move(seconds=21)
    await service.send_due()
    assert len({body["id"] for body in receiver.bodies}) == 1
    [delivery] = await deliveries(world)
    assert (delivery.status, delivery.attempts) == ("delivered", 3)


async def test_a_day_without_a_receiver_ends_dead_and_is_sent_again(
    world: World, receiver: Receiver
) -> None:
    """After 24 hours nobody tries any more, until the user asks for it."""
    await target(world, receiver)
    [task] = await world.tasks(await world.campaign())
    await put(world, task, TaskStatus.COMPLETED)
    receiver.answer = lambda _: FAILED
    service = notifier(world)
    await service.queue()
    for _ in range(60):
        await service.send_due()
        world.clock.move(hours=1)
    [dead] = await deliveries(world)
    assert dead.status == "dead"
    assert 20 < len(receiver.bodies) < 40
    receiver.answer = lambda _: OK
    choices = Notifications(world.database, local_client(), mails=False)
    await choices.send_again(world.user_id, dead.id)
    await service.send_due()
    assert [one.status for one in await deliveries(world)] == ["delivered"]
    with pytest.raises(ConflictError):
        await choices.send_again(world.user_id, dead.id)


async def test_a_sender_that_dies_is_followed_by_another(world: World, receiver: Receiver) -> None:
    """A message that was claimed and never noted comes again after its lease."""
    await target(world, receiver)
    [task] = await world.tasks(await world.campaign())
    await put(world, task, TaskStatus.COMPLETED)
    service = notifier(world)
    await service.queue()
    async with world.database.transaction() as tx:
        claimed = SystemNotifications(tx)
        assert len(await claimed.claim_due(now=tx.now(), limit=9, lease_seconds=60, each=9)) == 1
    assert await service.send_due() == 0
    world.clock.move(seconds=61)
    assert await service.send_due() == 1
    assert len(receiver.bodies) == 1


async def test_order_holds_and_nothing_is_lost(world: World, receiver: Receiver) -> None:
    """Hundreds of changes to a receiver that is 500 at every third: all arrive, in order a task."""
    await target(world, receiver)
    plans = [plan_task(title=f"T{number}") for number in range(20)]
    tasks = await world.tasks(await world.campaign(*plans))
    told = Counter[str]()

    def sometimes(_body: dict[str, Any]) -> bytes:
        told["all"] += 1
        return FAILED if told["all"] % 3 == 0 else OK

    receiver.answer = sometimes
    service = notifier(world)
    states = [TaskStatus.AWAITING_USER, TaskStatus.FAILED, TaskStatus.COMPLETED]
    expected = 0
    for turn in range(9):
        for task in tasks:
            await put(world, task, states[turn % 3])
            expected += 1
        await service.queue()
        await service.send_due()
        world.clock.move(seconds=30)
    while any(one.status == "pending" for one in await deliveries(world)):
        world.clock.move(minutes=10)
        await service.send_due()
    assert len({body["id"] for body in receiver.taken}) == expected
    for task in tasks:
        versions = [
            body["data"]["version"] for body in receiver.taken if body["data"]["task_id"] == task.id
        ]
        assert versions == sorted(versions)
        assert len(versions) == 9


async def test_mail_is_sent_and_kept_when_the_server_is_away(world: World) -> None:
    """An address gets a letter; a mail server that is away is tried again."""
    letters = Letters()
    choices = Notifications(world.database, local_client(), mails=True)
    await choices.add(world.user_id, "email", "ada@example.com")
    [task] = await world.tasks(await world.campaign())
    await put(world, task, TaskStatus.COMPLETED)
    service = notifier(world, letters)
    letters.is_away = True
    await service.queue()
    await service.send_due()
    letters.is_away = False
    world.clock.move(seconds=11)
    await service.send_due()
    [(to, subject, text)] = letters.sent
    assert (to, subject) == ("ada@example.com", "Completed: Dental cleaning")
    assert "settings page" in text


@pytest.mark.parametrize("address", ["ada", "a@b", "a b@example.com", "a@example.com\nBcc: x@y.z"])
async def test_bad_addresses_of_mail_are_refused(world: World, address: str) -> None:
    """No address can carry another header into a letter."""
    choices = Notifications(world.database, local_client(), mails=True)
    with pytest.raises(InvalidInputError):
        await choices.add(world.user_id, "email", address)


async def test_mail_needs_a_server(world: World) -> None:
    """Without a mail server the setting is named."""
    with pytest.raises(InvalidInputError, match="SMTP_HOST"):
        await Notifications(world.database, local_client(), mails=False).add(
            world.user_id, "email", "ada@example.com"
        )


async def test_targets_are_few_and_go(world: World, receiver: Receiver) -> None:
    """Ten targets are enough; one that is removed takes its messages along."""
    choices = Notifications(world.database, local_client(), mails=False)
    for number in range(10):
        made = await choices.add(world.user_id, "webhook", f"{receiver.url}/{number}")
    with pytest.raises(ConflictError):
        await choices.add(world.user_id, "webhook", receiver.url)
    await choices.remove(world.user_id, made.id)
    with pytest.raises(NotFoundError):
        await choices.remove(world.user_id, made.id)
    async with world.database.transaction() as tx:
        assert len((await NotificationTargets(tx, world.user_id).list()).items) == 9


async def test_a_target_that_goes_stops_no_other(
    world: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A target that is removed after its message was claimed is skipped; the next one is told."""
    gone = await target(world, receiver)
    choices = Notifications(world.database, local_client(), mails=False)
    await choices.add(world.user_id, "webhook", f"{receiver.url}/other")
    [task] = await world.tasks(await world.campaign())
    await put(world, task, TaskStatus.COMPLETED)
    service = notifier(world)
    await service.queue()
    claim = SystemNotifications.claim_due

    async def claim_late(self: SystemNotifications, **how: Any) -> list[Delivery]:
        claimed = await claim(self, **how)
        await NotificationTargets(self._tx, world.user_id).remove(gone.id)
        return claimed

    monkeypatch.setattr(SystemNotifications, "claim_due", claim_late)
    assert await service.send_due() == 2
    assert [one.status for one in await deliveries(world)] == ["delivered"]


async def test_the_same_state_in_a_new_version_is_no_news(world: World, receiver: Receiver) -> None:
    """A task that waits for its user is told once, whatever else of it changes."""
    await target(world, receiver)
    [task] = await world.tasks(await world.campaign())
    await put(world, task, TaskStatus.AWAITING_USER)
    service = notifier(world)
    assert await service.queue() == 1
    async with world.database.transaction() as tx:
        change = Tasks(tx, world.user_id).change
        await change(task.id, expected=set(TaskStatus), priority=2)
    assert await service.queue() == 0
    async with world.database.transaction() as tx:
        change = Tasks(tx, world.user_id).change
        await change(task.id, expected=set(TaskStatus), status_reason="Which number instead?")
    assert await service.queue() == 1


async def test_an_event_that_turns_up_late_is_told(world: World, receiver: Receiver) -> None:
    """An event whose younger neighbour was seen first is looked at when its transaction commits."""
    made = await target(world, receiver)
    first, second = await world.tasks(await world.campaign(plan_task(), plan_task(title="B")))
    await put(world, first, TaskStatus.COMPLETED)
    await put(world, second, TaskStatus.COMPLETED)
    event = user_events.c
    of_first = event.subject_id == str(first.id)
    async with world.database.transaction() as tx:  # as if the first did not commit yet
        found = await tx.execute(select(user_events).where(of_first))
        late = [dict(row) for row in found.mappings()]
        await tx.execute(delete(user_events).where(of_first))
    service = notifier(world)
    assert await service.queue() == 1
    async with world.database.transaction() as tx:
        await tx.execute(insert(user_events), late)
    assert await service.queue() == 1
    world.clock.move(seconds=31)
    assert await service.queue() == 0
    async with world.database.transaction() as tx:
        [now] = (await NotificationTargets(tx, world.user_id).list()).items
    assert now.last_event_id > made.last_event_id


async def test_a_slow_receiver_delays_nobody(world: World, receiver: Receiver) -> None:
    """While a target's messages hang, it gets no more of the room, and others are told at once."""
    quick = await target(world, receiver)
    silent = asyncio.Event()
    async with receiving() as slow:
        slow.silent = silent
        choices = Notifications(world.database, local_client(), mails=False)
        hangs = await choices.add(world.user_id, "webhook", slow.url)
        for task in await world.tasks(await world.campaign(*[plan_task()] * 12)):
            await put(world, task, TaskStatus.COMPLETED)
        config = NotifierConfig(at_once=6, each_at_once=2)
        service = notifier(world, config=config)
        async with Nursery("test") as nursery:
            running = nursery.start(service.run(), name="notifier")
            while len(receiver.taken) < 12:
                await receiver_moment()
            found = [one for one in await deliveries(world) if one.target_id == hangs.id]
            assert sorted(one.attempts for one in found) == [0] * 10 + [1] * 2
            service.stop()
            silent.set()
            await running
    assert quick.id != hangs.id


async def test_it_runs_and_stops(world: World, receiver: Receiver) -> None:
    """The service sends by itself and returns when it is told to."""
    await target(world, receiver)
    [task] = await world.tasks(await world.campaign())
    await put(world, task, TaskStatus.COMPLETED)
    service = notifier(world)
    async with Nursery("test") as nursery:
        running = nursery.start(service.run(), name="notifier")
        while not receiver.taken:
            world.clock.move(seconds=1)
            await receiver_moment()
        service.stop()
        await running
    assert service.name == "notifier"


async def receiver_moment() -> None:
    """Let sockets do their work."""
    await asyncio.sleep(0.01)
