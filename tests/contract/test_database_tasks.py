"""Tasks, campaigns and accounts behave the same on every database."""

from datetime import timedelta

import pytest

from opendeep.common.data_models import CallStatus, CampaignStatus, PlanTask, TaskStatus
from opendeep.common.errors import ConflictError, InvalidInputError, NotFoundError
from opendeep.database.models import Profile
from opendeep.database.repositories import (
    AuditLog,
    Calls,
    Campaigns,
    ChatSessions,
    IdempotencyKeys,
    Profiles,
    SystemUsers,
    Tasks,
    UserEvents,
)

NUMBER = "+12015550100"


async def test_an_account_is_ensured_once(database, clock):
    """The same name gives the same account; a name or id that nobody has is not found."""
    async with database.transaction() as tx:
        users = SystemUsers(tx)
        ada = await users.ensure("ada")
        assert await users.ensure("ada") == ada == await users.by_id(ada.id)
        bob = await users.ensure("bob")
        assert await users.list() == [ada, bob]
        assert (ada.role, ada.disabled_at, ada.created_at) == ("user", None, clock.now())
        with pytest.raises(NotFoundError):
            await users.by_name("eve")
        with pytest.raises(NotFoundError):
            await users.by_id(4711)


async def test_a_profile_is_empty_until_it_is_put_and_then_replaced_whole(database, seeds):
    """Reading before writing gives an empty profile; each put replaces all of it."""
    user = await seeds.user()
    first = Profile(display_name="Ada", time_zone="Europe/London", facts={"insurance": "A1"})
    async with database.transaction() as tx:
        profiles = Profiles(tx, user)
        assert await profiles.get() == Profile()
        assert await profiles.put(first) == first == await profiles.get()
        second = Profile(language="en")
        assert await profiles.put(second) == second == await profiles.get()


async def test_many_tasks_keep_their_order_and_their_events(database, seeds):
    """Thousands of tasks come back in the plan's order, and so do their events."""
    user = await seeds.user()
    plans = [
        PlanTask(title=f"t{number}", phone_number=NUMBER, goal="g", success_criteria="s")
        for number in range(2500)
    ]
    async with database.transaction() as tx:
        created = await Tasks(tx, user).create_all(None, plans, language="de")
        assert await Tasks(tx, user).create_all(None, []) == []
    assert [task.title for task in created] == [plan.title for plan in plans]
    assert {task.language for task in created} == {"de"}
    async with database.transaction() as tx:
        events = await UserEvents(tx, user).after(0, limit=3000)
    assert [event.subject_id for event in events] == [str(task.id) for task in created]


async def test_a_new_task_is_pending_and_due_at_once(seeds, clock):
    """A task without an earliest time is due now, with the plan's own words in it."""
    user = await seeds.user()
    campaign = await seeds.campaign(user)
    sources = [{"field": "phone_number", "from": "user", "reference": "chat"}]
    task = await seeds.task(user, campaign, facts={"service": "cleaning"}, sources=sources)
    assert task.campaign_id == campaign.id
    assert (task.status, task.next_action_time) == (TaskStatus.PENDING, clock.now())
    assert (task.priority, task.max_attempts, task.current_attempt_count) == (5, 3, 0)
    assert task.facts == {"service": "cleaning"}
    assert [(source.field, source.from_) for source in task.sources] == [("phone_number", "user")]
    assert (task.inter_call_context, task.outcome, task.version) == ({}, None, 1)


async def test_a_task_waits_for_its_earliest_time(seeds, clock):
    """An earliest time in the future is the first due time; one in the past means now."""
    user = await seeds.user()
    later = clock.now() + timedelta(days=1)
    waiting = await seeds.task(user, earliest=later, latest=later + timedelta(days=1))
    assert (waiting.next_action_time, waiting.earliest) == (later, later)
    past = await seeds.task(user, earliest=clock.now() - timedelta(days=1))
    assert past.next_action_time == clock.now()


async def test_a_guarded_change_happens_once(database, seeds, clock):
    """The second of two changes that expect the same status conflicts and changes nothing."""
    user = await seeds.user()
    task = await seeds.task(user)
    clock.advance(5)
    async with database.transaction() as tx:
        tasks = Tasks(tx, user)
        held = await tasks.change(
            task.id,
            expected={TaskStatus.PENDING},
            status=TaskStatus.ON_HOLD,
            next_action_time=None,
            status_reason="by the user",
            inter_call_context={"note": "x"},
        )
        assert (held.status, held.version, held.updated_at) == (TaskStatus.ON_HOLD, 2, clock.now())
        assert (held.next_action_time, held.inter_call_context) == (None, {"note": "x"})
        with pytest.raises(ConflictError, match="on_hold"):
            await tasks.change(task.id, expected={TaskStatus.PENDING}, status=TaskStatus.CANCELLED)
        assert await tasks.get(task.id) == held


async def test_a_change_can_ask_for_a_version(database, seeds):
    """A change for an older version conflicts, one for the present version passes."""
    user = await seeds.user()
    task = await seeds.task(user)
    async with database.transaction() as tx:
        tasks = Tasks(tx, user)
        expected = {TaskStatus.PENDING}
        changed = await tasks.change(task.id, expected=expected, expected_version=1, priority=1)
        with pytest.raises(ConflictError, match="version 2"):
            await tasks.change(task.id, expected=expected, expected_version=1, priority=2)
    assert (changed.priority, changed.status) == (1, TaskStatus.PENDING)


async def test_a_change_refuses_columns_that_are_not_for_changing(database, seeds):
    """A misspelt column, and one that only the repository writes, are the caller's mistakes."""
    user = await seeds.user()
    task = await seeds.task(user)
    async with database.transaction() as tx:
        for column in ("titel", "user_id", "version"):
            with pytest.raises(TypeError, match=column):
                await Tasks(tx, user).change(
                    task.id, expected={TaskStatus.PENDING}, **{column: "1"}
                )


async def test_leaving_the_queue_lets_go_of_the_claim(database, seeds):
    """A claimed task that is put on hold keeps nothing of its claim."""
    user = await seeds.user()
    task = await seeds.queued(user)
    async with database.transaction() as tx:
        held = await Tasks(tx, user).change(
            task.id, expected={TaskStatus.QUEUED_FOR_CALL}, status=TaskStatus.ON_HOLD
        )
    assert (held.claimed_by, held.claim_expires_at, held.status_before_claim) == (None, None, None)


async def test_tasks_are_listed_in_parts(database, seeds):
    """The cursor leads through the whole list, once each, oldest first."""
    user = await seeds.user()
    campaign = await seeds.campaign(user)
    made = [(await seeds.task(user, campaign)).id for _ in range(5)]
    other = await seeds.task(user)
    async with database.transaction() as tx:
        tasks = Tasks(tx, user)
        found, cursor = [], None
        while True:
            page = await tasks.list(campaign_id=campaign.id, limit=2, cursor=cursor)
            found += [task.id for task in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert found == made
        await tasks.change(other.id, expected={TaskStatus.PENDING}, status=TaskStatus.COMPLETED)
        done = await tasks.list(status=TaskStatus.COMPLETED)
        assert [task.id for task in done.items] == [other.id]
        with pytest.raises(InvalidInputError):
            await tasks.list(cursor="1; DROP TABLE tasks")


async def test_tasks_are_found_by_number(database, seeds):
    """All of the user's open tasks that would dial a number are found by it."""
    user = await seeds.user()
    same = await seeds.task(user)
    await seeds.task(user, phone_number="+12015550199")
    async with database.transaction() as tx:
        tasks = Tasks(tx, user)
        assert await tasks.with_number(NUMBER, statuses={TaskStatus.PENDING}) == [same]
        assert await tasks.with_number(NUMBER, statuses={TaskStatus.ON_HOLD}) == []


async def test_a_campaign_keeps_the_plan_word_for_word(database, seeds):
    """What the user confirmed is read back as it was confirmed."""
    user = await seeds.user()
    task = await seeds.task(user)
    campaign = await seeds.campaign(user)
    async with database.transaction() as tx:
        campaigns = Campaigns(tx, user)
        assert await campaigns.get(campaign.id) == campaign
        assert (await campaigns.plan(campaign.id)).title == "Dentist"
        with pytest.raises(NotFoundError):
            await campaigns.plan(4711)
        with pytest.raises(NotFoundError):
            await campaigns.get(4711)
    assert campaign.status is CampaignStatus.ACTIVE
    assert task.campaign_id is None


async def test_campaigns_are_listed_newest_first(database, seeds):
    """The list begins with the newest campaign and goes on from its cursor."""
    user = await seeds.user()
    first, second = await seeds.campaign(user), await seeds.campaign(user)
    async with database.transaction() as tx:
        campaigns = Campaigns(tx, user)
        page = await campaigns.list(limit=1)
        assert page.items == [second]
        rest = await campaigns.list(limit=1, cursor=page.next_cursor)
        assert (rest.items, rest.next_cursor) == ([first], None)
        assert (await campaigns.list(status=CampaignStatus.PAUSED)).items == []


async def test_a_campaigns_status_is_guarded_when_asked(database, seeds, clock):
    """A pause that expects an active campaign conflicts with a finished one."""
    user = await seeds.user()
    campaign = await seeds.campaign(user)
    async with database.transaction() as tx:
        campaigns = Campaigns(tx, user)
        finished = await campaigns.set_status(campaign.id, CampaignStatus.FINISHED)
        assert finished.finished_at == clock.now()
        with pytest.raises(ConflictError, match="finished"):
            await campaigns.set_status(
                campaign.id, CampaignStatus.PAUSED, expected={CampaignStatus.ACTIVE}
            )
        with pytest.raises(NotFoundError):
            await campaigns.set_status(4711, CampaignStatus.PAUSED)
    async with database.transaction() as tx:
        events = [event.type for event in await UserEvents(tx, user).after(0)]
    assert events == ["campaign_changed", "campaign_finished"]


async def test_counts_and_cost_are_the_campaigns_own(database, seeds):
    """Tasks are counted by status and calls' costs added up, of this campaign alone."""
    user = await seeds.user()
    campaign = await seeds.campaign(user)
    await seeds.task(user, campaign)
    queued = await seeds.task(user, campaign)
    await seeds.call(user)
    async with database.transaction() as tx:
        tasks, calls = Tasks(tx, user), Calls(tx, user)
        assert await Campaigns(tx, user).cost(campaign.id) == 0.0
        queued = await tasks.change(
            queued.id, expected={TaskStatus.PENDING}, status=TaskStatus.QUEUED_FOR_CALL
        )
        call = await calls.create_attempt(queued)
        await calls.add_cost(call.id, 0.25)
        costly = await calls.add_cost(call.id, 0.5)
        counts = await Campaigns(tx, user).counts(campaign.id)
        assert counts == {"pending": 1, "in_progress": 1}
        assert await Campaigns(tx, user).cost(campaign.id) == pytest.approx(0.75)
    assert (costly.cost_usd, costly.status) == (0.75, CallStatus.INITIATING)


async def test_a_report_is_stored_and_replaced(database, seeds):
    """There is no report at first; a later one takes the place of the earlier."""
    user = await seeds.user()
    campaign = await seeds.campaign(user)
    async with database.transaction() as tx:
        campaigns = Campaigns(tx, user)
        assert await campaigns.report(campaign.id) is None
        await campaigns.save_report(campaign.id, {"headline": "One"})
        await campaigns.save_report(campaign.id, {"headline": "Two"})
        assert await campaigns.report(campaign.id) == {"headline": "Two"}
        with pytest.raises(NotFoundError):
            await campaigns.save_report(4711, {})


async def test_a_key_makes_one_campaign(database, seeds):
    """A key is found with its plan's hash, and never bound a second time."""
    user = await seeds.user()
    campaign = await seeds.campaign(user)
    async with database.transaction() as tx:
        keys = IdempotencyKeys(tx, user)
        assert await keys.find("k") is None
        await keys.store("k", "hash", campaign.id)
        assert await keys.find("k") == ("hash", campaign.id)
        with pytest.raises(ConflictError):
            await keys.store("k", "other", campaign.id)


async def test_a_conversation_keeps_messages_in_order_and_its_state(database, seeds):
    """Messages come back as they were added, the state as it was last set."""
    user = await seeds.user()
    async with database.transaction() as tx:
        sessions = ChatSessions(tx, user)
        session = await sessions.create()
        await sessions.add_message(session.id, {"role": "user", "content": "Grüße"})
        await sessions.add_message(session.id, {"role": "assistant", "content": None})
        await sessions.set_state(session.id, {"form": "f1"})
        found = await sessions.get(session.id)
        assert (found.state, found.message_count) == ({"form": "f1"}, 2)
        assert await sessions.messages(session.id) == [
            {"role": "user", "content": "Grüße"},
            {"role": "assistant", "content": None},
        ]
        with pytest.raises(NotFoundError):
            await sessions.get("nobody")
        with pytest.raises(NotFoundError):
            await sessions.add_message("nobody", {})


async def test_the_audit_log_grows(database, seeds):
    """An entry keeps what was done and its detail."""
    user = await seeds.user()
    async with database.transaction() as tx:
        entry = await AuditLog(tx, user).append("campaign_confirmed", {"campaign": 1})
        bare = await AuditLog(tx, user).append("signed_in")
    assert (entry.action, entry.detail) == ("campaign_confirmed", {"campaign": 1})
    assert bare.detail == {}
