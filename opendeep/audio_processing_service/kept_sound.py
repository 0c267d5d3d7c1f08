"""What is kept of a call's sound: the recording, and what a listener has not taken yet.

Both sides stand side by side in time, although the callee's frames come when they please. The side
that is ahead waits for the other; where the callee stays ahead, its pauses are shortened.
"""

from typing import Final

from opendeep.audio_processing_service import pcm
from opendeep.audio_processing_service.overlap import Overlap
from opendeep.audio_processing_service.recorder import CallRecorder

_AHEAD_BYTES: Final = 10 * pcm.FRAME_SAMPLES
"""So much may the callee be ahead of the AI in a recording before its pauses are shortened."""
_WAITING_BYTES: Final = 2 * pcm.SAMPLE_RATE
_QUIET_DBFS: Final = -50.0
_LISTEN_BYTES: Final = 2 * pcm.SAMPLE_RATE


class KeptSound:
    """Takes from the last moments of both sides what somebody wants.

    Args:
        overlap: both sides' last moments.
        recorder: keeps both sides, or None.

    Attributes:
        listening: whether somebody listens in; :meth:`collect` before it is set.
    """

    def __init__(self, overlap: Overlap, recorder: CallRecorder | None) -> None:
        self.listening = False
        self._overlap = overlap
        self._recorder = recorder
        self._callee = bytearray()
        self._ai = bytearray()
        self._heard_bytes = 0
        self._played_bytes = 0
        self._heard_in: tuple[bytearray, bytearray] = (bytearray(), bytearray())

    @property
    def _wanted(self) -> bool:
        return self._recorder is not None or self.listening

    def collect(self, heard_bytes: int, played_bytes: int) -> None:
        """Take what came of both sides since the last time, by how much came in all."""
        if self._wanted:
            self._callee += self._overlap.callee.last_bytes(heard_bytes - self._heard_bytes)
            self._ai += self._overlap.played.last_bytes(played_bytes - self._played_bytes)
        self._heard_bytes = heard_bytes
        self._played_bytes = played_bytes

    def miss(self, frames: int) -> None:
        """Put silence for frames that were not played."""
        if self._wanted:
            self._ai += pcm.MULAW_SILENCE_FRAME * frames

    def keep(self) -> None:
        """Give away what there is of both sides; the side that is ahead waits for the other."""
        ready = min(len(self._ai), len(self._callee))
        pieces = bytes(self._callee[:ready]), bytes(self._ai[:ready])
        del self._callee[:ready], self._ai[:ready]
        if ready and self._recorder is not None:
            self._recorder.add(*pieces)
        if self.listening:
            for side, piece in zip(self._heard_in, pieces, strict=True):
                side.extend(piece)
                del side[:-_LISTEN_BYTES]
        if len(self._callee) > _AHEAD_BYTES:
            self._fall_into_step()

    def finish(self) -> None:
        """Keep the AI's last frames too, for which nothing of the callee came."""
        self._callee += pcm.MULAW_SILENCE_FRAME[:1] * (len(self._ai) - len(self._callee))
        self.keep()

    def take_heard_in(self) -> tuple[bytes, bytes]:
        """Return what both sides said since the last call, callee first, for a listener."""
        self.keep()
        callee, ai = self._heard_in
        taken = bytes(callee), bytes(ai)
        callee.clear()
        ai.clear()
        return taken

    def _fall_into_step(self) -> None:
        """Shorten the callee's pauses, never its words, while it is ahead of the AI."""
        while (
            len(self._callee) > _AHEAD_BYTES
            and pcm.energy_dbfs(bytes(self._callee[: pcm.FRAME_SAMPLES])) < _QUIET_DBFS
        ):
            del self._callee[: pcm.FRAME_SAMPLES]
        del self._callee[:-_WAITING_BYTES]
