"""The far ends of the suite over the voice port: one provider each, told what to do by a test."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from opendeep.audio_processing_service import pcm, voice_agent
from opendeep.audio_processing_service.cascade_voice import (
    CascadeParts,
    CascadeVoice,
    Saying,
    TalkTurn,
    ToolWish,
)
from opendeep.audio_processing_service.gemini_live_client import (
    GeminiLiveClient,
    GeminiLiveConfig,
)
from opendeep.audio_processing_service.openai_realtime_client import (
    OpenAIRealtimeClient,
    RealtimeConfig,
)
from tests.calls.gemini_peer import GeminiPeer
from tests.calls.realtime_peer import Call, RealtimePeer, Speech


class FarEnd(Protocol):
    """What the suite does to a provider's end."""

    def says(self, text: str) -> None:
        """Let the model's next answer be this."""
        ...

    def calls(self, name: str, arguments: dict[str, object]) -> None:
        """Let the model's next answer be a function call."""
        ...

    def caller_said(self, text: str) -> None:
        """Let the provider hear a turn."""
        ...

    def drop(self) -> None:
        """End the connection."""
        ...

    def mute(self) -> None:
        """Never confirm a session."""
        ...

    @property
    def open(self) -> int:
        """How many connections are open."""
        ...

    @property
    def texts(self) -> str:
        """Everything that the client told in words."""
        ...

    @property
    def heard_ms(self) -> float:
        """How much of the caller's audio came."""
        ...


class OpenAIEnd:
    """An OpenAI Realtime server."""

    def __init__(self, ready_seconds: float = 5.0) -> None:
        self.ready_seconds = ready_seconds
        self.peer = RealtimePeer()
        self._turns = 0

    def make(self) -> voice_agent.VoiceAgent:
        """Return a client."""
        config = RealtimeConfig(
            url="ws://127.0.0.1:9/v1/realtime", ready_seconds=self.ready_seconds
        )
        return OpenAIRealtimeClient(config, self.peer.connect)

    def says(self, text: str) -> None:
        """Script speech."""
        self.peer.answers.append([Speech(text, ms=60 * len(text))])

    def calls(self, name: str, arguments: dict[str, object]) -> None:
        """Script a function call."""
        self.peer.answers.append([Call(name, arguments)])

    def caller_said(self, text: str) -> None:
        """Tell a turn's begin, end and words."""
        self._turns += 1
        self.peer.caller_starts(f"c{self._turns}")
        self.peer.caller_stops(text, f"c{self._turns}")

    def drop(self) -> None:
        """End the connection."""
        self.peer.drop()

    def mute(self) -> None:
        """Confirm nothing."""
        self.peer.confirm_sessions = False

    @property
    def open(self) -> int:
        """Count."""
        return sum(connection.open for connection in self.peer.connections)

    @property
    def texts(self) -> str:
        """Return all of it."""
        return json.dumps(self.peer.sent)

    @property
    def heard_ms(self) -> float:
        """Count by bytes."""
        return self.peer.appended_bytes / 8


class GeminiEnd:
    """A Gemini Live server."""

    def __init__(self, ready_seconds: float = 5.0) -> None:
        self.ready_seconds = ready_seconds
        self.peer = GeminiPeer()
        self._calls = 0

    def make(self) -> voice_agent.VoiceAgent:
        """Return a client."""
        config = GeminiLiveConfig(
            url="ws://127.0.0.1:9/live", api_key="k", ready_seconds=self.ready_seconds
        )
        return GeminiLiveClient(config, self.peer.connect)

    def says(self, text: str) -> None:
        """Script speech."""
        self.peer.answers.append(text)

    def calls(self, name: str, arguments: dict[str, object]) -> None:
        """Script a function call."""
        self._calls += 1
        self.peer.calls.append({"id": f"call-{self._calls}", "name": name, "args": arguments})

    def caller_said(self, text: str) -> None:
        """Tell the words; the turn itself is not told."""
        self.peer.caller_said(text)

    def drop(self) -> None:
        """End the connection."""
        self.peer.connections[-1].lose(1006)

    def mute(self) -> None:
        """Confirm nothing."""
        self.peer.confirms = False

    @property
    def open(self) -> int:
        """Count."""
        return sum(connection.open for connection in self.peer.connections)

    @property
    def texts(self) -> str:
        """Return all of it."""
        return json.dumps(self.peer.sent)

    @property
    def heard_ms(self) -> float:
        """Count by bytes of 16 kHz."""
        return self.peer.heard_bytes / 32


class CascadeEnd:
    """Ears that hear what they are told, a scripted mind, and a mouth with one tone."""

    def __init__(self) -> None:
        self.seen: list[TalkTurn] = []
        self._moves: deque[Saying | ToolWish] = deque()
        self._words: deque[str] = deque()
        self._voice: CascadeVoice | None = None
        self._heard_bytes = 0

    def make(self) -> voice_agent.VoiceAgent:
        """Return a cascade."""
        self._voice = CascadeVoice(CascadeParts(ears=self, mind=self, mouth=self))
        return self._voice

    async def transcribe(self, mulaw: bytes) -> str:
        """Return the next words."""
        assert mulaw
        return self._words.popleft()

    async def answer(
        self, config: voice_agent.VoiceConfig, talk: Sequence[TalkTurn]
    ) -> list[Saying | ToolWish]:
        """Do as scripted."""
        assert config.instructions
        self.seen = list(talk)
        return [self._moves.popleft()] if self._moves else [Saying(text="Certainly.")]

    async def speak(self, text: str) -> AsyncIterator[bytes]:
        """Take 60 ms a character."""
        for _ in text:
            await asyncio.sleep(0)
            yield b"\x80" * (8 * 60)

    def says(self, text: str) -> None:
        """Script speech."""
        self._moves.append(Saying(text=text))

    def calls(self, name: str, arguments: dict[str, object]) -> None:
        """Script a function call."""
        self._moves.append(ToolWish(name=name, arguments=arguments))

    def caller_said(self, text: str) -> None:
        """Make a sound, and be quiet."""
        self._words.append(text)
        assert self._voice is not None
        self._voice.send_caller_audio(b"\x10\x90" * 80 * 20 + pcm.MULAW_SILENCE_FRAME * 40)

    def drop(self) -> None:
        """Let a part fail."""
        assert self._voice is not None
        self._voice._part_failed("worker", ZeroDivisionError())

    def mute(self) -> None:
        """It is always ready."""

    @property
    def open(self) -> int:
        """Nothing is ever open."""
        return 0

    @property
    def texts(self) -> str:
        """Return what the mind knows."""
        assert self._voice is not None
        return repr(self._voice._talk.turns)

    @property
    def heard_ms(self) -> float:
        """Count what the ear heard."""
        assert self._voice is not None
        return self._voice._ear._heard_ms
