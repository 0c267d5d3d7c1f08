"""The voice AI over OpenAI Realtime: one WebSocket for each call (DESIGN §3, "Realtime").

The driver only moves messages: what they mean is in ``realtime_session``, how they look in
``realtime_protocol``, and how they travel in ``voice_socket``.
"""

import asyncio
import urllib.parse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog

from opendeep.audio_processing_service import pcm, realtime_cost
from opendeep.audio_processing_service import realtime_protocol as wire
from opendeep.audio_processing_service.playout import Heard
from opendeep.audio_processing_service.realtime_session import RealtimeSession
from opendeep.audio_processing_service.realtime_transport import (
    MessageConnection,
    MessageConnector,
)
from opendeep.audio_processing_service.voice_agent import (
    VoiceCapabilities,
    VoiceConfig,
    VoiceListener,
    VoiceUsage,
)
from opendeep.audio_processing_service.voice_codec import MULAW
from opendeep.audio_processing_service.voice_socket import connect_picows
from opendeep.common.clock import Clock, SystemClock
from opendeep.common.errors import VoiceUnavailableError, WireProtocolError

log = structlog.get_logger(__name__)

_HELD_BACK_BYTES = 500 * pcm.MULAW_BYTES_PER_MS
_CAPABILITIES = VoiceCapabilities()


@dataclass(frozen=True, slots=True, kw_only=True)
class RealtimeConfig:
    """What the client needs to know.

    Attributes:
        url: ``ws://…/realtime`` or ``wss://…/realtime``; the model is added as a parameter.
        api_key: bearer token; empty for a service that needs none.
        ready_seconds: how long connecting and ``session.updated`` may take together.
        output_format: ``audio/pcmu``, or ``audio/pcm`` where a service does µ-law badly.
        frames_per_append: how many frames of the callee make one event; more than one saves a
            little of the processor and costs 20 ms each.
        reasoning_effort: for models that reason; long thoughts are silence on a telephone.
        priced: count money by the price list; False for a service that costs nothing.
    """

    url: str
    api_key: str = field(default="", repr=False)
    model: str = "gpt-realtime-2.1"
    voice: str = "marin"
    transcription_model: str = "gpt-transcribe"
    output_format: str = "audio/pcmu"
    ready_seconds: float = 10.0
    frames_per_append: int = 1
    reasoning_effort: str = "low"
    priced: bool = True


class OpenAIRealtimeClient:
    """A :class:`~opendeep.audio_processing_service.voice_agent.VoiceAgent` for one call.

    Args:
        config: where the service is.
        connect: opens the WebSocket; tests give a peer in memory.
        clock: the wall clock, by which the provider says when the session ends.
    """

    __slots__ = (
        "_append_bytes",
        "_assembler",
        "_caller_audio",
        "_clock",
        "_closed",
        "_config",
        "_connect",
        "_connection",
        "_dropped_bytes",
        "_meter",
        "_session",
        "_settled",
        "_steady",
    )

    def __init__(
        self,
        config: RealtimeConfig,
        connect: MessageConnector | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._config = config
        self._connect = connect or connect_picows
        self._connection: MessageConnection | None = None
        self._session: RealtimeSession | None = None
        self._assembler = wire.MessageAssembler()
        self._settled = asyncio.Event()
        self._steady = False  # settled, and no message half here
        self._caller_audio = b""
        self._append_bytes = config.frames_per_append * pcm.FRAME_SAMPLES
        self._meter = realtime_cost.CostMeter(realtime_cost.FREE)
        self._closed = False
        self._clock = clock or SystemClock()
        self._dropped_bytes = 0

    @property
    def capabilities(self) -> VoiceCapabilities:
        """OpenAI Realtime can do everything that the port knows."""
        return _CAPABILITIES

    @property
    def resume_handle(self) -> str | None:
        """OpenAI does not give a session back: the next one needs the conversation."""
        return None

    async def start(self, config: VoiceConfig, listener: VoiceListener) -> None:
        """Connect, send the session's configuration and wait until the server confirms it.

        Raises:
            VoiceUnavailableError: unreachable, refused, or not confirmed in time.
        """
        self._meter = realtime_cost.CostMeter(self._prices())
        session = RealtimeSession(
            self._send, listener, self._meter, lambda: self._clock.now().timestamp()
        )
        self._session = session
        opened = False
        try:
            await self._open(config, session)
            if not session.ready:
                raise self._refused(session)
            session.remember(config.history)
            opened = True
        finally:
            if not opened:  # also where it is cancelled right when it became ready
                await self.close()
        log.info("voice_ready", model=self._config.model)

    async def _open(self, config: VoiceConfig, session: RealtimeSession) -> None:
        effort = self._config.reasoning_effort if wire.reasons(self._config.model) else None
        try:
            async with asyncio.timeout(self._config.ready_seconds):
                self._connection = await self._connect(self._url(), self._headers(), self)
                self._send(self._session_update(config, effort=effort))
                await self._settled.wait()
                if effort is not None and session.doubts_configuration:
                    # A compatible server may know the model's name and not its keys.
                    session.refusal = None
                    self._settled.clear()
                    self._steady = False
                    self._send(self._session_update(config, effort=None))
                    await self._settled.wait()
        except TimeoutError as error:
            raise VoiceUnavailableError("The voice service was not ready in time.") from error

    def send_caller_audio(self, mulaw: bytes) -> None:
        """Send the callee's audio; of what the network does not take, half a second is kept."""
        if self._caller_audio or len(mulaw) < self._append_bytes:
            mulaw = self._caller_audio + mulaw
            if len(mulaw) < self._append_bytes:
                self._caller_audio = mulaw
                return
            self._caller_audio = b""
        connection, session = self._connection, self._session
        if connection is None or session is None:
            return
        if not connection.writable:
            self._dropped_bytes += max(len(mulaw) - _HELD_BACK_BYTES, 0)
            self._caller_audio = mulaw[-_HELD_BACK_BYTES:]
            return
        if session.encoder.format != MULAW:
            mulaw = session.encoder.encode(mulaw)
        connection.send(wire.append_audio(mulaw))

    def answer_turns(self, *, automatic: bool) -> None:
        """Let the server answer by itself when the callee stopped speaking, or not."""
        self._with_session(lambda session: session.answer_turns(automatic=automatic))

    def say(self, text: str, *, tag: str) -> None:
        """Speak ``text`` word for word as soon as no other answer is being made."""
        self._with_session(lambda session: session.say(text, tag))

    def respond(self) -> None:
        """Ask for one answer as soon as none is being made."""
        self._with_session(lambda session: session.respond())

    def hint(self, text: str) -> None:
        """Tell the AI what the user wants it to know, and let it act on it."""
        self._with_session(lambda session: session.hint(text))

    def note(self, text: str, *, respond: bool) -> None:
        """Tell the AI what happened beside the talk, and ask for an answer if ``respond``."""
        self._with_session(lambda session: session.note(text, respond=respond))

    def tool_result(self, tool_call_id: str, output: dict[str, Any], *, respond: bool) -> None:
        """Give a function's result, and ask for an answer if ``respond``."""
        self._with_session(
            lambda session: session.tool_result(tool_call_id, output, respond=respond)
        )

    def interrupt(self, heard: Sequence[Heard], *, cancel: bool) -> None:
        """Stop the present answer and tell how much of each unfinished part was heard."""
        self._with_session(lambda session: session.interrupt(heard, cancel=cancel))

    def ask_again(self) -> None:
        """Give up an answer that does not come, and ask for it anew."""
        self._with_session(lambda session: session.ask_again())

    def probe(self) -> None:
        """Have the server confirm something."""
        self._with_session(lambda session: session.probe())

    def usage(self) -> VoiceUsage:
        """Tell what the session used so far."""
        return self._meter.usage()

    async def close(self) -> None:
        """End the session; idempotent."""
        self._closed = True
        self._session = None  # It sends through this client: a cycle would outlive the call.
        connection, self._connection = self._connection, None
        if connection is not None:
            if self._dropped_bytes:
                dropped_ms = self._dropped_bytes // pcm.MULAW_BYTES_PER_MS
                log.warning("caller_audio_dropped", dropped_ms=dropped_ms)
            await connection.close()

    def message_received(self, payload: bytes, *, final: bool) -> None:
        """Take a frame from the driver."""
        session = self._session
        if session is None or self._closed:
            return
        try:
            if final and self._steady:
                session.receive(payload)
                return
            message = self._assembler.receive(payload, final=final)
            if message is not None:
                session.receive(message)
        except WireProtocolError as error:
            log.warning("voice_protocol_error", reason=error.message)
            self._settled.set()
            self._fail(session, error.message)
        if not self._settled.is_set() and (session.ready or session.refusal is not None):
            self._settled.set()
        self._steady = self._settled.is_set() and not self._assembler.waiting

    def connection_lost(self, code: int, reason: str) -> None:
        """Take the end of the connection from the driver."""
        self._settled.set()
        self._connection = None
        if self._closed:
            return
        log.warning("voice_connection_lost", code=code, reason=reason)
        if self._session is not None:
            self._fail(self._session, f"The voice service closed the connection ({code}).")

    def _fail(self, session: RealtimeSession, reason: str) -> None:
        # Before it is ready, start() tells of the failure; the listener never hears it twice.
        if session.ready:
            session.fail(reason, retryable=True)

    def _with_session(self, act: Callable[[RealtimeSession], None]) -> None:
        if self._session is not None and not self._session.failed and not self._closed:
            act(self._session)

    def _send(self, message: bytes) -> None:
        if self._connection is not None:
            self._connection.send(message)

    def _prices(self) -> realtime_cost.TokenPrices:
        prices = realtime_cost.prices_of(self._config.model) if self._config.priced else None
        if prices is None and self._config.priced:
            log.warning("voice_model_without_price", model=self._config.model)
        return prices or realtime_cost.FREE

    def _url(self) -> str:
        separator = "&" if "?" in self._config.url else "?"
        model = urllib.parse.quote(self._config.model, safe="")
        return f"{self._config.url}{separator}model={model}"

    def _headers(self) -> dict[str, str]:
        key = self._config.api_key
        return {"Authorization": f"Bearer {key}"} if key else {}

    def _session_update(self, config: VoiceConfig, *, effort: str | None) -> bytes:
        tools = tuple(
            wire.Tool(name=tool.name, description=tool.description, parameters=tool.parameters)
            for tool in config.tools
        )
        return wire.session_update(
            wire.SessionConfig(
                instructions=config.instructions,
                voice=config.voice or self._config.voice,
                tools=tools,
                language=config.language,
                transcription_model=self._config.transcription_model,
                output_format=self._config.output_format,
                reasoning_effort=effort,
            )
        )

    def _refused(self, session: RealtimeSession) -> VoiceUnavailableError:
        error = session.refusal
        if error is None:
            return VoiceUnavailableError("The voice service closed the connection at the start.")
        log.warning("voice_session_refused", code=error.code, type=error.type)
        return VoiceUnavailableError(
            f"The voice service refused the session: {error.code or error.type}.", retryable=False
        )
