"""The voice AI over Gemini Live: one WebSocket for each call.

As ``openai_realtime_client``: moves messages; their meaning is in ``gemini_live_session``. The
address has no key in it, since addresses get into logs; it goes in a header.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog

from opendeep.audio_processing_service import gemini_live_protocol as wire
from opendeep.audio_processing_service import pcm, realtime_cost
from opendeep.audio_processing_service.gemini_live_session import GeminiLiveSession
from opendeep.audio_processing_service.playout import Heard
from opendeep.audio_processing_service.realtime_protocol import MessageAssembler
from opendeep.audio_processing_service.realtime_transport import (
    MessageConnection,
    MessageConnector,
)
from opendeep.audio_processing_service.voice_agent import (
    VoiceCapabilities,
    VoiceConfig,
    VoiceFailed,
    VoiceListener,
    VoiceUsage,
)
from opendeep.audio_processing_service.voice_codec import PCM, CallerEncoder
from opendeep.audio_processing_service.voice_socket import connect_picows
from opendeep.common.errors import VoiceUnavailableError, WireProtocolError

log = structlog.get_logger(__name__)

_HELD_BACK_BYTES = 500 * pcm.MULAW_BYTES_PER_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class GeminiLiveConfig:
    """What the client needs to know.

    Attributes:
        url: ``wss://…BidiGenerateContent``.
        ready_seconds: how long connecting and ``setupComplete`` may take together.
    """

    url: str
    api_key: str = field(default="", repr=False)
    model: str = "gemini-3.8-live"
    voice: str = "Kore"
    ready_seconds: float = 10.0


class GeminiLiveClient:
    """A :class:`~opendeep.audio_processing_service.voice_agent.VoiceAgent` for one call.

    Args:
        config: where the service is.
        connect: opens the WebSocket; tests give a peer in memory.
    """

    def __init__(self, config: GeminiLiveConfig, connect: MessageConnector | None = None) -> None:
        self._config = config
        self._connect = connect or connect_picows
        self._connection: MessageConnection | None = None
        self._session: GeminiLiveSession | None = None
        self._listener: VoiceListener | None = None
        self._assembler = MessageAssembler()
        self._encoder = CallerEncoder(wire.CALLER_RATE)
        self._encoder.choose(PCM)
        self._settled = asyncio.Event()
        self._held_back = b""
        self._meter = realtime_cost.CostMeter(realtime_cost.FREE)
        self._handle: str | None = None
        self._over = False

    @property
    def capabilities(self) -> VoiceCapabilities:
        """The model keeps its own view of what was heard, and cannot be asked how it is."""
        return VoiceCapabilities(truncates=False, answers_probes=False)

    @property
    def resume_handle(self) -> str | None:
        """The provider's newest handle; a session given back has the whole conversation."""
        return self._handle if self._session is None else self._session.resume_handle

    async def start(self, config: VoiceConfig, listener: VoiceListener) -> None:
        """Connect, send the setup and wait until the server confirms it.

        Raises:
            VoiceUnavailableError: unreachable, refused, or not confirmed in time.
        """
        prices = realtime_cost.prices_of(self._config.model)
        if prices is None:
            log.warning("voice_model_without_price", model=self._config.model)
        self._meter = realtime_cost.CostMeter(prices or realtime_cost.FREE)
        session = GeminiLiveSession(self._send, listener, self._meter)
        self._session, self._listener = session, listener
        opened = False
        try:
            await self._open(config)
            if not session.ready:
                raise VoiceUnavailableError("The voice service closed the connection at the start.")
            if config.resume_handle is None:
                session.remember(config.history)
            opened = True
        finally:
            if not opened:
                await self.close()
        log.info("voice_ready", model=self._config.model)

    async def _open(self, config: VoiceConfig) -> None:
        headers = {"x-goog-api-key": self._config.api_key} if self._config.api_key else {}
        try:
            async with asyncio.timeout(self._config.ready_seconds):
                self._connection = await self._connect(self._config.url, headers, self)
                voice = config.voice or self._config.voice
                self._send(wire.setup(self._config.model, config, voice))
                await self._settled.wait()
        except TimeoutError as error:
            raise VoiceUnavailableError("The voice service was not ready in time.") from error

    def send_caller_audio(self, mulaw: bytes) -> None:
        """Send the callee's audio; of what the network does not take, half a second is kept."""
        connection, session = self._connection, self._session
        if connection is None or session is None:
            return
        session.hear(mulaw)
        mulaw = self._held_back + mulaw
        if connection.writable:
            self._held_back = b""
            connection.send(wire.caller_audio(self._encoder.encode(mulaw)))
        else:
            self._held_back = mulaw[-_HELD_BACK_BYTES:]

    def answer_turns(self, *, automatic: bool) -> None:
        """Tell the model's own answers to the callee's turns, or not."""
        if self._session is not None:
            self._session.answer_turns(automatic=automatic)

    def say(self, text: str, *, tag: str) -> None:
        """Speak ``text`` word for word as soon as no other answer is being made."""
        if self._session is not None:
            self._session.say(text, tag)

    def respond(self) -> None:
        """Ask for one answer as soon as none is being made."""
        if self._session is not None:
            self._session.respond()

    def hint(self, text: str) -> None:
        """Tell the AI what the user wants it to know, and let it act on it."""
        self.note(f"The user you are calling for says: {text}", respond=True)

    def note(self, text: str, *, respond: bool) -> None:
        """Tell the AI what happened beside the talk, and ask for an answer if ``respond``."""
        if self._session is not None:
            self._session.note(text, respond=respond)

    def tool_result(self, tool_call_id: str, output: dict[str, Any], *, respond: bool) -> None:
        """Give a function's result, and let the model go on if ``respond``."""
        if self._session is not None:
            self._session.tool_result(tool_call_id, output, respond=respond)

    def interrupt(self, heard: Sequence[Heard], *, cancel: bool) -> None:
        """Tell nothing more of the present answer; how much was heard cannot be told."""
        del heard
        if self._session is not None:
            self._session.interrupt(cancel=cancel)

    def ask_again(self) -> None:
        """Give up an answer that does not come, and ask for it anew."""
        if self._session is not None:
            self._session.ask_again()

    def probe(self) -> None:
        """Nothing: Gemini Live confirms nothing."""

    def usage(self) -> VoiceUsage:
        """Tell what the session used so far."""
        return self._meter.usage()

    async def close(self) -> None:
        """End the session; idempotent."""
        self._handle = self.resume_handle
        self._over = True
        self._session = self._listener = None  # They know this client: no cycle may outlive it.
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    def message_received(self, payload: bytes, *, final: bool) -> None:
        """Take a frame from the driver, text or binary."""
        session = self._session
        if session is None:
            return
        try:
            message = self._assembler.receive(payload, final=final)
            if message is not None:
                session.receive(message)
        except WireProtocolError as error:
            log.warning("voice_protocol_error", reason=error.message)
            self._settled.set()
            self._fail(error.message)
        if session.ready:
            self._settled.set()

    def connection_lost(self, code: int, reason: str) -> None:
        """Take the end of the connection from the driver."""
        self._settled.set()
        self._connection = None
        if not self._over:
            log.warning("voice_connection_lost", code=code, reason=reason)
            self._fail(f"The voice service closed the connection ({code}).")

    def _fail(self, reason: str) -> None:
        # Before it is ready, start() tells of the failure; the listener never hears it twice.
        if self._session is not None and self._session.ready and not self._over:
            self._over = True
            if self._listener is not None:
                self._listener(VoiceFailed(reason=reason, retryable=True))

    def _send(self, message: bytes) -> None:
        if self._connection is not None:
            self._connection.send(message)
