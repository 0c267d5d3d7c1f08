"""What one frame may cost, without a clock: writes, memory, and who is ticked when."""

import asyncio
import gc
import tracemalloc
import uuid
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from opendeep.audio_processing_service import audiosocket_protocol as wire
from opendeep.audio_processing_service import pcm
from opendeep.audio_processing_service.audiosocket_connection import AudioSocketConnection
from opendeep.audio_processing_service.audiosocket_handler import AudioSocketHandler, MediaPorts
from opendeep.audio_processing_service.pacing import SLOTS, PacingTicker
from opendeep.audio_processing_service.playout import PartKey
from opendeep.common.clock import SystemClock
from opendeep.common.event_bus import InProcessEventBus
from tests.calls.audio_world import CALL, LOUD, MemoryDesk, MemoryRecorder, call_config

AI = bytes([0x80]) * 160
KEY = PartKey("item", 0)


class Wire:
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        self.writes: list[bytes] = []

    def write(self, data: bytes) -> None:
        """Keep it."""
        self.writes.append(data)

    def set_write_buffer_limits(self, high: int) -> None:
        """Nothing ever waits."""

    def get_extra_info(self, _name: str) -> tuple[str, int]:
        """Come from loopback."""
        return ("127.0.0.1", 1)

    def is_closing(self) -> bool:
        """Stay open."""
        return False

    def close(self) -> None:
        """Do nothing."""


class TakesAll:
    """The server, as far as one connection needs it."""

    def __init__(self, handler: AudioSocketHandler) -> None:
        self.handler = handler
        self.aligned = 0

    def admit(self, _connection: AudioSocketConnection, _peer: Any) -> bool:
        """Let everybody in."""
        return True

    def claim(self, _connection: AudioSocketConnection, _call: str) -> AudioSocketHandler:
        """Give the one call."""
        return self.handler

    def align(self, _handler: AudioSocketHandler) -> None:
        """Count it."""
        self.aligned += 1

    def forget(self, _connection: AudioSocketConnection, _handler: Any) -> None:
        """Let it go."""

    def refuse_silent(self) -> None:
        """Never asked for."""


class Line:
    """A call that is connected, without a server and without a voice session."""

    def __init__(self) -> None:
        ports = MediaPorts(
            bus=InProcessEventBus(),
            desk=MemoryDesk(),
            clock=SystemClock(),
            make_voice=lambda: None,  # type: ignore[arg-type,return-value]
            make_recorder=Forgetful,
        )
        config = call_config(recording_path=Path("x"))
        self.handler = AudioSocketHandler(config, ports, connect_seconds=1)
        self.server = TakesAll(self.handler)
        self.wire = Wire()
        self.connection = AudioSocketConnection(self.server)
        self.connection.connection_made(self.wire)  # type: ignore[arg-type]
        self.connection.data_received(wire.identify(CALL))

    def exchange(self, frames: int) -> None:
        """Let time pass: a frame in, a frame out, the AI speaking all the while."""
        incoming = wire.audio(LOUD)
        for _ in range(frames):
            self.connection.data_received(incoming[:])
            self.handler._sound.playout.add(KEY, AI, 20.0)
            self.handler.tick(0)
            self.wire.writes.clear()


class Forgetful(MemoryRecorder):
    """Keeps nothing."""

    def add(self, callee: bytes, ai: bytes) -> None:
        """Look at it only."""
        assert len(callee) == len(ai)


async def test_a_frame_is_one_write() -> None:
    """Header and sound go out together, whether somebody speaks or not."""
    line = Line()
    line.handler.tick(0)
    line.handler._sound.playout.add(KEY, AI, 20.0)
    line.handler.tick(0)
    silence, speech = line.wire.writes
    assert silence == wire.audio(pcm.PCM_SILENCE_FRAME)
    assert speech == wire.audio(pcm.mulaw_to_pcm(AI))


async def test_missed_frames_are_never_sent_in_a_burst() -> None:
    """After a stall of a second, a tick is still one write of one frame."""
    line = Line()
    line.handler._sound.playout.add(KEY, AI * 100, 2000.0)
    line.handler.tick(50)
    assert [len(data) for data in line.wire.writes] == [323]


async def test_a_call_is_aligned_once() -> None:
    """Its phase is that of its first frame of sound; later ones cost nothing for it."""
    line = Line()
    line.exchange(10)
    assert line.server.aligned == 1


async def test_ten_thousand_frames_leave_no_memory_behind() -> None:
    """A call of 200 s holds what it held after ten seconds: nothing grows frame by frame."""
    line = Line()
    line.exchange(1000)
    gc.collect()
    tracemalloc.start()
    try:
        line.exchange(500)
        before, _ = tracemalloc.get_traced_memory()
        line.exchange(10_000)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 64 * 1024


async def test_a_frame_leaves_no_work_on_the_loop() -> None:
    """No task and no timer is made for a frame, in either direction."""
    line = Line()
    line.exchange(20)
    tasks = asyncio.all_tasks()
    line.exchange(500)
    assert asyncio.all_tasks() == tasks


@given(st.lists(st.integers(1, 6), min_size=1, max_size=20), st.randoms(use_true_random=False))
def test_frames_that_come_together_are_the_same_sound(groups: list[int], random: Any) -> None:
    """However whole frames are grouped, their sound is what the careful parser tells of them."""
    fast, careful = wire.AudioSocketParser(), wire.AudioSocketParser()
    for parser in (fast, careful):
        parser.receive(wire.identify(str(uuid.UUID(int=1))))
    for count in groups:
        data = b"".join(wire.audio(random.randbytes(320)) for _ in range(count))
        told = [event.payload for event in careful.receive(data)]  # type: ignore[union-attr]
        assert fast.sound_of(data) == b"".join(told)


def test_only_whole_frames_are_taken_the_fast_way() -> None:
    """Before the call is named, in the midst of a frame, and for all else the parser decides."""
    frame = wire.audio(LOUD)
    parser = wire.AudioSocketParser()
    assert not parser.sound_of(frame)
    parser.receive(wire.identify(CALL))
    assert not parser.sound_of(wire.dtmf("1"))
    assert not parser.sound_of(frame + frame[:100])
    assert not parser.sound_of(frame + b"\x11" + frame[1:])
    parser.receive(frame[:100])
    assert not parser.sound_of(frame)
    parser.receive(frame[100:])
    assert parser.sound_of(frame * 2) == LOUD * 2


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.seconds = 50.0

    def monotonic(self) -> float:
        """Return the time that was set."""
        return self.seconds

    def now(self) -> None:
        """Never asked for."""
        raise AssertionError


class Member:
    """Somebody to tick."""

    def tick(self, missed: int) -> None:
        """Do nothing."""


async def test_calls_are_spread_over_the_slots_by_their_phase() -> None:
    """Calls that come at all moments of 20 ms fill the slots evenly: no moment serves them all."""
    clock = Clock()
    ticker = PacingTicker(clock)  # type: ignore[arg-type]
    for number in range(100):
        clock.seconds = 50.0 + 0.02 * number + 0.0002 * number
        ticker.place(Member())
    assert len(ticker) == 100
    assert [len(slot) for slot in ticker._slots] == [100 / SLOTS] * SLOTS


async def test_late_frames_are_counted() -> None:
    """What a stall cost all calls together can be read off the ticker."""
    clock = Clock()
    ticker = PacingTicker(clock)  # type: ignore[arg-type]
    ticker._last = ticker._now()
    for _ in range(3):
        ticker.place(Member())
    clock.seconds += 0.1
    ticker._tick(ticker._now())
    assert ticker.missed == 3 * 4
