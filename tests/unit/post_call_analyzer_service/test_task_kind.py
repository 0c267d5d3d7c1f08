"""What kind of proof a task needs."""

import pytest

from opendeep.post_call_analyzer_service.task_kind import TaskKind, kind_of


@pytest.mark.parametrize(
    ("goal", "questions", "kind"),
    [
        ("Book a dental cleaning next week.", [], TaskKind.BOOK),
        ("Reserve a table for four and ask whether there is parking.", [], TaskKind.BOOK),
        ("Cancel the appointment of Alex Morgan.", [], TaskKind.CANCEL),
        ("Find out what a cleaning costs.", [], TaskKind.ASK),
        ("Ask when the next appointment is free.", [], TaskKind.ASK),
        ("Talk to them.", ["Are you open on Sunday?"], TaskKind.ASK),
        ("Get a refund for the spoiled box.", [], TaskKind.AGREE),
    ],
)
def test_the_kind_is_read_from_the_words(goal: str, questions: list[str], kind: TaskKind) -> None:
    """The goal's own words decide, and questions make an inquiry of what is none else."""
    assert kind_of(goal, "", questions) is kind
