"""The yardstick: the least that a paced relay in Python can do for a call, and nothing else.

AudioSocket to OpenAI Realtime and back with uvloop and picows: µ-law by table, one append for each
frame, one ticker for all calls that sends each of them a frame every 20 ms. No transcript, events,
recording, barge-in, accounting or limits.

    python -m benchmarks.media_rig.relay_minimal ws://127.0.0.1:N/v1/realtime
"""

import asyncio
import binascii
import sys
import uuid
from typing import Any, Final

import picows
import uvloop

from benchmarks.media_rig import control
from opendeep.audio_processing_service.pcm import mulaw_to_pcm, pcm_to_mulaw

HEADER: Final = b"\x10\x01\x40"
SILENCE: Final = b"\xff" * 160
SILENT_FRAME: Final = HEADER + bytes(320)
HEAD: Final = b'{"type":"input_audio_buffer.append","audio":"'
DELTA: Final = b'"type":"response.output_audio.delta"'
UPDATE: Final = (
    b'{"type":"session.update","session":{"type":"realtime","audio":{"input":{"format":'
    b'{"type":"audio/pcmu"},"turn_detection":{"type":"server_vad","create_response":true}},'
    b'"output":{"format":{"type":"audio/pcmu"}}}}}'
)


class Voice(picows.WSListener):
    """The side of the AI: deltas go into the queue."""

    def __init__(self, queue: bytearray) -> None:
        super().__init__()
        self.queue = queue
        self.transport: Any = None

    def on_ws_connected(self, transport: Any) -> None:
        """Ask for µ-law."""
        self.transport = transport
        transport.send(picows.WSMsgType.TEXT, UPDATE)

    def on_ws_frame(self, _transport: Any, frame: Any) -> None:
        """Queue the sound of a delta."""
        message = frame.get_payload_as_bytes()
        if DELTA in message[:80]:
            begin = message.index(b'"delta":"') + 9
            self.queue += binascii.a2b_base64(message[begin : message.index(b'"', begin)])


class Phone(asyncio.Protocol):
    """The side of Asterisk: frames become appends."""

    def __init__(self, relay: "Relay") -> None:
        self.relay = relay
        self.queue = bytearray()
        self.buffer = b""
        self.voice: Voice | None = None
        self.transport: Any = None

    def connection_made(self, transport: Any) -> None:
        """Begin to talk; silence until there is something to say."""
        self.transport = transport
        self.relay.phones.add(self)
        self.relay.tasks.create_task(self.open_voice())

    async def open_voice(self) -> None:
        """Open the AI's side."""
        _, voice = await picows.ws_connect(lambda: Voice(self.queue), self.relay.url)
        self.voice = voice

    def data_received(self, data: bytes) -> None:
        """Send each frame on."""
        self.buffer += data
        while len(self.buffer) >= len(HEADER) and len(self.buffer) >= (
            size := len(HEADER) + (self.buffer[1] << 8 | self.buffer[2])
        ):
            frame, self.buffer = self.buffer[:size], self.buffer[size:]
            if frame[0] == HEADER[0] and self.voice is not None:
                sound = binascii.b2a_base64(pcm_to_mulaw(frame[3:]), newline=False)
                self.voice.transport.send(picows.WSMsgType.TEXT, HEAD + sound + b'"}')

    def tick(self) -> None:
        """Send 20 ms."""
        if len(self.queue) >= len(SILENCE):
            self.transport.write(HEADER + mulaw_to_pcm(bytes(self.queue[:160])))
            del self.queue[:160]
        else:
            self.transport.write(SILENT_FRAME)

    def connection_lost(self, _exc: Exception | None) -> None:
        """End the call."""
        self.relay.phones.discard(self)
        if self.voice is not None:
            self.voice.transport.disconnect()


class Relay:
    """All calls and their ticker."""

    def __init__(self, url: str, tasks: asyncio.TaskGroup) -> None:
        self.url = url
        self.tasks = tasks
        self.phones: set[Phone] = set()

    async def pace(self) -> None:
        """Tick every call once in 20 ms, by a deadline."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            due = max(due + 0.02, loop.time() - 0.02)
            await asyncio.sleep(due - loop.time())
            for phone in list(self.phones):
                phone.tick()


async def prepare(count: int) -> list[str]:
    """Take any call."""
    return [str(uuid.uuid4()) for _ in range(count)]


async def release() -> None:
    """Do nothing: a call ends with its connection."""


async def main(url: str) -> None:
    """Relay until the benchmark has enough."""
    async with asyncio.TaskGroup() as tasks:
        relay = Relay(url, tasks)
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Phone(relay), "127.0.0.1", 0)
        pacer = tasks.create_task(relay.pace())
        await control.obey(server.sockets[0].getsockname()[1], prepare, release)
        pacer.cancel()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1]))
