"""Two tenants never see, change or attach to each other's rows: every method, every database."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from opendeep.common.data_models import (
    CallStatus,
    CampaignStatus,
    FeedbackKind,
    PlanTask,
    Speaker,
    TaskStatus,
)
from opendeep.common.errors import ConflictError, NotFoundError
from opendeep.common.ids import UserId
from opendeep.common.ports import SpokenLine
from opendeep.database.models import (
    Call,
    Campaign,
    ChatSession,
    Delivery,
    FeedbackRequest,
    NotificationTarget,
    Profile,
    Task,
    TaskAction,
)
from opendeep.database.repositories import (
    AuditLog,
    CallEvents,
    Calls,
    CampaignGoals,
    Campaigns,
    ChatSessions,
    Deliveries,
    DialDecisions,
    DndList,
    FeedbackRequests,
    IdempotencyKeys,
    ModelUsage,
    NotificationTargets,
    PastCalls,
    PhoneMenus,
    Profiles,
    TaskActionLog,
    Tasks,
    Transcripts,
    UserEvents,
)
from opendeep.database.scopes import ScopedRepository
from opendeep.database.transaction import Transaction

NUMBER = "+12015550142"
CALLED = "+12015550100"  # by the call that every estate has
LINE = SpokenLine(speaker=Speaker.AI, text="Hello", start_ms=0, end_ms=10)
PLAN = PlanTask(title="x", phone_number=NUMBER, goal="g", success_criteria="s")
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
DECISION = {
    "decided_at": LONG_AGO, "verdict": "wait", "rule_id": "hours.closed", "until": None,
    "inputs": {}, "policy_version": "1",
}  # fmt: skip
ACTION = {"actor": "rules", "kind": "hold", "reason": "r", "before": {}, "after": {}}
MESSAGE = {"task_version": 1, "event": "task.failed", "payload": {}, "expires_at": LONG_AGO}
NOTED = {"status": "pending", "error": "x", "next_attempt_at": LONG_AGO}
ANY_TASK, ANY_CALL = set(TaskStatus), set(CallStatus)


@dataclass(frozen=True, slots=True, kw_only=True)
class Estate:
    """One row of every kind, all of one user."""

    campaign: Campaign
    task: Task
    queued: Task
    call: Call
    session: ChatSession
    question: FeedbackRequest
    action: TaskAction
    target: NotificationTarget
    delivery: Delivery


async def settle(database, seeds, user: UserId) -> Estate:
    """Give a user one row of every kind."""
    campaign = await seeds.campaign(user)
    task = await seeds.task(user, campaign, phone_number=NUMBER)
    queued = await seeds.queued(user)
    call = await seeds.call(user)
    async with database.transaction() as tx:
        await Campaigns(tx, user).save_report(campaign.id, {"headline": "Mine"})
        await Profiles(tx, user).put(Profile(display_name="Ada"))
        await Transcripts(tx, user).append(call.id, LINE)
        await CallEvents(tx, user).append(call.id, "answered")
        await PhoneMenus(tx, user).put(NUMBER, {"keys": "2"})
        await DndList(tx, user).add(NUMBER, "asked", call.id)
        await DialDecisions(tx, user).store(DECISION, task_id=task.id)
        await IdempotencyKeys(tx, user).store("key", "hash", campaign.id)
        await AuditLog(tx, user).append("signed_in")
        session = await ChatSessions(tx, user).create()
        await ChatSessions(tx, user).add_message(session.id, {"role": "user"})
        question = await FeedbackRequests(tx, user).create(
            kind=FeedbackKind.LIVE_CALL, task_id=call.task_id, call_id=call.id,
            tool_call_id="t1", question="?",
        )  # fmt: skip
        action = await TaskActionLog(tx, user).append(task.id, **ACTION)
        target = await NotificationTargets(tx, user).add(
            "webhook", "https://example.com/", secret=None, last_event_id=0
        )
        delivery = await Deliveries(tx, user).add(target, task.id, message_id=f"m{user}", **MESSAGE)
        await ModelUsage(tx, user).reserve("lifecycle", 5, limit=9)
    return Estate(
        campaign=campaign, task=task, queued=queued, call=call, session=session, question=question,
        action=action, target=target, delivery=delivery,
    )  # fmt: skip


Attempt = Callable[[Transaction, UserId, Estate], Awaitable[object]]

# What a stranger tries on somebody else's ids, and is told that there is no such thing.
NOT_FOUND: dict[str, Attempt] = {
    "Campaigns.get": lambda tx, u, e: Campaigns(tx, u).get(e.campaign.id),
    "Campaigns.plan": lambda tx, u, e: Campaigns(tx, u).plan(e.campaign.id),
    "Campaigns.set_status": lambda tx, u, e: Campaigns(tx, u).set_status(
        e.campaign.id, CampaignStatus.CANCELLED
    ),
    "Campaigns.report": lambda tx, u, e: Campaigns(tx, u).report(e.campaign.id),
    "Campaigns.save_report": lambda tx, u, e: Campaigns(tx, u).save_report(e.campaign.id, {}),
    "Tasks.create": lambda tx, u, e: Tasks(tx, u).create(e.campaign.id, PLAN),
    "Tasks.create_all": lambda tx, u, e: Tasks(tx, u).create_all(e.campaign.id, [PLAN, PLAN]),
    "Tasks.get": lambda tx, u, e: Tasks(tx, u).get(e.task.id),
    "Tasks.change": lambda tx, u, e: Tasks(tx, u).change(e.task.id, expected=ANY_TASK, priority=0),
    "Tasks.begin_attempt": lambda tx, u, e: Tasks(tx, u).begin_attempt(e.queued.id, claim_token=0),
    "Tasks.undo_attempt": lambda tx, u, e: Tasks(tx, u).undo_attempt(e.call.task_id, reason="x"),
    "Tasks.give_back": lambda tx, u, e: Tasks(tx, u).give_back(
        e.queued.id, claim_token=0, reason="x"
    ),
    "Calls.create_attempt": lambda tx, u, e: Calls(tx, u).create_attempt(e.queued),
    "Calls.get": lambda tx, u, e: Calls(tx, u).get(e.call.id),
    "Calls.change": lambda tx, u, e: Calls(tx, u).change(
        e.call.id, expected=ANY_CALL, status=CallStatus.ENDED
    ),
    "Calls.release_unsent": lambda tx, u, e: Calls(tx, u).release_unsent(e.call.id),
    "Calls.save_analysis": lambda tx, u, e: Calls(tx, u).save_analysis(e.call.id, {}),
    "Calls.defer_analysis": lambda tx, u, e: Calls(tx, u).defer_analysis(e.call.id, until=tx.now()),
    "Calls.add_cost": lambda tx, u, e: Calls(tx, u).add_cost(e.call.id, 1.0),
    "Transcripts.append": lambda tx, u, e: Transcripts(tx, u).append(e.call.id, LINE),
    "CallEvents.append": lambda tx, u, e: CallEvents(tx, u).append(e.call.id, "x"),
    "DialDecisions.store": lambda tx, u, e: DialDecisions(tx, u).store(DECISION, task_id=e.task.id),
    "DndList.add": lambda tx, u, e: DndList(tx, u).add("+12015550143", "x", e.call.id),
    "DndList.find": lambda tx, u, _: DndList(tx, u).find(NUMBER),
    "DndList.remove": lambda tx, u, _: DndList(tx, u).remove(NUMBER),
    "FeedbackRequests.create": lambda tx, u, e: FeedbackRequests(tx, u).create(
        kind=FeedbackKind.CHECK_IN, task_id=e.task.id, question="?"
    ),
    "FeedbackRequests.get": lambda tx, u, e: FeedbackRequests(tx, u).get(e.question.id),
    "FeedbackRequests.answer": lambda tx, u, e: FeedbackRequests(tx, u).answer(e.question.id, "x"),
    "FeedbackRequests.expire": lambda tx, u, e: FeedbackRequests(tx, u).expire(e.question.id),
    "FeedbackRequests.cancel": lambda tx, u, e: FeedbackRequests(tx, u).cancel(e.question.id),
    "ChatSessions.get": lambda tx, u, e: ChatSessions(tx, u).get(e.session.id),
    "ChatSessions.add_message": lambda tx, u, e: ChatSessions(tx, u).add_message(e.session.id, {}),
    "ChatSessions.set_state": lambda tx, u, e: ChatSessions(tx, u).set_state(e.session.id, {}),
    "TaskActionLog.append": lambda tx, u, e: TaskActionLog(tx, u).append(e.task.id, **ACTION),
    "TaskActionLog.get": lambda tx, u, e: TaskActionLog(tx, u).get(e.action.id),
    "TaskActionLog.close": lambda tx, u, e: TaskActionLog(tx, u).close(
        e.action.id, "undone", expected={"done"}
    ),
    "NotificationTargets.get": lambda tx, u, e: NotificationTargets(tx, u).get(e.target.id),
    "NotificationTargets.remove": lambda tx, u, e: NotificationTargets(tx, u).remove(e.target.id),
    "NotificationTargets.look_after": lambda tx, u, e: NotificationTargets(tx, u).look_after(
        e.target.id, seen=0, until=1
    ),
    "Deliveries.add": lambda tx, u, e: Deliveries(tx, u).add(
        e.target, e.task.id, message_id="mine", **{**MESSAGE, "task_version": 2}
    ),
    "Deliveries.send_again": lambda tx, u, e: Deliveries(tx, u).send_again(
        e.delivery.id, expires_at=LONG_AGO
    ),
    "IdempotencyKeys.store": lambda tx, u, e: IdempotencyKeys(tx, u).store(
        "mine", "hash", e.campaign.id
    ),
}

# What a stranger reads, and finds nothing in.
EMPTY: dict[str, Attempt] = {
    "CallEvents.task_has": lambda tx, u, e: CallEvents(tx, u).task_has(e.call.task_id, "answered"),
    "PhoneMenus.find": lambda tx, u, _: PhoneMenus(tx, u).find(NUMBER),
    "Profiles.get": lambda tx, u, _: _facts(tx, u),
    "Campaigns.list": lambda tx, u, _: _items(Campaigns(tx, u).list()),
    "Campaigns.counts": lambda tx, u, e: Campaigns(tx, u).counts(e.campaign.id),
    "Campaigns.cost": lambda tx, u, e: Campaigns(tx, u).cost(e.campaign.id),
    "Tasks.list": lambda tx, u, e: _items(Tasks(tx, u).list(campaign_id=e.campaign.id)),
    "Tasks.with_number": lambda tx, u, _: Tasks(tx, u).with_number(NUMBER, statuses=ANY_TASK),
    "Tasks.due": lambda tx, u, _: Tasks(tx, u).due(now=tx.now(), limit=10),
    "Calls.for_task": lambda tx, u, e: Calls(tx, u).for_task(e.call.task_id),
    "Campaigns.report_is_current": lambda tx, u, e: Campaigns(tx, u).report_is_current(
        e.campaign.id
    ),
    "Calls.live": lambda tx, u, _: Calls(tx, u).live(),
    "Transcripts.lines": lambda tx, u, e: Transcripts(tx, u).lines(e.call.id),
    "CallEvents.list": lambda tx, u, e: CallEvents(tx, u).list(e.call.id),
    "DialDecisions.of_task": lambda tx, u, e: DialDecisions(tx, u).of_task(e.task.id),
    "DialDecisions.last_of": lambda tx, u, e: DialDecisions(tx, u).last_of(e.task.id),
    "PastCalls.begun": lambda tx, u, _: PastCalls(tx, u).begun(CALLED, since=LONG_AGO, most=9),
    "PastCalls.reached": lambda tx, u, _: PastCalls(tx, u).reached(CALLED, since=LONG_AGO, most=9),
    "PastCalls.unread": lambda tx, u, _: PastCalls(tx, u).unread(CALLED, since=LONG_AGO),
    "PastCalls.in_call": lambda tx, u, _: PastCalls(tx, u).in_call(CALLED, since=LONG_AGO),
    "Campaigns.prove": lambda tx, u, e: Campaigns(tx, u).prove(e.campaign.id),
    "CampaignGoals.hold": lambda tx, u, e: CampaignGoals(tx, u).hold(e.campaign.id),
    "CampaignGoals.meet": lambda tx, u, e: CampaignGoals(tx, u).meet(e.task),
    "CampaignGoals.reopen": lambda tx, u, e: CampaignGoals(tx, u).reopen(e.campaign.id),
    "PastCalls.last_end": lambda tx, u, e: PastCalls(tx, u).last_end(e.task.id, CALLED),
    "PastCalls.spent": lambda tx, u, _: _sum(PastCalls(tx, u).spent(since=LONG_AGO)),
    "PastCalls.spent_on": lambda tx, u, e: _sum(PastCalls(tx, u).spent_on(e.campaign.id)),
    "DndList.list": lambda tx, u, _: _items(DndList(tx, u).list()),
    "DndList.contains": lambda tx, u, _: DndList(tx, u).contains(NUMBER),
    "FeedbackRequests.list": lambda tx, u, _: _items(FeedbackRequests(tx, u).list()),
    "FeedbackRequests.pending_for_call": lambda tx, u, e: FeedbackRequests(tx, u).pending_for_call(
        e.call.id
    ),
    "FeedbackRequests.count_for_call": lambda tx, u, e: FeedbackRequests(tx, u).count_for_call(
        e.call.id
    ),
    "ChatSessions.messages": lambda tx, u, e: ChatSessions(tx, u).messages(e.session.id),
    "IdempotencyKeys.find": lambda tx, u, _: IdempotencyKeys(tx, u).find("key"),
    "UserEvents.after": lambda tx, u, _: UserEvents(tx, u).after(0),
    "Tasks.in_states": lambda tx, u, _: _items(Tasks(tx, u).in_states(ANY_TASK, limit=9)),
    "TaskActionLog.list": lambda tx, u, e: _items(TaskActionLog(tx, u).list(e.task.id)),
    "TaskActionLog.counts": lambda tx, u, e: TaskActionLog(tx, u).counts(e.task.id, since=LONG_AGO),
    "ModelUsage.used_today": lambda tx, u, _: ModelUsage(tx, u).used_today("lifecycle"),
    "NotificationTargets.list": lambda tx, u, _: _items(NotificationTargets(tx, u).list()),
    "Deliveries.last_of": lambda tx, u, e: Deliveries(tx, u).last_of(
        e.delivery.target_id, e.delivery.task_id
    ),
    "Deliveries.list": lambda tx, u, _: _items(Deliveries(tx, u).list()),
    "AuditLog.list": lambda tx, u, _: _items(AuditLog(tx, u).list("signed_in")),
    "AuditLog.of_action": lambda tx, u, _: AuditLog(tx, u).of_action("signed_in"),
    "PastCalls.begun_alike": lambda tx, u, _: PastCalls(tx, u).begun_alike(
        CALLED[:6], since=LONG_AGO, most=9
    ),
    "FeedbackRequests.answered_in_campaign": lambda tx, u, e: FeedbackRequests(
        tx, u
    ).answered_in_campaign(e.campaign.id),
    "Deliveries.note": lambda tx, u, e: Deliveries(tx, u).note(e.delivery, **NOTED),
    "PhoneMenus.remove": lambda tx, u, _: PhoneMenus(tx, u).remove(NUMBER),
    "UserEvents.last_id": lambda tx, u, _: UserEvents(tx, u).last_id(),
}

# What of these an estate has nothing of: its call belongs to no campaign and is not over.
NOTHING_OF_THEIRS = {
    "CampaignGoals.meet", "Campaigns.cost", "PastCalls.spent_on", "PastCalls.unread",
    "PastCalls.last_end", "FeedbackRequests.answered_in_campaign",
}  # fmt: skip

# What takes no id of anybody's and makes a row of one's own.
OWN = {
    "Profiles.put", "PhoneMenus.put", "Campaigns.create", "ChatSessions.create", "AuditLog.append",
    "UserEvents.append", "ModelUsage.reserve", "ModelUsage.settle", "ModelUsage.today",
    "NotificationTargets.add",
}  # fmt: skip


async def _sum(question):
    return sum(await question)


async def _items(page):
    return (await page).items


async def _facts(tx, user):
    return (await Profiles(tx, user).get()).display_name


@pytest.mark.parametrize("method", NOT_FOUND)
async def test_a_strangers_row_does_not_exist(database, seeds, method):
    """Whoever names somebody else's row is told that there is none, and nothing changes."""
    ada, eve = await seeds.user("ada"), await seeds.user("eve")
    estate = await settle(database, seeds, ada)
    with pytest.raises(NotFoundError):
        async with database.transaction() as tx:
            await NOT_FOUND[method](tx, eve, estate)
    async with database.transaction() as tx:
        assert await Tasks(tx, ada).get(estate.task.id) == estate.task
        assert await Tasks(tx, ada).get(estate.queued.id) == estate.queued
        assert (await Calls(tx, ada).get(estate.call.id)).status is CallStatus.INITIATING
        assert await Campaigns(tx, ada).report(estate.campaign.id) == {"headline": "Mine"}
        assert await FeedbackRequests(tx, ada).get(estate.question.id) == estate.question


async def test_a_stranger_reads_nothing(database, seeds):
    """Every list, count and look-up is empty for a stranger, and not for the owner."""
    ada, eve = await seeds.user("ada"), await seeds.user("eve")
    estate = await settle(database, seeds, ada)
    async with database.transaction() as tx:
        await Calls(tx, ada).add_cost(estate.call.id, 1.0)
        await Calls(tx, ada).change(estate.call.id, expected=ANY_CALL, answered_at=tx.now())
        for method, attempt in EMPTY.items():
            assert not await attempt(tx, eve, estate), method
            if method not in NOTHING_OF_THEIRS:
                assert await attempt(tx, ada, estate), method


async def test_two_users_may_use_the_same_key_and_list_the_same_number(database, seeds):
    """What is unique is unique per user: nobody learns from a conflict what others have."""
    ada, eve = await seeds.user("ada"), await seeds.user("eve")
    await settle(database, seeds, ada)
    estate = await settle(database, seeds, eve)
    async with database.transaction() as tx:
        assert await IdempotencyKeys(tx, eve).find("key") == ("hash", estate.campaign.id)
        [entry] = (await DndList(tx, eve).list()).items
    assert entry.source_call_id == estate.call.id


async def test_a_question_cannot_hang_under_a_strangers_call(database, seeds):
    """A task of one's own with somebody else's call is refused, also when that call asked."""
    ada, eve = await seeds.user("ada"), await seeds.user("eve")
    estate = await settle(database, seeds, ada)
    mine = await seeds.task(eve)
    for tool_call_id in ("t1", "t2"):
        with pytest.raises((NotFoundError, ConflictError)):
            async with database.transaction() as tx:
                await FeedbackRequests(tx, eve).create(
                    kind=FeedbackKind.LIVE_CALL, task_id=mine.id, call_id=estate.call.id,
                    tool_call_id=tool_call_id, question="?",
                )  # fmt: skip


def test_every_method_of_every_repository_is_tried():
    """A repository method that no tenant test knows fails here."""
    known = NOT_FOUND.keys() | EMPTY.keys() | OWN
    methods = {
        f"{repository.__name__}.{name}"
        for repository in ScopedRepository.__subclasses__()
        for name in vars(repository)
        if not name.startswith("_")
    }
    assert methods == known
