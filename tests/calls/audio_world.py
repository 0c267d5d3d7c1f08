"""One call's media in virtual time: scripted Asterisk, scripted voice AI, rows in memory."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from opendeep.audio_processing_service import audiosocket_protocol as wire
from opendeep.audio_processing_service import pcm
from opendeep.audio_processing_service.audiosocket_handler import MediaPorts
from opendeep.audio_processing_service.audiosocket_server import (
    AudioSocketConfig,
    AudioSocketServer,
)
from opendeep.audio_processing_service.openai_realtime_client import (
    OpenAIRealtimeClient,
    RealtimeConfig,
)
from opendeep.common.clock import LoopClock
from opendeep.common.errors import ConflictError, OpenDeepError
from opendeep.common.event_bus import InProcessEventBus
from opendeep.common.ids import CallId, FeedbackId, TaskId, UserId
from opendeep.common.lifecycle import Nursery
from opendeep.common.messages import EndCall, Message, SendDtmf, call_commands
from opendeep.common.ports import CallConsultant, CallMediaConfig, MenuStep, SpokenLine
from tests.calls.realtime_peer import RealtimePeer

CALL = CallId("6f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f9")
DISCLOSURE = "Hello, this is an AI calling for Ada about a dental cleaning."
DISCLOSURE_MS = 60 * len(DISCLOSURE)
HOST, PORT = "127.0.0.1", 9092
LOUD = pcm.mulaw_to_pcm(bytes([0xA0]) * 160)


def call_config(call_id: CallId = CALL, **fields: object) -> CallMediaConfig:
    """Return what the media of a call is prepared with."""
    basis = {
        "call_id": call_id,
        "task_id": TaskId(1),
        "user_id": UserId(1),
        "instructions": "Book a cleaning.",
        "disclosure": DISCLOSURE,
    }
    return CallMediaConfig(**(basis | fields))  # type: ignore[arg-type]


class MemoryDesk:
    """Keeps what a call stores; fails as told."""

    def __init__(self) -> None:
        self.lines: list[SpokenLine] = []
        self.events: list[tuple[str, dict[str, object]]] = []
        self.facts: dict[str, str] = {}
        self.menus: list[tuple[MenuStep, ...]] = []
        self.do_not_call: list[str] = []
        self.opt_outs_found_by: list[str] = []
        self.questions: list[tuple[str, str, list[str]]] = []
        self.errors: list[OpenDeepError] = []
        self.busy_with_a_question = False

    async def store_line(self, _call_id: CallId, line: SpokenLine) -> int:
        """Keep a line."""
        self._fail()
        self.lines.append(line)
        return len(self.lines)

    async def store_event(self, _call_id: CallId, name: str, detail: dict[str, object]) -> None:
        """Keep an event."""
        self._fail()
        self.events.append((name, detail))

    async def note_fact(self, _call_id: CallId, name: str, value: str) -> None:
        """Keep a fact."""
        self._fail()
        self.facts[name] = value

    async def mark_do_not_call(self, _call_id: CallId, words: str, *, found_by: str) -> None:
        """Keep the callee's words, and who found them."""
        self._fail()
        self.do_not_call.append(words)
        self.opt_outs_found_by.append(found_by)

    async def learn_menu(self, _call_id: CallId, steps: Sequence[MenuStep]) -> None:
        """Keep the way."""
        self.menus.append(tuple(steps))

    async def ask_user(
        self, _call_id: CallId, tool_call_id: str, question: str, options: list[str]
    ) -> FeedbackId:
        """Keep a question, or refuse it."""
        if self.busy_with_a_question:
            raise ConflictError("A question is pending.")
        self.questions.append((tool_call_id, question, options))
        return FeedbackId(1)

    def _fail(self) -> None:
        if self.errors:
            raise self.errors.pop(0)

    @property
    def said(self) -> list[tuple[str, str]]:
        """Who said what, in order."""
        return [(line.speaker.value, line.text) for line in self.lines]

    @property
    def event_names(self) -> list[str]:
        """What happened, in order."""
        return [name for name, _ in self.events]


class AsteriskEnd(asyncio.Protocol):
    """Asterisk's end of one AudioSocket connection."""

    def __init__(self, call_id: str) -> None:
        self._call_id = call_id
        self._parser = wire.AudioSocketParser(wire.Side.ASTERISK)
        self.frames: list[tuple[float, bytes]] = []
        self.hung_up = False
        self.closed = asyncio.Event()
        self.sound = pcm.PCM_SILENCE_FRAME
        self.spoke: list[float] = []
        self.recording: deque[bytes] = deque()
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say which call this is."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        if self._call_id:
            self.write(wire.identify(self._call_id))

    def data_received(self, data: bytes) -> None:
        """Keep each frame with the time at which it came."""
        now = asyncio.get_running_loop().time()
        for event in self._parser.receive(data):
            match event:
                case wire.AudioReceived(payload=payload):
                    self.frames.append((now, pcm.pcm_to_mulaw(payload)))
                case wire.HangupReceived():
                    self.hung_up = True

    def connection_lost(self, _exc: Exception | None) -> None:
        """Note the end."""
        self.closed.set()

    def write(self, data: bytes) -> None:
        """Send bytes to the media server."""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(data)

    def close(self) -> None:
        """Close without a word, as Asterisk does when the callee hangs up."""
        if self.transport is not None:
            self.transport.close()

    async def talk(self) -> None:
        """Send what the callee's line sounds like, 20 ms after 20 ms."""
        while not self.closed.is_set():
            frame = self.recording.popleft() if self.recording else self.sound
            self.write(wire.audio(frame))
            if frame != pcm.PCM_SILENCE_FRAME:
                self.spoke.append(asyncio.get_running_loop().time())
            await asyncio.sleep(0.02)

    def speech(self) -> bytes:
        """Return everything that was played and is not silence."""
        silent = pcm.MULAW_SILENCE_BYTE
        whole = b"".join(frame for _, frame in self.frames)
        return bytes(code for code in whole if code != silent)


class MemoryRecorder:
    """Keeps both sides in memory."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.callee = b""
        self.ai = b""
        self.started = False
        self.stuck = False

    def start(self) -> None:
        """Note it."""
        self.started = True

    def add(self, callee: bytes, ai: bytes) -> None:
        """Keep a stretch."""
        assert len(callee) == len(ai)
        self.callee += callee
        self.ai += ai

    async def close(self) -> Path | None:
        """Return the path if anything was kept; never returns while stuck."""
        if self.stuck:
            await asyncio.Event().wait()
        return self.path if self.ai else None


@dataclass
class AudioWorld:
    """A media server with one call, and everything around it."""

    clock: LoopClock
    config: AudioSocketConfig = field(default_factory=AudioSocketConfig)
    consultant: CallConsultant | None = None

    def __post_init__(self) -> None:
        self.bus = InProcessEventBus()
        self.desk = MemoryDesk()
        self.peer = RealtimePeer()
        self.recorders: list[MemoryRecorder] = []
        self.commands: list[Message] = []
        self.ended = asyncio.Event()
        self.server = AudioSocketServer(
            self.config,
            MediaPorts(
                bus=self.bus,
                desk=self.desk,
                clock=self.clock,
                make_voice=self._make_voice,
                make_recorder=self._make_recorder,
                consultant=self.consultant,
            ),
        )
        self.nursery = Nursery("world")
        self.end = AsteriskEnd(CALL)

    def _make_voice(self) -> OpenAIRealtimeClient:
        config = RealtimeConfig(url="ws://127.0.0.1:9/v1/realtime")
        return OpenAIRealtimeClient(config, self.peer.connect, self.clock)

    def _make_recorder(self, path: Path) -> MemoryRecorder:
        recorder = MemoryRecorder(path)
        self.recorders.append(recorder)
        return recorder

    @asynccontextmanager
    async def open(self) -> AsyncIterator["AudioWorld"]:
        """Run the server and an attempt handler that takes every command."""
        async with self.nursery, self.bus.serve(call_commands(CALL), self._take):
            service = self.nursery.start(self.server.run(), name="server")
            await asyncio.sleep(0.001)
            try:
                yield self
            finally:
                self.server.stop()
                await service
                self.end.close()

    @asynccontextmanager
    async def call(self, **fields: object) -> AsyncIterator["AudioWorld"]:
        """Prepare a call, open its voice, and let Asterisk connect."""
        async with self.open():
            await self.prepare(**fields)
            await self.connect(self.end)
            yield self

    async def prepare(self, **fields: object) -> None:
        """Prepare a call and open its voice, as while it rings."""
        await self.server.prepare(call_config(**fields))  # type: ignore[arg-type]
        await self.server.open_voice(CALL)
        await asyncio.sleep(0.1)

    async def connect(self, end: AsteriskEnd, *, talk: bool = True) -> AsteriskEnd:
        """Connect an end of Asterisk, whose callee is silent at first."""
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: end, HOST, PORT)
        if talk:
            self.nursery.start(end.talk(), name="asterisk")
        return end

    async def _take(self, message: Message) -> None:
        self.commands.append(message)
        if isinstance(message, EndCall):
            self.ended.set()

    @property
    def end_command(self) -> EndCall | None:
        """The end that the media asked for."""
        return next((m for m in self.commands if isinstance(m, EndCall)), None)

    @property
    def keys(self) -> str:
        """The keys that the media sent."""
        return "".join(m.digits for m in self.commands if isinstance(m, SendDtmf))

    # What usually happens.

    async def callee_says(self, text: str, *, seconds: float = 1.0, item_id: str = "c1") -> None:
        """Let the callee say something and stop."""
        self.peer.caller_starts(item_id)
        self.end.sound = LOUD
        await asyncio.sleep(seconds)
        self.end.sound = pcm.PCM_SILENCE_FRAME
        self.peer.caller_stops(text, item_id)
        await asyncio.sleep(0.01)

    async def speak(self, seconds: float) -> None:
        """Let the callee be loud, and go on so."""
        self.end.sound = LOUD
        await asyncio.sleep(seconds)

    def hush(self) -> None:
        """Let the callee be silent."""
        self.end.sound = pcm.PCM_SILENCE_FRAME

    async def hear_disclosure(self) -> None:
        """Get through the opening: the callee answers and hears the disclosure."""
        await asyncio.sleep(0.5)
        await self.callee_says("Bright Smile Dental, hello.", item_id="opening")
        await asyncio.sleep(DISCLOSURE_MS / 1000 + 0.1)
        assert self.peer.automatic
