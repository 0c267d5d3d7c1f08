"""Figures are counted from rows."""

from datetime import timedelta

from opendeep.campaign_summarizer_service.campaign_report import figures_of, report_task
from opendeep.common.data_models import CallCause, Speaker, TaskStatus
from tests.fixtures.finished_calls import NOON, open_world
from tests.unit.campaign_summarizer_service.reports import a_task


def test_figures_add_up() -> None:
    """Counts, calls, time and money are the sums of the tasks'."""
    figures = figures_of([a_task(), a_task(), a_task(status=TaskStatus.PENDING, attempts=[])])
    assert figures.counts == {TaskStatus.COMPLETED: 2, TaskStatus.PENDING: 1}
    assert (figures.tasks, figures.open, figures.calls, figures.answered_calls) == (3, 1, 2, 2)
    assert (figures.seconds, figures.cost_usd) == (190, 0.5)
    assert (figures.first_call_at, figures.last_call_at) == (NOON, NOON)


def test_no_tasks_no_figures() -> None:
    """An empty campaign has zeros and no times."""
    figures = figures_of([])
    assert (figures.tasks, figures.calls, figures.first_call_at) == (0, 0, None)


async def test_a_task_speaks_through_its_calls() -> None:
    """Evidence keeps the call that it comes from; time counts from the answer."""
    async with open_world() as world:
        await world.campaign()
        spoken = [(Speaker.CALLEE, "Yes.")]
        call = await world.finished_call(CallCause.COMPLETED, spoken, cost_usd=0.1, seconds=20)
        task = await world.task(call.task_id)
    analysis = {
        "verdict": "success",
        "summary": "Booked.",
        "promises": [{"what": "call", "due": None}],
        "evidence": [{"claim": "booked", "quote": "Yes.", "seq": 1, "start_ms": 0}],
    }
    later = call.model_copy(update={"attempt_number": 2, "answered_at": None})
    told = report_task(task, [call.model_copy(update={"analysis": analysis}), later])
    assert told.evidence[0].call_id == call.id
    assert (told.seconds, told.cost_usd, told.summary) == (20, 0.2, "Booked.")
    assert told.promises[0].what == "call"
    assert [attempt.seconds for attempt in told.attempts] == [20, 0]
    assert told.attempts[0].started_at == NOON
    assert told.attempts[0].ended_at == NOON + timedelta(seconds=20)


async def test_an_uncalled_task_has_no_result() -> None:
    """A task without a call has no verdict and no evidence."""
    async with open_world() as world:
        (task,) = await world.tasks(await world.campaign())
    told = report_task(task, [])
    assert (told.verdict, told.summary, told.evidence, told.agreed) == (None, None, [], {})
