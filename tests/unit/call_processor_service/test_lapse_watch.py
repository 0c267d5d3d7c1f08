"""Who gave no sign of life for too long."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from opendeep.call_processor_service.lapse_watch import LapseWatch
from opendeep.database.models import Node

SEEN = datetime(2026, 11, 22, tzinfo=UTC)


def node(beat: int, incarnation: int = 1) -> Node:
    """Return a row of the table."""
    return Node(name="n", incarnation=incarnation, beat=beat, ready=True, seen_at=SEEN)


def test_a_beat_that_stands_still_lapses():
    """A node lapses once its beat was the same for the whole time, not before."""
    watch = LapseWatch(3)
    assert [watch.look([node(7)], now) for now in (0, 1, 2)] == [[], [], []]
    assert watch.look([node(7)], 3) == [node(7)]


def test_a_new_life_begins_anew():
    """Another beat or another incarnation is a sign of life."""
    watch = LapseWatch(3)
    watch.look([node(7)], 0)
    assert watch.look([node(8)], 2) == []
    assert watch.look([node(8, incarnation=2)], 4) == []
    assert watch.look([node(8, incarnation=2)], 6) == []


def test_who_could_not_look_accuses_nobody():
    """After a gap of its own, an observer gives every node its whole time again."""
    watch = LapseWatch(3)
    watch.look([node(7)], 0)
    assert watch.look([node(7)], 60) == []
    assert watch.look([node(7)], 62) == []
    assert watch.look([node(7)], 63) == [node(7)]


@given(st.lists(st.floats(0.1, 30), min_size=1, max_size=40))
def test_a_node_that_beats_between_looks_never_lapses(pauses):
    """Whatever the pauses between looks, a beat that always changed is never told."""
    watch, now = LapseWatch(3), 0.0
    for beat, pause in enumerate(pauses):
        now += pause
        assert watch.look([node(beat)], now) == []
