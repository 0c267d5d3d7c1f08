"""The far end of a practice call: the port that the exchange plays audio to and takes it from.

A far end is driven by the exchange's pump, once each 20 ms, so that its clock is the line's clock.
"""

from collections import deque
from typing import Final, Protocol

from opendeep.audio_processing_service import pcm

FRAME_SECONDS: Final = pcm.FRAME_MS / 1000
_PREFILL_FRAMES: Final = 3
_MOST_BYTES: Final = 30 * pcm.SAMPLE_RATE


class FarEnd(Protocol):
    """Whoever answered; all calls but ``converse`` return at once."""

    async def converse(self) -> None:
        """Live through the call; return when the callee hangs up."""
        ...

    def next_frame(self) -> bytes | None:
        """Return the callee's next 20 ms (160 bytes of µ-law), or None when nothing is sent."""
        ...

    def hear(self, mulaw: bytes) -> None:
        """Take 20 ms of what the AI says, silence included."""
        ...

    def press(self, digit: str) -> None:
        """Take a key that the AI sent."""
        ...


class JitterBuffer:
    """Smooths audio that comes in uneven pieces into frames of 20 ms.

    After it ran dry it waits for 60 ms before it plays again, so that a late frame makes one gap
    and not many. It holds at most 30 s; what is older is dropped first.
    """

    def __init__(self) -> None:
        self._pieces: deque[bytes] = deque()
        self._bytes = 0
        self._playing = False

    def put(self, mulaw: bytes) -> None:
        """Append audio of any length."""
        self._pieces.append(mulaw)
        self._bytes += len(mulaw)
        while self._bytes > _MOST_BYTES:
            self._bytes -= len(self._pieces.popleft())

    def next_frame(self) -> bytes:
        """Return the next 160 bytes, silence where there is nothing to play."""
        if not self._playing and self._bytes < _PREFILL_FRAMES * pcm.FRAME_SAMPLES:
            return pcm.MULAW_SILENCE_FRAME
        self._playing = self._bytes > pcm.FRAME_SAMPLES
        return self._take(pcm.FRAME_SAMPLES)

    def _take(self, wanted: int) -> bytes:
        taken = bytearray()
        while self._pieces and len(taken) < wanted:
            piece = self._pieces.popleft()
            missing = wanted - len(taken)
            taken += piece[:missing]
            if len(piece) > missing:
                self._pieces.appendleft(piece[missing:])
        self._bytes -= len(taken)
        return bytes(taken).ljust(wanted, pcm.MULAW_SILENCE_FRAME[:1])
