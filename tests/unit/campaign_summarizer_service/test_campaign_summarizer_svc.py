"""The summarizer over a database in memory and a scripted model."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from opendeep.campaign_summarizer_service.campaign_report import Narrative
from opendeep.campaign_summarizer_service.campaign_summarizer_svc import (
    CampaignSummarizerService,
    SummarizerConfig,
)
from opendeep.common import messages
from opendeep.common.data_models import CallCause, CampaignStatus, Speaker, TaskStatus
from opendeep.common.errors import ModelUnavailableError, NotFoundError
from opendeep.common.ids import CampaignId, UserId
from opendeep.common.lifecycle import Nursery
from opendeep.common.messages import Wakeup, user_events
from opendeep.database.repositories import Calls, Campaigns, SystemUsers, Tasks, UserEvents
from opendeep.llm_integrations.testing import ScriptedTextModel, Step
from opendeep.llm_integrations.text_model import ModelMessage, ModelTurn
from tests.fixtures.finished_calls import World, open_world, plan_task

GOOD = Narrative(headline="1 of 1 tasks is done.", summary="Booked.", next_steps=[])
INVENTED = Narrative(headline="77 of 99 tasks are done.", summary="", next_steps=[])


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """Open the world of one user."""
    async with open_world() as opened:
        yield opened


def summarizer(
    world: World, steps: Sequence[Step] | None = None, **config: float
) -> CampaignSummarizerService:
    """Make a summarizer with a scripted model, or without one."""
    return CampaignSummarizerService(
        database=world.database,
        bus=world.bus,
        model=None if steps is None else ScriptedTextModel(steps),
        clock=world.clock,
        config=SummarizerConfig(**config),
    )


async def done_campaign(world: World) -> CampaignId:
    """Make a campaign whose only task was called and completed."""
    campaign_id = await world.campaign()
    call = await world.finished_call(
        CallCause.COMPLETED, [(Speaker.CALLEE, "Yes, booked.")], cost_usd=0.2
    )
    analysis = {
        "verdict": "success",
        "summary": "Booked.",
        "agreed": {},
        "evidence": [{"claim": "booked", "quote": "Yes, booked.", "seq": 1, "start_ms": 0}],
    }
    async with world.database.transaction() as tx:
        await Calls(tx, world.user_id).save_analysis(call.id, analysis)
        await Tasks(tx, world.user_id).change(
            call.task_id, expected=set(TaskStatus), status=TaskStatus.COMPLETED, outcome=analysis
        )
    return campaign_id


async def status_of(world: World, campaign_id: CampaignId) -> CampaignStatus:
    """Return a campaign's status."""
    async with world.database.transaction() as tx:
        return (await Campaigns(tx, world.user_id).get(campaign_id)).status


async def test_a_done_campaign_is_finished_with_its_report(world: World) -> None:
    """Status and report come together, and the user's pages are told."""
    campaign_id = await done_campaign(world)
    service = summarizer(world, [GOOD])
    assert await service.finish_campaigns() == 1
    assert await status_of(world, campaign_id) is CampaignStatus.FINISHED
    report = await service.report(world.user_id, campaign_id)
    assert (report.narrative, report.narrative_by, report.final) == (GOOD, "model", True)
    assert report.figures.cost_usd == 0.2
    assert report.tasks[0].evidence[0].quote == "Yes, booked."
    async with world.database.transaction() as tx:
        events = await UserEvents(tx, world.user_id).after(0)
    assert "campaign_finished" in [event.type for event in events]
    assert await service.finish_campaigns() == 0


@pytest.mark.parametrize(
    "steps",
    [None, [ModelUnavailableError("away")], ["junk", "junk"], [INVENTED]],
    ids=["no model", "away", "junk", "invents"],
)
async def test_a_report_needs_no_model(world: World, steps: list[Step] | None) -> None:
    """Without a usable model, the figures speak for themselves."""
    campaign_id = await done_campaign(world)
    service = summarizer(world, steps)
    assert await service.finish_campaigns() == 1
    report = await service.report(world.user_id, campaign_id)
    assert report.narrative_by == "figures"
    assert report.narrative.headline == "1 of 1 tasks completed."


async def test_a_slow_model_is_not_waited_for(world: World) -> None:
    """A model that does not answer in time does not hold the report up."""
    campaign_id = await done_campaign(world)

    class SlowModel(ScriptedTextModel):
        async def chat_with_tools(
            self, messages: Sequence[ModelMessage], tools: Sequence[object] = ()
        ) -> ModelTurn:
            del messages, tools
            await asyncio.Event().wait()
            raise AssertionError

    service = CampaignSummarizerService(
        database=world.database,
        bus=world.bus,
        model=SlowModel(),
        clock=world.clock,
        config=SummarizerConfig(model_seconds=0.01),
    )
    assert await service.finish_campaigns() == 1
    assert (await service.report(world.user_id, campaign_id)).narrative_by == "figures"


async def test_open_and_empty_campaigns_go_on(world: World) -> None:
    """A campaign with an open task, or with none yet, is not finished."""
    open_id = await world.campaign(plan_task(title="A"), plan_task(title="B"))
    async with world.database.transaction() as tx:
        (first, _) = (await Tasks(tx, world.user_id).list(campaign_id=open_id)).items
        await Tasks(tx, world.user_id).change(
            first.id, expected=set(TaskStatus), status=TaskStatus.FAILED
        )
        plan = await Campaigns(tx, world.user_id).plan(open_id)
        empty = await Campaigns(tx, world.user_id).create(plan)
    assert await summarizer(world).finish_campaigns() == 0
    assert await status_of(world, open_id) is CampaignStatus.ACTIVE
    assert await status_of(world, empty.id) is CampaignStatus.ACTIVE


async def test_a_running_report_tells_the_present(world: World) -> None:
    """An unfinished campaign can be reported on at any time; nothing is stored."""
    campaign_id = await world.campaign()
    report = await summarizer(world, []).report(world.user_id, campaign_id)
    assert (report.final, report.status) == (False, CampaignStatus.ACTIVE)
    assert report.narrative.headline == "0 of 1 tasks completed (1 waiting for their turn)."
    async with world.database.transaction() as tx:
        assert await Campaigns(tx, world.user_id).report(campaign_id) is None


async def test_a_stale_report_is_not_shown(world: World) -> None:
    """After a finished campaign's task was changed, the report tells the present."""
    campaign_id = await done_campaign(world)
    service = summarizer(world)
    await service.finish_campaigns()
    (task,) = await world.tasks(campaign_id)
    async with world.database.transaction() as tx:
        await Tasks(tx, world.user_id).change(
            task.id, expected=set(TaskStatus), status=TaskStatus.PENDING
        )
    report = await service.report(world.user_id, campaign_id)
    assert (report.final, report.figures.open) == (False, 1)


async def test_a_finished_campaign_without_a_report_gets_one(world: World) -> None:
    """A campaign that somebody else finished is reported on, and told only once."""
    campaign_id = await done_campaign(world)
    async with world.database.transaction() as tx:
        await Campaigns(tx, world.user_id).set_status(campaign_id, CampaignStatus.FINISHED)
    assert await summarizer(world).finish_campaigns() == 1
    async with world.database.transaction() as tx:
        assert await Campaigns(tx, world.user_id).report(campaign_id) is not None


@pytest.mark.parametrize("meanwhile", ["task retried", "campaign cancelled"])
async def test_what_changes_while_the_model_writes_wins(world: World, meanwhile: str) -> None:
    """A campaign that came to life again, or was cancelled, is not finished over it."""
    campaign_id = await done_campaign(world)

    class Meddler(ScriptedTextModel):
        async def chat_with_tools(
            self, messages: Sequence[ModelMessage], tools: Sequence[object] = ()
        ) -> ModelTurn:
            del messages, tools
            async with world.database.transaction() as tx:
                if meanwhile == "campaign cancelled":
                    await Campaigns(tx, world.user_id).set_status(
                        campaign_id, CampaignStatus.CANCELLED
                    )
                else:
                    (task,) = (await Tasks(tx, world.user_id).list(campaign_id=campaign_id)).items
                    await Tasks(tx, world.user_id).change(
                        task.id, expected=set(TaskStatus), status=TaskStatus.PENDING
                    )
            return ModelTurn(text=GOOD.model_dump_json())

    service = CampaignSummarizerService(
        database=world.database, bus=world.bus, model=Meddler(), clock=world.clock
    )
    assert await service.finish_campaigns() == 0
    assert await status_of(world, campaign_id) is not CampaignStatus.FINISHED


async def test_nobody_reads_anothers_report(world: World) -> None:
    """A campaign of another user does not exist."""
    campaign_id = await done_campaign(world)
    async with world.database.transaction() as tx:
        other = await SystemUsers(tx).ensure("eve")
    with pytest.raises(NotFoundError):
        await summarizer(world).report(UserId(other.id), campaign_id)


async def test_large_campaigns_are_read_in_parts(world: World) -> None:
    """No task of a campaign larger than one page is missing from its report."""
    many = [plan_task(title=str(number)) for number in range(205)]
    campaign_id = await world.campaign(*many)
    report = await summarizer(world).report(world.user_id, campaign_id)
    assert [task.title for task in report.tasks] == [str(number) for number in range(205)]


async def test_reports_are_rendered_on_request(world: World) -> None:
    """A report comes as a document in the format asked for."""
    campaign_id = await done_campaign(world)
    text = await summarizer(world).render(world.user_id, campaign_id, "md")
    assert text.startswith(b"# Dentist")


async def test_the_service_wakes_and_stops(world: World) -> None:
    """A wake-up finishes a campaign long before the next poll; stop ends the service."""
    service = summarizer(world, poll_seconds=3600)
    async with Nursery("test", grace_seconds=5) as nursery:
        nursery.start(service.run(), name=service.name)
        for _ in range(30):
            await asyncio.sleep(0)
        campaign_id = await done_campaign(world)
        async with world.bus.subscribe(user_events(world.user_id)) as events:
            await world.bus.publish(messages.WAKEUPS, Wakeup(work="slot_free"))
            await world.bus.publish(messages.WAKEUPS, Wakeup(work="campaigns"))
            await events.get()
        service.stop()
        service.stop()
    assert await status_of(world, campaign_id) is CampaignStatus.FINISHED


async def test_stop_before_run(world: World) -> None:
    """A service that was stopped before it ran returns at once and touches nothing."""
    campaign_id = await done_campaign(world)
    service = summarizer(world)
    service.stop()
    await service.run()
    assert await status_of(world, campaign_id) is CampaignStatus.ACTIVE


async def test_a_finished_campaign_that_changes_is_reported_anew(world: World) -> None:
    """A verdict that is corrected after the report makes the report new, once."""
    campaign_id = await done_campaign(world)
    service = summarizer(world)
    assert await service.finish_campaigns() == 1
    world.clock.move(hours=1)
    [task] = await world.tasks(campaign_id)
    async with world.database.transaction() as tx:
        await Tasks(tx, world.user_id).change(
            task.id, expected={TaskStatus.COMPLETED}, status=TaskStatus.UNRESOLVED
        )
    assert await service.finish_campaigns() == 1
    assert await service.finish_campaigns() == 0
    report = await service.report(world.user_id, campaign_id)
    assert report.figures.counts == {TaskStatus.UNRESOLVED: 1}
