"""Our end of AudioSocket for conformance tests: one :class:`MediaCall` for each connection."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import numpy as np

from opendeep.audio_processing_service import audiosocket_protocol as protocol
from opendeep.audio_processing_service import pcm

WAIT_SECONDS = 20.0
FRAME_SECONDS = pcm.FRAME_MS / 1000
_READ_BYTES = 4096


class MediaCall:
    """One AudioSocket connection: what came, and what is being sent.

    Attributes:
        arrivals: when each audio frame came, in the loop's seconds.
        sizes: the payload sizes of the audio frames that came.
        digits: the callee's keys, from frames of kind 0x03.
    """

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._speech = bytearray()
        self.sends_frames = True
        self.identity = ""
        self.digits = ""
        self.audio = bytearray()
        self.arrivals: list[float] = []
        self.sizes: set[int] = set()
        self.changed = asyncio.Event()
        self.closed = asyncio.Event()
        self.hung_up = False

    def say(self, pcm_bytes: bytes) -> None:
        """Begin to send 16-bit samples in real time; silence goes before and after."""
        self._speech += pcm_bytes

    def send(self, raw: bytes) -> None:
        """Send any bytes."""
        self._writer.write(raw)

    def close(self) -> None:
        """Close the socket, as a dying media server does."""
        self._writer.close()

    async def heard(self, seconds: float) -> bytes:
        """Wait for so many more seconds of the callee's audio; return them."""
        begin = len(self.audio)
        wanted = begin + int(seconds * 1000 / pcm.FRAME_MS) * protocol.FRAME_PCM_BYTES
        async with asyncio.timeout(WAIT_SECONDS):
            while len(self.audio) < wanted and not self.closed.is_set():
                await self._next_change()
        return bytes(self.audio[begin:wanted])

    async def digits_are(self, wanted: str) -> None:
        """Wait until the callee has pressed these keys."""
        async with asyncio.timeout(WAIT_SECONDS):
            while self.digits != wanted and not self.closed.is_set():
                await self._next_change()
        assert self.digits == wanted

    async def until_closed(self, seconds: float = WAIT_SECONDS) -> None:
        """Wait until the exchange has closed the connection."""
        async with asyncio.timeout(seconds):
            await self.closed.wait()

    async def _next_change(self) -> None:
        self.changed.clear()
        await self.changed.wait()

    async def carry(self, reader: asyncio.StreamReader) -> None:
        """Take frames until the exchange closes, and send one every 20 ms meanwhile."""
        parser = protocol.AudioSocketParser()
        async with asyncio.TaskGroup() as group:
            pump = group.create_task(self._pump())
            with suppress(ConnectionError):
                while data := await reader.read(_READ_BYTES):
                    for event in parser.receive(data):
                        self._note(event)
                    self.changed.set()
            pump.cancel()
        self._writer.close()
        self.closed.set()
        self.changed.set()

    def _note(self, event: protocol.AudioSocketEvent) -> None:
        match event:
            case protocol.CallIdentified(uuid=name):
                self.identity = name
            case protocol.AudioReceived(payload=payload):
                self.arrivals.append(asyncio.get_running_loop().time())
                self.sizes.add(len(payload))
                self.audio += payload
            case protocol.DtmfReceived(digit=digit):
                self.digits += digit
            case _:
                self.hung_up = True

    async def _pump(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while not self._writer.is_closing():
            frame = bytes(self._speech[: protocol.FRAME_PCM_BYTES])
            del self._speech[: protocol.FRAME_PCM_BYTES]
            if self.sends_frames:
                self._writer.write(protocol.audio(frame.ljust(protocol.FRAME_PCM_BYTES, b"\0")))
            due += FRAME_SECONDS
            await asyncio.sleep(max(0.0, due - loop.time()))


class MediaServer:
    """Accepts calls and finds them by the id that Asterisk names them with."""

    def __init__(self) -> None:
        self.address = ""
        self.sends_frames = True
        self.calls: list[MediaCall] = []
        self._changed = asyncio.Event()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection of the exchange."""
        call = MediaCall(writer)
        call.sends_frames = self.sends_frames
        self.calls.append(call)
        async with asyncio.TaskGroup() as group:
            group.create_task(call.carry(reader))
            while not call.identity and not call.closed.is_set():
                await call._next_change()
            self._changed.set()

    async def call(self, call_id: str, seconds: float = WAIT_SECONDS) -> MediaCall:
        """Wait until the exchange has connected for a call."""
        async with asyncio.timeout(seconds):
            while True:
                for call in self.calls:
                    if call.identity == call_id:
                        return call
                self._changed.clear()
                await self._changed.wait()


@asynccontextmanager
async def open_media() -> AsyncIterator[MediaServer]:
    """Listen on a free port while the block is open; connections are closed at its end."""
    media = MediaServer()
    server = await asyncio.start_server(media.accept, "127.0.0.1", 0)
    media.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield media
    finally:
        server.close()
        await asyncio.sleep(0)  # who was let in at the last moment is served first
        for call in media.calls:
            call.close()
        for call in media.calls:
            await call.until_closed()


def tone(hertz: float, seconds: float, *, level: float = 8000.0) -> bytes:
    """Return a tone as 16-bit samples at 8 kHz."""
    times = np.arange(int(seconds * pcm.SAMPLE_RATE)) / pcm.SAMPLE_RATE
    return np.round(level * np.sin(2 * np.pi * hertz * times)).astype("<i2").tobytes()


def strongest(audio: bytes) -> tuple[float, float]:
    """Return the strongest frequency of 16-bit samples, and their effective level."""
    samples = np.frombuffer(audio, "<i2").astype(float)
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    hertz = float(spectrum.argmax() * pcm.SAMPLE_RATE / len(samples))
    return hertz, float(np.sqrt(np.mean(samples**2)))
