"""A Realtime session on the server's side: client events in, server events out.

Turn taking, the conversation's rules and the one active response live here; sound is in
``realtime_hearing`` and ``realtime_response``, and what is said in the practice brain. Nothing
here waits: what takes time is a task of the connection's nursery.
"""

import asyncio
import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from opendeep.common.clock import Clock
from opendeep.common.lifecycle import Nursery
from opendeep.practice import realtime_config
from opendeep.practice.brain_turns import Move
from opendeep.practice.realtime_config import EventFaultError, invalid, missing, unknown
from opendeep.practice.realtime_hearing import Hearing
from opendeep.practice.realtime_items import Conversation, Item, checked_item
from opendeep.practice.realtime_mind import moves_for
from opendeep.practice.realtime_response import ResponsePlan, ResponseRun
from opendeep.practice.realtime_wire import Outbox, new_id
from opendeep.practice.speech import EAR_RATE, Samples, SpeechEngines, SpeechStarted, SpeechStopped

Json = dict[str, Any]
_LONGEST_TRANSCRIPTION_SECONDS: Final = 10.0
_NO_SOUND: Final = np.zeros(0, np.float32)
_IDLE_WORDS: Final = (
    'Say exactly the following words and nothing else: "Hello? Are you still there?"'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RealtimeSettings:
    """How the practice Realtime service behaves.

    Attributes:
        session_seconds: the life of a session (the live service: 60 minutes).
        speed: how many times faster than real time audio is sent.
        force_pcm: answer in PCM 24 kHz whatever was negotiated, and say so in ``session.updated``.
        transcript_delay_seconds: holds transcripts back, which may come late on a live service.
    """

    session_seconds: float = 3_600.0
    speed: float = 8.0
    force_pcm: bool = False
    transcript_delay_seconds: float = 0.0


class RealtimeSession:
    """One client's session.

    Args:
        send: takes server events in order, as JSON.
        nursery: owns the session's tasks; its failures go to :meth:`task_failed`.
    """

    def __init__(
        self,
        *,
        model: str,
        engines: SpeechEngines,
        settings: RealtimeSettings,
        nursery: Nursery,
        clock: Clock,
        send: Callable[[str], None],
    ) -> None:
        expires_at = int(clock.now().timestamp() + settings.session_seconds)
        self._engines = engines
        self._settings = settings
        self._nursery = nursery
        self._outbox = Outbox(send)
        self._session = realtime_config.default_session(
            session_id=new_id("sess"), model=model, expires_at=expires_at
        )
        self._conversation = Conversation(new_id("conv"))
        self._hearing = Hearing(engines, self._session["audio"]["input"])
        self._active: ResponseRun | None = None
        self._runs: dict[str, ResponseRun] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._transcribing: dict[str, asyncio.Event] = {}
        self._speech_item = ""
        self._turn_waits = False
        self._has_spoken = False
        self._cached_text = 0

    def open(self) -> None:
        """Greet the client."""
        self._outbox.emit("session.created", session=self._session)

    def expire(self) -> None:
        """Tell the client that the session has lived long enough; the socket closes after it."""
        message = "Your session hit the maximum duration."
        self._outbox.fail("invalid_request_error", "session_expired", message)

    def task_failed(self, name: str, error: BaseException) -> None:
        """Tell the client when a task of the nursery died."""
        kind, _, key = name.partition(":")[2].partition(" ")
        if kind == "transcribe":
            self._transcription_failed(key, str(error))
        elif key in self._runs:
            self._runs[key].fail("The practice assistant failed.")

    def receive(self, event: object) -> None:
        """Take one client event; a fault becomes an ``error`` event and changes nothing."""
        event_id = event.get("event_id") if isinstance(event, dict) else None
        try:
            if not isinstance(event, dict) or not isinstance(event.get("type"), str):
                raise missing("type")
            handler = self._handlers().get(event["type"])
            if handler is None:
                raise invalid("type", event["type"], sorted(self._handlers()))
            handler(event)
        except EventFaultError as fault:
            self._outbox.error(fault, event_id=event_id)

    def _handlers(self) -> dict[str, Callable[[Json], None]]:
        return {
            "input_audio_buffer.append": self._append,
            "session.update": self._update,
            "input_audio_buffer.commit": self._commit,
            "input_audio_buffer.clear": self._clear,
            "conversation.item.create": self._create_item,
            "conversation.item.retrieve": self._retrieve_item,
            "conversation.item.truncate": self._truncate_item,
            "conversation.item.delete": self._delete_item,
            "response.create": self._create_response,
            "response.cancel": self._cancel_response,
        }

    # The session and the caller's audio.

    def _update(self, event: Json) -> None:
        self._session = realtime_config.updated(
            self._session,
            event.get("session"),
            has_spoken=self._has_spoken,
            force_pcm=self._settings.force_pcm,
        )
        self._hearing.configure(self._session["audio"]["input"])
        self._outbox.emit("session.updated", session=self._session)

    def _append(self, event: Json) -> None:
        audio = event.get("audio")
        if not isinstance(audio, str):
            raise missing("audio")
        try:
            data = base64.b64decode(audio, validate=True)
        except (binascii.Error, ValueError) as error:
            raise invalid("audio", "…", "base64 audio") from error
        for found in self._hearing.append(data):
            if isinstance(found, SpeechStarted):
                self._speech_started(found)
            else:
                self._speech_stopped(found)

    def _speech_started(self, found: SpeechStarted) -> None:
        self._stop("idle")
        self._speech_item = new_id("item")
        self._outbox.emit(
            "input_audio_buffer.speech_started",
            audio_start_ms=found.at_ms,
            item_id=self._speech_item,
        )
        self._turn_waits = False
        if self._turns().get("interrupt_response", True) and self._active is not None:
            self._cancel(self._active, "turn_detected")

    def _speech_stopped(self, found: SpeechStopped) -> None:
        self._outbox.emit(
            "input_audio_buffer.speech_stopped", audio_end_ms=found.at_ms, item_id=self._speech_item
        )
        self._commit_utterance(found.pcm16k, self._speech_item)
        if not self._turns().get("create_response", True):
            return
        if self._active is None:
            self._start(self._plan({}))
        else:
            self._turn_waits = True

    def _turns(self) -> Json:
        return self._session["audio"]["input"]["turn_detection"] or {}

    def _commit(self, _event: Json) -> None:
        samples = self._hearing.commit()
        if samples is None:
            message = "Error committing input audio buffer: buffer too small, expected 100ms."
            raise EventFaultError("input_audio_buffer_commit_empty", message)
        self._commit_utterance(samples, new_id("item"))

    def _clear(self, _event: Json) -> None:
        self._hearing.clear()
        self._outbox.emit("input_audio_buffer.cleared")

    def _commit_utterance(self, samples: Samples, item_id: str) -> None:
        previous = self._conversation.last_id()
        self._outbox.emit(
            "input_audio_buffer.committed", item_id=item_id, previous_item_id=previous
        )
        item = Item(
            wire={
                "id": item_id,
                "object": "realtime.item",
                "type": "message",
                "status": "completed",
                "role": "user",
                "content": [{"type": "input_audio", "transcript": None}],
            },
            audio_ms=len(samples) * 1_000 / EAR_RATE,
        )
        self._add(item, None)
        self._transcribing[item_id] = asyncio.Event()
        self._nursery.start(self._transcribe(item, samples), name=f"transcribe {item_id}")

    async def _transcribe(self, item: Item, samples: Samples) -> None:
        text = await self._engines.transcriber.transcribe(samples)
        item.transcript = text
        self._transcribing.pop(item.id).set()
        item.wire["content"][0]["transcript"] = text
        await asyncio.sleep(self._settings.transcript_delay_seconds)
        if self._session["audio"]["input"]["transcription"] is None:
            return
        name = "conversation.item.input_audio_transcription"
        if text:
            self._outbox.emit(f"{name}.delta", item_id=item.id, content_index=0, delta=text)
        self._outbox.emit(
            f"{name}.completed",
            item_id=item.id,
            content_index=0,
            transcript=text,
            usage={"type": "duration", "seconds": round(item.audio_ms / 1_000, 2)},
        )

    def _transcription_failed(self, item_id: str, message: str) -> None:
        waiting = self._transcribing.pop(item_id, None)
        if waiting is not None:
            waiting.set()
        self._outbox.emit(
            "conversation.item.input_audio_transcription.failed",
            item_id=item_id,
            content_index=0,
            error={"type": "server_error", "code": "audio_unintelligible", "message": message},
        )

    # The conversation.

    def _add(self, item: Item, after: str | None) -> None:
        previous = self._conversation.add(item, after=after)
        self._outbox.emit("conversation.item.added", item=item.wire, previous_item_id=previous)
        self._outbox.emit("conversation.item.done", item=item.wire, previous_item_id=previous)

    def _create_item(self, event: Json) -> None:
        self._add(checked_item(event.get("item"), new_id("item")), event.get("previous_item_id"))

    def _retrieve_item(self, event: Json) -> None:
        item = self._conversation.retrieve(event.get("item_id"))
        self._outbox.emit("conversation.item.retrieved", item=item)

    def _truncate_item(self, event: Json) -> None:
        fields = {key: event.get(key) for key in ("item_id", "content_index", "audio_end_ms")}
        self._conversation.truncate(**fields)
        self._outbox.emit("conversation.item.truncated", **fields)

    def _delete_item(self, event: Json) -> None:
        self._conversation.delete(event.get("item_id"))
        self._outbox.emit("conversation.item.deleted", item_id=event["item_id"])

    # Responses.

    def _create_response(self, event: Json) -> None:
        options = event.get("response") or {}
        extra = set(event) - {"type", "event_id", "response"}
        if extra:
            raise unknown(min(extra))
        realtime_config.RESPONSE("response", options)
        plan = self._plan(options)
        if plan.in_conversation and self._active is not None:
            message = (
                f"Conversation already has an active response in progress: {self._active.id}. "
                "Wait until the response is finished before creating a new one."
            )
            raise EventFaultError("conversation_already_has_active_response", message)
        self._start(plan)

    def _plan(self, options: Json) -> ResponsePlan:
        wanted: Json = {**self._session, **options}
        output = self._session["audio"]["output"] | options.get("audio", {}).get("output", {})
        choice, tools = wanted["tool_choice"], wanted["tools"]
        if isinstance(choice, dict):
            tools = [tool for tool in tools if tool["name"] == choice["name"]]
        return ResponsePlan(
            instructions=wanted["instructions"],
            tools=[] if choice == "none" else tools,
            modality=wanted["output_modalities"][0],
            output_format=output["format"],
            voice=output["voice"],
            metadata=wanted.get("metadata"),
            in_conversation=wanted.get("conversation", "auto") == "auto",
            speed=self._settings.speed,
            max_output_tokens=wanted["max_output_tokens"],
        )

    def _start(self, plan: ResponsePlan) -> None:
        async def decide() -> Sequence[Move]:
            await self._all_transcribed()
            return moves_for(plan.instructions, plan.tools, self._conversation.items)

        run = ResponseRun(
            plan,
            outbox=self._outbox,
            conversation=self._conversation,
            synthesizer=self._engines.synthesizer,
            decide=decide,
            on_done=self._response_done,
            cached_text=self._cached_text,
        )
        self._stop("idle")
        if plan.in_conversation:
            self._active = run
        self._runs[run.id] = run
        run.open()
        self._tasks[run.id] = self._nursery.start(run.run(), name=f"response {run.id}")

    async def _all_transcribed(self) -> None:
        """Wait for the words of what was committed, within reason."""
        try:
            async with asyncio.timeout(_LONGEST_TRANSCRIPTION_SECONDS):
                for waiting in list(self._transcribing.values()):
                    await waiting.wait()
        except TimeoutError:
            return

    def _response_done(self, run: ResponseRun) -> None:
        del self._tasks[run.id], self._runs[run.id]
        self._cached_text = run.read[0]
        self._has_spoken = self._has_spoken or run.spoken_ms > 0
        if run is not self._active:
            return
        self._active = None
        if self._turn_waits:
            self._turn_waits = False
            self._start(self._plan({}))
        elif self._turns().get("idle_timeout_ms"):
            wait_ms = self._turns()["idle_timeout_ms"] + run.spoken_ms
            self._tasks["idle"] = self._nursery.start(self._wait_idle(wait_ms), name="idle")

    def _cancel_response(self, event: Json) -> None:
        wanted = event.get("response_id")
        if self._active is None or wanted not in {None, self._active.id}:
            message = "Cancellation failed: no active response found"
            raise EventFaultError("response_cancel_not_active", message)
        self._cancel(self._active, "client_cancelled")

    def _cancel(self, run: ResponseRun, reason: str) -> None:
        task = self._tasks[run.id]
        run.cancel(reason)
        task.cancel()

    def _stop(self, name: str) -> None:
        task = self._tasks.pop(name, None)
        if task is not None:
            task.cancel()

    async def _wait_idle(self, wait_ms: float) -> None:
        """Ask whether somebody is there after ``idle_timeout_ms`` without speech."""
        await asyncio.sleep(wait_ms / 1_000)
        self._tasks.pop("idle", None)
        item_id = new_id("item")
        self._outbox.emit(
            "input_audio_buffer.timeout_triggered",
            audio_start_ms=0,
            audio_end_ms=int(wait_ms),
            item_id=item_id,
        )
        self._commit_utterance(_NO_SOUND, item_id)
        self._start(self._plan({"instructions": _IDLE_WORDS, "tool_choice": "none"}))
