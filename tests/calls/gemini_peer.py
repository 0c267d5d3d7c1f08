"""A Gemini Live server in memory: every message checked by google-genai's types, both ways.

It answers each turn of the caller by itself, as the real one does; what it hears it is told by the
test (``caller_said``). Messages may be asked for as binary frames, as the live service sends them.
"""

import asyncio
import base64
import json
from collections import deque
from collections.abc import Mapping
from typing import Any

from google.genai import types

from opendeep.audio_processing_service.realtime_transport import MessageReceiver

_CHUNK_MS = 200


def server_message(fields: dict[str, Any]) -> bytes:
    """Encode a server message that the SDK's own types accept."""
    types.LiveServerMessage.model_validate(fields)
    return json.dumps(fields).encode()


def check_client_message(told: dict[str, Any]) -> None:
    """Check a client message with the SDK's types.

    The type of the setup lacks what the SDK itself writes there from ``LiveConnectConfig``.
    """
    checked = told
    if "setup" in told:
        setup = dict(told["setup"])
        types.RealtimeInputConfig.model_validate(setup.pop("realtimeInputConfig"))
        checked = {"setup": setup}
    types.LiveClientMessage.model_validate(checked)


class GeminiConnection:
    """One client's connection."""

    def __init__(self, peer: "GeminiPeer", receiver: MessageReceiver) -> None:
        self._peer = peer
        self._receiver = receiver
        self.open = True
        self.writable = True

    def send(self, message: bytes) -> None:
        """Take a client message."""
        if self.open:
            self._peer.take(message)

    async def close(self) -> None:
        """End the connection from the client's side."""
        self.lose(1000)

    def lose(self, code: int) -> None:
        """Tell the client that the connection ended."""
        if self.open:
            self.open = False
            self._receiver.connection_lost(code, "")

    def deliver(self, message: bytes) -> None:
        """Give the client a message."""
        if self.open:
            self._receiver.message_received(message, final=True)


class GeminiPeer:
    """One scripted server; ``connect`` is the client's ``MessageConnector``."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.connections: list[GeminiConnection] = []
        self.headers: Mapping[str, str] = {}
        self.answers: deque[str] = deque()
        self.calls: deque[dict[str, Any]] = deque()
        self.confirms = True
        self.heard_bytes = 0

    async def connect(
        self, url: str, headers: Mapping[str, str], receiver: MessageReceiver
    ) -> GeminiConnection:
        """Accept a client."""
        assert "key=" not in url
        self.headers = headers
        self.connections.append(GeminiConnection(self, receiver))
        return self.connections[-1]

    def take(self, message: bytes) -> None:
        """Take a client message, check it with the SDK's types, and act on it."""
        told = json.loads(message)
        check_client_message(told)
        if "realtime_input" in told:
            self.heard_bytes += len(base64.b64decode(told["realtime_input"]["audio"]["data"]))
            return
        self.sent.append(told)
        if "setup" in told and self.confirms:
            self.emit({"setupComplete": {"sessionId": "session-1"}})
            self.emit({"sessionResumptionUpdate": {"newHandle": "handle-1", "resumable": True}})
        elif told.get("client_content", {}).get("turnComplete"):
            turns = told["client_content"].get("turns") or []
            text = turns[-1]["parts"][0]["text"] if turns else ""
            self._answer(text.split('"')[1] if '"' in text else None)
        elif "tool_response" in told:
            (response,) = told["tool_response"]["functionResponses"]
            if response.get("scheduling") != "SILENT":
                self._answer(None)

    def caller_said(self, text: str) -> None:
        """The callee said something; the model answers."""
        for word in text.split(" "):
            self.emit({"serverContent": {"inputTranscription": {"text": f"{word} "}}})
        self._answer(None)

    def go_away(self, seconds: float) -> None:
        """Say that the connection ends soon."""
        self.emit({"goAway": {"timeLeft": f"{seconds}s"}})

    def of(self, kind: str) -> list[dict[str, Any]]:
        """Return what was sent under one key."""
        return [told[kind] for told in self.sent if kind in told]

    def emit(self, fields: dict[str, Any]) -> None:
        """Send a message to the newest client, after what was sent before."""
        message = server_message(fields)
        asyncio.get_running_loop().call_soon(self.connections[-1].deliver, message)

    def _answer(self, words: str | None) -> None:
        if words is None and self.calls:
            self.emit({"toolCall": {"functionCalls": [self.calls.popleft()]}})
            return
        text = words or (self.answers.popleft() if self.answers else "Certainly.")
        for start in range(0, 60 * len(text), _CHUNK_MS):
            pcm = b"\x10\x20" * 24 * min(_CHUNK_MS, 60 * len(text) - start)
            data = base64.b64encode(pcm).decode()
            blob = {"data": data, "mimeType": "audio/pcm;rate=24000"}
            self.emit({"serverContent": {"modelTurn": {"parts": [{"inlineData": blob}]}}})
        self.emit({"serverContent": {"outputTranscription": {"text": text[:5]}}})
        self.emit({"serverContent": {"generationComplete": True}})
        self.emit({"serverContent": {"outputTranscription": {"text": text[5:]}}})
        details = [{"modality": "AUDIO", "tokenCount": 20}, {"modality": "TEXT", "tokenCount": 5}]
        self.emit(
            {
                "serverContent": {"turnComplete": True},
                "usageMetadata": {"promptTokensDetails": details, "responseTokensDetails": details},
            }
        )
