"""The memory between calls stays small and keeps what matters most."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from opendeep.task_manager.oversight_memory import BYTES_MOST, compact, remember, size_of

TEXT = st.text(max_size=400)
CONTEXTS = st.fixed_dictionaries(
    {},
    optional={
        "attempts": st.lists(st.fixed_dictionaries({"summary": TEXT, "attempt": st.integers()})),
        "agreed": st.dictionaries(TEXT, TEXT, max_size=8),
        "facts": st.dictionaries(TEXT, TEXT, max_size=60),
        "user_answers": st.lists(st.fixed_dictionaries({"question": TEXT, "answer": TEXT})),
        "wrong_number": st.just("+12125550100"),
    },
)


@given(CONTEXTS, st.integers(400, BYTES_MOST))
def test_a_memory_is_never_larger_than_allowed(context: dict[str, Any], most: int) -> None:
    """However much calls brought, the prompt has room for it; who was wrong is never forgotten."""
    kept = compact(context, most)
    assert size_of(kept) <= most
    assert kept.get("wrong_number") == context.get("wrong_number")
    assert compact(kept, most) == kept


def test_the_oldest_attempts_go_first_and_are_counted() -> None:
    """Of many attempts the last are told, and how many there were before them."""
    attempts = [{"attempt": number, "summary": "s" * 900} for number in range(1, 11)]
    kept = compact({"attempts": attempts})
    assert [one["attempt"] for one in kept["attempts"]] == [8, 9, 10]
    assert kept["earlier_attempts"] == 7


def test_a_newer_fact_wins() -> None:
    """A fact that is learned again replaces what was known, and the others stay."""
    known = remember({"agreed": {}}, {"menu": "press 2", "name": "Kim"})
    again = remember(known, {"menu": "press 3"})
    assert again == {"agreed": {}, "facts": {"name": "Kim", "menu": "press 3"}}


def test_facts_are_bounded() -> None:
    """Forty facts of 300 characters are kept, the newest."""
    many = remember({}, {str(number): "x" * 999 for number in range(50)})["facts"]
    assert len(many) == 40
    assert "9" not in many
    assert {len(value) for value in many.values()} == {300}
