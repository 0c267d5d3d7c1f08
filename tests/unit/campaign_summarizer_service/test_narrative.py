"""The report in words."""

import pytest

from opendeep.campaign_summarizer_service.campaign_report import Narrative, ReportTask
from opendeep.campaign_summarizer_service.narrative import (
    STATUS_WORDS,
    invents_figures,
    plain_narrative,
)
from opendeep.common.data_models import TaskStatus
from opendeep.llm_integrations.text_model import SystemMessage, UserMessage
from tests.unit.campaign_summarizer_service.reports import a_task


def test_every_status_has_words() -> None:
    """No task is in a state that the report cannot name."""
    assert set(STATUS_WORDS) == set(TaskStatus)


def test_the_plain_narrative_counts_and_advises() -> None:
    """Without a model, the headline counts, the summary quotes, the steps name tasks."""
    tasks: list[ReportTask] = [
        a_task(title="A", status=TaskStatus.COMPLETED, summary="Booked for Tuesday."),
        a_task(title="B", status=TaskStatus.AWAITING_USER, summary=None, status_reason="Wrong."),
        a_task(title="C", status=TaskStatus.CANCELLED, summary=None, status_reason=None),
    ]
    words = plain_narrative(tasks)
    assert words.headline == "1 of 3 tasks completed (1 waiting for your answer, 1 cancelled)."
    assert words.summary == "3 of 3 calls were answered. A: Booked for Tuesday. B: Wrong."
    assert words.next_steps == ["Answer the question about this task: B"]


def test_all_done_says_no_more() -> None:
    """A headline without open ends has no brackets."""
    assert plain_narrative([a_task()]).headline == "1 of 1 tasks completed."


@pytest.mark.parametrize(
    ("headline", "invents"),
    [
        ("2 of 3 tasks are done.", False),
        ("It cost $1.50 in all.", False),
        ("The visit is at 2:30.", False),
        ("2 of 4 tasks are done.", True),
        ("It cost $99.", True),
        ("All is done.", False),
        ("1,250 minutes", False),
    ],
)
def test_invented_figures_are_noticed(headline: str, invents: bool) -> None:
    """A number that the data does not hold makes the narrative unusable; rules do not count."""
    given = [
        SystemMessage(text="At most 99 words."),
        UserMessage(text='{"done": 2, "tasks": 3, "cost": 1.50, "time": "2:30", "m": 1250}'),
    ]
    words = Narrative(headline=headline, summary="", next_steps=[])
    assert invents_figures(words, given) is invents
