"""The table of a task's life: every state with every input is defined or a typed error."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendeep.common.data_models import TaskStatus
from opendeep.common.errors import InvalidTransitionError
from opendeep.task_manager.task_states import (
    RESTORED,
    TABLE,
    TaskInput,
    next_status,
    sources_of,
    target_of,
)


@given(st.sampled_from(TaskStatus), st.sampled_from(TaskInput))
def test_every_pair_is_defined(status: TaskStatus, event: TaskInput) -> None:
    """A state and an input give a state, or a typed error that names both."""
    if status in sources_of(event):
        assert isinstance(next_status(status, event), TaskStatus)
        return
    with pytest.raises(InvalidTransitionError) as caught:
        next_status(status, event)
    assert (caught.value.state, caught.value.event) == (status, event)


@given(st.lists(st.sampled_from(TaskInput), max_size=40))
def test_no_walk_leaves_a_final_state_unasked(events: list[TaskInput]) -> None:
    """Only the user takes a task out of a final state, and nothing leaves DND."""
    status = TaskStatus.PENDING
    for event in events:
        if (status, event) not in TABLE:
            continue
        if status.is_final:
            assert event in {TaskInput.RETRY, TaskInput.ACCEPT}
            assert status is not TaskStatus.CANCELLED_DND
        status = next_status(status, event)


@pytest.mark.parametrize("before", TaskStatus)
def test_give_back_restores_a_due_state(before: TaskStatus) -> None:
    """A claim that is given back restores the state before it, if that was one of the due ones."""
    restored = next_status(TaskStatus.QUEUED_FOR_CALL, TaskInput.GIVE_BACK, before_claim=before)
    due = {TaskStatus.PENDING, TaskStatus.RETRY_SCHEDULED, TaskStatus.ON_HOLD}
    assert restored is (before if before in due else TaskStatus.PENDING)


@given(st.sampled_from(TaskInput))
def test_target_is_the_tables(event: TaskInput) -> None:
    """An input has one target in all states, except those that restore an earlier state."""
    targets = {follows for (_, known), follows in TABLE.items() if known is event}
    if targets == {RESTORED}:
        with pytest.raises(InvalidTransitionError):
            target_of(event)
    else:
        assert targets == {target_of(event)}


def test_analysis_and_calls_are_the_services_own() -> None:
    """The user cannot hold, resume or retry a task that is in a call or being analysed."""
    for event in (TaskInput.HOLD, TaskInput.RESUME, TaskInput.RETRY):
        assert not sources_of(event) & {TaskStatus.IN_PROGRESS, TaskStatus.AWAITING_ANALYSIS}
