"""The usual way: asyncio streams, ``websockets``, ``json`` and a task for each direction.

Nothing is paced: what the AI says goes to Asterisk as it comes. µ-law by the same table as the
others, so that only the manner of relaying differs.

    python -m benchmarks.media_rig.relay_plain ws://127.0.0.1:N/v1/realtime
"""

import asyncio
import base64
import json
import sys

import websockets
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.media_rig import control
from benchmarks.media_rig.relay_minimal import HEADER, SILENCE, UPDATE, prepare, release
from opendeep.audio_processing_service.pcm import mulaw_to_pcm, pcm_to_mulaw


async def listen(reader: asyncio.StreamReader, voice: ClientConnection) -> None:
    """Send what the callee says to the AI."""
    while True:
        header = await reader.readexactly(3)
        payload = await reader.readexactly(int.from_bytes(header[1:], "big"))
        if header[0] == HEADER[0]:
            audio = base64.b64encode(pcm_to_mulaw(payload)).decode()
            await voice.send(json.dumps({"type": "input_audio_buffer.append", "audio": audio}))


async def speak(writer: asyncio.StreamWriter, voice: ClientConnection) -> None:
    """Send what the AI says to the callee."""
    queue = b""
    async for message in voice:
        event = json.loads(message)
        if event["type"] != "response.output_audio.delta":
            continue
        queue += base64.b64decode(event["delta"])
        while len(queue) >= len(SILENCE):
            writer.write(HEADER + mulaw_to_pcm(queue[:160]))
            queue = queue[160:]
        await writer.drain()


class Relay:
    """Takes calls."""

    def __init__(self, url: str) -> None:
        self.url = url

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Relay one call until its end."""
        try:
            async with (
                connect(self.url, compression=None, max_size=None) as voice,
                asyncio.TaskGroup() as tasks,
            ):
                await voice.send(UPDATE.decode())
                tasks.create_task(listen(reader, voice))
                tasks.create_task(speak(writer, voice))
        except* (asyncio.IncompleteReadError, websockets.ConnectionClosed, OSError):
            pass
        finally:
            writer.close()


async def main(url: str) -> None:
    """Relay until the benchmark has enough."""
    server = await asyncio.start_server(Relay(url).take, "127.0.0.1", 0)
    await control.obey(server.sockets[0].getsockname()[1], prepare, release)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
