"""Many calls ask their users at once, and pages answer, close and reopen meanwhile."""

from pathlib import Path

import pytest

from tests.integration.questions_rig import play

pytestmark = [pytest.mark.integration, pytest.mark.enable_socket]


async def test_each_question_gets_exactly_one_answer(tmp_path: Path) -> None:
    """Two pages answer every question: one answer counts; foreign and late ones are refused."""
    figures = await play(tmp_path, 20)
    assert figures["each_page_saw_all_of_its_user"]
    assert figures["calls_with_exactly_one_answer"] == 10
    assert (figures["answers_taken"], figures["answers_refused"]) == (10, 10)
    assert figures["calls_with_more"] == 0
    assert figures["foreign_answers"] == {"404": 3}
    assert figures["answers_after_the_hang_up"] == {"409": 10}
    assert set(figures["statuses"]) <= {"answered", "cancelled", "expired"}
