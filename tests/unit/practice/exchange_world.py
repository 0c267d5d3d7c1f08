"""A whole practice exchange in virtual time: a manager, a media server, and ears without a model.

The fake media server "speaks" a sentence as a tone whose pitch is the sentence's number, and the
fake recogniser reads the pitch: the sound really travels through frames, µ-law and the ear.
"""

import asyncio
import uuid
import warnings
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import async_solipsism
import numpy as np
import soxr

from opendeep.audio_processing_service import audiosocket_protocol as protocol
from opendeep.audio_processing_service import pcm
from opendeep.call_processor_service.ami_protocol import AmiMessage, AmiParser
from opendeep.practice.exchange import ExchangeConfig, PracticeExchange
from opendeep.practice.exchange_sounds import load_clips
from opendeep.practice.records import CalleeRecord
from opendeep.practice.speech import Ear, Samples

_LOWEST_HZ = 400
_STEP_HZ = 40
_SPEECH_SECONDS = 0.8
AMI_PORT = 5038
MEDIA_PORT = 9092
MEDIA_ADDRESS = f"127.0.0.1:{MEDIA_PORT}"


def run_virtual(story: Coroutine[Any, Any, None]) -> None:
    """Run a story on a loop whose clock jumps; a hang is an error."""
    with (
        warnings.catch_warnings(),
        asyncio.Runner(loop_factory=async_solipsism.EventLoop) as runner,
    ):
        # Two timers may lie closer together than the virtual clock can tell apart: no harm.
        warnings.simplefilter("ignore", async_solipsism.ResolutionWarning)
        runner.run(story)


class LoudVad:
    """Calls every loud window speech."""

    def probability(self, window: Samples) -> float:
        """Return 1 for a loud window."""
        return float(np.abs(window).max() > 0.05)


class ToneHearing:
    """Ears that understand the tones of :class:`FakeMediaServer`."""

    def __init__(self) -> None:
        self.sentences: list[str] = []

    @property
    def transcriber(self) -> "ToneHearing":
        """The recogniser is this object itself."""
        return self

    def new_ear(self) -> Ear:
        """Make an ear that goes by loudness."""
        return Ear(vad=LoudVad())

    def tone(self, sentence: str) -> bytes:
        """Return the sound of a sentence: 16-bit samples at 8 kHz."""
        if sentence not in self.sentences:
            self.sentences.append(sentence)
        hertz = _LOWEST_HZ + _STEP_HZ * self.sentences.index(sentence)
        times = np.arange(int(_SPEECH_SECONDS * 8000)) / 8000
        return (12_000 * np.sin(2 * np.pi * hertz * times)).astype("<i2").tobytes()

    async def transcribe(self, pcm16k: Samples) -> str:
        """Return the sentence of the strongest pitch."""
        hertz = np.abs(np.fft.rfft(pcm16k)).argmax() * 16_000 / len(pcm16k)
        return self.sentences[round((hertz - _LOWEST_HZ) / _STEP_HZ)]


class FakeMediaServer:
    """Our side of AudioSocket: sends a frame each 20 ms, says what it is told to."""

    def __init__(self, hearing: ToneHearing) -> None:
        self._hearing = hearing
        self._speech = bytearray()
        self._writer: asyncio.StreamWriter | None = None
        self.sends_frames = True
        self.identity: str | None = None
        self.digits = ""
        self.audio = bytearray()
        self.connected = asyncio.Event()
        self.closed = asyncio.Event()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve the exchange's connection."""
        self._writer = writer
        self.connected.set()
        parser = protocol.AudioSocketParser()
        async with asyncio.TaskGroup() as group:
            pump = group.create_task(self._pump(writer))
            while data := await reader.read(4096):
                for event in parser.receive(data):
                    self._note(event)
            pump.cancel()
        writer.close()
        self.closed.set()

    def say(self, sentence: str) -> None:
        """Begin to say a sentence."""
        self._speech += self._hearing.tone(sentence)

    def send(self, raw: bytes) -> None:
        """Send any bytes."""
        assert self._writer is not None
        self._writer.write(raw)

    def hang_up(self) -> None:
        """Close the socket."""
        assert self._writer is not None
        self._writer.close()

    def _note(self, event: protocol.AudioSocketEvent) -> None:
        match event:
            case protocol.CallIdentified(uuid=name):
                self.identity = name
            case protocol.AudioReceived(payload=payload):
                self.audio += payload
            case protocol.DtmfReceived(digit=digit):
                self.digits += digit

    async def _pump(self, writer: asyncio.StreamWriter) -> None:
        while not writer.is_closing():
            frame = bytes(self._speech[:320]).ljust(320, b"\0")
            del self._speech[:320]
            if self.sends_frames:
                writer.write(protocol.audio(frame))
            await asyncio.sleep(0.02)


class Manager:
    """A manager's connection that keeps every message."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._parser = AmiParser(expect_banner=True)
        self.messages: list[AmiMessage] = []
        self.banner = ""

    async def ask(self, action: str, *headers: tuple[str, str]) -> AmiMessage:
        """Send an action and wait for its response."""
        identity = uuid.uuid4().hex
        self.write(AmiMessage.of(("Action", action), ("ActionID", identity), *headers).encode())
        return await self.until(lambda m: m.response != "" and m.action_id == identity)

    def write(self, raw: bytes) -> None:
        """Send any bytes."""
        self._writer.write(raw)

    async def until(self, wanted: Any, *, begin: int = 0) -> AmiMessage:
        """Wait for a message; those that came already count, from ``begin`` on."""
        while True:
            for message in self.messages[begin:]:
                if wanted(message):
                    return message
            begin = len(self.messages)
            if not await self.read():
                raise EOFError

    async def event(self, name: str, **headers: str) -> AmiMessage:
        """Wait for an event with these headers."""
        return await self.until(
            lambda m: m.event == name and all(m.get(key) == headers[key] for key in headers)
        )

    async def read(self) -> bool:
        """Take what comes; return False at the end of the connection."""
        data = await self._reader.read(65_536)
        for message in self._parser.receive(data) if data else []:
            if isinstance(message, AmiMessage):
                self.messages.append(message)
            else:
                self.banner = message.text
        return bool(data)

    def names(self, unique_id: str) -> list[str]:
        """Return the names of the events about a channel, in order."""
        return [
            message.event
            for message in self.messages
            if unique_id
            in {message.get("Uniqueid"), message.get("DestUniqueid"), message.get("ActionID")}
            and message.event
        ]

    def close(self) -> None:
        """Leave without a word."""
        self._writer.close()


class World:
    """An exchange, its media server, and a logged-in manager."""

    def __init__(
        self, exchange: PracticeExchange, manager: Manager, media: FakeMediaServer
    ) -> None:
        self.exchange = exchange
        self.manager = manager
        self.media = media
        self.media_address = MEDIA_ADDRESS

    @property
    def record(self) -> CalleeRecord:
        """The last call's record."""
        return self.exchange.records[-1]

    async def dial(self, number: str, **headers: str) -> str:
        """Originate as the product does; return the channel's id."""
        call_id = str(uuid.uuid4())
        fields = {
            "Channel": f"PJSIP/{number}@trunk",
            "Context": "opendeep",
            "Exten": "media",
            "Priority": "1",
            "Timeout": "30000",
            "Async": "true",
            "ChannelId": f"od-{call_id}",
            **headers,
        }
        identity = ("ActionID", f"od-{call_id}")
        variables = (
            ("Variable", f"OPENDEEP_CALL_ID={call_id}"),
            ("Variable", f"OPENDEEP_AUDIOSOCKET={self.media_address}"),
        )
        self.manager.write(
            AmiMessage.of(("Action", "Originate"), identity, *fields.items(), *variables).encode()
        )
        await self.manager.until(lambda m: m.response != "" and m.action_id == f"od-{call_id}")
        return f"od-{call_id}"

    async def connected(self) -> None:
        """Wait until the exchange has connected to the media server."""
        await self.media.connected.wait()
        await asyncio.sleep(0.1)

    async def said(self, words: str, *, times: int = 1) -> None:
        """Wait until the callee has said a sentence with these words to its end."""
        while sum(words in line.text and line.complete for line in self.record.said) < times:
            assert self.record.hung_up_by is None, f"hung up without {words!r}: {self.record}"
            await asyncio.sleep(0.1)

    async def until_saying(self, words: str) -> None:
        """Wait until the callee has begun a sentence with these words."""
        while not any(words in line.text for line in self.record.said):  # noqa: ASYNC110
            await asyncio.sleep(0.1)

    async def talk(self, *turns: tuple[str, str]) -> None:
        """Answer each of the callee's sentences with one of the AI's."""
        for words, answer in turns:
            await self.said(words)
            await asyncio.sleep(0.3)
            self.media.say(answer)

    async def hung_up(self) -> AmiMessage:
        """Wait for the last channel's Hangup."""
        return await self.manager.event("Hangup")


@asynccontextmanager
async def open_world(config: ExchangeConfig | None = None, **extra: Any) -> AsyncIterator[World]:
    """Serve an exchange on simulated TCP, with a manager logged in."""
    hearing = ToneHearing()
    media = FakeMediaServer(hearing)
    settings = config or ExchangeConfig(port=AMI_PORT, audiosocket=MEDIA_ADDRESS)
    exchange = PracticeExchange(settings, hearing=hearing, clips=load_clips(), **extra)
    async with await asyncio.start_server(media.accept, "127.0.0.1", MEDIA_PORT), exchange.serve():
        manager = await open_manager(exchange)
        await manager.ask("Login", ("Username", "opendeep"), ("Secret", "practice"))
        yield World(exchange, manager, media)
        manager.close()


async def open_manager(exchange: PracticeExchange) -> Manager:
    """Connect to the manager interface without logging in."""
    return Manager(*await asyncio.open_connection("127.0.0.1", exchange.port))


def pitch_of(payload: bytes, *, rate: int = pcm.SAMPLE_RATE) -> float:
    """Return the strongest frequency of 16-bit samples."""
    samples = np.frombuffer(payload, "<i2").astype(float)
    return float(np.abs(np.fft.rfft(samples)).argmax() * rate / len(samples))


def upsampled(mulaw: bytes) -> Samples:
    """Return telephone audio at the ear's rate."""
    samples = np.frombuffer(pcm.mulaw_to_pcm(mulaw), "<i2").astype(np.float32) / 32_768
    return np.asarray(soxr.resample(samples, 8000, 16_000), np.float32)
