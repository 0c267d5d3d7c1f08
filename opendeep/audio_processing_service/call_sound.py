"""The sound of one call, frame by frame: everything that happens every 20 ms, and nothing else.

No task, timer, lock or log per frame. The callee's frames go to the voice AI as they come; the
pacer's tick takes the AI's next frame out. Where Asterisk sends nothing (a silent callee may send
no RTP at all) silence is put in, so that the voice AI's clock never stands still.
"""

from collections.abc import Callable
from typing import Final

from opendeep.audio_processing_service import pcm
from opendeep.audio_processing_service.overlap import Overlap
from opendeep.audio_processing_service.playout import Playout
from opendeep.audio_processing_service.recorder import CallRecorder
from opendeep.audio_processing_service.tones import LineEar

_LATE_BYTES: Final = 5 * pcm.FRAME_SAMPLES
"""So much may the callee's audio lag behind the clock before silence stands in for it."""
_KEPT_BYTES: Final = 500 * pcm.MULAW_BYTES_PER_MS
"""So much of the callee's audio is kept for a voice session that is not open yet."""
_PADS_PER_TICK: Final = 2
_AHEAD_BYTES: Final = 10 * pcm.FRAME_SAMPLES
"""So much may the callee be ahead of the AI in a recording before its pauses are shortened."""
_WAITING_BYTES: Final = 2 * pcm.SAMPLE_RATE
_EAR_BYTES: Final = 5 * 2 * pcm.FRAME_SAMPLES
_KEEP_EVERY: Final = 5
"""So many frames are kept, and heard by the ear, at a time: a tenth of a second."""
_QUIET_DBFS: Final = -50.0
_LISTEN_BYTES: Final = 2 * pcm.SAMPLE_RATE


class CallSound:
    """Both directions of one call's audio.

    Args:
        recorder: keeps both sides, or None.

    Attributes:
        playout: the AI's speech that waits.
        ear: what the line sounds like.
        frames_in: frames that came from Asterisk.
        frames_out: frames that were taken for Asterisk.
        listening: whether somebody listens in.
        overlap: both sides' last moments, and whether the AI's speech waits for the callee.
    """

    def __init__(self, recorder: CallRecorder | None) -> None:
        self.playout = Playout()
        self.ear = LineEar()
        self.frames_in = 0
        self.frames_out = 0
        self.listening = False
        self.overlap = Overlap()
        self._recorder = recorder
        self._unheard = bytearray()
        self._to_voice: Callable[[bytes], None] | None = None
        self._kept = bytearray()
        self._due_bytes = 0
        self._heard_bytes = 0
        self._callee = bytearray()
        self._ai = bytearray()
        self._heard_in: tuple[bytearray, bytearray] = (bytearray(), bytearray())

    def hear(self, samples: bytes) -> None:
        """Take audio of the callee: signed 16-bit little endian, 8 kHz."""
        self.frames_in += 1
        self._hear(samples)

    def tick(self, missed: int) -> bytes:
        """Take the AI's next 20 ms of µ-law; ``missed`` frames were not taken in time."""
        if missed:
            self.playout.fall_behind(missed)
        self._due_bytes += (missed + 1) * pcm.FRAME_SAMPLES
        # Not after a stall of this machine: what the callee sent may not be read yet.
        if not missed and self._due_bytes - self._heard_bytes >= _LATE_BYTES:
            self._stand_in()
        frame = pcm.MULAW_SILENCE_FRAME if self.overlap.paused else self.playout.next_frame()
        self.overlap.played.add(frame)
        self.frames_out += 1
        if self._recorder is not None or self.listening:
            if missed:
                self._ai += pcm.MULAW_SILENCE_FRAME * missed
            self._ai += frame
            if missed or self.frames_out % _KEEP_EVERY == 0:
                self._keep()
        return frame

    def finish(self) -> None:
        """Keep the AI's last frames too, for which nothing of the callee came."""
        self._callee += pcm.MULAW_SILENCE_FRAME[:1] * (len(self._ai) - len(self._callee))
        self._keep()

    def open_voice(self, to_voice: Callable[[bytes], None]) -> int:
        """Send the callee's audio to a voice session from now on.

        Returns:
            How many ms of earlier audio (half a second at most) were sent at once.
        """
        self._to_voice = to_voice
        kept = bytes(self._kept)
        self._kept.clear()
        if kept:
            to_voice(kept)
        return len(kept) // pcm.MULAW_BYTES_PER_MS

    def close_voice(self) -> None:
        """Send nothing to the voice session any more."""
        self._to_voice = None

    def take_heard_in(self) -> tuple[bytes, bytes]:
        """Return what both sides said since the last call, callee first, for a listener."""
        self._keep()
        callee, ai = self._heard_in
        taken = bytes(callee), bytes(ai)
        callee.clear()
        ai.clear()
        return taken

    def _hear(self, samples: bytes) -> None:
        mulaw = pcm.pcm_to_mulaw(samples)
        self._heard_bytes += len(mulaw)
        self.overlap.callee.add(mulaw)
        self._unheard += samples
        if len(self._unheard) >= _EAR_BYTES:
            self.ear.hear(bytes(self._unheard))
            self._unheard.clear()
        if self._to_voice is not None:
            self._to_voice(mulaw)
        else:
            self._kept += mulaw
            del self._kept[:-_KEPT_BYTES]
        if self._recorder is not None or self.listening:
            self._callee += mulaw

    def _stand_in(self) -> None:
        """Put silence where the callee's frames do not come; twice as fast as time at most."""
        for _ in range(_PADS_PER_TICK):
            if self._due_bytes - self._heard_bytes >= _LATE_BYTES:
                self._hear(pcm.PCM_SILENCE_FRAME)

    def _keep(self) -> None:
        """Keep what there is of both sides; the side that is ahead waits for the other."""
        ready = min(len(self._ai), len(self._callee))
        pieces = bytes(self._callee[:ready]), bytes(self._ai[:ready])
        del self._callee[:ready], self._ai[:ready]
        if ready and self._recorder is not None:
            self._recorder.add(*pieces)
        if self.listening:
            for side, piece in zip(self._heard_in, pieces, strict=True):
                side.extend(piece)
                del side[:-_LISTEN_BYTES]
        self._fall_into_step()

    def _fall_into_step(self) -> None:
        """Shorten the callee's pauses, never its words, while it is ahead of the AI."""
        while (
            len(self._callee) > _AHEAD_BYTES
            and pcm.energy_dbfs(bytes(self._callee[: pcm.FRAME_SAMPLES])) < _QUIET_DBFS
        ):
            del self._callee[: pcm.FRAME_SAMPLES]
        del self._callee[:-_WAITING_BYTES]
