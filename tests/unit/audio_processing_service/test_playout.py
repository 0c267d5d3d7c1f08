"""The playout: what was heard of what came, for every order of events."""

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from opendeep.audio_processing_service import pcm
from opendeep.audio_processing_service.playout import Heard, PartKey, Playout

A, B = PartKey("item-a", 0), PartKey("item-b", 0)
LOUD = bytes([0x80])


def add(playout: Playout, key: PartKey, mulaw: bytes) -> bool:
    """Add speech whose provider sends µ-law as well."""
    return playout.add(key, mulaw, len(mulaw) / pcm.MULAW_BYTES_PER_MS)


def test_nothing_is_silence() -> None:
    """An empty playout plays silence and is drained."""
    playout = Playout()
    assert playout.next_frame() is pcm.MULAW_SILENCE_FRAME
    assert playout.drained


def test_a_waiting_sound_fills_what_is_not_speech() -> None:
    """It is played round and round, never over speech, and counts as neither heard nor waiting."""
    playout = Playout()
    playout.wait_with(b"1" * 160 + b"2" * 160)
    add(playout, A, LOUD * 160)
    playout.complete(A)
    frames = [playout.next_frame()[:1] for _ in range(4)]
    assert frames == [LOUD, b"1", b"2", b"1"]
    assert playout.drained
    assert playout.interrupt() == []
    playout.wait_with(b"")
    assert playout.next_frame() is pcm.MULAW_SILENCE_FRAME


def test_a_part_is_not_torn_but_its_end_is_padded() -> None:
    """Less than a frame waits for more until the part is complete, then silence fills it up."""
    playout = Playout()
    add(playout, A, LOUD * 200)
    assert playout.next_frame() == LOUD * 160
    assert playout.next_frame() == pcm.MULAW_SILENCE_FRAME
    assert playout.queued_bytes == 40
    playout.complete(A)
    assert playout.next_frame() == LOUD * 40 + pcm.MULAW_SILENCE_FRAME[:120]
    assert playout.take_started() == [A]
    assert playout.take_started() == []
    assert playout.take_finished() == [
        Heard(item_id="item-a", content_index=0, heard_ms=25, received_ms=25)
    ]
    assert playout.take_finished() == []


def test_parts_follow_each_other_without_a_gap() -> None:
    """A frame may hold the end of one part and the beginning of the next."""
    playout = Playout()
    add(playout, A, b"a" * 200)
    add(playout, B, b"b" * 200)
    playout.complete(A)
    playout.complete(B)
    frames = [playout.next_frame() for _ in range(3)]
    assert b"".join(frames) == b"a" * 200 + b"b" * 200 + pcm.MULAW_SILENCE_FRAME[:80]
    assert [heard.item_id for heard in playout.take_finished()] == ["item-a", "item-b"]


def test_a_late_piece_goes_to_its_own_part() -> None:
    """Speech of an earlier part is put before that of the parts after it."""
    playout = Playout()
    add(playout, A, b"a" * 100)
    add(playout, B, b"b" * 100)
    add(playout, A, b"A" * 60)
    playout.complete(A)
    playout.complete(B)
    assert playout.next_frame() == b"a" * 100 + b"A" * 60
    assert playout.next_frame()[:100] == b"b" * 100


def test_interruption_tells_each_unfinished_part() -> None:
    """A barge-in tells how much of each part was heard, and zero for what never began."""
    playout = Playout()
    add(playout, A, LOUD * 800)
    playout.complete(A)
    add(playout, B, LOUD * 800)
    for _ in range(3):
        playout.next_frame()
    assert playout.heard(A) == Heard(
        item_id="item-a", content_index=0, heard_ms=60, received_ms=100
    )
    assert playout.heard(PartKey("nobody", 0)) is None
    assert playout.interrupt() == [
        Heard(item_id="item-a", content_index=0, heard_ms=60, received_ms=100),
        Heard(item_id="item-b", content_index=0, heard_ms=0, received_ms=100, complete=False),
    ]
    assert playout.drained
    assert playout.next_frame() is pcm.MULAW_SILENCE_FRAME
    assert playout.interrupt() == []


def test_a_played_part_that_is_not_complete_can_still_be_cut() -> None:
    """While more may come, a part counts as unfinished although all of it was played."""
    playout = Playout()
    add(playout, A, LOUD * 160)
    playout.next_frame()
    assert playout.take_finished() == []
    assert [heard.heard_ms for heard in playout.interrupt()] == [20]


def test_what_does_not_fit_is_dropped_but_was_received() -> None:
    """A full playout refuses speech and still knows that the provider sent it."""
    playout = Playout(max_queued_ms=20)
    assert add(playout, A, LOUD * 160)
    assert not add(playout, A, LOUD * 8)
    assert playout.interrupt()[0].received_ms == 21


def test_completing_what_is_unknown_does_nothing() -> None:
    """A part that was interrupted may be completed afterwards without an effect."""
    playout = Playout()
    playout.complete(A)
    assert playout.take_finished() == []


def test_missed_frames_are_made_up_in_pauses_only() -> None:
    """After a stall a pause is shortened by what was missed, and no word, not even inside."""
    playout = Playout()
    loud, quiet = LOUD * 160, pcm.MULAW_SILENCE_FRAME
    add(playout, A, loud + quiet * 4 + loud + quiet * 9 + loud)
    playout.complete(A)
    playout.fall_behind(3)
    frames = [playout.next_frame() for _ in range(13)]
    assert frames == [loud, *[quiet] * 4, loud, *[quiet] * 6, loud]
    assert playout.take_finished()[0].heard_ms == 320


def test_each_stall_looks_for_a_pause_anew() -> None:
    """The quiet before an earlier stall was made up for does not count as a later one's pause."""
    playout = Playout()
    loud, quiet = LOUD * 160, pcm.MULAW_SILENCE_FRAME
    add(playout, A, quiet * 5 + loud + quiet * 4 + loud)
    playout.complete(A)
    playout.fall_behind(1)
    heard = [playout.next_frame() for _ in range(5)]
    playout.fall_behind(1)
    heard += [playout.next_frame() for _ in range(5)]
    assert heard == [*[quiet] * 4, loud, *[quiet] * 4, loud]


def test_no_debt_without_speech() -> None:
    """Frames that were missed while nothing was to be said are forgotten."""
    playout = Playout()
    playout.fall_behind(3)
    add(playout, A, pcm.MULAW_SILENCE_FRAME * 3)
    playout.complete(A)
    playout.next_frame()
    assert playout.queued_bytes == 320


def test_long_speech_gives_its_memory_back() -> None:
    """Ten seconds of speech are played in order, also past the point where memory is freed."""
    playout = Playout()
    speech = bytes(index % 251 for index in range(80_000))
    add(playout, A, speech)
    playout.complete(A)
    assert b"".join(playout.next_frame() for _ in range(500)) == speech


@given(st.lists(st.binary(min_size=1, max_size=700), max_size=20))
def test_all_that_came_is_played_in_order(pieces: list[bytes]) -> None:
    """Speech in pieces of any size comes out whole."""
    playout = Playout()
    for piece in pieces:
        add(playout, A, piece)
    playout.complete(A)
    whole = b"".join(pieces)
    played = b"".join(playout.next_frame() for _ in range(len(whole) // 160 + 1))
    assert played.startswith(whole)
    assert played[len(whole) :] == pcm.MULAW_SILENCE_FRAME[:1] * (len(played) - len(whole))


class PlayoutMachine(RuleBasedStateMachine):
    """Any order of calls keeps the books straight."""

    def __init__(self) -> None:
        super().__init__()
        self.playout = Playout(max_queued_ms=2000)
        self.received = dict.fromkeys((A, B), 0.0)
        self.open: set[PartKey] = {A, B}
        self.played_bytes = 0
        self.accepted_bytes = 0

    @rule(key=st.sampled_from([A, B]), size=st.integers(0, 900))
    def add(self, key: PartKey, size: int) -> None:
        """Speech comes, unless the part is complete."""
        if key in self.open and add(self.playout, key, LOUD * size):
            self.accepted_bytes += size

    @rule()
    def play(self) -> None:
        """A frame is taken: always 160 bytes."""
        before = self.playout.queued_bytes
        assert len(self.playout.next_frame()) == 160
        self.played_bytes += before - self.playout.queued_bytes

    @rule(key=st.sampled_from([A, B]))
    def complete(self, key: PartKey) -> None:
        """A part's end comes."""
        self.open.discard(key)
        self.playout.complete(key)

    @rule()
    def interrupt(self) -> None:
        """The callee speaks: nobody heard more than there was, and nothing is left."""
        dropped = self.playout.queued_bytes
        for heard in self.playout.interrupt():
            assert 0 <= heard.heard_ms <= heard.received_ms
        self.accepted_bytes -= dropped
        assert self.playout.drained

    @precondition(lambda self: self.playout.drained)
    @rule()
    def silence(self) -> None:
        """A drained playout plays silence."""
        assert self.playout.next_frame() is pcm.MULAW_SILENCE_FRAME

    @invariant()
    def nothing_is_lost_or_invented(self) -> None:
        """What came was played, dropped at an interruption, or still waits; within the bound."""
        assert self.played_bytes + self.playout.queued_bytes == self.accepted_bytes
        assert self.playout.queued_bytes <= 16_000


TestPlayoutMachine = PlayoutMachine.TestCase
