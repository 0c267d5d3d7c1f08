"""The transcript: what was heard, in the order of the conversation."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendeep.audio_processing_service.conversation import (
    CUT_MARK,
    PATIENCE_MS,
    Conversation,
    cut_text,
    heard_fraction,
)
from opendeep.audio_processing_service.playout import Heard, PartKey

A, B = PartKey("a", 0), PartKey("b", 0)


def heard(key: PartKey, ms: int, of_ms: int, *, complete: bool = True) -> Heard:
    """Return how much of a part was heard."""
    return Heard(
        item_id=key.item_id,
        content_index=key.content_index,
        heard_ms=ms,
        received_ms=of_ms,
        complete=complete,
    )


def lines(talk: Conversation, now_ms: int, *, last: bool = False) -> list[tuple[str, int, int]]:
    """Take the lines that are ready, as text and times."""
    taken = talk.take_lines(now_ms, last=last)
    return [(line.text, line.start_ms, line.end_ms) for line in taken]


def test_a_line_is_given_out_once_it_was_played() -> None:
    """The AI's words come with the times at which they were played."""
    talk = Conversation()
    talk.agent_text(A, "Hello ", final=False)
    talk.agent_text(A, "Hello there.", final=True)
    talk.agent_text(A, "ignored", final=False)
    talk.agent_started(A, 100)
    assert lines(talk, 200) == []
    talk.agent_finished(heard(A, 900, 900), 1000)
    assert talk.text_of(A) == "Hello there."
    assert lines(talk, 1000) == [("Hello there.", 100, 1000)]
    assert lines(talk, 2000) == []
    assert talk.text_of(A) == ""


def test_a_text_that_is_late_is_waited_for() -> None:
    """Without its final text a played line waits 1.5 s and then goes as it is."""
    talk = Conversation()
    talk.agent_text(A, "Hel", final=False)
    talk.agent_started(A, 0)
    talk.agent_finished(heard(A, 500, 500), 500)
    assert lines(talk, 1900) == []
    assert lines(talk, 2000) == [("Hel", 0, 500)]


def test_a_cut_line_ends_with_a_dash() -> None:
    """Of an interrupted line only the words that were heard remain."""
    talk = Conversation()
    talk.agent_text(A, "one two three four", final=True)
    talk.agent_started(A, 0)
    talk.agent_cut(heard(A, 500, 1000), 500)
    talk.agent_text(A, "one two three four", final=True)
    talk.agent_text(B, "never heard", final=True)
    talk.agent_cut(heard(B, 0, 1000), 500)
    assert lines(talk, 500) == [("one two—", 0, 500)]


def test_the_ai_waits_for_what_was_said_before() -> None:
    """A line comes after the callee's words that it answers, although their text is late."""
    talk = Conversation()
    talk.callee_started("c", 0)
    talk.callee_stopped("c", 400)
    assert talk.awaits_callee
    talk.agent_text(A, "Yes.", final=True)
    talk.agent_started(A, 600)
    talk.agent_finished(heard(A, 400, 400), 1000)
    assert lines(talk, 1000) == []
    talk.callee_said("c", "Really?", 1200)
    assert not talk.awaits_callee
    assert lines(talk, 1200) == [("Really?", 0, 400), ("Yes.", 600, 1000)]
    talk.system("note", 1300)
    assert lines(talk, 1300)[-1] == ("note", 1300, 1300)


def test_it_does_not_wait_for_ever() -> None:
    """After three seconds, or at the end of the call, the line goes without them."""
    for now_ms, last in ((1000 + PATIENCE_MS, False), (1000, True)):
        talk = Conversation()
        talk.callee_started("c", 0)
        talk.agent_text(A, "Yes.", final=True)
        talk.agent_started(A, 600)
        talk.agent_finished(heard(A, 400, 400), 1000)
        assert lines(talk, now_ms, last=last) == [("Yes.", 600, 1000)]


def test_texts_of_unknown_or_open_turns() -> None:
    """A text without a known turn gets the present time; an empty one leaves nothing."""
    talk = Conversation()
    talk.callee_stopped("nobody", 5)
    talk.callee_said("nobody", "Hm.", 700)
    talk.callee_started("c", 800)
    talk.callee_said("c", "Yes", 900)
    talk.callee_started("d", 950)
    talk.callee_said("d", "", 990)
    assert lines(talk, 1000) == [("Hm.", 700, 700), ("Yes", 800, 900)]


def test_parts_without_words_or_sound_leave_no_line() -> None:
    """Speech whose text never came, or text that was never played, is not in the transcript."""
    talk = Conversation()
    talk.agent_started(A, 0)
    talk.agent_finished(heard(A, 10, 10), 10)
    talk.agent_finished(heard(B, 0, 0), 10)
    talk.agent_text(PartKey("c", 0), "silent", final=True)
    assert lines(talk, 9000, last=True) == []


@pytest.mark.parametrize(
    ("part", "text", "fraction"),
    [
        (heard(A, 500, 1000), "x" * 100, 0.5),
        (heard(A, 500, 1000, complete=False), "x" * 100, 500 / 6000),
        (heard(A, 500, 1000, complete=False), "x", 0.5),
        (heard(A, 0, 0), "x", 0.0),
    ],
)
def test_fraction(part: Heard, text: str, fraction: float) -> None:
    """A part that is not all there yet is judged by the length of its text."""
    assert heard_fraction(part, text) == pytest.approx(fraction)


@given(st.text(max_size=80), st.floats(0, 1))
def test_a_cut_keeps_whole_words_in_order(text: str, fraction: float) -> None:
    """A cut text is a beginning of the words, marked unless everything is there."""
    cut = cut_text(text, fraction)
    words = text.split()
    kept = cut.removesuffix(CUT_MARK).split() if cut != " ".join(words) else words
    assert kept == words[: len(kept)]
    assert cut_text(text, 1.0) == " ".join(words)
    assert cut_text(text, 0.0) == ""
