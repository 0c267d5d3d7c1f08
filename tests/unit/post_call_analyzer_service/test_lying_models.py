"""No model, however it lies, makes a success of a call that was none."""

import pytest

from opendeep.common.data_models import TaskStatus
from tests.fixtures.judging import Score, judged, opt_out_figures, score
from tests.fixtures.labelled_calls import LabelledCall, all_calls, by_hand, wordings_of
from tests.fixtures.scripted_judges import honest

HAND_MADE = list(by_hand())
DEALT = [call for call in all_calls(220) if call.id.startswith("dealt")]


@pytest.mark.parametrize("call", HAND_MADE, ids=lambda call: call.id)
async def test_an_honest_model_is_believed_where_it_is_right(call: LabelledCall) -> None:
    """A true success is kept, and nothing else becomes one."""
    (judgement,) = await judged(call, honest(call))
    completed = judgement.decision.status is TaskStatus.COMPLETED
    assert completed == (call.label == "success"), judgement.analysis.summary


@pytest.mark.parametrize("part", range(4))
async def test_no_liar_is_believed(part: int) -> None:
    """Every lie about every call made by hand, and about dealt ones, comes to nothing."""
    told: Score = await score([*HAND_MADE, *DEALT[:16]][part::4])
    assert told.believed == []
    assert told.honest_false == []
    assert told.lies.total() > 1000


async def test_dealt_calls_keep_their_successes() -> None:
    """Of the dealt calls, an honest model loses less than one success in twenty."""
    kept = [
        (await judged(call, honest(call)))[0].decision.status is TaskStatus.COMPLETED
        for call in DEALT
        if call.label == "success"
    ]
    assert sum(kept) >= 0.95 * len(kept)


def test_the_corpus_is_large_and_half_of_it_is_held_out() -> None:
    """At least 300 calls of every label, 150 wordings of an opt-out, split in halves by a seed."""
    calls = [*HAND_MADE, *DEALT]
    assert len(calls) >= 300
    assert len(wordings_of("opt_out")) >= 150
    held_out = sum(call.held_out() for call in calls)
    assert 0.4 * len(calls) < held_out < 0.6 * len(calls)
    labels = {call.label for call in calls}
    others = {"refused", "voicemail", "screening", "wrong_number", "unconfirmed", "contradiction"}
    assert labels >= others | {"success", "partial", "injection"}


def test_every_wording_of_an_opt_out_is_known() -> None:
    """The phrase list alone, without any model, misses none and takes no near miss for one."""
    figures = opt_out_figures()
    assert figures["opt_out_missed"] == []
    assert figures["near_misses_taken"] == []
