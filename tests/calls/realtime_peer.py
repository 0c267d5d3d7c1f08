"""A Realtime server in memory: behaves as reference says, every event checked by the SDK's types.

It answers at once and sends speech faster than real time, as the real one does. What it hears it
is told by the test (``caller_starts``, ``caller_stops``); everything else follows from the client
events that it gets.
"""

import asyncio
import base64
import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from openai.types.realtime import RealtimeClientEvent, RealtimeServerEvent
from pydantic import TypeAdapter

from opendeep.audio_processing_service.realtime_transport import MessageReceiver
from opendeep.common.errors import VoiceUnavailableError

CLIENT_EVENT: TypeAdapter[Any] = TypeAdapter(RealtimeClientEvent)
SERVER_EVENT: TypeAdapter[Any] = TypeAdapter(RealtimeServerEvent)
DELTA_MS = 200


def server_event(kind: str, **fields: Any) -> bytes:
    """Encode a server event that the SDK's own types accept."""
    event = {"type": kind, "event_id": "event-1", **fields}
    checked = SERVER_EVENT.validate_python(event)
    assert checked.type == kind
    return json.dumps(event).encode()


@dataclass
class Speech:
    """The model says something that takes ``ms``."""

    text: str
    ms: int = 1000


@dataclass
class Call:
    """The model calls a function."""

    name: str
    arguments: dict[str, Any] | str
    call_id: str = "call-1"


@dataclass
class Failure:
    """The response fails with this code."""

    code: str = "server_error"


Part = Speech | Call | Failure


@dataclass
class _Active:
    id: str
    metadata: dict[str, str] | None
    held: list[Part] = field(default_factory=list)


class PeerConnection:
    """One client's connection; only the newest is listened to."""

    def __init__(self, peer: "RealtimePeer", receiver: MessageReceiver) -> None:
        self._peer = peer
        self._receiver = receiver
        self.open = True

    @property
    def writable(self) -> bool:
        """What the test says."""
        return self._peer.writable

    def send(self, message: bytes) -> None:
        """Take a client event."""
        if self.open and self._peer.connections[-1] is self:
            self._peer.send(message)

    async def close(self) -> None:
        """End the connection from the client's side."""
        if self.open:
            self.lose(1000)

    def lose(self, code: int) -> None:
        """Tell the client that the connection ended."""
        self.open = False
        self._receiver.connection_lost(code, "")

    def deliver(self, message: bytes) -> None:
        """Give the client a message."""
        if self.open:
            self._receiver.message_received(message, final=True)


class RealtimePeer:
    """One scripted server; ``connect`` is the client's ``MessageConnector``."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.urls: list[str] = []
        self.headers: Mapping[str, str] = {}
        self.answers: deque[list[Part]] = deque()
        self.output_format: str | None = None
        self.echo_metadata = True
        self.confirm_sessions = True
        self.hold_responses = False
        self.mute = False
        self.connect_errors: deque[VoiceUnavailableError] = deque()
        self.away = False
        self.deaf = False
        self.silent_responses = 0
        self.refuse_with: str | None = None
        self.or_else: list[Part] = []
        self.expires_at: int | None = None
        self.on_sent: Callable[[str], None] = lambda _kind: None
        self.on_emitted: Callable[[str], None] = lambda _kind: None
        self.session: dict[str, Any] = {}
        self.active: _Active | None = None
        self.appended_bytes = 0
        self.writable = True
        self.connections: list[PeerConnection] = []
        self._numbers = 0

    # The transport.

    async def connect(
        self, url: str, headers: Mapping[str, str], receiver: MessageReceiver
    ) -> "PeerConnection":
        """Accept a client, or fail as told."""
        self.urls.append(url)
        self.headers = headers
        if self.connect_errors:
            raise self.connect_errors.popleft()
        if self.away:
            raise VoiceUnavailableError("away")
        connection = PeerConnection(self, receiver)
        self.connections.append(connection)
        self.active = None
        self.deaf = False
        self.appended_bytes = 0
        session: dict[str, Any] = {"type": "realtime"}
        if self.expires_at is not None:
            session["expires_at"] = self.expires_at
        self.emit(server_event("session.created", session=session))
        return connection

    @property
    def closed(self) -> bool:
        """Whether no connection is open."""
        return not any(connection.open for connection in self.connections)

    def send(self, message: bytes) -> None:
        """Take a client event, check it with the SDK's types, and act on it."""
        event = json.loads(message)
        CLIENT_EVENT.validate_json(message)
        kind = event["type"]
        if self.deaf:
            return
        if kind == "input_audio_buffer.append":
            self.appended_bytes += len(base64.b64decode(event["audio"]))
            return
        self.sent.append(event)
        self.on_sent(kind)
        if kind == "session.update":
            self._update(event["session"])
        elif kind == "response.create":
            self._create(event.get("response") or {}, event.get("event_id"))
        elif kind == "response.cancel":
            self.cancel_active("client_cancelled")

    def drop(self, code: int = 1006) -> None:
        """End the newest connection from the server's side."""
        self.connections[-1].lose(code)

    def emit(self, message: bytes) -> None:
        """Send a message to the newest client, after what was sent before."""
        if self.deaf or not self.connections:
            return
        self.on_emitted(message[:120].decode())
        connection = self.connections[-1]
        asyncio.get_running_loop().call_soon(connection.deliver, message)

    # What tests look at.

    def of(self, kind: str) -> list[dict[str, Any]]:
        """Return the client events of one type."""
        return [event for event in self.sent if event["type"] == kind]

    @property
    def said(self) -> list[str]:
        """Return the instructions of the responses that were asked for with some."""
        responses = [event.get("response") or {} for event in self.of("response.create")]
        return [response["instructions"] for response in responses if "instructions" in response]

    @property
    def outputs(self) -> list[dict[str, Any]]:
        """Return the results of function calls."""
        items = [event["item"] for event in self.of("conversation.item.create")]
        return [
            json.loads(item["output"]) for item in items if item["type"] == "function_call_output"
        ]

    @property
    def automatic(self) -> bool:
        """Whether the server answers turns by itself."""
        return bool(self.session["audio"]["input"]["turn_detection"]["create_response"])

    # What the callee does.

    def caller_starts(self, item_id: str = "caller-1") -> None:
        """The callee begins to speak; an answer in the making is cancelled if that is wanted."""
        self.emit(
            server_event(
                "input_audio_buffer.speech_started",
                item_id=item_id,
                audio_start_ms=self.appended_bytes // 8,
            )
        )
        if self.session["audio"]["input"]["turn_detection"]["interrupt_response"]:
            self.cancel_active("turn_detected")

    def caller_stops(self, text: str | None, item_id: str = "caller-1") -> None:
        """The callee stops; the text follows, and an answer if that is switched on."""
        self.emit(
            server_event(
                "input_audio_buffer.speech_stopped",
                item_id=item_id,
                audio_end_ms=self.appended_bytes // 8,
            )
        )
        self.emit(server_event("input_audio_buffer.committed", item_id=item_id))
        if text is not None:
            self.transcribe(text, item_id)
        if self.automatic and self.active is None:
            self._respond(None)

    def transcribe(self, text: str, item_id: str = "caller-1") -> None:
        """Send the text of the callee's turn."""
        self.emit(
            server_event(
                "conversation.item.input_audio_transcription.completed",
                item_id=item_id,
                content_index=0,
                transcript=text,
                usage={"type": "duration", "seconds": 1},
            )
        )

    # What the model does.

    def error(self, code: str, event_id: str | None = None) -> None:
        """Send an error event."""
        error = {"type": "invalid_request_error", "code": code, "message": "no"}
        if event_id is not None:
            error["event_id"] = event_id
        self.emit(server_event("error", error=error))

    def speak_on(self, speech: Speech) -> None:
        """Say more in the part of the answer that was held back; the text is that of all of it."""
        if self.active is not None:
            self._speak(self.active.id, f"item-{self._numbers}", speech)

    def finish_held(self) -> None:
        """End the answer that was held back."""
        active = self.active
        if active is not None:
            self._end(active, "completed")

    def cancel_active(self, reason: str) -> None:
        """Cancel the answer that is being made, if there is one."""
        if self.active is not None:
            details = {"type": "cancelled", "reason": reason}
            self._end(self.active, "cancelled", status_details=details)

    def _update(self, session: dict[str, Any]) -> None:
        if not self.confirm_sessions:
            return
        merged = json.loads(json.dumps(self.session))
        _merge(merged, session)
        if self.output_format is not None:
            merged["audio"]["output"]["format"] = {"type": self.output_format}
        self.session = merged
        self.emit(server_event("session.updated", session=merged))

    def _create(self, response: dict[str, Any], event_id: str | None) -> None:
        if self.refuse_with is not None:
            self.error(self.refuse_with, event_id)
            return
        if self.active is not None:
            self.error("conversation_already_has_active_response")
            return
        instructions = response.get("instructions")
        if instructions is not None and not self.mute:
            text = instructions.split('"')[1]
            self.answers.appendleft([Speech(text, ms=60 * len(text))])
        self._respond(response.get("metadata"))

    def _respond(self, metadata: dict[str, str] | None) -> None:
        self._numbers += 1
        echoed = metadata if self.echo_metadata else None
        active = _Active(id=f"resp-{self._numbers}", metadata=echoed)
        self.active = active
        response = {"id": active.id, "status": "in_progress", "metadata": echoed}
        self.emit(server_event("response.created", response=response))
        if self.silent_responses:
            self.silent_responses -= 1
            return
        for part in self.answers.popleft() if self.answers else self.or_else:
            if isinstance(part, Failure):
                error = {"type": part.code, "code": part.code}
                self._end(active, "failed", status_details={"type": "failed", "error": error})
                return
            self._make(active, part)
        if not self.hold_responses:
            self._end(active, "completed")

    def _make(self, active: _Active, part: Speech | Call) -> None:
        self._numbers += 1
        item_id = f"item-{self._numbers}"
        if isinstance(part, Call):
            text = part.arguments if isinstance(part.arguments, str) else json.dumps(part.arguments)
            item = {
                "id": item_id,
                "type": "function_call",
                "status": "completed",
                "call_id": part.call_id,
                "name": part.name,
                "arguments": text,
            }
            done = server_event(
                "response.output_item.done", response_id=active.id, output_index=0, item=item
            )
            self.emit(done)
            self.emit(done)
            return
        self._speak(active.id, item_id, part)

    def _speak(self, response_id: str, item_id: str, speech: Speech) -> None:
        ids = {
            "response_id": response_id,
            "item_id": item_id,
            "output_index": 0,
            "content_index": 0,
        }
        pcm24 = self.output_format == "audio/pcm"
        sample = b"\x10\x20" * 24 if pcm24 else b"\x80" * 8
        for start in range(0, speech.ms, DELTA_MS):
            audio = sample * min(DELTA_MS, speech.ms - start)
            delta = base64.b64encode(audio).decode()
            self.emit(server_event("response.output_audio.delta", **ids, delta=delta))
        words = speech.text
        self.emit(server_event("response.output_audio_transcript.delta", **ids, delta=words[:5]))
        self.emit(server_event("response.output_audio_transcript.delta", **ids, delta=words[5:]))
        if not self.hold_responses:
            self.emit(server_event("response.output_audio.done", **ids))
            done = "response.output_audio_transcript.done"
            self.emit(server_event(done, **ids, transcript=words))

    def _end(self, active: _Active, status: str, **fields: Any) -> None:
        self.active = None
        usage = {
            "total_tokens": 30,
            "input_tokens": 10,
            "output_tokens": 20,
            "input_token_details": {"text_tokens": 6, "audio_tokens": 4, "cached_tokens": 2},
            "output_token_details": {"text_tokens": 5, "audio_tokens": 15},
        }
        response = {
            "id": active.id,
            "status": status,
            "metadata": active.metadata,
            "usage": usage,
            **fields,
        }
        self.emit(server_event("response.done", response=response))


def _merge(base: dict[str, Any], change: dict[str, Any]) -> None:
    for key, value in change.items():
        if isinstance(value, dict) and isinstance(base.get(key), dict):
            _merge(base[key], value)
        else:
            base[key] = value
