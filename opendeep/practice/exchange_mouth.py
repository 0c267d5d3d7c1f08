"""A scripted callee's mouth: plays clips frame by frame and knows what was said in full."""

import asyncio
from collections import deque
from dataclasses import dataclass, field

from opendeep.audio_processing_service import pcm
from opendeep.practice.records import CalleeRecord, SaidLine


@dataclass(slots=True, kw_only=True, eq=False)
class Utterance:
    """One clip or sound on its way; ``text`` is None for sounds, which are not recorded."""

    mulaw: bytes
    text: str | None = None
    position: int = 0
    complete: bool = False
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    line: SaidLine | None = None


class Mouth:
    """Plays utterances one after the other; its clock is the number of frames taken."""

    def __init__(self, record: CalleeRecord) -> None:
        self._record = record
        self._waiting: deque[Utterance] = deque()
        self._frames = 0

    @property
    def at_ms(self) -> int:
        """Milliseconds since the answer."""
        return self._frames * pcm.FRAME_MS

    @property
    def speaking(self) -> bool:
        """Whether something is being played."""
        return bool(self._waiting)

    def say(self, mulaw: bytes, text: str | None) -> Utterance:
        """Put an utterance behind those that are playing; ``ended`` is set at its end."""
        utterance = Utterance(mulaw=mulaw, text=text)
        self._waiting.append(utterance)
        return utterance

    def stop(self) -> None:
        """Fall silent: every utterance ends now, incomplete."""
        while self._waiting:
            self._end(self._waiting.popleft(), complete=False)

    def next_frame(self) -> bytes | None:
        """Return the next 160 bytes of µ-law, or None when there is nothing to say."""
        self._frames += 1
        if not self._waiting:
            return None
        utterance = self._waiting[0]
        if utterance.position == 0:
            self._begin(utterance)
        begin = utterance.position
        utterance.position += pcm.FRAME_SAMPLES
        frame = utterance.mulaw[begin : utterance.position]
        if utterance.position >= len(utterance.mulaw):
            self._waiting.popleft()
            self._end(utterance, complete=True)
        return frame.ljust(pcm.FRAME_SAMPLES, pcm.MULAW_SILENCE_FRAME[:1])

    def _begin(self, utterance: Utterance) -> None:
        if utterance.text is None:
            return
        start_ms = self.at_ms - pcm.FRAME_MS
        utterance.line = SaidLine(
            text=utterance.text, start_ms=start_ms, end_ms=start_ms, complete=False
        )
        self._record.said.append(utterance.line)

    def _end(self, utterance: Utterance, *, complete: bool) -> None:
        utterance.complete = complete
        if utterance.line is not None:
            utterance.line.end_ms = self.at_ms
            utterance.line.complete = complete
        utterance.ended.set()
