"""The truth of what the callee heard: a queue of the AI's speech that is taken out frame by frame.

The voice AI sends speech much faster than real time; here it waits, as 8 kHz µ-law, until the
pacer takes the next 20 ms. Each piece belongs to a content part of a conversation item, and for
each of them two figures are kept: how much the provider sent (by the provider's bytes, because
that is how the provider counts) and how much was taken out. The difference is what a barge-in
cuts. Nothing here knows the time: a frame that was taken counts as heard.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

from opendeep.audio_processing_service import pcm

MAX_QUEUED_MS: Final = 300_000
"""How much speech may wait; more is dropped (an answer of five minutes is a broken model)."""
_SPENT_BYTES: Final = 500 * pcm.MULAW_BYTES_PER_MS
"""So much that was played is kept before its memory is given back."""
_MAX_DEBT_FRAMES = 50
_MAX_GAP_FRAMES = 5
"""So much of one gap in the AI's speech is made up: more would swallow the speaker's own pauses."""
_QUIET_DBFS = -50.0
_CLOSURE_FRAMES = 4
"""A quiet stretch this short may be the closure of a "t" or "k": it belongs to the word."""


class PartKey(NamedTuple):
    """Names one spoken content part of a conversation item."""

    item_id: str
    content_index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """How much of a part the callee heard.

    Attributes:
        heard_ms: what was played, never more than ``received_ms``.
        received_ms: what the provider sent, by its own bytes.
        complete: whether the provider sent all of the part.
    """

    item_id: str
    content_index: int
    heard_ms: int
    received_ms: int
    complete: bool = True

    @property
    def key(self) -> PartKey:
        """The part that this is about."""
        return PartKey(self.item_id, self.content_index)


@dataclass(slots=True, kw_only=True)
class _Part:
    """A part that is not played out yet; ``queued`` and ``played`` are bytes of µ-law."""

    key: PartKey
    received_ms: float = 0.0
    queued: int = 0
    played: int = 0
    complete: bool = False

    def heard(self) -> Heard:
        return Heard(
            item_id=self.key.item_id,
            content_index=self.key.content_index,
            heard_ms=min(self.played // pcm.MULAW_BYTES_PER_MS, int(self.received_ms)),
            received_ms=int(self.received_ms),
            complete=self.complete,
        )


class Playout:
    """Speech that waits to be played, in the order in which it came.

    Args:
        max_queued_ms: how much may wait; :meth:`add` refuses more.

    Attributes:
        news: whether there is something to take: parts that were begun or finished.
    """

    __slots__ = (
        "_audio",
        "_debt_frames",
        "_finished",
        "_gap_frames",
        "_max_queued_bytes",
        "_parts",
        "_position",
        "_quiet_frames",
        "_started",
        "_waited",
        "_waiting",
        "news",
    )

    def __init__(self, *, max_queued_ms: int = MAX_QUEUED_MS) -> None:
        self._max_queued_bytes = max_queued_ms * pcm.MULAW_BYTES_PER_MS
        self._parts: list[_Part] = []
        self._audio = bytearray()
        self._position = 0
        self._debt_frames = 0
        self._quiet_frames = 0
        self._gap_frames = 0
        self._waiting = b""
        self._waited = 0
        self.news = False
        self._started: list[PartKey] = []
        self._finished: list[Heard] = []

    def add(self, key: PartKey, mulaw: bytes, received_ms: float) -> bool:
        """Append speech of a part.

        Args:
            key: the part; parts are played in the order of their first piece.
            mulaw: 8 kHz µ-law, may be empty while a resampler fills.
            received_ms: how long this piece is by the provider's bytes.

        Returns:
            False if it did not fit and was dropped; it still counts as received.
        """
        parts = self._parts
        # Nearly always it is more of the part that came last.
        part = parts[-1] if parts and parts[-1].key == key else self._part(key)
        part.received_ms += received_ms
        length = len(mulaw)
        if len(self._audio) - self._position + length > self._max_queued_bytes:
            return False
        part.queued += length
        if self._gap_frames:
            # Speech that came too late is late for good, unless a pause makes up for it.
            self._owe(min(self._gap_frames, _MAX_GAP_FRAMES))
            self._gap_frames = 0
        if part is parts[-1]:
            self._audio += mulaw
        else:
            self._insert(part, mulaw)
        return True

    def complete(self, key: PartKey) -> None:
        """Note that nothing more comes for a part; idempotent, also for unknown parts."""
        for part in self._parts:
            if part.key == key:
                part.complete = True
        if self.drained:
            self._gap_frames = 0
        self._bury()

    def next_frame(self) -> bytes:
        """Take the next 20 ms: 160 bytes of µ-law, silence (or the waiting sound) without speech.

        A part whose end is not in yet is not torn: less than a frame of it waits for more.
        """
        begin = self._position
        end = begin + pcm.FRAME_SAMPLES
        if not self._debt_frames and end <= len(self._audio) and end < _SPENT_BYTES:
            part = self._parts[0]
            left = part.queued - part.played - pcm.FRAME_SAMPLES
            if part.played and (left > 0 or (left == 0 and not part.complete)):
                # Nearly always: in the midst of a part, where nothing begins and nothing ends.
                part.played += pcm.FRAME_SAMPLES
                self._position = end
                return bytes(self._audio[begin:end])
        if not self._frame_ready():
            if self._parts and self._parts[-1].played:
                self._gap_frames += 1
            return self._between()
        frame = self._take()
        while self._debt_frames and self._in_a_pause(frame) and self._frame_ready():
            self._debt_frames -= 1
            frame = self._take()
        return frame

    def wait_with(self, sound: bytes) -> None:
        """Play whole frames of µ-law over and over where there is no speech; none is silence."""
        self._waiting = sound
        self._waited = 0

    def fall_behind(self, frames: int) -> None:
        """Note that the pacer missed frames: as many are left out of the pauses that follow.

        Speech itself is never shortened, and nothing is ever sent in a burst: Asterisk could not
        give it back at a barge-in.
        """
        if not self.drained:
            self._owe(frames)

    def interrupt(self) -> list[Heard]:
        """Drop all that waits; tell for each unfinished part, in order, how much was heard."""
        heard = [part.heard() for part in self._parts]
        self._parts.clear()
        self._audio.clear()
        self._position = 0
        self._debt_frames = 0
        self._gap_frames = 0
        return heard

    @property
    def queued_bytes(self) -> int:
        """How much µ-law waits."""
        return len(self._audio) - self._position

    @property
    def drained(self) -> bool:
        """Whether everything that was added has been played."""
        return len(self._audio) == self._position

    @property
    def begun(self) -> bool:
        """Whether speech waits, or what was played of a part is not its end yet."""
        return not self.drained or any(part.played for part in self._parts)

    def heard(self, key: PartKey) -> Heard | None:
        """Tell how far an unfinished part is; None for others."""
        return next((part.heard() for part in self._parts if part.key == key), None)

    def take_started(self) -> list[PartKey]:
        """Return the parts whose first sound was played since the last call."""
        started, self._started = self._started, []
        self.news = bool(self._finished)
        return started

    def take_finished(self) -> list[Heard]:
        """Return the parts that were played to their end since the last call."""
        finished, self._finished = self._finished, []
        self.news = bool(self._started)
        return finished

    def _between(self) -> bytes:
        if not self._waiting:
            return pcm.MULAW_SILENCE_FRAME
        frame = self._waiting[self._waited : self._waited + pcm.FRAME_SAMPLES]
        self._waited = (self._waited + pcm.FRAME_SAMPLES) % len(self._waiting)
        return frame

    def _part(self, key: PartKey) -> _Part:
        for part in reversed(self._parts):
            if part.key == key:
                return part
        part = _Part(key=key)
        self._parts.append(part)
        return part

    def _insert(self, part: _Part, mulaw: bytes) -> None:
        """Put a late piece of an earlier part before the parts that follow it."""
        end = self._position
        for other in self._parts:
            end += other.queued - other.played
            if other is part:
                break
        self._audio[end - len(mulaw) : end - len(mulaw)] = mulaw

    def _owe(self, frames: int) -> None:
        if not self._debt_frames:
            self._quiet_frames = 0
        self._debt_frames = min(self._debt_frames + frames, _MAX_DEBT_FRAMES)

    def _frame_ready(self) -> bool:
        waiting = len(self._audio) - self._position
        if waiting >= pcm.FRAME_SAMPLES:
            return True
        return waiting > 0 and self._parts[-1].complete

    def _in_a_pause(self, frame: bytes) -> bool:
        quiet = pcm.quieter_than(frame, _QUIET_DBFS)
        self._quiet_frames = self._quiet_frames + 1 if quiet else 0
        return self._quiet_frames > _CLOSURE_FRAMES

    def _take(self) -> bytes:
        frame = bytes(self._audio[self._position : self._position + pcm.FRAME_SAMPLES])
        taken = len(frame)
        self._position += taken
        if self._position >= _SPENT_BYTES:
            del self._audio[: self._position]
            self._position = 0
        self._account(taken)
        if taken == pcm.FRAME_SAMPLES:
            return frame
        return frame.ljust(pcm.FRAME_SAMPLES, pcm.MULAW_SILENCE_FRAME[:1])

    def _account(self, taken: int) -> None:
        ended = False
        for part in self._parts:
            share = min(taken, part.queued - part.played)
            if share and not part.played:
                self._started.append(part.key)
                self.news = True
            part.played += share
            taken -= share
            ended = ended or (part.complete and part.played == part.queued)
            if not taken:
                break
        if ended:
            self._bury()

    def _bury(self) -> None:
        """Take out parts that were played to their end.

        A part that nothing more comes for may still be followed by others, so all are looked at.
        """
        for part in [part for part in self._parts if part.complete and part.played == part.queued]:
            self._parts.remove(part)
            self._finished.append(part.heard())
            self.news = True
