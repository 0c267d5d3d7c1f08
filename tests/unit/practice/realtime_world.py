"""A Realtime session in virtual time with fake speech; every event is checked by OpenAI's types."""

import asyncio
import base64
import json
import typing
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any, Self

import async_solipsism
from openai.types import realtime as oracle

from opendeep.common.clock import LoopClock
from opendeep.common.lifecycle import Nursery
from opendeep.practice.realtime_session import RealtimeSession, RealtimeSettings
from tests.unit.practice.speech_fakes import LOUD, SILENT, fake_engines

Json = dict[str, Any]
TASK = {
    "on_behalf_of": "Alex Doe",
    "business_name": "Bright Smile Dental",
    "goal": "Book a dental cleaning",
    "facts": {"service": "dental cleaning", "preferred_time": "afternoons"},
}
INSTRUCTIONS = f"You call for <task> people.\n<task>{json.dumps(TASK)}</task>"
TOOLS = [
    {"type": "function", "name": name, "description": "", "parameters": {"type": "object"}}
    for name in ("end_call", "send_dtmf", "request_user_feedback", "note_fact")
]
_MODELS = {
    typing.get_args(model.model_fields["type"].annotation)[0]: model
    for model in typing.get_args(typing.get_args(oracle.RealtimeServerEvent)[0])
}


def item_of(text: str, role: str = "user") -> Json:
    """Return a text message as a client creates it."""
    kind = "output_text" if role == "assistant" else "input_text"
    return {"type": "message", "role": role, "content": [{"type": kind, "text": text}]}


def checked(event: Json) -> Json:
    """Return a server event that OpenAI's own types accept."""
    _MODELS[event["type"]].model_validate(event, strict=False)
    assert event["event_id"]
    return event


def run_virtual(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a test in virtual time, so that waiting costs nothing and is exact."""
    with asyncio.Runner(loop_factory=async_solipsism.EventLoop) as runner:
        runner.run(work())


class Peer:
    """A client of one session.

    Attributes:
        events: everything that the session sent, in order.
    """

    def __init__(
        self, settings: RealtimeSettings | None = None, *, model: str = "gpt-realtime-2.1"
    ) -> None:
        self.engines, self.transcriber, self.voice = fake_engines()
        self.events: list[Json] = []
        self._settings = settings or RealtimeSettings()
        self._model = model
        self._seen = 0

    async def __aenter__(self) -> Self:
        self._nursery = Nursery("test", on_failure=self._task_failed)
        await self._nursery.__aenter__()
        self.session = RealtimeSession(
            model=self._model,
            engines=self.engines,
            settings=self._settings,
            nursery=self._nursery,
            clock=LoopClock(datetime(2026, 11, 22, tzinfo=UTC)),
            send=lambda text: self.events.append(checked(json.loads(text))),
        )
        self.session.open()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._nursery.__aexit__(None, None, None)

    def _task_failed(self, name: str, error: BaseException) -> None:
        self.session.task_failed(name, error)

    def send(self, kind: str, **fields: object) -> None:
        """Send one client event."""
        self.session.receive({"type": kind, **fields})

    def update(self, **session: object) -> None:
        """Update the session; ``instructions`` and tools of the task are put in."""
        base = {"type": "realtime", "instructions": INSTRUCTIONS, "tools": TOOLS}
        self.send("session.update", session={**base, **session})

    def telephone(self, **turns: object) -> None:
        """Set the session up for a telephone, with these options of the turn detection."""
        detection = {"type": "server_vad", "silence_duration_ms": 500, **turns}
        self.update(
            audio={
                "input": {
                    "format": {"type": "audio/pcmu"},
                    "transcription": {"model": "gpt-transcribe"},
                    "turn_detection": detection,
                },
                "output": {"format": {"type": "audio/pcmu"}},
            }
        )

    def hears(self, audio: bytes) -> None:
        """Append audio in frames of 20 ms."""
        for begin in range(0, len(audio), 160):
            frame = base64.b64encode(audio[begin : begin + 160]).decode()
            self.send("input_audio_buffer.append", audio=frame)

    def says(self, text: str | Exception) -> None:
        """Let the caller say something, which the recogniser will understand as ``text``."""
        self.transcriber.texts.append(text)
        self.hears(LOUD * 20 + SILENT * 40)

    def of(self, kind: str) -> list[Json]:
        """Return all events of a type."""
        return [event for event in self.events if event["type"] == kind]

    def last(self, kind: str) -> Json:
        """Return the last event of a type."""
        return self.of(kind)[-1]

    async def until(self, kind: str, count: int = 1) -> Json:
        """Wait for the ``count``-th event of a type."""
        async with asyncio.timeout(600):
            while len(self.of(kind)) < count:  # noqa: ASYNC110 - virtual time
                await asyncio.sleep(0.01)
        return self.of(kind)[count - 1]

    @property
    def error(self) -> Json:
        """The last error's detail."""
        return typing.cast("Json", self.last("error")["error"])

    def said(self) -> list[str]:
        """Return the transcripts of all finished answers."""
        return [e["transcript"] for e in self.of("response.output_audio_transcript.done")]
