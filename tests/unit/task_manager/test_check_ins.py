"""What an answer to a check-in means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendeep.common.errors import InvalidInputError
from opendeep.task_manager.check_ins import decide_check_in

OLD = "+12125550109"


@pytest.mark.parametrize(
    ("answer", "number"),
    [
        ("+12125550100", "+12125550100"),
        ("The right one is +1 (303) 555-0107.", "+13035550107"),
        ("No, call 303-555-0107 please", "+13035550107"),
        ("stop, it is (212) 555-0199", "+12125550199"),
    ],
)
def test_a_number_replaces_the_tasks(answer: str, number: str) -> None:
    """A number in any notation is taken, whatever words are around it."""
    decision = decide_check_in("Which number?", answer, {}, old_number=OLD)
    assert (decision.cancel, decision.phone_number) == (False, number)
    assert decision.reason == "You gave a new number."


@pytest.mark.parametrize(
    "answer", ["stop", "Cancel it.", "Please cancel", "no", "No, thanks!", "never mind", "drop it"]
)
def test_words_that_end_it(answer: str) -> None:
    """Plain words of giving up cancel the task."""
    assert decide_check_in("Go on?", answer, {}, old_number=OLD).cancel


@pytest.mark.parametrize(
    "answer", ["yes", "no problem, try tomorrow", "2026-12-03 at 15:00", "any time, non-stop"]
)
def test_all_else_is_remembered(answer: str) -> None:
    """Another answer goes on with the task, and is kept with its question."""
    context = {"facts": {"a": "b"}, "user_answers": [{"question": "q", "answer": "a"}]}
    decision = decide_check_in("Go on?", answer, context, old_number="not a number")
    assert (decision.cancel, decision.phone_number) == (False, None)
    assert decision.context == {
        "facts": {"a": "b"},
        "user_answers": [
            {"question": "q", "answer": "a"},
            {"question": "Go on?", "answer": answer},
        ],
    }


@pytest.mark.parametrize(
    "answer", ["try again", "I do not know", "+911", "It is +1 212 555 0109, I am sure"]
)
def test_a_stranger_is_not_called_again(answer: str) -> None:
    """After a wrong number, an answer without another number is refused, and says what will do."""
    context = {"wrong_number": OLD}
    with pytest.raises(InvalidInputError, match="somebody else's"):
        decide_check_in("Which number?", answer, context, old_number=OLD)
    assert decide_check_in("Which number?", "cancel", context, old_number=OLD).cancel
    other = decide_check_in("Which number?", "+1 212 555 0100", context, old_number=OLD)
    assert other.phone_number == "+12125550100"
    later = decide_check_in("Go on?", answer, other.context, old_number="+12125550100")
    assert not later.cancel


@pytest.mark.parametrize("answer", ["+1 900 555 0100", "call +1 212 55", "900-555-0100"])
def test_a_number_that_must_not_be_called(answer: str) -> None:
    """A refused number is told instead of dialling the old one again."""
    with pytest.raises(InvalidInputError, match="cannot be called"):
        decide_check_in("Which number?", answer, {}, old_number=OLD)


@given(st.text(max_size=200))
def test_any_answer(answer: str) -> None:
    """Any text is either a decision or an input error."""
    try:
        decision = decide_check_in("?", answer, {}, old_number=OLD)
    except InvalidInputError:
        return
    assert not (decision.cancel and decision.phone_number)


def test_a_number_of_another_country_is_refused() -> None:
    """The installation's countries hold for answers too."""
    with pytest.raises(InvalidInputError, match="OPENDEEP_COUNTRIES"):
        decide_check_in(
            "Which number?", "+442079460000", {}, old_number=OLD, countries=frozenset({"US"})
        )
