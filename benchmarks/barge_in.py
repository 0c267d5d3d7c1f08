# ruff: noqa: INP001 - a script, run by its path
"""How soon the AI falls silent when the callee speaks, as the far end of the AudioSocket hears it.

    python benchmarks/barge_in.py --json

One core is given to the product (``media_rig/product.py``: transcript, events, recording), the
other to this process, which is Asterisk and the voice service of all calls at once, so that one
clock tells both moments. In each call the AI speaks without end, far ahead of time. At a random
moment the service says ``speech_started`` and the callee's line turns loud; measured is how long
after it the first frame of silence comes. The callee speaks on, so the product gives way and says
how much of its answer was heard: ``audio_end_ms`` is compared with the sound that really came.
"""

import argparse
import asyncio
import base64
import json
import math
import os
import random
import struct
import sys
import tempfile
import uuid
from dataclasses import dataclass, field
from typing import Any, Final

import picows
import uvloop

from benchmarks.media import Child
from opendeep.audio_processing_service import pcm

_HEADER: Final = b"\x10\x01\x40"
_SILENT: Final = _HEADER + bytes(320)
_DELTA_MS: Final = 300
_ANSWER_MS: Final = 30_000
_DISCLOSURE_MS: Final = 900
_PHASES: Final = 20
_FRAME_SECONDS: Final = 0.02
_SPEAKS_SECONDS: Final = 1.6
_WORDS: Final = "Wait, I have a question about the price of that."


def _buzz(hz: float, seconds: float) -> bytes:
    """Return a voice of sorts: a pitch with its harmonics, never silent for a whole frame."""
    count = round(seconds * pcm.SAMPLE_RATE)
    phases = [2 * math.pi * hz * n / pcm.SAMPLE_RATE for n in range(count)]
    samples = [
        round(sum(5000 / k * math.sin(k * phase + k * k) for k in range(1, 8))) for phase in phases
    ]
    return struct.pack(f"<{count}h", *samples)


_CALLEE: Final = [
    _HEADER + sound for sound in struct.iter_unpack("320s", _buzz(131, 1)) for sound in sound
]
_AI: Final = base64.b64encode(pcm.pcm_to_mulaw(_buzz(97, _DELTA_MS / 1000))).decode()


@dataclass(slots=True)
class Result:
    """What was measured."""

    silent_ms: list[float] = field(default_factory=list)
    wrong_ms: list[int] = field(default_factory=list)


class Call:
    """Both far ends of one call."""

    def __init__(self, result: Result, chance: random.Random) -> None:
        self.result = result
        self.chance = chance
        self.phone: Any = None
        self.voice: Any = None
        self.loud = False
        self.sent = 0
        self.asked_at: float | None = None
        self.heard_frames = 0
        self.number = 0
        self.active = ""
        self.opened = asyncio.Event()
        self.automatic = asyncio.Event()
        self.greeted = False

    # The voice service.

    def tell(self, kind: str, **fields: Any) -> None:
        """Send a server event."""
        message = json.dumps({"type": kind, "event_id": "e", **fields}).encode()
        self.voice.send(picows.WSMsgType.TEXT, message)

    def took(self, message: bytes, loop: asyncio.AbstractEventLoop) -> None:
        """Take a client event."""
        if message.startswith(b'{"type":"input_audio_buffer.append"'):
            if not self.greeted:
                self.greeted = True
                loop.call_later(0.3, self.speech, "started")
                loop.call_later(0.9, self.speech, "stopped")
                loop.call_later(1.0, self.words, "Good morning, this is Anna speaking.")
            return
        event = json.loads(message)
        match event["type"]:
            case "session.update":
                self.configured(event["session"])
            case "response.create":
                self.answer(_DISCLOSURE_MS, event.get("response", {}).get("metadata"))
            case "response.cancel" if self.active:
                self.done("cancelled")
            case "conversation.item.truncate":
                self.result.wrong_ms.append(event["audio_end_ms"] - 20 * self.heard_frames)

    def configured(self, session: dict[str, Any]) -> None:
        """Confirm the session; note when it answers by itself."""
        self.tell("session.updated", session={"audio": {"output": session["audio"]["output"]}})
        if session["audio"]["input"]["turn_detection"]["create_response"]:
            self.automatic.set()

    def speech(self, what: str) -> None:
        """Tell that the callee's speech began or ended."""
        side = "start" if what == "started" else "end"
        fields = {"item_id": f"callee_{self.number}", f"audio_{side}_ms": self.sent * 20}
        self.tell(f"input_audio_buffer.speech_{what}", **fields)

    def words(self, text: str) -> None:
        """Tell what the callee said."""
        kind = "conversation.item.input_audio_transcription.completed"
        self.tell(kind, item_id=f"callee_{self.number}", transcript=text)

    def answer(self, ms: int, metadata: dict[str, str] | None = None) -> None:
        """Speak, all at once."""
        self.number += 1
        self.heard_frames = 0
        self.active = f"response_{self.number}"
        ids = {"response_id": self.active, "item_id": f"item_{self.number}", "content_index": 0}
        self.tell("response.created", response={"id": self.active, "metadata": metadata})
        for _ in range(ms // _DELTA_MS):
            self.tell("response.output_audio.delta", delta=_AI, **ids)
        if ms < _ANSWER_MS:  # else it is still being made when the callee interrupts it
            self.tell("response.output_audio.done", **ids)
            self.tell("response.output_audio_transcript.done", transcript="I am an AI.", **ids)
            self.done("completed")

    def done(self, status: str) -> None:
        """End an answer."""
        response, self.active = self.active, ""
        self.tell("response.done", response={"id": response, "status": status})

    async def talk(self, times: int) -> None:
        """Interrupt the AI again and again."""
        await self.automatic.wait()
        for _ in range(times):
            await asyncio.sleep(self.chance.uniform(0.2, 0.6))
            self.answer(_ANSWER_MS)
            await asyncio.sleep(self.chance.uniform(1.0, 4.0))
            self.asked_at = asyncio.get_running_loop().time()
            self.speech("started")
            self.loud = True
            await asyncio.sleep(_SPEAKS_SECONDS)
            self.loud = False
            self.speech("stopped")
            self.words(_WORDS)

    # Asterisk.

    def send_frame(self) -> None:
        """Send 20 ms of the callee."""
        self.sent += 1
        self.phone.write(_CALLEE[self.sent % len(_CALLEE)] if self.loud else _SILENT)

    def came(self, frame: bytes, now: float) -> None:
        """Take 20 ms of the AI."""
        if frame != _SILENT:
            self.heard_frames += 1
        elif self.asked_at is not None:
            self.result.silent_ms.append(1000 * (now - self.asked_at))
            self.asked_at = None


class Phone(asyncio.Protocol):
    """Asterisk's end of a connection."""

    def __init__(self, call: Call, call_id: str) -> None:
        self._call = call
        self._call_id = call_id
        self._rest = b""

    def connection_made(self, transport: Any) -> None:
        """Say which call this is."""
        transport.write(b"\x01\x00\x10" + uuid.UUID(self._call_id).bytes)
        self._call.phone = transport

    def data_received(self, data: bytes) -> None:
        """Take frames."""
        now = asyncio.get_running_loop().time()
        data = self._rest + data
        for start in range(0, len(data) - len(_SILENT) + 1, len(_SILENT)):
            self._call.came(data[start : start + len(_SILENT)], now)
        self._rest = data[len(data) - len(data) % len(_SILENT) :]


class Voice(picows.WSListener):
    """The voice service's end of a session."""

    def __init__(self, call: Call) -> None:
        super().__init__()
        self._call = call

    def on_ws_connected(self, transport: Any) -> None:
        """Greet."""
        self._call.voice = transport
        self._call.opened.set()

    def on_ws_frame(self, transport: Any, frame: Any) -> None:
        """Take a client event."""
        if frame.msg_type is picows.WSMsgType.TEXT:
            self._call.took(frame.get_payload_as_bytes(), asyncio.get_running_loop())
        elif frame.msg_type is picows.WSMsgType.CLOSE:
            transport.send_close(picows.WSCloseCode.OK)
            transport.disconnect()


async def pace(calls: list[Call]) -> None:
    """Send each call's frames, every 20 ms, the calls spread over them."""
    loop = asyncio.get_running_loop()
    due, turn = loop.time(), 0
    while True:
        for call in calls[turn % _PHASES :: _PHASES]:
            if call.phone is not None:
                call.send_frame()
        turn += 1
        due += _FRAME_SECONDS / _PHASES
        await asyncio.sleep(max(due - loop.time(), 0))


async def run(count: int, times: int, core: int) -> Result:
    """Place calls and interrupt them."""
    result, loop = Result(), asyncio.get_running_loop()
    calls = [Call(result, random.Random(number)) for number in range(count)]  # noqa: S311
    waiting: list[Call] = []  # empty until the product has tried itself

    def opened(_request: picows.WSUpgradeRequest) -> picows.WSListener:
        return Voice(waiting.pop(0) if waiting else Call(Result(), random.Random(0)))  # noqa: S311

    server = await picows.ws_create_server(opened, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with tempfile.TemporaryDirectory() as directory:
        url = f"ws://127.0.0.1:{port}/v1/realtime"
        command = [sys.executable, "-m", "benchmarks.media_rig.product", url, directory]
        product = await asyncio.to_thread(Child, command, core)
        try:
            product.audio_port = await asyncio.to_thread(product.port)
            waiting += calls
            product.tell(f"prepare {count}")
            ids = (await asyncio.to_thread(product.hear)).split()
            async with asyncio.TaskGroup() as group:
                pacer = group.create_task(pace(calls))
                talks = []
                for call, call_id in zip(calls, ids, strict=True):
                    await call.opened.wait()
                    await loop.create_connection(
                        lambda call=call, call_id=call_id: Phone(call, call_id),  # type: ignore[misc]
                        "127.0.0.1",
                        product.audio_port,
                    )
                    talks.append(group.create_task(call.talk(times)))
                    await asyncio.sleep(_FRAME_SECONDS)
                await asyncio.wait(talks)
                pacer.cancel()
        finally:
            product.stop()
    return result


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object (the only form)")
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--times", type=int, default=5, help="how often each call is interrupted")
    parser.add_argument("--core", type=int, default=0, help="the core of the product")
    options = parser.parse_args()
    os.sched_setaffinity(0, {1 - options.core})
    result = uvloop.run(run(options.calls, options.times, options.core))
    silent = sorted(result.silent_ms)
    figures = {
        "calls": options.calls,
        "interruptions": len(silent),
        "expected": options.calls * options.times,
        "silence_p50_ms": round(silent[len(silent) // 2], 1),
        "silence_p99_ms": round(silent[len(silent) * 99 // 100], 1),
        "silence_max_ms": round(silent[-1], 1),
        "truncations": len(result.wrong_ms),
        "audio_end_wrong_by_more_than_20_ms": sum(abs(ms) > 20 for ms in result.wrong_ms),  # noqa: PLR2004
        "audio_end_worst_ms": max(map(abs, result.wrong_ms), default=0),
    }
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
