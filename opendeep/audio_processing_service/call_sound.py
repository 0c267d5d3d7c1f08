"""The sound of one call, frame by frame: everything that happens every 20 ms, and nothing else.

No task, timer, lock or log per frame. The callee's frames go to the voice AI as they come; the
pacer's tick takes the AI's next frame out. Both are added to the last moments of their direction,
from which the ear, the recording and listeners take a tenth of a second at a time. Where Asterisk
sends nothing (a silent callee may send no RTP at all) silence is put in, so that the voice AI's
clock never stands still.
"""

from collections.abc import Callable
from typing import Final

from opendeep.audio_processing_service import pcm
from opendeep.audio_processing_service.kept_sound import KeptSound
from opendeep.audio_processing_service.overlap import TENTH_BYTES, LastMoments, LastTenth, Overlap
from opendeep.audio_processing_service.playout import Playout
from opendeep.audio_processing_service.recorder import CallRecorder
from opendeep.audio_processing_service.tones import LineEar

_LATE_BYTES: Final = 5 * pcm.FRAME_SAMPLES
"""So much may the callee's audio lag behind the clock before silence stands in for it."""
_KEPT_BYTES: Final = 500 * pcm.MULAW_BYTES_PER_MS
"""So much of the callee's audio is kept for a voice session that is not open yet."""
_PADS_PER_TICK: Final = 2
LOOK_FRAMES: Final = 5
"""So many frames pass between two looks at the call: a tenth of a second."""


class CallSound:
    """Both directions of one call's audio.

    Args:
        recorder: keeps both sides, or None.

    Attributes:
        playout: the AI's speech that waits.
        frames_in: frames that came from Asterisk.
        frames_out: frames that were taken for Asterisk.
        overlap: both sides' last moments, and whether the AI's speech waits for the callee.
        look_frames: how many frames pass until the next look, :data:`LOOK_FRAMES` or twice as many.
    """

    __slots__ = (
        "_callee",
        "_due_bytes",
        "_ear",
        "_heard_bytes",
        "_kept",
        "_kept_sound",
        "_played",
        "_to_voice",
        "frames_in",
        "frames_out",
        "look_frames",
        "overlap",
        "playout",
    )

    def __init__(self, recorder: CallRecorder | None) -> None:
        self.playout = Playout()
        self.frames_in = 0
        self.frames_out = 0
        self.look_frames = LOOK_FRAMES
        self.overlap = Overlap()
        self._ear = _EarOfCall(self.overlap.callee)
        self._kept_sound = KeptSound(self.overlap, recorder)
        self._callee = self.overlap.callee.mulaw
        self._played = self.overlap.played.mulaw
        self._to_voice: Callable[[bytes], None] | None = None
        self._kept = bytearray()
        self._due_bytes = 0
        self._heard_bytes = 0

    def hear(self, samples: bytes) -> None:
        """Take audio of the callee: signed 16-bit little endian, 8 kHz; best whole frames.

        Several frames at once go to the voice AI as one piece: where this process is behind, each
        message that it need not send lets it catch up.
        """
        self.frames_in += len(samples) // pcm.FRAME_PCM_BYTES or 1
        if samples == pcm.PCM_SILENCE_FRAME:
            self._hear(pcm.MULAW_SILENCE_FRAME)
        else:
            self._hear(pcm.pcm_to_mulaw(samples))

    def tick(self, missed: int) -> bytes:
        """Take the AI's next 20 ms of µ-law; ``missed`` frames were not taken in time."""
        self._due_bytes += (missed + 1) * pcm.FRAME_SAMPLES
        if missed:
            self._stalled(missed)
        # Not after a stall of this machine: what the callee sent may not be read yet.
        elif self._due_bytes - self._heard_bytes >= _LATE_BYTES:
            self._stand_in()
        paused = self.overlap.paused
        frame = pcm.MULAW_SILENCE_FRAME if paused else self.playout.next_frame()
        self._played += frame
        self.frames_out += 1
        if missed or self.frames_out % self.look_frames == 0:
            self._take_stock()
        return frame

    @property
    def ear(self) -> LineEar:
        """What the line sounds like, up to the last tenth of a second that was played."""
        return self._ear.ear

    def last_tenth(self) -> LastTenth:
        """Return the callee's last tenth of a second."""
        return self._ear.tenth(self._heard_bytes)

    def tenth_before(self) -> LastTenth:
        """Return the tenth of a second before the last one."""
        return LastTenth(self.overlap.callee.last_bytes(2 * TENTH_BYTES)[:-TENTH_BYTES])

    def heard_since(self, position: int) -> tuple[bytes, int]:
        """Return the callee's µ-law from a position on (the last second of it), and its end."""
        new = self._heard_bytes - position
        return self.overlap.callee.last_bytes(max(new, 0)), self._heard_bytes

    @property
    def listening(self) -> bool:
        """Whether somebody listens in."""
        return self._kept_sound.listening

    @listening.setter
    def listening(self, listening: bool) -> None:
        self._collect()
        self._kept_sound.listening = listening

    def finish(self) -> None:
        """Keep the AI's last frames too, for which nothing of the callee came."""
        self._collect()
        self._kept_sound.finish()

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
        self._collect()
        return self._kept_sound.take_heard_in()

    def _hear(self, mulaw: bytes) -> None:
        self._heard_bytes += len(mulaw)
        self._callee += mulaw
        if self._to_voice is not None:
            self._to_voice(mulaw)
        else:
            self._kept += mulaw
            del self._kept[:-_KEPT_BYTES]

    def _stalled(self, missed: int) -> None:
        """Note that frames were not played: silence stands for them in what is kept."""
        self.playout.fall_behind(missed)
        self._collect()
        self._kept_sound.miss(missed)

    def _stand_in(self) -> None:
        """Put silence where the callee's frames do not come; twice as fast as time at most."""
        for _ in range(_PADS_PER_TICK):
            if self._due_bytes - self._heard_bytes >= _LATE_BYTES:
                self._hear(pcm.MULAW_SILENCE_FRAME)

    def _take_stock(self) -> None:
        """Give the last moments to all who need them, and forget what is older."""
        self._ear.hear(self._heard_bytes)
        self._collect()
        self._kept_sound.keep()
        self.overlap.callee.trim()
        self.overlap.played.trim()

    def _collect(self) -> None:
        self._kept_sound.collect(self._heard_bytes, self.frames_out * pcm.FRAME_SAMPLES)


class _EarOfCall:
    """Brings the callee's last moments to the ear, a tenth of a second at a time.

    Attributes:
        ear: has heard everything but less than a tenth of a second.
    """

    __slots__ = ("_heard_bytes", "_moments", "_tenth", "_tenth_bytes", "ear")

    def __init__(self, moments: LastMoments) -> None:
        self._moments = moments
        self.ear = LineEar()
        self._heard_bytes = 0
        self._tenth = LastTenth(b"")
        self._tenth_bytes = 0

    def hear(self, heard_bytes: int) -> None:
        """Let the ear hear what came, where it is a tenth of a second or more."""
        new = heard_bytes - self._heard_bytes
        if new < TENTH_BYTES:
            return
        self._heard_bytes = heard_bytes
        if new == TENTH_BYTES:
            tenth = self.tenth(heard_bytes)
            self.ear.hear_frames(tenth.frames, tenth.energies)
        else:
            self.ear.hear(pcm.mulaw_to_samples(self._moments.last_bytes(new)))

    def tenth(self, heard_bytes: int) -> LastTenth:
        """Return the last tenth of a second; the same as long as nothing comes."""
        if heard_bytes != self._tenth_bytes:
            self._tenth_bytes = heard_bytes
            self._tenth = LastTenth(self._moments.last_bytes(TENTH_BYTES))
        return self._tenth
